"""Searching a library: what may be asked, where it is looked for, and what is remembered of it."""

import base64
import binascii
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio import media
from studio.errors import NotFound, StoreError, UsageError
from studio.jobs import ExecutionBackend, JobMonitor
from studio.store import Store, annotations, labels, lines, searches
from studio.timeline import us

Row = dict[str, Any]
SAID_WEIGHT = 0.2  # what a line that says all the words adds to a cosine; the embedded encoder's best are near 0.5
IMAGE_SIDE = 512
TOP = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """Which videos are looked at. None and "" let everything through."""

    videos: tuple[str, ...] | None = None
    name: str = ""
    shortest_us: int = 0
    longest_us: int | None = None
    label: str = ""
    annotated: bool | None = None

    def let_through(self, row: Row, labelled: set[str]) -> bool:
        """Whether a video is looked at; `labelled` are those with an annotation of the wanted label."""
        return (
            (self.videos is None or row["id"] in self.videos)
            and self.name.casefold() in row["name"].casefold()
            and row["duration_us"] >= self.shortest_us
            and (self.longest_us is None or row["duration_us"] <= self.longest_us)
            and (not self.label or row["id"] in labelled)
            and (self.annotated is None or self.annotated == bool(row["annotations"]))
        )


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its options; at least one of text, like and image is there.

    `like` is (video id, start_us, end_us); `image` is (RGB bytes, width, height).
    """

    text: str = ""
    like: tuple[str, int, int] | None = None
    image: tuple[bytes, int, int] | None = None
    filters: Filters = field(default_factory=Filters)
    said_weight: float = SAID_WEIGHT
    levels: tuple[float, float, float] | None = None
    even: bool = False
    top: int = 20
    encoder: str | None = None


def parse(request: Row) -> Asked:
    """A question as a page sends it: times in seconds, the picture as base64 of its RGB bytes.

    Raises UsageError that says which part is wrong.
    """
    like, image, wanted = request.get("like"), request.get("image"), request.get("filters") or {}
    if not isinstance(wanted, dict):
        raise UsageError("“filters” must be an object.")
    videos = wanted.get("videos")
    if videos is not None and not (isinstance(videos, list) and all(isinstance(v, str) for v in videos)):
        raise UsageError("“videos” must be a list of ids.")
    annotated, levels = wanted.get("annotated"), request.get("levels")
    if annotated not in (None, True, False):
        raise UsageError("“annotated” must be true or false.")
    longest = _number(wanted, "longest", None)
    return Asked(
        text=_text(request, "query"),
        like=None if like is None else _moment(like),
        image=None if image is None else _picture(image),
        filters=Filters(
            None if videos is None else tuple(videos),
            _text(wanted, "name"),
            us(_number(wanted, "shortest", 0.0) or 0.0),
            None if longest is None else us(longest),
            _text(wanted, "label"),
            annotated,
        ),
        said_weight=_number(request, "said_weight", SAID_WEIGHT) or 0.0,
        levels=None if levels is None else _levels(levels),
        even=request.get("even") is True,
        top=max(1, min(TOP, int(_number(request, "top", 24) or 0))),
        encoder=_text(request, "encoder") or None,
    )


def picture_of(path: Path) -> tuple[bytes, int, int]:
    """A picture file as a question wants it.

    Raises MediaError, NotFound.
    """
    shown = media.still(str(path), IMAGE_SIDE)
    return shown.tobytes(), shown.shape[1], shown.shape[0]


def _text(request: Row, key: str) -> str:
    value = request.get(key) or ""
    if not isinstance(value, str):
        raise UsageError(f"“{key}” must be a text.")
    return value


def _number(request: Row, key: str, default: float | None) -> float | None:
    value = request.get(key)
    if value is None:
        return default
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 1e9:
        raise UsageError(f"“{key}” must be a number, 0 or more.")
    return float(value)


def _levels(levels: Any) -> tuple[float, float, float]:
    if not isinstance(levels, list) or len(levels) != 3:
        raise UsageError("“levels” must be three weights: video, frame and patch.")
    video, frame, patch = (_number({"levels": weight}, "levels", 0.0) or 0.0 for weight in levels)
    return video, frame, patch


def _moment(like: Any) -> tuple[str, int, int]:
    if not isinstance(like, dict) or not isinstance(like.get("video"), str):
        raise UsageError("“like” must name a video, a start and an end.")
    start = us(_number(like, "start", 0.0) or 0.0)
    end = us(_number(like, "end", None) or 0.0)
    return like["video"], start, max(end, start + 1)


def _picture(image: Any) -> tuple[bytes, int, int]:
    try:
        width, height = image["width"], image["height"]
        pixels = base64.b64decode(image["pixels"], validate=True)
        good = 0 < width <= IMAGE_SIDE and 0 < height <= IMAGE_SIDE and len(pixels) == 3 * width * height
    except (TypeError, KeyError, binascii.Error, ValueError):
        good = False
    if not good:
        raise UsageError(f"A picture is the base64 of its RGB bytes, with width and height up to {IMAGE_SIDE}.")
    return pixels, width, height


class Search:
    """The part of a library that finds moments. `rows` gives its videos, `facts` what a job needs of one."""

    def __init__(
        self, store: Store, backend: ExecutionBackend, rows: Callable[[], list[Row]], facts: Callable[[Row], Row]
    ) -> None:
        self._store, self._backend, self._rows, self._facts = store, backend, rows, facts

    def ask(self, asked: Asked) -> tuple[list[Row], list[Row]]:
        """Moments across the library, best first: `video` (row), `start_us`, `end_us`, `peak_us`, `score`, `visual`,
        `line`; and where in their videos it is how likely: `video` (row), `scores` of its equal parts.

        Raises UsageError, ModelUnavailable.
        """
        rows = {row["id"]: row for row in self._let_through(asked.filters)}
        text = asked.text.strip()

        def known(db: Any) -> Row:
            return {
                "said": lines.find(db, text, list(rows)) if text and asked.said_weight else [],
                "bank": searches.history(db) if asked.even else None,
            }

        params = {
            "text": asked.text, "like": asked.like, "image": asked.image, "top": asked.top, "encoder": asked.encoder,
            "videos": [self._facts(row) for row in rows.values()],
            "said_weight": asked.said_weight, "levels": asked.levels, **self._store.read(known),
        }  # fmt: skip
        result = self._backend.call("search", params, JobMonitor())
        if text:
            with contextlib.suppress(StoreError):  # what was found is worth more than remembering the question
                self._store.write(lambda db: searches.asked(db, text))
        hits, strips = (
            [{**found, "video": rows[found["video_id"]]} for found in result.data[kind]] for kind in ("hits", "strips")
        )
        return hits, strips

    def _let_through(self, filters: Filters) -> list[Row]:
        label = filters.label
        labelled = self._store.read(lambda db: annotations.videos_with(db, label)) if label else set()
        return [row for row in self._rows() if filters.let_through(row, labelled)]

    def explain(self, query: str, row: Row, start_us: int, end_us: int, encoder: str | None = None) -> Row:
        """Why a moment answers a query: `words` with their weights, `frames` with times in µs and cosines."""
        params = {"query": query, "video": self._facts(row), "start_us": start_us, "end_us": end_us, "encoder": encoder}
        return dict(self._backend.call("explain", params, JobMonitor()).data)

    def history(self) -> list[str]:
        """What was asked, newest first."""
        return self._store.read(searches.history)

    def options(self) -> Row:
        """What a person may choose from: labels, kept searches, recent questions."""

        def work(db: Any) -> Row:
            used = list(dict.fromkeys(row["label"] for row in labels.schema(db)["labels"]))
            return {"labels": used, "kept": searches.kept(db), "recent": searches.history(db, 8)}

        return self._store.read(work)

    def kept(self) -> list[Row]:
        """The searches that were kept: `id`, `name`, `question` as a page sent it."""
        return self._store.read(searches.kept)

    def keep(self, name: str, question: Row, annotator: str) -> Row:
        """Keep a search under a name.

        Raises UsageError.
        """
        name = name.strip()
        if not name or len(name) > 80:
            raise UsageError("Give the search a name of up to 80 letters.")
        parse(question)  # what cannot be asked is not kept
        plain = {key: value for key, value in question.items() if key != "image"}
        return self._store.write(lambda db: searches.keep(db, name, plain, annotator))

    def kept_as(self, name: str) -> Row:
        """The question kept under a name.

        Raises NotFound.
        """
        for row in self.kept():
            if row["name"] == name:
                return dict(row["question"])
        raise NotFound(f"There is no saved search “{name}”; list them with: studio searches")

    def forget(self, search_id: str) -> None:
        """Remove a kept search."""
        self._store.write(lambda db: searches.forget(db, search_id))
