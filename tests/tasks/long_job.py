"""One job about one video with models that cost nothing, in a process of its own: what is left is the studio's memory.

`python -m tests.tasks.long_job KIND PATH FOLDER` prints JSON: bytes at the peak of this process and its decoders, and
how many more files are open than before.
"""

import json
import resource
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil

from studio import media
from studio.config import Settings
from studio.jobs.executor import perform
from studio.models.interfaces import Phrase, TextLine, Word
from studio.tasks import TaskContext

KINDS = ("index", "proxy", "ground", "survey", "speakers", "emotions", "transcribe", "read_text")


class Nothing:
    """Every model in one: the right shapes, quickly."""

    name, version, dim, scale = "nothing", "1", 64, 1.0
    crop_size, crop_padding, crop_style, hop_s = 48, 0.0, "padded", 0.032
    languages = ("en",)
    labels = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")

    def frame_size(self, width: int, height: int) -> tuple[int, int]:
        return 64, 36

    def encode_frames(self, frames: Any, tokens: bool = False) -> Any:
        flat = frames.reshape(len(frames), -1)[:, :64].astype(np.float32) + 1
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    def encode_text(self, texts: list[str], tokens: bool = False) -> Any:
        return np.full((len(texts), 64), 0.125, np.float32)

    def detect(self, frames: Any) -> list[Any]:
        return [np.array([[8, 4, 40, 32, 0.9]], np.float32)] * len(frames)

    def predict(self, items: Any, mirror: bool = True) -> Any:
        return np.full((len(items), 7), 1 / 7, np.float32)

    def __init__(self, voice: float = 0.0) -> None:
        self._voice = voice

    def probability(self, audio: Any) -> Any:
        return np.full(max(1, len(audio) // 512), self._voice, np.float32)

    def score(self, tracks: list[Any], audio: Any) -> list[Any]:
        return [np.zeros(len(track), np.float32) for track in tracks]

    def detect_language(self, audio: Any) -> tuple[str, float]:
        return "en", 1.0

    def find(self, image: Any) -> Any:
        return np.array([[(8, 8), (40, 8), (40, 20), (8, 20)]], np.float32)

    def read(self, image: Any, polygons: Any) -> list[TextLine | None]:
        return [TextLine(each, "a text", 0.95) for each in polygons]

    def recognize(self, audio: Any, language: str) -> list[Phrase]:
        """Three words a second, six in a line."""
        return [
            Phrase(s, s + 2, "six words", tuple(Word(s + i / 3, s + i / 3 + 0.3, "word", 0.9) for i in range(6)))
            for s in range(0, len(audio) // 16_000 - 2, 2)
        ]


def main(kind: str, path: Path, folder: Path) -> dict[str, int]:
    context = TaskContext(Settings(home=folder, device="cpu").ensure())
    for task in (
        "text_video", "face_detector", "expression", "dialog_emotion", "active_speaker", "speech_recognition",
        "text_reading",
    ):  # fmt: skip
        context._models[task, None] = Nothing()
    # somebody always speaks where that is what costs memory
    context._models["voice_activity", None] = Nothing(voice=float(kind == "transcribe"))
    probe = media.probe(path)
    context.cache.save_array("v1", "pts.npy", probe.pts_us)
    facts = {"id": "v1", "path": str(path), "duration_us": probe.duration_us}
    params = {"video": facts, "query": "a dog", "engine": "similarity-peaks", "texts": ["a dog", "a cat"]}
    this = psutil.Process()
    before = this.num_fds()
    result = perform(context, kind, params)
    assert result is not None
    return {
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "decoder": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        "files": this.num_fds() - before,
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
