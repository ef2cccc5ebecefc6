"""Clips made on the spot, whose frames carry their own number in their pixels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2].parent / "shared" / "data"
COLUMNS, ROWS = 6, 2
COUNT = 40


def draw(number: int, width: int, height: int) -> np.ndarray[Any, Any]:
    """uint8 (H,W,3): a grid of black and white fields, the bits of `number`, the lowest at top left."""
    bits = [(number + 1) >> place & 1 for place in range(COLUMNS * ROWS)]
    grid = np.array(bits, np.uint8).reshape(ROWS, COLUMNS) * 200 + 28
    rows = np.arange(height) * ROWS // height
    columns = np.arange(width) * COLUMNS // width
    return np.repeat(grid[rows][:, columns][:, :, None], 3, axis=2)


def read(image: np.ndarray[Any, Any]) -> int:
    """The number that `draw` put into a picture of any size."""
    height, width, _ = image.shape
    ys = ((np.arange(ROWS) + 0.5) * height / ROWS).astype(int)
    xs = ((np.arange(COLUMNS) + 0.5) * width / COLUMNS).astype(int)
    bits = image[ys][:, xs].mean(axis=2).reshape(-1) > 128
    return int(sum(int(bit) << place for place, bit in enumerate(bits))) - 1


@dataclass
class Clip:
    """A recipe: frame i is displayed at `ticks[i] * base` seconds on the container's clock."""

    suffix: str = ".mp4"
    codec: str = "libx264"
    pixels: str = "yuv420p"
    size: tuple[int, int] = (96, 64)
    base: Fraction = Fraction(1, 25)
    ticks: list[int] = field(default_factory=lambda: list(range(COUNT)))
    options: dict[str, str] = field(default_factory=dict)
    muxer: dict[str, str] = field(default_factory=dict)
    container: str | None = None
    turned: int = 0
    audio: int = 0
    audio_from_s: float = 0.0
    trim: int = 0  # leading frames that an edit list hides
    decord: bool = False
    slack_us: int = 0  # the container's rounding of times
    timecode: str = ""  # of the first frame

    @property
    def times_us(self) -> list[int]:
        first = self.ticks[self.trim]
        shown = [round((tick - first) * self.base * 1_000_000) for tick in self.ticks[self.trim :]]
        return [0, *(time + self.lead_us for time in shown[1:])]

    @property
    def lead_us(self) -> int:
        """How long sound precedes the pictures: the first of them is displayed from its beginning on."""
        lead = round(self.ticks[0] * self.base * 1_000_000) if self.audio else 0
        return lead if lead > 100_000 else 0

    @property
    def numbers(self) -> list[int]:
        return list(range(self.trim, len(self.ticks)))

    @property
    def displayed(self) -> tuple[int, int]:
        return self.size[::-1] if self.turned in (90, 270) else self.size


GOP = "keyint=12:min-keyint=12:scenecut=0"
CLIPS: dict[str, Clip] = {
    "plain": Clip(decord=True, audio=1, options={"bf": "0", "g": "12"}),
    "b_frames": Clip(decord=True, options={"x264-params": f"bframes=3:{GOP}"}),
    "open_gop": Clip(options={"x264-params": f"open-gop=1:bframes=3:b-adapt=0:{GOP}"}),
    "variable": Clip(
        base=Fraction(1, 1000), ticks=[i * 40 + i % 7 * 5 + (i > 20) * 700 for i in range(COUNT)], slack_us=0
    ),
    "late_start": Clip(ticks=list(range(13, 13 + COUNT)), audio=1),
    "edit_list": Clip(trim=5, options={"x264-params": f"bframes=2:{GOP}"}),
    "late_audio": Clip(decord=True, audio=1, audio_from_s=0.5),
    "turned_90": Clip(turned=90),
    "turned_180": Clip(turned=180),
    "turned_270": Clip(turned=270, suffix=".mov"),
    "odd_size": Clip(suffix=".webm", codec="libvpx-vp9", size=(97, 65), base=Fraction(1, 20)),
    "one_frame": Clip(ticks=[0], decord=True),
    "two_audio": Clip(audio=2, decord=True),
    "fast_120": Clip(base=Fraction(1, 120), decord=True, slack_us=1),
    "ten_bit": Clip(codec="libx265", pixels="yuv420p10le", options={"x265-params": "log-level=none"}),
    "hevc": Clip(codec="libx265", options={"x265-params": "log-level=none:keyint=10:open-gop=1"}),
    "vp8": Clip(suffix=".webm", codec="libvpx", options={"auto-alt-ref": "1", "lag-in-frames": "16"}),
    "vp9": Clip(suffix=".webm", codec="libvpx-vp9", options={"auto-alt-ref": "1", "lag-in-frames": "16"}),
    "mkv": Clip(suffix=".mkv", audio=1),
    "live_mkv": Clip(suffix=".mkv", muxer={"live": "1"}),
    "avi_h264": Clip(suffix=".avi", options={"x264-params": f"bframes=3:{GOP}"}),
    "avi_mpeg4": Clip(suffix=".avi", codec="mpeg4", options={"bf": "2", "g": "12"}),
    "mjpeg": Clip(suffix=".avi", codec="mjpeg", pixels="yuvj420p"),
    "ts": Clip(suffix=".ts", options={"x264-params": f"bframes=3:{GOP}"}, audio=1, slack_us=6),
    "mpeg1": Clip(suffix=".mpg", codec="mpeg1video", options={"bf": "2", "g": "12"}, slack_us=6),
    "fragmented": Clip(muxer={"movflags": "+frag_keyframe+empty_moov"}),
    "gray": Clip(pixels="gray", decord=True),
}


def make(clip: Clip, path: Path) -> Path:
    """Encode a recipe with PyAV."""
    with av.open(f"file:{path}", "w", format=clip.container, options=clip.muxer) as output:
        rate = max(1, round(1 / clip.base)) if clip.base > Fraction(1, 1000) else 25
        video: Any = output.add_stream(clip.codec, rate=rate, options=clip.options)
        video.width, video.height, video.pix_fmt = *clip.size, clip.pixels
        video.codec_context.time_base = video.time_base = clip.base
        video.bit_rate = 2_000_000
        if clip.timecode:
            video.metadata["timecode"] = clip.timecode
        if clip.turned:
            video.set_display_rotation(-clip.turned)
        sounds: list[Any] = [
            output.add_stream("libopus" if path.suffix in (".webm", ".mkv") else "aac", rate=48_000, layout="mono")
            for _ in range(clip.audio)
        ]
        for packet in _interleaved(clip, video, sounds):
            output.mux(packet)
    return path


def _interleaved(clip: Clip, video: Any, sounds: list[Any]) -> Iterator[Any]:
    early = clip.ticks[clip.trim] if clip.trim else 0
    for index, tick in enumerate(clip.ticks):
        number = draw(index, *clip.displayed)
        stored = np.ascontiguousarray(np.rot90(number, clip.turned // 90))
        frame = av.VideoFrame.from_ndarray(stored, "rgb24").reformat(format=clip.pixels)
        frame.pts, frame.time_base = tick - early, clip.base
        yield from video.encode(frame)
    yield from video.encode(None)
    seconds = float(clip.ticks[-1] * clip.base)
    for sound in sounds:
        tone = np.sin(np.arange(int(48_000 * max(seconds, 0.1))) * 2 * np.pi * 440 / 48_000)
        for begin in range(0, len(tone) - 960, 960):
            block = tone[None, begin : begin + 960].astype(np.float32)
            heard = av.AudioFrame.from_ndarray(block, "fltp", "mono")
            heard.sample_rate, heard.time_base = 48_000, Fraction(1, 48_000)
            heard.pts = begin + int(clip.audio_from_s * 48_000)
            yield from sound.encode(heard)
        yield from sound.encode(None)


@pytest.fixture(scope="session")
def clip_of(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Path, Clip]]:
    """`clip_of(kind)`: the file and its recipe; each is encoded once a run."""
    folder = tmp_path_factory.mktemp("clips")

    def clip_of(kind: str) -> tuple[Path, Clip]:
        clip = CLIPS[kind]
        path = folder / f"{kind}{clip.suffix}"
        return (path if path.exists() else make(clip, path)), clip

    return clip_of


@pytest.fixture(scope="session")
def make_clip() -> Callable[[Clip, Path], Path]:
    return make


@pytest.fixture(scope="session")
def number_in() -> Callable[[np.ndarray[Any, Any]], int]:
    return read


@pytest.fixture(scope="session")
def recipe() -> type[Clip]:
    return Clip


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "kind" in metafunc.fixturenames:
        metafunc.parametrize("kind", CLIPS)
    if "hostile" in metafunc.fixturenames:
        files = sorted((SHARED / "hostile").glob("*")) if SHARED.exists() else []
        marked = [pytest.param(path, id=path.name) for path in files]
        metafunc.parametrize("hostile", marked or [pytest.param(None, marks=pytest.mark.skip("no hostile files"))])
