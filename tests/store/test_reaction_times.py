"""What is known of a person's delay, from the history of their own marks."""

import json
from typing import Any

import pytest

from studio.config import Limits
from studio.errors import UsageError
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.timelines.edits import parse
from studio.store import annotations, videos
from tests.conftest import VIDEO
from tests.service.test_studio import edit

LATE = 0.2


@pytest.fixture
def opened(studio: Studio) -> Studio:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return studio


def mark(studio: Studio, number: int, person: str = "ann", rate: float = 1.0) -> None:
    """A segment of 2 s that was marked while it played, at its start and its end."""
    start, end = 5.0 + 5 * number, 7.0 + 5 * number
    marked = {"start": {"at": start, "rate": rate}, "end": {"at": end, "rate": rate}}
    save(studio, edit(edit_id=f"m{number}", id=f"a{number}", start=start, end=end, marked=marked), person)


def move(studio: Studio, number: int, start: float, end: float, person: str = "ann", version: int = 1) -> None:
    """Both boundaries by so much."""
    times = {"start": 5 + 5 * number + start, "end": 7 + 5 * number + end}
    save(
        studio, edit(edit_id=f"c{number}{version}", op="update", id=f"a{number}", base_version=version, **times), person
    )


def save(studio: Studio, change: dict[str, Any], person: str) -> None:
    (answer,) = studio.timelines.save("v1", [change], person)["results"]
    assert answer["ok"], answer


def known(studio: Studio, person: str = "ann") -> dict[str, Any]:
    found: dict[str, Any] = studio.timelines.load("v1", Actor(person, admin=True))["reaction"]
    return found


def test_the_delay_is_what_was_later_corrected_and_each_persons_own(opened: Studio) -> None:
    for number in range(4):
        mark(opened, number)
    assert known(opened) == {"delay": 0, "corrections": 0}, "what was not corrected says nothing"
    for number in range(2):
        move(opened, number, -LATE, -LATE)
    assert known(opened) == {"delay": 0, "corrections": 4}
    move(opened, 2, -LATE, 0.0)
    assert known(opened) == {"delay": LATE, "corrections": 5}
    assert known(opened, "ben") == {"delay": 0, "corrections": 0}
    mark(opened, 5)
    save(opened, edit(edit_id="new", id="drawn", start=40.0, end=41.0), "ann")
    assert known(opened)["corrections"] == 5


def test_what_others_moved_and_what_was_moved_back_does_not_count(opened: Studio) -> None:
    for number in range(3):
        mark(opened, number)
        move(opened, number, -LATE, -LATE)
    assert known(opened)["corrections"] == 6
    move(opened, 0, -LATE, -0.5, "ben", version=2)
    assert known(opened)["corrections"] == 4, "ben may have another rule"
    move(opened, 1, 0.0, 0.0, version=2)
    assert known(opened)["corrections"] == 2
    opened.store.write(lambda db: annotations.relabel(db, [("Moments", "x", "y")], "ben"))
    assert known(opened)["corrections"] == 2, "another name moves nothing"
    save(
        opened, {**edit(edit_id="gone", op="delete", id="a2", base_version=3, start=9.8, end=11.8), "label": "y"}, "ann"
    )
    assert known(opened)["corrections"] == 0


def test_news_say_it_where_something_changed(opened: Studio) -> None:
    for number in range(3):
        mark(opened, number, rate=2.0)
    before = opened.timelines.load("v1")["seq"]
    for number in range(3):
        move(opened, number, -LATE, -LATE)
    news = opened.timelines.changes("v1", before, by=Actor("ann", admin=True))
    assert news["reaction"] == {"delay": LATE / 2, "corrections": 6}, "at twice the speed it is half of it"
    assert opened.timelines.changes("v1", news["seq"])["reaction"] is None


def test_it_is_kept_with_the_edit(opened: Studio) -> None:
    mark(opened, 1)
    row = opened.store.read(lambda db: db.execute("SELECT marked FROM revisions WHERE edit_id = 'm1'").fetchone())
    assert json.loads(row[0]) == {"start": [10_000_000, 1.0], "end": [12_000_000, 1.0]}


@pytest.mark.parametrize(
    "wrong", ["yes", [1], {"start": 3}, {"end": {"at": 1.0, "rate": 0}}, {"end": {"at": 1.0, "rate": True}},
              {"start": {"at": -1.0, "rate": 1}}, {"start": {"rate": 1}}, {"end": {"at": 1, "rate": 1e9}},
              {"start": {"at": 1, "rate": float("nan")}}],
)  # fmt: skip
def test_what_a_page_sends_is_checked(wrong: Any) -> None:
    with pytest.raises(UsageError):
        parse(edit(marked=wrong), Limits())
