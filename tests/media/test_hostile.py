"""Files that lie, break off or ask for too much: a result or one clear sentence, never anything else."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from studio import media
from studio.config import Limits
from studio.errors import BrokenMedia, MediaError, MediaTooLarge, NotFound, NotMedia

Operation = Callable[[Path, Path], Any]


def _drain(path: Path, _: Path) -> int:
    with media.sample_frames(path, 5.0, size=(64, 48)) as stream:
        return sum(len(frames) for frames in stream)


OPERATIONS: dict[str, Operation] = {
    "probe": lambda path, _: media.probe(path),
    "sample_frames": _drain,
    "frame_at": lambda path, _: media.frame_at(path, 700_000),
    "audio_stream": lambda path, _: [len(block) for block in media.audio_stream(path)],
    "waveform": lambda path, _: media.waveform(path),
    "thumbnails": lambda path, _: media.thumbnails(path, [900_000, 0]),
    "subtitles": lambda path, _: media.subtitles(path),
    "shots": lambda path, _: media.shots(path),
    "make_proxy": lambda path, folder: media.make_proxy(path, folder / "proxy.mp4"),
}
OF_PICTURES = {"sample_frames", "frame_at", "thumbnails", "shots"}
PLAYABLE = {
    "-leading-dash.mp4", "alpha.webm", "av1.mkv", "corrupt_frames.mp4", "failing_audio.mp4", "hevc_10bit.mp4",
    "no_duration.webm", "one_pixel.mp4", "quote'name.mov", "rotated_270.mov", "rotated_90.mov",
    "two_video_streams.mp4", "variable_frame_rate.mp4",
}  # fmt: skip


def assert_one_sentence(error: MediaError | NotFound, path: Path) -> None:
    assert error.message.isprintable() and len(error.message) < 300
    assert str(path.parent) not in error.message
    assert error.message.endswith(".") and "Traceback" not in error.message


@pytest.mark.parametrize("operation", OPERATIONS)
def test_hostile_folder(hostile: Path, operation: str, tmp_path: Path) -> None:
    try:
        result = OPERATIONS[operation](hostile, tmp_path)
    except MediaError as error:
        assert hostile.name not in PLAYABLE
        assert_one_sentence(error, hostile)
        assert hostile.name in error.message
        assert list(tmp_path.iterdir()) == []
    else:
        assert hostile.name in PLAYABLE or (hostile.name == "audio_only.mp4" and operation not in OF_PICTURES), result


PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{secret}\n#EXT-X-ENDLIST\n"
CONTAINERS = {
    "playlist.mp4": PLAYLIST,
    "playlist.m3u8": PLAYLIST,
    "concat.mp4": "ffconcat version 1.0\nfile {secret}\n",
    "concat.txt": "ffconcat version 1.0\nfile {secret}\n",
    "tty.txt": "\x1b[1mroot:x:0:0\x1b[0m\n" * 40,
    "tty.mp4": "plain text\n" * 100,
    "dash.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"><BaseURL>{secret}</BaseURL></MPD>',
    "frame%03d.png": "\x89PNG\r\n\x1a\n",
    "session.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\nc=IN IP4 127.0.0.1\n",
    "page.mp4": "<html><script>alert(1)</script></html>",
    "meta.mp4": ";FFMETADATA1\ntitle=x\n",
    "remote.m3u8": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n#EXT-X-ENDLIST\n",
    "master.mp4": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nhttp://127.0.0.1:{port}/a.m3u8\n",
    "key.mp4": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="http://127.0.0.1:{port}/key"\n#EXTINF:1,\n{secret}\n',
    "concat_remote.mp4": "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.mp4\n",
    "script.avi": 'AviSource("{secret}")\n',
    "list.asx": '<asx version="3.0"><entry><ref href="http://127.0.0.1:{port}/a"/></entry></asx>',
    "list.pls": "[playlist]\nFile1=http://127.0.0.1:{port}/a\n",
    "picture.svg": '<svg xmlns="http://www.w3.org/2000/svg"><image href="http://127.0.0.1:{port}/a"/></svg>',
    "filter.mp4": "movie={secret}\n",
    "smil.mp4": '<smil><body><video src="http://127.0.0.1:{port}/a"/></body></smil>',
}
# The first bytes of a container that is allowed, and then something that is not.
HEADS = {
    "mov": b"\0\0\0\x18ftypisom\0\0\0\0isomiso2",
    "matroska": b"\x1aE\xdf\xa3",
    "avi": b"RIFF\xff\0\0\0AVI ",
    "flv": b"FLV\x01\x05\0\0\0\x09",
    "ogg": b"OggS\0\x02",
}


@pytest.mark.parametrize("name", CONTAINERS)
def test_containers_that_open_other_files_are_not_media(name: str, clip_of: Any, tmp_path: Path) -> None:
    secret, _ = clip_of("ts")
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    with listener:
        port = listener.getsockname()[1]
        path = tmp_path / name
        path.write_text(CONTAINERS[name].replace("{secret}", str(secret)).replace("{port}", str(port)), "latin-1")
        with pytest.raises(NotMedia) as refusal:
            media.probe(path)
        assert_one_sentence(refusal.value, path)
        with pytest.raises(BlockingIOError):
            listener.accept()


@pytest.mark.parametrize("family", HEADS)
def test_a_playlist_behind_an_honest_head_is_broken(family: str, clip_of: Any, tmp_path: Path) -> None:
    """The container is decided by the head, and only that one reads the file."""
    os.mkfifo(tmp_path / "secret.ts")  # whoever opened it would wait for ever
    path = tmp_path / "both.mp4"
    path.write_bytes(HEADS[family] + b"\n" + PLAYLIST.replace("{secret}", str(tmp_path / "secret.ts")).encode())
    with pytest.raises((BrokenMedia, NotMedia)) as refused:
        media.probe(path)
    assert_one_sentence(refused.value, path)


@pytest.mark.parametrize(
    "name",
    [
        "rtmp://127.0.0.1:9/a",
        "cache:file:a.mp4",
        "crypto:a.mp4",
        "file:/etc/passwd",
        "/proc/self/environ",
        "/dev/stdin",
        "http://127.0.0.1:9/a.mp4",
        "concat:a.mp4|b.mp4",
        "subfile:,start,0,end,9,,:a.mp4",
        "pipe:0",
        "data:video/mp4;,x",
        "",
    ],
)
def test_protocols_are_names_of_files_that_are_not_there(name: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((NotFound, NotMedia)):
        media.probe(name)


def test_only_regular_files(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "loop.mp4").symlink_to(tmp_path / "loop.mp4")
    (tmp_path / "link.mp4").symlink_to("/dev/zero")
    (tmp_path / "folder.mp4").mkdir()
    for name in ("pipe.mp4", "link.mp4", "folder.mp4", "loop.mp4", "nowhere.mp4", "nul\0.mp4"):
        with pytest.raises((NotFound, NotMedia)) as refusal:
            media.probe(tmp_path / name)
        assert_one_sentence(refusal.value, tmp_path / name)


def test_a_link_is_its_file(clip_of: Any, tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(clip_of("plain")[0])
    assert media.probe(tmp_path / "link.mp4").frame_count == 40


@pytest.mark.parametrize(
    "name",
    ["-dash.mp4", "a:b.mp4", "quote'\"s.mp4", "映画 🎬.mp4", "per%20cent%03d.mp4", "two\nlines.mp4", "n" * 240 + ".mp4",
     "\udcff\udcfe.mp4", "tab\t\u202e.mp4", ".mp4"],
)  # fmt: skip
def test_names(name: str, clip_of: Any, tmp_path: Path) -> None:
    good, bad = tmp_path / name, tmp_path / "bad" / name
    bad.parent.mkdir()
    good.write_bytes(clip_of("plain")[0].read_bytes())
    bad.write_bytes(b"\0\0\0\x18ftypisom" + bytes(100))
    assert media.frame_at(good, 0)[0] == 0
    assert media.probe(media.make_proxy(good, tmp_path / ("p" + name)[:200])).frame_count == 40
    with pytest.raises(BrokenMedia) as refusal:
        media.probe(bad)
    assert_one_sentence(refusal.value, bad)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(
    ("suffix", "muxer"),
    [(".mp4", {"movflags": "+faststart"}), (".mp4", {}), (".mkv", {}), (".ts", {}), (".avi", {}),
     (".mp4", {"movflags": "+frag_keyframe+empty_moov"})],
)  # fmt: skip
def test_truncated(
    suffix: str, muxer: dict[str, str], share: float, make_clip: Any, recipe: Any, number_in: Any, tmp_path: Path
) -> None:
    whole = make_clip(
        recipe(suffix=suffix, muxer=muxer, ticks=list(range(120)), options={"g": "12", "bf": "0"}),
        tmp_path / f"w{suffix}",
    )
    path = tmp_path / f"cut{suffix}"
    path.write_bytes(whole.read_bytes()[: int(whole.stat().st_size * share)])
    try:
        found = media.probe(path)
        with media.sample_frames(path, times_us=found.pts_us) as stream:
            numbers = [number_in(image) for frames in stream for image in frames.images]
    except BrokenMedia as error:
        assert_one_sentence(error, path)
        assert share < 0.2 or (suffix, muxer) == (".mp4", {})
    else:
        intact = numbers[:-2]  # the last may be half a picture
        assert intact == list(range(len(intact)))
        assert 0 < len(numbers) <= 120
        assert found.damaged or stream.damaged or "faststart" not in str(muxer)


def test_flipped_bytes(clip_of: Any, tmp_path: Path) -> None:
    """A small fuzz: every damaged file gives frames or a MediaError."""
    import random

    chance = random.Random(7)
    for kind in ("plain", "mkv", "avi_mpeg4", "ts", "vp9", "mpeg1"):
        good = clip_of(kind)[0]
        for turn in range(4):
            data = bytearray(good.read_bytes())
            for _ in range(1 + 10 * turn):
                data[chance.randrange(len(data))] = chance.randrange(256)
            path = tmp_path / f"{kind}{turn}{good.suffix}"
            path.write_bytes(data)
            try:
                _drain(path, tmp_path)
            except MediaError as error:
                assert_one_sentence(error, path)


@pytest.mark.parametrize(
    "limits",
    [
        Limits(pixels=96 * 64 - 1), Limits(side=95), Limits(frames_per_second=24.0), Limits(duration_s=1.0),
        Limits(streams=1), Limits(file_bytes=100),
    ],
)  # fmt: skip
def test_limits_are_checked_from_the_header(limits: Limits, clip_of: Any) -> None:
    path, _ = clip_of("plain")
    with pytest.raises(MediaTooLarge) as refusal:
        media.probe(path, limits)
    assert_one_sentence(refusal.value, path)


def test_a_bomb_is_refused_before_it_is_decoded(make_clip: Any, recipe: Any, tmp_path: Path) -> None:
    import av

    path = tmp_path / "bomb.mp4"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 8000, 4500, "yuv420p"
        output.mux(stream.encode(av.VideoFrame(8000, 4500, "yuv420p")))
        output.mux(stream.encode(None))
    with pytest.raises(MediaTooLarge) as refusal:
        media.probe(path)
    assert "8000×4500" in refusal.value.message


def test_codecs_off_the_list_are_not_decoded(tmp_path: Path) -> None:
    import av

    path = tmp_path / "odd.avi"
    with av.open(str(path), "w") as output:
        stream: Any = output.add_stream("huffyuv", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv422p"
        output.mux(stream.encode(av.VideoFrame(64, 64, "yuv422p")))
        output.mux(stream.encode(None))
    with pytest.raises(NotMedia, match="huffyuv"):
        media.probe(path)
