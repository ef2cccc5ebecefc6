"""Searching a library: what may be asked, where it is looked for, and what is remembered of it."""

import base64
import binascii
import contextlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio import media, tasks
from studio.errors import NotFound, StoreError, StudioError, UsageError
from studio.jobs import ExecutionBackend, JobMonitor
from studio.service import serializers
from studio.service.accounts.rights import OWNER, Actor, need
from studio.service.requests import listed, number, text, time
from studio.store import Store, annotations, labels, screen_texts, searches, stored, transcripts, videos
from studio.store.text_search import TextQuery
from studio.timeline import seconds

Row = dict[str, Any]
SAID_WEIGHT = 0.2  # what a line that says all the words adds to a cosine; the embedded encoder's best are near 0.5
QUOTED_WEIGHT = 1.0  # of a line that says what stands in quotes: no picture outweighs it
IMAGE_SIDE = 512
EXAMPLES, CANDIDATES = 4, 12  # words that are shown, and that are tried at most
TOP, ASKED_TOP = 100, 24  # hits at most, and where a page does not say how many
MOST_VIDEOS = 10_000  # that a question names
MOST_LIKE = 50  # moments that a question names; their mean is looked for


LABELS = 300  # in use, of which a person may choose one


@dataclass(frozen=True, slots=True)
class Filters:
    """Which videos are looked at. None and "" let everything through."""

    videos: tuple[str, ...] | None = None
    name: str = ""
    shortest_us: int = 0
    longest_us: int | None = None
    label: str = ""
    annotated: bool | None = None

    def let_through(self, db: Any, by: Actor) -> list[tuple[str, int, bool]]:
        """The ids of the videos to look at, how long each is (µs), and whether it has pictures, by the annotations that
        somebody may see. Of a large library that is much: only what a filter asks about is looked at."""
        found = videos.facts(db, self.shortest_us, self.longest_us)
        if self.videos is not None:
            named = frozenset(self.videos)
            found = [each for each in found if each[0] in named]
        if self.name:
            part = self.name.casefold()
            found = [each for each in found if part in each[3].casefold()]
        if self.label:
            labelled = annotations.videos_with(db, self.label, by)
            found = [each for each in found if each[0] in labelled]
        if self.annotated is not None:
            worked = videos.annotated(db, by)
            found = [each for each in found if (each[0] in worked) == self.annotated]
        return [(video, duration, pictures) for video, duration, pictures, _ in found]


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """A question with its options; at least one of text, like and image is there.

    `like` are moments, (video id, start_us, end_us); `image` is (RGB bytes, width, height).
    """

    text: str = ""
    like: tuple[tuple[str, int, int], ...] = ()
    image: tuple[bytes, int, int] | None = None
    filters: Filters = field(default_factory=Filters)
    said_weight: float = SAID_WEIGHT
    levels: tuple[float, float, float] | None = None
    even: bool = False
    top: int = 20
    encoder: str | None = None


def parse(request: Row) -> SearchRequest:
    """A question as a page sends it: times in seconds, the picture as base64 of its RGB bytes.

    Raises UsageError that says which part is wrong.
    """
    like, image, wanted = request.get("like"), request.get("image"), request.get("filters") or {}
    if not isinstance(wanted, dict):
        raise UsageError("“filters” must be an object.")
    annotated, levels = wanted.get("annotated"), request.get("levels")
    if annotated not in (None, True, False):
        raise UsageError("“annotated” must be true or false.")
    return SearchRequest(
        text=text(request, "query", ""),
        like=_moments(like),
        image=None if image is None else _picture(image),
        filters=Filters(
            None if wanted.get("videos") is None else _videos(wanted),
            text(wanted, "name", ""),
            time(wanted, "shortest", 0.0),
            None if wanted.get("longest") is None else time(wanted, "longest"),
            text(wanted, "label", ""),
            None if annotated is None else bool(annotated),
        ),
        said_weight=number(request, "said_weight", SAID_WEIGHT),
        levels=None if levels is None else _levels(request),
        even=request.get("even") is True,
        top=max(1, min(TOP, int(number(request, "top", ASKED_TOP)))),
        encoder=text(request, "encoder", "") or None,
    )


def plain(asked: SearchRequest) -> Row:
    """The inverse of `parse`, without the picture: all of a question that can be kept."""
    filters = asked.filters
    moments = [{"video": video, "start": seconds(start), "end": seconds(end)} for video, start, end in asked.like]
    return {
        "query": asked.text,
        **({"like": moments[0] if len(moments) == 1 else moments} if moments else {}),
        "filters": {
            **({} if filters.videos is None else {"videos": list(filters.videos)}),
            "name": filters.name,
            "label": filters.label,
            "shortest": seconds(filters.shortest_us) or None,
            "longest": None if filters.longest_us is None else seconds(filters.longest_us),
            "annotated": filters.annotated,
        },
        "said_weight": asked.said_weight,
        "levels": asked.levels and list(asked.levels),
        "even": asked.even,
        **({"top": asked.top} if asked.top != ASKED_TOP else {}),
        **({"encoder": asked.encoder} if asked.encoder else {}),
    }


def picture_of(path: Path) -> tuple[bytes, int, int]:
    """A picture file as a question wants it.

    Raises MediaError, NotFound.
    """
    shown = media.still(str(path), IMAGE_SIDE)
    return shown.tobytes(), shown.shape[1], shown.shape[0]


def _videos(wanted: Row) -> tuple[str, ...]:
    return tuple(text({"videos": each}, "videos") for each in listed(wanted, "videos", MOST_VIDEOS))


def _levels(request: Row) -> tuple[float, float, float]:
    weights = listed(request, "levels", 3)
    if len(weights) != 3:
        raise UsageError("“levels” must be three weights: video, frame and patch.")
    video, frame, patch = (number({"levels": weight}, "levels", 0.0) for weight in weights)
    return video, frame, patch


def _moments(like: Any) -> tuple[tuple[str, int, int], ...]:
    """One moment, several in a list, or none."""
    if like is None:
        return ()
    several = like if isinstance(like, list) else [like]
    return tuple(_moment(each) for each in listed({"like": several}, "like", MOST_LIKE))


def _moment(like: Any) -> tuple[str, int, int]:
    if not isinstance(like, dict) or not isinstance(like.get("video"), str):
        raise UsageError("“like” must name a video, a start and an end.")
    start = time(like, "start", 0.0)
    return text(like, "video"), start, max(time(like, "end", 0.0), start + 1)


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
    """Finding moments across a library."""

    def __init__(self, store: Store, backend: ExecutionBackend) -> None:
        self._store, self._backend = store, backend
        self._examples: tuple[Any, list[str]] = (None, [])  # of which state of the library, and which

    def ask(self, asked: SearchRequest, by: Actor = OWNER) -> tuple[list[Row], list[Row]]:
        """Moments across the library, best first: `video` (row), `start_us`, `end_us`, `peak_us`, `score`, `visual`,
        `why` (seen, said or written), `line`, the text that fits, and `parts` of it, each with whether it was asked;
        and where in their videos it is how likely: `video` (row), `scores` of its equal parts.

        Raises UsageError, ModelUnavailable.
        """
        found = self._found(asked, by)
        if words := asked.text.strip():
            with contextlib.suppress(StoreError):  # what was found is worth more than remembering the question
                self._store.write(lambda db: searches.asked(db, words))
        return found

    def _found(self, asked: SearchRequest, by: Actor) -> tuple[list[Row], list[Row]]:
        words, phrases = tasks.in_words(asked.text)
        query = TextQuery.of(words, phrases)
        weight = QUOTED_WEIGHT if query.phrases else asked.said_weight

        def known(db: Any) -> Row:
            among = asked.filters.let_through(db, by)
            ids = [video for video, _, _ in among]
            narrowed = None if asked.filters == Filters() else ids
            said = transcripts.search(db, query, narrowed) if weight else []
            written = screen_texts.search(db, query, narrowed, by) if weight else []
            texts = [{**text, "why": why} for why, found in (("said", said), ("written", written)) for text in found]
            decoded = asked.levels is not None and asked.levels[2]  # parts of pictures: by their files
            return {
                "among": [ids, [duration for _, duration, _ in among]],
                "pictures": tasks.pictures_of(duration for _, duration, pictures in among if pictures),
                "videos": [serializers.job_video(row) for row in videos.with_ids(db, ids)] if decoded else [],
                "texts": sorted(texts, key=lambda text: -text["score"]),
                "bank": searches.history(db) if asked.even else None,
            }

        params = {
            "text": asked.text, "like": asked.like, "image": asked.image, "top": asked.top, "encoder": asked.encoder,
            "exact": bool(query.phrases), "text_weight": weight, "levels": asked.levels, **self._store.read(known),
        }  # fmt: skip
        found = self._backend.call("search", params, JobMonitor()).data
        ids = {each["video_id"] for each in [*found["hits"], *found["strips"]]}
        rows = {row["id"]: row for row in self._store.read(lambda db: videos.with_ids(db, ids))}
        # one that was removed meanwhile is left out
        strips = [{**each, "video": rows[each["video_id"]]} for each in found["strips"] if each["video_id"] in rows]
        hits = [
            {**each, "video": rows[each["video_id"]], "parts": query.parts(each["line"])}
            for each in found["hits"]
            if each["video_id"] in rows
        ]
        return hits, strips

    def examples(self) -> list[str]:
        """A few words that find something in this library: labels and earlier questions whose best moment is a likely
        one. Empty where nothing is searchable."""
        candidates = self._store.read(lambda db: searches.likely_examples(db, CANDIDATES))
        state = (tuple(candidates), self._store.read(videos.stamp))
        if state != self._examples[0]:
            with contextlib.suppress(StudioError):
                self._examples = (state, self._proven(candidates))
        return list(self._examples[1]) if state == self._examples[0] else []

    def _proven(self, candidates: list[str]) -> list[str]:
        found: list[str] = []
        for words in candidates:
            if len(found) == EXAMPLES:
                break
            with contextlib.suppress(UsageError):  # words that only exclude
                hits, _ = self._found(SearchRequest(words, top=1), OWNER)
                found += [words] * bool(hits and serializers.answer(hits))
        return found

    def moments(self, query: str, top: int = 20, encoder: str | None = None) -> list[Row]:
        """Moments across the library for a text, best first; see `ask`."""
        return self.ask(SearchRequest(query, top=top, encoder=encoder))[0]

    def explain(self, query: str, row: Row, start_us: int, end_us: int, encoder: str | None = None) -> Row:
        """Why a moment answers a query, asked of the whole library: `words` with their weights, `frames` with times in
        µs and cosines."""
        params = {
            "among": [video for video, *_ in self._store.read(videos.facts)],
            "query": query,
            "video": serializers.job_video(row),
            "start_us": start_us,
            "end_us": end_us,
            "encoder": encoder,
        }
        return dict(self._backend.call("explain", params, JobMonitor()).data)

    def history(self) -> list[str]:
        """What was asked, newest first."""
        return self._store.read(searches.history)

    def options(self, by: Actor = OWNER) -> Row:
        """What a person may choose from: labels, saved searches, recent questions."""

        def work(db: Any) -> Row:
            listed = [row["label"] for row in labels.schema(db)["labels"]]
            found = list(dict.fromkeys([*listed, *annotations.most_used_labels(db, LABELS, by)]))
            return {"labels": found, "kept": _saved(db), "recent": searches.history(db, 8)}

        return self._store.read(work)

    def saved(self) -> list[Row]:
        """The saved searches: `id`, `name`, `question` as a page sent it."""
        return self._store.read(_saved)

    def save(self, name: str, question: Row, annotator: str, by: Actor = OWNER) -> Row:
        """Save a search under a name, in place of one's own of that name.

        Raises UsageError, PermissionDenied.
        """
        name = name.strip()
        if not name or len(name) > searches.NAME_CHARS:
            raise UsageError(f"Give the search a name of up to {searches.NAME_CHARS} letters.")
        wanted = plain(parse({key: value for key, value in question.items() if key != "image"}))

        def work(db: Any) -> Row:
            owner = searches.owner(db, name)
            if owner is not None:
                need(by, f"save another search as “{name}”", owner)
            return searches.insert(db, name, wanted, annotator)

        return self._store.write(work)

    def saved_as(self, name: str) -> Row:
        """The question saved under a name.

        Raises NotFound.
        """
        for row in self.saved():
            if row["name"] == name:
                return dict(row["question"])
        raise NotFound(f"There is no saved search “{name}”; list them with: studio searches")

    def delete(self, search_id: str, by: Actor = OWNER) -> None:
        """Delete a saved search; `restore` undoes it.

        Raises NotFound, PermissionDenied.
        """

        def work(db: Any) -> None:
            kept = searches.get(db, search_id)
            need(by, f"remove “{kept['name']}”", kept["annotator"])
            searches.delete(db, search_id, by.name)

        self._store.write(work)

    def restore(self, search_id: str, by: Actor = OWNER) -> None:
        """Undo the deletion of a saved search.

        Raises NotFound, PermissionDenied.
        """

        def work(db: Any) -> None:
            kept = searches.get(db, search_id)
            if kept["removed"] is not None:
                need(by, f"bring back “{kept['name']}”", kept["removed_by"])
                searches.restore(db, search_id)

        self._store.write(work)


def _saved(db: Any) -> list[Row]:
    """The kept searches in pictures and words whose questions can be asked; an older release kept whatever a page
    sent."""
    found = []
    for row in searches.listed(db):
        if searches.FIND in row["question"]:
            continue
        try:
            found.append({**row, "question": plain(parse(row["question"]))})
        except UsageError:
            stored.skipped("searches", row["id"])
    return found
