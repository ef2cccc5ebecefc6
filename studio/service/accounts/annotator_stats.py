"""Who did how much, and how well people agree where they marked the same video."""

import sqlite3
from collections import defaultdict
from itertools import combinations
from statistics import fmean
from typing import Any

from studio.eval import agreement
from studio.store import Store, statistics
from studio.timeline import seconds

Row = dict[str, Any]


class AnnotatorStats:
    """The people of a library, by the names on their edits: an annotation is whose name stands on its last change."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def statistics(self) -> list[Row]:
        """One row a person, most edits first: `annotator`, `edits`, `last`; `manual`, `accepted`, `correction` and
        `import` (annotations that stand), `rejected` (predictions), `shift` (s, how far corrected boundaries moved on
        average, None without any)."""

        def work(db: sqlite3.Connection) -> list[Row]:
            people = {row["annotator"]: row for row in statistics.edits_by_annotator(db)}
            for person in people.values():
                person |= {"manual": 0, "accepted": 0, "correction": 0, "import": 0, "rejected": 0, "shift": None}
            for annotator, source, count in statistics.annotations_by_annotator(db):
                people[annotator][source] = count
            for annotator, count in statistics.rejections_by_annotator(db):
                people[annotator]["rejected"] = count
            for annotator, shift in statistics.shift_by_annotator(db):
                people[annotator]["shift"] = round(shift / 1e6, 3)
            return sorted(people.values(), key=lambda person: -person["edits"])

        return self._store.read(work)

    def agreement(self, track: str = "") -> Row:
        """How well each two people agree: `people`, `tracks` that two of them marked, and `pairs` with `one`, `other`,
        `videos` that both marked, `segments` in pairs, `iou` (mean over the paired segments, those without a partner
        count as 0), `kappa` (over time, mean of the videos), `start` and `end` (s, mean distance of paired boundaries).
        With `track` only that one counts.
        """
        marks: dict[str, dict[tuple[str, str], list[agreement.Marked]]] = defaultdict(lambda: defaultdict(list))
        durations: dict[str, int] = {}
        for row in self._store.read(statistics.named_segments):
            durations[row["video_id"]] = row["duration_us"]
            place = row["video_id"], row["track"]
            marks[row["annotator"]][place].append((row["label"], row["start_us"], row["end_us"]))
        shared = {(a, b): marks[a].keys() & marks[b].keys() for a, b in combinations(sorted(marks), 2)}
        tracks = sorted({place[1] for places in shared.values() for place in places})
        pairs = []
        for (one, other), places in shared.items():
            kept = sorted(place for place in places if track in ("", place[1]))
            if kept:
                sides = [(marks[one][place], marks[other][place], durations[place[0]]) for place in kept]
                pairs.append({"one": one, "other": other, "videos": len({place[0] for place in kept}), **_agree(sides)})
        return {
            "people": sorted({pair[who] for pair in pairs for who in ("one", "other")}),
            "tracks": tracks,
            "pairs": pairs,
        }


def _agree(sides: list[tuple[list[agreement.Marked], list[agreement.Marked], int]]) -> Row:
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
