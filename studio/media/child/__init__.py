"""The process that opens media files. It knows numpy and FFmpeg, and neither the store, the models nor the web.

It is started once, does its imports, and copies itself for every request: each copy reads one request from one pipe,
answers on another and ends. The process that is copied never sees a request or a file.
"""

import os
import socket
import traceback
from typing import NoReturn

from studio.media import policy, wire
from studio.media.child import confine


def main() -> NoReturn:
    """Confine this process; then, for each pair of pipes that comes, say the pid of the copy that serves them.

    Where no copy can be made this process serves them itself, once, and says 0.
    """
    control = confine.take_control()
    confine.leave_network()
    try:
        import av

        from studio.media.child import operations  # noqa: F401, the copies need not

        av.logging.set_level(None)
    except Exception:
        pass  # each copy meets it again, and can tell somebody
    while len(pipes := socket.recv_fds(control, 1, 2)[1]) == 2:
        pid = confine.copy()
        if pid != 0:
            control.send((pid or 0).to_bytes(4, "little"))
        if not pid:
            control.close()
            _serve(*pipes)
        for fd in pipes:
            os.close(fd)
    confine.leave()


def _serve(request: int, answers: int) -> NoReturn:
    """Read one request, answer it, exit."""
    try:
        from studio.media.child import operations

        head, body = confine.read_request(request)
        operations.answer(answers, head, body)
    except (BrokenPipeError, ConnectionError):
        pass
    except Exception:
        wire.send(answers, {"kind": "error", "message": policy.UNFIT, "trace": traceback.format_exc(limit=-8)})
    confine.leave()
