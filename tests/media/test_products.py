"""What is made from a video: thumbnails, shots, subtitles, the browser's copy. And what the package exports."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from studio import media
from studio.errors import BrokenMedia, UsageError


def test_what_can_be_imported() -> None:
    assert sorted(media.__all__) == media.__all__
    assert all(getattr(media, name).__module__.startswith("studio.media.") for name in media.__all__)
    assert all(getattr(media, name).__doc__ for name in media.__all__)


def picture(jpeg: bytes) -> np.ndarray[Any, Any]:
    assert jpeg[:3] == b"\xff\xd8\xff"
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image)


def test_thumbnails_show_the_frame_of_their_time(kind: str, clip_of: Any, number_in: Any) -> None:
    path, clip = clip_of(kind)
    found = media.probe(path)
    asked = [found.duration_us - 1, 0, found.duration_us // 2, 0, 10**10]
    images = [picture(jpeg) for jpeg in media.thumbnails(path, asked, height=48)]
    assert {image.shape for image in images} == {(48, round(found.width * 48 / found.height), 3)}
    assert [number_in(image) for image in images] == [clip.numbers[media.frame_index(found.pts_us, t)] for t in asked]
    assert number_in(picture(media.thumbnail(path, 0))) == clip.numbers[0]


def test_thumbnails_of_nothing_and_of_wrong_sizes(clip_of: Any) -> None:
    path, _ = clip_of("plain")
    assert media.thumbnails(path, []) == []
    with pytest.raises(UsageError):
        media.thumbnail(path, 0, height=0)


def test_colours_come_out_as_they_went_in(tmp_path: Path) -> None:
    path = tmp_path / "colour.mp4"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        image = np.full((64, 64, 3), (220, 40, 90), np.uint8)
        output.mux(stream.encode(av.VideoFrame.from_ndarray(image, "rgb24")))
        output.mux(stream.encode(None))
    assert np.abs(media.frame_at(path, 0)[1].astype(int) - (220, 40, 90)).max() < 8
    assert np.abs(picture(media.thumbnail(path, 0)).astype(int) - (90, 40, 220)).max() < 12


def test_shots_are_found_at_their_first_frames(tmp_path: Path) -> None:
    path = tmp_path / "shots.mp4"
    chance = np.random.default_rng(3)
    times = []
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        tick = 0
        for shot in range(3):
            scene = cv2.resize(chance.integers(0, 255, (6, 10, 3), np.uint8), (200, 96), interpolation=cv2.INTER_CUBIC)
            for index in range(40):
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene[:, index // 2 :][:, :160]), "rgb24")
                frame.pts, frame.time_base = tick, Fraction(1, 25)
                if index == 0 and shot:
                    times.append(tick * 40_000)
                tick += 1 + (index == 20)
                output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    seen: list[float] = []
    assert media.shots(path, seen.append) == times
    assert seen == sorted(seen) and 0 < seen[-1] <= 1


def test_subtitles_of_a_container(tmp_path: Path, clip_of: Any) -> None:
    path = tmp_path / "text.mkv"
    with av.open(str(clip_of("plain")[0])) as source, av.open(str(path), "w") as output:
        video = output.add_stream_from_template(source.streams.video[0])
        text: Any = output.add_mux_stream("subrip")
        for packet in source.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                output.mux(packet)
        for start, words in ((200, "One <i>word</i>"), (900, "two\r\nlines")):
            line = av.Packet(words.encode())
            line.pts = line.dts = start
            line.duration, line.time_base, line.stream = 500, Fraction(1, 1000), text
            output.mux(line)
    assert media.probe(path).text_streams == 1
    assert media.subtitles(path) == [(200_000, 700_000, "One word"), (900_000, 1_400_000, "two\nlines")]
    assert media.subtitles(clip_of("plain")[0]) == []


@pytest.mark.parametrize(
    ("codec", "data", "text"),
    [
        ("mov_text", b"\0\x05hello\0\0\0\x0cstyl", "hello"),
        ("mov_text", b"\0\0", ""),
        ("mov_text", b"", ""),
        ("ass", b"0,0,Default,,0,0,0,,{\\b1}Hi,\\Nyou", "Hi,\nyou"),
        ("webvtt", b"<v Ann>Hello &amp; you", "Hello & you"),
        ("subrip", b"\xff\xfe", "��"),
    ],
)
def test_plain_text(codec: str, data: bytes, text: str) -> None:
    from studio.media.child.text import plain

    assert plain(codec, data) == text


def test_proxy_has_the_same_frames_at_the_same_times(kind: str, clip_of: Any, number_in: Any, tmp_path: Path) -> None:
    path, clip = clip_of(kind)
    found = media.probe(path)
    done: list[float] = []
    out = media.make_proxy(path, tmp_path / "proxy.mp4", done.append)
    made = media.probe(out)
    assert list(tmp_path.iterdir()) == [out] and done[-1] == 1.0
    assert made.pts_us.tolist() == found.pts_us.tolist()
    assert (made.container, made.codec, made.pixel_format) == ("mov", "h264", "yuv420p")
    assert made.browser_playable and not made.damaged
    assert (made.rotation, made.start_us) == (0, 0)
    assert (made.width, made.height) == (found.width // 2 * 2, found.height // 2 * 2)
    assert (made.audio is None) == (found.audio is None)
    assert abs(made.duration_us - found.duration_us) < 50_000
    with media.sample_frames(out, times_us=made.pts_us) as stream:
        assert [number_in(image) for frames in stream for image in frames.images] == clip.numbers
    data = out.read_bytes()
    assert 0 < data.find(b"moov") < data.find(b"mdat")


@pytest.mark.parametrize("kind_of_sound", ["late_audio", "late_start"])
def test_proxy_keeps_sound_and_picture_together(kind_of_sound: str, clip_of: Any, tmp_path: Path) -> None:
    path, _ = clip_of(kind_of_sound)
    out = media.make_proxy(path, tmp_path / "proxy.mp4")
    before, after = (np.concatenate(list(media.audio_stream(p))) for p in (path, out))
    begins = [int(np.argmax(np.abs(samples) > 0.1)) for samples in (before, after)]
    assert abs(begins[0] - begins[1]) < 16_000 * 0.025


def test_proxy_leaves_nothing_behind_when_it_fails(clip_of: Any, tmp_path: Path) -> None:
    path, _ = clip_of("plain")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(path.read_bytes()[:100])
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "proxy.mp4").write_bytes(b"older")
    with pytest.raises(BrokenMedia):
        media.make_proxy(broken, folder / "proxy.mp4")

    def stop(_: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        media.make_proxy(path, folder / "proxy.mp4", stop)
    with pytest.raises(UsageError):
        media.make_proxy(path, tmp_path / "nowhere" / "proxy.mp4")
    assert [item.name for item in folder.iterdir()] == ["proxy.mp4"]


@pytest.mark.parametrize(
    ("kind_of_clip", "plays"),
    [("plain", True), ("turned_90", True), ("vp8", True), ("vp9", True), ("mkv", True), ("late_start", True),
     ("avi_h264", False), ("avi_mpeg4", False), ("mpeg1", False), ("ts", False), ("hevc", False), ("ten_bit", False)],
)  # fmt: skip
def test_what_a_browser_plays(kind_of_clip: str, plays: bool, clip_of: Any) -> None:
    assert media.probe(clip_of(kind_of_clip)[0]).browser_playable is plays


def test_facts_are_remembered_until_the_file_changes(clip_of: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(clip_of("plain")[0].read_bytes())
    first = media.probe(path)
    assert media.probe(path) is first
    assert not first.pts_us.flags.writeable
    path.write_bytes(clip_of("one_frame")[0].read_bytes())
    assert media.probe(path).frame_count == 1
    assert media.probe(clip_of("variable")[0]).vfr and not media.probe(clip_of("fast_120")[0]).vfr
