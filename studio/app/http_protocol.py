"""uvicorn's HTTP protocol, with a deadline for the headers of a request: it has none of its own, and a client that
never finishes them would hold its connection for ever."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def with_header_deadline(seconds: float) -> type[H11Protocol]:
    """The protocol that closes a connection whose request has begun, or should have, and whose headers are not whole
    after `seconds`. What comes after the headers is the request guard's to bound."""

    class Protocol(H11Protocol):
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            self._watch()

        def _watch(self) -> None:
            """Start the clock where headers are awaited, stop it where they are whole or nobody is there."""
            awaited = self.conn.their_state is h11.IDLE and not self.transport.is_closing()
            if awaited and self._deadline is None:
                self._deadline = self.loop.call_later(seconds, self._too_late)
            elif not awaited and self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _too_late(self) -> None:
            self._deadline = None
            if self.conn.their_state is h11.IDLE and (self.cycle is None or self.cycle.response_complete):
                self.transport.close()

    return Protocol
