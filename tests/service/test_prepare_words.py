"""Speech and screen text of new videos, and of a whole library: queued by one switch, behind all that is waited for."""

from pathlib import Path
from typing import Any

import pytest

from studio.errors import PermissionDenied
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.store import jobs, runs, transcripts
from studio.timeline import Cue, ModelRun

WORDS = {"transcribe", "read_text"}


def waiting(studio: Studio, video: str | None = None) -> list[tuple[str, str]]:
    """What is taken from the queue, in this order: kinds, with the names of their videos."""
    names = {row["id"]: row["name"].split(".")[0].split("_")[0] for row in studio.videos.all()}
    asked = "SELECT kind, video_id FROM jobs WHERE state = 'queued' ORDER BY position"
    rows = studio.store.read(lambda db: db.execute(asked).fetchall())
    return [(row["kind"], names[row["video_id"]]) for row in rows if video in (None, row["video_id"])]


@pytest.fixture
def rows(studio: Studio, clips: dict[str, Path]) -> list[dict[str, Any]]:
    return [studio.videos.add(clips[name]) for name in ("bikes", "carphone")]


def test_it_is_off_at_first(studio: Studio, rows: list[dict[str, Any]]) -> None:
    assert not studio.jobs.prepares_words()
    assert not WORDS & {kind for kind, _ in waiting(studio)}
    assert len(studio.jobs.lack_words()) == 2


def test_new_videos_are_prepared_once_it_is_on_after_what_others_need(studio: Studio, clips: dict[str, Path]) -> None:
    studio.videos.add(clips["bigbuckbunny"])
    studio.jobs.set_prepares_words(True)
    for name in ("bikes", "carphone"):
        studio.videos.add(clips[name])
    queue = waiting(studio)
    assert [kind for kind, _ in queue[-4:]] == ["transcribe", "read_text"] * 2
    assert {kind for kind, _ in queue[:-4]} <= {"index", "proxy"}
    assert [name for _, name in queue[-4:]] == ["bikes", "bikes", "carphone", "carphone"]
    studio.jobs.set_prepares_words(False)
    studio.videos.add(clips["bikes"])
    assert waiting(studio) == queue, "the same video again is no new one, and waits once"


def test_what_somebody_looks_at_is_done_first(studio: Studio, rows: list[dict[str, Any]]) -> None:
    studio.jobs.prepare_words()
    studio.store.write(lambda db: jobs.bring_forward(db, rows[1]["id"]))
    assert [name for _, name in waiting(studio)][:3] == ["carphone"] * 3
    later = {"video": {"id": rows[0]["id"]}}
    studio.store.write(lambda db: jobs.insert(db, "survey", rows[0]["id"], later, limit=None))
    assert [kind for kind, name in waiting(studio) if name == "bikes"] == ["index", "survey", "transcribe", "read_text"]


def test_a_library_is_queued_once_and_only_what_it_lacks(studio: Studio, rows: list[dict[str, Any]]) -> None:
    bikes, carphone = (row["id"] for row in rows)
    done = ModelRun(bikes, "text_reading", "m", "1", [])
    trial = ModelRun(carphone, "text_reading", "m", "1", [], params={"trial": "t"})
    for run in (done, trial):
        studio.store.write(lambda db, run=run: runs.insert(db, run))
    studio.store.write(lambda db: transcripts.sync_source(db, carphone, "speech", [Cue(0, 9, "hello")]))
    assert studio.jobs.prepare_words() == 2
    assert {entry for entry in waiting(studio) if entry[0] in WORDS} == {
        ("transcribe", "bikes"), ("read_text", "carphone")
    }  # fmt: skip
    assert (studio.jobs.prepare_words(), studio.jobs.lack_words()) == (0, [])
    assert len(studio.jobs.lack_words(waiting=True)) == 2, "the command line does what waits for nobody"


def test_what_was_done_at_once_is_not_done_again(studio: Studio, rows: list[dict[str, Any]]) -> None:
    bikes = rows[0]
    studio.jobs.prepare_words([bikes])
    assert studio.jobs.transcribe(bikes["id"])["lines"] == 0, "nobody speaks"
    assert [kind for kind, _ in waiting(studio, bikes["id"]) if kind in WORDS] == ["read_text"]
    assert [row["name"] for row in studio.jobs.lack_words()] == [rows[1]["name"]]


def test_only_an_admin_says_what_is_prepared(studio: Studio) -> None:
    with pytest.raises(PermissionDenied, match="admin"):
        studio.jobs.set_prepares_words(True, Actor("eve"))
    studio.jobs.set_prepares_words(True, Actor("ada", admin=True))
    assert studio.jobs.prepares_words()
