"""Learning a label: a hundred moments in ten hours of video, beside one hour, beside writing and reading them, and with
the sound of the videos beside their pictures.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from studio.index import Cache, Features, FeatureStore
from studio.models.detection import NEGATIVE, POSITIVE, UNKNOWN, LabelledVideo, View, learn, learn_best, sounds
from studio.tasks.indexing import RATE

DIMENSIONS, SCENE_S, HOUR_S = 512, 8, 3600
MOMENTS = 100


def hours(count: int, seed: int = 0) -> tuple[np.ndarray, list[LabelledVideo]]:
    """The direction of the words, and videos of an hour each at the product's sampling: scenes of made vectors, of
    which MOMENTS in all have the label; of a tenth it is known that they have not."""
    rng = np.random.default_rng(seed)
    kinds = rng.normal(size=(200, DIMENSIONS)).astype(np.float32)
    samples = int(HOUR_S * RATE)
    scenes, per_video = samples // SCENE_S, MOMENTS // count
    videos = []
    for number in range(count):
        kind = rng.integers(1, len(kinds), scenes)
        shown = rng.permutation(scenes)[:per_video]
        kind[shown] = 0
        noise = rng.normal(size=(samples, DIMENSIONS)).astype(np.float32)
        rows = np.repeat(kinds[kind], SCENE_S, axis=0)[:samples] + noise
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        known = np.full(samples, UNKNOWN, np.int8)
        known[rng.random(samples) < 0.1] = NEGATIVE
        for scene in shown:
            known[SCENE_S * scene : SCENE_S * (scene + 1)] = POSITIVE
        truth = np.sort(shown)[:, None] * float(SCENE_S) + np.array([0.0, SCENE_S])
        videos.append(LabelledVideo(f"v{number}", rows, np.arange(samples + 1) / RATE, known, truth))
    words = kinds[0] + 2 * rng.normal(size=DIMENSIONS).astype(np.float32)
    return (words / np.linalg.norm(words)).astype(np.float32), videos


def views(words: np.ndarray, videos: list[LabelledVideo], seed: int = 0) -> tuple[dict[str, View], View]:
    """How the videos look, how they sound, which says nothing of the label; and both together."""
    rng = np.random.default_rng(seed)
    heard, both = [], []
    for video in videos:
        edges = np.arange(round(video.edges[-1] / sounds.STEP_S) + 1) * sounds.STEP_S
        shown = (np.searchsorted(video.edges, edges[1:]) - 1).clip(0, len(video.rows) - 1)
        rows = rng.normal(0, (sounds.TRACE / 2 / sounds.WIDTH) ** 0.5, (len(shown), 2 * sounds.WIDTH)).astype(
            np.float32
        )
        heard.append(replace(video, rows=rows, edges=edges, known=video.known[shown]))
        both.append(replace(heard[-1], rows=np.concatenate([video.rows[shown], rows], axis=1)))
    nothing = np.zeros(2 * sounds.WIDTH, np.float32)
    joined = np.concatenate([words, nothing])
    return {"vision": View(words, videos), "audio": View(nothing, heard)}, View(joined, both)


def best(work: Callable[[], object], times: int = 3) -> float:
    """The least processor time of a few runs, in seconds."""
    spans = []
    for _ in range(times):
        start = time.process_time()
        work()
        spans.append(time.process_time() - start)
    return min(spans)


def run(folder: Path) -> dict[str, object]:
    """Processor time, of all cores together, of made features at the product's sampling; the least of three runs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        (words, videos), hour = hours(10), hours(1)
        long, short = best(lambda: learn(words, videos)), best(lambda: learn(*hour))
        disk = best(lambda: _there_and_back(folder, videos))
        alone, both = views(words, videos)
        listening = best(lambda: learn_best(alone, lambda name: ("both", both)), times=1)
    finally:
        torch.set_num_threads(threads)
    return {
        "100 moments in 10 hours (s)": round(long, 2),
        "10 hours : 1 hour": round(long / short, 2),
        "100 moments in 10 hours, with the sound (s)": round(listening, 2),
        "with the sound : without": round(listening / long, 2),
        "learning : its features to disk and back": round(long / disk, 2),
    }


def _there_and_back(folder: Path, videos: list[LabelledVideo]) -> None:
    store = FeatureStore(Cache(folder))
    for video in videos:
        times = np.arange(len(video.rows), dtype=np.int64)
        store.put(video.name, "made@1", Features(times, video.rows.astype(np.float16)))
        found = store.get(video.name, "made@1")
        assert found is not None and len(found.vectors.astype(np.float32)) == len(video.rows)
