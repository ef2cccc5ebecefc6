"""Memory of tuning an encoder on a label's examples: a share of the frames with gradients beside all of them."""

import json
import resource
import subprocess
import sys
from pathlib import Path

FRAMES = 64
WAYS = {
    "all frames with gradients": (1.0, "memory"), "a quarter, others from memory": (0.25, "memory"),
    "a quarter, others anew": (0.25, "anew"),
}  # fmt: skip


def run(folder: Path) -> dict[str, object]:
    """Four steps on a stretch of 64 frames, of the encoder that is shipped, each way in a process of its own: how much
    its memory grew beyond what encoding the same frames without gradients had taken."""
    values: dict[str, object] = {}
    grown: dict[str, float] = {}
    for way, (keep, others) in WAYS.items():
        command = [sys.executable, "-m", "tests.bench.tuning", str(keep), others]
        grown[way] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        values[f"{way} (MB)"] = round(grown[way])
    plain = "all frames with gradients"
    for way in WAYS:
        if way != plain:
            values[f"{way} : {plain}"] = round(grown[way] / grown[plain], 2)
    return values


def grown(keep: float, others: str) -> float:
    """In MB."""
    import numpy as np
    import torch

    from studio import models
    from studio.models.detection import NEGATIVE, POSITIVE, Weights
    from studio.models.detection.tuning import TunedVideo, encoded, tuned

    model = models.load("text_video", device="cpu")
    upper = model.upper()
    lower = torch.rand(FRAMES, 120, 17, 17).half()
    encoded(upper, lower, "cpu", round(0.25 * FRAMES))
    known = np.where(np.arange(FRAMES) < FRAMES // 2, NEGATIVE, POSITIVE).astype(np.int8)
    text = model.encode_text(["a dog"])[0]
    weights = Weights(text, np.zeros_like(text), 20.0, 0.0, (0.0,))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    tuned(upper, [TunedVideo(lower, known)], weights, keep=keep, others=others, steps=4, stretch=FRAMES)  # type: ignore[arg-type]
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


if __name__ == "__main__":
    print(json.dumps(grown(float(sys.argv[1]), sys.argv[2])))
