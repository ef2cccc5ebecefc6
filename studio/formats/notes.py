"""What a reader leaves out of somebody's file: counted by its kind, and said in a sentence each.

One bad element costs that element and nothing else; a file of which nothing can be read is refused by the first reason.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from studio.errors import FormatError, UnsafeFormat, UsageError
from studio.formats import reading
from studio.formats.model import Part
from studio.timeline import checked_attributes

_MOST_NAMES = 1_000  # of fields that are remembered
_MOST_KINDS = 40  # of what is left out, and of sentences, so that nobody is buried in them
_SHOWN = 8
_HOPELESS = 1_000  # elements that cannot be read, after which a file without any other is no such file


class NoSuchFile(FormatError):
    """A file with nothing but what cannot be read, as far as it was read."""


class Notes:
    """The notes on one file. `fields` is what the format calls a named value: fields, columns, attributes."""

    def __init__(self, fields: str = "field(s)") -> None:
        self._fields, self._good, self._bad, self._first = fields, 0, 0, ""
        self._names: dict[str, None] = {}
        self._counts: dict[str, int] = {}
        self._said: dict[str, None] = {}

    @contextmanager
    def entry(self) -> Iterator[None]:
        """Within, what cannot be read is left out and counted. What is unsafe or too much still refuses the file."""
        try:
            yield
            self._good += 1
        except (reading.TooMany, UnsafeFormat, NoSuchFile):
            raise
        except FormatError as error:
            self.bad(str(error))

    def bad(self, reason: str) -> None:
        """An element cannot be read, for this reason. Raises NoSuchFile after very many of them and nothing else."""
        self._bad += 1
        self._first = self._first or reason
        if self._bad > _HOPELESS and not self._good:
            raise NoSuchFile(self._first)

    def left_out(self, what: str, count: int = 1) -> None:
        """So many of something have no place here; `what` is as in "point(s) without a length"."""
        if count:
            what = what if what in self._counts or len(self._counts) < _MOST_KINDS else "other element(s)"
            self._counts[what] = self._counts.get(what, 0) + count

    def known(self, names: Iterable[str], known: Collection[str]) -> None:
        """Names of fields that nobody reads are named."""
        for name in names:
            if name not in known and len(self._names) < _MOST_NAMES:
                self._names[name] = None

    def say(self, sentence: str) -> None:
        """A sentence, once; of very many the first ones."""
        if len(self._said) < _MOST_KINDS:
            self._said[sentence] = None

    def score(self, value: object, where: str) -> float | None:
        """A confidence from 0 to 1; None, and counted, for any other number or what is none."""
        if value is None or value == "":
            return None
        try:
            found = reading.number(value, where)
        except FormatError:
            found = -1.0
        if not 0 <= found <= 1:
            self.left_out("confidence value(s) outside 0 to 1")
            return None
        return found

    def attributes(self, value: dict[str, Any]) -> dict[str, Any]:
        """Attributes that a file gives a segment; counted where they cannot be kept."""
        try:
            return checked_attributes(value)
        except UsageError:
            self.left_out("set(s) of attributes, too long or no plain values,")
            return {}

    def parts(self, found: Sequence[Part]) -> list[Part]:
        """What was found, the first part with all the notes.

        Raises FormatError by the first reason where there is nothing but what cannot be read.
        """
        if self._bad and not any(not part.empty for part in found):
            raise FormatError(self._first)
        sentences = self.sentences()
        if not sentences:
            return list(found)
        first, *others = found or [Part("", ())]
        return [replace(first, problems=(*first.problems, *sentences)), *others]

    def sentences(self) -> tuple[str, ...]:
        """Everything that there is to say."""
        said = list(self._said)
        if self._bad:
            said.append(f"{counted('item(s)', self._bad)} cannot be read and {_is(self._bad)} left out; the first: "
                        f"{self._first}")  # fmt: skip
        said += [f"{counted(what, count)} {_is(count)} left out." for what, count in self._counts.items()]
        if self._names:
            noun = plural(self._fields, len(self._names))
            said.append(f"The {noun} {listed(list(self._names))} {_is(len(self._names))} left out.")
        return tuple(said)


def plural(what: str, count: int) -> str:
    """ "point(s)" → "point", "points"."""
    return re.sub(r"\((\w+)\)", "" if count == 1 else r"\1", what)


def counted(what: str, count: int) -> str:
    """ "1 point", "2 points"."""
    return f"{count} {plural(what, count)}"


def listed(names: Sequence[str]) -> str:
    """ "a, b and “two words”"; of many the first few."""
    shown = [name if re.fullmatch(r"[\w./:-]+", name) else f"“{name}”" for name in (n[:40] for n in names[:_SHOWN])]
    if len(names) > _SHOWN:
        shown.append(f"{len(names) - _SHOWN} more")
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def _is(count: int) -> str:
    return "is" if count == 1 else "are"
