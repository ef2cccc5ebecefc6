"""What a person does to several lines at once, as one step that is undone, and done again, as one.

A step has an id, which the caller chooses: one that was saved already changes nothing, so that it can be sent again.
"""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from studio.errors import Conflict, NotFound
from studio.store import transcripts
from studio.timeline import Cue
from studio.timeline.words import divided, estimated, realigned

Row = dict[str, Any]


def lines_of(db: sqlite3.Connection, video_id: str, edit_id: str) -> list[Row]:
    """The lines that a step was about, as they are now; none for a step that was never saved."""
    ids = [step["line_id"] for step in _steps(db, video_id, edit_id)]
    return [transcripts.find(db, video_id, line_id) for line_id in dict.fromkeys(ids)]


def split(
    db: sqlite3.Connection, video_id: str, line: Row, head: str, tail: str, annotator: str, edit_id: str,
    at_us: int | None = None,
) -> int:  # fmt: skip
    """Make two lines of one (a row as `transcripts.current` returns it), of the texts `head` and `tail`; returns the id
    of the second. `at_us` is where its time is cut, None between the words."""
    cue = Cue(line["start_us"], line["end_us"], line["text"])
    cut, first, last = divided(transcripts.unpacked(line["words"]), cue, head, tail)
    if at_us is not None:
        cut = min(max(at_us, cue.start_us + 1), cue.end_us - 1)
    transcripts.write(
        db, video_id, line, {"end_us": cut, "text": head, "words": transcripts.packed(first)}, annotator, edit_id
    )
    second = Cue(cut, cue.end_us, tail)
    return transcripts.insert(
        db, video_id, second, annotator, line["origin"], edit_id, words=last, speaker=line["speaker"]
    )


def merge(db: sqlite3.Connection, video_id: str, line: Row, text: str, other: Row, annotator: str, edit_id: str) -> int:
    """Make one line of two, of `text` and the other's, over the time of both; returns its version."""
    cue, more_cue = (Cue(each["start_us"], each["end_us"], each["text"]) for each in (line, other))
    words = realigned(transcripts.unpacked(line["words"]), cue, text)
    more = transcripts.unpacked(other["words"])
    if words or more:  # words are told apart by their order, so that either all are there or none
        words, more = words or estimated(cue._replace(text=text)), more or estimated(more_cue)
    state = {
        "start_us": min(line["start_us"], other["start_us"]),
        "end_us": max(line["end_us"], other["end_us"]),
        "text": f"{text} {other['text']}",
        "words": transcripts.packed([*words, *more]),
        "speaker": line["speaker"] or other["speaker"],
    }
    transcripts.write(db, video_id, other, {"deleted": 1}, annotator, edit_id)
    return transcripts.write(db, video_id, line, state, annotator, edit_id)


def revert(
    db: sqlite3.Connection, video_id: str, line: Row, seq: int, annotator: str, edit_id: str, *, before: bool = False
) -> int:
    """Give a line what revision `seq` of it made of it, or what it was `before`: its times, text, words and speaker;
    returns its version.

    Raises NotFound where that is no revision of this line.
    """
    row = db.execute(
        "SELECT before, after FROM line_revisions WHERE seq = ? AND line_id = ? AND video_id = ?",
        (seq, line["id"], video_id),
    ).fetchone()
    wanted = row and row["before" if before else "after"]
    if not wanted:
        raise NotFound("This line was never as you want it; look at its history again.")
    known = json.loads(wanted)
    state = {key: known.get(key, "") for key in transcripts.STATE if key != "deleted"}  # earlier releases lack some
    return transcripts.write(db, video_id, line, state, annotator, edit_id)


def undo(db: sqlite3.Connection, video_id: str, edit_id: str, annotator: str) -> list[int]:
    """Give every line of a step what it had before it; returns their ids.

    Raises Conflict where somebody changed one of them since (nothing is undone then), NotFound for a step that was
    never saved.
    """
    return _move(db, video_id, edit_id, annotator, "undo")


def redo(db: sqlite3.Connection, video_id: str, edit_id: str, annotator: str) -> list[int]:
    """Do a step again that was undone. Raises Conflict, NotFound."""
    return _move(db, video_id, edit_id, annotator, "redo")


def _move(db: sqlite3.Connection, video_id: str, edit_id: str, annotator: str, way: str) -> list[int]:
    steps = _steps(db, video_id, edit_id)
    if not steps:
        raise NotFound("This change of the transcript is not known, so it cannot be undone.")
    before: dict[int, Row | None] = {}
    after: dict[int, Row] = {}
    for step in steps:
        before.setdefault(step["line_id"], step["before"] and json.loads(step["before"]))
        after[step["line_id"]] = json.loads(step["after"])
    wanted, seen = (before, after) if way == "undo" else (after, before)
    lines = {line_id: transcripts.find(db, video_id, line_id) for line_id in after}
    for line_id, line in lines.items():
        if not _is(line, seen[line_id]):
            said = "undone" if way == "undo" else "done again"
            raise Conflict(f"Somebody else changed this line since, so it was not {said}.", line)
    for line_id, line in lines.items():
        transcripts.write(db, video_id, line, wanted[line_id] or {"deleted": 1}, annotator, f"{way}-{edit_id}")
    return list(lines)


def _is(line: Row, state: Row | None) -> bool:
    """Whether a line is in a state; None: it is not there."""
    if state is None or state["deleted"]:
        return bool(line["deleted"])
    return all(line[key] == state[key] for key in transcripts.STATE)


def _steps(db: sqlite3.Connection, video_id: str, edit_id: str) -> Sequence[sqlite3.Row]:
    if not edit_id:  # what belongs to no step
        return []
    asked = "SELECT line_id, before, after FROM line_revisions WHERE edit_id = ? AND video_id = ? ORDER BY seq"
    return db.execute(asked, (edit_id, video_id)).fetchall()
