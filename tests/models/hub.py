"""A model hub on this machine that speaks the hub's protocol, for as long as a block runs."""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

REVISION = "0123456789abcdef0123456789abcdef01234567"
SMALL = 1000  # bytes from which on a file is kept as LFS, with a sha256
Asked = Callable[[str, str], None]


@contextmanager
def served(
    repositories: dict[str, dict[str, bytes]],
    asked: Asked = lambda path, wanted: None,
    sent: dict[str, bytes] | None = None,
    breaks_at: dict[str, list[int]] | None = None,
) -> Iterator[str]:
    """The address of a hub that has the files of each repository (OWNER/NAME).

    `asked` is told the path and the Range header of each request; what it raises answers with its first argument as
    status. `sent` is what comes instead of some files, whose hashes stay those announced; `breaks_at` closes the
    connection after so many bytes of a file, once for each number.
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.do_GET()

        def do_GET(self) -> None:
            path, _, query = self.path.partition("?")
            try:
                asked(path, self.headers.get("Range", ""))
            except Exception as refusal:
                self._refuse(int(refusal.args[0]))
                return
            parts = path.strip("/").split("/")
            is_api = parts[:2] == ["api", "models"]
            owner, name, *rest = parts[2:] if is_api else parts
            files = repositories.get(f"{owner}/{name}", {})
            if is_api and files and rest[:1] == ["tree"]:
                self._send_json(
                    [
                        {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                        for path, content in files.items()
                    ]
                )
            elif is_api and files:
                siblings = [described(*each) for each in files.items()] if "blobs=true" in query else []
                self._send_json({"id": f"{owner}/{name}", "sha": REVISION, "siblings": siblings})
            elif rest[:1] == ["resolve"] and "/".join(rest[2:]) in files:
                file = "/".join(rest[2:])
                self._send((sent or {}).get(file, files[file]), (breaks_at or {}).get(file, []))
            else:
                self._refuse(404)

        def _refuse(self, status: int) -> None:
            self.send_response(status)
            self.send_header("X-Error-Code", "RepoNotFound")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send_json(self, value: Any) -> None:
            self._send(json.dumps(value).encode(), [])

        def _send(self, content: bytes, breaks: list[int]) -> None:
            first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")[0])
            self.send_response(206 if first else 200)
            self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
            self.send_header("X-Repo-Commit", REVISION)
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("Content-Length", str(len(content) - first))
            self.end_headers()
            if self.command == "GET":
                end = breaks.pop(0) if breaks else len(content)
                self.wfile.write(content[first:end])
                self.close_connection = self.close_connection or end < len(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def described(path: str, content: bytes) -> dict[str, Any]:
    """A file as the hub's API describes it."""
    blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    lfs = {"lfs": {"size": len(content), "sha256": hashlib.sha256(content).hexdigest()}} if len(content) > SMALL else {}
    return {"rfilename": path, "size": len(content), "blobId": blob, **lfs}
