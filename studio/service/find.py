"""Finding in annotations: which segments fulfil conditions and stand in relations in time, over the whole library.

A question has a segment A, and as many more (B, C, …) as a person wants, each with a relation to an earlier one. What
it finds are moments: each is an A with the first B, C, … that fit; or every combination that does.
"""

import json
from collections.abc import Container, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from studio.errors import NotFound, UsageError
from studio.index.time_relations import (
    BOUNDED,
    NONE,
    RANGED,
    RELATIONS,
    Ints,
    Link,
    Segments,
    combinations,
    matching,
    partners,
)
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.requests import listed, text, time, whole
from studio.store import Store, labels, searches, segments, stored, videos
from studio.store.segments import ATTRIBUTE, KEYS, LINE, STATUSES, Conditions
from studio.timeline import seconds

Row = dict[str, Any]
LETTERS = "ABCDEFGH"
MOST_STEPS = len(LETTERS)
MOST_NAMED = 500  # labels, tracks, … of one segment
MOST_ATTRIBUTES = 20
MOST_COMBINATIONS = 200_000
PAGE = 60  # moments at once
_LISTS = ("labels", "tracks", "annotators", "statuses")
_ASKED = ("segments", "videos", "name", "every")
_CONDITIONS = (*_LISTS, "text", "note", "said", "attributes", "shortest", "longest", "relation")
_RELATION = ("is", "of", "least", "most", "absent", "same", "other")


@dataclass(frozen=True, slots=True)
class Step:
    """One segment of a question: its conditions, and words that a line of the transcript over it has (`said`)."""

    conditions: Conditions = field(default_factory=Conditions)
    said: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """`links` has one for each of the `steps` but the first. All segments of a moment lie in one video, one of `videos`
    (ids; empty: any) whose name has `name` in it. `every`: each combination of segments is a moment, not each A."""

    steps: tuple[Step, ...] = (Step(),)
    links: tuple[Link, ...] = ()
    videos: tuple[str, ...] = ()
    name: str = ""
    every: bool = False


def parse(request: Any) -> Question:
    """A question as a page sends it and a saved search has it, its times in seconds (docs/find.md).

    Raises UsageError that says which part is wrong.
    """
    if not isinstance(request, dict):
        raise UsageError("A question about annotations is an object with “segments”.")
    _known(request, _ASKED)
    asked = listed(request, "segments", MOST_STEPS) or [{}]
    if not all(isinstance(each, dict) for each in asked):
        raise UsageError("“segments” must be a list of objects.")
    links: list[Link] = []
    for each in asked[1:]:
        links.append(_link(each.get("relation") or {}, links))
    return Question(
        tuple(map(_step, asked)), tuple(links), _texts(request, "videos"), text(request, "name", ""),
        request.get("every") is True,
    )  # fmt: skip


def parse_text(question: str) -> Question:
    """`parse` of JSON as text. Raises UsageError."""
    try:
        return parse(json.loads(question))
    except (ValueError, RecursionError):
        raise UsageError("A question about annotations is JSON; see docs/find.md.") from None


def plain(question: Question) -> Row:
    """The inverse of `parse`; what lets everything through is left out."""
    relations = [None, *(_plain_link(link) for link in question.links)]
    return {
        "segments": [
            {**_plain_step(step), **({"relation": relation} if relation else {})}
            for step, relation in zip(question.steps, relations, strict=True)
        ],
        **({"videos": list(question.videos)} if question.videos else {}),
        **({"name": question.name} if question.name else {}),
        **({"every": True} if question.every else {}),
    }


def _known(wanted: Row, names: Container[str]) -> None:
    """Raises UsageError for a word that says nothing here: a misspelt condition would let everything through."""
    for name in wanted:
        if name not in names:
            raise UsageError(f"A question about annotations knows nothing of “{name!s:.40}”; see docs/find.md.")


def _step(wanted: Row) -> Step:
    _known(wanted, _CONDITIONS)
    attributes = wanted.get("attributes") or {}
    if not isinstance(attributes, dict) or len(attributes) > MOST_ATTRIBUTES:
        raise UsageError(f"“attributes” must be an object of at most {MOST_ATTRIBUTES} names.")
    lists = {name: _texts(wanted, name) for name in _LISTS}
    wrong = [each for each in lists["statuses"] if each not in STATUSES]
    if wrong:
        raise UsageError(f"“{wrong[0]:.40}” is no status; use some of {', '.join(STATUSES)}.")
    shortest = time(wanted, "shortest", 0.0)
    longest = None if wanted.get("longest") is None else time(wanted, "longest")
    if longest is not None and longest < shortest:
        raise UsageError("No segment is shorter than “longest” and longer than “shortest” here; swap the two.")
    conditions = Conditions(
        labels=lists["labels"], tracks=lists["tracks"], annotators=lists["annotators"], statuses=lists["statuses"],
        text=text(wanted, "text", ""), note=text(wanted, "note", ""), shortest_us=shortest, longest_us=longest,
        attributes=tuple((text({"name": name}, "name"), _value(each)) for name, each in attributes.items()),
    )  # fmt: skip
    return Step(conditions, text(wanted, "said", ""))


def _texts(wanted: Row, key: str) -> tuple[str, ...]:
    return tuple(text({key: each}, key) for each in listed(wanted, key, MOST_NAMED))


def _value(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return str(value).lower()
    return text({"attributes": value}, "attributes")


def _plain_step(step: Step) -> Row:
    wanted = step.conditions
    facts = {
        **{name: list(getattr(wanted, name)) for name in _LISTS},
        "text": wanted.text, "note": wanted.note, "said": step.said, "attributes": dict(wanted.attributes),
        "shortest": seconds(wanted.shortest_us),
    }  # fmt: skip
    found = {key: value for key, value in facts.items() if value}
    return found if wanted.longest_us is None else {**found, "longest": seconds(wanted.longest_us)}


def _link(relation: Any, earlier: Sequence[Link]) -> Link:
    """A relation; of the last one before that is there, where it does not say of which."""
    place = len(earlier) + 1
    last = max([0, *(n for n, link in enumerate(earlier, 1) if not link.absent)])
    if not isinstance(relation, dict):
        raise UsageError("“relation” must be an object.")
    _known(relation, _RELATION)
    named = text(relation, "is", "after")
    if named not in RELATIONS:
        raise UsageError(f"“{named:.40}” is no relation; use one of {', '.join(RELATIONS)}.")
    of = whole(relation, "of", last)
    if of >= place:
        raise UsageError(f"{LETTERS[place]} must stand in relation to an earlier segment.")
    least = time(relation, "least", 0.0) if named in RANGED else 0
    most = None
    if named in BOUNDED:
        open_ended = relation.get("most") is None
        most = (0 if named == "same" else None) if open_ended else time(relation, "most")
    if most is not None and most < least:
        raise UsageError(f"Nothing lies from {seconds(least):g} to {seconds(most):g} s; swap the two.")
    same, other = (_key(relation, each) for each in ("same", "other"))
    return Link(named, of, least, most, relation.get("absent") is True, same, other)


def _key(relation: Row, which: str) -> str:
    key = text(relation, which, "")
    if key and key not in KEYS and not (key.startswith(ATTRIBUTE) and len(key) > len(ATTRIBUTE)):
        raise UsageError(f"“{which}” must be one of {', '.join(KEYS)}, or {ATTRIBUTE}NAME.")
    return key


def _plain_link(link: Link) -> Row:
    facts = {"least": seconds(link.least), "absent": link.absent, "same": link.same, "other": link.other}
    found = {"is": link.relation, "of": link.of, **{key: value for key, value in facts.items() if value}}
    return found if link.most is None else {**found, "most": seconds(link.most)}


@dataclass(frozen=True, slots=True)
class Found:
    """What a question found: `moments`, those that were asked for, in order of their videos' names and of time, of
    `count`; `total_us`, how long all their A are together; and the `videos` they lie in (`id`, `name`, `count`,
    `total_us`). A moment has its `video` (row), `start_us` and `end_us`, from its first segment's start to its last
    one's end, and `segments`, one for each step, None where there must be none; see `store.segments.details`."""

    count: int
    total_us: int
    videos: list[Row]
    moments: list[Row]


class Find:
    """Questions about the annotations of a library."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def ask(self, question: Question, by: Actor = OWNER, first: int = 0, most: int | None = None) -> Found:
        """What a question finds, as far as somebody may see it; of its moments `most` (None: all) from number
        `first`."""
        return self._store.read(lambda db: _found(db, question, by, first, most))

    def choices(self, by: Actor = OWNER) -> Row:
        """What a person may choose from; see `store.segments.choices`; and by the names of attributes the `values` that
        the schema lets them be."""

        def work(db: Any) -> Row:
            found = segments.choices(db, by)
            values = labels.values_offered(db)
            known = list(dict.fromkeys((*found["attributes"], *values)))
            return {**found, "attributes": known, "values": values}

        return self._store.read(work)

    # ---------------------------------------------------------------- saved

    def saved(self) -> list[Row]:
        """The saved questions: `id`, `name`, `question` (`plain`), `annotator`, `created`."""
        return self._store.read(_saved)

    def saved_as(self, name: str) -> Question:
        """The question saved under a name.

        Raises NotFound.
        """
        for row in self.saved():
            if row["name"] == name:
                return parse(row["question"])
        raise NotFound(f"There is no saved question “{name}” about annotations; list them with: studio searches")

    def save(self, name: str, question: Question, annotator: str, by: Actor = OWNER) -> Row:
        """Save a question under a name, in place of one's own of that name.

        Raises UsageError, PermissionDenied.
        """
        name = name.strip()
        if not name or len(name) > searches.NAME_CHARS:
            raise UsageError(f"Give the search a name of up to {searches.NAME_CHARS} letters.")

        def work(db: Any) -> Row:
            owner = searches.owner(db, name)
            if owner is not None:
                need(by, f"save another search as “{name}”", owner)
            return searches.insert(db, name, {searches.FIND: plain(question)}, annotator)

        return self._store.write(work)


def _saved(db: Any) -> list[Row]:
    found = []
    for row in searches.listed(db):
        if searches.FIND in row["question"]:
            try:
                found.append({**row, "question": plain(parse(row["question"][searches.FIND]))})
            except UsageError:
                stored.skipped("searches", row["id"])
    return found


# ---------------------------------------------------------------- finding


def _found(db: Any, question: Question, by: Actor, first: int, most: int | None) -> Found:
    tables = _tables(db, question, by)
    alive = matching(tables, question.links)
    rows = {row["number"]: row for row in videos.numbered(db, np.unique(tables[0].video[alive[0]]).tolist())}
    named = sorted(rows, key=lambda video: (rows[video]["name"].casefold(), rows[video]["name"], rows[video]["id"]))
    place = {video: n for n, video in enumerate(named)}
    chosen = np.flatnonzero(alive[0])
    places = np.array([place[video] for video in tables[0].video[chosen].tolist()], np.int64)
    start, end = tables[0].start[chosen], tables[0].end[chosen]
    totals = np.zeros(len(named), np.int64)
    np.add.at(totals, places, end - start)
    order = np.lexsort((end, start, places))
    wanted = slice(first, None if most is None else first + most)
    counted, count = places, len(chosen)
    if question.every:
        every = _combinations(tables, question, alive, chosen[order])
        counted = np.array([place[video] for video in tables[0].video[every[0]].tolist()], np.int64)
        count = len(counted)
        parts = [None if each is None else each[wanted] for each in every]
    else:
        parts = partners(tables, question.links, alive, chosen[order[wanted]])
    counts = np.bincount(counted, minlength=len(named)).tolist()
    per_video = [
        {"id": rows[video]["id"], "name": rows[video]["name"], "count": counts[n], "total_us": int(totals[n])}
        for n, video in enumerate(named)
    ]
    return Found(count, int(totals.sum()), per_video, _moments(db, tables, parts, rows, by))


def _combinations(
    tables: Sequence[Segments], question: Question, alive: Sequence[npt.NDArray[np.bool_]], chosen: Ints
) -> list[Ints | None]:
    try:
        return combinations(tables, question.links, alive, chosen, MOST_COMBINATIONS)
    except OverflowError:
        raise UsageError(
            f"There are more than {MOST_COMBINATIONS:,} combinations; ask for less, or list each A once."
        ) from None


def _moments(
    db: Any, tables: Sequence[Segments], parts: Sequence[Ints | None], rows: dict[int, Row], by: Actor
) -> list[Row]:
    """Moments by the rows of their segments in each table."""
    steps = [None if part is None else table.identity[part].tolist() for table, part in zip(tables, parts, strict=True)]
    known = segments.details(db, (each for step in steps for each in step or ()), by)
    made = []
    for n, video in enumerate(tables[0].video[parts[0]].tolist()):
        found = [None if step is None else known[step[n]] for step in steps]
        there = [each for each in found if each is not None]
        start, end = min(each["start_us"] for each in there), max(each["end_us"] for each in there)
        made.append({"video": rows[video], "start_us": start, "end_us": end, "segments": found})
    return made


def _tables(db: Any, question: Question, by: Actor) -> list[Segments]:
    """The segments of each step, with the keys that the links ask for."""
    keys = sorted({key for link in question.links for key in (link.same, link.other) if key})
    codes: dict[str, dict[str, int]] = {key: {} for key in keys}
    known: dict[Step, Segments] = {}
    for step in question.steps:
        if step not in known:
            known[step] = _table(db, question, step, codes, by)
    return [known[step] for step in question.steps]


def _table(db: Any, question: Question, step: Step, codes: dict[str, dict[str, int]], by: Actor) -> Segments:
    conditions = replace(step.conditions, videos=question.videos, name=question.name)
    table = _columns(segments.select(db, conditions, list(codes), by), codes)
    if not step.said:
        return table
    said = Conditions(text=step.said, statuses=(LINE,), videos=question.videos, name=question.name)
    lines = _columns(segments.select(db, said, (), by), {})
    return table[matching([table, lines], [Link("overlaps")])[0]]


def _columns(rows: list[tuple[Any, ...]], codes: dict[str, dict[str, int]]) -> Segments:
    """Rows of `select` as columns; texts of keys become numbers, the same for one text in all tables."""
    identity, video, start, end = (np.array([row[n] for row in rows], np.int64) for n in range(4))
    coded = {}
    for n, (key, known) in enumerate(codes.items(), 4):
        texts = (row[n] for row in rows)
        numbers = [NONE if each is None else known.setdefault(each, len(known)) for each in texts]
        coded[key] = np.array(numbers, np.int64)
    return Segments(video, start, end, identity, coded)
