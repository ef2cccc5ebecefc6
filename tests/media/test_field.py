"""Files as cameras, recorders and downloads write them: joined, cut off, interlaced, encrypted, with several tracks.

The inputs of ../shared/data/field are real cases of other tools' bug reports; each has siblings that are made here.
"""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from studio import media
from studio.config import Limits
from studio.errors import NotMedia
from tests.media.conftest import CLIPS, SHARED, Clip, draw, make, read

FIELD = SHARED / "field"
field = pytest.mark.skipif(not FIELD.exists(), reason="the shared inputs are not here")


def numbers(path: Path) -> list[int]:
    found = media.probe(path)
    with media.sample_frames(path, times_us=found.pts_us) as stream:
        return [read(image) for frames in stream for image in frames.images]


def strongest(path: Path, track: int | None = None) -> int:
    """The strongest frequency of a sound (Hz)."""
    samples = np.concatenate(list(media.audio_stream(path, track=track)))
    return round(float(np.abs(np.fft.rfft(samples)).argmax()) * 16_000 / len(samples))


# ---------------------------------------------------------------- recordings that were joined end to end


@field
def test_joined_recordings_play_through() -> None:
    path = FIELD / "01-joined-recordings" / "concat.ts"
    found = media.probe(path)
    assert (found.duration_us, found.frame_count) == (8_000_000, 200)
    assert numbers(path) == list(range(200))
    assert found.notes == ("Its clock starts anew at 0:04; the recordings are played one after the other.",)
    assert not found.damaged


JOINED = [
    *((name, 3) for name in ("ts", "mpeg1", "live_mkv", "fragmented")),
    *((name, 2) for name in ("mkv", "vp9", "vp8")),  # of finished Matroska files FFmpeg reads the second, not the third
]


@pytest.mark.parametrize(("name", "times"), JOINED)
def test_every_container_that_can_be_joined_plays_through(name: str, times: int, clip_of: Any, tmp_path: Path) -> None:
    source, clip = clip_of(name)
    path = tmp_path / f"joined{clip.suffix}"
    path.write_bytes(source.read_bytes() * times)
    found = media.probe(path)
    once = media.probe(source)
    assert found.frame_count == times * once.frame_count
    assert found.duration_us == pytest.approx(times * once.duration_us, abs=3_000)
    assert numbers(path) == clip.numbers * times
    middle = int(found.pts_us[once.frame_count + 7])
    assert read(media.frame_at(path, middle)[1]) == clip.numbers[7]
    assert len(found.offsets) == times - 1 and "starts anew at" in found.notes[0]
    assert not found.browser_playable and not found.damaged
    out = media.make_proxy(path, tmp_path / "proxy.mp4")
    assert numbers(out) == clip.numbers * times


def test_each_frame_of_the_second_recording_comes_alone(tmp_path: Path) -> None:
    """However early the decoder is stopped: one try in fifty hung for ever while threads of it were at work."""
    clip = replace(CLIPS["fragmented"], size=(1280, 720))
    path = make(clip, tmp_path / "joined.mp4")
    path.write_bytes(path.read_bytes() * 2)
    count = len(clip.ticks)
    for time_us, number in zip(media.probe(path).pts_us[count:].tolist(), clip.numbers, strict=True):
        found = media.frame_at(path, time_us, limits=Limits(child_silence_s=20))
        assert (found[0], read(found[1])) == (time_us, number)


@pytest.mark.parametrize("name", ["ts", "mkv"])
def test_sound_of_joined_recordings_stays_beside_its_pictures(name: str, clip_of: Any, tmp_path: Path) -> None:
    first = make(Clip(suffix=CLIPS[name].suffix, audio=0), tmp_path / f"mute{CLIPS[name].suffix}")
    second, _ = clip_of(name)
    path = tmp_path / f"joined{CLIPS[name].suffix}"
    path.write_bytes(second.read_bytes() + second.read_bytes())
    loud = np.abs(np.concatenate(list(media.audio_stream(path)))) > 0.1
    assert loud.size / 16_000 == pytest.approx(3.16, abs=0.1)
    assert loud[: int(1.4 * 16_000)].mean() > 0.8 and loud[int(1.8 * 16_000) : int(3.1 * 16_000)].mean() > 0.8
    if name == "mkv":
        return
    path.write_bytes(second.read_bytes() + first.read_bytes() + second.read_bytes())
    loud = np.abs(np.concatenate(list(media.audio_stream(path)))) > 0.1
    assert not loud[int(1.7 * 16_000) : int(3.1 * 16_000)].any(), "the recording in the middle has no sound"
    assert loud[int(3.4 * 16_000) : int(4.6 * 16_000)].mean() > 0.8


def test_a_clock_that_leaps_ahead_is_taken_for_a_new_recording(tmp_path: Path) -> None:
    parts = [
        make(Clip(suffix=".ts", ticks=list(range(start, start + 40))), tmp_path / f"{start}.ts") for start in (0, 5000)
    ]
    path = tmp_path / "joined.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = media.probe(path)
    assert found.frame_count == 80 and found.duration_us == pytest.approx(3_200_000, abs=3_000)
    assert found.notes == ("Its clock jumps at 0:02; the recordings are played one after the other.",)


@pytest.mark.parametrize(("name", "read"), [("plain", "the first"), ("mkv", "the first 2"), ("flv", "the first")])
def test_joined_files_that_cannot_be_read_are_said(name: str, read: str, clip_of: Any, tmp_path: Path) -> None:
    source = make(Clip(suffix=".flv", codec="flv"), tmp_path / "a.flv") if name == "flv" else clip_of(name)[0]
    path = tmp_path / f"thrice{source.suffix}"
    path.write_bytes(source.read_bytes() * 3)
    found = media.probe(path)
    assert f"3 files are joined in it, and only {read} can be read; split or convert it." in found.notes
    assert not found.browser_playable or name == "plain"


@pytest.mark.parametrize("name", [k for k in CLIPS if k not in ("one_frame",)])
def test_nothing_is_said_of_healthy_files(name: str, clip_of: Any) -> None:
    found = media.probe(clip_of(name)[0])
    assert (found.notes, found.offsets, found.damaged) == ((), (), False)


# ---------------------------------------------------------------- which stream


@field
def test_a_picture_before_the_video_is_not_the_video() -> None:
    found = media.probe(FIELD / "10-picture-before-the-video" / "tinyfirst.mov")
    assert (found.duration_us, found.width, found.height, found.frame_count) == (4_000_000, 96, 64, 100)


@pytest.mark.parametrize(
    ("sizes", "default", "best"),
    [
        ([(64, 48), (96, 64)], None, (96, 64)),
        ([(96, 64), (64, 48)], None, (96, 64)),
        ([(96, 64), (64, 48)], 1, (64, 48)),
    ],
)
def test_of_two_videos_the_default_is_taken_else_the_larger(
    sizes: list[tuple[int, int]], default: int | None, best: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "two.mkv"
    with av.open(str(path), "w", options={"default_mode": "passthrough"}) as output:
        streams: list[Any] = []
        for place, size in enumerate(sizes):
            stream: Any = output.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
            stream.disposition = int(place == default)
            streams.append(stream)
        for number in range(20):
            for stream, size in zip(streams, sizes, strict=True):
                frame = av.VideoFrame.from_ndarray(draw(number, *size), "rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                output.mux(stream.encode(frame))
        for stream in streams:
            output.mux(stream.encode(None))
    found = media.probe(path)
    assert (found.width, found.height) == best
    assert numbers(path) == list(range(20))


@field
def test_the_default_sound_is_heard_and_others_can_be_chosen(tmp_path: Path) -> None:
    path = FIELD / "24-which-sound" / "langs.mkv"
    first, second = media.probe(path).sounds
    assert (first.language, first.default) == ("deu", False)
    assert (second.language, second.default) == ("eng", True)
    assert strongest(path) == pytest.approx(880, abs=3)
    assert strongest(path, first.index) == pytest.approx(440, abs=3)
    assert strongest(media.make_proxy(path, tmp_path / "a.mp4")) == pytest.approx(880, abs=3)
    assert strongest(media.make_proxy(path, tmp_path / "b.mp4", track=first.index)) == pytest.approx(440, abs=3)
    assert not media.probe(path).browser_playable, "a browser plays the first sound"


def with_texts(source: Path, path: Path, tracks: list[tuple[str, int, list[tuple[int, str]]]]) -> Path:
    """A copy of a video with tracks of subtitles: language, flags, lines (ms)."""
    with av.open(str(source)) as opened, av.open(str(path), "w", options={"default_mode": "passthrough"}) as output:
        video = output.add_stream_from_template(opened.streams.video[0])
        texts: list[Any] = []
        for language, flags, _ in tracks:
            text: Any = output.add_mux_stream("subrip")
            text.metadata["language"], text.disposition = language, flags
            texts.append(text)
        for packet in opened.demux(video=0):
            if packet.dts is not None:
                packet.stream = video
                output.mux(packet)
        for text, (_, _, lines) in zip(texts, tracks, strict=True):
            for start, words in lines:
                line = av.Packet(words.encode())
                line.pts = line.dts = start
                line.duration, line.time_base, line.stream = 500, Fraction(1, 1000), text
                output.mux(line)
    return path


def test_a_forced_track_does_not_hide_the_full_one(clip_of: Any, tmp_path: Path) -> None:
    tracks = [
        ("eng", av.stream.Disposition.forced.value | 1, [(100, "(sign)")]),
        ("fra", 0, [(100, "Bonjour"), (700, "Salut")]),
        ("eng", 0, [(100, "Hello"), (700, "Hi")]),
    ]
    path = with_texts(clip_of("plain")[0], tmp_path / "subs.mkv", tracks)
    found = media.probe(path)
    assert [(track.language, track.forced) for track in found.texts] == [("fra", False), ("eng", False), ("eng", True)]
    assert [text for _, _, text in media.subtitles(path)] == ["Bonjour", "Salut"]
    assert [text for _, _, text in media.subtitles(path, track=found.texts[1].index)] == ["Hello", "Hi"]


# ---------------------------------------------------------------- how long


@field
def test_a_last_frame_that_lasts_seconds_counts() -> None:
    found = media.probe(FIELD / "09-last-frame-is-long" / "scr.mp4")
    assert found.duration_us == 6_000_000
    assert found.pts_us[-1] == 1_000_000


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".mov"])
def test_a_still_end_of_a_screen_recording_counts(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"screen{suffix}"
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream("libx264", rate=25, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 96, 64, "yuv420p"
        packets = []
        for number in range(26):
            frame = av.VideoFrame.from_ndarray(draw(number, 96, 64), "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            packets += video.encode(frame)
        packets += video.encode(None)
        packets[-1].duration = 125
        for packet in packets:
            output.mux(packet)
    found = media.probe(path)
    assert found.duration_us == pytest.approx(6_000_000, abs=1_000)
    assert found.notes == ()
    assert media.probe(media.make_proxy(path, tmp_path / "proxy.mp4")).duration_us == pytest.approx(
        6_000_000, abs=1_000
    )


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_sound_that_outlasts_the_picture_is_on_the_timeline(suffix: str, tmp_path: Path) -> None:
    clip = Clip(suffix=suffix, audio=1, audio_from_s=1.5)
    path = make(clip, tmp_path / f"late{suffix}")
    found = media.probe(path)
    sound = len(np.concatenate(list(media.audio_stream(path)))) / 16_000
    assert found.duration_us / 1e6 == pytest.approx(3.06, abs=0.05)
    assert sound == pytest.approx(found.duration_us / 1e6, abs=0.05)
    assert read(media.frame_at(path, found.duration_us - 1)[1]) == clip.numbers[-1]


# ---------------------------------------------------------------- what is wrong with a file


@field
def test_a_recording_that_breaks_off_says_so() -> None:
    found = media.probe(FIELD / "25-cut-off-recording" / "half.mkv")
    assert found.damaged and found.duration_us == pytest.approx(2_000_000, abs=1_000)
    assert found.notes == ("It breaks off at 0:02; its header promises 0:04.",)


@pytest.mark.parametrize("name", ["mkv", "vp9", "faststart", "avi_mpeg4", "flv"])
def test_a_cut_file_says_so_in_every_container_whose_header_tells(name: str, tmp_path: Path) -> None:
    kinds = {
        "mkv": Clip(suffix=".mkv"), "vp9": Clip(suffix=".webm", codec="libvpx-vp9"),
        "faststart": Clip(suffix=".mp4", muxer={"movflags": "+faststart"}),
        "avi_mpeg4": Clip(suffix=".avi", codec="mpeg4"), "flv": Clip(suffix=".flv", codec="flv"),
    }  # fmt: skip
    clip = kinds[name]
    clip.ticks = list(range(100))
    path = make(clip, tmp_path / f"whole{clip.suffix}")
    assert media.probe(path).notes == ()
    data = path.read_bytes()
    cut = tmp_path / f"cut{clip.suffix}"
    cut.write_bytes(data[: int(len(data) * 0.55)])
    found = media.probe(cut)
    (note,) = found.notes
    assert found.damaged and note.startswith("It breaks off at 0:0") and note.endswith("its header promises 0:04.")


def test_a_trimming_edit_list_is_no_damage(clip_of: Any) -> None:
    found = media.probe(clip_of("edit_list")[0])
    assert not found.damaged and found.notes == ()


@pytest.mark.parametrize(
    ("codec", "suffix"), [("libx264", ".ts"), ("libvpx", ".webm"), ("libvpx-vp9", ".webm"), ("mpeg2video", ".ts")]
)
def test_a_size_that_changes_midway_is_said(codec: str, suffix: str, tmp_path: Path) -> None:
    sizes = [(96, 64), (64, 96)]
    parts = [make(Clip(suffix=suffix, codec=codec, size=size), tmp_path / f"{size[0]}{suffix}") for size in sizes]
    path = tmp_path / f"changes{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found = media.probe(path)
    assert (found.width, found.height, found.frame_count) == (96, 64, 80)
    assert "The size of its pictures changes at 0:02 to 64×96; all are shown at the first size." in found.notes
    assert numbers(path) == list(range(40)) * 2


def test_encrypted_files_are_called_encrypted(clip_of: Any, tmp_path: Path) -> None:
    options = {"encryption_scheme": "cenc-aes-ctr", "encryption_key": "76" * 16, "encryption_kid": "a7" * 16}
    path = tmp_path / "secret.mp4"
    with av.open(str(clip_of("plain")[0])) as source, av.open(str(path), "w", options=options) as output:
        streams = {stream.index: output.add_stream_from_template(stream) for stream in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
    scrambled = tmp_path / "secret.ts"
    data = bytearray(clip_of("ts")[0].read_bytes())
    for place in range(0, len(data), 188):
        if data[place + 3] & 0x10 and (data[place + 1] & 0x1F, data[place + 2]) == (1, 0):  # of the stream with PID 256
            data[place + 3] |= 0x80
    scrambled.write_bytes(data)
    for file in (path, scrambled):
        with pytest.raises(NotMedia, match="is encrypted; add a copy without copy protection"):
            media.probe(file)


# ---------------------------------------------------------------- kinds of video


@pytest.mark.parametrize(("codec", "suffix"), [("mpeg1video", ".m1v"), ("mpeg2video", ".m2v")])
def test_elementary_streams_open(codec: str, suffix: str, tmp_path: Path) -> None:
    clip = Clip(suffix=suffix, codec=codec, container=codec, options={"bf": "2", "g": "12"})
    path = make(clip, tmp_path / f"stream{suffix}")
    found = media.probe(path)
    assert (found.container, found.duration_us, found.frame_count) == ("mpegvideo", 1_600_000, 40)
    assert numbers(path) == clip.numbers
    assert numbers(media.make_proxy(path, tmp_path / "proxy.mp4")) == clip.numbers


@pytest.mark.parametrize(("codec", "suffix"), [("libx264", ".mp4"), ("mpeg2video", ".ts")])
def test_interlaced_video_is_deinterlaced(codec: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"interlaced{suffix}"
    options = {"x264-params": "interlaced=1:tff=1"} if codec == "libx264" else {}
    with av.open(str(path), "w") as output:
        video: Any = output.add_stream(codec, rate=25, options={"flags": "+ildct+ilme", **options})
        video.width, video.height, video.pix_fmt = 192, 128, "yuv420p"
        video.bit_rate = 4_000_000
        for number in range(20):
            image = np.zeros((128, 192, 3), np.uint8)
            image[0::2, number * 4 : number * 4 + 40] = 255  # two moments in one frame: a comb at every edge
            image[1::2, number * 4 + 20 : number * 4 + 60] = 255
            frame = av.VideoFrame.from_ndarray(image, "rgb24").reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(video.encode(frame))
        output.mux(video.encode(None))

    def comb(image: np.ndarray[Any, Any]) -> float:
        rows = image.astype(int).mean(axis=2)
        return float(np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean())

    with av.open(str(path)) as opened:
        raw = comb(next(opened.decode(video=0)).to_ndarray(format="rgb24"))
    found = media.probe(path)
    assert not found.browser_playable
    assert comb(media.frame_at(path, 0)[1]) < raw / 5
    thumbnail = cv2.imdecode(np.frombuffer(media.thumbnail(path, 0, height=128), np.uint8), cv2.IMREAD_COLOR)
    assert thumbnail is not None and comb(np.asarray(thumbnail)) < raw / 5
    out = media.make_proxy(path, tmp_path / "proxy.mp4")
    assert comb(media.frame_at(out, 400_000)[1]) < raw / 5
    assert media.probe(out).pts_us.tolist() == found.pts_us.tolist()


@pytest.mark.parametrize(
    ("head", "what"),
    [(b"\x89PNG\r\n\x1a\n", "a picture"), (b"\xff\xd8\xff\xe0", "a picture"), (b"%PDF-1.7", "a PDF document"),
     (b"PK\x03\x04", "an archive"), (b"WEBVTT\n\n", "a file of subtitles")],
)  # fmt: skip
def test_a_refusal_says_what_the_file_is(head: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "thing.mp4"
    path.write_bytes(head + bytes(400))
    with pytest.raises(NotMedia) as refused:
        media.probe(path)
    assert f"is {what}, not video or sound" in refused.value.message
    assert "convert it to MP4" not in refused.value.message


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_sound_that_precedes_the_picture_is_on_the_timeline(suffix: str, tmp_path: Path) -> None:
    clip = Clip(suffix=suffix, audio=1, ticks=list(range(25, 65)))
    path = make(clip, tmp_path / f"early{suffix}")
    found = media.probe(path)
    assert found.lead_us == pytest.approx(1_000_000, abs=25_000)
    assert found.frame_count == 40 and found.fps == pytest.approx(25, abs=0.1) and not found.vfr
    assert found.pts_us[:2].tolist() == [0, found.lead_us + 40_000]
    assert np.abs(np.concatenate(list(media.audio_stream(path)))[:15_000]).max() > 0.5
    assert [read(media.frame_at(path, t)[1]) for t in (0, 900_000, found.lead_us + 40_000)] == [0, 0, 1]
    assert numbers(path) == clip.numbers
    assert numbers(media.make_proxy(path, tmp_path / "proxy.mp4")) == clip.numbers


def test_a_library_keeps_the_start_it_gave_a_file(tmp_path: Path) -> None:
    path = make(Clip(suffix=".mkv", audio=1, ticks=list(range(25, 65))), tmp_path / "early.mkv")
    new = media.probe(path)
    try:
        media.keep_start(path, new.start_us + new.lead_us)
        kept = media.probe(path)
        assert (kept.lead_us, kept.start_us) == (0, new.start_us + new.lead_us)
        assert kept.pts_us[1] == 40_000
        media.keep_start(path, new.start_us)
        assert media.probe(path).lead_us == new.lead_us
    finally:
        media.keep_start(path, None)
