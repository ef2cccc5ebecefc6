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

OPENLY = (
    "NOT EXISTS (SELECT 1 FROM revisions e JOIN videos o ON o.id = e.video_id WHERE e.seq = {0}.seq AND o.independent)"
)
"""SQL: whether a verdict of a table called so was given on a timeline that is not annotated independently. That of a
camera may be another one than its own."""


def parameters(reader: Reader | None) -> dict[str, Any]:
    """The values of `SEEN`; None is whoever sits at the machine, and sees all."""
    return {"reader": reader.name if reader else "", "admin": reader is None or reader.admin}
