"""Sound as telephones and recorders of calls code it: GSM 06.10, and files of Sun's format."""

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from studio import media
from studio.errors import NotMedia
from tests.sounds import make_sound, tones

FRAME = [6, 6, 5, 5, 4, 4, 3, 3] + 4 * ([7, 2, 2, 6] + 13 * [3])  # bits of the parameters (ETSI EN 300 961, table 1.1)


def parameters(loud: bool) -> list[int]:
    """Those of 20 ms: a hiss, or next to nothing."""
    shape = [32, 32, 16, 16, 8, 8, 4, 4]
    pulses = [7, 0, 7, 7, 0, 0, 7, 0, 7, 0, 0, 7, 7] if loud else 13 * [4]
    return shape + 4 * [40, 0, 0, 45 if loud else 0, *pulses]


def gsm(frames: list[bool]) -> bytes:
    """Frames of 33 bytes, highest bit first, after 1101."""
    bits = ["1101" + "".join(f"{v:0{n}b}" for v, n in zip(parameters(loud), FRAME, strict=True)) for loud in frames]
    return b"".join(int(each, 2).to_bytes(33, "big") for each in bits)


def gsm_in_wav(frames: list[bool]) -> bytes:
    """Microsoft's: two frames in 65 bytes, lowest bit first."""
    data = b""
    for one, other in zip(frames[::2], frames[1::2], strict=True):
        number = place = 0
        for value, bits in zip(parameters(one) + parameters(other), FRAME + FRAME, strict=True):
            number |= value << place
            place += bits
        data += number.to_bytes(65, "little")
    fmt = struct.pack("<HHIIHHHH", 0x31, 1, 8_000, 1_625, 65, 0, 2, 320)
    chunks = b"fmt " + struct.pack("<I", len(fmt)) + fmt + b"fact" + struct.pack("<II", 4, 160 * len(frames))
    chunks += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


CALL = [n // 50 % 2 == 0 for n in range(250)]  # a second of hiss, a second of next to nothing, and so on


def heard(path: Path, **span: Any) -> np.ndarray[Any, Any]:
    return np.concatenate([np.zeros(0, np.float32), *media.audio_stream(path, **span)])


@pytest.mark.parametrize(("name", "data", "container"), [
    ("call.gsm", gsm(CALL), "gsm"), ("call.wav", gsm_in_wav(CALL), "wav"), ("nameless", gsm(CALL), "gsm"),
])  # fmt: skip
def test_gsm_is_read(tmp_path: Path, name: str, data: bytes, container: str) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    found = media.probe(path)
    assert found.container == container and found.audio is not None and found.audio.codec in ("gsm", "gsm_ms")
    assert (found.audio.rate, found.audio.channels, found.duration_us) == (8_000, 1, 5_000_000)
    assert not found.browser_playable and not found.notes and not found.has_pictures
    samples = heard(path)
    assert len(samples) == 80_000
    level = [float(np.sqrt(np.mean(samples[n * 16_000 + 1_600 : (n + 1) * 16_000 - 1_600] ** 2))) for n in range(5)]
    assert min(level[::2]) > 0.1 and max(level[1::2]) < 0.01
    part = heard(path, start_us=2_500_000, end_us=3_500_000)
    assert len(part) == 16_000
    assert np.sqrt(np.mean(part[:7_000] ** 2)) > 0.1 and np.sqrt(np.mean(part[9_000:] ** 2)) < 0.01


@pytest.mark.parametrize("coding", ["mulaw", "g722", "g726", "adpcm", "au"])
def test_a_part_is_what_all_of_it_has_there(tmp_path: Path, coding: str) -> None:
    path = make_sound(tmp_path, coding, 5.0)
    whole, part = heard(path), heard(path, start_us=3_900_000, end_us=4_600_000)
    assert len(part) == 11_200
    assert np.corrcoef(whole[62_400:73_600], part)[0, 1] > 0.999


def test_g726_in_an_au_file_is_read(tmp_path: Path) -> None:
    """FFmpeg writes none: the nibbles of its G.726, lowest first, behind Sun's header."""
    encoder: Any = av.CodecContext.create("g726le", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 8_000, "mono", "s16"
    encoder.bit_rate = 32_000
    samples = (tones(2.0, 8_000) * 32_767).astype(np.int16)
    data = b""
    for begin in range(0, 16_000, 1_000):
        frame = av.AudioFrame.from_ndarray(samples[None, begin : begin + 1_000], "s16", "mono")
        frame.sample_rate, frame.pts = 8_000, begin
        data += b"".join(bytes(packet) for packet in encoder.encode(frame))
    data += b"".join(bytes(packet) for packet in encoder.encode(None))
    path = tmp_path / "call.au"
    path.write_bytes(b".snd" + struct.pack(">IIIII", 28, len(data), 23, 8_000, 1) + bytes(4) + data)
    found = media.probe(path)
    assert found.audio == media.AudioTrack("adpcm_g726le", 8_000, 1)
    assert found.duration_us == pytest.approx(2_000_000, abs=1_000)
    heard_, told = heard(path, rate=8_000)[:16_000], tones(2.0, 8_000)
    assert np.corrcoef(heard_, told[: len(heard_)])[0, 1] > 0.99


def test_an_au_file_that_breaks_off_says_so(tmp_path: Path) -> None:
    path = make_sound(tmp_path, "au", 5.0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    found = media.probe(path)
    assert found.damaged and found.notes == ("It breaks off at 0:02; its header promises 0:05.",)
    path.write_bytes(data[:8] + b"\xff" * 4 + data[12:])  # written into a pipe: no size
    assert media.probe(path).duration_us == 5_000_000 and not media.probe(path).notes


@pytest.mark.parametrize("name", ["call.ul", "call.g722", "call.G726", "call.al"])
def test_sound_without_a_header_is_refused_with_its_reason(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"\xd5" * 4_000 if name == "call.al" else bytes(range(256)) * 16)
    with pytest.raises(
        NotMedia, match=f"“{name}” is sound without a header: nothing in it says its coding and its rate"
    ):
        media.probe(path)
