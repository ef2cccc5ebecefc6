"""Room on the library's disk for files that come through the browser, however many come at once."""

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from studio.config import GIB, Limits
from studio.errors import MediaTooLarge, UsageError

Take = Callable[[int], None]


class UploadSpace:
    """The disk of one folder, shared by all uploads that run. What is spared for edits stays free."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder, self._limits = folder, limits
        self._lock = threading.Lock()
        self._promised: dict[object, int] = {}  # bytes that each upload has still to write

    @contextmanager
    def upload(self, expected: int) -> Iterator[Take]:
        """Keep room for a file of `expected` bytes (0: nobody said) while it comes. The function given is called with
        the size of each piece before it is written.

        Both raise MediaTooLarge for a file beyond the limit, UsageError where there is no room for it.
        """
        upload, received = object(), 0

        def take(size: int) -> None:
            nonlocal received
            left = max(expected - received, size)
            received += size
            if received > self._limits.upload_bytes:
                raise self._too_large()
            self._promise(upload, left)

        if expected > self._limits.upload_bytes:
            raise self._too_large()
        try:
            self._promise(upload, expected)
            yield take
        finally:
            with self._lock:
                self._promised.pop(upload, None)

    def _promise(self, upload: object, size: int) -> None:
        with self._lock:
            others = sum(left for other, left in self._promised.items() if other is not upload)
            if shutil.disk_usage(self._folder).free - others - size < self._limits.spare_disk_bytes:
                raise no_room()
            self._promised[upload] = size

    def _too_large(self) -> MediaTooLarge:
        return MediaTooLarge(
            f"A file may have at most {self._limits.upload_bytes // GIB} GiB; add a larger one by its path."
        )


def no_room() -> UsageError:
    """The sentence for a disk that is full."""
    return UsageError("There is no room for this file on the library's disk; free some space.")
