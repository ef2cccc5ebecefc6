"""The registry of kinds: each has a handler, a title, and what is said of it in other places."""

import importlib
import inspect

import pytest

from studio.errors import UsageError
from studio.jobs import KINDS, comparable, queued_kind


@pytest.mark.parametrize("name", KINDS)
def test_each_kind_has_its_handler_and_its_words(name: str) -> None:
    kind = KINDS[name]
    for wanted in filter(None, (kind.run, kind.prepare)):
        module, _, function = wanted.partition(":")
        handler = getattr(importlib.import_module(module), function)
        assert list(inspect.signature(handler).parameters)[1:] == ["params"]
    assert kind.name == name and kind.title and kind.title[0].isupper()
    assert kind.queued or not kind.button, "a button starts a job that waits its turn"
    assert kind.prepare or not kind.compares


def test_what_is_compared_and_what_waits() -> None:
    assert {task: (kind.name, c.parameter, c.needs_query) for task, (kind, c) in comparable().items()} == {
        "grounding": ("ground", "engine", True),
        "text_video": ("ground", "encoder", True),
        "active_speaker": ("speakers", "model", False),
        "expression": ("emotions", "expression", False),
        "dialog_emotion": ("emotions", "dialogue", False),
    }
    assert queued_kind("index").scope == "video"
    queued = (
        "index, embed, proxy, ground, survey, speakers, track_box, transcribe, turns, voices, read_text, "
        "emotions, synchronise, teach, detect, map"
    )
    for wrong in ("search", "dance", ""):
        with pytest.raises(UsageError, match=f"use one of {queued}"):
            queued_kind(wrong)
