"""Annotation files that came through the browser and wait, each under a token, until they are imported."""

import re
import uuid
from pathlib import Path

from studio.config import Settings
from studio.errors import FormatError, NotFound
from studio.platform import files


class PendingImports:
    """The folder in which they wait: the newest few, which several people may fill and empty at once."""

    def __init__(self, settings: Settings) -> None:
        self._folder, self._limits = settings.home / "incoming", settings.limits

    def keep(self, data: bytes) -> str:
        """Keep a file; returns its token. The oldest go when too many wait.

        Raises FormatError for one that is too large, OSError when the disk does not take it.
        """
        if len(data) > self._limits.import_bytes:
            raise FormatError(f"This file is larger than {self._limits.import_bytes >> 20} MB; split it.")
        token = uuid.uuid4().hex
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for old in sorted(self._folder.iterdir(), key=_age)[: -self._limits.waiting_files]:
            files.remove_if_free(old)
        (self._folder / token).write_bytes(data)
        return token

    def kept(self, token: str) -> bytes:
        """The file of a token.

        Raises NotFound when it has gone.
        """
        try:
            return self._file(token).read_bytes()
        except FileNotFoundError:
            raise _gone() from None

    def drop(self, token: str) -> None:
        """Forget a file, if it has not gone already: it may be dropped by two people, or with the oldest.

        Raises NotFound for what is no token.
        """
        files.remove(self._file(token))

    def _file(self, token: str) -> Path:
        if not re.fullmatch("[0-9a-f]{32}", token):
            raise _gone()
        return self._folder / token


def _gone() -> NotFound:
    return NotFound("This file was imported or dropped meanwhile; choose it again.")


def _age(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except FileNotFoundError:  # somebody dropped it meanwhile
        return 0.0
