"""One picture out of a picture file."""

from pathlib import Path

import av

from studio.config import Limits
from studio.errors import NotMedia
from studio.media import policy
from studio.media.child.renderer import Renderer
from studio.media.child.responder import Responder
from studio.media.child.source import check_picture


def still(responder: Responder, path: str, limits: Limits, _body: bytearray, *, side: int) -> None:
    """Answer one message: the picture's size, fitted into side × side, and its raw RGB bytes."""
    with Path(path).open("rb") as file:
        kind = policy.still(file.read(16))
    if kind is None:
        raise NotMedia(f"{policy.shown(path)} is not a picture; use JPEG, PNG or WebP.")
    container_format, codec = kind
    options = {"protocol_whitelist": "file", "codec_whitelist": codec}
    try:
        with av.open(f"file:{path}", format=container_format, options=options) as container:
            context = container.streams.video[0].codec_context
            check_picture(path, context.width, context.height, limits)
            frame = next(container.decode(video=0))
    except (av.FFmpegError, OSError, ValueError, IndexError, StopIteration) as error:
        raise policy.refuse_broken(path) from error
    check_picture(path, frame.width, frame.height, limits)
    scale = min(1.0, side / max(frame.width, frame.height))
    size = max(1, round(frame.width * scale)), max(1, round(frame.height * scale))
    picture = Renderer(size).render(frame)
    responder.send({"kind": "still", "width": size[0], "height": size[1]}, picture.tobytes())
