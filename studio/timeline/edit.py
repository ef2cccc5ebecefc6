"""Edits as values: an edit can be applied, inverted, and written down."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from studio.errors import Conflict, UsageError
from studio.timeline.annotation import Annotation


@dataclass(frozen=True, slots=True)
class Edit:
    """A change of one annotation from `before` (None: it did not exist) to `after` (None: it is gone)."""

    before: Annotation | None
    after: Annotation | None

    def __post_init__(self) -> None:
        if self.before is None and self.after is None:
            raise UsageError("An edit must change something.")
        if self.before and self.after and self.before.id != self.after.id:
            raise UsageError("An edit changes one annotation, not two.")

    @property
    def id(self) -> str:
        """The annotation's id."""
        annotation = self.after or self.before
        assert annotation is not None
        return annotation.id

    def invert(self) -> "Edit":
        """The edit that undoes this one."""
        return Edit(self.after, self.before)


def apply(annotations: Mapping[str, Annotation], edit: Edit) -> dict[str, Annotation]:
    """The annotations after `edit`; the argument is not changed.

    Raises Conflict when the annotation is no longer what the edit saw.
    """
    if annotations.get(edit.id) != edit.before:
        raise Conflict("This annotation was changed meanwhile; look at the current one first.", None)
    result = {key: value for key, value in annotations.items() if key != edit.id}
    if edit.after is not None:
        result[edit.id] = edit.after
    return result


def apply_all(annotations: Mapping[str, Annotation], edits: Iterable[Edit]) -> dict[str, Annotation]:
    """`apply`, one after the other."""
    result = dict(annotations)
    for edit in edits:
        result = apply(result, edit)
    return result
