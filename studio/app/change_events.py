"""Tells open pages that something in the library changed, by server-sent events: a page asks what it was only then."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse, StreamingResponse

from studio.app.login import current_user
from studio.app.rpc.method import NAME_CHARS
from studio.service import Studio

LOOK_EVERY_S = 0.2
BEAT_EVERY_S = 15.0  # so that both sides notice when the other is gone
MOST = 1_000  # streams at once
ID_CHARS = 64


class ChangeEvents:
    """One task looks whether any process committed to the database, as long as a page listens; each page gets
    `changed` events, at most one in LOOK_EVERY_S, and `beat` ones in between."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._listeners: set[asyncio.Event] = set()
        self._looking: asyncio.Task[None] | None = None
        self._closed = False

    def close(self) -> None:
        """End all streams, so that the server can stop."""
        self._closed = True
        self._ring()

    def routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/changes")
        async def changes(request: Request, video: str = "", window: str = "", annotator: str = "") -> Response:
            """A stream that lasts as long as a page is looked at; whoever looks at a video is shown to the others."""
            if len(self._listeners) >= MOST:
                return PlainTextResponse("Too many pages are open; close some.", 503)
            name = current_user.get() or annotator[:NAME_CHARS]
            stream = self._stream(video[:ID_CHARS], window[:ID_CHARS], name)
            headers = {
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            }  # a proxy in between must not hold it back
            return StreamingResponse(stream, media_type="text/event-stream", headers=headers)

        return router

    async def _stream(self, video: str, window: str, name: str) -> AsyncIterator[str]:
        changed = asyncio.Event()
        self._listeners.add(changed)
        presence = self._studio.presence
        try:
            if self._looking is None or self._looking.done():
                self._looking = asyncio.create_task(self._look())
            if presence.enter(video, window, name):
                self._ring()
            yield _event("beat")
            while not self._closed:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(changed.wait(), BEAT_EVERY_S)
                yield _event("changed" if changed.is_set() else "beat")
                changed.clear()
        finally:
            self._listeners.discard(changed)
            if presence.leave(video, window):
                self._ring()

    async def _look(self) -> None:
        version = self._studio.store.data_version()
        while self._listeners:
            await asyncio.sleep(LOOK_EVERY_S)
            now = self._studio.store.data_version()
            if now != version:
                version = now
                self._ring()

    def _ring(self) -> None:
        for listener in self._listeners:
            listener.set()


def _event(name: str) -> str:
    return f"event: {name}\ndata:\n\n"
