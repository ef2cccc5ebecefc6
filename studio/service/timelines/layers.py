"""The layers of a video, one an annotator: who sees whose, and who is done."""

import sqlite3
from collections.abc import Callable
from typing import Any

from studio.errors import UsageError
from studio.eval.agreement import Marked, compared
from studio.service.accounts.annotator_stats import agree
from studio.service.accounts.rights import OWNER, Actor, layer_of, need, why_not
from studio.store import Store, annotations, finished, statistics, videos
from studio.timeline import Annotation, to_dict

Row = dict[str, Any]
ADJUDICATED = "adjudicated_from"
"""The attribute of what an adjudicator decided: the ids of the annotations that it came from. The page writes it."""


class Layers:
    """The layers of the videos of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def annotators(self, video_id: str, by: Actor = OWNER) -> Row:
        """`independent`, whether annotators see their own work only; `fixed`, why this person cannot change that, ""
        where they can; `annotators` whose work they may see: see `store.finished.annotators`."""

        def work(db: sqlite3.Connection) -> Row:
            row = videos.get(db, video_id)
            layer = layer_of(by, row)
            found = finished.annotators(db, video_id)
            return {
                "independent": bool(row["independent"]),
                "fixed": _fixed(by, row),
                "annotators": [each for each in found if layer in (None, each["annotator"])],
            }

        return self._store.read(work)

    def set_independent(self, video_id: str, independent: bool, by: Actor = OWNER) -> None:
        """Say whether the annotators of a video see their own work only; what they made stays theirs either way.

        Raises NotFound, PermissionDenied.
        """

        def work(db: sqlite3.Connection) -> None:
            need(by, _WHAT, videos.get(db, video_id)["added_by"])
            finished.set_independent(db, video_id, independent)

        self._store.write(work)

    def set_done(self, video_id: str, annotator: str, done: bool) -> None:
        """Say whether somebody is done with a video; they may go on all the same.

        Raises NotFound, UsageError without a name.
        """
        if not annotator:
            raise UsageError("Give your name at the top of the page first, so that others know who is done.")

        def work(db: sqlite3.Connection) -> None:
            videos.get(db, video_id)
            finished.set_done(db, video_id, annotator, done)

        self._store.write(work)

    def compare(self, video_id: str, one: str, other: str, by: Actor = OWNER) -> Row:
        """What two annotators marked, side by side: `one` and `other`, their annotations; `found`, a row for each thing
        that either marked, in order of time: `kind` (“same”, “boundary”, “label”, “one” or “other”: only that one
        marked it), `track`, `one` and `other` (ids or None), `iou`; `agreement`, as `annotator_stats.agree` says it,
        over all tracks, of independent work, and `left_out`, how many segments both worked on, which it leaves out.

        What came of an earlier comparison is nobody's layer. Raises NotFound, PermissionDenied, UsageError.
        """
        if one == other:
            raise UsageError("Choose two different annotators to compare.")

        def work(db: sqlite3.Connection) -> Row:
            row = videos.get(db, video_id)
            if row["independent"]:
                need(by, "compare what annotators of this video made independently", row["added_by"])
            layers = [_layer(db, video_id, who) for who in (one, other)]
            for who, layer in zip((one, other), layers, strict=True):
                if not layer:
                    raise UsageError(f"“{who or 'no name'}” has marked nothing in this video yet.")
            touched = statistics.touched_by(db, video_id)
            return _compared(layers[0], layers[1], row["duration_us"], lambda a: not {one, other} <= touched[a.id])

        return self._store.read(work)


def _layer(db: sqlite3.Connection, video_id: str, annotator: str) -> list[Annotation]:
    return [a for a in annotations.of_video(db, video_id, annotator) if ADJUDICATED not in a.attributes]


def _compared(
    ones: list[Annotation], others: list[Annotation], duration_us: int, is_own: Callable[[Annotation], bool]
) -> Row:
    found, sides = [], []
    for track in sorted({a.track for a in (*ones, *others)}):
        mine, theirs = ([a for a in layer if a.track == track] for layer in (ones, others))
        sides.append(([_marked(a) for a in mine if is_own(a)], [_marked(a) for a in theirs if is_own(a)], duration_us))
        for each in compared([_marked(a) for a in mine], [_marked(a) for a in theirs]):
            pair = [None if n is None else side[n] for side, n in ((mine, each.one), (theirs, each.other))]
            start = min(a.segment.start for a in pair if a)
            ids = {name: a and a.id for name, a in zip(("one", "other"), pair, strict=True)}
            found.append((start, {"kind": each.kind, "track": track, **ids, "iou": round(each.iou, 3)}))
    return {
        "one": [to_dict(a) for a in ones],
        "other": [to_dict(a) for a in others],
        "found": [row for _, row in sorted(found, key=lambda each: each[0])],
        "agreement": {**agree(sides), "left_out": sum(not is_own(a) for a in (*ones, *others))},
    }


def _marked(a: Annotation) -> Marked:
    return a.label, a.segment.start, a.segment.end


_WHAT = "say whether annotators of this video work independently"


def _fixed(by: Actor, row: Row) -> str:
    return "" if by.owns(row["added_by"]) else why_not(_WHAT, row["added_by"])
