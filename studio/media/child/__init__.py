"""The process that opens media files. It knows numpy and FFmpeg, and neither the store, the models nor the web.

It is a fork server: started once, it does its imports and forks for every request. Each fork reads one request from
one pipe, answers on another and ends. The server itself never sees a request or a file.
"""

import os
import socket
import traceback
from typing import NoReturn

from studio.media import policy, wire
from studio.media.child import restrict


def main() -> NoReturn:
    """Restrict this process; then, for each pair of pipes that comes, send the pid of the fork that serves them.

    Where forking is not possible this process serves them itself, once, and sends 0.
    """
    control = restrict.take_control()
    restrict.leave_network()
    try:
        import av

        from studio.media.child import operations  # noqa: F401, so that the forks need not

        av.logging.set_level(None)
    except Exception:
        pass  # each fork meets the error again, and can report it
    while len(pipes := socket.recv_fds(control, 1, 2)[1]) == 2:
        pid = restrict.fork()
        if pid != 0:
            control.send((pid or 0).to_bytes(4, "little"))
        if not pid:
            control.close()
            _serve(*pipes)
        for fd in pipes:
            os.close(fd)
    restrict.leave()


def _serve(request: int, answers: int) -> NoReturn:
    """Read one request, answer it, exit."""
    try:
        from studio.media.child import operations

        head, body = restrict.read_request(request)
        operations.answer(answers, head, body)
    except (BrokenPipeError, ConnectionError):
        pass
    except Exception:
        wire.send(answers, {"kind": "error", "message": policy.UNFIT, "trace": traceback.format_exc(limit=-8)})
    restrict.leave()
