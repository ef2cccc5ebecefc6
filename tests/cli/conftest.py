"""The command line, run in this process: importing the models anew for each command would take most of the time."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from studio.cli import main
from studio.service import Studio

Ran = tuple[int, str, str]


@pytest.fixture(scope="session")
def command(indexed: Studio) -> Callable[..., Ran]:
    """studio ARGUMENTS on the indexed library → (status, standard output, standard error)."""

    def call(*arguments: str | Path) -> Ran:
        home = ["--home", str(indexed.settings.home), "--device", "cpu"]
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                status = main([*map(str, arguments), *home])
            except SystemExit as misused:  # argparse
                status = int(str(misused.code or 0))
        said, complained = (each.buffer.getvalue().decode() for each in (out, err))  # type: ignore[attr-defined]
        return status, said, complained

    return call
