"""Several lines changed as one step: split, merged, undone, done again, and sent twice."""

import json
from typing import Any

import pytest

from studio.errors import Conflict, NotFound
from studio.store import Store, line_edits, transcripts
from studio.timeline import Cue, Word

SAID = [Cue(0, 2_000_000, "Good morning Mr Smith"), Cue(2_000_000, 3_000_000, "How are you")]
WORDS = [Word(0, 400_000, "Good", 0.9), Word(400_000, 900_000, "morning", 0.4), Word(1_100_000, 1_300_000, "Mr", 0.8),
         Word(1_300_000, 2_000_000, "Smith", 0.7)]  # fmt: skip


@pytest.fixture
def lines(store: Store) -> list[dict[str, Any]]:
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", SAID, "whisper-base", [WORDS, []]))
    return shown(store)


def shown(store: Store) -> list[dict[str, Any]]:
    return store.read(lambda db: transcripts.listed(db, "v1"))


def facts(store: Store) -> list[tuple[int, int, str, list[str]]]:
    return [
        (line["start_us"], line["end_us"], line["text"], [w.text for w in transcripts.unpacked(line["words"])])
        for line in shown(store)
    ]


def split(store: Store, line: dict[str, Any], edit_id: str = "cut") -> int:
    parts = "Good morning", "Mr Smith"
    return store.write(
        lambda db: line_edits.split(db, "v1", transcripts.current(db, "v1", line["id"], 1), *parts, "ada", edit_id)
    )


def merge(store: Store, line: dict[str, Any], other: dict[str, Any], edit_id: str = "join") -> int:
    def work(db: Any) -> int:
        one, two = (transcripts.current(db, "v1", each["id"]) for each in (line, other))
        return line_edits.merge(db, "v1", one, one["text"], two, "ada", edit_id)

    return store.write(work)


def test_a_split_is_cut_between_words_and_undone_as_one(store: Store, lines: list[dict[str, Any]]) -> None:
    before = facts(store)
    split(store, lines[0])
    after = [
        (0, 1_000_000, "Good morning", ["Good", "morning"]),
        (1_000_000, 2_000_000, "Mr Smith", ["Mr", "Smith"]),
        (2_000_000, 3_000_000, "How are you", []),
    ]
    assert facts(store) == after
    assert [line["origin"] for line in shown(store)] == ["whisper-base"] * 3
    for _ in range(2):
        assert len(store.write(lambda db: line_edits.undo(db, "v1", "cut", "ada"))) == 2
        assert facts(store) == before
        store.write(lambda db: line_edits.redo(db, "v1", "cut", "ada"))
        assert facts(store) == after
    history = store.read(lambda db: transcripts.history(db, lines[0]["id"]))
    assert [(each["op"], each["annotator"]) for each in history] == [("update", "ada")] * 5


def test_a_second_part_is_not_heard_again(store: Store, lines: list[dict[str, Any]]) -> None:
    split(store, lines[0])
    after = facts(store)
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", SAID, "whisper-base", [WORDS, []]))
    assert facts(store) == after


def test_two_lines_become_one_with_the_words_of_both(store: Store, lines: list[dict[str, Any]]) -> None:
    before = facts(store)
    assert merge(store, lines[0], lines[1]) == 2
    (line,) = shown(store)
    assert (line["start_us"], line["end_us"], line["text"]) == (0, 3_000_000, "Good morning Mr Smith How are you")
    assert json.loads(line["words"])[4:] == [
        [2_000_000, 2_333_333, "How", 1.0], [2_333_333, 2_666_666, "are", 1.0], [2_666_666, 3_000_000, "you", 1.0],
    ]  # fmt: skip
    store.write(lambda db: line_edits.undo(db, "v1", "join", "ada"))
    assert facts(store) == before


def test_a_step_that_somebody_worked_on_since_is_not_undone_at_all(store: Store, lines: list[dict[str, Any]]) -> None:
    second = split(store, lines[0])
    cue = Cue(1_000_000, 2_000_000, "Mister Smith")
    store.write(lambda db: transcripts.update(db, "v1", second, cue, "ben", 1))
    after = facts(store)
    with pytest.raises(Conflict, match="so it was not undone"):
        store.write(lambda db: line_edits.undo(db, "v1", "cut", "ada"))
    assert facts(store) == after


def test_a_step_that_is_not_known_is_not_undone(store: Store, lines: list[dict[str, Any]]) -> None:
    store.write(lambda db: transcripts.delete(db, "v1", lines[0]["id"], "ada"))
    split(store, lines[1])
    for edit_id, video in (("", "v1"), ("other", "v1"), ("cut", "v2")):
        with pytest.raises(NotFound):
            store.write(lambda db, e=edit_id, v=video: line_edits.undo(db, v, e, "ada"))  # type: ignore[misc]


def test_the_lines_of_a_step_are_found_again(store: Store, lines: list[dict[str, Any]]) -> None:
    second = split(store, lines[0])
    found = store.read(lambda db: line_edits.lines_of(db, "v1", "cut"))
    assert [line["id"] for line in found] == [lines[0]["id"], second]
    assert store.read(lambda db: line_edits.lines_of(db, "v1", "")) == []


def test_a_line_is_as_one_of_its_revisions_made_it(store: Store, lines: list[dict[str, Any]]) -> None:
    one = lines[0]["id"]
    whole = facts(store)[0]
    store.write(lambda db: transcripts.update(db, "v1", one, Cue(0, 1_000_000, "Good"), "ada", 1))
    store.write(lambda db: transcripts.write(db, "v1", transcripts.current(db, "v1", one), {"speaker": "Ada"}, "ben"))
    split(store, lines[1], "other")
    (first, second) = store.read(lambda db: transcripts.history(db, one))

    def revert(seq: int, before: bool = False) -> int:
        return store.write(
            lambda db: line_edits.revert(
                db, "v1", transcripts.current(db, "v1", one), seq, "zoe", "back", before=before
            )
        )

    assert revert(first["seq"]) == 4
    assert shown(store)[0]["speaker"] == "" and facts(store)[0] == (0, 1_000_000, "Good", ["Good"])
    revert(second["seq"])
    assert shown(store)[0]["speaker"] == "Ada"
    revert(first["seq"], before=True)
    assert facts(store)[0] == whole, "what was heard comes back with its words"
    foreign = store.read(lambda db: transcripts.history(db, lines[1]["id"]))[0]["seq"]
    with pytest.raises(NotFound, match="history"):
        revert(foreign)
