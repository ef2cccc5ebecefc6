"""What each call of the pages says, as classes: `studio.service.requests.decode` makes them of JSON.

A field has the name of its key (`import_` is “import”); one without a default must be there. `Any` is passed on as it
came, to the service that knows its shape.
"""

from dataclasses import dataclass, field
from typing import Annotated, Any

from studio.service.requests import AtMost, Time, Typed

Name = Annotated[str, AtMost("label_chars")]


@dataclass(frozen=True, slots=True)
class Request(Typed):
    """Of every call: the name that the page knows the person by, where nobody has to log in."""

    annotator: str = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class VideoRequest(Request):
    video: str


@dataclass(frozen=True, slots=True)
class JobRequest(Request):
    job: str


@dataclass(frozen=True, slots=True)
class LibraryRequest(Request):
    """A library by its name in the list of known ones."""

    library: str


# ---------------------------------------------------------------- library


@dataclass(frozen=True, slots=True)
class ListVideos(Request):
    """A part of the list of videos; see `store.video_list.Wanted`. `folder` as `library_groups` names it."""

    first: int = 0
    count: int = 60
    name: str = ""
    state: str = ""
    work: str = ""
    collection: str = ""
    tag: str = ""
    folder: str | None = None
    sort: str = "added"
    descending: bool = True


@dataclass(frozen=True, slots=True)
class VideosRequest(Request):
    """About many videos, by their ids."""

    videos: Annotated[list[str], AtMost("videos_at_once")]


@dataclass(frozen=True, slots=True)
class ChooseVideos(Request):
    """The videos with a part of a name, but for some and those on the timeline of `beside`; or those of some ids."""

    name: str = ""
    beside: str = ""
    without: Annotated[list[str], AtMost("videos_at_once")] = field(default_factory=list)
    ids: Annotated[list[str], AtMost("videos_at_once")] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class TagVideos(VideosRequest):
    tag: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class CollectVideos(VideosRequest):
    """Into the collection of a name; or out of one, by its id."""

    name: str = ""
    out_of: str = ""


@dataclass(frozen=True, slots=True)
class PrepareVideos(VideosRequest):
    kind: str


@dataclass(frozen=True, slots=True)
class LabelVideos(VideosRequest):
    """A label of each video as a whole; `step` names it for `undo_step`."""

    label: str
    step: str


@dataclass(frozen=True, slots=True)
class CollectionRequest(Request):
    """A collection by its id; with a `name` it is to be called so."""

    collection: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class FolderRequest(Request):
    """A folder that is being added or watched, by its id."""

    folder: str


@dataclass(frozen=True, slots=True)
class AddPath(Request):
    path: str


@dataclass(frozen=True, slots=True)
class Relink(Request):
    """A folder to look in for videos that are not where they were; `after` None only says how many may be there."""

    folder: str
    after: str | None = None


@dataclass(frozen=True, slots=True)
class SetPreparesWords(Request):
    on: bool


@dataclass(frozen=True, slots=True)
class ChooseTracks(Request):
    """Which sound and which subtitles of a video, by the index of their streams; None as its file says.

    `file` is the name of a subtitle file beside the video, which comes before `subtitles`.
    """

    video: str
    sound: int | None = None
    subtitles: int | None = None
    file: str = ""


# ---------------------------------------------------------------- search


@dataclass(frozen=True, slots=True)
class Explain(Request):
    video: str
    query: str
    start: Time
    end: Time
    encoder: str = ""


@dataclass(frozen=True, slots=True)
class SaveSearch(Request):
    name: str
    question: dict[str, Any]


@dataclass(frozen=True, slots=True)
class SearchReference(Request):
    search: str


@dataclass(frozen=True, slots=True)
class FindMoments(Request):
    """A question about annotations (docs/find.md), and which moments of those it finds are wanted, from number
    `first`."""

    question: Any
    first: int = 0


@dataclass(frozen=True, slots=True)
class SaveFind(Request):
    name: str
    question: Any


@dataclass(frozen=True, slots=True)
class FoundPreview(Request):
    """What a file of a format would not hold of what a question finds."""

    question: Any
    format: str


# ---------------------------------------------------------------- map


@dataclass(frozen=True, slots=True)
class MakeMap(Request):
    """To place what has no place yet, or everything `anew`."""

    anew: bool = False


@dataclass(frozen=True, slots=True)
class StepReference(Request):
    """What was decided about moments at once, by the name that the page gave it."""

    step: str


@dataclass(frozen=True, slots=True)
class LabelMoments(StepReference):
    """Annotations and predictions by their ids, and stretches of footage, each with `video`, `start` and `end` in s,
    which get an annotation on the row `row`."""

    label: str
    row: str = ""
    annotations: list[str] = field(default_factory=list)
    predictions: list[str] = field(default_factory=list)
    footage: Any = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class RejectMoments(StepReference):
    predictions: list[str] = field(default_factory=list)


# ---------------------------------------------------------------- models, overview


@dataclass(frozen=True, slots=True)
class Compare(Request):
    video: str
    task: str
    a: str = ""
    b: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class ModelRequest(Request):
    model: str


@dataclass(frozen=True, slots=True)
class Compared(Request):
    jobs: Annotated[list[str], AtMost(2)]


@dataclass(frozen=True, slots=True)
class Agreement(Request):
    track: str = ""


@dataclass(frozen=True, slots=True)
class TimeBudget(Request):
    """`of` is an annotator; None is all of them."""

    track: str = ""
    of: str | None = None


@dataclass(frozen=True, slots=True)
class WorkRequest(Request):
    """How many rows of what waits, and of what failed."""

    waiting: int = 20
    failed: int = 20


@dataclass(frozen=True, slots=True)
class PauseWork(Request):
    on: bool


@dataclass(frozen=True, slots=True)
class LimitWork(Request):
    """`cores` 0: all; `hours` like 20:00-07:00, or "" for all day. None leaves one as it is."""

    cores: int | None = None
    hours: str | None = None


@dataclass(frozen=True, slots=True)
class MoveJob(JobRequest):
    to: str


@dataclass(frozen=True, slots=True)
class JobKindRequest(Request):
    """`kind` "" means all."""

    kind: str = ""


@dataclass(frozen=True, slots=True)
class LimitCache(Request):
    """In GiB; 0: no limit."""

    limit: float


@dataclass(frozen=True, slots=True)
class CleanCache(Request):
    """What is removed until the cache takes `to` GiB."""

    to: float = 0.0
    kinds: Annotated[list[str], AtMost(20)] = field(default_factory=list)


# ---------------------------------------------------------------- annotate


@dataclass(frozen=True, slots=True)
class Changes(Request):
    video: str
    since: int = 0
    run_since: int = 0
    schema: str = ""
    window: str = ""


@dataclass(frozen=True, slots=True)
class Save(Request):
    video: str
    edits: Any = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Ground(Request):
    video: str
    query: str
    top: int = 5
    engine: str = ""
    refine: bool = False
    check: bool = False
    remember: bool = True


@dataclass(frozen=True, slots=True)
class Teach(Request):
    label: str
    track: str
    deeper: bool = False


@dataclass(frozen=True, slots=True)
class MarkReviewed(Request):
    """A stretch that was looked through, in s, or with `undo` was not; "" is every row."""

    video: str
    start: Time
    end: Time
    track: Name = ""
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Glance(Request):
    video: str
    at: Time
    query: str = ""


@dataclass(frozen=True, slots=True)
class StartJob(Request):
    video: str
    kind: str


@dataclass(frozen=True, slots=True)
class RunReference(Request):
    run: str


@dataclass(frozen=True, slots=True)
class AnnotationReference(Request):
    annotation: str


@dataclass(frozen=True, slots=True)
class StillUndecided(Request):
    """Which undecided predictions of the library are meant; see `studio.service.timelines.review`."""

    label: Name = ""
    row: Name = ""
    question: str = ""
    by: Name = ""
    lowest: float | None = None
    highest: float | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class DeskQueue(Request):
    """What the review desk shows next; see `studio.service.timelines.review_desk`."""

    feed: Annotated[str, AtMost(20)]
    label: Name = ""
    track: Name = ""
    row: Name = ""
    question: str = ""
    by: Name = ""
    video: Annotated[str, AtMost(64)] = ""
    lowest: float | None = None
    highest: float | None = None
    count: int = 0
    shown: Annotated[list[str], AtMost(200)] = field(default_factory=list)
    window: Annotated[str, AtMost(64)] = ""


@dataclass(frozen=True, slots=True)
class DeskProgress(Request):
    track: Name
    label: Name


@dataclass(frozen=True, slots=True)
class SetIndependent(Request):
    """Whether the annotators of a video see their own work only."""

    video: str
    independent: bool = False


@dataclass(frozen=True, slots=True)
class SetDone(Request):
    video: str
    done: bool = False


@dataclass(frozen=True, slots=True)
class TrackBox(Request):
    """Follow the object of a box track from where it is `at` a frame `until` another one, which may be before it;
    `edit` is the id of the step that this will be."""

    video: str
    box: Annotated[str, AtMost(64)]
    at: Time
    until: Time
    edit: Annotated[str, AtMost(64)]


@dataclass(frozen=True, slots=True)
class FaceBoxes(Request):
    """The faces of a frame, and where they go from there: of the main video, or of the camera `medium`, and then at
    times of that."""

    video: str
    at: Time
    until: Time
    medium: Annotated[str, AtMost(64)] = ""


@dataclass(frozen=True, slots=True)
class CompareLayers(Request):
    """Two annotators of a video by their names; "" is who gave none."""

    video: str
    one: str = ""
    other: str = ""


@dataclass(frozen=True, slots=True)
class AddLabel(Request):
    track: str
    label: str


@dataclass(frozen=True, slots=True)
class SaveSchema(Request):
    schema: Any = None


@dataclass(frozen=True, slots=True)
class TranscriptRows(Request):
    video: str


@dataclass(frozen=True, slots=True)
class ReadSubtitles(Request):
    """A subtitle file called `name`: its `text`, or its `bytes` in base64 where they are not UTF-8."""

    video: str
    name: str = ""
    text: Annotated[str, AtMost("import_bytes")] = ""
    bytes: Annotated[str, AtMost("import_bytes")] = ""


@dataclass(frozen=True, slots=True)
class LineRequest(Request):
    """A change of lines; `edit` is the id of the step, by which it is undone ("": by a page of an earlier release)."""

    video: str
    edit: Annotated[str, AtMost(64)] = field(default="", kw_only=True)


@dataclass(frozen=True, slots=True)
class SaveLine(LineRequest):
    """`version` is what the person saw; a page of an earlier release does not say it."""

    start: Time
    end: Time
    text: str
    line: int | None = None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class SaveLines(LineRequest):
    """Lines to change as one step, each as `SaveLine` has one."""

    lines: Any = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SplitLine(LineRequest):
    """The text before the place where a line is split, and after it; `at` is where its time is cut, None between the
    words around that place."""

    line: int
    head: str
    tail: str
    version: int | None = None
    at: Time | None = None


@dataclass(frozen=True, slots=True)
class MergeLines(LineRequest):
    """A line becomes one with an `other`; `text` is what the first says now, "" as it is."""

    line: int
    other: int
    text: str = ""
    version: int | None = None
    other_version: int | None = None


@dataclass(frozen=True, slots=True)
class DeleteLine(LineRequest):
    line: int
    version: int | None = None


@dataclass(frozen=True, slots=True)
class RestoreLine(LineRequest):
    line: int


@dataclass(frozen=True, slots=True)
class RevertLine(LineRequest):
    """A line is to be as its revision `seq` made it, or as it was before that."""

    line: int
    seq: int
    before: bool = False
    version: int | None = None


@dataclass(frozen=True, slots=True)
class SetSpeaker(LineRequest):
    """Who says lines, each an object with `line` and `version`; "" as it is found."""

    speaker: Name
    lines: Any = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class MoveLines(LineRequest):
    """A step to take back, or to do again."""


@dataclass(frozen=True, slots=True)
class LineReference(Request):
    line: int


# ---------------------------------------------------------------- cameras


@dataclass(frozen=True, slots=True)
class MediumRequest(Request):
    """A medium of the timeline of a video, or one that may become it, by the id of its video."""

    video: str
    medium: str


# ---------------------------------------------------------------- exchange


@dataclass(frozen=True, slots=True)
class ExportPreview(Request):
    """`kind` is what goes into subtitles, annotations or lines, "" for what usually does."""

    video: str
    format: str
    kind: str = ""


@dataclass(frozen=True, slots=True)
class ExportDataset(Request):
    """A data set to be; `split` as a person types it, `videos` None for all. See `dataset.ExportOptions`."""

    format: str = "json"
    kind: str = ""
    search: str = ""
    videos: Annotated[list[str], AtMost("videos_at_once")] | None = None
    split: str = ""
    seed: int = 0
    clips: bool = False
    licence: Name = ""
    name: Name = ""


@dataclass(frozen=True, slots=True)
class DatasetReference(Request):
    dataset: str


@dataclass(frozen=True, slots=True)
class ImportFile(Request):
    """A file that waits under the token `upload`, and how it is to be imported."""

    upload: str
    name: str
    format: str = ""
    kind: str = ""
    video: str = ""
    videos: dict[str, Name] = field(default_factory=dict)
    tracks: dict[str, Name] = field(default_factory=dict)
    labels: dict[str, Name] = field(default_factory=dict)
    encoding: str = ""
    shift: str = ""
    columns: dict[str, Name] = field(default_factory=dict)
    fps: float = 0.0
    different: str = "keep"


@dataclass(frozen=True, slots=True)
class UploadReference(Request):
    upload: str


@dataclass(frozen=True, slots=True)
class ImportReference(Request):
    import_: str
