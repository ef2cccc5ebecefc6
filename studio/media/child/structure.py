"""What the bytes of a file say of it before anything is decoded: is its end missing, is it encrypted?"""

import os
import re
from pathlib import Path
from typing import BinaryIO

from studio.media import policy

_MOST_INDEX = 16 * 2**20
_FLV_HEADER = re.compile(rb"FLV\x01[\x01\x04\x05]\0\0\0\x09\0\0\0\0")
_TS, _TS_PACKETS = 188, 2000
_SEGMENT, _CLUSTER = 0x18538067, b"\x1f\x43\xb6\x75"
_CONTENT_ENCODINGS, _CONTENT_ENCRYPTION = b"\x6d\x80", b"\x50\x35"
_OPEN = 0xFFFFFFFF  # the size of a chunk that was never finished, or that is said elsewhere
_SAMPLE_BY_SAMPLE = frozenset({1, 3, 6, 7, 0xFFFE})  # of WAV: PCM, floats, A-law, µ-law, and what names them otherwise
_AU_BITS = {1: 8, 2: 8, 3: 16, 4: 24, 5: 32, 6: 32, 7: 64, 27: 8}  # of a sample: µ-law, PCM, floats, A-law
_ENCRYPTED_ENTRIES = (b"encv", b"drmi")  # ISO/IEC 23001-7 and FairPlay


def is_cut_off(path: str, family: str) -> bool:
    """Whether the container promises more bytes than there are."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if family == "mov":
            return any(end > size for _, _, end in _boxes(file, size))
        if family == "avi":
            head = file.read(12)
            return 8 + int.from_bytes(head[4:8], "little") > size
        if family == "matroska":
            return (_segment_end(file.read(4096)) or 0) > size
    return False


def promised_samples(path: str, family: str) -> int | None:
    """How many samples of a channel the header of a file of sound promises; None where it says nothing of it."""
    with Path(path).open("rb") as file:
        if family == "wav":
            return _wav_samples(file)
        while tag := policy.tag_bytes(file.read(10)):
            file.seek(tag - 10, os.SEEK_CUR)
        file.seek(-10, os.SEEK_CUR)
        head = file.read(512)
    if family == "flac" and len(head) >= 26:  # STREAMINFO, 36 bits; 0: not known
        return (int.from_bytes(head[18:26], "big") & (1 << 36) - 1) or None
    if family == "au":
        return _au_samples(head)
    if family == "mp3":
        return _xing_samples(head)
    return None


def _au_samples(head: bytes) -> int | None:
    """By the header of Sun's audio files: bytes of sound, coding, rate and channels; all ones where it is not known."""
    size, coding = int.from_bytes(head[8:12], "big"), int.from_bytes(head[12:16], "big")
    bits, channels = _AU_BITS.get(coding, 0), int.from_bytes(head[20:24], "big")
    return 8 * size // (bits * channels) if bits and channels and size not in (0, _OPEN) else None


def _wav_samples(file: BinaryIO) -> int | None:
    """By the chunks `fmt ` and `data` of RIFF, or `ds64` of RF64 (EBU Tech 3306). A recorder that writes into a pipe
    leaves a size open."""
    head, long, block = file.read(12), None, 0
    while len(chunk := file.read(8)) == 8:
        name, size = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name == b"data":
            if head[:4] == b"RF64" and size == _OPEN:
                size = long or _OPEN
            return size // block if block and size not in (0, _OPEN) else None
        body = file.read(min(size, 64))
        if name == b"fmt " and len(body) >= 14 and int.from_bytes(body[:2], "little") in _SAMPLE_BY_SAMPLE:
            block = int.from_bytes(body[12:14], "little")
        elif name == b"ds64" and len(body) >= 16:
            long = int.from_bytes(body[8:16], "little")
        file.seek(size + size % 2 - len(body), os.SEEK_CUR)
    return None


def _xing_samples(head: bytes) -> int | None:
    """By the number of frames in the tag that LAME and others write into the first one."""
    place = max(head.find(b"Xing"), head.find(b"Info"))
    if place < 0 or len(head) < place + 12 or not head[place + 7] & 1:
        return None
    samples = 1152 if head[1] & 0x08 else 576  # of a frame: MPEG 1, or 2 and 2.5
    return samples * int.from_bytes(head[place + 8 : place + 12], "big") or None


def recordings(path: str, family: str) -> int:
    """How many whole files lie one after the other in this one, which not every container lets FFmpeg read."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if family == "mov":
            names = [name for name, _, _ in _boxes(file, size)]
            return max(1, min(names.count(b"ftyp"), names.count(b"moov")) if b"moof" not in names else 1)
        if family == "matroska":
            return _segments(file, size)
        if family == "flv":
            return _flv_headers(file)
    return 1


def is_encrypted(path: str, family: str) -> bool:
    """Whether the pictures of a file are encrypted."""
    with Path(path).open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        if family == "mov":
            for name, start, end in _boxes(file, size):
                if name == b"moov":
                    file.seek(start)
                    index = file.read(min(end - start, _MOST_INDEX))
                    return b"sinf" in index and any(entry in index for entry in _ENCRYPTED_ENTRIES)
            return False
        head = file.read(_TS * _TS_PACKETS)
    if family == "matroska":
        return _has_encryption(head.partition(_CLUSTER)[0])
    if family == "mpegts":
        return _has_scrambled_packets(head)
    if family == "mpeg":
        return _scrambled_pes(head)
    return False


def _boxes(file: BinaryIO, size: int) -> list[tuple[bytes, int, int]]:
    """Name, first byte of the content, and end of the boxes at the top of an ISO file; the last may end beyond it."""
    found: list[tuple[bytes, int, int]] = []
    place = 0
    while place + 8 <= size and len(found) < 100_000:
        file.seek(place)
        head = file.read(16)
        length, name = int.from_bytes(head[:4], "big"), head[4:8]
        start = place + 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), place + 16
        length = size - place if length == 0 else length
        if length < 8 or not all(32 <= byte < 127 for byte in name):
            break  # what follows is no box
        found.append((name, start, place + length))
        place += length
    return found


def _vint(data: bytes, place: int, mask: bool) -> tuple[int, int, bool]:
    """An EBML number, the place after it, and whether it means "unknown"."""
    first = data[place]
    length = 9 - first.bit_length()
    value = int.from_bytes(data[place : place + length], "big")
    marker = 1 << 7 * length
    return value & (marker - 1) if mask else value, place + length, (value & (marker - 1)) == marker - 1


def _segment_end(head: bytes) -> int | None:
    """Where the Segment of a Matroska file ends; None where that is not known before it was written to its end."""
    try:
        place = 0
        while True:
            name, place, _ = _vint(head, place, False)
            length, place, unknown = _vint(head, place, True)
            if name == _SEGMENT:
                return None if unknown else place + length
            place += length
    except IndexError:
        return None


def _segments(file: BinaryIO, size: int) -> int:
    count = place = 0
    while count < 1000 and place < size:
        file.seek(place)
        end = _segment_end(file.read(4096))
        if end is None:
            break
        count, place = count + 1, place + end
    return max(1, count)


def _flv_headers(file: BinaryIO) -> int:
    file.seek(0)
    count, rest = 0, b""
    while chunk := file.read(2**20):
        data = rest + chunk
        count += len(_FLV_HEADER.findall(data))
        rest = data[-12:]
    return max(1, count)


def _has_encryption(head: bytes) -> bool:
    """Whether a Matroska file has ContentEncodings (6D80) with a ContentEncryption (5035) in them."""
    place = head.find(_CONTENT_ENCODINGS)
    return place >= 0 and _CONTENT_ENCRYPTION in head[place : place + 256]


def _has_scrambled_packets(head: bytes) -> bool:
    """Whether most packets of a stream in MPEG-TS are scrambled."""
    packets: dict[int, list[bool]] = {}
    start = next((k for k in range(_TS) if head[k : k + 5 * _TS : _TS] == b"G" * 5), len(head))
    for k in range(start, len(head) - 3, _TS):
        if head[k + 3] & 0x10:  # it has a payload
            packets.setdefault((head[k + 1] & 0x1F) << 8 | head[k + 2], []).append(head[k + 3] >> 6 != 0)
    return any(len(found) >= 8 and sum(found) > len(found) / 2 for found in packets.values())


def _scrambled_pes(head: bytes) -> bool:
    """Whether most packets of pictures in an MPEG program stream are scrambled, as on DVDs."""
    controls = []
    place = head.find(b"\x00\x00\x01\xe0")
    while place >= 0 and place + 6 < len(head):
        if head[place + 6] >> 6 == 0b10:
            controls.append(head[place + 6] >> 4 & 0b11)
        place = head.find(b"\x00\x00\x01\xe0", place + 6)
    return sum(control != 0 for control in controls) > len(controls) / 2
