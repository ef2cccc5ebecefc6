"""Which videos of the library still have predictions that nobody decided about."""

from typing import Any

from studio.service.accounts.rights import OWNER, Actor
from studio.store import Store, review
from studio.store.review import Undecided

__all__ = ["Review", "Undecided"]
Row = dict[str, Any]


class Review:
    """The review of predictions, across videos."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def waiting(self, wanted: Undecided, order: str = "", by: Actor = OWNER) -> Row:
        """`videos` with undecided predictions that fit, most wanted first: in the order "uncertainty" the video with
        the least sure prediction, else the one with most of them; each has `id`, `name`, `waiting` and `unsure`. And
        what can be chosen by: `labels`, `rows`, `questions`, `annotators`. Where annotators work independently, what
        this person has not decided themselves is undecided."""

        found = self._store.read(lambda db: review.waiting(db, wanted, by))
        if order == "uncertainty":
            found["videos"].sort(key=lambda video: -video["unsure"])
        return found
