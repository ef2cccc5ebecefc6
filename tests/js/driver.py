"""A page's modules in node, driven from here, with the real service behind them."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.node import NODE

Json = Any
Server = Callable[[str, Json], Json]
"""Answers a call by its name and request; None where it is away."""


class Held(Exception):
    """Raised by a server: the answer is on its way, and comes when somebody says so."""

    def __init__(self, reply: Json) -> None:
        super().__init__()
        self.reply = reply


class Page:
    """One browser; `server` answers what it asks."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.held: list[tuple[int, Json]] = []
        self._answered = 0
        script = Path(__file__).with_name("page.mjs")
        self._process = subprocess.Popen(
            [NODE, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
        )

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def do(self, name: str, *args: Json) -> Json:
        """What a person does, or what happens to the page; answers calls until it is done."""
        self._send({"do": name, "args": args})
        while True:
            message = self._receive()
            if "call" in message:
                self._answer(message)
            elif "failed" in message:
                raise AssertionError(f"{name}{args}: {message['failed']}")
            else:
                return message["done"]

    def settle(self) -> None:
        """Until the page has nothing more to do or to ask."""
        while True:
            before = self._answered
            self.do("turns")
            if self._answered == before:
                return

    def release(self) -> None:
        """What was held arrives."""
        held, self.held = self.held, []
        for call, reply in held:
            self._send({"call": call, "reply": reply})

    def _answer(self, message: Json) -> None:
        self._answered += 1
        try:
            reply = self.server(message["name"], message["request"])
        except Held as held:
            self.held.append((message["call"], held.reply))
            return
        self._send({"call": message["call"], "reply": reply} if reply is not None else {**message, "away": True})

    def _send(self, message: Json) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def _receive(self) -> Json:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the page ended"
        return json.loads(line)
