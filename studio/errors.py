"""The whole error tree on one screen.

Every message is one sentence a person can act on: what is wrong, and the cure.

    StudioError
    ├── UsageError            the request makes no sense (exit status 2)
    ├── PermissionDenied      this person may not do it
    │   └── NotTheirs         edits that somebody else made
    ├── NotFound              no such video, annotation, job, model
    ├── MediaError            a file that cannot be watched
    │   ├── NotMedia          not a video at all (empty, text, unknown container, forbidden protocol)
    │   ├── BrokenMedia       a video that cannot be decoded
    │   └── MediaTooLarge     beyond Limits, refused from its header
    ├── FormatError           an annotation file that cannot be read
    │   └── UnsafeFormat      refused before parsing (entities, bombs, traversal)
    ├── StoreError            the database could not take it; nothing was acknowledged
    │   ├── Conflict          somebody saved a newer version; carries the current row
    │   └── NewerSchema       written by a later release
    ├── ModelUnavailable      a model that cannot load here; names the fix
    └── JobError              a job that failed
        └── Cancelled         a job its user stopped
"""

from typing import Any


class StudioError(Exception):
    """Base of all errors that a person may see; `str(error)` is the sentence they see."""

    @property
    def message(self) -> str:
        return str(self)


class UsageError(StudioError):
    """The request makes no sense as it stands."""


class PermissionDenied(StudioError):
    """This person may not do it: it belongs to somebody else, or they are not logged in."""


class NotTheirs(PermissionDenied):
    """Edits that somebody else made: they wait until that person logs in."""


class NotFound(StudioError):
    """No such video, annotation, job or model."""


class MediaError(StudioError):
    """A media file that cannot be watched."""


class NotMedia(MediaError):
    """Not a video at all, or a container that is not allowed."""


class BrokenMedia(MediaError):
    """A video that cannot be decoded."""


class MediaTooLarge(MediaError):
    """Beyond `config.Limits`, refused before decoding."""


class FormatError(StudioError):
    """An annotation file that cannot be read."""


class UnsafeFormat(FormatError):
    """An annotation file refused before it was parsed."""


class StoreError(StudioError):
    """The database could not take the change; nothing was acknowledged."""


class Conflict(StoreError):
    """The row changed since the writer last saw it.

    `current` is the row as it stands now, or None when it was deleted for good.
    """

    def __init__(self, message: str, current: dict[str, Any] | None) -> None:
        super().__init__(message)
        self.current = current


class NewerSchema(StoreError):
    """The database was written by a later release."""


class ModelUnavailable(StudioError):
    """A model that cannot load here."""


class JobError(StudioError):
    """A job that failed."""


class Cancelled(JobError):
    """A job that its user stopped."""
