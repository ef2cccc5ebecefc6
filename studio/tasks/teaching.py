"""A label learned from what people said of it, and found in the whole library."""

import hashlib
import heapq
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from studio import models
from studio.atomic_files import write_atomic
from studio.errors import ModelUnavailable, UsageError
from studio.models import ModelCard, detection
from studio.models.detection import LabelDetector, Learned
from studio.tasks import tuning
from studio.tasks.boundaries import Snap, cuts
from studio.tasks.boundary_shift import Shift, shift_for
from studio.tasks.context import TaskContext, VideoRef
from studio.tasks.inside_boxes import INSIDE
from studio.tasks.lesson import Lesson, Place, Said, examples, is_read, places
from studio.tasks.modalities import modality_of, names, vision_key
from studio.tasks.query import encoder_key
from studio.timeline import MICROS, ModelRun, Prediction, Segment
from studio.timeline.spans import Span, is_same

TASK = "detection"
LEAST = 0.3  # chance of being right, below which a moment is not proposed
FEWEST, WORTH = 12, 0.05  # where fewer are, the likeliest others from this chance on are, too: to be told teaches most
MOST = 50  # proposals of one video
EDGE = 0.25  # share of a moment at each end in which an instant without the label says where it ends

JobOutput = tuple[dict[str, Any], list[ModelRun]]


@dataclass(frozen=True, slots=True)
class _Finder:
    """A detector, and what its runs say of it: `step`, `shift` and `note`."""

    detector: LabelDetector
    facts: Mapping[str, Any]


def teach(
    context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef], among: Sequence[VideoRef], deeper: bool = False
) -> JobOutput:
    """A label learned from those of the `videos` that are indexed, kept as a model of the library where it beats the
    label's words, and a run for each of those `among` that are indexed: what it finds there that nobody labelled,
    rejected or reviewed; in those that are independent all that it finds. `deeper`: the encoder's last layers are tuned
    on it, too, where that helps; on a GPU they are without being asked for. The dictionary is what `Teaching.teach`
    says of it, without the predictions.

    Raises UsageError where there is nothing to learn from, ModelUnavailable, Cancelled.
    """
    known = examples(context, lesson, videos)
    context.progress(0.1, "Learning")
    key, view, learned = detection.learn_best(
        known.views, known.together, progress=lambda done: context.progress(0.1 + 0.4 * done, "Learning")
    )
    tuned = _deeper(context, lesson, view, key, learned, deeper, videos)
    if tuned.learned is not None:
        learned, key = replace(tuned.learned, by_text=learned.by_text), encoder_key(tuned.encoder)
        unread = tuning.embed(context, context.model("text_video"), tuned.encoder, among, context.part(0.5, 0.6))
        tuned = replace(tuned, note=f"{tuned.note} {tuning.left_out(unread)}".strip())
    usual = shift_for("", lesson.decisions)  # what is kept is everybody's
    learned = replace(learned, weights=replace(learned.weights, shift=(usual.start_s, usual.end_s)))
    shift = shift_for(lesson.person, lesson.decisions)
    facts = _facts(lesson, known.said, key, learned, tuned.note)
    before = _tuned_before(context, lesson)
    card = _kept(context, lesson, learned, key, facts, tuned.upper)
    if before not in ("", key) and card.files:
        context.features.drop(before)  # nothing reads them any more
    detector = LabelDetector(card.name, card.version, key, lesson.label, learned.weights, learned.head)
    own, common = (_finder(detector, facts, each) for each in (shift, usual))
    runs = _looked(context, own, common, lesson, among, 0.6)
    return {**own.facts, "version": card.version, "note": f"{_found(lesson, runs)} {own.facts['note']}"}, runs


def _deeper(
    context: TaskContext, lesson: Lesson, view: detection.View, key: str, learned: Learned, asked: bool,
    videos: Sequence[VideoRef],
) -> tuning.Tuning:  # fmt: skip
    """The library's encoder tuned on a label, where somebody asked for it or it takes seconds, and if it beats what was
    learned of the view `key`. Raises UsageError, Cancelled."""
    if asked and lesson.inside:
        raise UsageError(
            "The encoder is tuned on whole frames, and this label is learned inside boxes; leave it as is."
        )
    encoder = context.model("text_video")
    if lesson.inside or not tuning.is_wanted(context, encoder, asked):
        return tuning.Tuning("")
    if modality := modality_of(key):
        how = modality.beside if vision_key(key) else modality.by
        return tuning.Tuning(f"The encoder was not tuned: the label is known best by {how}.")
    by_id = {video.id: video for video in videos}
    tuned = tuning.tune(context, encoder, view.text, view.videos, by_id, context.part(0.1, 0.5))
    if tuned.learned is not None and learned.step == "head" and _precision(tuned.learned) <= _precision(learned):
        context.features.drop(encoder_key(tuned.encoder))  # nothing reads them
        return tuning.Tuning("The encoder is left as it is: what is around the moments tells more than tuning it.")
    return tuned


def _precision(learned: Learned) -> float:
    return learned.measured.ap if learned.measured else 0.0


def measure_teaching(context: TaskContext, lesson: Lesson, videos: Sequence[VideoRef]) -> dict[str, Any]:
    """How good the label's detector is after so many examples: `label`, the `moments` that are known, `folds`,
    `repeats`, and `precision`, by the number of examples and the IoU, 0…1.

    Raises UsageError where there are too few to hold any out, ModelUnavailable, Cancelled.
    """
    known = examples(context, lesson, videos)
    _, view, _ = detection.learn_best(
        known.views, known.together, progress=lambda done: context.progress(0.3 * done, "Learning"), with_head=False
    )
    found = detection.learning_curve(
        view.text, view.videos, progress=lambda done: context.progress(0.3 + 0.7 * done, "Measuring")
    )
    if not found.precision:
        raise UsageError(
            f"“{lesson.label}” is labelled once, so nothing is left to measure it on; label it in a second place."
        )
    precision = {str(n): {str(at): round(ap, 4) for at, ap in by.items()} for n, by in found.precision.items()}
    moments = sum(len(video.truth) for video in view.videos)
    return {
        "label": lesson.label, "moments": moments, "folds": found.folds, "repeats": found.repeats,
        "precision": precision,
    }  # fmt: skip


def detect(context: TaskContext, name: str, lesson: Lesson, among: Sequence[VideoRef]) -> JobOutput:
    """What a detector of the library finds in each of those `among` that are indexed with its encoder, but for what the
    lesson says was decided of its label there; as `teach`, without learning anything.

    Raises UsageError where none is indexed, ModelUnavailable, Cancelled.
    """
    try:
        card = models.card(TASK, name, context.settings.models)
        detector: LabelDetector = models.load(TASK, name, "cpu", context.settings.models)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
    unread = 0
    if tuning.UPPER in card.files:
        encoder = context.model("text_video")
        better = tuning.encoder_of(encoder, detector.encoder, models.read(card, tuning.UPPER, context.settings.models))
        unread = tuning.embed(context, encoder, better, among, context.part(0.0, 0.5))
    note = f"{card.summary} {tuning.left_out(unread)}".strip()
    facts = {"step": detector.step, "modalities": names(detector.encoder), "note": note}
    own, common = (_finder(detector, facts, shift_for(who, lesson.decisions)) for who in (lesson.person, ""))
    runs = _looked(context, own, common, lesson, among, 0.0)
    if not runs and detector.encoder.endswith(INSIDE):
        raise UsageError(
            f"{name} looks inside boxes over time, and no indexed video has any; draw some (docs/boxes.md)."
        )
    modality, frames = modality_of(detector.encoder), vision_key(detector.encoder)
    if not runs and modality and (not frames or any(context.features.has(video.id, frames) for video in among)):
        raise UsageError(f"{name} needs {modality.needs}, and nothing here has it; {modality.cure}.")
    if not runs:
        raise UsageError(
            f"No video is indexed with {detector.encoder}, whose vectors {name} reads; choose that encoder on the "
            "Models page, or teach the label anew."
        )
    found = _found(lesson, runs)
    return {"label": lesson.label, "version": card.version, **own.facts, "note": f"{found} {own.facts['note']}"}, runs


def _finder(detector: LabelDetector, facts: Mapping[str, Any], shift: Shift) -> _Finder:
    """With its boundaries shifted: by how much, and after whose decisions, is said with the facts."""
    if shift.decisions:
        detector = detector.shifted(shift.start_s, shift.end_s)
    start, end = detector.shift
    said = {"start": start, "end": end, "person": shift.person, "decisions": shift.decisions}
    return _Finder(detector, {**facts, "shift": said, "note": f"{facts['note']} {shift.note}".strip()})


def _looked(
    context: TaskContext, own: _Finder, common: _Finder, lesson: Lesson, among: Sequence[VideoRef], done: float
) -> list[ModelRun]:
    """A run for each video that has what the detector reads: of the person's `own` finder, or of the `common` one where
    annotators work independently. Where only something else can be read it finds nothing, also nothing of what a
    detector found that went by this before. None where no video has it. Progress goes on from `done`."""
    read, runs, looked = own.detector.encoder, list[ModelRun](), False
    spare: list[tuple[int, Prediction]] = []
    for number, video in enumerate(among):
        share = done + (1 - done) * number / len(among)
        context.progress(share, "Looking through the library")
        where = places(context, lesson, video, read, share)
        looked = looked or bool(where)
        if where or (not read.endswith(INSIDE) and is_read(context, video)):
            run = _run(context, common if video.id in lesson.independent else own, video, where, lesson)
            spare += [(len(runs), p) for p in run.predictions if p.score < LEAST]
            spare = heapq.nlargest(FEWEST, spare, key=lambda each: each[1].score)
            runs.append(replace(run, predictions=[p for p in run.predictions if p.score >= LEAST]))
    lacking = max(0, FEWEST - sum(len(run.predictions) for run in runs))
    for at, prediction in spare[:lacking]:
        found = sorted([*runs[at].predictions, prediction], key=lambda p: p.segment)
        runs[at] = replace(runs[at], predictions=found)
    return runs if looked else []


def _found(lesson: Lesson, runs: Sequence[ModelRun]) -> str:
    news = [sum(not _is_decided(lesson, run.video_id, found) for found in run.predictions) for run in runs]
    count, there = sum(news), sum(map(bool, news))
    return f"“{lesson.label}”: {count} new {_plural('moment', count)} in {there} {_plural('video', there)} to review."


def _is_decided(lesson: Lesson, video: str, found: Prediction) -> bool:
    """Whether the lesson says something of this moment already."""
    said = lesson.said.get((found.payload or {}).get("box", video), Said())
    return _undecided(said, (found.segment.start, found.segment.end)) is None


def _undecided(said: Said, span: Span) -> Span | None:
    """What is left of a moment to decide about: nothing where it was decided. An instant without the label well inside
    it says that it is wrong; one near an end only that it begins later or ends sooner."""
    start, end = span
    for at, after in said.absent:
        if not start <= at < end:
            continue
        if min(at - start, end - after) > EDGE * (end - start):
            return None
        start, end = (after, end) if at - start < end - after else (start, at)
    decided = (*said.positive, *said.negative, *said.reviewed)
    return None if start >= end or any(is_same((start, end), other) for other in decided) else (start, end)


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"


def _facts(lesson: Lesson, heard: Mapping[str, Said], key: str, learned: Learned, tuned: str) -> dict[str, Any]:
    """What was learned, from what was `heard` of the videos that are indexed, by a detector that reads `key`."""
    measured, by_text = (
        None if each is None else {"ap": each.ap, "tiou": each.tiou, "folds": each.folds}
        for each in (learned.measured, learned.by_text)
    )
    positive = sum(len(said.positive) for said in heard.values())
    negative = sum(len(said.negative) + len(said.reviewed) + len(said.absent) for said in heard.values())
    missing = sum(len(said.positive) for place, said in lesson.said.items() if place not in heard)
    left_out = (
        f"{missing} {_plural('moment', missing)} left out: not indexed yet, or not to be read." if missing else ""
    )
    if measured is None:
        shown = "one example" if positive < 2 else f"{positive} moments that lie over each other"
        modality = modality_of(key)
        how = f"{shown}, by {modality.by}," if modality else f"{shown} and the words of the label,"
        note = f"Learned from {how} and not measured: nothing is left to measure it on. Label it in a second place."
    elif learned.step == "text":
        note = "The examples do not beat the words of the label yet: found by the words alone. Label more of it."
    else:
        words = f", by the words alone {by_text['ap']:.2f}" if by_text and (vision_key(key) or by_text["ap"]) else ""
        note = (
            f"Learned from {positive} moments{' inside boxes' * bool(lesson.inside)}{_by(key)}"
            f"{', and from what is around them' * (learned.step == 'head')}. How well it puts right moments before "
            f"wrong ones, in what it was not learned from: {measured['ap']:.2f} of 1{words} (average precision, "
            f"measured in {measured['folds']} rounds)."
        )
    return {
        "label": lesson.label, "step": learned.step, "modalities": names(key),
        "examples": {"positive": positive, "negative": negative},
        "measured": measured, "by_text": by_text, "note": " ".join(filter(None, (note, left_out, tuned))),
    }  # fmt: skip


def _by(read: str) -> str:
    modality = modality_of(read)
    if modality is None:
        return ""
    return f", by {modality.beside if vision_key(read) else modality.by}"


def _kept(
    context: TaskContext, lesson: Lesson, learned: Learned, key: str, facts: Mapping[str, Any], upper: bytes
) -> ModelCard:
    """The card of what was learned, among the library's models. What is no better than the label's words is not kept,
    and its card says so."""
    name = detector_name(lesson.label, lesson.track)
    folder = context.settings.models
    if learned.step == "text" or learned.measured is None:
        return ModelCard(name, TASK, key, "", "", "", {}, labels=(lesson.label,))
    before = next((card for card in models.cards(TASK, folder) if card.name == name), None)
    count = facts["examples"]["positive"]
    moments = f"{count} {_plural('moment', count)}"
    card = ModelCard(
        name, TASK, str(int(before.version) + 1 if before else 1), "yours", f"learned in this library for {key}",
        f"“{lesson.label}” {_where(lesson)}, learned from {moments}.", {},
        labels=(lesson.label,), architecture="label-detector",
        metrics={
            "AP": learned.measured.ap, "tIoU": learned.measured.tiou, "folds": learned.measured.folds,
            **({"AP_of_words": learned.by_text.ap} if learned.by_text else {}),
        },
    )  # fmt: skip
    examples = json.dumps(list(lesson.examples)).encode()
    files = {"weights": detection.packed(learned.weights, key, learned.step, learned.head), "examples": examples}
    files |= {tuning.UPPER: upper} if upper else {}
    try:
        return models.keep(card, files, folder, write_atomic)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def _tuned_before(context: TaskContext, lesson: Lesson) -> str:
    """The key of the vectors that the label's detector reads until now, where its encoder was tuned; else empty."""
    name, folder = detector_name(lesson.label, lesson.track), context.settings.models
    card = next((card for card in models.cards(TASK, folder) if card.name == name and tuning.UPPER in card.files), None)
    try:
        return "" if card is None else detection.encoder_of(models.read(card, "weights", folder), name)
    except models.ModelError:
        return ""


def _where(lesson: Lesson) -> str:
    return "inside boxes over time" if lesson.inside else f"on the row “{lesson.track}”"


def detector_name(label: str, track: str) -> str:
    """The name of a label's model: letters of the label, and a mark that no other label or row has."""
    plain = re.sub(r"[^a-z0-9]+", "-", label.casefold()).strip("-")[:40] or "label"
    return f"{plain}-{hashlib.sha256(json.dumps([label, track]).encode()).hexdigest()[:6]}"


def _unshifted(detector: LabelDetector, left: Span, shifted: Span, plain: Span) -> dict[str, Any]:
    """What a prediction says of where its boundaries were before a shift (µs): people's decisions are compared with
    that. One that an answer moved since lies where the answer is."""
    if detector.shift == (0.0, 0.0):
        return {}
    start, end = (p if at == by else at for at, by, p in zip(left, shifted, plain, strict=True))
    return {"unshifted": {"start": start, "end": end}}


def _run(context: TaskContext, finder: _Finder, video: VideoRef, where: Sequence[Place], lesson: Lesson) -> ModelRun:
    """What is found in a video, or in its boxes, in order of time. What was decided is not found again, unless others
    may not know what that was: of independent annotators each one's list goes without it (`store.teaching.KNOWN`)."""
    detector, facts, found = finder.detector, finder.facts, []
    for place in where:
        said = lesson.said.get(place.id, Said())
        snap = Snap(cuts(context, video), context.edges(video), float(np.median(np.diff(place.edges))) * MICROS / 2)
        asked = place.edges, place.rows, MOST
        # where it would put them by itself: the same moments in the same order
        unshifted = [snap.span(start, end) for start, end, _ in detector.shifted(0.0, 0.0).propose(*asked)]
        for (start_s, end_s, score), plain in zip(detector.propose(*asked), unshifted, strict=True):
            start, end = snap.span(start_s, end_s)
            if score < WORTH or start >= end:
                continue
            left = (start, end) if video.id in lesson.independent else _undecided(said, (start, end))
            if left is not None:
                payload = {**(place.payload or {}), **_unshifted(detector, left, (start, end), plain)} or None
                found.append(Prediction(Segment(*left), place.track, lesson.label, round(score, 4), payload=payload))
    params = {
        "encoder": detector.encoder, "track": lesson.track, "step": facts["step"], "shift": facts["shift"],
    }  # fmt: skip
    found.sort(key=lambda p: p.segment)
    payload = {"note": facts["note"]}
    return ModelRun(video.id, TASK, detector.name, detector.version, found, payload, lesson.label, params)
