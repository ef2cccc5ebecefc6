"""Text in pictures: found where it is, read as it is, and nothing where there is none."""

import socket

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from studio import models
from studio.models.interfaces import TextReader


def picture(*texts: tuple[str, int, int, int], size: tuple[int, int] = (640, 360)) -> np.ndarray:
    """Texts (what, x, y, size) in white on a dark gray: uint8 (H, W, 3)."""
    canvas = Image.new("RGB", size, (40, 44, 52))
    for text, x, y, high in texts:
        ImageDraw.Draw(canvas).text((x, y), text, font=ImageFont.load_default(high), fill=(240, 240, 240))
    return np.asarray(canvas)


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return models.load("text_reading", device="cpu")


def test_lines_are_found_and_read_where_they_are(reader: TextReader) -> None:
    seen = picture(("Annual report", 60, 40, 40), ("Jane Whitfield, Zurich", 300, 300, 24))
    corners = reader.find(seen)
    assert (corners.shape, corners.dtype) == ((2, 4, 2), np.float32)
    first, second = reader.read(seen, corners)
    assert first is not None and second is not None
    assert (first.text, second.text) == ("Annual report", "Jane Whitfield, Zurich")
    assert 0.9 < first.confidence <= 1
    assert np.abs(first.polygon[0] - (60, 45)).max() < 12, "clockwise from the top left"
    assert np.abs(second.polygon[2] - (300 + ImageFont.load_default(24).getlength(second.text), 328)).max() < 12


def test_letters_are_read_in_the_frame_and_not_in_the_smaller_picture_they_are_found_in(
    reader: TextReader,
) -> None:
    seen = picture(("small letters in a large picture", 700, 500, 20), size=(1920, 1080))
    (line,) = reader.read(seen, reader.find(seen))
    assert line is not None and line.text == "small letters in a large picture"
    assert (line.polygon.min(axis=0) > (690, 495)).all()


def test_frames_are_bounded_and_never_enlarged(reader: TextReader) -> None:
    assert reader.frame_size(3840, 2160) == (1920, 1080)
    assert reader.frame_size(640, 360) == (640, 360)
    assert reader.frame_size(1080, 5000) == (415, 1920)


@pytest.mark.parametrize("shape", [(360, 640, 3), (8, 8, 3), (1, 500, 3)])
def test_where_nothing_is_written_nothing_is_read(reader: TextReader, shape: tuple[int, int, int]) -> None:
    flat = np.full(shape, 90, np.uint8)
    found = reader.find(flat)
    assert found.shape == (0, 4, 2)
    assert reader.read(flat, found) == []


def test_what_is_no_text_is_not_read(reader: TextReader) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (64, 200, 3), np.uint8)
    assert reader.read(noise, [[(0, 0), (199, 0), (199, 63), (0, 63)]]) == [None]


def test_other_input_is_refused(reader: TextReader) -> None:
    for wrong in (np.zeros((10, 10), np.uint8), np.zeros((10, 10, 3), np.float32), np.zeros((0, 10, 3), np.uint8)):
        with pytest.raises(ValueError, match="must be uint8"):
            reader.find(wrong)
        with pytest.raises(ValueError, match="must be uint8"):
            reader.read(wrong, [])


def test_nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise AssertionError("no connection is needed")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    loaded = models.load("text_reading", device="cpu")
    seen = picture(("Hello", 20, 20, 40))
    assert [line and line.text for line in loaded.read(seen, loaded.find(seen))] == ["Hello"]
    assert capfd.readouterr() == ("", ""), "the package's own log stays away from what the command prints"
