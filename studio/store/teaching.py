"""What people said of a label, for a detector to learn from."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from studio.store import absences, preferences
from studio.store.readers import OPENLY, SEEN, Reader, parameters
from studio.timeline import ON_SCREEN
from studio.timeline.spans import Span, distinct

Row = dict[str, Any]
FOUND_BY, SAMPLE = "found_by", "random sample"
"""The attribute of an annotation that chance found, and its value: what is left is estimated without it."""
KEY_OF = "sample of "
"""How the preference is called that says of a renamed label what its sample is drawn by."""


MOVED_BY = """
(SELECT m.annotator FROM revisions m WHERE m.annotation_id = a.id AND json_valid(m.after) AND (m.before IS NULL OR
    (json_valid(m.before) AND (json_extract(m.before, '$.start_us'), json_extract(m.before, '$.end_us'))
    <> (json_extract(m.after, '$.start_us'), json_extract(m.after, '$.end_us')))) ORDER BY m.seq DESC LIMIT 1)
"""
"""SQL: who last moved annotation `a`, or made it; a label that was renamed for all moved nothing."""


_SAME = (
    "2 * (min(k.end_us, p.end_us) - max(k.start_us, p.start_us)) > min(k.end_us - k.start_us, p.end_us - p.start_us)"
)
KNOWN = f"""
(s.task = 'detection' AND (SELECT v.independent FROM videos v WHERE v.id = s.video_id) AND (
    EXISTS (SELECT 1 FROM annotations k WHERE k.video_id = s.video_id AND k.track = p.track AND k.label = p.label
        AND k.annotator = :reader AND NOT k.deleted AND {_SAME})
    OR EXISTS (SELECT 1 FROM runs r JOIN predictions k ON k.run_id = r.id JOIN verdicts d ON d.prediction_id = k.id
        WHERE r.video_id = s.video_id AND k.track = p.track AND k.label = p.label AND d.annotator = :reader
        AND d.verdict = 'rejected' AND {_SAME})
    OR EXISTS (SELECT 1 FROM reviewed k WHERE k.video_id = s.video_id AND k.track IN ('', p.track)
        AND k.annotator = :reader AND {_SAME})
    OR EXISTS (SELECT 1 FROM absences k WHERE k.video_id = s.video_id AND k.track = p.track AND k.label = p.label
        AND k.annotator = :reader AND 4 * min(k.time_us - p.start_us, p.end_us - k.time_us) > p.end_us - p.start_us)))
"""
"""SQL: whether prediction `p` of run `s`, of a label that was learned, is a moment about which the reader said
something where annotators work independently. Such a run says the same to all, so each one's list goes without these;
`_SAME` is `spans.is_same`."""


def known(db: sqlite3.Connection, runs: Sequence[str], reader: str) -> set[str]:
    """Which predictions of these runs are known to a reader (`KNOWN`), by their ids."""
    asked = (
        "SELECT p.id FROM runs s JOIN predictions p ON p.run_id = s.id "
        f"WHERE s.id IN (SELECT value FROM json_each(:runs)) AND {KNOWN}"
    )
    return {row["id"] for row in db.execute(asked, {"runs": json.dumps(list(runs)), "reader": reader})}


def _unshifted(edge: str) -> str:
    """Where a model by itself had put a boundary of prediction `p` of run `r`, before the run's shift: as the
    prediction says itself, since one that was drawn to a cut or lies at an end of its video was not shifted; of an
    older prediction, the shift's length away."""
    return (
        f"coalesce(CASE WHEN json_valid(p.payload) THEN json_extract(p.payload, '$.unshifted.{edge}') END, p.{edge}_us "
        f"- coalesce(CAST(round(1e6 * json_extract(r.params, '$.shift.{edge}')) AS INTEGER), 0))"
    )


def _box(place: str) -> str:
    """SQL: which box over time a JSON object is about."""
    return f"CASE WHEN json_valid({place}) THEN json_extract({place}, '$.box') END AS box"


def positives(db: sqlite3.Connection, label: str, track: str | None, reader: Reader | None = None) -> list[Row]:
    """The annotations with a label (on one track, or None: on any) that stand and that a reader may see: `id`,
    `version`, `video_id`, `track`, `start_us`, `end_us`; and of the prediction that one corrects or accepts, where its
    model had put it by itself, `from_us` and `to_us` (None where there is none), and who has it where it is now,
    `moved_by`; and the `box` over time that it is about, or None."""
    rows = db.execute(
        f"SELECT a.id, a.version, a.video_id, a.track, a.start_us, a.end_us, {_box('a.attributes')}, "
        f"{_unshifted('start')} AS from_us, {_unshifted('end')} AS to_us, {MOVED_BY} AS moved_by "
        "FROM annotations a JOIN videos v ON v.id = a.video_id AND v.removed IS NULL "
        "LEFT JOIN predictions p ON p.id = a.prediction_id AND EXISTS (SELECT 1 FROM runs o WHERE o.id = p.run_id "
        "AND o.video_id = a.video_id) LEFT JOIN runs r ON r.id = p.run_id "  # other cameras count time from elsewhere
        f"WHERE a.label = :label AND (:track IS NULL OR a.track = :track) AND NOT a.deleted AND {SEEN} "
        "ORDER BY a.video_id, a.start_us",
        {**parameters(reader), "label": label, "track": track},
    )
    return [dict(row) for row in rows]


def rejected(db: sqlite3.Connection, label: str, track: str | None, reader: Reader | None = None) -> list[Row]:
    """The predictions of a label that were rejected last, by anybody whose verdict a reader may see: `id`, `video_id`,
    `start_us`, `end_us`, and the `box` over time that each is about, or None."""
    rows = db.execute(
        f"SELECT p.id, r.video_id, p.start_us, p.end_us, {_box('p.payload')} "
        "FROM predictions p JOIN runs r ON r.id = p.run_id "
        "JOIN videos v ON v.id = r.video_id AND v.removed IS NULL "
        "WHERE p.label = :label AND (:track IS NULL OR p.track = :track) AND 'rejected' = "
        f"(SELECT a.verdict FROM verdicts a WHERE a.prediction_id = p.id AND {SEEN} "
        f"AND (:admin OR a.annotator = :reader OR {OPENLY.format('a')}) ORDER BY a.seq DESC LIMIT 1) "
        "ORDER BY r.video_id, p.start_us",
        {**parameters(reader), "label": label, "track": track},
    )
    return [dict(row) for row in rows]


def rows_of_boxes(db: sqlite3.Connection) -> dict[str, str]:
    """On which row most segments about a box over time lie, by its id."""
    rows = db.execute(
        f"SELECT {_box('a.attributes')}, a.track, count(*) FROM annotations a WHERE NOT a.deleted "
        "GROUP BY 1, 2 HAVING box IS NOT NULL ORDER BY 3, a.track DESC"
    )
    return {str(box): track for box, track, _ in rows}


def labelled(db: sqlite3.Connection, track: str, label: str, reader: Reader | None = None) -> list[Row]:
    """The annotations of a label on a track that stand and that a reader may see: `video_id`, `start_us`, `end_us`, and
    whether each was found by a random sample (`sampled`)."""
    rows = db.execute(
        "SELECT a.video_id, a.start_us, a.end_us, CASE WHEN json_valid(a.attributes) THEN "
        "json_extract(a.attributes, :found_by) = :sample END AS sampled "
        "FROM annotations a JOIN videos v ON v.id = a.video_id AND v.removed IS NULL "
        f"WHERE a.label = :label AND a.track = :track AND NOT a.deleted AND {SEEN} ORDER BY a.video_id, a.start_us",
        {**parameters(reader), "label": label, "track": track, "found_by": f"$.{FOUND_BY}", "sample": SAMPLE},
    )
    return [{**dict(row), "sampled": bool(row["sampled"])} for row in rows]


def news(db: sqlite3.Connection, track: str, label: str, since: str, reader: Reader | None = None) -> int:
    """How often people said something of a label after a moment (as `now` says it), as far as a reader may know."""
    values = {**parameters(reader), "since": since, "track": track, "label": label}
    row = db.execute(
        "SELECT count(*) FROM revisions a JOIN videos v ON v.id = a.video_id "
        "LEFT JOIN annotations made ON made.id = a.annotation_id LEFT JOIN predictions p ON p.id = a.prediction_id "
        "WHERE a.at > :since AND (made.track = :track AND made.label = :label OR made.id IS NULL AND p.label = :label) "
        f"AND {SEEN}",
        values,
    ).fetchone()
    return int(row[0]) + absences.count_since(db, track, label, since, reader)


def sample_key(db: sqlite3.Connection, track: str, label: str) -> str:
    """What the random sample of a label is drawn by: a label that is renamed keeps its sample."""
    own = json.dumps([track, label])
    return preferences.text(db, f"{KEY_OF}{own}") or own


def relabel_samples(db: sqlite3.Connection, renames: Sequence[tuple[str, str, str]]) -> None:
    """As `annotations.relabel`, which comes after it. A label that is in use and takes another one in keeps its own."""
    from_ = {(track, label) for track, label, _ in renames}
    kept = [(track, to, sample_key(db, track, label)) for track, label, to in renames]
    for place in from_:
        preferences.choose(db, f"{KEY_OF}{json.dumps(place)}", "")
    used = (
        "SELECT EXISTS (SELECT 1 FROM annotations WHERE track = ?1 AND label = ?2 AND NOT deleted) "
        "OR EXISTS (SELECT 1 FROM absences WHERE track = ?1 AND label = ?2)"
    )
    for track, to, key in kept:
        if (track, to) in from_ or not db.execute(used, (track, to)).fetchone()[0]:
            preferences.choose(db, f"{KEY_OF}{json.dumps([track, to])}", key)


def newest_run(db: sqlite3.Connection, track: str, label: str) -> Row | None:
    """The newest run that looked for a label on a track: `created`, `model`, `model_version`, `params` and `payload` as
    JSON; None before it was taught."""
    row = db.execute(
        "SELECT created, model, model_version, params, payload FROM runs WHERE task = 'detection' AND query = :label "
        "AND CASE WHEN json_valid(params) THEN json_extract(params, '$.track') = :track END ORDER BY seq DESC LIMIT 1",
        {"label": label, "track": track},
    ).fetchone()
    return None if row is None else dict(row)


def counts(db: sqlite3.Connection, reader: Reader | None = None) -> list[Row]:
    """`track`, `label` and how many `moments` have it, in how many `videos`, the most used first; not the texts of
    ON_SCREEN. Of a video that is annotated independently a moment that several people marked counts once."""
    which = (
        "FROM annotations a JOIN videos v ON v.id = a.video_id AND v.removed IS NULL "
        f"WHERE NOT a.deleted AND a.label <> '' AND a.track <> :texts AND {SEEN}"
    )
    values = {**parameters(reader), "texts": ON_SCREEN}
    marked: dict[tuple[str, str, str], list[Span]] = {}
    for row in db.execute(
        f"SELECT a.track, a.label, a.video_id, a.start_us, a.end_us {which} AND v.independent", values
    ):
        marked.setdefault((row["track"], row["label"], row["video_id"]), []).append((row["start_us"], row["end_us"]))
    again: Counter[tuple[str, str]] = Counter()
    for (track, label, _), spans in marked.items():
        again[track, label] += len(spans) - len(distinct(spans))
    rows = db.execute(
        "SELECT a.track, a.label, count(*) AS moments, count(DISTINCT a.video_id) AS videos "
        f"{which} GROUP BY a.track, a.label",
        values,
    )
    found = [{**dict(row), "moments": row["moments"] - again[row["track"], row["label"]]} for row in rows]
    return sorted(found, key=lambda row: (-row["moments"], row["label"]))
