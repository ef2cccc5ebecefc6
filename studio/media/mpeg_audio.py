"""Sound in no container, told by its own headers: MPEG audio (ISO/IEC 11172-3, 13818-3) and AAC in ADTS (14496-3)."""

from collections.abc import Callable

_LAYER_III, _LAYER_II = 0b01, 0b10
_KBITS = {  # by version 1 or not, and layer
    (True, _LAYER_III): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (True, _LAYER_II): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (False, _LAYER_III): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, _LAYER_II): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = (44_100, 48_000, 32_000)
_HALVED = {0b11: 1, 0b10: 2, 0b00: 4}  # MPEG 1, 2 and 2.5
_CHAIN = 3  # frames that follow each other where they do not begin the file: chance makes no three


def family(head: bytes) -> str | None:
    """ "mp3" or "aac" where a file begins so, or where frames of it soon follow each other: what was cut out of a
    stream begins in the middle of one."""
    for name, length in (("mp3", _mpeg_frame), ("aac", _adts_frame)):
        if length(head, 0) or any(_follow(head, place, length) for place in range(1, len(head) // 2)):
            return name
    return None


def _follow(head: bytes, place: int, length: Callable[[bytes, int], int]) -> bool:
    for _ in range(_CHAIN):
        size = length(head, place)
        if not size:
            return False
        place += size
    return True


def _mpeg_frame(data: bytes, place: int) -> int:
    """How many bytes the frame of MPEG audio has that begins at a place, of layer II or III; 0 where none does."""
    head = data[place : place + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, head[1] >> 1 & 3
    bits, rate, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version not in _HALVED or layer not in (_LAYER_II, _LAYER_III) or bits in (0, 15) or rate == 3:
        return 0
    first = version == 0b11
    samples = 1152 if first or layer == _LAYER_II else 576
    return samples // 8 * _KBITS[first, layer][bits - 1] * 1000 // (_RATES[rate] // _HALVED[version]) + padding


def _adts_frame(data: bytes, place: int) -> int:
    """How many bytes the ADTS frame has that begins at a place; 0 where none does."""
    head = data[place : place + 7]
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or head[2] >> 2 & 15 > 12:
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else 0
