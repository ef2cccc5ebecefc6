"""The review desk: one queue of moments of the whole library, to be decided about in a grid, and what is still to be
found."""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from studio.errors import UsageError
from studio.eval.sampling import Instant, Looked, estimate, instants
from studio.index import Cache, frame_edges
from studio.jobs import ExecutionBackend, JobMonitor
from studio.service import serializers
from studio.service.accounts.claims import Claims
from studio.service.accounts.rights import OWNER, Actor
from studio.store import Store, absences, jobs, labels, review, reviewed, stored, teaching, videos
from studio.store.readers import Annotator
from studio.store.review import Undecided
from studio.tasks.teaching import LEAST
from studio.timeline import MICROS, seconds, us
from studio.timeline.spans import Span, covers, distinct, is_same, union

Row = dict[str, Any]
FEEDS = ("likely", "unsure", "different", "random")
MOST_SHOWN = 60
POOL = 2_000  # predictions among which the most different ones are looked for
LOOKED = 50_000  # instants of a sample, answered or not
DRAWN = 2_000  # of them that are drawn at first
SAMPLES = 8  # whose instants are kept
INSTANTS_EACH = 2  # of the random feed, for each prediction
MOMENT_US = 4 * MICROS  # how long a moment is taken to be before one was labelled


@dataclass(frozen=True, slots=True)
class DeskRequest:
    """What a page wants to see: `count` more of a feed, beside the items that it shows already (`shown`, by id), of the
    predictions that are `wanted`. `window` names the page among those that share the queue."""

    feed: str
    wanted: Undecided
    track: str = ""
    count: int = 24
    shown: tuple[str, ...] = ()
    window: str = ""


class ReviewDesk:
    """What is to be decided next, by label or all together."""

    def __init__(
        self, store: Store, cache: Cache, interactive: ExecutionBackend, has_left: Callable[[str], bool]
    ) -> None:
        """`has_left` says of a window that it was closed: what it showed is free for others."""
        self._store, self._cache, self._interactive = store, cache, interactive
        self._claims = Claims(has_left)
        self._orders = Orders()

    def queue(self, asked: DeskRequest, by: Actor = OWNER) -> Row:
        """`items`, the next ones of the feed that are on nobody else's screen; `shown`, the ids of those shown that are
        still undecided; `waiting`, how many predictions are undecided; `elsewhere`, how many more others look at,
        where that is all that is left; `unlikely`, how many the likely feed leaves out; `labels` of the schema.

        An item is a prediction or, of the random feed, an instant: `id`, `kind`, `video`, its `name` and whether it has
        `pictures`, `track`, `label`, `start` and `end` (of an instant as a moment around it might be), `at` of an
        instant, `score` of a prediction, and what `serializers.proposal` says of it.
        Of videos that are annotated independently only what somebody said themselves counts, also for an admin.
        Raises UsageError for a feed that is not there, and for a random one without a label.
        """
        reader = Annotator(by.name)
        if asked.feed not in FEEDS:
            raise UsageError(f"“{asked.feed}” is no feed; use one of {', '.join(FEEDS)}.")
        if asked.feed == "random" and not (asked.wanted.label and asked.track):
            raise UsageError("Choose a label: a random sample says how much of it is still to be found.")
        if asked.count <= 0:  # each page asks for it after every change in the library
            self._claims.take(asked.window, asked.shown, [], 0)
            return self._store.read(lambda db: self._standing(db, asked, by))
        waiting, open_ids, decided = self._store.read(
            lambda db: (
                review.undecided(db, asked.wanted, by), review.still_open(db, asked.shown, reader),
                _decided(db, asked, reader),
            )
        )  # fmt: skip
        known = _by_video(decided)
        waiting = [row for row in waiting if row["task"] != serializers.TAUGHT or not _is_known(row, known)]
        if asked.feed == "random":
            sample = self._store.read(lambda db: _Sample(db, asked.track, asked.wanted.label, reader, self._orders))
            items = _taking_turns(map(_prediction, sample.to_judge(waiting)), map(sample.item, sample.unanswered()))
            open_ids |= {each for each in asked.shown if sample.is_open(each)}
        else:
            items = map(_prediction, self._ordered(asked, waiting, decided))
        count = min(MOST_SHOWN, asked.count)
        offered = list(islice(items, count + len(asked.shown) + 20 * MOST_SHOWN))
        shared = [item["id"] for item in offered if not item["independent"]]
        own = [item["id"] for item in offered if item["independent"]]
        taken = set(self._claims.take(asked.window, asked.shown, shared, count)) | (set(own) - set(asked.shown))
        return {
            "items": [self._on_frames(item) for item in offered if item["id"] in taken][:count],
            "shown": [each for each in asked.shown if each in open_ids],
            "waiting": len(waiting),
            "elsewhere": len(shared) - len(set(shared) & {*taken, *asked.shown}) if len(taken) < count else 0,
            "unlikely": len(waiting) - len(_likely(asked, waiting)),
            "labels": self._store.read(labels.schema)["labels"],
        }

    def _standing(self, db: Any, asked: DeskRequest, by: Actor) -> Row:
        """As `queue`, of what a page shows already, without reading what waits."""
        reader = Annotator(by.name)
        open_ids = review.still_open(db, asked.shown, reader)
        if asked.feed == "random" and any("@" in each for each in asked.shown):
            sample = _Sample(db, asked.track, asked.wanted.label, reader, self._orders, proposals=False)
            open_ids |= {each for each in asked.shown if sample.is_open(each)}
        known = _by_video(_decided(db, asked, reader))
        there = review.of_detectors(db, asked.wanted, known, by) if known else []
        return {
            "items": [], "shown": [each for each in asked.shown if each in open_ids],
            "waiting": review.count(db, asked.wanted, by) - sum(_is_known(row, known) for row in there),
            "elsewhere": 0, "unlikely": 0, "labels": labels.schema(db)["labels"],
        }  # fmt: skip

    def progress(self, track: str, label: str, by: Actor = OWNER) -> Row:
        """What is known of a label: `labelled` moments, the `estimate` of what is still to be found with the `instants`
        that it is made of, the detector's `note`, the `news`, how often people said something since it was taught, and
        whether it is `learning` or waits to be."""

        reader = Annotator(by.name)

        def work(db: Any) -> Row:
            sample = _Sample(db, track, label, reader, self._orders)
            run = teaching.newest_run(db, track, label)
            looked = sample.looked()
            payload = run and stored.value(run["payload"], dict, "runs", run["created"])
            return {
                "labelled": sample.moments,
                "estimate": asdict(estimate(looked)),
                "instants": looked.instants,
                "note": (payload or {}).get("note", ""),
                "taught": run["created"] if run else None,
                "news": teaching.news(db, track, label, run["created"] if run else "", reader),
                "learning": jobs.like(db, "teach", {"label": label, "track": track}) is not None,
            }

        return self._store.read(work)

    def _on_frames(self, item: Row) -> Row:
        """An instant's moment, which is half a usual moment before and after it, between frame edges."""
        if item["at"] is None:
            return item
        nearest = frame_edges(self._cache, item["video"], us(item["duration"]))
        start, end = nearest(us(item["start"])), nearest(us(item["end"]))
        return {**item, "start": seconds(start), "end": seconds(end)} if start < end else item

    def _ordered(self, asked: DeskRequest, waiting: list[Row], decided: list[Row]) -> list[Row]:
        if asked.feed == "unsure":
            return sorted(waiting, key=lambda row: (-_unsure(row), row["id"]))
        likely = sorted(_likely(asked, waiting), key=lambda row: (-row["chance"], row["id"]))
        if asked.feed == "likely" or not likely:
            return likely
        pool = likely[:POOL]
        known = [_span(row) for row in decided[:POOL]]
        spans = {"pool": [_span(row) for row in pool], "known": known, "count": len(asked.shown) + MOST_SHOWN}
        order = self._interactive.call("diverse", spans, JobMonitor()).data["order"]
        return [pool[k] for k in order]


class _Sample:
    """The random sample of a library for one label: which instants are answered, and by what."""

    def __init__(
        self, db: Any, track: str, label: str, by: Annotator, orders: "Orders", proposals: bool = True
    ) -> None:
        self._orders, self._key = orders, teaching.sample_key(db, track, label)
        self._rows = {row["id"]: row for row in videos.listed(db)}
        self._track, self._label = track, label
        self.labelled = teaching.labelled(db, track, label, by)
        self._proposed = review.proposed(db, track, label, by) if proposals else []
        wrong = teaching.rejected(db, label, track, by)
        looked = reviewed.of_track(db, track, by)
        self._found = _by_video(row for row in self.labelled if row["sampled"])
        self._all = _union(_by_video(self.labelled))
        self._closed = _union(_by_video([row for row in self.labelled if not row["sampled"]] + wrong + looked))
        self._absent = {(row["video_id"], row["time_us"]) for row in absences.of_label(db, track, label, by)}
        each = [span for spans in _by_video(self.labelled).values() for span in distinct(spans)]
        self.moments = len(each)  # what several people marked is one
        lengths = sorted(end - start for start, end in each)
        self._moment_us = lengths[len(lengths) // 2] if lengths else MOMENT_US
        self._listed: list[Instant] | None = None

    def unanswered(self) -> list[Instant]:
        """Those to look at next, at most MOST_SHOWN and a few for other windows."""
        if self._listed is None:
            open_ = (instant for instant in self._instants() if self._answer(instant) is None)
            self._listed = list(islice(open_, 4 * MOST_SHOWN))
        return self._listed

    def is_open(self, name: str) -> bool:
        """Whether an instant, by the id of its item, is still to be looked at."""
        video, _, at_us = name.partition("@")
        return video in self._rows and at_us.isdecimal() and self._answer(Instant(0.0, video, int(at_us))) is None

    def to_judge(self, waiting: list[Row]) -> Iterator[Row]:
        """The undecided of what the newest detectors proposed, in random order."""
        order = {row["id"] for row in self._proposed}
        return iter(sorted((row for row in waiting if row["id"] in order), key=lambda row: _by_chance(row["id"])))

    def item(self, instant: Instant) -> Row:
        """As the page has it: with the moment that it might be in."""
        row = self._rows[instant.video]
        start = max(0, min(instant.at_us - self._moment_us // 2, row["duration_us"] - self._moment_us))
        end = min(row["duration_us"], start + self._moment_us)
        return {
            "id": _name(instant), "kind": "instant", "video": row["id"], "name": row["name"],
            "duration": seconds(row["duration_us"]),
            "media_start": serializers.media_start(row["start_us"], row["browser_playable"]),
            "pictures": videos.has_pictures(row), "independent": bool(row["independent"]),
            "track": self._track, "label": self._label,
            "at": seconds(instant.at_us), "start": seconds(start), "end": seconds(end), "score": None,
        }  # fmt: skip

    def looked(self) -> Looked:
        """What was looked at, as far as the sample has no gap."""
        total = sum(row["duration_us"] for row in self._rows.values())
        seen = there = 0
        for instant in self._instants():
            answer = self._answer(instant)
            if answer is None:
                break
            if not covers(self._closed.get(instant.video, ()), instant.at_us):
                seen, there = seen + 1, there + answer
        order = sorted(self._proposed, key=lambda row: _by_chance(row["id"]))
        judged = next((k for k, row in enumerate(order) if not row["verdict"]), len(order))
        left = [row for row in self._proposed if not row["verdict"]]
        whole = _length(self._all)
        return Looked(
            outside=(total - _length(self._closed)) / MICROS,
            sampled=(_length(_union(self._closed, self._found)) - _length(self._closed)) / MICROS,
            instants=seen,
            there=there,
            labelled=whole / MICROS,
            proposals=len(left),
            proposed=sum(row["end_us"] - row["start_us"] for row in left) / MICROS,
            judged=judged,
            right=sum(row["verdict"] in ("accepted", "corrected") for row in order[:judged]),
            moment=whole / self.moments / MICROS if self.moments else 0.0,
        )

    def _instants(self) -> Iterator[Instant]:
        return self._orders.instants(self._key, {id: row["duration_us"] for id, row in self._rows.items()})

    def _answer(self, instant: Instant) -> bool | None:
        if covers(self._all.get(instant.video, ()), instant.at_us):
            return True
        if covers(self._closed.get(instant.video, ()), instant.at_us) or (instant.video, instant.at_us) in self._absent:
            return False
        return None


class Orders:
    """The first instants of the samples that were asked for last, as long as the library has the same videos: to draw
    them takes a random generator for each of its videos."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[dict[str, int], list[Instant]]] = OrderedDict()
        self._lock = threading.Lock()

    def instants(self, key: str, durations_us: dict[str, int]) -> Iterator[Instant]:
        """At most LOOKED of a sample; see `sampling.instants`."""
        done, count = 0, DRAWN
        while done < LOOKED:
            found = self._first(key, durations_us, count)
            yield from islice(found, done, LOOKED)
            if len(found) < count:
                return
            done, count = len(found), 4 * count

    def _first(self, key: str, durations_us: dict[str, int], count: int) -> list[Instant]:
        with self._lock:
            videos, found = self._kept.get(key, ({}, []))
            if videos != durations_us or len(found) < count:
                found = list(islice(instants(key, durations_us), count))
                self._kept[key] = durations_us, found
            self._kept.move_to_end(key)
            while len(self._kept) > SAMPLES:
                self._kept.popitem(last=False)
            return found


def _decided(db: Any, asked: DeskRequest, by: Annotator) -> list[Row]:
    """Where people said something of the label already."""
    label, track = asked.wanted.label, asked.track or None
    return [*teaching.positives(db, label, track, by), *teaching.rejected(db, label, track, by)] if label else []


def _is_known(row: Row, decided: Mapping[str, Sequence[Span]]) -> bool:
    """Whether a moment was decided since the label was taught."""
    span = row["start_us"], row["end_us"]
    return any(is_same(span, other) for other in decided.get(row["video_id"], ()))


def _span(row: Mapping[str, Any]) -> list[Any]:
    return [row["video_id"], row["start_us"], row["end_us"]]


def _likely(asked: DeskRequest, waiting: list[Row]) -> list[Row]:
    """Of the likely feed, without what a detector proposed only to be told that it is wrong, unless it is asked for by
    how sure the model is."""
    if asked.feed != "likely" or (asked.wanted.lowest, asked.wanted.highest) != (None, None):
        return waiting
    return [row for row in waiting if row["task"] != serializers.TAUGHT or row["chance"] >= LEAST]


def _unsure(row: Row) -> float:
    return 1 - abs(2 * float(row["chance"]) - 1)


def _by_chance(id: str) -> str:
    """By these, what has an id is in an order that nothing but chance chose."""
    return hashlib.sha256(id.encode()).hexdigest()


def _name(instant: Instant) -> str:
    return f"{instant.video}@{instant.at_us}"


def _prediction(row: Row) -> Row:
    payload = (row["payload"] and stored.value(row["payload"], dict, "predictions", row["id"])) or {}
    return {
        "id": row["id"], "kind": "prediction", "video": row["video_id"], "name": row["name"],
        "duration": seconds(row["duration_us"]),
        "media_start": serializers.media_start(row["media_us"], row["browser_playable"]),
        "pictures": videos.has_pictures(row), "independent": bool(row["independent"]),
        "track": row["row"], "label": row["label"], "at": None,
        "start": seconds(row["start_us"]), "end": seconds(row["end_us"]), "score": row["score"],
        **serializers.chance(row["task"], row["score"]),
        **{key: payload[key] for key in serializers.SHOWN_OF_PAYLOAD if key in payload},
    }  # fmt: skip


def _taking_turns(predictions: Iterator[Row], sampled: Iterator[Row]) -> Iterator[Row]:
    """Some instants, then a prediction, until there are none of both."""
    while turn := [*islice(sampled, INSTANTS_EACH), *islice(predictions, 1)]:
        yield from turn


def _by_video(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Span]]:
    spans: dict[str, list[Span]] = {}
    for row in rows:
        spans.setdefault(row["video_id"], []).append((row["start_us"], row["end_us"]))
    return spans


def _union(*some: Mapping[str, Sequence[Span]]) -> dict[str, list[Span]]:
    return {video: union(span for each in some for span in each.get(video, ())) for video in set().union(*some)}


def _length(spans: dict[str, list[Span]]) -> int:
    return sum(end - start for each in spans.values() for start, end in each)
