"""A library, or what a saved search finds, as one folder that a data set is published as.

    README.md, card.json    the data card: what is in it, who made it, how far people agree, which models helped
    videos.json             each video by its name and sha256 (no path of this machine), with its split
    annotations/SPLIT.EXT   in the chosen format; for formats of one video a file, annotations/SPLIT/VIDEO.EXT
    clips/, clips.csv       on request: every annotated moment as a file of its own, cut at its frames
    manifest.sha256         the hash of every other file, as sha256sum checks it

The same library gives the same bytes: nothing says when or where it was written.
"""

import csv
import io
import math
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path, PurePath
from typing import Any

from studio import formats, media
from studio.atomic_files import remove_stale, temp_path
from studio.config import Limits, Settings
from studio.errors import UsageError
from studio.formats import Format, Kind, losses, reading
from studio.formats.model import has_times
from studio.formats.table import guarded
from studio.platform import files as disk
from studio.platform import system
from studio.platform.names import LONGEST, cut, file_name
from studio.service.accounts.rights import OWNER, Actor
from studio.service.exchange import data_card
from studio.service.exchange.exchange import Exchange, wanted, write
from studio.service.find import Find
from studio.service.search import Search, parse
from studio.service.videos import files
from studio.service.videos.videos import Videos
from studio.store import Store, transcripts, videos
from studio.timeline import Annotation, Footage, Segment, Timeline, seconds

Row = dict[str, Any]
Progress = Callable[[float, str], None]
SPLITS = {1: ("all",), 2: ("train", "test"), 3: ("train", "val", "test")}


@dataclass(frozen=True, slots=True)
class ExportOptions:
    """What a data set should be. `split` are shares of the videos, 1 together; `search` the name of a saved one;
    `videos` the ids of those that somebody chose, None for all; `kind` what goes into subtitles, annotations or lines.
    """

    format: str = "json"
    search: str = ""
    split: tuple[float, ...] = (1.0,)
    seed: int = 0
    clips: bool = False
    licence: str = ""
    kind: str = ""
    videos: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        whole = math.isclose(sum(self.split), 1.0, abs_tol=1e-6)
        if len(self.split) not in SPLITS or not whole or not all(0 < share <= 1 for share in self.split):
            raise UsageError(_SHARES)


_SHARES = "Give up to three shares that add up to 1, as in 0.8,0.1,0.1."


def shares(text: str) -> tuple[float, ...]:
    """The shares of splits as a person types them, "0.8,0.1,0.1"; one of all where nothing is typed.

    Raises UsageError.
    """
    try:
        return tuple(float(share) for share in (text.strip() or "1").split(","))
    except ValueError:
        raise UsageError(_SHARES) from None


@dataclass(frozen=True, slots=True)
class _Entry:
    row: Row
    timeline: Timeline


class Datasets:
    """What of a library is published."""

    def __init__(
        self, store: Store, settings: Settings, library: Videos, exchange: Exchange, search: Search, find: Find
    ) -> None:
        self._store, self._settings, self._videos, self._exchange = store, settings, library, exchange
        self._search, self._find = search, find

    def export(
        self, target: Path, wish: ExportOptions, progress: Progress = lambda done, what: None, by: Actor = OWNER
    ) -> Row:
        """Write the folder `target`, with what somebody may see; it appears only when it is whole. Returns its card.

        Raises UsageError when there is something already, or nothing to write; NotFound for an unknown search;
        MediaError.
        """
        form = formats.named(wish.format)
        if target.exists():
            raise UsageError(f"“{target.name}” is there already; name a new folder for the data set.")
        if not target.parent.is_dir():
            raise UsageError(f"There is no folder “{target.parent.name}” to put the data set into; create it first.")
        entries = self._entries(wish, by)
        if not any(has_times(form, entry.timeline) for entry in entries):
            raise UsageError(
                f"None of these has pictures, and {form.title} counts times in frames; choose another format."
            )
        remove_stale(target.parent)
        target = system.long_path(target)
        folder = temp_path(target)
        try:
            folder.mkdir()
            made = self._write(folder, form, entries, wish, target.name, progress)
            disk.replace(folder, target)
        except OSError as error:
            raise UsageError(f"The data set cannot be written ({error.strerror}); choose another place.") from None
        finally:
            disk.remove_tree(folder)
        return made

    def preview(self, wish: ExportOptions, by: Actor = OWNER) -> Row:
        """What would be in a data set: how many `videos`, `annotations` and `lines`, and what is `lost` in its format.

        Raises what `export` does of what is wished for.
        """
        form = formats.named(wish.format)
        found = [entry.timeline for entry in self._entries(wish, by)]
        timelines = [t for t in found if has_times(form, t)]
        return {
            "videos": len(timelines),
            "annotations": sum(len(t.annotations) for t in timelines),
            "lines": sum(len(t.lines) for t in timelines),
            "lost": losses(form, found, wanted(form, wish.kind)),
        }

    def _entries(self, wish: ExportOptions, by: Actor) -> list[_Entry]:
        """The videos that somebody sees annotations of, or those with a transcript where lines are wanted, by the hash
        of their content, with the names and splits that they have in the data set. Raises UsageError where there are
        none."""
        what = "a transcript" if wanted(formats.named(wish.format), wish.kind) == "lines" else "annotations"
        rows = self._videos.all()
        if wish.videos is not None:
            chosen = set(wish.videos)
            rows = [row for row in rows if row["id"] in chosen]
        if wish.search:
            found = self._found_by(wish.search, by)
            rows = [row for row in rows if row["id"] in found]
        if wish.kind == "lines":
            transcribed = self._store.read(transcripts.videos)
            rows = [row for row in rows if row["id"] in transcribed]
        else:
            annotated = self._store.read(lambda db: videos.annotated(db, by))
            rows = [row for row in rows if row["id"] in annotated]
        if not rows:
            raise UsageError(f"No video with {what} belongs to this data set; annotate one, or choose others.")
        rows = sorted(rows, key=lambda row: (row["sha256"], row["name"]))
        names = distinct_names(rows)
        split = _splits(rows, wish)
        found_timelines = (self._exchange.timeline(row, by) for row in rows)
        return [
            _Entry(row, replace(t, footage=replace(t.footage, name=names[row["id"]]), split=split[row["id"]]))
            for row, t in zip(rows, found_timelines, strict=True)
        ]

    def _found_by(self, search: str, by: Actor) -> set[str]:
        """The ids of the videos in which a saved search finds something, in pictures and words or in annotations."""
        if search in (row["name"] for row in self._find.saved()):
            return {video["id"] for video in self._find.ask(self._find.saved_as(search), by, most=0).videos}
        hits, _ = self._search.ask(parse(self._search.saved_as(search)), by)
        return {hit["video"]["id"] for hit in hits}

    def _write(
        self,
        folder: Path,
        form: Format,
        entries: Sequence[_Entry],
        wish: ExportOptions,
        name: str,
        progress: Progress,
    ) -> Row:
        lost = losses(form, [e.timeline for e in entries], wanted(form, wish.kind))
        entries = [e for e in entries if has_times(form, e.timeline)]
        (folder / "annotations").mkdir()
        for split in SPLITS[len(wish.split)]:
            progress(0.0, "annotations")
            timelines = [e.timeline for e in entries if e.timeline.split == split]
            _annotations(folder / "annotations", form, split, timelines, wanted(form, wish.kind))
        (folder / "videos.json").write_bytes(reading.dump([_video(entry) for entry in entries]))
        if wish.clips:
            _clips(folder, entries, self._settings.limits, progress)
        facts = data_card.facts(self._store, [(e.row, e.timeline) for e in entries], name)
        facts |= {
            "format": form.name, "format_title": form.title, "seed": wish.seed, "licence": wish.licence or "not stated",
            "search": wish.search, "chosen": wish.videos is not None, "clips": wish.clips,
            "lost": lost,
            "splits": {s: sum(e.timeline.split == s for e in entries) for s in SPLITS[len(wish.split)]},
        }  # fmt: skip
        (folder / "card.json").write_bytes(reading.dump(facts))
        (folder / "README.md").write_bytes(data_card.markdown(facts).encode())
        listed = sorted(path for path in folder.rglob("*") if path.is_file())
        lines = [f"{files.sha256(path)}  {path.relative_to(folder).as_posix()}\n" for path in listed]
        (folder / "manifest.sha256").write_bytes("".join(lines).encode())
        progress(1.0, "done")
        return facts


def distinct_names(rows: Sequence[Row]) -> dict[str, str]:
    """What each video is called, by its id. Where some file or format would call two of them the same, both get a
    piece of their hash."""
    spelled = {row["id"]: _spellings(PurePath(row["name"]).stem) for row in rows}
    taken = Counter(spelling for spellings in spelled.values() for spelling in spellings)
    twins = Counter[str]()
    named = {}
    for row in rows:
        name, mark = PurePath(row["name"]), ""
        if any(taken[spelling] > 1 for spelling in spelled[row["id"]]):
            piece = row["sha256"][:8]
            mark = f"-{piece}-{twins[piece]}"
            twins[piece] += 1
        # shortened before, so that the mark is not what a long name loses
        stem = cut(name.stem, LONGEST - len(mark)) if mark else name.stem
        named[row["id"]] = f"{stem}{mark}{name.suffix}"
    return named


def _spellings(stem: str) -> set[str]:
    """A name as formats and files write it; some disks do not tell capitals or the ways to spell an accent apart."""
    plain = unicodedata.normalize("NFC", stem).casefold()
    return {reading.word(plain), file_name(plain), file_name(stem).casefold()}


def _splits(rows: Sequence[Row], wish: ExportOptions) -> dict[str, str]:
    """The split of each video: its place in an order that only the seed and the videos' contents decide."""
    order = sorted(rows, key=lambda row: (sha256(f"{wish.seed} {row['sha256']}".encode()).hexdigest(), row["name"]))
    ends = [round(len(order) * sum(wish.split[: k + 1])) for k in range(len(wish.split))]
    names = SPLITS[len(wish.split)]
    return {row["id"]: names[next(k for k, end in enumerate(ends) if n < end)] for n, row in enumerate(order)}


def _annotations(folder: Path, form: Format, split: str, timelines: Sequence[Timeline], kind: Kind) -> None:
    if form.many:
        (folder / f"{split}{form.extension}").write_bytes(write(form, timelines, kind))
        return
    (folder / split).mkdir()
    for timeline in timelines:
        name = file_name(timeline.footage.stem) + form.extension
        with (folder / split / name).open("xb") as file:  # never over the annotations of another video
            file.write(write(form, [timeline], kind))


def _video(entry: _Entry) -> Row:
    row = entry.row
    return {
        "name": entry.timeline.footage.name, "split": entry.timeline.split, "sha256": row["sha256"],
        "size": row["size"], "duration": seconds(row["duration_us"]), "width": row["width"], "height": row["height"],
        "fps": row["fps"], "frames": row["frame_count"], "annotations": len(entry.timeline.annotations),
        "lines": len(entry.timeline.lines),
    }  # fmt: skip


def _clips(folder: Path, entries: Sequence[_Entry], limits: Limits, progress: Progress) -> None:
    """Every annotated moment once; `clips.csv` says what is in it."""
    (folder / "clips").mkdir()
    table = io.StringIO()
    rows = csv.writer(table)
    rows.writerow(("clip", "video", "split", "track", "label", "start", "end", "first_frame", "end_frame"))
    wanted = list(_moments(entries))
    for number, (entry, moment) in enumerate(wanted):
        name = f"clips/{entry.row['sha256'][:16]}-{moment.name}"
        progress(number / len(wanted), f"clip {number + 1} of {len(wanted)}")
        media.make_clip(
            entry.row["path"], folder / name, moment.span.start, moment.span.end, limits=limits,
            track=entry.row["sound_track"],
        )  # fmt: skip
        for a in _seen(entry.timeline):
            if _Moment.of(a.segment, entry.timeline.footage) == moment:
                texts = (guarded(t) for t in (entry.timeline.footage.name, entry.timeline.split, a.track, a.label))
                times = seconds(moment.span.start), seconds(moment.span.end)
                rows.writerow((name, *texts, *times, *(moment.frames or ("", ""))))
    (folder / "clips.csv").write_bytes(b"\xef\xbb\xbf" + table.getvalue().encode())


@dataclass(frozen=True, slots=True, order=True)
class _Moment:
    """The time of a clip, and its frames `[first, end)`, () of sound alone."""

    span: Segment
    frames: tuple[int, ...]

    @classmethod
    def of(cls, segment: Segment, footage: Footage) -> "_Moment":
        if footage.pictures:
            frames = footage.frames(segment)
            return cls(footage.span(*frames), frames)
        return cls(Segment(segment.start, min(segment.end, footage.duration)), ())

    @property
    def name(self) -> str:
        """Of the clip's file: by frames, or of sound by ms."""
        first, end = self.frames or (self.span.start // 1000, self.span.end // 1000)
        return f"{first:07d}-{end:07d}.{'mp4' if self.frames else 'm4a'}"


def _moments(entries: Sequence[_Entry]) -> Iterator[tuple[_Entry, _Moment]]:
    for entry in entries:
        for moment in sorted({_Moment.of(a.segment, entry.timeline.footage) for a in _seen(entry.timeline)}):
            yield entry, moment


def _seen(timeline: Timeline) -> list[Annotation]:
    """Those that have a frame: others lie after the end of a file that became shorter."""
    return [a for a in timeline.annotations if a.segment.start < timeline.footage.duration]
