"""Every kind of job, once: the queue, the comparison of models and the pages all read this registry.

A new kind is one entry here and one function in `handlers`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from studio.errors import UsageError

Scope = Literal["video", "videos", "library"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """How models of a task are compared by a job: the parameter that names the model, and whether it needs a query."""

    parameter: str
    needs_query: bool = False


@dataclass(frozen=True, slots=True)
class JobKind:
    """One kind of job.

    `run` names its handler as "module:function" (a `TaskContext` and the parameters → `JobResult`): it is imported
    where the work is done, and nowhere else, since torch comes with it. `scope` says what a job is about: one video,
    some videos, or the library. A kind that is `queued` may wait its turn; the others are answered at once. `title` is
    what people read while it runs, `button` what they press to start it (empty: nothing on the page starts it by
    itself). `compares` has the tasks whose models this kind compares; `prepare` names what all of them need first, a
    function like a handler whose time is not compared. `pictures`: it goes by them, and is not for sound alone. `model`
    is the task whose model does most of its work, where a graphics card may be worth having for it.
    """

    name: str
    run: str
    title: str
    scope: Scope = "video"
    queued: bool = True
    button: str = ""
    compares: Mapping[str, Comparison] = field(default_factory=dict)
    prepare: str = ""
    pictures: bool = False
    model: str = ""


_HANDLERS = "studio.jobs.handlers"
_KINDS = (
    JobKind("index", f"{_HANDLERS}:index", "Indexing", model="text_video"),
    JobKind("embed", f"{_HANDLERS}:embed", "Indexing with another model", pictures=True, model="text_video"),
    JobKind(
        "embed_stretches",
        f"{_HANDLERS}:embed_stretches",
        "Indexing a part",
        queued=False,
        pictures=True,
        model="text_video",
    ),
    JobKind("time_encoder", f"{_HANDLERS}:time_encoder", "Measuring how quick a model is", "library", queued=False),
    JobKind("proxy", f"{_HANDLERS}:proxy", "Making it playable", button="Make it playable"),
    JobKind("search", f"{_HANDLERS}:search", "Searching", "videos", queued=False),
    JobKind("explain", f"{_HANDLERS}:explain", "Explaining a hit", queued=False, pictures=True),
    JobKind(
        "ground",
        f"{_HANDLERS}:ground",
        "Finding moments",
        compares={"grounding": Comparison("engine", True), "text_video": Comparison("encoder", True)},
        prepare=f"{_HANDLERS}:index_before",
        pictures=True,
    ),
    JobKind("glance", f"{_HANDLERS}:glance", "Finding this moment", queued=False, pictures=True),
    JobKind(
        "survey",
        f"{_HANDLERS}:survey",
        "Looking for what earlier questions asked",
        button="Suggest from earlier questions",
        pictures=True,
    ),
    JobKind(
        "speakers",
        f"{_HANDLERS}:speakers",
        "Finding speakers",
        button="Speakers",
        compares={"active_speaker": Comparison("model")},
        prepare=f"{_HANDLERS}:find_faces_before",
    ),
    JobKind("track_box", f"{_HANDLERS}:track_box", "Tracking a box", pictures=True),
    JobKind("face_boxes", f"{_HANDLERS}:face_boxes", "Finding all faces", queued=False, pictures=True),
    JobKind("transcribe", f"{_HANDLERS}:transcribe", "Transcribing", button="Transcribe"),
    JobKind("turns", f"{_HANDLERS}:turns", "Finding turns of speakers", button="Speaker turns"),
    JobKind("voices", f"{_HANDLERS}:voices", "Telling voices apart", button="Voices"),
    JobKind(
        "read_text",
        f"{_HANDLERS}:read_text",
        "Reading what is on the screen",
        button="Read the screen",
        pictures=True,
    ),
    JobKind(
        "emotions",
        f"{_HANDLERS}:emotions",
        "Finding emotions",
        button="Emotions",
        compares={"expression": Comparison("expression"), "dialog_emotion": Comparison("dialogue")},
        prepare=f"{_HANDLERS}:find_faces_before",
    ),
    JobKind("synchronise", f"{_HANDLERS}:synchronise", "Comparing the sound"),
    JobKind("teach", f"{_HANDLERS}:teach", "Learning a label", "library"),
    JobKind("diverse", f"{_HANDLERS}:diverse", "Looking for what differs most", "library", queued=False),
    JobKind("measure_teaching", f"{_HANDLERS}:measure_teaching", "Measuring a label", "library", queued=False),
    JobKind("detect", f"{_HANDLERS}:detect", "Looking for a label", "library"),
    JobKind("map", f"{_HANDLERS}:map_library", "Making the map", "library"),
)
KINDS: Mapping[str, JobKind] = {kind.name: kind for kind in _KINDS}


def queued_kind(name: str) -> JobKind:
    """A kind that may be queued.

    Raises UsageError.
    """
    if name not in KINDS or not KINDS[name].queued:
        queued = ", ".join(kind.name for kind in KINDS.values() if kind.queued)
        raise UsageError(f"“{name}” is not a job; use one of {queued}.")
    return KINDS[name]


def comparable() -> dict[str, tuple[JobKind, Comparison]]:
    """The tasks whose models can be compared, each with the kind of job that does it."""
    return {task: (kind, comparison) for kind in KINDS.values() for task, comparison in kind.compares.items()}
