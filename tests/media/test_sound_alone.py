"""Recordings without pictures: what they are, how long they last, and what is made of them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import media
from studio.errors import BrokenMedia, MediaError, NotMedia, UsageError
from studio.media.child.pictures import jpeg
from tests.media.test_hostile import assert_one_sentence
from tests.sounds import RATE, SOUNDS, Sound, make_sound, tones, write_sound

SECONDS = 5.2517  # no whole number of any codec's frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sounds")


def made(folder: Path, coding: str) -> Path:
    path = folder / f"{coding}{SOUNDS[coding].suffix}"
    return path if path.exists() else make_sound(folder, coding, SECONDS)


def heard(path: Path, **span: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([np.zeros(0, np.float32), *media.audio_stream(path, **span)])


@pytest.mark.parametrize("coding", SOUNDS)
def test_it_has_no_frames_and_lasts_as_long_as_its_samples(folder: Path, coding: str) -> None:
    sound, found = SOUNDS[coding], media.probe(made(folder, coding))
    samples = round(SECONDS * sound.rate)
    assert not found.has_pictures
    assert (found.width, found.height, found.fps, found.frame_count, found.codec) == (0, 0, 0.0, 0, "")
    assert found.audio is not None and found.audio.rate == sound.rate
    assert found.browser_playable == sound.plays and not found.notes
    if coding == "m4a":  # FFmpeg writes the length of an edit in ms
        assert found.duration_us == pytest.approx(samples * 1e6 / sound.rate, abs=1_000)
    elif sound.exact:
        assert found.duration_us == round(samples * 1e6 / sound.rate)
    else:  # whole packets, and what an encoder puts before
        assert 0 <= found.duration_us - samples * 1e6 / sound.rate < 100_000


@pytest.mark.parametrize("coding", SOUNDS)
def test_sample_zero_is_the_first_one_that_was_recorded(folder: Path, coding: str) -> None:
    samples = heard(made(folder, coding))
    late = {"mp3_plain": 0.05, "aac": 0.05, "amr": 0.02}.get(
        coding, 0.002
    )  # they do not say what their encoders put before
    loud = np.flatnonzero(np.abs(samples) > 0.2) / 16_000
    assert loud[0] == pytest.approx(0.0, abs=late + 0.002)
    gap = loud[1:][np.diff(loud) > 0.5]
    assert gap == pytest.approx([2.0, 4.0], abs=late + 0.002)


@pytest.mark.parametrize("coding", ["wav", "mp3", "m4a", "flac", "opus"])
def test_a_part_of_it_is_what_all_of_it_has_there(folder: Path, coding: str) -> None:
    path = made(folder, coding)
    whole, part = heard(path), heard(path, start_us=3_900_000, end_us=4_600_000)
    assert len(part) == round(0.7 * 16_000)
    assert np.corrcoef(whole[62_400:73_600], part)[0, 1] > 0.999
    rows, all_rows = media.sound_picture(path, start_us=3_900_000, end_us=4_600_000), media.sound_picture(path)
    assert rows.shape == (70, 98) and all_rows.shape == (526, 98)
    assert np.abs(rows[2:-2, 2:].astype(int) - all_rows[392:458, 2:].astype(int)).mean() < 3


def test_a_tone_lies_in_its_band_and_silence_in_none(folder: Path) -> None:
    rows = media.sound_picture(made(folder, "wav"))
    edges, levels = rows[:, :2].astype(int), rows[:, 2:]
    mel = 2595 * np.log10(1 + 440 / 700) / (2595 * np.log10(1 + 8000 / 700)) * 97 - 1
    assert levels[50].argmax() == pytest.approx(mel, abs=1) and levels[50].max() > 200
    assert levels[150].max() == 0 and edges[150] == pytest.approx([128, 128], abs=1)
    assert edges[50] == pytest.approx([64, 191], abs=2)
    fine = media.sound_picture(made(folder, "wav"), 400, start_us=900_000, end_us=1_100_000)
    assert fine.shape == (80, 98) and fine[10, 2:].max() > 200 and fine[60, 2:].max() == 0


@pytest.mark.parametrize("coding", ["mp3", "telephone"])
def test_the_copy_for_browsers_has_the_same_times(folder: Path, coding: str, tmp_path: Path) -> None:
    path = made(folder, coding)
    copy = media.probe(media.make_proxy(path, tmp_path / "copy.mp4"))
    assert copy.browser_playable and not copy.has_pictures and copy.start_us == 0
    assert copy.duration_us == pytest.approx(media.probe(path).duration_us, abs=1_000)
    assert np.corrcoef(heard(path)[:80_000], heard(tmp_path / "copy.mp4")[:80_000])[0, 1] > 0.99


def test_a_clip_is_the_sound_of_its_time(folder: Path, tmp_path: Path) -> None:
    clip = media.make_clip(made(folder, "flac"), tmp_path / "clip.m4a", 1_500_000, 2_500_000)
    samples = heard(clip)
    assert len(samples) == pytest.approx(16_000, abs=20)
    assert np.abs(samples[800:7_200]).max() < 0.05 and np.abs(samples[8_800:15_200]).max() > 0.4
    with pytest.raises(UsageError, match="lies in the time"):
        media.make_clip(made(folder, "flac"), tmp_path / "none.m4a", 6_000_000, 7_000_000)


def test_pictures_are_refused_in_a_sentence(folder: Path) -> None:
    path = made(folder, "wav")
    for ask in (
        lambda: media.thumbnail(path, 0), lambda: next(media.sample_frames(path)), lambda: media.shots(path),
        lambda: media.frame_at(path, 0),
    ):  # fmt: skip
        with pytest.raises(NotMedia, match=r"“wav.wav” has no pictures, only sound"):
            ask()


@pytest.mark.parametrize(("coding", "container"), [("mp3", None), ("flac", None), ("m4a", "mp4")])
def test_a_cover_is_no_film(coding: str, container: str | None, tmp_path: Path) -> None:
    sound = replace(SOUNDS[coding], container=container)
    cover = jpeg(np.full((64, 64, 3), 120, np.uint8))
    path = write_sound(tmp_path / f"covered{sound.suffix}", tones(2.0, sound.rate), sound, cover)
    with av.open(str(path)) as opened:
        assert len(opened.streams.video) == 1
    found = media.probe(path)
    assert not found.has_pictures and found.duration_us == pytest.approx(2_000_000, abs=1_000)
    assert len(heard(path)) == pytest.approx(32_000, abs=20)


def test_a_tag_longer_than_what_is_read_at_once_is_passed_over(folder: Path, tmp_path: Path) -> None:
    """ID3v2 of 300 kB, as of a large cover: what the file is comes after it."""
    tag = b"APIC" + (300_000).to_bytes(4, "big") + b"\0\0" + b"\0image/jpeg\0\x03\0" + b"\xff\xd8\xff" + b"\0" * 299_980
    size = bytes(len(tag) >> shift & 127 for shift in (21, 14, 7, 0))
    path = tmp_path / "covered.mp3"
    path.write_bytes(b"ID3\x03\0\0" + size + tag + made(folder, "mp3_plain").read_bytes())
    assert media.probe(path).duration_us == media.probe(made(folder, "mp3_plain")).duration_us


def test_what_was_cut_out_of_a_stream_is_read(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "ripped.mp3"
    path.write_bytes(made(folder, "mp3_plain").read_bytes()[100:])  # it begins within a frame
    assert 5_000_000 < media.probe(path).duration_us < media.probe(made(folder, "mp3_plain")).duration_us


@pytest.mark.parametrize(("coding", "late"), [("opus", 0.01), ("ogg", 0.05)])
def test_a_chain_of_recordings_is_played_one_after_the_other(coding: str, late: float, tmp_path: Path) -> None:
    """As radio stations send them: Ogg streams one after the other, each with a clock of its own."""
    sound = SOUNDS[coding]
    first = write_sound(tmp_path / f"first{sound.suffix}", tones(3.0, sound.rate), sound)
    second = write_sound(tmp_path / f"second{sound.suffix}", tones(2.0, sound.rate) * 0.5, sound)
    path = tmp_path / f"chain{sound.suffix}"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    found = media.probe(path)
    assert found.duration_us == pytest.approx(5_000_000, abs=1e6 * late)
    assert found.notes == ("Its clock starts anew at 0:03; the recordings are played one after the other.",)
    samples = heard(path)
    assert len(samples) == pytest.approx(80_000, abs=16_000 * late)
    loud = [np.abs(samples[n * 16_000 + 2_000 : (n + 1) * 16_000 - 2_000]).max() for n in range(5)]
    assert np.array(loud) / loud[0] == pytest.approx([1.0, 0.0, 1.0, 0.5, 0.0], abs=0.05)
    copy = media.probe(media.make_proxy(path, tmp_path / "copy.mp4"))
    assert not found.browser_playable and copy.duration_us == pytest.approx(found.duration_us, abs=1_000)


def test_what_a_browser_recorded_has_no_length_and_gets_a_copy(tmp_path: Path) -> None:
    """WebM of MediaRecorder: nothing says how long it is, and browsers cannot go to a time in it."""
    sound = Sound(".webm", "libopus", muxer=(("live", "1"),))
    found = media.probe(write_sound(tmp_path / "memo.webm", tones(3.0), sound))
    assert found.duration_us == pytest.approx(3_000_000, abs=1_000) and not found.browser_playable


@pytest.mark.parametrize("coding", ["wav", "flac", "mp3"])
def test_one_that_breaks_off_says_so(folder: Path, coding: str, tmp_path: Path) -> None:
    data = made(folder, coding).read_bytes()
    path = tmp_path / f"cut{SOUNDS[coding].suffix}"
    path.write_bytes(data[: len(data) // 2])
    found = media.probe(path)
    place = "0:02" if coding == "flac" else "0:03"
    assert found.damaged and found.notes == (f"It breaks off at {place}; its header promises 0:05.",)
    assert 2_000_000 < found.duration_us < 3_500_000


def test_damaged_and_empty_files_get_one_sentence(folder: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.wav"
    data = bytearray(made(folder, "wav").read_bytes())
    place = data.index(b"data") + 4
    empty.write_bytes(data[:place] + bytes(4))
    with pytest.raises(NotMedia, match=r"“empty.wav” holds no sound: it is empty"):
        media.probe(empty)
    noise = tmp_path / "noise.flac"
    scrambled = np.random.default_rng(1).integers(0, 256, 9_000, np.uint8)
    noise.write_bytes(made(folder, "flac").read_bytes()[:64] + scrambled.tobytes())
    with pytest.raises((BrokenMedia, NotMedia), match=r"“noise.flac” (cannot be decoded|holds no sound)"):
        media.probe(noise)
    text = tmp_path / "text.mp3"
    text.write_text("this is no sound")
    with pytest.raises(NotMedia, match="no file of video or sound that Moment Studio knows"):
        media.probe(text)
    other = tmp_path / "call.wv"
    other.write_bytes(b"wvpk" + b"\x3c" * 100)
    with pytest.raises(NotMedia, match="a kind of sound that is not opened here; convert it to WAV, FLAC or MP3"):
        media.probe(other)


def test_a_recorder_that_left_the_length_open_is_read(folder: Path, tmp_path: Path) -> None:
    """WAV written into a pipe: its sizes are all ones."""
    data = bytearray(made(folder, "wav").read_bytes())
    place = data.index(b"data") + 4
    data[4:8] = data[place : place + 4] = b"\xff" * 4
    path = tmp_path / "piped.wav"
    path.write_bytes(data)
    found = media.probe(path)
    assert found.duration_us == round(round(SECONDS * RATE) * 1e6 / RATE) and not found.notes


def test_a_library_keeps_the_time_zero_that_it_gave(folder: Path) -> None:
    path = made(folder, "mp3")
    first = media.probe(path)
    assert first.start_us > 0  # what LAME puts before
    media.keep_start(path, first.start_us - 10_000)
    try:
        kept = media.probe(path)
    finally:
        media.keep_start(path, None)
    assert kept.start_us == first.start_us - 10_000 and kept.duration_us == first.duration_us + 10_000


def test_the_picture_of_a_waveform_is_a_png() -> None:
    outline = np.stack([-np.linspace(0, 1, 500), np.linspace(0, 1, 500)], axis=1).astype(np.float32)
    data = media.waveform_picture(outline, 64, 32)
    assert data.startswith(b"\x89PNG") and len(data) < 2_000
    assert media.waveform_picture(np.zeros((0, 2), np.float32)).startswith(b"\x89PNG")


@pytest.mark.parametrize("coding", SOUNDS)
def test_flipped_bytes_give_a_result_or_one_sentence(folder: Path, coding: str, tmp_path: Path) -> None:
    random = np.random.default_rng(len(coding))
    for count in (1, 30, 400):
        data = bytearray(made(folder, coding).read_bytes())
        for place in random.integers(0, len(data), count):
            data[place] ^= 1 << int(random.integers(8))
        path = tmp_path / f"flipped{SOUNDS[coding].suffix}"
        path.write_bytes(data)
        try:
            if not media.probe(path).has_pictures:
                assert media.sound_picture(path).shape[1] == 98
        except MediaError as error:
            assert_one_sentence(error, path)
