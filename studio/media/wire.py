"""Messages between the sandbox and its child process: a JSON head and raw bytes, over pipes. Never pickle.

A message is `<u32 head length> <u64 body length> head body`. The reader limits both lengths: a
hostile file may have taken control of the child.
"""

import json
import os
import struct
from collections.abc import Callable
from typing import Any

LENGTHS = struct.Struct("<IQ")
MAX_HEAD = 4 * 2**20
MAX_BODY = 512 * 2**20

Head = dict[str, Any]
Buffer = bytes | bytearray | memoryview
ReadInto = Callable[[memoryview], None]


class Garbled(Exception):
    """What came is not a message of this protocol."""


def send(fd: int, head: Head, body: Buffer = b"") -> None:
    """Write one message; blocks while the pipe is full."""
    text = json.dumps(head).encode("ascii")
    raw = memoryview(body).cast("B")
    parts = [memoryview(LENGTHS.pack(len(text), raw.nbytes) + text), raw]
    while parts:
        written = os.writev(fd, parts)
        while parts and written >= parts[0].nbytes:
            written -= parts.pop(0).nbytes
        if parts:
            parts[0] = parts[0][written:]


def read_head(read_into: ReadInto) -> tuple[Head, int]:
    """The next message's head, and the length of the body that the caller must read next."""
    lengths = bytearray(LENGTHS.size)
    read_into(memoryview(lengths))
    head_length, body_length = LENGTHS.unpack(lengths)
    if head_length > MAX_HEAD or body_length > MAX_BODY:
        raise Garbled("a message out of bounds")
    text = bytearray(head_length)
    read_into(memoryview(text))
    try:
        head = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise Garbled("a head that is not JSON") from error
    if not isinstance(head, dict):
        raise Garbled("a head that is not an object")
    return head, body_length
