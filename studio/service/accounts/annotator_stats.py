"""Who did how much, and how well people agree where they marked the same video."""

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

from studio.eval import agreement, time_budget
from studio.eval.attribute_agreement import Side, attributes_agreed
from studio.eval.time_budget import Observation
from studio.service.accounts.rights import OWNER, Actor
from studio.store import Store, labels, review, statistics
from studio.store.review import Undecided
from studio.timeline import Segment, seconds

MOST_SHOWN = 12  # videos, and labels
Row = dict[str, Any]
_Work = dict[tuple[str, str], list[tuple[Row, set[str]]]]  # (video, track) → segments, each with who worked on it


class AnnotatorStats:
    """The people of a library, by the names on their edits; an annotation stays with who made it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def statistics(self) -> list[Row]:
        """One row a person, most edits first: `annotator`, `edits`, `last`; `videos` that they annotated, and with how
        many they are `done`; `manual`, `accepted`, `correction` and
        `import` (annotations that stand), `rejected` (predictions), `shift` (s, how far corrected boundaries moved on
        average, None without any)."""

        def work(db: sqlite3.Connection) -> list[Row]:
            people = {row["annotator"]: row for row in statistics.edits_by_annotator(db)}
            for person in people.values():
                person |= {"videos": 0, "done": 0}
                person |= {"manual": 0, "accepted": 0, "correction": 0, "import": 0, "rejected": 0, "shift": None}
            for annotator, source, count in statistics.annotations_by_annotator(db):
                people[annotator][source] = count
            for annotator, videos, done in statistics.videos_by_annotator(db):
                if annotator in people:  # being done with a video is no edit of it
                    people[annotator] |= {"videos": videos, "done": done}
            for annotator, count in statistics.rejections_by_annotator(db):
                people[annotator]["rejected"] = count
            for annotator, shift in statistics.shift_by_annotator(db):
                people[annotator]["shift"] = round(shift / 1e6, 3)
            return sorted(people.values(), key=lambda person: -person["edits"])

        return self._store.read(work)

    def progress(self, by: Actor = OWNER) -> Row:
        """How far a library is, as far as somebody may see it: how many `videos` there are, how many are `annotated`,
        how many `annotations` stand, how many predictions are `undecided` in how many videos (`waiting`), those with
        most of them (`wait`: `id`, `name`, `waiting`), and its most frequent `labels` (`label`, `videos`, `segments`,
        `duration` in s)."""

        def work(db: sqlite3.Connection) -> Row:
            waiting = review.waiting(db, Undecided(), by)["videos"]
            found = statistics.labels(db, MOST_SHOWN, by)
            return {
                "videos": statistics.counts(db)["videos"],
                **statistics.annotated(db, by),
                "undecided": sum(video["waiting"] for video in waiting),
                "waiting": len(waiting),
                "wait": [{key: v[key] for key in ("id", "name", "waiting")} for v in waiting[:MOST_SHOWN]],
                "labels": [
                    {
                        **{key: row[key] for key in ("label", "videos", "segments")},
                        "duration": seconds(row["duration_us"]),
                    }
                    for row in found
                ],
            }

        return self._store.read(work)

    def agreement(self, track: str = "", by: Actor = OWNER) -> Row:
        """How well each two people agree: `people`, `tracks` that two of them marked, and `pairs` with `one`, `other`,
        `videos` that both marked, `segments` in pairs, `iou` (mean over the paired segments, those without a partner
        count as 0), `kappa` (over time, mean of the videos), `start` and `end` (s, mean distance of paired boundaries),
        and of the `attributes` that both said something of in paired segments what `eval.attribute_agreement.Agreed`
        has.
        With `track` only that one counts.

        Only independent work is compared: what both worked on is neither's own. A pair's `left_out` says how many
        segments of the rows that are compared that were; `left_out` of all, how many segments several people worked on.
        """
        rows, touched = self._store.read(lambda db: (statistics.named_segments(db, by), statistics.touched_by(db)))
        works: dict[str, _Work] = defaultdict(lambda: defaultdict(list))
        durations = {row["video_id"]: row["duration_us"] for row in rows}
        for row in rows:
            works[row["annotator"]][row["video_id"], row["track"]].append((row, touched[row["id"]]))
        tracks: set[str] = set()
        pairs = []
        for one, other in combinations(sorted(works), 2):
            mine, theirs = _independent(works[one], other), _independent(works[other], one)
            places = sorted(mine.keys() & theirs.keys())
            tracks |= {place[1] for place in places}
            if kept := [place for place in places if track in ("", place[1])]:
                sides = [
                    (
                        [_marked(row) for row in mine[place]],
                        [_marked(row) for row in theirs[place]],
                        durations[place[0]],
                    )
                    for place in kept
                ]
                said = [pair for place in kept for pair in _paired(mine[place], theirs[place])]
                agreed = [_rounded(each._asdict()) for each in attributes_agreed(said)]
                both = {one, other}
                left_out = sum(both <= who for name in both for place in kept for _, who in works[name][place])
                videos = len({place[0] for place in kept})
                pairs.append(
                    {
                        "one": one,
                        "other": other,
                        "videos": videos,
                        "left_out": left_out,
                        **agree(sides),
                        "attributes": agreed,
                    }
                )
        return {
            "people": sorted({pair[who] for pair in pairs for who in ("one", "other")}),
            "tracks": sorted(tracks),
            "pairs": pairs,
            "left_out": sum(len(touched[row["id"]]) > 1 for row in rows if track in ("", row["track"])),
        }

    def time_budget(self, track: str = "", annotator: str | None = None, by: Actor = OWNER) -> Row:
        """How the time is spent, of one track and one annotator or of all: `labels` with `track`, `label`, `count`,
        `total` and `mean` (s), `share` (of the observed time) and `per_minute`, see `time_budget.Spent`; `transitions`
        with `track`, `label`, `next`, `count`, and their `share` of what follows that label. `videos` that count,
        `observed` (s, a video counts once for each annotator and track), and the `tracks` and `annotators` that there
        are to choose.
        """
        rows, schema = self._store.read(lambda db: (statistics.segments(db, by), labels.schema(db)))
        points = {(row["track"], row["label"]) for row in schema["labels"] if row["kind"] == "point"}
        seen: dict[str, dict[tuple[str, str], list[Row]]] = defaultdict(lambda: defaultdict(list))
        for row in rows:
            if track in ("", row["track"]) and annotator in (None, row["annotator"]):
                seen[row["track"]][row["video_id"], row["annotator"]].append(row)
        observed = {
            name: [
                Observation(found[0]["duration_us"], [(r["label"], r["start_us"], r["end_us"]) for r in found])
                for found in places.values()
            ]
            for name, places in sorted(seen.items())
        }
        return {
            "tracks": sorted({row["track"] for row in rows}),
            "annotators": sorted({row["annotator"] for row in rows}),
            "videos": len({video for places in seen.values() for video, _ in places}),
            "observed": seconds(sum(each.duration_us for found in observed.values() for each in found)),
            "labels": [_spent(name, row) for name, found in observed.items()
                       for row in time_budget.budget(found, {label for place, label in points if place == name})],
            "transitions": [row for name, found in observed.items() for row in _transitions(name, found)],
        }  # fmt: skip


def _spent(track: str, row: time_budget.Spent) -> Row:
    return {
        "track": track,
        "label": row.label,
        "count": row.count,
        "total": None if row.total_us is None else seconds(row.total_us),
        "mean": None if row.mean_us is None else round(row.mean_us / 1e6, 3),
        "share": None if row.share is None else round(row.share, 4),
        "per_minute": round(row.per_minute, 3),
    }


def _transitions(track: str, observed: Sequence[Observation]) -> list[Row]:
    found = time_budget.transitions(observed)
    follow: Counter[str] = Counter()
    for (label, _), count in found.items():
        follow[label] += count
    return [
        {"track": track, "label": label, "next": other, "count": count, "share": round(count / follow[label], 4)}
        for (label, other), count in found.items()
    ]


def _marked(row: Row) -> agreement.Marked:
    return row["label"], row["start_us"], row["end_us"]


def _paired(ones: Sequence[Row], others: Sequence[Row]) -> list[tuple[Side, Side]]:
    """The segments of two people that are paired, with their attributes."""
    found = agreement.compared([_marked(row) for row in ones], [_marked(row) for row in others])
    return [
        (_side(ones[each.one]), _side(others[each.other]))
        for each in found
        if each.kind in ("same", "boundary") and each.one is not None and each.other is not None
    ]


def _side(row: Row) -> Side:
    return Segment(row["start_us"], row["end_us"]), row["attributes"]


def _rounded(row: Row) -> Row:
    return {key: round(value, 3) if isinstance(value, float) else value for key, value in row.items()}


def _independent(work: "_Work", other: str) -> dict[tuple[str, str], list[Row]]:
    """What somebody marked, by video and track, without what a certain other person also worked on."""
    own = {place: [marked for marked, who in found if other not in who] for place, found in work.items()}
    return {place: marks for place, marks in own.items() if marks}


def agree(sides: Sequence[tuple[Sequence[agreement.Marked], Sequence[agreement.Marked], int]]) -> Row:
    """`segments`, `iou`, `kappa`, `start` and `end`, see `AnnotatorStats.agreement`, of what two people marked: their
    segments on each track of each video, and how long that lasts (µs)."""
    paired = [pair for one, other, _ in sides for pair in agreement.matched(one, other)]
    alone = sum(len(one) + len(other) for one, other, _ in sides) - 2 * len(paired)
    kappas = [k for one, other, duration in sides if (k := agreement.kappa(one, other, duration)) is not None]
    return {
        "segments": len(paired),
        "iou": round(sum(share for _, _, share in paired) / max(1, len(paired) + alone), 3),
        "kappa": round(fmean(kappas), 3) if kappas else None,
        "start": round(fmean(abs(seconds(a[1] - b[1])) for a, b, _ in paired), 3) if paired else None,
        "end": round(fmean(abs(seconds(a[2] - b[2])) for a, b, _ in paired), 3) if paired else None,
    }
