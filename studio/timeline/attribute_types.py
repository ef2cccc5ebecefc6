"""What the label schema says of an attribute: its type, and whether its value may change within a segment."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from studio.errors import UsageError
from studio.timeline.attributes import LARGEST, NAME_CHARS, checked_attributes
from studio.timeline.changing import CHANGES, changes_of, values_of
from studio.timeline.phases import PHASES

KINDS = "choice", "several", "number", "text", "yes_no"
MOST_TYPES = 40  # attributes of a label
MOST_OPTIONS = 200
OPTION_CHARS = 200


@dataclass(frozen=True, slots=True)
class AttributeType:
    """An attribute of the segments of a label, or of a whole row.

    `kind`: one of its `options`, several of them, a number from `low` to `high` (None: no bound), a text, or yes or no.
    `changes`: it may change within a segment (see `changing`); others have one value a segment.
    """

    name: str
    kind: str
    options: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    changes: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON has them."""
        return {**asdict(self), "options": list(self.options)}

    def problem(self, value: Any) -> str:
        """Why an annotation may not have this value: one sentence; "" where it may."""
        if self.changes and (found := changes_of(value)) is not None:
            return next((said for _, each in found if each is not None and (said := self._problem(each))), "")
        return self._problem(value)

    def _problem(self, value: Any) -> str:
        if self.kind == "choice":
            fits = isinstance(value, str) and value in self.options
            return "" if fits else f"“{self.name}” is one of {', '.join(self.options)}."
        if self.kind == "several":
            fits = isinstance(value, list) and all(isinstance(each, str) and each in self.options for each in value)
            return "" if fits else f"“{self.name}” is a list out of {', '.join(self.options)}."
        if self.kind == "number":
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            above = is_number and (self.low is None or value >= self.low)
            return "" if above and (self.high is None or value <= self.high) else f"“{self.name}” is {self.range}."
        if self.kind == "text":
            return "" if isinstance(value, str) else f"“{self.name}” is a text."
        return "" if isinstance(value, bool) else f"“{self.name}” is yes or no (true or false)."

    @property
    def range(self) -> str:
        """Which numbers it takes, in words."""
        bounds = [f"{word} {bound:g}" for word, bound in (("from", self.low), ("to", self.high)) if bound is not None]
        return " ".join(["a number", *bounds])

    def read(self, text: str) -> Any:
        """The value that a text stands for, as files that know only text have it; the text itself where it stands for
        none."""
        plain = text.strip()
        if (self.changes and plain.startswith("{")) or (self.kind == "several" and plain.startswith("[")):
            try:
                found = checked_attributes({self.name: json.loads(plain)})[self.name]  # JSON has NaN, in Python
            except (ValueError, RecursionError, UsageError):
                return text
            return found if isinstance(found, list) or changes_of(found) is not None else text
        if self.kind == "yes_no":
            return {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}.get(
                plain.casefold(), text
            )
        if self.kind == "several":
            parts = [each.strip() for each in plain.split(",") if each.strip()]
            return parts if all(each in self.options for each in parts) else text
        if self.kind == "number":
            try:
                number = float(plain)
            except ValueError:
                return text
            if not -LARGEST <= number <= LARGEST:
                return text
            return int(number) if number.is_integer() and "." not in plain else number
        return plain if self.kind == "choice" and plain in self.options else text


def type_of(value: Any) -> AttributeType:
    """The type that an object of the schema says: `name`, `kind`, and of `options`, `low`, `high` and `changes` what
    its kind needs.

    Raises UsageError that says which part is wrong.
    """
    if not isinstance(value, Mapping):
        raise UsageError("An attribute of the schema is an object with a name and a kind.")
    name, kind = value.get("name"), value.get("kind")
    if not isinstance(name, str) or not 0 < len(name.strip()) <= NAME_CHARS:
        raise UsageError(f"The name of an attribute is a text of at most {NAME_CHARS} characters.")
    name = name.strip()
    if name in PHASES:
        raise UsageError(f"“{name}” already is the time of an expression; call the attribute something else.")
    if kind not in KINDS:
        raise UsageError(f"The kind of “{name:.40}” must be one of: {', '.join(KINDS)}.")
    changes = value.get("changes", False)
    if not isinstance(changes, bool):
        raise UsageError(f"“changes” of “{name:.40}” must be true or false.")
    options = _options(name, value.get("options") or []) if kind in ("choice", "several") else ()
    low, high = (_bound(name, value.get(bound)) if kind == "number" else None for bound in ("low", "high"))
    if low is not None and high is not None and low > high:
        raise UsageError(f"The lowest value of “{name:.40}” is above its highest.")
    return AttributeType(name, kind, options, low, high, changes)


def types_of(values: Any) -> tuple[AttributeType, ...]:
    """A list of types, no name twice.

    Raises UsageError.
    """
    if not isinstance(values, Sequence) or isinstance(values, str) or len(values) > MOST_TYPES:
        raise UsageError(f"Attributes of the schema are a list of at most {MOST_TYPES}.")
    found = tuple(type_of(each) for each in values)
    names = [each.name for each in found]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"The attribute “{name:.40}” is there twice.")
    return found


def typed(types: Iterable[AttributeType], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a file, with texts as the values that they stand for."""
    known = {each.name: each for each in types}
    return {name: _typed(known[name], value) if name in known else value for name, value in attributes.items()}


def _typed(known: AttributeType, value: Any) -> Any:
    if (parts := changes_of(value)) is not None:
        return {CHANGES: [[time, _typed(known, each)] for time, each in parts]}
    return known.read(value) if isinstance(value, str) else value


def problems(types: Iterable[AttributeType], before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is wrong with attributes that changed; what was there before may stay, also at other times."""
    found = []
    for each in types:
        value = after.get(each.name)
        if value is not None and not _stays(before.get(each.name), value) and (said := each.problem(value)):
            found.append(said)
    return found


def _stays(before: Any, after: Any) -> bool:
    """Whether nothing is said that was not said before, at whatever times: those go with the segment."""
    if changes_of(before) is None:
        return bool(after == before)
    known = values_of(before)
    return all(each is None or each in known for each in values_of(after))


def _options(name: str, values: Any) -> tuple[str, ...]:
    listed = values if isinstance(values, list | tuple) else []
    options = tuple(each.strip() for each in listed if isinstance(each, str) and each.strip())
    if not 0 < len(options) == len(listed) <= MOST_OPTIONS or any(len(each) > OPTION_CHARS for each in options):
        raise UsageError(
            f"“{name:.40}” needs its options: 1 to {MOST_OPTIONS} texts of at most {OPTION_CHARS} characters."
        )
    if len(set(options)) < len(options):
        raise UsageError(f"An option of “{name:.40}” is there twice.")
    return options


def _bound(name: str, value: Any) -> float | None:
    if value is None or value == "":
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or not -LARGEST <= value <= LARGEST:
        raise UsageError(f"The lowest and the highest value of “{name:.40}” are numbers, or none.")
    return value
