"""M6, M10: every kind of file that cameras, phones and broken copies make, and files that ask for too much, times what
the studio does with a file: a result, at the times that ffprobe tells, or one sentence."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import media
from studio.config import Limits
from studio.errors import BrokenMedia, MediaError, MediaTooLarge, NotMedia
from tests.media.conftest import CLIPS
from tests.media.test_hostile import OPERATIONS, assert_one_sentence

ASKED = ("probe", "sample_frames", "waveform", "thumbnails")


def _audio_only(path: Path) -> None:
    with av.open(str(path), "w") as output:
        sound: Any = output.add_stream("aac", rate=48_000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 48_000), np.float32), "fltp", "mono")
        frame.sample_rate = 48_000
        output.mux(sound.encode(frame))
        output.mux(sound.encode(None))


def _cut(share: float) -> Callable[[bytes], bytes]:
    return lambda data: data[: int(len(data) * share)]


def _without_moov(data: bytes) -> bytes:
    return data.replace(b"moov", b"oops")


DAMAGED: dict[str, tuple[str, Callable[[bytes], bytes]]] = {
    "zero_byte.mp4": ("plain", lambda data: b""),
    "one_byte.mp4": ("plain", lambda data: b"\0"),
    "cut_10.mkv": ("mkv", _cut(0.1)),
    "cut_50.mkv": ("mkv", _cut(0.5)),
    "cut_90.mp4": ("plain", _cut(0.9)),
    "no_moov.mp4": ("plain", _without_moov),
    "zeros.mp4": ("plain", lambda data: bytes(len(data))),
    "random_tail.avi": ("avi_mpeg4", lambda data: data[: len(data) // 2] + bytes(range(256)) * 64),
    "twice.ts": ("ts", lambda data: data * 2),
    "head_only.webm": ("vp9", lambda data: data[:400]),
}
NAMED = {
    "映画 🎬 ü.mp4": "plain", "-dash.mp4": "plain", "a:b.mp4": "plain", "n" * 240 + ".mp4": "plain",
    "wrong_extension.avi": "plain", "no_extension": "mkv", "pictures.jpg": "mjpeg",
}  # fmt: skip
CORPUS = [*CLIPS, *DAMAGED, *NAMED, "audio_only.m4a"]


@pytest.fixture(scope="module")
def corpus(clip_of: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("corpus")

    def corpus(name: str) -> Path:
        if name in CLIPS:
            return Path(clip_of(name)[0])
        path = folder / name
        if name == "audio_only.m4a":
            _audio_only(path)
            return path
        source, change = DAMAGED.get(name, (NAMED.get(name, ""), lambda data: data))
        path.write_bytes(change(clip_of(source)[0].read_bytes()))
        return path

    return corpus


def test_the_corpus_is_as_large_as_it_should_be() -> None:
    assert len(CORPUS) >= 40


@pytest.mark.parametrize("name", CORPUS)
def test_a_result_or_one_sentence(name: str, corpus: Callable[[str], Path], tmp_path: Path) -> None:
    path = corpus(name)
    answers: dict[str, bool] = {}
    for operation in ASKED:
        try:
            OPERATIONS[operation](path, tmp_path)
            answers[operation] = True
        except MediaError as error:
            assert_one_sentence(error, path)
            answers[operation] = False
    whole = name in CLIPS or name in NAMED
    assert not whole or all(answers.values()), answers
    if name in ("zero_byte.mp4", "one_byte.mp4", "no_moov.mp4", "zeros.mp4"):
        assert not any(answers.values()), answers
    if name == "audio_only.m4a":
        assert answers == {"probe": True, "sample_frames": False, "waveform": True, "thumbnails": False}


@pytest.mark.skipif(shutil.which("ffprobe") is None, reason="compares with ffprobe")
@pytest.mark.parametrize("name", [*CLIPS, "cut_50.mkv", "wrong_extension.avi"])
def test_times_are_those_of_ffprobe_within_a_frame(name: str, corpus: Callable[[str], Path]) -> None:
    path = corpus(name)
    command = ["ffprobe", "-v", "quiet", "-select_streams", "v:0", "-show_entries",
               "frame=best_effort_timestamp_time", "-of", "csv=p=0", f"file:{path}"]  # fmt: skip
    told = subprocess.run(command, capture_output=True, text=True, check=False).stdout.replace(",", "").split()
    times = np.array(sorted({float(time) for time in told if time != "N/A"}))
    if len(times) == 0:
        pytest.skip("ffprobe knows no times here")
    ours = media.probe(path).pts_us / 1e6
    frame = float(np.median(np.diff(ours))) if len(ours) > 1 else 0.04
    theirs = times - times[0]
    theirs[1:] += CLIPS[name].lead_us / 1e6 if name in CLIPS else 0
    shared = min(len(ours), len(theirs))
    assert abs(len(ours) - len(theirs)) <= max(2, CLIPS[name].trim if name in CLIPS else 0)
    assert np.abs(ours[:shared] - theirs[:shared]).max() <= frame * 1.01


# ---------------------------------------------------------------- what asks for too much


def _picture(path: Path, codec: str, pixels: str, size: tuple[int, int]) -> None:
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream(codec, rate=5)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        output.mux(stream.encode(av.VideoFrame(*size, pixels)))
        output.mux(stream.encode(None))


def _tracks(path: Path, count: int) -> None:
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("mpeg4", rate=25)
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sounds: list[Any] = [output.add_stream("aac", rate=48_000, layout="mono") for _ in range(count - 1)]
        output.mux(video.encode(av.VideoFrame(64, 48, "yuv420p")))
        output.mux(video.encode(None))
        for sound in sounds:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
            frame.sample_rate = 48_000
            output.mux(sound.encode(frame))
            output.mux(sound.encode(None))


HOUR = 3600 * 25
BOMBS = {
    "pixels.mp4": lambda path, make, clip: _picture(path, "mpeg4", "yuv420p", (8000, 4500)),
    "pixels.avi": lambda path, make, clip: _picture(path, "mjpeg", "yuvj420p", (8000, 4500)),
    "pixels.mkv": lambda path, make, clip: _picture(path, "ffv1", "gray", (6000, 6000)),
    "side.mkv": lambda path, make, clip: _picture(path, "ffv1", "gray", (16_400, 16)),
    "rate.mp4": lambda path, make, clip: make(clip(base=Fraction(1, 500)), path),
    "rate.mkv": lambda path, make, clip: make(clip(suffix=".mkv", base=Fraction(1, 900)), path),
    "long.mp4": lambda path, make, clip: make(clip(ticks=[0, 1, 7 * HOUR]), path),
    "long.mkv": lambda path, make, clip: make(clip(suffix=".mkv", ticks=[0, 1, 7 * HOUR]), path),
    "tracks.mp4": lambda path, make, clip: _tracks(path, 9),
    "tracks.mkv": lambda path, make, clip: _tracks(path, 12),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_from_its_header(name: str, make_clip: Any, recipe: Any, tmp_path: Path) -> None:
    path = tmp_path / name
    BOMBS[name](path, make_clip, recipe)
    with pytest.raises(MediaTooLarge) as refused:
        media.probe(path)
    assert_one_sentence(refused.value, path)


def test_a_giant_is_refused_without_being_opened(tmp_path: Path) -> None:
    path = tmp_path / "giant.mp4"
    with path.open("wb") as file:
        file.truncate(10 * 2**30 + 1)
    with pytest.raises(MediaTooLarge, match="limit is 10 GiB"):
        media.probe(path)


# ---------------------------------------------------------------- flipped bytes

SEEDS = ("plain", "b_frames", "hevc", "vp9", "mkv", "avi_mpeg4", "ts", "mpeg1", "fragmented", "mjpeg")


@pytest.mark.parametrize(
    "files", [500, pytest.param(int(os.environ.get("STUDIO_FUZZ", "20000")), marks=pytest.mark.release)]
)
def test_flipped_bytes_never_reach_the_studio(clip_of: Any, tmp_path: Path, files: int) -> None:
    """M7: one to thirty bytes changed; STUDIO_FUZZ is how many files a release tries. Every third file is read to its
    end, of the others what a header tells."""
    from concurrent.futures import ThreadPoolExecutor

    def one(number: int) -> str:
        chance = np.random.default_rng(number)
        seed = SEEDS[number % len(SEEDS)]
        good = clips[seed]
        data = bytearray(contents[seed])
        first = chance.integers(2)  # half of the changes meet the head of the file
        reach = min(len(data), 4_000) if first else len(data)
        for place in chance.integers(0, reach, chance.integers(1, 31)):
            data[place] = chance.integers(256)
        path = tmp_path / f"{number}{good.suffix}"
        path.write_bytes(data)
        try:
            OPERATIONS["sample_frames" if number % 3 == 0 else "probe"](path, tmp_path)
        except MediaError as error:
            assert_one_sentence(error, path)
            return type(error).__name__
        finally:
            path.unlink()
        return "good"

    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    clips = {seed: Path(clip_of(seed)[0]) for seed in SEEDS}
    contents = {seed: clip.read_bytes() for seed, clip in clips.items()}
    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(one, range(files)))
    assert {"good", BrokenMedia.__name__, NotMedia.__name__} <= set(outcomes)
    largest = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024  # pictures of 35 million pixels
    assert largest <= max(before, Limits().child_memory_bytes / 2), (
        "no decoder took more; other tests' children may have"
    )
    assert media.probe(clips["plain"]).frame_count == 40, "the studio still works"


@pytest.mark.parametrize(
    ("suffix", "said"), [(".mov", "01:00:00:00"), (".mp4", "09:59:59:12"), (".mkv", "00:00:10;00")]
)
def test_the_time_code_of_the_first_frame(
    tmp_path: Path, make_clip: Callable[[Any, Path], Path], recipe: Any, suffix: str, said: str
) -> None:
    """On a track of its own in .mov and .mp4, else among the words about the stream."""
    path = make_clip(recipe(suffix=suffix, timecode=said), tmp_path / f"clip{suffix}")
    assert media.probe(path).timecode == said
    assert media.probe(make_clip(recipe(suffix=suffix), tmp_path / f"none{suffix}")).timecode == ""
