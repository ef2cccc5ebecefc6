"""What `studio.media` returns: facts about a file, and batches of frames."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

Times = npt.NDArray[np.int64]
Images = npt.NDArray[np.uint8]
Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """The audio track that goes with the picture: `rate` in Hz."""

    codec: str
    rate: int
    channels: int


@dataclass(frozen=True, slots=True)
class Track:
    """A sound or subtitle track of a file: `index` names it, the rest tells it from others."""

    index: int
    codec: str
    language: str = ""
    title: str = ""
    default: bool = False
    forced: bool = False  # only what is said in another language, or written on signs

    def __str__(self) -> str:
        marks = [self.language, self.title, "default" * self.default, "forced" * self.forced]
        return ", ".join([f"{self.index}: {self.codec}", *filter(None, marks)])


@dataclass(frozen=True, slots=True, eq=False)
class Probe:
    """The facts about one file; every time is in µs from the first displayed frame, or from sound that precedes it.

    `pts_us` int64 (frame_count,) is sorted, strictly increasing and starts at 0: frame i is displayed over
    `[pts_us[i], pts_us[i + 1])`, the last one until `duration_us`. `width` and `height` are those of the
    picture as displayed, after `rotation` (degrees clockwise) and the sample aspect ratio.

    A recording of sound alone has no frames: `width`, `height`, `fps` and `frame_count` are 0, `codec` is "", and time
    0 is its first sample.
    """

    container: str
    codec: str
    pixel_format: str
    width: int
    height: int
    rotation: int
    duration_us: int
    fps: float
    vfr: bool
    pts_us: Times = field(repr=False)
    key_us: Times = field(repr=False)  # where decoding can begin; may hold times before 0
    start_us: int  # time 0 on the container's own clock, which is what a player counts from
    lead_us: int  # how long sound precedes the pictures; the first frame is displayed from 0 on
    audio: AudioTrack | None
    audio_offset_us: int  # start of the audio relative to the first frame; 0 without audio
    sounds: tuple[Track, ...]  # in the file's order
    texts: tuple[Track, ...]  # best first
    size: int
    browser_playable: bool
    damaged: bool  # a part of it is missing or cannot be read
    notes: tuple[str, ...]  # what is known to be wrong with the file, a sentence each
    offsets: tuple[tuple[int, int], ...]  # of joined recordings: where each begins, what is added to its clock
    stamped: bool  # every packet carries its time; False: the times were derived by decoding
    open_gop: bool  # frames that lean on the group before their key frame
    origin: int = field(repr=False)  # time stamp of the first displayed frame, in the stream's ticks
    timecode: str  # what the recorder counted at the first frame: HH:MM:SS:FF, “;” before FF for drop frames; or ""
    created: str = ""  # when it was recorded, by its header: ISO 8601 to the second, UTC; or ""
    since_midnight_us: int | None = None  # what a sound recorder's clock said at time 0, µs

    @property
    def has_pictures(self) -> bool:
        return self.width > 0

    @property
    def frame_count(self) -> int:
        return len(self.pts_us)

    @property
    def text_streams(self) -> int:
        """How many tracks of subtitles there are."""
        return len(self.texts)


@dataclass(frozen=True, slots=True, eq=False)
class Frames:
    """N frames: `images` uint8 (N,H,W,3) RGB, each the one displayed at `asked_us`.

    `times_us` int64 (N,) are the frames' own times of `Probe.pts_us`, never later than `asked_us` int64 (N,).
    """

    times_us: Times
    images: Images
    asked_us: Times

    def __len__(self) -> int:
        return len(self.times_us)


def frame_index(pts_us: Times, t_us: int) -> int:
    """Index of the frame displayed at `t_us`: the last with pts <= t, clamped to the table's ends."""
    return max(0, int(np.searchsorted(pts_us, t_us, side="right")) - 1)


def frame_time(pts_us: Times, index: int) -> int:
    """Start of frame `index` in µs; raises IndexError outside `[0, frame_count)`."""
    if not 0 <= index < len(pts_us):
        raise IndexError(f"frame {index} of {len(pts_us)}")
    return int(pts_us[index])
