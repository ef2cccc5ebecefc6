"""Tells open pages that something in the library changed, by server-sent events: a page asks what it was only then."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from studio.app.login import current_user
from studio.app.rpc.method import NAME_CHARS
from studio.service import Studio

LOOK_EVERY_S = 0.2
# Between two pages that will ask what changed, about what an answer takes: an edit that comes then waits behind one or
# two questions, and not behind those of all pages.
GAP_S = 0.008
BEAT_EVERY_S = 15.0  # so that both sides notice when the other is gone
MOST = 1_000  # streams at once
ID_CHARS = 64
ID = re.compile(rf"[\w-]{{1,{ID_CHARS}}}")  # of a video; streams name it


class ChangeEvents:
    """One task looks whether any process committed to the database, as long as a page listens; each page gets
    `changed` events, at most one in LOOK_EVERY_S, and `beat` ones in between. A `changed` names the videos whose
    timelines changed, and none where it may have been anything."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._listeners: set[_Listener] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self._closed = True
        self._ring({""})

    def routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/changes")
        async def changes(request: Request, video: str = "", window: str = "", annotator: str = "") -> Response:
            """A stream that lasts as long as a page is looked at; whoever looks at a video is shown to the others."""
            if len(self._listeners) >= MOST:
                return PlainTextResponse("Too many pages are open; close some.", 503)
            name = current_user.get() or annotator[:NAME_CHARS]
            stream = self._stream(video if ID.fullmatch(video) else "", window[:ID_CHARS], name)
            headers = {
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }  # a proxy in between must not hold it back
            return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

        return router

    async def _stream(self, video: str, window: str, name: str) -> AsyncIterator[str]:
        listener = _Listener(video)
        self._listeners.add(listener)
        presence = self._studio.presence
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            if presence.enter(video, window, name):
                self._ring({video})
            yield _event("beat")
            while not self._closed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.rang.wait(), BEAT_EVERY_S)
                yield listener.event()
        finally:
            self._listeners.discard(listener)
            if presence.leave(video, window):
                self._ring({video})

    async def _look(self) -> None:
        store = self._studio.store
        store.look()
        while self._listeners:
            await asyncio.sleep(LOOK_EVERY_S)
            if store.look():
                changed = await asyncio.to_thread(store.changed)
                for listener in [*self._listeners] if changed else []:
                    listener.ring(changed)
                    if listener.follows(changed):
                        await asyncio.sleep(GAP_S)

    def _ring(self, videos: set[str]) -> None:
        for listener in self._listeners:
            listener.ring(videos)


class _Listener:
    """What a page that has a video open, or ("") none, was not told yet."""

    def __init__(self, video: str) -> None:
        self.rang = asyncio.Event()
        self._video, self._videos = video, set[str]()

    def follows(self, videos: set[str]) -> bool:
        """Whether the page is likely to ask what changed in these."""
        return not self._video or "" in videos or self._video in videos

    def ring(self, videos: set[str]) -> None:
        self._videos |= videos
        self.rang.set()

    def event(self) -> str:
        videos, self._videos = self._videos, set()
        if not self.rang.is_set():
            return _event("beat")
        self.rang.clear()
        return _event("changed", "" if "" in videos else " ".join(sorted(videos)))


def _event(name: str, data: str = "") -> str:
    return f"event: {name}\ndata:{data}\n\n"
