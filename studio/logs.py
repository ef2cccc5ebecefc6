"""What happened, for whoever looks after a library: JSON lines in its folder, and a report for each crash.

Neither holds anybody's words: messages carry ids and counts, and of an error its kind and the lines of our code that it
passed, never its text, which may quote a label, a query or a file's name.
"""

import contextlib
import json
import logging
import os
import platform
import sys
import threading
import traceback
from datetime import UTC, datetime
from importlib import metadata
from logging.handlers import RotatingFileHandler
from pathlib import Path, PurePath
from types import TracebackType
from typing import Any

from studio.config import MIB, Settings
from studio.platform import files

FACTS = ("job", "kind", "video", "exit")  # what a record may say besides its message, as `extra`
REPORTS_KEPT = 20
_SHOWN_PACKAGES = ("av", "gradio", "numpy", "onnxruntime", "torch")
_ROOTS = sorted((entry for entry in (*sys.path, str(Path(__file__).parents[1])) if entry), key=len, reverse=True)


class Lines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "where": record.name,
            "what": record.getMessage(),
            "process": record.process,
            **_facts(record),
        }
        if record.exc_info and record.exc_info[0]:
            line |= {"error": record.exc_info[0].__name__, "trace": trace_of(record.exc_info[2])}
        return json.dumps(line, ensure_ascii=False)


class Reports(logging.Handler):
    """Writes a file that a person can attach to a report of a bug, for every error that nobody expected.

    An error that comes again takes the place of its earlier report, and is counted: one fault pushes no other out. What
    a web framework logs of an error that was logged already is no second one.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(logging.ERROR)
        self.folder = folder

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is None or getattr(error, "_reported", False):
            return
        with contextlib.suppress(AttributeError):  # few errors have no room for it
            error._reported = True  # type: ignore[attr-defined]
        now = datetime.now(UTC)
        report = {
            "at": now.isoformat(timespec="seconds"),
            "times": 1,
            "what": type(error).__name__,
            "where": record.name,
            "trace": trace_of(error.__traceback__),
            **_facts(record),
            "version": version_of("moment-studio"),
            "python": platform.python_version(),
            "system": platform.platform(),
            "processors": os.cpu_count(),
            "packages": {name: version_of(name) for name in _SHOWN_PACKAGES},
        }
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            name = f"crash-{now.strftime('%Y%m%dT%H%M%S%f')}-{os.getpid()}.json"
            kept = []
            for old in sorted(self.folder.glob("crash-*.json")):
                if times := _same(old, report):
                    report["times"] = times + 1
                    files.remove_if_free(old)
                else:
                    kept.append(old)
            (self.folder / name).write_text(json.dumps(report, indent=1), encoding="utf-8")
            for old in kept[: 1 - REPORTS_KEPT]:
                files.remove_if_free(old)
        except OSError:  # a full disk must not turn one error into two
            return


def _same(file: Path, report: dict[str, Any]) -> int:
    """How often the error of an older report came, 0 where it is another one."""
    try:
        old = json.loads(file.read_text(encoding="utf-8"))
        same = all(old[key] == report[key] for key in ("what", "where", "trace", "version"))
        return int(old.get("times", 1)) if same else 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


_started: list[logging.Handler] = []


def start(settings: Settings, process: str) -> None:
    """From now on, what this process (`app`, `worker`) logs goes to the library's folder too."""
    folder = settings.home / "logs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lines = RotatingFileHandler(folder / f"{process}.jsonl", maxBytes=5 * MIB, backupCount=3, encoding="utf-8")
    lines.setFormatter(Lines())
    for handler in _started:  # of another library, that this process had before
        logging.getLogger().removeHandler(handler)
        handler.close()
    _started[:] = [lines, Reports(settings.reports)]
    for handler in _started:
        logging.getLogger().addHandler(handler)
    logging.getLogger("studio").setLevel(logging.INFO)
    sys.excepthook = _crashed
    threading.excepthook = lambda args: _crashed(args.exc_type, args.exc_value, args.exc_traceback)


def _crashed(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is None or issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("studio").critical("crashed", exc_info=(kind, error, trace))


def trace_of(trace: TracebackType | None) -> list[str]:
    """The lines that an error passed, outermost first: file within its package, line and function."""
    return [f"{_inside(frame.filename)}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(trace)]


def _inside(file: str) -> str:
    path = PurePath(file)
    root = next((root for root in _ROOTS if path.is_relative_to(root)), None)
    return path.name if root is None else path.relative_to(root).as_posix()


def _facts(record: logging.LogRecord) -> dict[str, Any]:
    return {name: getattr(record, name) for name in FACTS if hasattr(record, name)}


def version_of(package: str) -> str:
    """The version of an installed package; empty where there is none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""
