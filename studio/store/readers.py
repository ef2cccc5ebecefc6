"""Who reads: of a video that is annotated independently, an annotator sees their own work only."""

from dataclasses import dataclass
from typing import Any, Protocol


class Reader(Protocol):
    """Somebody who asks for what is in a library; an admin sees all."""

    @property
    def name(self) -> str: ...
    @property
    def admin(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Annotator:
    """Somebody as one of those who annotate, whatever else they may see: of a video that is annotated independently
    their own work only."""

    name: str
    admin: bool = False


SEEN = "(:admin OR NOT v.independent OR v.added_by = :owner OR a.annotator = :reader)"
"""SQL: whether a reader may see annotation `a` of video `v`. Whoever added a video sees all of it."""

OPENLY = (
    "NOT EXISTS (SELECT 1 FROM revisions e JOIN videos o ON o.id = e.video_id WHERE e.seq = {0}.seq AND o.independent)"
)
"""SQL: whether a verdict of a table called so was given on a timeline that is not annotated independently. That of a
camera may be another one than its own."""


def parameters(reader: Reader | None) -> dict[str, Any]:
    """The values of `SEEN`; None is whoever sits at the machine, and sees all."""
    name = reader.name if reader else ""
    owner = None if isinstance(reader, Annotator) else name
    return {"reader": name, "owner": owner, "admin": reader is None or reader.admin}
