"""Tables `lines` and `line_revisions`: what is said in videos and when, with its history, findable by words.

A line has a source: `typed` by a person, or machine-made (`file`: subtitles in the video or beside it, `speech`: what a
model heard). What a person typed, changed or removed is never replaced by a machine, and every such change is a
revision. An edit carries the version it saw; a stale one is refused with the line as it stands.
"""

import json
import math
import sqlite3
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from types import MappingProxyType
from typing import Any

from studio.errors import Conflict, NotFound
from studio.store import text_search
from studio.store.text_search import TextQuery
from studio.store.videos import now
from studio.timeline import Cue, Word
from studio.timeline.words import moved, realigned

TYPED = "typed"
TRUSTED = (TYPED, "file", "speech")  # what comes first is believed where several say something at one time
_COVERED = 0.5  # a machine's line of which a person's line covers so much is already said
_SHOWN = "id, start_us, end_us, text, source, version, annotator, origin, words, speaker"
STATE = ("start_us", "end_us", "text", "words", "speaker", "deleted")  # what a person changes of a line

Row = dict[str, Any]
Spoken = tuple[str, Sequence[Word]]  # who says a line, and its words


def of_video(db: sqlite3.Connection, video_id: str) -> list[Cue]:
    """What is said in a video, in order of time."""
    return [Cue(line["start_us"], line["end_us"], line["text"]) for line in listed(db, video_id)]


def listed(db: sqlite3.Connection, video_id: str) -> list[Row]:
    """The lines of a video in order of time: `id`, `start_us`, `end_us`, `text`, `source`, `version`, `annotator`, who
    wrote it as it stands, `origin`, the file, stream or model that it comes from ("" where it was typed), `words`, a
    JSON list of [start_us, end_us, text, probability] ("" where they are not known), and `speaker`, who says it where
    a person said so ("" where nobody did)."""
    asked = f"SELECT {_SHOWN} FROM lines WHERE video_id = ? AND NOT deleted ORDER BY start_us, id"
    return [dict(row) for row in db.execute(asked, (video_id,))]


def state(db: sqlite3.Connection, video_id: str) -> str:
    """A short text that is another one whenever the lines of a video are."""
    asked = "SELECT count(*), max(id), total(version), total(deleted) FROM lines WHERE video_id = ?"
    return " ".join(f"{value or 0:.0f}" for value in db.execute(asked, (video_id,)).fetchone())


def states(db: sqlite3.Connection) -> dict[str, str]:
    """The `state` of each video that ever had lines."""
    asked = "SELECT video_id, count(*), max(id), total(version), total(deleted) FROM lines GROUP BY video_id"
    return {video_id: " ".join(f"{value:.0f}" for value in values) for video_id, *values in db.execute(asked)}


def videos(db: sqlite3.Connection, source: str | None = None, among: Sequence[str] | None = None) -> set[str]:
    """The ids of the videos, of these or of all, that have lines, or lines of a source."""
    asked = (
        "SELECT DISTINCT video_id FROM lines WHERE NOT deleted AND source = coalesce(?, source) "
        "AND (? IS NULL OR video_id IN (SELECT value FROM json_each(?)))"
    )
    rows = db.execute(asked, (source, *(2 * [None if among is None else json.dumps(list(among))])))
    return {row["video_id"] for row in rows}


def insert(
    db: sqlite3.Connection, video_id: str, cue: Cue, annotator: str, origin: str = "", edit_id: str = "",
    words: Sequence[Word] = (), speaker: str = "",
) -> int:  # fmt: skip
    """Add a line that a person typed, or brings in a file; returns its id."""
    line_id = _insert(db, video_id, cue, annotator, TYPED, origin, packed(words), speaker)
    _append(db, video_id, line_id, "create", None, annotator, edit_id)
    return line_id


def update(
    db: sqlite3.Connection, video_id: str, line_id: int, cue: Cue, annotator: str, base_version: int | None = None,
    edit_id: str = "",
) -> int:  # fmt: skip
    """Change a line that was seen as `base_version` (None: whatever it is now); returns its version. Words that are
    still said keep their times.

    Raises NotFound when it was removed meanwhile, Conflict when somebody changed it.
    """
    before = current(db, video_id, line_id, base_version)
    kept = moved(unpacked(before["words"]), _cue(before), cue)
    words = realigned(kept, cue._replace(text=before["text"]), cue.text) if cue.text != before["text"] else kept
    state = {"start_us": cue.start_us, "end_us": cue.end_us, "text": cue.text, "words": packed(words)}
    return write(db, video_id, before, state, annotator, edit_id)


def write(db: sqlite3.Connection, video_id: str, before: Row, state: Row, annotator: str, edit_id: str = "") -> int:
    """Give a line some of STATE in place of what it is, `before`, as `current` returns it; returns its version."""
    columns = {**{key: before[key] for key in STATE}, **state}
    ops = {(False, True): "delete", (True, False): "restore"}
    op = ops.get((bool(before["deleted"]), bool(columns["deleted"])), "update")
    if op == "update":  # one that goes, or comes back, is still its writer's
        columns["annotator"] = annotator
    sets = ", ".join(f"{key} = ?" for key in columns)
    db.execute(f"UPDATE lines SET {sets}, version = version + 1 WHERE id = ?", (*columns.values(), before["id"]))
    _append(db, video_id, before["id"], op, before, annotator, edit_id)
    return int(before["version"]) + 1


def delete(
    db: sqlite3.Connection, video_id: str, line_id: int, annotator: str, base_version: int | None = None,
    edit_id: str = "",
) -> int:  # fmt: skip
    """Remove a line; returns its version.

    Raises NotFound, Conflict.
    """
    return write(db, video_id, current(db, video_id, line_id, base_version), {"deleted": 1}, annotator, edit_id)


def restore(db: sqlite3.Connection, video_id: str, line_id: int, annotator: str, edit_id: str = "") -> int:
    """Undo the removal of a line; returns its version. One that is there already stays as it is.

    Raises NotFound for one that never was.
    """
    line = find(db, video_id, line_id)
    return write(db, video_id, line, {"deleted": 0}, annotator, edit_id) if line["deleted"] else int(line["version"])


def history(db: sqlite3.Connection, line_id: int) -> list[Row]:
    """All revisions of a line, oldest first: `seq`, `op`, `annotator`, `at`, and the line `before` and `after`."""
    rows = db.execute("SELECT * FROM line_revisions WHERE line_id = ? ORDER BY seq", (line_id,))
    return [
        {
            **{key: row[key] for key in ("seq", "op", "annotator", "at")},
            "before": json.loads(row["before"]) if row["before"] else None,
            "after": json.loads(row["after"]),
        }
        for row in rows
    ]


def sync_source(
    db: sqlite3.Connection, video_id: str, source: str, cues: Iterable[Cue], origin: str = "",
    words: Sequence[Sequence[Word]] = (), span: tuple[int, int] | None = None,
) -> None:  # fmt: skip
    """Keep what a machine-made source says now of a video, in place of what the same source said before; where it is
    about the part that begins within `span` only, the rest stays. `origin` is the file, stream or model that it comes
    from, `words` are those of each cue.

    Lines that a person typed or touched stay, and so do those that it says again. Of what several sources say of one
    time the most trusted stays.
    """
    texts = [packed(each) for each in words] or repeat("")
    wanted = [(cue, text) for cue, text in zip(cues, texts, strict=False) if cue.text.strip()]
    rows = db.execute(f"SELECT {_SHOWN}, deleted FROM lines WHERE video_id = ?", (video_id,)).fetchall()
    untouched = [row for row in rows if row["version"] == 1 and not row["deleted"]]
    first, last = span or (0, math.inf)
    own = [row for row in untouched if row["source"] == source and first <= row["start_us"] < last]
    lesser = [row for row in untouched if _trust(row) > TRUSTED.index(source)]
    better = [row for row in rows if row["version"] > 1 or (not row["deleted"] and _trust(row) < TRUSTED.index(source))]
    said = Counter((cue, text) for cue, text in wanted if not any(_covers(_cue(row), cue) for row in better))
    outdone = [row for row in lesser if any(_covers(cue, _cue(row)) for cue, _ in said)]
    new = said.copy()
    for row in own:
        again = (_cue(row), row["words"])
        if new[again]:
            new[again] -= 1
            db.execute("UPDATE lines SET origin = ? WHERE id = ? AND origin <> ?", (origin, row["id"], origin))
        else:
            outdone.append(row)
    db.executemany("UPDATE lines SET deleted = 1 WHERE id = ?", [(row["id"],) for row in outdone])
    for cue, text in new.elements():
        _insert(db, video_id, cue, "", source, origin, text)


def replace_all(
    db: sqlite3.Connection, video_id: str, cues: Iterable[Cue], annotator: str, origin: str = "",
    spoken: Mapping[Cue, Spoken] = MappingProxyType({}),
) -> dict[str, list[int]]:  # fmt: skip
    """Take lines that a person brings, in a file called `origin`, in place of all there are; returns the ids of
    those `removed` and `added`. See `insert_all`."""
    old = listed(db, video_id)
    for line in old:
        delete(db, video_id, line["id"], annotator)
    added = insert_all(db, video_id, (cue for cue in cues if cue.text.strip()), annotator, origin, spoken)
    return {"removed": [line["id"] for line in old], "added": added}


def insert_all(
    db: sqlite3.Connection,
    video_id: str,
    cues: Iterable[Cue],
    annotator: str,
    origin: str,
    spoken: Mapping[Cue, Spoken],
) -> list[int]:
    """Add lines that a person brings; returns their ids. `spoken` says of some who says them, and in which words."""
    made = []
    for cue in cues:
        speaker, words = spoken.get(cue, ("", ()))
        made.append(insert(db, video_id, cue, annotator, origin, words=words, speaker=speaker))
    return made


def withdraw(
    db: sqlite3.Connection, video_id: str, ids: Iterable[int], annotator: str, *, changed: bool = False
) -> tuple[list[int], int]:
    """Remove lines that are as they were added, or with `changed` all of them; returns which, and how many stay because
    somebody changed them since."""
    removed: list[int] = []
    kept = 0
    for line in (find(db, video_id, line_id) for line_id in ids):
        if line["deleted"]:
            continue
        if changed or not _was_changed(db, line["id"]):
            delete(db, video_id, line["id"], annotator)
            removed.append(line["id"])
        else:
            kept += 1
    return removed, kept


def _was_changed(db: sqlite3.Connection, line_id: int) -> bool:
    asked = "SELECT 1 FROM line_revisions WHERE line_id = ? AND op = 'update' LIMIT 1"
    return db.execute(asked, (line_id,)).fetchone() is not None


def unsaid(db: sqlite3.Connection, video_id: str, cues: Iterable[Cue]) -> list[Cue]:
    """The lines that a video does not have yet: none of its own has the same words over most of their time."""
    there: dict[str, list[Cue]] = {}
    for cue in of_video(db, video_id):
        there.setdefault(_plain(cue.text), []).append(cue)
    return [cue for cue in cues if not any(_shared(each, cue) for each in there.get(_plain(cue.text), ()))]


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())


def _shared(one: Cue, other: Cue) -> bool:
    """Whether two lines share most of the time of each."""
    shared = min(one.end_us, other.end_us) - max(one.start_us, other.start_us)
    return shared >= _COVERED * max(one.end_us - one.start_us, other.end_us - other.start_us)


def _cue(row: sqlite3.Row | Row) -> Cue:
    return Cue(row["start_us"], row["end_us"], row["text"])


def _trust(row: sqlite3.Row) -> int:
    return TRUSTED.index(row["source"])


def _covers(there: Cue, cue: Cue) -> bool:
    shared = min(there.end_us, cue.end_us) - max(there.start_us, cue.start_us)
    return shared >= _COVERED * (cue.end_us - cue.start_us)


def packed(words: Sequence[Word]) -> str:
    """Words as the column of a line has them."""
    return json.dumps(words, ensure_ascii=False) if words else ""


def unpacked(words: str) -> list[Word]:
    """The words of a line as its column has them."""
    return [Word(*each) for each in json.loads(words or "[]")]


def _insert(
    db: sqlite3.Connection, video_id: str, cue: Cue, annotator: str, source: str, origin: str, words: str = "",
    speaker: str = "",
) -> int:  # fmt: skip
    added = db.execute(
        "INSERT INTO lines (video_id, start_us, end_us, text, source, annotator, origin, words, speaker) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (video_id, *cue, source, annotator, origin, words, speaker),
    )
    return int(added.lastrowid or 0)


def find(db: sqlite3.Connection, video_id: str, line_id: int) -> Row:
    """A line, also one that was removed: what `listed` has, and `deleted`. Raises NotFound."""
    row = db.execute(
        f"SELECT {_SHOWN}, deleted FROM lines WHERE id = ? AND video_id = ?", (line_id, video_id)
    ).fetchone()
    if row is None:
        raise NotFound("Somebody removed this line meanwhile.")
    return dict(row)


def current(db: sqlite3.Connection, video_id: str, line_id: int, base_version: int | None = None) -> Row:
    """A line that is to be changed. Raises NotFound, Conflict."""
    line = find(db, video_id, line_id)
    if line["deleted"]:
        raise NotFound("Somebody removed this line meanwhile.")
    if base_version is not None and line["version"] != base_version:
        raise Conflict("Somebody changed this line meanwhile.", line)
    return line


def _append(
    db: sqlite3.Connection, video_id: str, line_id: int, op: str, before: Row | None, annotator: str, edit_id: str = ""
) -> None:
    after = find(db, video_id, line_id)
    db.execute(
        "INSERT INTO line_revisions (video_id, line_id, op, before, after, annotator, at, edit_id) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (video_id, line_id, op, before and json.dumps(before), json.dumps(after), annotator, now(), edit_id),
    )


def search(db: sqlite3.Connection, asked: TextQuery, videos: Sequence[str] | None = None) -> list[Row]:
    """The lines that say what is asked, best first: `video_id`, `start_us`, `end_us`, `text` and `score` in 0…1; see
    `text_search.search`."""
    shown = "lines.video_id, lines.start_us, lines.end_us, lines.text"
    return text_search.search(db, asked, "spoken", "lines", shown, videos)
