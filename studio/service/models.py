"""Which models there are, for people to choose from."""

from typing import Any


def catalogue() -> list[dict[str, Any]]:
    """Every model card as plain values; `problems` says what is wrong with its files."""
    from studio.tasks import catalogue as cards  # torch comes with it, and takes seconds

    return cards()


def engines() -> list[str]:
    """The names of the grounding engines, the default first."""
    from studio.tasks import engines as names

    return names()
