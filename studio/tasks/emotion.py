"""What faces and words express, and when: estimates about expression, never about a person's inner state."""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models import Track, crop_faces
from studio import media
from studio.store.runs import Outcome
from studio.tasks.curves import segments, smooth
from studio.tasks.desk import Desk, Video, predictions_of
from studio.tasks.faces import face_tracks, scenes
from studio.tasks.speaker import person
from studio.timeline import MICROS, Prediction, Segment

FACES_PER_S = 5.0
STEP_US = int(MICROS / FACES_PER_S)
DIALOGUE_TRACK = "Dialogue emotion"
LABELS_A_LINE = 2

Line = tuple[int, int, str]
Parts = list[tuple[NDArray[np.int64], NDArray[np.float32]]]


def find_emotions(
    desk: Desk,
    video: Video,
    subtitles: Sequence[Line] | None = None,
    expression_name: str | None = None,
    dialogue_name: str | None = None,
) -> Outcome:
    """Expression segments of every face track, and emotions of the dialogue where there are subtitles.

    By the named models, or the defaults.
    `subtitles` are (start_us, end_us, text); None reads the file's own text streams.
    The payload's `curves` keeps every class's probability over time, so that a person can see why.
    Raises MediaError, ModelUnavailable, Cancelled.
    """
    expression = desk.model("expression", expression_name)
    tracks = face_tracks(desk, video, desk.part(0.0, 0.6))
    predictions, curves = _faces(desk, video, expression, tracks)
    lines = list(media.subtitles(video.path) if subtitles is None else subtitles)
    names, versions = [expression.name], [expression.version]
    if lines:
        dialogue = desk.model("dialog_emotion", dialogue_name)
        names.append(dialogue.name)
        versions.append(dialogue.version)
        predictions += _dialogue(dialogue, lines, video.duration_us)
    note = {
        (True, True): "",
        (True, False): "From faces only: this video has no subtitles.",
        (False, True): "From subtitles only: no faces were found.",
        (False, False): "No faces and no subtitles were found.",
    }[bool(tracks), bool(lines)]
    return Outcome(
        "emotion", "+".join(names), "+".join(versions), predictions,
        {"labels": list(expression.labels), "curves": curves, "note": note},
    )  # fmt: skip


def _faces(
    desk: Desk, video: Video, model: object, tracks: list[Track]
) -> tuple[list[Prediction], list[dict[str, object]]]:
    labels: Sequence[str] = model.labels  # type: ignore[attr-defined]
    crop = functools.partial(crop_faces, size=model.crop_size, padding=model.crop_padding)  # type: ignore[attr-defined]
    found: dict[int, Parts] = {}
    for scene in scenes(desk, video, tracks, rate=FACES_PER_S, crop=crop):
        for number, times, crops in scene.members:
            found.setdefault(number, []).append((times, model.predict(crops)))  # type: ignore[attr-defined]
        desk.progress(0.6 + 0.35 * min(1.0, scene.end_us / max(1, video.duration_us)), "Reading expressions")
        desk.preview(
            lambda: [
                p for number, parts in sorted(found.items()) for p in _expressions(desk, video, number, parts, labels)
            ]
        )
    predictions: list[Prediction] = []
    curves: list[dict[str, object]] = []
    for number, parts in sorted(found.items()):
        predictions += _expressions(desk, video, number, parts, labels)
        times, probabilities = _joined(parts)
        curves.append({
            "track": row_name(number),
            "times": np.round(times / MICROS, 3).tolist(),
            "scores": np.round(probabilities, 3).tolist(),
        })  # fmt: skip
    return predictions, curves


def _expressions(desk: Desk, video: Video, number: int, parts: Parts, labels: Sequence[str]) -> list[Prediction]:
    """The stretches in which one expression of a face is the strongest, in order of time."""
    times, probabilities = _joined(parts)
    strongest = probabilities.argmax(axis=1)
    predictions = []
    for k, label in enumerate(labels):
        shown = np.where(strongest == k, probabilities[:, k], 0.0).astype(np.float32)
        found = segments(times, shown, on=0.35, off=0.25, step_us=STEP_US, shortest_us=400_000, bridge_us=400_000)
        predictions += predictions_of(desk, video, row_name(number), label, found)
    return sorted(predictions, key=lambda p: p.segment)


def _joined(parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The pieces of a face's curve as one: times (T,) and smoothed probabilities (T, classes)."""
    return np.concatenate([t for t, _ in parts]), smooth(np.concatenate([p for _, p in parts]), 5)


def row_name(number: int) -> str:
    """The timeline row of one person's expressions."""
    return f"Expression · {person(number)}"


def _dialogue(model: object, lines: Sequence[Line], duration_us: int) -> list[Prediction]:
    """The likeliest classes of each line, against how often each is likely at all: runs of lines join."""
    labels: Sequence[str] = model.labels  # type: ignore[attr-defined]
    scores: NDArray[np.float32] = model.predict([text for _, _, text in lines])  # type: ignore[attr-defined]
    chosen = np.zeros_like(scores, bool)
    best = np.argsort(-scores, axis=1)[:, :LABELS_A_LINE]
    np.put_along_axis(chosen, best, True, axis=1)
    chosen &= scores >= scores.mean(axis=0, keepdims=True)
    predictions = []
    for k, label in enumerate(labels):
        k_lines = [i for i in range(len(lines)) if chosen[i, k]]
        for group in np.split(np.array(k_lines, int), np.flatnonzero(np.diff(k_lines) > 1) + 1) if k_lines else []:
            start = min(lines[i][0] for i in group)
            end = min(max(lines[i][1] for i in group), duration_us)
            if end > start:
                predictions.append(
                    Prediction(Segment(start, end), DIALOGUE_TRACK, label, float(scores[group, k].mean()))
                )
    return sorted(predictions, key=lambda p: p.segment)
