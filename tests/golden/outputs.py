"""What every embedded model answers to fixed questions, end to end.

`python -m tests.golden.outputs` writes it down anew. Look at what changed before you commit that: the predictions of
every library change with it.
"""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from studio import media, models
from studio.assets.demo import CLIPS, clip_folder

FILE = Path(__file__).parent / "outputs.json"
TEXTS = ["a bicycle on a street", "a man wearing a suit", "a cartoon rabbit in a meadow"]
LINES = [
    "Where have you been?",
    "I was so worried about you!",
    "Leave me alone.",
    "I am sorry.",
    "It is all right now.",
]
TOP = 3

Numbers = list[Any]


def rounded(values: Any) -> Numbers:
    found: Numbers = np.round(np.asarray(values, np.float64), 4).tolist()
    return found


def frames_of(clip: str, size: tuple[int, int], rate: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """(times in s, RGB frames) of one of the demo's clips."""
    found = list(media.sample_frames(str(clip_folder() / clip), rate=rate, size=lambda w, h: size))
    return np.concatenate([f.times_us for f in found]) / 1e6, np.concatenate([f.images for f in found])


def text_video(name: str) -> Any:
    """Cosines of three texts with the mean frames of three clips."""
    encoder = models.load("text_video", name, "cpu")
    rows = []
    for clip in CLIPS:
        vectors = encoder.encode_frames(frames_of(clip, (256, 256))[1])
        mean = vectors.mean(axis=0)
        rows.append(mean / np.linalg.norm(mean))
    return rounded(encoder.encode_text(TEXTS) @ np.stack(rows).T)


def grounding(name: str) -> Any:
    """The best moments of a made-up reel: three scenes of the clips, the middle one asked for."""
    encoder = models.load("text_video", None, "cpu")
    vectors = np.concatenate([encoder.encode_frames(frames_of(clip, (256, 256), 2.0)[1])[:8] for clip in CLIPS])
    times = np.arange(len(vectors)) / 2
    scores = vectors @ encoder.encode_text([TEXTS[1]])[0]
    return rounded(models.load("grounding", name, "cpu").propose(times, scores, TOP, len(times) / 2, vectors))


def man() -> np.ndarray:
    """Frames of the clip that shows a man in a car."""
    clip = next(clip for clip in CLIPS if clip.startswith("carphone"))
    return frames_of(clip, (352, 288))[1][:2]


def face_detector(name: str) -> Any:
    """Boxes and scores of one face."""
    return rounded([boxes[0] for boxes in models.load("face_detector", name, "cpu").detect(man())])


def expression(name: str) -> Any:
    """What that face expresses."""
    model = models.load("expression", name, "cpu")
    boxes = models.load("face_detector", None, "cpu").detect(man())
    crops = [
        models.crop_faces(frame, box[:1], size=model.crop_size, padding=model.crop_padding)
        for frame, box in zip(man(), boxes, strict=True)
    ]
    return rounded(model.predict(np.concatenate(crops)))


def dialog_emotion(name: str) -> Any:
    """The eighteen classes for five lines."""
    return rounded(models.load("dialog_emotion", name, "cpu").predict(LINES))


def sentence_embedding(name: str) -> Any:
    """Every thirty-second number of the vectors of the lines."""
    return rounded(models.load("sentence_embedding", name, "cpu").encode(LINES)[:, ::32])


def sound(seconds: float = 2.0) -> np.ndarray:
    """A made-up voice: bursts of a buzz, a syllable each."""
    at = np.arange(int(seconds * 16_000)) / 16_000
    buzz = sum(np.sin(2 * np.pi * 120 * k * at) / k for k in range(1, 20))
    return (0.2 * buzz * (np.sin(2 * np.pi * 3 * at) > 0)).astype(np.float32)


def voice_activity(name: str) -> Any:
    """Every eighth probability of a voice."""
    return rounded(models.load("voice_activity", name, "cpu").probability(sound())[::8])


def active_speaker(name: str) -> Any:
    """Two made-up faces, the mouth of one of which moves with the sound: every tenth score."""
    at = np.arange(50)
    still = np.full((50, 112, 112), 120, np.uint8)
    cv2.ellipse(still[0], (56, 80), (20, 6), 0, 0, 360, 40, -1)
    still[:] = still[0]
    moving = still.copy()
    for frame in at:
        opened = 4 + 10 * (np.sin(2 * np.pi * 3 * frame / 25) > 0)
        cv2.ellipse(moving[frame], (56, 80), (20, int(opened)), 0, 0, 360, 20, -1)
    found = models.load("active_speaker", name, "cpu").score([still, moving], sound())
    return rounded([track[::10] for track in found])


def speech_recognition(name: str) -> Any:
    """What it makes of the made-up voice: no words, and of its language nothing sure."""
    model = models.load("speech_recognition", name, "cpu")
    return [len(model.recognize(sound(), "en")), len(model.languages)]


def text_reading(name: str) -> Any:
    """A title: the corners of its place, how sure the reader is, and its letters."""
    picture = np.full((120, 480, 3), 40, np.uint8)
    cv2.putText(picture, "Chapter 4: Methods", (20, 70), cv2.FONT_HERSHEY_DUPLEX, 1.2, (230, 230, 230), 2, cv2.LINE_AA)
    model = models.load("text_reading", name, "cpu")
    (line,) = model.read(picture, model.find(picture))
    return rounded([*line.polygon.ravel(), line.confidence, *map(ord, line.text)]) if line else []


TASKS = {
    "active_speaker": active_speaker,
    "dialog_emotion": dialog_emotion,
    "expression": expression,
    "face_detector": face_detector,
    "grounding": grounding,
    "sentence_embedding": sentence_embedding,
    "speech_recognition": speech_recognition,
    "text_reading": text_reading,
    "text_video": text_video,
    "voice_activity": voice_activity,
}


def embedded() -> list[models.ModelCard]:
    """The models that come with the install."""
    return [card for card in models.cards() if not card.brought and card.plugin is None]


def main() -> None:
    """Write down what they answer now."""
    found = {card.name: {"version": card.version, "output": TASKS[card.task](card.name)} for card in embedded()}
    lines = (f'"{name}": {json.dumps(value)}' for name, value in sorted(found.items()))
    FILE.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
