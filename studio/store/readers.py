"""Who reads: of a video that is annotated independently, an annotator sees their own work only."""

from typing import Any, Protocol


class Reader(Protocol):
    """Somebody who asks for what is in a library; an admin sees all."""

    @property
    def name(self) -> str: ...
    @property
    def admin(self) -> bool: ...


SEEN = "(:admin OR NOT v.independent OR v.added_by = :reader OR a.annotator = :reader)"
"""SQL: whether a reader may see annotation `a` of video `v`. Whoever added a video sees all of it."""


def parameters(reader: Reader | None) -> dict[str, Any]:
    """The values of `SEEN`; None is whoever sits at the machine, and sees all."""
    return {"reader": reader.name if reader else "", "admin": reader is None or reader.admin}
