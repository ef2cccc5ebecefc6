"""Which video of a library a name means, as people and other tools write it.

The rules are tried from the surest to the loosest, and the first that fits any video decides. A name is tried as it is
written, then decoded (a URL, `?d=` of Label Studio, %20), then without what a tool put in front of it or after it.
"""

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

Row = dict[str, Any]
LIKELY = 8  # videos that a person is asked about, where a name fits none

_UPLOAD = re.compile(r"[0-9a-f]{8}-(?=.)")  # Label Studio puts it before the names of uploads
_TWIN = re.compile(r"(.+)-([0-9a-f]{8})-\d+")  # our data sets write videos of one name so; see exchange.dataset
_ROOT = re.compile(r"(file:)?/*([A-Za-z]:(?=/))?")


@dataclass(frozen=True, slots=True)
class Match:
    """The one video of a name and the rule that found it ("" for its id, path or name as they are); or None, a sentence
    why, and the videos that may be meant: several that fit, or else some that are called much the same."""

    row: Row | None
    rule: str = ""
    problem: str = ""
    likely: tuple[Row, ...] = ()
    several: bool = False


class VideoMatcher:
    """The videos of a library by everything that somebody may call them."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = list(rows)
        self._by: dict[tuple[str, str], list[Row]] = {}
        for row in self._rows:
            stem = PurePosixPath(row["name"]).stem
            keys = {
                ("id", row["id"]), ("path", row["path"]), ("sha256", row["sha256"]), ("name", _plain(row["name"])),
                ("stem", _plain(stem)), ("safe", _safe(stem)),
            }  # fmt: skip
            for key in keys:
                self._by.setdefault(key, []).append(row)

    def find(self, name: str, sha256: str = "", *, loosely: bool = True) -> Match:
        """The one video that a name means; `sha256` of its file where that is known, which no name can overrule: the
        name decides among those that have it. Not `loosely`: only as people write it who mean a video of this library.
        """
        if len(self._by.get(("sha256", sha256), [])) > 1:
            named = self.find(name, loosely=loosely)
            if named.row and named.row["sha256"] == sha256:
                return named
        for rule, rows in (*self._exactly(name, sha256), *(self._loosely(name) if loosely else ())):
            if len(rows) > 1 and len(nearest := _in_folders(rows, name)) == 1:
                rule, rows = _joined(rule, "by the folders that fit best"), nearest
            if len(rows) == 1:
                return Match(rows[0], rule)
            if rows:
                said = f"{len(rows)} videos are called “{name:.60}”; choose the one that is meant."
                return Match(None, problem=said, likely=tuple(rows), several=True)
        said = f"There is no video “{name:.60}” in the library; choose the one that is meant, or add it."
        return Match(None, problem=said, likely=tuple(self._similar(name)))

    def _exactly(self, name: str, sha256: str) -> Iterator[tuple[str, list[Row]]]:
        get, parts = self._by.get, _parts(name)
        yield "by the hash of its file", get(("sha256", sha256 or name.lower()), [])
        yield "", get(("id", name), []) or get(("path", name), []) or get(("name", _plain(name)), [])
        if len(parts) > 1:
            yield "by the end of its path", self._at(parts)

    def _loosely(self, name: str) -> Iterator[tuple[str, list[Row]]]:
        get = self._by.get
        for spelled, how in _spellings(name):
            parts = _parts(spelled)
            if not parts:
                continue
            file = PurePosixPath(parts[-1])
            if len(parts) > 1:
                yield _joined("by the end of its path", how), self._at(parts)
            folder = "by its name, whatever its folder" if len(parts) > 1 else ""
            yield _joined(folder, how), get(("name", file.name), [])
            alike = get(("stem", file.name)) or get(("stem", file.stem), [])
            yield _joined("by its name without the ending", how), alike
            if safe := _safe(file.stem):
                yield _joined("by its name with blanks and signs as tools write them", how), get(("safe", safe), [])
            if twin := _TWIN.fullmatch(file.stem):
                begun = [row for row in self._rows if row["sha256"].startswith(twin[2])]
                named = [row for row in begun if _plain(row["name"]).startswith(twin[1])]
                yield "by its name and the start of the hash of its file", named

    def _at(self, parts: list[str]) -> list[Row]:
        """Those whose path ends so."""
        named = self._by.get(("name", parts[-1]), [])
        return [row for row in named if _parts(row["path"])[-len(parts) :] == parts]

    def _similar(self, name: str) -> list[Row]:
        names = {_plain(row["name"]): row for row in reversed(self._rows)}
        wanted = _plain(_parts(name)[-1]) if _parts(name) else ""
        return [names[close] for close in difflib.get_close_matches(wanted, list(names), LIKELY, 0.5)]


def _spellings(name: str) -> Iterator[tuple[str, str]]:
    """A name as it is written, and what else it may stand for, with a word on how."""
    yield name, ""
    decoded = _decoded(name)
    if decoded != name:
        yield decoded, "decoded"
    folder, _, last = _slashes(decoded).rpartition("/")
    if upload := _UPLOAD.match(last):
        yield _within(folder, last[upload.end() :]), "without what Label Studio puts in front"
    other = last.removeprefix("v_") if last.startswith("v_") else f"v_{last}"
    if last:
        yield _within(folder, other), "with or without the “v_” of ActivityNet"


def _decoded(name: str) -> str:
    """The file that an address names, or that an encoded name stands for."""
    _, asked, file = name.partition("?d=")
    if asked:
        return unquote(file)
    try:
        return unquote(urlsplit(name).path if "://" in name else name)
    except ValueError:  # a bracket that no address has
        return unquote(name)


def _in_folders(rows: list[Row], name: str) -> list[Row]:
    """Those among videos of one name whose folders agree furthest with those of the name; all, where none agrees."""
    wanted = _parts(_decoded(name))[-2::-1]
    agreed = [_shared(_parts(row["path"])[-2::-1], wanted) for row in rows]
    most = max(agreed)
    return [row for row, shared in zip(rows, agreed, strict=True) if shared == most]


def _shared(one: list[str], other: list[str]) -> int:
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _parts(path: str) -> list[str]:
    return [_plain(part) for part in _ROOT.sub("", _slashes(path), count=1).split("/") if part not in ("", ".")]


def _within(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _joined(*said: str) -> str:
    return ", ".join(filter(None, said))


def _slashes(path: str) -> str:
    return path.replace("\\", "/")


def _plain(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def _safe(name: str) -> str:
    """A name as tools keep files: blanks become “_”, and what is neither letter, digit, “_”, “-” nor “.” goes."""
    return re.sub(r"[^-\w.]", "", re.sub(r"\s+", "_", _plain(name).strip()))
