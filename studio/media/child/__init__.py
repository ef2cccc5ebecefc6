"""The process that opens media files. It knows numpy and FFmpeg, and neither the store, the models nor the web.

It is started once, or copied from one that waits (`System.serve`), does its imports, reads one request from one pipe,
answers on another and ends.
"""

import io
import traceback
from typing import NoReturn

from studio.media import policy, wire
from studio.platform import system


def main() -> NoReturn:
    """The life of the process."""
    system.serve(_prepare, _serve)


def _prepare() -> None:
    try:
        import av

        from studio.media.child import operations  # noqa: F401, so that a copy need not

        av.logging.set_level(None)
    except Exception:
        pass  # `_serve` meets the error again, and can report it


def _serve(requests: int, answers: int) -> None:
    """Read one request and answer it; from then on the end of the requests ends this process."""
    incoming, outgoing = io.FileIO(requests, "rb"), io.FileIO(answers, "wb")
    try:
        from studio.media.child import operations

        head, length = wire.read_head(incoming)
        body = bytearray(length)
        wire.read_into(incoming, memoryview(body))
        system.tie_to(requests)
        operations.answer(outgoing, head, body)
    except (wire.Ended, BrokenPipeError, ConnectionError):
        pass
    except Exception:
        wire.send(outgoing, {"kind": "error", "message": policy.UNFIT, "trace": traceback.format_exc(limit=-8)})
    system.leave()
