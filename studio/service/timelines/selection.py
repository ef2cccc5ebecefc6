"""What is decided at once about moments of many videos: one step, which is taken back as a whole."""

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import normalize

from studio.config import Limits
from studio.errors import NotFound, UsageError
from studio.service.accounts.rights import OWNER, Actor, layer_of
from studio.service.timelines import edits
from studio.store import Store, annotations, people, runs, videos
from studio.timeline import phases, seconds, to_dict

Row = dict[str, Any]
ROW = "Moments"  # of what is marked where no row is named
STEP_CHARS = 48  # of the name of a step; its edits and those that take it back are named after it


@dataclass(frozen=True, slots=True)
class Selected:
    """Moments: annotations and predictions by their ids, and stretches of footage, (video id, start_us, end_us)."""

    annotations: Sequence[str] = ()
    predictions: Sequence[str] = ()
    footage: Sequence[tuple[str, int, int]] = ()

    def __len__(self) -> int:
        return len(self.annotations) + len(self.predictions) + len(self.footage)


class Selections:
    """Labels and verdicts for moments of a library."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def label(self, chosen: Selected, label: str, row: str, step: str, annotator: str = "", by: Actor = OWNER) -> Row:
        """Give all of them a label: annotations are renamed, predictions that nobody decided about accepted under it on
        their own rows, and footage gets an annotation on the timeline's row `row`, unless one of those has its times.
        Returns how many are `done`, how many were `left` because they had it or were decided, how many were `refused`,
        and `problems`, a sentence for each kind of refusal.

        `step` names it for `undo`; what was done under that name is not done again. Raises UsageError.
        """
        label, row = normalize("NFC", label.strip()), normalize("NFC", row.strip()) or ROW
        self._check(chosen, step)
        if not label or len(label) > self._limits.label_chars:
            raise UsageError(f"A label has 1 to {self._limits.label_chars} letters.")

        def work(db: sqlite3.Connection) -> Row:
            marked = _spans(db, chosen)
            wanted = [
                *(_renamed(db, each, label, by) for each in chosen.annotations),
                *(_accepted(db, each, label, annotator) for each in chosen.predictions),
                *(None if each in marked else _marked(db, each, label, row, by) for each in chosen.footage),
            ]
            return self._apply(db, wanted, step, annotator, by)

        return self._store.write(work)

    def reject(self, chosen: Sequence[str], step: str, annotator: str = "", by: Actor = OWNER) -> Row:
        """Reject predictions that nobody decided about; answers as `label`. Raises UsageError."""
        self._check(Selected(predictions=chosen), step)

        def work(db: sqlite3.Connection) -> Row:
            return self._apply(db, [_rejected(db, each, annotator) for each in chosen], step, annotator, by)

        return self._store.write(work)

    def undo(self, step: str, annotator: str = "", by: Actor = OWNER) -> Row:
        """Take back what this annotator did in a step; what was changed since stays as it is. Answers as `label`.
        Raises UsageError, NotFound for a step that is not theirs."""
        self._check(Selected(), step)

        def work(db: sqlite3.Connection) -> Row:
            made = annotations.edits_named(db, f"{step}:", annotator)
            if not made:
                raise NotFound("There is nothing to take back; it was done by somebody else, or not at all.")
            return self._apply(db, [_inverse(db, each, annotator) for each in made], f"undo {step}", annotator, by)

        return self._store.write(work)

    def _check(self, chosen: Selected, step: str) -> None:
        if not step or len(step) > STEP_CHARS or ":" in step:
            raise UsageError(f"A step needs a name of up to {STEP_CHARS} letters, without a colon.")
        if len(chosen) > self._limits.edits_per_save:
            raise UsageError(f"Choose at most {self._limits.edits_per_save:,} moments at once.")

    def _apply(
        self, db: sqlite3.Connection, wanted: Iterable[tuple[str, Row] | None], step: str, annotator: str, by: Actor
    ) -> Row:
        """Do edits, each with its video; None is one that is not needed."""
        of_video: dict[str, list[Row]] = {}
        left = 0
        for number, each in enumerate(wanted):
            if each is None:
                left += 1
                continue
            video, edit = each
            of_video.setdefault(video, []).append({**edit, "edit_id": f"{step}:{number}"})
        done, problems = 0, []
        for video, listed in of_video.items():
            answers = edits.apply(db, videos.get(db, video), listed, annotator, self._limits, by)
            done += sum(answer["ok"] for answer in answers)
            problems += [answer["error"] for answer in answers if not answer["ok"]]
        return {"done": done, "left": left, "refused": len(problems), "problems": list(dict.fromkeys(problems))}


def _spans(db: sqlite3.Connection, chosen: Selected) -> set[tuple[str, int, int]]:
    """The videos and times of the annotations and predictions that are chosen."""
    made = [(annotations.video_of(db, each), annotations.get(db, each).segment) for each in chosen.annotations]
    found = [(video, p.segment) for video, p in (runs.prediction(db, each) for each in chosen.predictions)]
    return {(video, segment.start, segment.end) for video, segment in (*made, *found)}


def _renamed(db: sqlite3.Connection, annotation_id: str, label: str, by: Actor) -> tuple[str, Row] | None:
    made = annotations.get(db, annotation_id)
    video = annotations.video_of(db, annotation_id)
    if layer_of(by, videos.get(db, video)) not in (None, made.annotator) or made.deleted:
        raise NotFound("One of these annotations is no longer in the library; look at the map as it is now.")
    if made.label == label:
        return None
    return video, {**to_dict(made), "op": "update", "base_version": made.version, "label": label}


def _accepted(db: sqlite3.Connection, prediction_id: str, label: str, annotator: str) -> tuple[str, Row] | None:
    video, found = runs.prediction(db, prediction_id)
    row = people.row_of(people.of_video(db, video)["names"], found.track, found.segment.start)
    if row is None or _verdict_on(db, video, prediction_id, annotator):
        return None
    payload = found.payload or {}
    attributes = {**(phases(payload, found.segment) or {}), **({"box": payload["box"]} if "box" in payload else {})}
    made = _created(row, label, found.segment.start, found.segment.end)
    return video, {**made, "source": "accepted", "prediction_id": prediction_id, "attributes": attributes}


def _rejected(db: sqlite3.Connection, prediction_id: str, annotator: str) -> tuple[str, Row] | None:
    video, _ = runs.prediction(db, prediction_id)
    return None if _verdict_on(db, video, prediction_id, annotator) else (video, _judged(prediction_id, "rejected"))


def _verdict_on(db: sqlite3.Connection, video_id: str, prediction_id: str, annotator: str) -> str:
    """The verdict that holds for this annotator: where annotators work independently, their own."""
    independent = videos.get(db, video_id)["independent"]
    return annotations.verdict_on(db, prediction_id, annotator if independent else None, annotator)


def _marked(
    db: sqlite3.Connection, stretch: tuple[str, int, int], label: str, row: str, by: Actor
) -> tuple[str, Row] | None:
    video, start, end = stretch
    if annotations.stands(db, video, (start, end), row, label, layer_of(by, videos.get(db, video))):
        return None
    return video, {**_created(row, label, start, end), "source": "manual"}


def _created(row: str, label: str, start_us: int, end_us: int) -> Row:
    span = {"start": seconds(start_us), "end": seconds(end_us)}
    return {"op": "create", "base_version": 0, "id": str(uuid.uuid4()), "track": row, "label": label, **span}


def _judged(prediction_id: str, verdict: str) -> Row:
    return {"op": "verdict", "prediction_id": prediction_id, "verdict": verdict}


def _inverse(db: sqlite3.Connection, made: Row, annotator: str) -> tuple[str, Row] | None:
    """What takes an edit back; None where it was changed since."""
    video = made["video_id"]
    if made["annotation_id"] is None:
        stands = _verdict_on(db, video, made["prediction_id"], annotator) == "rejected"
        return (video, _judged(made["prediction_id"], "")) if stands else None
    edit = annotations.saved_edit(db, made["edit_id"])
    now = annotations.get(db, made["annotation_id"])
    if edit is None or edit.after is None or now.version != edit.after.version:
        return None
    if edit.before is None:
        return video, {**to_dict(now), "op": "delete", "base_version": now.version}
    return video, {**to_dict(edit.before), "op": "update", "base_version": now.version}
