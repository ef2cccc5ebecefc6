"""The process that opens media files. It knows numpy and FFmpeg, and neither the store, the models nor the web.

It reads one request from its standard input, answers on its standard output and ends.
"""

import traceback
from typing import NoReturn

from studio.media import wire
from studio.media.child import confine

_UNFIT = "The part of Moment Studio that reads videos does not start here; install Moment Studio again."


def main() -> NoReturn:
    """Confine this process, read one request, answer it, exit."""
    request, answers = confine.take_pipes()
    confine.leave_network()
    try:
        import av

        from studio.media.child import operations

        av.logging.set_level(None)
        head, body = confine.read_request(request)
        operations.answer(answers, head, body)
    except (BrokenPipeError, ConnectionError):
        pass
    except Exception:
        wire.send(answers, {"kind": "error", "message": _UNFIT, "trace": traceback.format_exc(limit=-8)})
    confine.leave()
