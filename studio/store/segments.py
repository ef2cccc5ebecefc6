"""Segments of the whole library (annotations, predictions that timelines have and nobody made an annotation of, lines
of transcripts) that fulfil conditions."""

import json
import math
import sqlite3
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from studio.store import people, stored
from studio.store.readers import OPENLY, SEEN, Reader, parameters
from studio.store.runs import SHOWN_RUNS
from studio.timeline import ON_SCREEN, SOURCES, values_of

Row = dict[str, Any]
UNDECIDED, REJECTED, LINE = "undecided", "rejected", "line"
STATUSES = (*SOURCES, UNDECIDED, REJECTED, LINE)
"""What a segment is: the sources of annotations, predictions by what was decided, and lines of a transcript."""
SPEECH = "Speech"
"""The row of the lines of a transcript; assets/web/js/model/line-items.js has the same."""
ATTRIBUTE = "attribute:"
KEYS = ("track", "annotator", "label")
"""What two segments can be the same in, beside an attribute, `attribute:NAME`."""
_KINDS = ("annotation", "prediction", "line")
_TEXTS_CACHED = 50_000
_CHOICES = 1_000  # of each kind, the most frequent ones
_AT_ONCE = 500  # that SQLite is asked for by their numbers


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a segment must fulfil; what is empty lets all through.

    `labels`, `tracks` and `annotators`: it has one of them. `text` is contained in its label or its note, `note` in its
    note, without regard to case and accents. `attributes`: it has each name, with this value ("" for any; `2..5`,
    `2..` and `..5` for numbers from, to; of several values, or of
    one that changes within it, one is it). `statuses` are those of STATUSES; none means every annotation. It lasts at
    least `shortest_us` and at most `longest_us`, both included. `videos` are ids; `name` is contained in that of its
    video.
    """

    labels: tuple[str, ...] = ()
    text: str = ""
    note: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    annotators: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    tracks: tuple[str, ...] = ()
    shortest_us: int = 0
    longest_us: int | None = None
    videos: tuple[str, ...] = ()
    name: str = ""


_ANNOTATIONS = f"""
SELECT a.rowid AS number, a.id, v.rowid AS video, a.video_id, a.start_us, a.end_us, a.track, a.label, a.note,
    a.source AS status, a.annotator, a.edited_by, a.attributes, NULL AS score, a.prediction_id
FROM annotations a JOIN videos v ON v.id = a.video_id AND v.removed IS NULL
WHERE NOT a.deleted AND {SEEN}
"""
_PREDICTIONS = f"""
SELECT p.rowid AS number, p.id, v.rowid AS video, v.id AS video_id, p.start_us, p.end_us,
    CASE WHEN v.id IN (SELECT video_id FROM people) THEN row_of(v.id, p.track, p.start_us) ELSE p.track END AS track,
    p.label, '' AS note, coalesce((SELECT a.verdict FROM verdicts a WHERE a.prediction_id = p.id AND {SEEN}
        AND (:admin OR a.annotator = :reader OR {OPENLY.format("a")})
        ORDER BY a.seq DESC LIMIT 1), '{UNDECIDED}') AS status,
    NULL AS annotator, '' AS edited_by, '{{}}' AS attributes, p.score, NULL AS prediction_id
FROM shown s JOIN predictions p ON p.run_id = s.id JOIN videos v ON v.id = s.video_id
"""
_LINES = f"""
SELECT l.id AS number, 'line:' || l.id AS id, v.rowid AS video, l.video_id, l.start_us, l.end_us, '{SPEECH}' AS track,
    l.text AS label, '' AS note, '{LINE}' AS status, nullif(l.annotator, '') AS annotator, '' AS edited_by,
    CASE l.speaker WHEN '' THEN '{{}}' ELSE json_object('speaker', l.speaker) END AS attributes, NULL AS score,
    NULL AS prediction_id
FROM lines l JOIN videos v ON v.id = l.video_id AND v.removed IS NULL
WHERE NOT l.deleted AND l.end_us > l.start_us
"""


def select(
    db: sqlite3.Connection, wanted: Conditions, keys: Sequence[str] = (), reader: Reader | None = None
) -> list[tuple[Any, ...]]:
    """The segments that fulfil conditions, as far as a reader may see them: (identity, number of the video, start, end
    in µs, and for each of `keys` (see KEYS) its text, None where it has none). What an identity stands for, `details`
    says."""
    _define(db)
    statuses = set(wanted.statuses or SOURCES)
    found: list[tuple[Any, ...]] = []
    for kind, statement in enumerate(_statements(statuses)):
        if statement is None:
            continue
        where, values = _where(wanted)
        values |= parameters(reader)
        named = {each for each in statuses if (each in SOURCES) == (kind == 0)}
        where += [f"status IN ({_listed('status', sorted(named), values)})"] if named else []
        columns = [
            f"{len(_KINDS)} * number + {kind}",
            "video",
            "start_us",
            "end_us",
            *(_column(key, n, values) for n, key in enumerate(keys)),
        ]
        head = f"WITH {SHOWN_RUNS}, " if kind == 1 else "WITH "
        asked = f"{head}each AS ({statement}) SELECT {', '.join(columns)} FROM each WHERE {' AND '.join(where)}"
        cursor = db.cursor()
        cursor.row_factory = None
        found += cursor.execute(asked, values).fetchall()
    return found


def details(db: sqlite3.Connection, identities: Iterable[int], reader: Reader | None = None) -> dict[int, Row]:
    """What segments of `select` say to the same reader, by their identities, in the same snapshot: `kind` (annotation,
    prediction or line), `id`, `video_id`, `start_us`, `end_us`, `track`, `label`, `note`, `status`, `annotator`,
    `edited_by`, `attributes` and `score` (None where it has none)."""
    _define(db)
    found: dict[int, Row] = {}
    wanted = sorted(set(identities))
    for kind, (name, table, statement) in enumerate(zip(_KINDS, ("a.rowid", "p.rowid", "l.id"), _ALL, strict=True)):
        numbers = [each // len(_KINDS) for each in wanted if each % len(_KINDS) == kind]
        for begin in range(0, len(numbers), _AT_ONCE):
            listed = ", ".join(str(number) for number in numbers[begin : begin + _AT_ONCE])
            head = f"WITH {SHOWN_RUNS} " if kind == 1 else ""
            joint = "WHERE" if kind == 1 else "AND"
            for row in db.execute(f"{head}{statement} {joint} {table} IN ({listed})", parameters(reader)):
                known = {key: row[key] for key in row.keys() if key not in ("number", "video")}  # noqa: SIM118
                attributes = stored.value(row["attributes"], dict, name + "s", row["id"]) or {}
                facts = {"kind": name, "annotator": row["annotator"] or "", "attributes": attributes}
                found[len(_KINDS) * row["number"] + kind] = {**known, **facts}
    return found


def choices(db: sqlite3.Connection, reader: Reader | None = None) -> Row:
    """What there is to choose from, as far as a reader may see it, the most frequent first: `labels` and `tracks` of
    annotations and of predictions that timelines have, `annotators`, and the names of `attributes`. Not what is written
    on screens."""
    values = {**parameters(reader), "texts": ON_SCREEN, "most": _CHOICES}
    own = f"FROM annotations a JOIN videos v ON v.id = a.video_id AND v.removed IS NULL WHERE NOT a.deleted AND {SEEN}"
    proposed = "FROM shown s JOIN predictions p ON p.run_id = s.id"

    def counted(asked: str) -> list[str]:
        rows = db.execute(
            f"WITH {SHOWN_RUNS} SELECT each, count(*) AS times FROM ({asked}) WHERE each <> '' "
            "GROUP BY each ORDER BY times DESC, each LIMIT :most",
            values,
        )
        return [row["each"] for row in rows]

    return {
        "labels": counted(f"SELECT a.label AS each {own} AND a.track <> :texts "
                          f"UNION ALL SELECT p.label {proposed} WHERE p.track <> :texts"),
        "tracks": counted(f"SELECT a.track AS each {own} UNION ALL SELECT p.track {proposed}"),
        "annotators": counted(f"SELECT a.annotator AS each {own}"),
        "attributes": counted(
            "SELECT j.key AS each FROM (SELECT iif(json_valid(a.attributes), a.attributes, '{}') AS kept "
            f"{own} AND a.attributes <> '{{}}'), json_each(kept) j"
        ),
    }  # fmt: skip


_ALL = (_ANNOTATIONS, _PREDICTIONS, _LINES)


def _statements(statuses: set[str]) -> list[str | None]:
    """Of each kind of segments the statement that lists them, None where none of it is wanted."""
    wanted = (statuses & set(SOURCES), statuses & {UNDECIDED, REJECTED}, statuses & {LINE})
    return [statement if named else None for statement, named in zip(_ALL, wanted, strict=True)]


def _where(wanted: Conditions) -> tuple[list[str], dict[str, Any]]:
    values: dict[str, Any] = {
        "text": plain(wanted.text), "note": plain(wanted.note), "name": plain(wanted.name),
        "shortest": wanted.shortest_us, "longest": wanted.longest_us,
    }  # fmt: skip
    where = ["track IS NOT NULL"]
    lists = {"label": wanted.labels, "track": wanted.tracks, "annotator": wanted.annotators, "video_id": wanted.videos}
    where += [f"{name} IN ({_listed(name, listed, values)})" for name, listed in lists.items() if listed]
    if wanted.shortest_us:
        where.append("end_us - start_us >= :shortest")
    if wanted.longest_us is not None:
        where.append("end_us - start_us <= :longest")
    if values["text"]:
        where.append("(instr(plain(label), :text) OR (note <> '' AND instr(plain(note), :text)))")
    if values["note"]:
        where.append("note <> '' AND instr(plain(note), :note)")
    if values["name"]:
        where.append("video IN (SELECT rowid FROM videos WHERE instr(plain(videos.name), :name))")
    for number, (name, value) in enumerate(wanted.attributes):
        values |= {f"attribute{number}": name, f"value{number}": value}
        where.append(f"has_attribute(attributes, :attribute{number}, :value{number})")
    return where, values


def _listed(name: str, texts: Sequence[str], values: dict[str, Any]) -> str:
    """Texts as the inside of IN; there may be more of them than SQLite has variables."""
    values[f"{name}_list"] = json.dumps(list(texts))
    return f"SELECT value FROM json_each(:{name}_list)"


def _column(key: str, number: int, values: dict[str, Any]) -> str:
    if key in KEYS:
        return key
    values[f"key{number}"] = key.removeprefix(ATTRIBUTE)
    return f"attribute_of(attributes, :key{number})"


def _define(db: sqlite3.Connection) -> None:
    """Give SQL the functions that conditions are said with."""
    people.define_row_of(db)
    db.create_function("plain", 1, plain, deterministic=True)
    db.create_function("attribute_of", 2, _attribute_of, deterministic=True)
    db.create_function("has_attribute", 3, _has_attribute, deterministic=True)


@lru_cache(_TEXTS_CACHED)
def plain(text: str) -> str:
    """A text without case, accents and more than one blank in a row."""
    bare = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFC", bare).casefold().split())


@lru_cache(1_000)
def _loaded(attributes: str) -> Mapping[str, Any]:
    try:
        value = json.loads(attributes)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _attribute_of(attributes: str, name: str) -> str | None:
    """The value of an attribute as two segments may share it; None where there is none."""
    value = _loaded(attributes).get(name)
    return None if value is None else json.dumps(_plain_numbers(value), sort_keys=True)


def _plain_numbers(value: Any) -> Any:
    """A value in which 3.0 is 3, as JSON would write them otherwise."""
    if isinstance(value, list):
        return [_plain_numbers(each) for each in value]
    if isinstance(value, dict):
        return {name: _plain_numbers(each) for name, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _has_attribute(attributes: str, name: str, wanted: str) -> bool:
    known = _loaded(attributes)
    if name not in known:
        return False
    said = [one for each in values_of(known[name]) for one in (each if isinstance(each, list) else [each])]
    return not wanted or any(_is(each, wanted) for each in said)


def _is(value: Any, wanted: str) -> bool:
    """Whether a value is what a person typed: a number or a range of numbers, or a text without regard to case. Files
    of many formats have numbers as texts."""
    if isinstance(value, bool):
        return plain(wanted) in (("true", "yes") if value else ("false", "no"))
    low, dots, high = wanted.partition("..")
    bounds = _number(low, -math.inf), _number(high if dots else low, math.inf)
    number = _number(value, math.nan) if isinstance(value, str) else value
    if isinstance(number, int | float) and None not in bounds:
        return bool(bounds[0] <= number <= bounds[1])  # type: ignore[operator]
    return plain(value if isinstance(value, str) else json.dumps(value)) == plain(wanted)


def _number(text: str, empty: float) -> float | None:
    try:
        return float(text) if text.strip() else empty
    except ValueError:
        return None
