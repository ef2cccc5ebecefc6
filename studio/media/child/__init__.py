"""The process that opens media files. It knows numpy and FFmpeg, and neither the store, the models nor the web.

It reads one request from its standard input, answers on its standard output and ends.
"""

import traceback
from collections.abc import Callable
from typing import Any, NoReturn

from studio.media.child import confine


def main() -> NoReturn:
    """Confine this process, read one request, answer it, exit."""
    request_fd, answer_fd = confine.take_pipes()
    confine.leave_network()

    import av

    from studio.config import Limits
    from studio.errors import StudioError
    from studio.media import policy
    from studio.media.child import operations
    from studio.media.child.reply import Reply

    av.logging.set_level(None)
    head, body = confine.read_request(request_fd)
    limits = Limits(**head["limits"])
    confine.limit(limits, may_write=head["operation"] == "proxy")
    reply = Reply(answer_fd, limits)
    operation: Callable[..., None] = operations.OPERATIONS[head["operation"]]
    try:
        operation(reply, head["path"], limits, body, **head["arguments"])
        reply.send({"kind": "end"})
    except StudioError as error:
        reply.send(_failure(error))
    except MemoryError:
        what = "its pictures need more memory than is allowed"
        reply.send(_failure(policy.refuse_broken(head["path"], what)))
    except (av.FFmpegError, OSError, ValueError, ArithmeticError, LookupError):
        reply.send(_failure(policy.refuse_broken(head["path"])))
    confine.leave()


def _failure(error: BaseException) -> dict[str, Any]:
    """An error as a message; the trace is for a log, never for a person."""
    trace = traceback.format_exc(limit=-8)
    return {"kind": "error", "type": type(error).__name__, "message": str(error), "trace": trace}
