"""The `studio` command. Its JSON is a contract; exit status 0: done, 1: failed, 2: misused, 130: stopped by the person.

One module a group of commands, each with a `register` that declares them; `console` has what they share.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from studio import __version__
from studio.cli import (
    annotations,
    boxes,
    evaluation,
    exchange,
    find,
    jobs,
    libraries,
    library,
    library_map,
    maintenance,
    people,
    search,
    storage,
    teaching,
    timeline_media,
    users,
    videos,
)
from studio.cli.common import Commands, Help
from studio.errors import StudioError, UsageError
from studio.platform import system

__all__ = ["main", "parser"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status."""
    system.speak_utf8()
    args = parser().parse_args(argv)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    try:
        return int(args.run(args) or 0)
    except StudioError as error:
        print(f"studio: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    except BrokenPipeError:  # the reader (head, less) has seen enough
        sys.stderr.close()
        return 0
    except OSError as error:
        what = ": ".join(str(part) for part in (error.strerror or error, error.filename) if part)
        print(f"studio: {what}; check the file and its permissions.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("studio: stopped", file=sys.stderr)
        return 130


def parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    common = argparse.ArgumentParser(add_help=False)
    where = "the library's folder (default: $STUDIO_HOME, else the platform's folder for data)"
    common.add_argument("--home", metavar="DIR", type=Path, default=argparse.SUPPRESS, help=where)
    common.add_argument("--cache", metavar="DIR", type=Path, default=argparse.SUPPRESS,
                        help="a folder on another disk for what can be made again (default: $STUDIO_CACHE, else what "
                        "`studio storage cache` chose, else the library's folder)")  # fmt: skip
    common.add_argument("--device", choices=["auto", "cpu", "cuda"], default=argparse.SUPPRESS,
                        help="where models run (default: a GPU if there is one)")  # fmt: skip
    top = argparse.ArgumentParser(
        "studio", description="Search video for moments, correct what models propose, keep the corrections.",
        parents=[common], formatter_class=Help, epilog=(
            "VIDEO is an id (from `studio add`), a path, or a name that one video has; a new file is added first.\n"
            "Exit status: 0 done, 1 failed with one line on standard error, 2 misused, 130 stopped with Ctrl+C.\n"
            "Completion:\n  studio completion bash > ~/.local/share/bash-completion/completions/studio"
        ),
    )  # fmt: skip
    top.add_argument("--version", action="version", version=__version__)
    commands = Commands(top.add_subparsers(required=True, metavar="COMMAND"), common)
    for group in (
        videos,
        library,
        timeline_media,
        search,
        find,
        library_map,
        people,
        annotations,
        boxes,
        teaching,
        exchange,
        evaluation,
        jobs,
        storage,
        libraries,
        maintenance,
        users,
    ):
        group.register(commands)
    return top
