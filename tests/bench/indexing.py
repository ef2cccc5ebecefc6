"""How fast a video is indexed, and what bounds it: decoding, the network, or something that should not."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np

from studio import media
from studio.assets.demo import clip_folder
from studio.config import Settings
from studio.tasks import TaskContext, VideoRef, index_video
from studio.tasks.indexing import index_key_frames
from tests.bench.media import by_x264, repeat

SECONDS = 240


def best(work: Callable[[], object], times: int = 3) -> float:
    """The shortest of a few runs: the one that other programs disturbed least."""
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spans.append(time.perf_counter() - start)
    return min(spans)


def run(folder: Path) -> dict[str, object]:
    """720p H.264 by x264's defaults at one frame a second, in seconds of video per second, beside ffmpeg's decode."""
    clip = repeat(by_x264(clip_folder() / "bigbuckbunny.mp4", folder / "x264.mp4"), folder / "720p.mp4", SECONDS)
    probe = media.probe(clip)
    context = TaskContext(Settings(home=folder / "home", device="cpu").ensure())
    encoder = context.model("text_video")
    video = VideoRef("bench", str(clip), probe.duration_us)
    frames = [f.images for f in media.sample_frames(clip, rate=1.0, size=encoder.frame_size, batch=16)]
    encoder.encode_frames(frames[0])

    def decode() -> None:
        for _ in media.sample_frames(clip, rate=1.0, size=encoder.frame_size, batch=16):
            pass

    def embed() -> None:
        for batch in frames:
            encoder.encode_frames(batch)

    def index() -> None:
        context.cache.drop(video.id)
        index_video(context, video, rate=1.0)

    def key_frames() -> None:
        context.cache.drop(video.id)
        index_key_frames(context, video)

    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(clip), "-map", "0:v", "-f", "null", "-"]
    ffmpeg = best(lambda: subprocess.run(command, check=True))
    spans = {"decode and resize": best(decode), "network": best(embed), "whole": best(index),
             "key frames": best(key_frames)}  # fmt: skip
    length = probe.duration_us / 1e6
    bound = max(spans["decode and resize"], spans["network"])
    return {
        "video": f"1280×720 H.264, {length:.0f} s, {int(np.sum([len(b) for b in frames]))} frames embedded",
        "ffmpeg -f null (×)": round(length / ffmpeg, 1),
        **{f"{name} (×)": round(length / span, 1) for name, span in spans.items()},
        "decode : ffmpeg": round(spans["decode and resize"] / ffmpeg, 2),
        "whole : slower of its two stages": round(spans["whole"] / bound, 2),
        "whole : key frames": round(spans["whole"] / spans["key frames"], 1),
        "whole : both stages one after the other": round(
            spans["whole"] / (spans["decode and resize"] + spans["network"]), 2
        ),
    }
