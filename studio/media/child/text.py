"""Subtitles that travel inside the file, read from their packets without any decoder."""

import html
import re
from typing import Any

from studio.config import Limits
from studio.media.child.responder import Responder
from studio.media.child.source import open_source, packets, texts, to_us

_MARKUP = re.compile(r"\{[^}]*\}|<[^>]*>")
_MOST_LINES = 100_000


def subtitles(
    responder: Responder,
    path: str,
    limits: Limits,
    _body: bytearray,
    *,
    start_us: int,
    offsets: list[list[int]],
    track: int | None,
) -> None:
    """Answer one message a line of the chosen text stream, or of the best: start and end in µs from the first frame,
    plain text."""
    with open_source(path, limits) as source:
        streams = texts(source.container)
        if not streams:
            return
        stream = next((s for s in streams if s.index == track), streams[0])
        base = stream.time_base
        lines = 0
        for packet in packets(source, stream, responder, offsets):
            text = plain(_codec(stream), bytes(packet)) if packet.size and packet.pts is not None else ""
            if not text:
                continue
            start = to_us(packet.pts, 0, base) - start_us
            end = start + to_us(packet.duration or 0, 0, base)
            if end > 0:
                responder.send({"kind": "line", "start": max(start, 0), "end": end, "text": text[:4000]})
            lines += 1
            if lines >= _MOST_LINES:
                return


def plain(codec: str, data: bytes) -> str:
    """The words of one packet, without style, one line break a line."""
    if codec == "mov_text":
        data = data[2 : 2 + int.from_bytes(data[:2], "big")]
    text = data.decode("utf-8", "replace")
    if codec in ("ass", "ssa"):
        text = text.split(",", 8)[-1]
    text = html.unescape(_MARKUP.sub("", text)).replace("\\N", "\n").replace("\\n", "\n").replace("\r", "")
    return "\n".join(line.strip() for line in text.split("\n") if line.strip())


def _codec(stream: Any) -> str:
    return str(getattr(stream.codec_context, "name", ""))
