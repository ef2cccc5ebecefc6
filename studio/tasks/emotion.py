"""What faces, words, frames and voice express, and when: estimates of expression, never of a person's inner state.

After DCIN (ACM MM 2022): evidence of every source, consensus of what is seen and said, several scales of time.
"""

import functools
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.models import FaceTrack, crop_faces
from studio.tasks import evidence
from studio.tasks.context import TaskContext, VideoRef, predictions_of
from studio.tasks.curves import segments, smooth
from studio.tasks.evidence import Line, Units
from studio.tasks.faces import face_tracks, scenes
from studio.tasks.query import encoder_key
from studio.tasks.speaker import person
from studio.timeline import MICROS, ModelRun, Prediction, Segment

FACES_PER_S = 5.0
STEP_US = int(MICROS / FACES_PER_S)
DIALOGUE_TRACK = "Dialogue emotion"
LABELS_A_LINE = 2
_LOUDNESS_PER_S = 10
_AUDIO_RATE = 8_000

Parts = list[tuple[NDArray[np.int64], NDArray[np.float32]]]
Curves = list[dict[str, object]]


def find_emotions(
    context: TaskContext,
    video: VideoRef,
    subtitles: Sequence[Line] | None = None,
    expression_name: str | None = None,
    dialogue_name: str | None = None,
    words_from: str = "subtitles",
) -> ModelRun:
    """Expression segments of every face, emotions of the dialogue, and on the track “Emotion” what all sources together
    say of eighteen classes: words, faces, the frames of an indexed video, and a little of the voice.

    By the named models, or the defaults. `subtitles` are (start_us, end_us, text); None reads the file's own text
    streams. `words_from` is what the note calls them. An expression's payload has `onset`, `apex` and `offset` in
    seconds. The run's `curves` keep every class over time, `{"track", "label", "source", "times", "scores"}` with times
    in seconds and source face, text, frame, voice or fused, so that a person can see why; `note` says what was missing.
    Raises MediaError, ModelUnavailable, Cancelled.
    """
    expression = context.model("expression", expression_name)
    tracks = face_tracks(context, video, context.part(0.0, 0.6))
    faces = _faces(context, video, expression, tracks)
    predictions, curves = _expressed(context, video, faces, expression.labels)
    lines = sorted(media.subtitles(video.path, track=video.text_track) if subtitles is None else subtitles)
    lines = [line for line in lines if line[2].strip()]
    units = evidence.units_of(lines, video.duration_us)
    names, versions = [expression.name], [expression.version]
    nothing = np.full((len(units), len(evidence.CLASSES)), np.nan, np.float32)
    text = nothing
    if lines:
        dialogue = context.model("dialog_emotion", dialogue_name)
        names.append(dialogue.name)
        versions.append(dialogue.version)
        context.progress(0.94, "Reading what is said")
        scores = dialogue.predict([said for _, _, said in lines])
        plain = dialogue.predict(evidence.plain_scene(len(lines)))
        predictions += _dialogue(dialogue.labels, scores, lines, video.duration_us)
        text = evidence.from_lines(units, scores, plain, dialogue.labels)
    shown = evidence.from_faces(units, [_joined(parts) for _, parts in sorted(faces.items())], expression.labels)
    context.progress(0.96, "Looking at frames")
    frames, indexed = _frames(context, video, units)
    voice = _voice(context, video, units)
    fused = evidence.together(text, shown, frames, voice)
    predictions += [
        p
        for label, start, end, score in evidence.segments(units, fused, video.duration_s)
        for p in predictions_of(context, video, evidence.TRACK, label, [(start, end, score)])
    ]
    for source, values in (("text", text), ("face", shown), ("frame", frames), ("fused", fused)):
        by_label = dict(zip(evidence.CLASSES, values.T, strict=True))
        curves += evidence.curves_of(evidence.TRACK, source, units.middle_s, by_label)
    curves += evidence.curves_of(evidence.TRACK, "voice", units.middle_s, {"arousal": voice})
    return ModelRun(
        video.id,
        "emotion", "+".join(names), "+".join(versions), predictions,
        {"labels": list(expression.labels), "classes": list(evidence.CLASSES), "curves": curves,
         "note": _note(len(lines), len(tracks), indexed, len(predictions), words_from) if video.pictures
         else _sound_note(len(lines), len(predictions), words_from)},
    )  # fmt: skip


def _note(lines: int, faces: int, frames: bool, found: int, words_from: str) -> str:
    """What was missing, and what a person can do about it, or where the words come from where they are no subtitles.
    `found` is how many segments there are."""
    if not lines and not faces:
        return (
            "No faces and no subtitles were found, and frames alone say nothing of emotions. Press Transcribe, add a "
            "transcript, or mark expressions by hand."
        )
    if not found:
        seen = [f"{n} {what}{'s' * (n != 1)}" for n, what in ((faces, "face"), (lines, "line")) if n]
        return f"{' and '.join(seen)}, but no expression stands out. Look at the curves (∿), or mark them by hand."
    used = [name for name, there in ((words_from, lines), ("faces", faces), ("frames", frames)) if there]
    missing = [
        *["this video has no subtitles"] * (not lines),
        *["no faces were found"] * (not faces),
        *["its frames are not indexed yet"] * (not frames),
    ]
    cures = [*["transcribe it or add a transcript"] * (not lines), *["index the video in the Library"] * (not frames)]
    more = f" To have more to go by, {' and '.join(cures)}, and find emotions again." if cures else ""
    if not missing:
        return "" if words_from == "subtitles" else f"Words from {words_from}."
    return f"From {' and '.join(used)} only: {' and '.join(missing)}.{more}"


def _sound_note(lines: int, found: int, words_from: str) -> str:
    """The same of a recording of sound alone."""
    if not lines:
        return (
            "This recording has no pictures and no transcript, and a voice alone says nothing of emotions. Press "
            "Transcribe or add a transcript, and find emotions again; or mark them by hand."
        )
    if not found:
        said = f"{lines} line{'s' * (lines != 1)}"
        return f"{said}, but no emotion stands out. Look at the curves (∿), or mark them by hand."
    return f"From {words_from} and the voice only: this recording has no pictures."


def _frames(context: TaskContext, video: VideoRef, units: Units) -> tuple[NDArray[np.float32], bool]:
    """The evidence of frames, and whether the video is indexed by the default encoder."""
    if not video.pictures:
        return np.full((len(units), len(evidence.CLASSES)), np.nan, np.float32), False
    encoder = context.model("text_video")
    features = context.features.whole(video.id, encoder_key(encoder))
    if features is None:
        return np.full((len(units), len(evidence.CLASSES)), np.nan, np.float32), False
    return evidence.from_frames(context, encoder, encoder_key(encoder), features, units), True


def _voice(context: TaskContext, video: VideoRef, units: Units) -> NDArray[np.float32]:
    """How excited the sound is at each unit, from its loudness alone."""
    loudness = []
    if media.probe(video.path, context.settings.limits).audio is not None:
        step = _AUDIO_RATE // _LOUDNESS_PER_S
        for chunk in media.audio_stream(video.path, _AUDIO_RATE, track=video.sound_track):
            whole = chunk[: len(chunk) // step * step].reshape(-1, step)
            loudness.append(np.sqrt(np.square(whole).mean(axis=1)))
            context.progress(0.98, "Listening")
    joined = np.concatenate(loudness) if loudness else np.zeros(0, np.float32)
    return evidence.arousal(units, joined, _LOUDNESS_PER_S)


def _faces(context: TaskContext, video: VideoRef, model: Any, tracks: list[FaceTrack]) -> dict[int, Parts]:
    """The expressions of every face: number of the track → pieces of its curve."""
    crop = functools.partial(crop_faces, size=model.crop_size, padding=model.crop_padding)
    found: dict[int, Parts] = {}
    for scene in scenes(context, video, tracks, rate=FACES_PER_S, crop=crop):
        for number, times, crops in scene.members:
            found.setdefault(number, []).append((times, model.predict(crops)))
        context.progress(0.6 + 0.33 * min(1.0, scene.end_us / max(1, video.duration_us)), "Reading expressions")
        context.preview(lambda: _expressed(context, video, found, model.labels)[0])
    return found


def _expressed(
    context: TaskContext, video: VideoRef, faces: dict[int, Parts], labels: Sequence[str]
) -> tuple[list[Prediction], Curves]:
    predictions: list[Prediction] = []
    curves: Curves = []
    for number, parts in sorted(faces.items()):
        predictions += _expressions(context, video, number, parts, labels)
        times, probabilities = _joined(parts)
        by_label = dict(zip(labels, probabilities.T, strict=True))
        curves += evidence.curves_of(row_name(number), "face", times / MICROS, by_label)
    return predictions, curves


def _expressions(
    context: TaskContext, video: VideoRef, number: int, parts: Parts, labels: Sequence[str]
) -> list[Prediction]:
    """The stretches in which one expression of a face is the strongest, in order of time."""
    times, probabilities = _joined(parts)
    strongest = probabilities.argmax(axis=1)
    end_us = context.edges(video)(int(times[-1]) + STEP_US)
    predictions = []
    for k, label in enumerate(labels):
        shown = np.where(strongest == k, probabilities[:, k], 0.0).astype(np.float32)
        found = segments(times, shown, on=0.35, off=0.25, step_us=STEP_US, shortest_us=400_000, bridge_us=400_000)
        predictions += [
            replace(p, payload=phases(times, probabilities[:, k], p.segment, STEP_US, end_us))
            for p in predictions_of(context, video, row_name(number), label, found)
        ]
    return sorted(predictions, key=lambda p: p.segment)


def phases(
    times_us: NDArray[np.int64], curve: NDArray[np.float32], segment: Segment, step_us: int, end_us: int
) -> dict[str, float]:
    """When an expression comes, peaks and goes, in seconds: `apex` is the time of the curve's peak within the segment;
    `onset` and `offset` are where the curve rises above half of the peak's height before it, and falls below after it.

    `times_us` (T,) ascend and `curve` is (T,); each sample speaks for `step_us`. The crossing is interpolated; where
    there is none, and at a pause in the samples, the phase ends with the samples, at most at `end_us`, where the
    video ends.
    """
    within = np.flatnonzero((times_us >= segment.start) & (times_us < segment.end))
    peak = int(within[curve[within].argmax()]) if len(within) else int(np.abs(times_us - segment.start).argmin())
    half = float(curve[peak]) / 2

    def crossing(step: int) -> float:
        k = peak
        while 0 <= k + step < len(curve) and abs(int(times_us[k + step]) - int(times_us[k])) <= 2 * step_us:
            high, low = float(curve[k]), float(curve[k + step])
            if low < half:
                share = (high - half) / (high - low)
                return float(times_us[k]) + share * float(times_us[k + step] - times_us[k])
            k += step
        return float(times_us[k]) + (step_us if step > 0 else 0)

    onset, offset = crossing(-1), min(crossing(1), end_us)
    return {name: round(t / MICROS, 3) for name, t in (("onset", onset), ("apex", times_us[peak]), ("offset", offset))}


def _joined(parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The pieces of a face's curve as one: times (T,) and smoothed probabilities (T, classes)."""
    return np.concatenate([t for t, _ in parts]), smooth(np.concatenate([p for _, p in parts]), 5)


def row_name(number: int) -> str:
    """The timeline row of one person's expressions."""
    return f"Expression · {person(number)}"


def _dialogue(
    labels: Sequence[str], scores: NDArray[np.float32], lines: Sequence[Line], duration_us: int
) -> list[Prediction]:
    """The likeliest classes of each line, against how often each is likely at all: runs of lines join."""
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
