"""Turning a decoded frame into the picture that is shown: rotated, square pixels, RGB, at the wanted size."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
import numpy as np
import numpy.typing as npt
from av.video.reformatter import Interpolation, VideoReformatter


@dataclass(frozen=True)
class Orientation:
    """First transpose, then mirror: together every rotation by 90 degrees and every mirror image."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @property
    def degrees(self) -> int:
        """The rotation clockwise; a mirror image counts as the rotation it is made of."""
        if self.transpose:
            return 90 if self.mirror_x else 270
        return 180 if self.mirror_y else 0


def orientation(frame: Any) -> Orientation:
    """What the display matrix of a frame asks for: x' = a·x + c·y, y' = b·x + d·y."""
    data = frame.side_data.get("DISPLAYMATRIX")
    if data is None or len(bytes(data)) != 36:
        return Orientation()
    a, b, _, c, d = struct.unpack("=5i", bytes(data)[:20])
    if abs(b) + abs(c) > abs(a) + abs(d):
        return Orientation(True, c < 0, b < 0)
    return Orientation(False, a < 0, d < 0)


def displayed_size(frame: Any, aspect: Fraction | None, view: Orientation) -> tuple[int, int]:
    """Width and height with square pixels, after rotation; never smaller than stored."""
    width, height = frame.width, frame.height
    if aspect and Fraction(1, 8) <= aspect <= 8:
        width = max(width, round(width * aspect))
        height = max(height, round(height / aspect))
    return (height, width) if view.transpose else (width, height)


def progressive(frame: Any) -> Any:
    """A frame whose lines are of one moment: of an interlaced one the lines of the first field, with those between them
    interpolated along edges (FFmpeg's estdif, which needs no other frame)."""
    if not frame.interlaced_frame:
        return frame
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=Fraction(1, 1000))
    steps = [source, graph.add("estdif", "mode=frame:deint=all"), graph.add("buffersink")]
    for one, following in pairwise(steps):
        one.link_to(following)
    graph.configure()
    graph.vpush(frame)
    graph.vpush(None)
    made = graph.vpull()
    made.pts, made.time_base = frame.pts, frame.time_base
    return made


class Renderer:
    """Renders frames of one file at one displayed `size` (width, height)."""

    def __init__(self, size: tuple[int, int]) -> None:
        self._size = size
        self._reformatter = VideoReformatter()

    def render(self, frame: Any) -> npt.NDArray[np.uint8]:
        """uint8 (H,W,3) RGB, contiguous."""
        view = orientation(frame)
        frame = progressive(frame)
        width, height = self._size[::-1] if view.transpose else self._size
        rgb = self._reformatter.reformat(frame, width, height, "rgb24", interpolation=Interpolation.BICUBIC, threads=1)
        plane = rgb.planes[0]
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:height, : 3 * width]
        image = rows.reshape(height, width, 3)
        if view.transpose:
            image = image.transpose(1, 0, 2)
        if view.mirror_x:
            image = image[:, ::-1]
        if view.mirror_y:
            image = image[::-1]
        return np.ascontiguousarray(image)
