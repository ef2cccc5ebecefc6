"""What people typed or corrected in a transcript is theirs: no machine replaces it, every change has its revision."""

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest

from studio.errors import Conflict, NotFound
from studio.jobs import JobResult, keep_result
from studio.store import Store, imports, text_search, transcripts, videos
from studio.store.imports import Batch
from studio.store.text_search import TextQuery
from studio.timeline import Cue, Transcript, Word

S = 1_000_000
FILE = [Cue(0, 1_000_000, "Good morning"), Cue(1_000_000, 2_000_000, "How are you"), Cue(5_000_000, 6_000_000, "Bye")]


def texts(store: Store) -> list[str]:
    return [cue.text for cue in store.read(lambda db: transcripts.of_video(db, "v1"))]


def found(store: Store, words: str) -> list[str]:
    return [row["text"] for row in store.read(lambda db: transcripts.search(db, TextQuery.of(words)))]


def index(store: Store, cues: list[Cue] = FILE) -> None:
    """What the end of an indexing job writes."""
    result = JobResult(transcripts=[Transcript("v1", "file", cues)])
    store.write(lambda db: keep_result(db, result))


def line(store: Store, text: str) -> dict[str, Any]:
    return next(row for row in store.read(lambda db: transcripts.listed(db, "v1")) if row["text"] == text)


def test_indexing_again_changes_nothing(store: Store) -> None:
    index(store)
    ids = [row["id"] for row in store.read(lambda db: transcripts.listed(db, "v1"))]
    index(store)
    assert [row["id"] for row in store.read(lambda db: transcripts.listed(db, "v1"))] == ids
    assert {row["source"] for row in store.read(lambda db: transcripts.listed(db, "v1"))} == {"file"}


@pytest.mark.parametrize("cues", [[], FILE], ids=["a video without subtitles", "a video with subtitles"])
def test_indexing_leaves_what_was_typed(store: Store, cues: list[Cue]) -> None:
    store.write(lambda db: transcripts.insert(db, "v1", Cue(8_000_000, 9_000_000, "What I heard"), "ada"))
    index(store, cues)
    index(store, cues)
    assert texts(store) == [cue.text for cue in cues] + ["What I heard"]
    assert found(store, "heard") == ["What I heard"]


def test_a_part_replaces_only_what_begins_in_it_and_keeps_what_it_says_again(store: Store) -> None:
    def said(*cues: Cue, span: tuple[int, int] | None = None) -> dict[str, int]:
        store.write(lambda db: transcripts.sync_source(db, "v1", "speech", cues, span=span))
        return {row["text"]: row["id"] for row in store.read(lambda db: transcripts.listed(db, "v1"))}

    good, bye = Cue(0, S, "Good morning"), Cue(5 * S, 6 * S, "Bye")
    before = said(good, bye)
    assert said(Cue(2 * S, 3 * S, "How are you"), span=(S, 4 * S)).keys() == {"Good morning", "How are you", "Bye"}
    after = said(good, Cue(4 * S, 5 * S, "Fine"), bye)
    assert after.keys() == {"Good morning", "Fine", "Bye"}
    assert {text: after[text] for text in before} == before, "a line that is being edited keeps its id"


def test_indexing_leaves_what_was_corrected_and_does_not_say_it_twice(store: Store) -> None:
    index(store)
    old = line(store, "How are you")
    fixed = Cue(1_100_000, 2_000_000, "Who are you?")
    store.write(lambda db: transcripts.update(db, "v1", old["id"], fixed, "ada", 1))
    gone = line(store, "Bye")
    store.write(lambda db: transcripts.delete(db, "v1", gone["id"], "ada", 1))
    index(store)
    assert texts(store) == ["Good morning", "Who are you?"], "nor does it bring back what a person removed"
    assert found(store, "how") == found(store, "bye") == []


def test_new_subtitles_take_the_place_of_old_ones_that_nobody_touched(store: Store) -> None:
    index(store)
    kept = line(store, "Bye")
    store.write(lambda db: transcripts.update(db, "v1", kept["id"], Cue(5_000_000, 6_000_000, "Bye!"), "ada", 1))
    index(store, [Cue(0, 1_000_000, "Guten Morgen"), Cue(5_000_000, 6_000_000, "Tschüss")])
    assert texts(store) == ["Guten Morgen", "Bye!"]
    assert found(store, "good") == []
    index(store, [])
    assert texts(store) == ["Bye!"]


def test_sources_do_not_replace_each_other(store: Store) -> None:
    index(store)
    heard = [Cue(0, 1_000_000, "Good morning"), Cue(3_000_000, 4_000_000, "unintelligible")]
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", heard))
    assert texts(store) == ["Good morning", "How are you", "unintelligible", "Bye"]
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", []))
    assert texts(store) == [cue.text for cue in FILE]


def test_of_one_time_the_most_trusted_source_is_shown(store: Store) -> None:
    """Subtitles that come later take the place of what a model heard; what it heard besides stays."""
    heard = [Cue(0, 1_000_000, "Good mourning"), Cue(3_000_000, 4_000_000, "a word between")]
    words = [[Word(0, 400_000, "Good", 0.9), Word(400_000, 1_000_000, "mourning", 0.4)], []]
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", heard, "whisper-base", words))
    first = line(store, "Good mourning")
    assert json.loads(first["words"]) == [[0, 400_000, "Good", 0.9], [400_000, 1_000_000, "mourning", 0.4]]
    assert first["origin"] == "whisper-base"
    index(store)
    assert texts(store) == ["Good morning", "How are you", "a word between", "Bye"]
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", heard, "whisper-base", words))
    assert texts(store) == ["Good morning", "How are you", "a word between", "Bye"]


def test_words_that_are_still_said_keep_their_times(store: Store) -> None:
    said, words = Cue(0, 1_000_000, "Good mourning"), [[Word(0, 1_000_000, "Good", 0.9)]]
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", [said], "whisper-base", words))
    at = line(store, "Good mourning")["id"]
    store.write(lambda db: transcripts.update(db, "v1", at, Cue(0, 1_100_000, "Good mourning"), "ada", 1))
    assert line(store, "Good mourning")["words"]
    store.write(lambda db: transcripts.update(db, "v1", at, Cue(0, 1_100_000, "Good morning"), "ada", 2))
    assert json.loads(line(store, "Good morning")["words"]) == [
        [0, 1_000_000, "Good", 0.9], [1_000_000, 1_100_000, "morning", 1.0],
    ]  # fmt: skip
    store.write(lambda db: transcripts.sync_source(db, "v1", "speech", [said], "whisper-base", words))
    assert texts(store) == ["Good morning"], "what a person corrected is not heard again"


def test_lines_of_an_older_library_stay_and_are_not_doubled(store: Store) -> None:
    """Nobody wrote down whether they were typed: they count as typed."""
    rows = [("v1", *FILE[0]), ("v1", 1_050_000, 2_000_000, "How ARE you (corrected)")]
    store.write(
        lambda db: db.executemany("INSERT INTO lines (video_id, start_us, end_us, text) VALUES (?, ?, ?, ?)", rows)
    )
    index(store)
    assert texts(store) == ["Good morning", "How ARE you (corrected)", "Bye"]


# ---------------------------------------------------------------------- versions and history


def test_a_stale_edit_is_refused_with_the_line_as_it_stands(store: Store) -> None:
    index(store)
    seen = line(store, "Bye")
    new = Cue(5_000_000, 6_000_000, "Bye bye")
    assert store.write(lambda db: transcripts.update(db, "v1", seen["id"], new, "ada", 1)) == 2
    stale: list[Callable[[sqlite3.Connection], Any]] = [
        lambda db: transcripts.update(db, "v1", seen["id"], Cue(5_000_000, 6_000_000, "Ciao"), "ben", 1),
        lambda db: transcripts.delete(db, "v1", seen["id"], "ben", 1),
    ]
    for work in stale:
        with pytest.raises(Conflict) as refused:
            store.write(work)
        assert refused.value.current is not None and refused.value.current["text"] == "Bye bye"
    assert texts(store)[-1] == "Bye bye"


def test_every_change_is_in_the_history_and_can_be_undone(store: Store) -> None:
    made = store.write(lambda db: transcripts.insert(db, "v1", Cue(0, 1, "one"), "ada"))
    store.write(lambda db: transcripts.update(db, "v1", made, Cue(0, 2, "two"), "ben", 1))
    store.write(lambda db: transcripts.delete(db, "v1", made, "cleo", 2))
    with pytest.raises(NotFound):
        store.write(lambda db: transcripts.update(db, "v1", made, Cue(0, 3, "three"), "ben", 3))
    assert texts(store) == found(store, "two") == []
    assert store.write(lambda db: transcripts.restore(db, "v1", made, "ada")) == 4
    assert store.write(lambda db: transcripts.restore(db, "v1", made, "ada")) == 4, "it is there already"
    assert texts(store) == found(store, "two") == ["two"]
    history = store.read(lambda db: transcripts.history(db, made))
    assert [(each["op"], each["annotator"]) for each in history] == [
        ("create", "ada"), ("update", "ben"), ("delete", "cleo"), ("restore", "ada"),
    ]  # fmt: skip
    assert [each["after"]["text"] for each in history] == ["one", "two", "two", "two"]
    assert history[1]["before"]["end_us"] == 1
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        store._writer.execute("UPDATE line_revisions SET op = 'x'")


def test_an_import_of_lines_is_undone_with_their_sources_and_versions(store: Store) -> None:
    index(store)
    store.write(lambda db: transcripts.insert(db, "v1", Cue(8_000_000, 9_000_000, "typed"), "ada"))
    before = store.read(lambda db: transcripts.listed(db, "v1"))
    batch = Batch("v1", lines=[Cue(0, 5, "brought")])
    done = store.write(lambda db: imports.insert(db, "talk.srt", "srt", "lines", [batch], "ben"))
    assert texts(store) == ["brought"]
    assert store.write(lambda db: imports.undo(db, done, "ben")) == {"removed": 1, "kept": 0}
    after = store.read(lambda db: transcripts.listed(db, "v1"))
    assert [{**row, "version": 0} for row in after] == [{**row, "version": 0} for row in before]
    index(store)
    assert texts(store) == [cue.text for cue in FILE] + ["typed"]


def test_another_video_s_line_is_not_found(store: Store) -> None:
    made = store.write(lambda db: transcripts.insert(db, "v1", Cue(0, 1, "one"), "ada"))
    for work in (transcripts.delete, transcripts.restore):
        with pytest.raises(NotFound):
            store.write(lambda db, work=work: work(db, "v2", made, "ada"))  # type: ignore[misc]


def test_lines_of_other_and_of_removed_videos_do_not_crowd_out_what_is_looked_for(store: Store) -> None:
    store.write(crowd)
    index(store, [Cue(0, 1_000_000, "The weather was fine that morning, and the harbour was full of boats")])

    def texts_in(*names: str) -> list[str]:
        return [r["video_id"] for r in store.read(lambda db: transcripts.search(db, TextQuery.of("harbour"), names))]

    assert texts_in("v1") == ["v1"]
    store.write(lambda db: videos.put_aside(db, "other", "ada"))
    assert found(store, "harbour") == ["The weather was fine that morning, and the harbour was full of boats"]


def crowd(db: sqlite3.Connection) -> None:
    """Another video that says a word more often than are looked at."""
    facts = dict(db.execute("SELECT * FROM videos WHERE id = 'v1'").fetchone())
    videos.insert(db, {**facts, "id": "other", "path": "/other.mp4", "sha256": "other"})
    cues = [Cue(1000 * i, 1000 * i + 900, "Harbour harbour") for i in range(10 * text_search.MOST + 1)]
    transcripts.sync_source(db, "other", "speech", cues)


def test_small_words_find_nothing_beside_others(store: Store) -> None:
    index(store)
    assert found(store, "the how of you") == ["How are you"]
    assert found(store, "are you") == ["How are you"], "nothing else is left of the question"
    index(store, [Cue(0, 1_000_000, "You are in the way"), Cue(1_000_000, 2_000_000, "A boat")])
    assert found(store, "you are a boat") == ["A boat"]
