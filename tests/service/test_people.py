"""Who the faces are and what they say, as people put it right."""

import json
import sqlite3
import uuid
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from studio.errors import Conflict, FormatError, NotFound, UsageError
from studio.service import Studio
from studio.service.people.transcripts import LineEdit
from studio.store import transcripts
from studio.store.text_search import TextQuery
from studio.timeline import Cue
from tests.conftest import VIDEO

NAMES = [{"track": "Person 1", "from": 0.0, "name": "Anna"}, {"track": "Person 1", "from": 2.5, "name": None}]


@pytest.fixture
def video(studio: Studio) -> dict[str, Any]:
    from studio.store import videos

    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return studio.videos.get("v1")


def name(studio: Studio, before: Any, after: Any, annotator: str = "ada", edit_id: str = "") -> dict[str, Any]:
    """The answer to one edit of names."""
    edit = {"op": "people", "edit_id": edit_id or uuid.uuid4().hex, "before": before, "after": after}
    answer: dict[str, Any] = studio.timelines.save("v1", [edit], annotator)["results"][0]
    return answer


def named(studio: Studio) -> Any:
    return studio.timelines.load("v1")["people"]["names"]


def test_names_are_kept_and_every_change_of_them_stays(studio: Studio, video: dict[str, Any]) -> None:
    assert studio.timelines.load("v1")["people"] == {"seq": 0, "names": []}
    assert name(studio, [], NAMES)["ok"]
    assert named(studio) == NAMES
    assert name(studio, NAMES[1:], [])["ok"]
    assert studio.timelines.changes("v1", 0)["people"]["names"] == NAMES[:1]
    with sqlite3.connect(studio.settings.database) as db:
        assert db.execute("SELECT count(*) FROM people").fetchone() == (2,)
        history = db.execute("SELECT op, before, after, annotator FROM revisions ORDER BY seq").fetchall()
    assert [(op, json.loads(before), json.loads(after), who) for op, before, after, who in history] == [
        ("people", [], NAMES, "ada"), ("people", NAMES[1:], [], "ada"),
    ]  # fmt: skip


def test_a_change_of_names_the_other_way_round_undoes_it(studio: Studio, video: dict[str, Any]) -> None:
    name(studio, [], NAMES)
    merged = [{**NAMES[0], "name": "Bob"}]
    assert name(studio, NAMES[:1], merged)["ok"]
    assert named(studio) == [merged[0], NAMES[1]]
    assert name(studio, merged, NAMES[:1])["ok"]
    assert named(studio) == NAMES


def test_an_edit_of_names_that_is_sent_again_is_acknowledged_and_changes_nothing(
    studio: Studio, video: dict[str, Any]
) -> None:
    name(studio, [], NAMES, edit_id="e1")
    name(studio, NAMES, [])
    assert name(studio, [], NAMES, edit_id="e1") == {"edit_id": "e1", "ok": True, "annotation": None}
    assert named(studio) == []


def test_who_is_slower_is_told_and_loses_nothing_of_the_other(studio: Studio, video: dict[str, Any]) -> None:
    name(studio, [], NAMES)
    late = name(studio, [], [{**NAMES[0], "name": "Bob"}], "bob")
    assert (late["ok"], late["kind"]) == (False, "conflict")
    assert "their name is shown, and yours was not saved" in late["error"]
    assert named(studio) == NAMES
    other = {"track": "Person 2", "from": 0.0, "name": "Bob"}
    assert name(studio, [], [other], "bob")["ok"], "another face is nobody's conflict"
    assert named(studio) == [*NAMES, other]


@pytest.mark.parametrize(
    "names",
    [
        {}, [3], [{"track": 1, "from": 0, "name": "x"}], [{"track": "Person 1", "from": -1, "name": "x"}],
        [{"track": "Person 1", "from": "0", "name": "x"}], [{"track": "Person 1", "from": 0, "name": " "}],
        [{"track": "Person 1", "from": 0, "name": "x" * 501}],
        [{"track": "Person 1", "from": float("nan"), "name": "x"}],
        [{"track": "Person 1", "from": 0, "name": "x"}, {"track": "Person 1", "from": 0, "name": "y"}],
        [{"track": "Person 1", "from": n, "name": "x"} for n in range(2_001)],
    ],
)  # fmt: skip
def test_bad_names_are_refused(studio: Studio, video: dict[str, Any], names: Any) -> None:
    for before, after in (([], names), (names, [])):
        answer = name(studio, before, after)
        assert (answer["ok"], answer["kind"]) == (False, "invalid")
    assert named(studio) == []


SRT = "\ufeff1\n00:00:05,000 --> 00:00:07,500\n<i>Hello</i>\nthere\n\n2\n00:00:01,000 --> 00:00:02,000\nFirst\n"


def test_subtitles_are_read_found_and_edited(studio: Studio, video: dict[str, Any]) -> None:
    assert studio.transcripts.read_subtitles(video, SRT)["count"] == 2
    lines = studio.transcripts.lines(video)
    assert [(line["start"], line["end"], line["text"]) for line in lines] == [(1, 2, "First"), (5, 7.5, "Hello there")]
    changed = studio.transcripts.save_line(video, lines[1]["id"], 5, 8, "Good  evening ")
    assert changed == {"line": lines[1]["id"], "version": 2}
    added = studio.transcripts.save_line(video, None, 58, 99, "The end", annotator="ada")
    assert studio.transcripts.lines(video)[-1] == {
        "id": added["line"], "start": 58, "end": 60, "text": "The end", "source": "typed", "version": 1,
        "annotator": "ada", "origin": "", "speaker": "", "words": [],
    }  # fmt: skip
    studio.transcripts.delete_line(video, lines[0]["id"])
    assert [line["text"] for line in studio.transcripts.lines(video)] == ["Good evening", "The end"]

    def found(words: str) -> list[str]:
        return [row["text"] for row in studio.store.read(lambda db: transcripts.search(db, TextQuery.of(words)))]

    assert found("evening") == ["Good evening"]
    assert found("hello") == found("first") == [], "the index of words follows every change"
    with pytest.raises(NotFound):
        studio.transcripts.delete_line(video, lines[0]["id"])
    with pytest.raises(NotFound):
        studio.transcripts.save_line(video, lines[0]["id"], 0, 1, "x")


@pytest.mark.parametrize(("start", "end", "text"), [(0, 1, " "), (2, 2, "x"), (3, 2, "x"), (61, 62, "x")])
def test_a_line_that_is_none_is_refused(
    studio: Studio, video: dict[str, Any], start: float, end: float, text: str
) -> None:
    with pytest.raises(UsageError, match="line"):
        studio.transcripts.save_line(video, None, start, end, text)
    assert studio.transcripts.lines(video) == []


@pytest.mark.parametrize("text", ["", "no subtitles at all", "1\n00:10:00,000 --> 00:10:01,000\nToo late\n"])
def test_what_is_no_subtitle_file_leaves_the_lines_as_they_are(
    studio: Studio, video: dict[str, Any], text: str
) -> None:
    studio.transcripts.read_subtitles(video, SRT)
    with pytest.raises((FormatError, UsageError)):
        studio.transcripts.read_subtitles(video, text)
    assert len(studio.transcripts.lines(video)) == 2


def test_a_line_is_split_merged_and_given_back(studio: Studio, video: dict[str, Any]) -> None:
    said = studio.transcripts
    made = said.save_line(video, None, 0, 9, "one two three", annotator="ada", edit="new")
    first, second = said.split_line(video, made["line"], " one ", "two  three", version=1, annotator="ben", edit="cut")
    shown = [(line["start"], line["end"], line["text"], line["annotator"]) for line in said.lines(video)]
    assert shown == [(0, 2.454545, "one", "ben"), (2.454545, 9, "two three", "ben")]
    again = said.split_line(video, made["line"], "one", "two three", version=1, annotator="ben", edit="cut")
    assert [line["line"] for line in again] == [first["line"], second["line"]], "a lost answer is asked for again"
    said.merge_lines(video, first["line"], second["line"], said="One", version=2, other_version=1, edit="join")
    assert [(line["start"], line["end"], line["text"]) for line in said.lines(video)] == [(0, 9, "One two three")]
    assert said.undo_lines(video, "join", "ada") == [second["line"], first["line"]]
    said.undo_lines(video, "cut", "ada")
    said.undo_lines(video, "new", "ada")
    assert said.lines(video) == []
    said.redo_lines(video, "new", "ada")
    assert [line["text"] for line in said.lines(video)] == ["one two three"]
    assert [each["op"] for each in said.line_history(made["line"])][-2:] == ["delete", "restore"]


def test_lines_are_changed_together_or_not_at_all(studio: Studio, video: dict[str, Any]) -> None:
    said = studio.transcripts
    ids = [said.save_line(video, None, at, at + 1, text)["line"] for at, text in enumerate(("colour", "colours"))]
    edits = [LineEdit(line, 1, at * 10**6, (at + 1) * 10**6, text)
             for at, (line, text) in enumerate(zip(ids, ("color", "colors"), strict=True))]  # fmt: skip
    said.save_line(video, ids[1], 1, 2, "colourful")
    with pytest.raises(Conflict):
        said.save_lines(video, edits, "ada", "replace")
    assert [line["text"] for line in said.lines(video)] == ["colour", "colourful"]
    said.save_lines(video, [edits[0], replace(edits[1], version=2)], "ada", "replace")
    assert [line["text"] for line in said.lines(video)] == ["color", "colors"]
    said.undo_lines(video, "replace")
    assert [line["text"] for line in said.lines(video)] == ["colour", "colourful"]


def test_what_cannot_be_split_or_merged_says_why(studio: Studio, video: dict[str, Any]) -> None:
    said = studio.transcripts
    line = said.save_line(video, None, 0, 0.000001, "one two")["line"]
    long = said.save_line(video, None, 1, 2, "x" * 9_999)["line"]
    for work, why in (
        (lambda: said.split_line(video, long, "xx", " "), "Put the caret between two words"),
        (lambda: said.split_line(video, line, "one", "two"), "too short to split"),
        (lambda: said.merge_lines(video, line, line), "merged with itself"),
        (lambda: said.merge_lines(video, line, long), "too long to be one"),
        (lambda: said.save_lines(video, [LineEdit(line, None, 0, 0, "x")]), "an end after its start"),
    ):
        with pytest.raises(UsageError, match=why):
            work()
    with pytest.raises(NotFound):
        said.split_line(video, 99, "one", "two")


def test_a_page_is_told_whenever_lines_change(studio: Studio, video: dict[str, Any]) -> None:
    def state() -> str:
        seen: str = studio.timelines.changes("v1", 0)["lines"]
        assert seen == studio.transcripts.state(video)
        return seen

    seen = [state()]
    line = studio.transcripts.save_line(video, None, 0, 1, "one", edit="new")["line"]
    seen.append(state())
    studio.transcripts.save_line(video, line, 0, 1, "two")
    seen.append(state())
    studio.transcripts.delete_line(video, line)
    seen.append(state())
    studio.transcripts.restore_line(video, line)
    seen.append(state())
    heard = [Cue(2 * 10**6, 3 * 10**6, "three")]
    for cues in (heard, heard, [], []):
        studio.store.write(lambda db, said=cues: transcripts.sync_source(db, "v1", "speech", said))  # type: ignore[misc]
        seen.append(state())
    assert [a != b for a, b in pairwise(seen)] == [True] * 5 + [False, True, False]
