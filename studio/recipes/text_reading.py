"""How well text on screens is read, on videos that are made up here: many fonts, sizes, contrasts and motions.

Fonts come with packages of the lock (KaTeX's with Gradio, Aileron with Pillow, Hershey's with OpenCV), so that the
videos are the same everywhere.
"""

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import av
import cv2
import gradio
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from studio import media
from studio.config import Settings
from studio.eval.text_reading import ShownText, TextFigures, compare
from studio.tasks import TaskContext, VideoRef, read_text
from studio.timeline import seconds

FPS = 25
SLIDES = 12  # frames that a text slides before it stands
SIZES = (1280, 720), (1920, 1080), (640, 360)
HEIGHTS = 20, 24, 32, 48  # of a capital letter, in pixels
SMALL = 14
KATEX = (
    "Main-Regular", "Main-Bold", "Main-Italic", "Main-BoldItalic", "SansSerif-Regular", "SansSerif-Bold",
    "SansSerif-Italic", "Typewriter-Regular", "Math-Italic",
)  # fmt: skip
HERSHEY = cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX
FONTS = (*KATEX, "Aileron", *(f"Hershey {number}" for number in HERSHEY))
PICTURES = "flat", "gradient", "texture", "moving texture"
CONTRASTS = 60, 110, 190  # gray levels between letters and what is behind them, on average
MOTIONS = "still", "soft", "slide", "roll", "crawl"
TEXTS = (
    "Results of the second study", "Jane Whitfield, Head of Research", "Thank you for watching", "Chapter 4: Methods",
    "Budget 2027 is under review", "Press any key to continue", "Next train 14:35 platform 9", "Open 8 am to 6 pm",
    "The quick brown fox jumps", "Figure 3. Growth per quarter", "Breaking news from Geneva", "Dr. Samuel Ortega",
    "Question and answer session", "Welcome to the workshop", "Error 404: page not found", "Keep left at the junction",
)  # fmt: skip
LONG = (
    "Storm warning for the northern coast until Friday evening; ferries are cancelled and schools stay closed on both "
    "islands"
)
Picture = npt.NDArray[np.uint8]
Ink = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Clip:
    """What one video shows: its size, font, height of capital letters (px), contrast, what is behind, and motion."""

    number: int
    size: tuple[int, int]
    font: str
    height: int
    contrast: int
    picture: str
    motion: str


def clips(height: int | None = None) -> list[Clip]:
    """The videos, each trait beside many others; with another `height` of letters the same, in that size."""
    made = []
    for n in range(30):
        again = n + n // 12  # traits whose counts share a divisor meet all of the others
        made.append(
            Clip(
                n, SIZES[n % len(SIZES)], FONTS[n % len(FONTS)], HEIGHTS[n % len(HEIGHTS)],
                CONTRASTS[again % len(CONTRASTS)], PICTURES[again % len(PICTURES)], MOTIONS[n % len(MOTIONS)],
            )
        )  # fmt: skip
    return made if height is None else [replace(clip, height=height) for clip in made]


@cache
def _font(name: str, height: int) -> ImageFont.FreeTypeFont:
    """A font whose capital letters are so high."""
    folder = Path(gradio.__file__).parent / "templates"
    files = [None] if name == "Aileron" else sorted(folder.rglob(f"KaTeX_{name}.*.ttf"))

    def of(size: int) -> ImageFont.FreeTypeFont:
        made = ImageFont.load_default(size) if files[0] is None else ImageFont.truetype(str(files[0]), size)
        assert isinstance(made, ImageFont.FreeTypeFont)
        return made

    sizes = range(height, 3 * height)
    return min((of(size) for size in sizes), key=lambda font: abs(_high(font) - height))


def _high(font: ImageFont.FreeTypeFont) -> int:
    _, top, _, bottom = font.getbbox("H")
    return int(bottom - top)


def ink(text: str, font: str, height: int) -> Ink:
    """How much of each pixel is letter, 0…1, as tight as the letters are: float32 (H, W)."""
    if font.startswith("Hershey"):
        strokes, bold = int(font.split()[1]), max(1, round(height / 12))
        scale = cv2.getFontScaleFromHeight(strokes, height, bold)
        (wide, high), below = cv2.getTextSize(text, strokes, scale, bold)
        drawn = np.zeros((high + 2 * below + 8, wide + 8), np.uint8)
        cv2.putText(drawn, text, (4, high + 4), strokes, scale, 255, bold, cv2.LINE_AA)
    else:
        face = _font(font, height)
        left, top, right, bottom = face.getbbox(text)
        canvas = Image.new("L", (round(right - left) + 8, round(bottom - top) + 8))
        ImageDraw.Draw(canvas).text((4 - left, 4 - top), text, font=face, fill=255)
        drawn = np.asarray(canvas, np.uint8)
    rows, columns = np.flatnonzero(drawn.any(1)), np.flatnonzero(drawn.any(0))
    return (drawn[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] / 255).astype(np.float32)


def _backdrop(clip: Clip, rng: np.random.Generator) -> Picture:
    """What is behind the letters, wide enough to move: uint8 (H, 1.5 W, 3), around the gray that leaves room for the
    contrast on both sides."""
    wide, high = clip.size[0] * 3 // 2, clip.size[1]
    if clip.picture == "flat":
        shade = np.zeros((high, wide), np.float32)
    elif clip.picture == "gradient":
        shade = (np.linspace(-25, 25, wide)[None] + np.linspace(-15, 15, high)[:, None]).astype(np.float32)
    else:
        octaves = [rng.normal(0, 1, (max(2, high // step), max(2, wide // step))) for step in (160, 80, 40, 20)]
        layers = [cv2.resize(octave, (wide, high), interpolation=cv2.INTER_CUBIC) for octave in octaves]
        shade = (14 * np.sum(layers, axis=0)).astype(np.float32)
    tint = rng.uniform(-10, 10, 3)
    level = 40 if clip.number % 2 else 215
    return np.clip(level + shade[..., None] + tint, 0, 255).astype(np.uint8)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Letters that are on the screen in the frames [first, last), at a place (x, y) that depends on the frame."""

    text: str
    ink: Ink
    first: int
    last: int
    start: tuple[float, float]
    speed: tuple[float, float]  # px a frame
    fade: int  # frames until they are all there, and before they are gone
    until: int  # the frame after which they stand still

    def place(self, frame: int) -> tuple[int, int]:
        passed = min(frame, self.until) - self.first
        return round(self.start[0] + passed * self.speed[0]), round(self.start[1] + passed * self.speed[1])

    def strength(self, frame: int) -> float:
        if not self.first <= frame < self.last:
            return 0.0
        edge = min(frame - self.first + 0.5, self.last - frame - 0.5)
        return 1.0 if not self.fade else min(1.0, edge / self.fade)


def _marks(clip: Clip, rng: np.random.Generator) -> list[_Mark]:
    """Three texts one after another, or several that pass through the picture."""
    wide, high = clip.size

    def fitting(text: str) -> tuple[str, Ink]:
        """As many of its words as fit."""
        made = ink(text, clip.font, clip.height)
        return (text, made) if made.shape[1] <= 0.9 * wide else fitting(text.rpartition(" ")[0])

    texts = [fitting(TEXTS[(clip.number * 3 + k) % len(TEXTS)]) for k in range(3)]
    if clip.motion == "crawl":
        made = ink(LONG, clip.font, clip.height)
        speed = wide / 100  # 4 s through the picture
        gone = round((wide + made.shape[1]) / speed)
        return [_Mark(LONG, made, 0, gone, (wide - 1, 0.8 * high), (-speed, 0), 0, gone)]
    if clip.motion == "roll":
        speed = high / 100  # as long from below to above
        gap = round(2.5 * clip.height / speed)
        marks = []
        for first, (text, made) in zip(range(0, 3 * gap, gap), texts, strict=True):
            last = first + round((high + made.shape[0]) / speed)
            marks.append(_Mark(text, made, first, last, ((wide - made.shape[1]) / 2, high - 1), (0, -speed), 0, last))
        return marks
    marks, frame = [], int(rng.integers(5, 20))
    for text, made in texts:
        length = int(rng.integers(30, 90))
        x = rng.uniform(0.03 * wide, max(0.03 * wide + 1, 0.97 * wide - made.shape[1]))
        y = rng.uniform(0.05 * high, 0.9 * high - made.shape[0])
        fade = 8 if clip.motion == "soft" else 0
        glide = float(rng.choice([-1, 1])) * 0.05 * wide / SLIDES if clip.motion == "slide" else 0.0
        x = float(np.clip(x - SLIDES * glide, 4, wide - made.shape[1] - 4))
        marks.append(_Mark(text, made, frame, frame + length, (x, y), (glide, 0.0), fade, frame + SLIDES))
        frame += length + int(rng.choice([0, 10, 25]))
    return marks


def _visible(mark: _Mark, clip: Clip) -> ShownText:
    """When half of the letters' strength is there, and half of a letter inside the picture; and where."""
    wide, high = clip.size
    shown = []
    for frame in range(mark.first, mark.last):
        (x, y), (tall, long) = mark.place(frame), mark.ink.shape
        x1, y1, x2, y2 = max(0, x), max(0, y), min(wide, x + long), min(high, y + tall)
        if mark.strength(frame) >= 0.5 and y2 - y1 >= tall / 2 and x2 - x1 >= min(long, 2 * clip.height):
            shown.append((frame, x1, y1, x2, y2))
    boxes = tuple((frame / FPS, float(x1), float(y1), float(x2), float(y2)) for frame, x1, y1, x2, y2 in shown)
    return ShownText(shown[0][0] / FPS, (shown[-1][0] + 1) / FPS, mark.text, boxes)


def frames(clip: Clip) -> tuple[Iterator[Picture], list[ShownText]]:
    """The pictures of a video, uint8 (H, W, 3) RGB, and what is written in it and when."""
    rng = np.random.default_rng(clip.number)
    backdrop, marks = _backdrop(clip, rng), _marks(clip, rng)
    count = max(mark.last for mark in marks) + 15
    sign = 1 if backdrop.mean() < 128 else -1
    colour = np.clip(backdrop.mean() + sign * clip.contrast + rng.uniform(-8, 8, 3), 0, 255)

    def pictures() -> Iterator[Picture]:
        for frame in range(count):
            moved = round(clip.size[0] / 2 * frame / count) if clip.picture == "moving texture" else 0
            picture = backdrop[:, moved : moved + clip.size[0]].copy()
            for mark in marks:
                if strength := mark.strength(frame):
                    _draw(picture, mark.ink * strength, mark.place(frame), colour)
            yield picture

    return pictures(), [_visible(mark, clip) for mark in marks]


def _draw(picture: Picture, strength: Ink, place: tuple[int, int], colour: npt.NDArray[np.float64]) -> None:
    x, y = place
    x1, y1 = max(0, x), max(0, y)
    x2, y2 = min(picture.shape[1], x + strength.shape[1]), min(picture.shape[0], y + strength.shape[0])
    if x1 >= x2 or y1 >= y2:
        return
    share = strength[y1 - y : y2 - y, x1 - x : x2 - x, None]
    under = picture[y1:y2, x1:x2]
    picture[y1:y2, x1:x2] = np.round(under + share * (colour - under))


def write(path: Path, pictures: Iterator[Picture], size: tuple[int, int]) -> None:
    """A video as people have them: H.264 at its usual quality."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", FPS, options={"crf": "23", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))


class _Timed:
    """A model whose time is taken, by what it does."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self.spent = {"find": 0.0, "read": 0.0}

    def __getattr__(self, name: str) -> Any:
        if name not in self.spent:
            return getattr(self._model, name)

        def called(*arguments: Any) -> Any:
            began = time.perf_counter()
            try:
                return getattr(self._model, name)(*arguments)
            finally:
                self.spent[name] += time.perf_counter() - began

        return called


class _TimedContext(TaskContext):
    """A context whose one model is timed."""

    def __init__(self, settings: Settings, name: str) -> None:
        super().__init__(settings)
        self.timed = _Timed(super().model("text_reading", name))

    def model(self, task: str, name: str | None = None) -> Any:
        return self.timed


def read(context: TaskContext, path: Path, name: str) -> tuple[list[ShownText], float]:
    """What is found in a video, and how long the video is in s."""
    video = VideoRef(path.stem, str(path), media.probe(path).duration_us)
    run = read_text(context, video, name)
    found = [
        ShownText(
            seconds(p.segment.start), seconds(p.segment.end), p.label,
            tuple((box[0], box[1], box[2], box[3], box[4]) for box in (p.payload or {})["boxes"]),
        )
        for p in run.predictions
    ]  # fmt: skip
    return found, video.duration_s


def measure(data: Path, name: str = "pp-ocr") -> dict[str, float]:
    """Letters of 20 pixels and more, by motion too, and apart from them of 14 (`small`)."""
    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        context = TaskContext(Settings(home=Path(folder), device="cpu").ensure())
        for prefix, made in (("", clips()), ("small_", clips(SMALL)[::3])):
            total, by_motion = TextFigures(), {motion: TextFigures() for motion in MOTIONS}
            for clip in made:
                path = Path(folder) / f"{prefix}{clip.number}.mp4"
                pictures, shown = frames(clip)
                write(path, pictures, clip.size)
                one = compare(shown, read(context, path, name)[0])
                total, by_motion[clip.motion] = total + one, by_motion[clip.motion] + one
            figures |= {f"{prefix}{key}": value for key, value in total.summary().items()}
            for motion, each in by_motion.items() if not prefix else ():
                summary = each.summary()
                figures |= {f"{motion}_{key}": summary[key] for key in ("recall", "temporal_IoU")}
    return figures


def speed(data: Path, name: str = "pp-ocr") -> dict[str, float]:
    """Seconds of video that are read in a second; and the seconds that finding, reading and the rest (decoding,
    comparing, following) take for a minute of video.

    Of five clips of 1280×720 and 25 frames a second, a motion each, the fastest of three runs of each: of this machine,
    where text comes, goes and moves all the time.
    """
    length, spent = 0.0, {"find": 0.0, "read": 0.0, "rest": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        context = _TimedContext(Settings(home=Path(folder), device="cpu").ensure(), name)
        for clip in clips()[::6]:
            path = Path(folder) / f"{clip.number}.mp4"
            write(path, frames(clip)[0], clip.size)
            runs = []
            for _ in range(3):
                context.timed.spent = {"find": 0.0, "read": 0.0}
                began = time.perf_counter()
                _, duration = read(context, path, name)
                whole = time.perf_counter() - began
                runs.append((whole, {**context.timed.spent, "rest": whole - sum(context.timed.spent.values())}))
            length += duration
            _, parts = min(runs, key=lambda run: run[0])
            spent = {part: taken + parts[part] for part, taken in spent.items()}
    each = {f"{part}_s_per_min": 60 * taken / length for part, taken in spent.items()}
    return {"video_s_per_s": length / sum(spent.values()), **each}
