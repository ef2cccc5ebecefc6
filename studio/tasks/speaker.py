"""Who speaks when: face tracks × voice → speaking segments, one track a person."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from models import crop_speaker
from studio import media
from studio.store.runs import Outcome
from studio.tasks.curves import segments, smooth
from studio.tasks.desk import Desk, Video, predictions_of
from studio.tasks.faces import CROPS_PER_S, Scene, face_tracks, scenes
from studio.timeline import MICROS, Prediction

AUDIO_RATE = 16_000
STEP_US = int(MICROS / CROPS_PER_S)


Parts = list[tuple[NDArray[np.int64], NDArray[np.float32]]]  # (times in µs, scores) scene by scene


def person(number: int) -> str:
    """The name of a face track until somebody gives it a better one."""
    return f"Person {number + 1}"


class AudioWindow:
    """The audio of a video as a window that only moves forward, so that memory holds one scene."""

    def __init__(self, chunks: Iterator[NDArray[np.float32]]) -> None:
        self._chunks = chunks
        self._start = 0
        self._held = np.empty(0, np.float32)

    def take(self, start_us: int, end_us: int) -> NDArray[np.float32]:
        """Samples of [start, end); zeros where the audio has ended. `start` never goes back."""
        low, high = (round(t * AUDIO_RATE / MICROS) for t in (start_us, end_us))
        while self._start + len(self._held) < high and (chunk := next(self._chunks, None)) is not None:
            drop = max(0, min(low - self._start, len(self._held)))
            self._held = np.concatenate([self._held[drop:], chunk])
            self._start += drop
        part = self._held[max(0, low - self._start) : max(0, high - self._start)]
        return np.pad(part, (0, high - low - len(part)))


def find_speakers(desk: Desk, video: Video, model_name: str | None = None) -> Outcome:
    """Speaking segments of every face track, by the named active-speaker model or the default.

    The payload's `tracks` has, for each person, `boxes` (t, x1, y1, x2, y2 in s and pixels), `times` and `scores`
    (probability of speaking at 25 a second); `note` says why when there is nothing to see.
    Raises MediaError, ModelUnavailable, Cancelled.
    """
    model = desk.model("active_speaker", model_name)
    tracks = face_tracks(desk, video, desk.part(0.0, 0.6))
    has_audio = media.probe(video.path, desk.settings.limits).audio is not None
    curves: dict[int, Parts] = {}
    if has_audio and tracks:
        audio = AudioWindow(media.audio_stream(video.path, AUDIO_RATE))
        for scene in scenes(desk, video, tracks, rate=CROPS_PER_S, crop=crop_speaker):
            for number, times, scores in _score(model, scene, audio.take(scene.start_us, scene.end_us)):
                curves.setdefault(number, []).append((times, scores))
            desk.progress(0.6 + 0.39 * min(1.0, scene.end_us / max(1, video.duration_us)), "Listening")
            desk.preview(lambda: [p for n, parts in sorted(curves.items()) for p in _speaking(desk, video, n, parts)])
    predictions: list[Prediction] = []
    people = []
    for number, track in enumerate(tracks):
        parts = curves.get(number, [])
        times = np.concatenate([t for t, _ in parts]) if parts else np.empty(0, np.int64)
        scores = np.concatenate([s for _, s in parts]) if parts else np.empty(0, np.float32)
        predictions += _speaking(desk, video, number, parts)
        boxes = np.column_stack([track.times_s, track.boxes])
        people.append({
            "track": person(number),
            "boxes": [[round(float(row[0]), 3), *(round(float(v), 1) for v in row[1:])] for row in boxes],
            "times": np.round(times / MICROS, 3).tolist(),
            "scores": np.round(scores, 3).tolist(),
        })  # fmt: skip
    note = "" if has_audio and tracks else ("No faces were found." if has_audio else "This video has no sound.")
    return Outcome("speaker", model.name, model.version, predictions, {"tracks": people, "note": note})


def _speaking(desk: Desk, video: Video, number: int, parts: Parts) -> list[Prediction]:
    """The segments in which one person speaks, from the pieces of their curve."""
    if not parts:
        return []
    times, scores = np.concatenate([t for t, _ in parts]), np.concatenate([s for _, s in parts])
    found = segments(times, smooth(scores, 5), on=0.5, off=0.4, step_us=STEP_US, shortest_us=200_000, bridge_us=300_000)
    return predictions_of(desk, video, person(number), "speaking", found)


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
