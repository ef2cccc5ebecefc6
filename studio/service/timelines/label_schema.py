"""The project's schema of labels, as people edit it in the app."""

import re
from collections.abc import Iterable
from typing import Any
from unicodedata import normalize

from studio import tasks
from studio.config import Settings
from studio.errors import Conflict, PermissionDenied, UsageError
from studio.service.accounts.rights import OWNER, Actor
from studio.service.requests import listed, text
from studio.store import Store, absences, annotations, boxes, labels, runs, searches, teaching, traces
from studio.timeline import types_of
from studio.timeline.attributes import LARGEST
from studio.timeline.tiers import DEPENDENCIES, Dependency, has_circle

Row = dict[str, Any]
COLOUR = re.compile(r"#[0-9a-f]{6}", re.IGNORECASE)


class LabelSchema:
    """The labels of a library."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings, self._limits = store, settings, settings.limits

    def shown(self) -> Row:
        """See `store.labels.schema`."""
        return self._store.read(labels.schema)

    def rows(self) -> list[str]:
        """The rows of timelines that the schema names."""
        schema = self.shown()
        return list(dict.fromkeys(each["track"] for each in (*schema["labels"], *schema["tracks"])))

    def save(self, wanted: Any, annotator: str, by: Actor = OWNER) -> Row:
        """Take a schema in place of the one that was seen as `key`: `labels`, `tracks`, and `renames` (`track`, `from`,
        `to`), which change the annotations of the whole library and keep their history, and what was found and taught
        of the labels, and is asked for in saved searches. `renamed` says how many annotations, and `unseen` which
        tracks have curves but are none any more.

        Raises UsageError that says which part is wrong, Conflict with the schema as it stands, PermissionDenied.
        """
        if not isinstance(wanted, dict):
            raise UsageError("A schema is an object with labels and tracks.")
        found = [self._label(each) for each in listed(wanted, "labels", labels.MOST)]
        tracks = [self._track(each) for each in listed(wanted, "tracks", labels.MOST)]
        renames = [self._rename(each) for each in listed(wanted, "renames", labels.MOST)]
        self._distinct([(row["track"], row["label"]) for row in found], "The label “{1}” is twice in “{0}”.")
        keys = [(row["track"], row["hotkey"]) for row in found if row["hotkey"]]
        self._distinct(keys, "Two labels of “{0}” have the key {1}.")
        self._distinct([(row["track"],) for row in tracks], "The track “{0}” is there twice.")
        self._distinct([(r["track"], r["from"]) for r in renames], "The label “{1}” of “{0}” gets two new names.")
        depend = {row["track"]: Dependency(row["parent"], row["dependency"]) for row in tracks if row["parent"]}
        if circle := has_circle(depend):
            raise UsageError(f"“{circle}” would depend on itself; choose another row for one of those in the circle.")
        for row in tracks:
            _no_tiers_of_curves(row, depend)

        def work(db: Any) -> Row:
            current = labels.schema(db)
            if wanted.get("key") not in (None, current["key"]):
                raise Conflict("Somebody else changed the labels meanwhile; look at theirs and try again.", current)
            if not by.admin:
                _may_change(db, annotator, current, found, tracks, renames)
            labels.update(db, found, tracks)
            changed = [(r["track"], r["from"], r["to"]) for r in renames]
            teaching.relabel_samples(db, changed)
            absences.relabel(db, changed)
            runs.relabel(db, changed, tasks.detector_name)
            done = annotations.relabel(db, changed, annotator) + boxes.relabel(db, changed, annotator)
            searches.relabel(db, changed)
            scaled = {row["track"] for row in tracks if row["scale"]}
            gone = [row["track"] for row in current["tracks"] if row["scale"] and row["track"] not in scaled]
            unseen = [track for track in gone if traces.drawn(db, track)]
            tasks.relabel_detectors(self._settings, changed)  # last: where it fails, nothing was renamed
            return {**labels.schema(db), "renamed": done, "unseen": unseen}

        return self._store.write(work)

    def add(self, track: str, label: str) -> Row:
        """Add one label to the schema, with a colour and a key of its own; returns the schema.

        Raises UsageError.
        """
        wanted = {"track": track, "label": label}
        found = [self._text(wanted, key) for key in ("track", "label")]

        def work(db: Any) -> Row:
            labels.insert(db, *found)
            return labels.schema(db)

        return self._store.write(work)

    def _text(self, each: Any, key: str) -> str:
        value = text(each, key, "", longest=self._limits.label_chars) if isinstance(each, dict) else ""
        if not value.strip():
            raise UsageError(f"Each entry needs a “{key}”: a text of at most {self._limits.label_chars} characters.")
        return normalize("NFC", value.strip())  # as the labels of edits are

    def _label(self, each: Any) -> Row:
        track, label = self._text(each, "track"), self._text(each, "label")
        colour, hotkey = each.get("colour"), each.get("hotkey")
        if not isinstance(colour, str) or not COLOUR.fullmatch(colour):
            raise UsageError(f"The colour of “{label}” must be like #0072b2.")
        if hotkey not in (None, "", *labels.KEYS):
            raise UsageError(f"The key of “{label}” must be a digit from 1 to 9, or none.")
        kind = each.get("kind", labels.KINDS[0])
        if kind not in labels.KINDS:
            raise UsageError(f"“{label}” must be one of: {', '.join(labels.KINDS)}.")
        return {
            "track": track,
            "label": label,
            "colour": colour.lower(),
            "hotkey": hotkey or None,
            "kind": kind,
            "attributes": _attributes(each),
        }

    def _track(self, each: Any) -> Row:
        track = self._text(each, "track")
        found = {"closed": each.get("closed"), "exclusive": each.get("exclusive", False)}
        for name, value in found.items():
            if not isinstance(value, bool):
                raise UsageError(f"“{name}” of “{track}” must be true or false.")
        parent = self._text(each, "parent") if each.get("parent") is not None else None
        dependency = each.get("dependency") or ""
        if (dependency not in DEPENDENCIES) if parent else (dependency != ""):
            raise UsageError(
                f"“{track}” needs both the row that it depends on and how ({', '.join(DEPENDENCIES)}), or neither."
            )
        return {
            "track": track,
            **found,
            "attributes": _attributes(each),
            "parent": parent,
            "dependency": dependency,
            "scale": _scale(track, each.get("scale")),
        }

    def _rename(self, each: Any) -> Row:
        return {key: self._text(each, key) for key in ("track", "from", "to")}

    @staticmethod
    def _distinct(found: Iterable[tuple[str, ...]], sentence: str) -> None:
        seen: set[tuple[str, ...]] = set()
        for each in found:
            if each in seen:
                raise UsageError(sentence.format(*each))
            seen.add(each)


def _attributes(each: Row) -> list[Row]:
    """The types of attributes that an entry of the schema has, checked."""
    return [found.to_dict() for found in types_of(each.get("attributes") or [])]


def _no_tiers_of_curves(row: Row, depend: dict[str, Dependency]) -> None:
    """Raises UsageError for a curve that depends on a track, or has one depend on it: it has no segments."""
    below = next((track for track, each in depend.items() if each.parent == row["track"]), None)
    if row["scale"] and (row["parent"] or below):
        one, other = (row["track"], row["parent"]) if row["parent"] else (below, row["track"])
        raise UsageError(
            f"“{one}” depends on “{other}”, and a curve has no segments to depend on: "
            f"take the curve off “{row['track']}”, or let “{one}” depend on no other row."
        )


def _scale(track: str, scale: Any) -> list[float] | None:
    """The lowest and the highest value of a track that is drawn as a curve."""
    if scale is None:
        return None
    is_pair = isinstance(scale, list) and len(scale) == 2 and all(isinstance(each, int | float) for each in scale)
    if not is_pair or any(isinstance(each, bool) for each in scale) or not -LARGEST <= scale[0] < scale[1] <= LARGEST:
        raise UsageError(f"The curve of “{track}” needs a lowest value and a higher one, both numbers.")
    return [float(each) for each in scale]


def _may_change(db: Any, name: str, current: Row, wanted: list[Row], tracks: list[Row], renames: list[Row]) -> None:
    """Raises PermissionDenied for what only an admin does: change a name that others use, or what a track takes."""
    there = {(row["track"], row["label"]) for row in wanted}
    renamed = [(row["track"], row["from"]) for row in renames]
    gone = [(row["track"], row["label"]) for row in current["labels"] if (row["track"], row["label"]) not in there]
    for track, label in [*renamed, *gone]:
        if annotations.others_use(db, track, label, name) or boxes.others_use(db, track, label, name):
            raise PermissionDenied(
                f"Others use the label “{label}”; only an admin can rename it or take it off the list."
            )
    closed, now = ({row["track"] for row in rows if row["closed"]} for rows in (current["tracks"], tracks))
    for track in closed ^ now:
        raise PermissionDenied(f"Only an admin can say whether “{track}” takes only the labels of its list.")
    for track in {each[0] for each in _depending(current["tracks"]) ^ _depending(tracks)}:
        raise PermissionDenied(f"Only an admin can say on which row “{track}” depends.")
    scales = {row["track"]: row["scale"] for row in tracks}
    for row in current["tracks"]:
        if row["scale"] not in (None, scales.get(row["track"])) and traces.drawn(db, row["track"], except_for=name):
            raise PermissionDenied(f"Others drew curves of “{row['track']}”; only an admin can change its scale.")
    kept = {(row["track"], row.get("label", "")): row["attributes"] for row in (*wanted, *tracks)}
    for row in (*current["labels"], *current["tracks"]):
        place = row["track"], row.get("label", "")
        for each in row["attributes"]:
            # a label that left its list takes its attributes along; a row stays a row without its entry
            if (place in kept or not place[1]) and each not in kept.get(place, []):
                raise PermissionDenied(f"Only an admin can change or remove the attribute “{each['name']}”.")


def _depending(tracks: list[Row]) -> set[tuple[str, str, str]]:
    return {(row["track"], row["parent"], row["dependency"]) for row in tracks if row["parent"]}
