"""Who may do what in a library with users. Without users everybody may do everything: it is their own machine.

What one person made, others correct, and take away only where somebody answers for it:

====================================================  =========================================================
add videos, upload; annotate; judge predictions;       everybody
name people; correct, add, remove a line of the
transcript; import; save searches; run models
change or delete another's annotation                  everybody: it is correction, and the history keeps it;
                                                       but more than BULK of others' in BULK_S only an admin or
                                                       whoever added the video
remove a video                                         whoever added it; an admin
bring back a removed video or search                   whoever removed it; an admin
replace or remove another's saved search               whoever saved it; an admin
undo an import                                         whoever imported it; an admin
replace a transcript                                   whoever read it in, or added the video; an admin;
                                                       everybody where there is none
rename a label or take it off the list                 everybody while nobody else uses it; else an admin
say that a track takes only its labels; say that       an admin
speech and screen text of new videos are prepared;
get models; import or delete detectors;
choose the library's encoder, or measure one's speed;
pause, limit and order the work of all; try again all
that failed; limit the cache, and make room in it;
open another library
change when a job that waits is done                   whoever asked for it, or added its video, among the
                                                       places of their own; an admin, among all
say that annotators of a video work independently;     whoever added the video; an admin; they see everybody's
compare two of them then                               work
====================================================  =========================================================

Of a video that is annotated independently, an annotator sees and changes only their own annotations, and only their own
verdicts on predictions (`layer_of`); on its page that holds for everybody, so that whoever added it can be one of them.

Nothing is gone at once: a removed video comes back with all that was in it, a removed search too, for TRASH_DAYS; an
import of lines gives back the transcript that it replaced. Who is an admin is said at the machine itself, by
`studio users`; what is not known to be anybody's is the admins'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from studio.errors import PermissionDenied

BULK, BULK_S = 100, 600.0
TRASH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks for something; `admin` also where nobody has to log in."""

    name: str = ""
    admin: bool = False

    def owns(self, *owners: str) -> bool:
        """Whether they may take away what belongs to any of these people; what is nobody's is the admins'."""
        return self.admin or (self.name != "" and self.name in owners)


OWNER = Actor(admin=True)
"""Whoever sits at the machine: the command line, Python."""


def layer_of(actor: Actor, video: Mapping[str, Any]) -> str | None:
    """Whose annotations of a video somebody may see, by name: their own where annotators work independently; None for
    everybody's."""
    return None if not video["independent"] or actor.owns(video["added_by"]) else actor.name


def own_layer(actor: Actor, video: Mapping[str, Any]) -> str | None:
    """Whose annotations of a video its page shows somebody; as `layer_of`, also for whoever may see all."""
    return actor.name if video["independent"] else None


def need(actor: Actor, what: str, *owners: str) -> None:
    """Raises PermissionDenied unless the actor may do something to what belongs to `owners`.

    `what` is said as in “remove this video”.
    """
    if not actor.owns(*owners):
        raise PermissionDenied(why_not(what, *owners))


def why_not(what: str, *owners: str) -> str:
    """The sentence for somebody who may not."""
    named = [owner for owner in dict.fromkeys(owners) if owner]
    return f"Only {' or '.join([*named, 'an admin'])} can {what}."
