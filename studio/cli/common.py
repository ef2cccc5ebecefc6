"""What the commands share: declaring themselves, opening the library, showing progress, printing."""

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tqdm import tqdm

from studio.config import Settings, default_cache_root, default_home
from studio.errors import Cancelled, ModelUnavailable, NotFound, StoreError, StudioError, UsageError
from studio.service import Studio

ENCODER = "an open_clip model instead of the embedded one: MODEL/PRETRAINED of the hub, or MODEL/FILE"
Args = argparse.Namespace
Json = dict[str, Any]


class Help(argparse.HelpFormatter):
    """Wraps each line of a description by itself, and leaves lines that begin with blanks (examples) alone."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = (
            line if line.startswith(" ") else super(Help, self)._fill_text(line, width, indent)
            for line in text.split("\n")
        )
        return "\n".join(filled)


class Commands:
    """Where a group declares its commands."""

    def __init__(self, subparsers: Any, common: argparse.ArgumentParser) -> None:
        self._subparsers, self._common = subparsers, common

    def add(
        self,
        name: str,
        run: Callable[[Args], int],
        what: str,
        *,
        video: bool = False,
        as_json: bool = True,
        examples: Sequence[str] = (),
        more: str = "",
    ) -> argparse.ArgumentParser:
        """Declare one command; `video` and `as_json` say whether it takes a VIDEO and --json. Help ends with `more` to
        know about it, and examples."""
        shown = ["Examples:", *(f"  {example}" for example in examples)] if examples else []
        sub: argparse.ArgumentParser = self._subparsers.add_parser(
            name,
            help=what,
            description=what,
            parents=[self._common],
            formatter_class=Help,
            epilog="\n".join(([more, ""] if more and shown else [more] if more else []) + shown) or None,
        )
        sub.set_defaults(run=run)
        if video:
            sub.add_argument("video", metavar="VIDEO", help="an id, a path, or a name")
        if as_json:
            sub.add_argument("--json", action="store_true", help="print JSON")
        return sub


def settings_of(args: Args) -> Settings:
    """The library and the device that the options name."""
    return Settings(
        home=getattr(args, "home", None) or default_home(),
        device=getattr(args, "device", "auto"),
        cache_root=getattr(args, "cache", None) or default_cache_root(),
    )


@contextmanager
def opened(args: Args) -> Iterator[Studio]:
    """The library, closed again at the end."""
    studio = Studio(settings_of(args))
    try:
        yield studio
    finally:
        studio.close()


@contextmanager
def bar(what: str) -> Iterator[Any]:
    """A progress function; it draws only on a terminal."""
    with tqdm(total=100, desc=what, disable=None, leave=False, bar_format="{desc} {bar} {percentage:3.0f}%") as bar:

        def progress(fraction: float, message: str) -> None:
            bar.n = round(100 * fraction)
            bar.set_description(f"{what}: {message}", refresh=True)

        yield progress


@contextmanager
def one_of_several(row: Json, left_out: list[Json]) -> Iterator[None]:
    """Work on one of several videos. What is wrong with this one is said on standard error and kept in `left_out`, as
    {"id", "name", "error"}, and stops no other; what would be wrong with each of them is raised."""
    try:
        yield
    except (Cancelled, ModelUnavailable, StoreError, UsageError):
        raise
    except StudioError as error:
        left_out.append({"id": row["id"], "name": row["name"], "error": str(error)})
        print(f"studio: “{row['name']}”: {error}", file=sys.stderr)


def known(studio: Studio, ref: str) -> str:
    """The id of the video that is named; a file that is not in the library yet is added first."""
    try:
        return str(studio.videos.resolve(ref)["id"])
    except NotFound:
        if not Path(ref).is_file():
            raise
        return str(studio.videos.add(ref)["id"])


def show(args: Args, value: Json, lines: Sequence[str]) -> None:
    """Print the value as one line of JSON where it was asked for, else the lines for people."""
    for line in [json.dumps(value, ensure_ascii=False)] if args.json else lines:
        print(line, flush=True)  # whoever reads a pipe of `studio serve` waits for it


def queries_for(sub: argparse.ArgumentParser, what: str, top: int) -> None:
    """Declare the options that say what is asked for."""
    sub.add_argument("query", metavar=what, nargs="?")
    sub.add_argument("--queries", metavar="FILE", type=Path, help="a file with one query a line")
    sub.add_argument("--top", type=int, default=top, metavar="K", help=f"how many at most (default {top})")
    sub.add_argument("--encoder", metavar="NAME", help=ENCODER)


def queries_of(args: Args) -> list[str]:
    """The queries asked for. Raises UsageError unless there is exactly one source of them."""
    if (args.query is None) == (args.queries is None):
        raise UsageError("Give one QUERY, or --queries FILE with one a line.")
    if args.top < 1:
        raise UsageError("--top must be at least 1.")
    return [args.query] if args.query is not None else lines_of(args.queries)


def lines_of(file: Path) -> list[str]:
    """The lines of a text file that are not empty. Raises UsageError."""
    try:
        lines = file.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        raise UsageError(f"The file “{file.name}” cannot be read as text.") from None
    return [line.strip() for line in lines if line.strip()]
