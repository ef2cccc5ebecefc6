"""The models there are, for people to read."""

from typing import Any

import models


def engines() -> list[str]:
    """The names of the grounding engines, the default first; reads no weights."""
    return [card.name for card in models.cards("grounding")]


def catalogue() -> list[dict[str, Any]]:
    """Every model card as plain values, with what is wrong with its files (nothing, when it is ready)."""
    return [
        {
            "name": card.name,
            "task": card.task,
            "version": card.version,
            "licence": card.licence,
            "source": card.source,
            "summary": card.summary,
            "default": card.default,
            "metrics": dict(card.metrics),
            "problems": models.verify(card),
        }
        for card in models.cards()
    ]
