"""Who speaks when: face tracks × voice → speaking segments, one track a person, and one for those nobody sees."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from studio import media
from studio.models import FaceTrack, crop_speaker, sharpness
from studio.tasks.context import TaskContext, VideoRef, predictions_of
from studio.tasks.curves import segments, smooth
from studio.tasks.faces import CROPS_PER_S, Scene, face_tracks, quality, scenes
from studio.tasks.off_screen_speech import AUDIO_RATE, AudioWindow, Speech, off_screen, voice_curve
from studio.timeline import MICROS, ModelRun, Prediction

STEP_US = int(MICROS / CROPS_PER_S)
LABEL = "speaking"
OFF_SCREEN = "Off screen"
VOICES = "Voices"  # the track of voices where there are no pictures
LOOKED_AT = 50  # crops between two of which the sharpness is asked


Parts = list[tuple[NDArray[np.int64], NDArray[np.float32]]]  # (times in µs, scores) scene by scene


def person(number: int) -> str:
    """The name of a face track until somebody gives it a better one."""
    return f"Person {number + 1}"


def find_speakers(
    context: TaskContext, video: VideoRef, model_name: str | None = None, detector_name: str | None = None
) -> ModelRun:
    """Speaking segments of every face track, by the named active-speaker model and face detector or the defaults, and
    of voices that no visible face speaks with, on the track OFF_SCREEN; of sound alone where voices are heard, on the
    track VOICES.

    The payload's `tracks` has, for each person, `boxes` (t, x1, y1, x2, y2 in s and pixels), `times` and `scores`
    (probability of speaking at 25 a second) and `quality` (0…1, see `studio.tasks.faces.quality`); `off_screen` has
    its `track`, `times` and `scores`; `alike` has pairs of people whose voices are so alike that they may be one
    (`one`, `other`, `likeness`), where the optional package for voices is installed; `note` says what was missing, and
    what to do.
    Raises MediaError, ModelUnavailable, Cancelled.
    """
    if not video.pictures:
        return _heard(context, video)
    model = context.model("active_speaker", model_name)
    tracks = face_tracks(context, video, context.part(0.0, 0.6), detector_name)
    has_audio = media.probe(video.path, context.settings.limits).audio is not None
    curves: dict[int, Parts] = {}
    sharp: dict[int, list[float]] = {}
    speech = Speech()
    if has_audio and tracks:
        audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE, track=video.sound_track))
        crop = partial(crop_speaker, style=model.crop_style)
        for scene in scenes(context, video, tracks, rate=CROPS_PER_S, crop=crop, square=model.crop_style == "padded"):
            sound = audio.take(scene.start_us, scene.end_us)
            for number, times, scores in _score(model, scene, sound):
                curves.setdefault(number, []).append((times, scores))
                speech.add(number, int(times[0]) - scene.start_us, scores, sound)
            for number, _, crops in scene.members:
                sharp.setdefault(number, []).append(sharpness(crops[::LOOKED_AT]))
            context.progress(0.6 + 0.35 * min(1.0, scene.end_us / max(1, video.duration_us)), "Listening")
            context.preview(
                lambda: [p for n, parts in sorted(curves.items()) for p in _speaking(context, video, n, parts)]
            )
    predictions = [
        p for number in range(len(tracks)) for p in _speaking(context, video, number, curves.get(number, []))
    ]
    heard = _whole([])
    if has_audio:
        voice = voice_curve(context, video, context.part(0.95, 0.99))
        spoken = [(p.segment.start, p.segment.end) for p in predictions]
        heard = off_screen(*voice, [_whole(parts) for parts in curves.values()], spoken)
        # Surer than of a face: one that hesitates is more often the speaker than somebody nobody sees.
        spans = spoken_segments(*heard, on=0.7, off=0.6, shortest_us=600_000, bridge_us=0)
        predictions += predictions_of(context, video, OFF_SCREEN, LABEL, spans)
    people = [_person(n, t, curves.get(n, []), sharp.get(n, [])) for n, t in enumerate(tracks)]
    note = _note(len(tracks), has_audio, len(predictions))
    unseen = {"track": OFF_SCREEN, **_curve(*heard)}
    alike = [
        {"one": person(a), "other": person(b), "likeness": round(cosine, 3)}
        for a, b, cosine in speech.alike(partial(_apart, tracks))
    ]
    payload = {"tracks": people, "off_screen": unseen, "alike": alike, "note": note}
    return ModelRun(video.id, "speaker", model.name, model.version, predictions, payload)


def _heard(context: TaskContext, video: VideoRef) -> ModelRun:
    """Where voices are heard in a recording of sound alone, whosoever they are."""
    detector = context.model("voice_activity")
    curve = voice_curve(context, video, context.part(0.0, 1.0))
    predictions = predictions_of(context, video, VOICES, LABEL, spoken_segments(*curve))
    told = "To know whose they are, press Speaker turns, or Transcribe and then Voices beside the transcript."
    note = f"Marked where voices are heard. {told}" if predictions else "Nobody was heard to speak in this recording."
    payload = {"tracks": [], "off_screen": {"track": VOICES, **_curve(*curve)}, "alike": [], "note": note}
    return ModelRun(video.id, "speaker", detector.name, detector.version, predictions, payload)


def _note(faces: int, has_audio: bool, found: int) -> str:
    """What was missing, and what a person can do about it."""
    seen = {0: "No faces", 1: "1 face"}.get(faces, f"{faces} faces")
    if not has_audio:
        return (
            f"{seen}, no sound in this file: nobody can be heard. If it has another sound, choose it on the video's "
            "card in the Library; else mark by hand who speaks."
        )
    if not faces:
        heard = "; voices are marked as off screen" if found else ", and no voice was heard"
        return f"No faces were found{heard}. Mark by hand who speaks, or try another face detector on the Models page."
    return "" if found else f"{seen} and sound, but nobody was heard to speak. Mark by hand who does."


def _apart(tracks: list[FaceTrack], a: int, b: int) -> bool:
    """Whether two face tracks are never seen at once."""
    one, other = tracks[a].times_s, tracks[b].times_s
    return bool(one[-1] < other[0] or other[-1] < one[0])


def _person(number: int, track: FaceTrack, parts: Parts, sharp: list[float]) -> dict[str, object]:
    """A face track as a payload has it: arrays, since plain numbers of two hours take four times the memory."""
    return {
        "track": person(number),
        "quality": round(quality(track, float(np.median(sharp)) if sharp else None), 3),
        "boxes": np.column_stack([np.round(track.times_s, 3), np.round(track.boxes.astype(np.float64), 1)]),
        **_curve(*_whole(parts)),
    }


def _curve(times: NDArray[np.generic], scores: NDArray[np.generic]) -> dict[str, object]:
    return {
        "times": np.round(np.asarray(times, float) / MICROS, 3),
        "scores": np.round(np.asarray(scores, float), 3),
    }


def _whole(parts: Parts) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """A curve in one piece."""
    if not parts:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    return np.concatenate([times for times, _ in parts]), np.concatenate([scores for _, scores in parts])


def spoken_segments(
    times: NDArray[np.int64],
    scores: NDArray[np.float32],
    on: float = 0.5,
    off: float = 0.4,
    shortest_us: int = 200_000,
    bridge_us: int = 300_000,
) -> list[tuple[int, int, float]]:
    """(start, end, mean probability) in µs where somebody speaks, of a curve at 25 a second."""
    smoothed = smooth(scores, 5)
    return segments(times, smoothed, on=on, off=off, step_us=STEP_US, shortest_us=shortest_us, bridge_us=bridge_us)


def _speaking(context: TaskContext, video: VideoRef, number: int, parts: Parts) -> list[Prediction]:
    """The segments in which one person speaks, from the pieces of their curve."""
    if not parts:
        return []
    return predictions_of(context, video, person(number), LABEL, spoken_segments(*_whole(parts)))


def _score(
    model: object, scene: Scene, audio: NDArray[np.float32]
) -> Iterator[tuple[int, NDArray[np.int64], NDArray[np.float32]]]:
    """Speaking probabilities of all tracks of a scene, read together on the scene's own 25 fps grid.

    A track that is shorter than the scene is filled with its first and last crop: a still face does not speak.
    """
    first = min(int(times[0]) for _, times, _ in scene.members)
    offsets = [round((int(times[0]) - first) / STEP_US) for _, times, _ in scene.members]
    length = max(o + len(times) for o, (_, times, _) in zip(offsets, scene.members, strict=True))
    padded = [
        np.concatenate([np.repeat(crops[:1], o, 0), crops, np.repeat(crops[-1:], length - o - len(crops), 0)])
        for o, (_, _, crops) in zip(offsets, scene.members, strict=True)
    ]
    samples = round(length / CROPS_PER_S * AUDIO_RATE)
    audio = np.pad(audio[:samples], (0, max(0, samples - len(audio))))
    results = model.score(padded, audio)  # type: ignore[attr-defined]
    for o, (number, times, _), scores in zip(offsets, scene.members, results, strict=True):
        yield number, times, np.asarray(scores[o : o + len(times)], np.float32)
