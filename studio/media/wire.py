"""Messages between the sandbox and its child process: a JSON head and raw bytes, over pipes. Never pickle.

A message is `<u32 head length> <u64 body length> head body`. The reader limits both lengths: a
hostile file may have taken control of the child.
"""

import io
import json
import struct
from typing import Any

LENGTHS = struct.Struct("<IQ")
MAX_HEAD = 4 * 2**20
MAX_BODY = 512 * 2**20

Head = dict[str, Any]
Buffer = bytes | bytearray | memoryview


class Garbled(Exception):
    """What came is not a message of this protocol."""


class Ended(Exception):
    """The other side is gone."""


def send(pipe: io.FileIO, head: Head, body: Buffer = b"") -> None:
    """Write one message; blocks while the pipe is full. Raises OSError where nobody reads any more."""
    text = json.dumps(head).encode("ascii")
    raw = memoryview(body).cast("B")
    for part in (memoryview(LENGTHS.pack(len(text), raw.nbytes) + text), raw):
        while part.nbytes:
            part = part[pipe.write(part) :]


def read_into(pipe: io.FileIO, place: memoryview) -> None:
    """Fill `place`, bytes; blocks until it is full. Raises Ended."""
    while place.nbytes:
        count = pipe.readinto(place)
        if not count:
            raise Ended
        place = place[count:]


def read_head(pipe: io.FileIO) -> tuple[Head, int]:
    """The next message's head, and the length of the body that the caller must read next. Raises Garbled, Ended."""
    lengths = bytearray(LENGTHS.size)
    read_into(pipe, memoryview(lengths))
    head_length, body_length = LENGTHS.unpack(lengths)
    if head_length > MAX_HEAD or body_length > MAX_BODY:
        raise Garbled("a message out of bounds")
    text = bytearray(head_length)
    read_into(pipe, memoryview(text))
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Garbled("a head that is not JSON") from error
    if not isinstance(head, dict):
        raise Garbled("a head that is not an object")
    return head, body_length
