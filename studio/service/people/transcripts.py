"""What is said in videos, as people read it in and put it right."""

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from studio.config import Limits
from studio.errors import PermissionDenied, UsageError
from studio.formats import subtitles
from studio.formats.reading import bounded
from studio.service.accounts.rights import OWNER, Actor, need, own_layer
from studio.service.people.line_speakers import speakers_of, spoken_lines
from studio.service.people.transcript_rows import rows_of
from studio.store import Store, imports, line_edits, transcripts, videos
from studio.store.imports import Batch
from studio.timeline import Cue, seconds, us

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class LineEdit:
    """What a line is to be: one that was seen as `version`, or a new one (None); or that it is to go."""

    line: int | None
    version: int | None
    start_us: int
    end_us: int
    text: str
    deleted: bool = False


class Transcripts:
    """The lines of speech of the videos of a library."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def lines(self, video: Row) -> list[Row]:
        """What is said in a video: `id`, `start`, `end` in s, `text`, `source`, `version`, `annotator`, `origin`, the
        file, stream or model that it comes from ("" where it was typed, or nobody wrote it down), `speaker`, where a
        person said who says it, and `words`, each with `start`, `end`, `text` and `probability` (none where they are
        not known)."""
        found = self._store.read(lambda db: transcripts.listed(db, video["id"]))
        return [_line(line) for line in found]

    def state(self, video: Row) -> str:
        """A short text that is another one whenever the lines of a video are."""
        return self._store.read(lambda db: transcripts.state(db, video["id"]))

    def speakers(self, video: Row, lines: Sequence[Row]) -> list[str]:
        """Who says each of these lines; see `line_speakers.speakers_of`."""
        asked = [{**line, "start_us": us(line["start"]), "end_us": us(line["end"])} for line in lines]
        return self._store.read(lambda db: speakers_of(db, video["id"], asked))

    def set_speaker(
        self, video: Row, lines: Sequence[tuple[int, int | None]], speaker: str, annotator: str = "", edit: str = ""
    ) -> list[Row]:
        """Say who says lines, each an id and the version that was seen, as one step; "": as it is found. Returns each
        one's `line` (id) and `version`.

        Raises NotFound, Conflict: then nothing is changed.
        """
        name = _said(unicodedata.normalize("NFC", speaker))[: self._limits.label_chars]

        def save(db: sqlite3.Connection, line_id: int, version: int | None) -> Row:
            line = transcripts.current(db, video["id"], line_id, version)
            new = transcripts.write(db, video["id"], line, {"speaker": name}, annotator, edit)
            return {"line": line_id, "version": new}

        return self._step(video, edit, lambda db: [save(db, *line) for line in lines])

    def line_history(self, line_id: int) -> list[Row]:
        """All revisions of one line, oldest first."""
        found = self._store.read(lambda db: transcripts.history(db, line_id))
        return [
            {**each, "before": each["before"] and _line(each["before"]), "after": _line(each["after"])}
            for each in found
        ]

    def read_subtitles(self, video: Row, said: str | bytes, by: Actor = OWNER, name: str = "") -> Row:
        """Take the lines of a subtitle file (SRT, WebVTT, ASS) in place of those there are, as an import: `count`, how
        many, `import`, the id to undo it by, and `problems`, sentences on what was guessed or left out. `name` is that
        of the file.

        Raises FormatError, UsageError, PermissionDenied.
        """
        if len(said) > self._limits.import_bytes:
            raise UsageError("This subtitle file is too long.")
        with bounded(self._limits.import_marks):
            read = subtitles.parse(said.encode() if isinstance(said, str) else said)
        found = [Cue(*line) for line in read.lines if line[0] < video["duration_us"]]
        named: dict[Cue, transcripts.Spoken] = {
            Cue(*line): (name[: self._limits.label_chars], ())
            for line, name in zip(read.lines, read.names, strict=True)
            if name
        }
        if not found:
            raise UsageError("There is no line in these subtitles that is said within the video.")
        head = said.encode() if isinstance(said, str) else said
        form = "vtt" if head.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT") else "srt"

        def work(db: sqlite3.Connection) -> Row:
            may_transcribe(db, video["id"], by)
            batch = Batch(video["id"], lines=found, spoken=named)
            made = imports.insert(db, name or video["name"], form, "lines", [batch], by.name)
            return {"count": len(found), "import": made, "problems": list(read.problems)}

        return self._store.write(work)

    def as_rows(self, video: Row, annotator: str = "", by: Actor = OWNER) -> Row:
        """Make rows of the lines and of their words, as an import; see `transcript_rows.rows_of`: `import`, the id to
        undo it by, `rows` and how many `lines` and `words` are new in them.

        Raises UsageError where there is no transcript, or nothing new in it.
        """
        layer = own_layer(by, video)

        def work(db: sqlite3.Connection) -> Row:
            lines = spoken_lines(db, video["id"], layer)
            made, depend = rows_of(lines, video["duration_us"], self._limits.label_chars, annotator)
            if not made:
                raise UsageError(f"“{video['name']}” has no transcript yet: transcribe it, or read subtitles.")
            batch = Batch(video["id"], made, beside=True, dependencies=depend)
            fresh = imports.fresh(db, batch, "keep", annotator, layer)
            if fresh.empty:
                raise UsageError("The rows have all lines and words of the transcript already.")
            done = imports.insert(db, "transcript", "rows", "annotations", [fresh], annotator, classes=False)
            words = sum(a.track in depend for a in fresh.annotations)
            rows = list(dict.fromkeys(a.track for a in made))
            return {"import": done, "rows": rows, "lines": len(fresh.annotations) - words, "words": words}

        return self._store.write(work)

    def may_replace(self, video: Row, by: Actor) -> str:
        """Empty where somebody may replace the transcript of a video, else why not."""
        try:
            self._store.read(lambda db: may_transcribe(db, video["id"], by))
        except PermissionDenied as error:
            return str(error)
        return ""

    def save_line(
        self, video: Row, line_id: int | None, start: float, end: float, said: str, *,
        version: int | None = None, annotator: str = "", edit: str = "",
    ) -> Row:  # fmt: skip
        """Add a line, or change one that was seen as `version`; returns its `line` (id) and `version`. Words that are
        still said keep their times. `edit` is the id of the step, by which `undo_lines` takes it back.

        Raises UsageError, NotFound, Conflict.
        """
        return self.save_lines(video, [LineEdit(line_id, version, us(start), us(end), said)], annotator, edit)[0]

    def save_lines(self, video: Row, lines: Sequence[LineEdit], annotator: str = "", edit: str = "") -> list[Row]:
        """Add, change or remove lines as one step; returns each one's `line` (id) and `version`.

        Raises UsageError, NotFound, Conflict: then nothing is changed.
        """
        cues = [self._cue(video, each) for each in lines]

        def save(db: sqlite3.Connection, each: LineEdit, cue: Cue) -> Row:
            if each.line is None:
                return {"line": transcripts.insert(db, video["id"], cue, annotator, edit_id=edit), "version": 1}
            change = (db, video["id"], each.line)
            new = (
                transcripts.delete(*change, annotator, each.version, edit)
                if each.deleted
                else transcripts.update(*change, cue, annotator, each.version, edit)
            )
            return {"line": each.line, "version": new}

        return self._step(video, edit, lambda db: [save(db, each, cue) for each, cue in zip(lines, cues, strict=True)])

    def _cue(self, video: Row, line: LineEdit) -> Cue:
        said = _said(line.text)
        cue = Cue(line.start_us, min(line.end_us, video["duration_us"]), said[: self._limits.note_chars])
        if not said or not 0 <= cue.start_us < cue.end_us:
            raise UsageError("A line needs words, and an end after its start within the video.")
        return cue

    def split_line(
        self, video: Row, line_id: int, head: str, tail: str, *, version: int | None = None, at_us: int | None = None,
        annotator: str = "", edit: str = "",
    ) -> list[Row]:  # fmt: skip
        """Make two lines of one that was seen as `version`, of the texts before and after the place where it is split;
        returns `line` (id) and `version` of both. The time is cut at `at_us`, else between the words around that
        place, where their times are known, else by the share of letters.

        Raises UsageError where a part has no words, NotFound, Conflict.
        """
        head, tail = (_said(part)[: self._limits.note_chars] for part in (head, tail))
        if not head or not tail:
            raise UsageError("Put the caret between two words to split the line there.")

        def work(db: sqlite3.Connection) -> list[Row]:
            line = transcripts.current(db, video["id"], line_id, version)
            if line["end_us"] - line["start_us"] < 2:
                raise UsageError("This line is too short to split; make it longer first.")
            second = line_edits.split(db, video["id"], line, head, tail, annotator, edit, at_us)
            return [{"line": line_id, "version": line["version"] + 1}, {"line": second, "version": 1}]

        return self._step(video, edit, work)

    def merge_lines(
        self, video: Row, line_id: int, other_id: int, *, said: str = "", version: int | None = None,
        other_version: int | None = None, annotator: str = "", edit: str = "",
    ) -> list[Row]:  # fmt: skip
        """Make one line of two that were seen as these versions, over the time of both; returns its `line` (id) and
        `version`. `said` takes the place of the first one's text, where there is one.

        Raises UsageError, NotFound, Conflict.
        """
        if line_id == other_id:
            raise UsageError("A line cannot be merged with itself; choose another one.")

        def work(db: sqlite3.Connection) -> list[Row]:
            line = transcripts.current(db, video["id"], line_id, version)
            other = transcripts.current(db, video["id"], other_id, other_version)
            text = _said(said) or line["text"]
            if len(text) + 1 + len(other["text"]) > self._limits.note_chars:
                raise UsageError("These two lines are too long to be one; keep them apart.")
            new = line_edits.merge(db, video["id"], line, text, other, annotator, edit)
            return [{"line": line_id, "version": new}]

        return self._step(video, edit, work)

    def revert_line(
        self, video: Row, line_id: int, seq: int, *, before: bool = False, version: int | None = None,
        annotator: str = "", edit: str = "",
    ) -> Row:  # fmt: skip
        """Give a line that was seen as `version` what its revision `seq` made of it, or what it was `before`; returns
        its `line` (id) and `version`.

        Raises NotFound, Conflict.
        """

        def work(db: sqlite3.Connection) -> list[Row]:
            line = transcripts.current(db, video["id"], line_id, version)
            return [
                {
                    "line": line_id,
                    "version": line_edits.revert(db, video["id"], line, seq, annotator, edit, before=before),
                }
            ]

        return self._step(video, edit, work)[0]

    def _step(self, video: Row, edit: str, work: Callable[[sqlite3.Connection], list[Row]]) -> list[Row]:
        """What a step makes of lines; of one that was saved already, what they are."""

        def write(db: sqlite3.Connection) -> list[Row]:
            saved = line_edits.lines_of(db, video["id"], edit)
            return [{"line": line["id"], "version": line["version"]} for line in saved] or work(db)

        return self._store.write(write)

    def undo_lines(self, video: Row, edit: str, annotator: str = "") -> list[int]:
        """Take a step back, whole; returns the ids of its lines.

        Raises Conflict where somebody changed one of them since, NotFound for a step that is not known.
        """
        return self._store.write(lambda db: line_edits.undo(db, video["id"], edit, annotator))

    def redo_lines(self, video: Row, edit: str, annotator: str = "") -> list[int]:
        """Do a step again that was taken back. Raises Conflict, NotFound."""
        return self._store.write(lambda db: line_edits.redo(db, video["id"], edit, annotator))

    def delete_line(
        self, video: Row, line_id: int, *, version: int | None = None, annotator: str = "", edit: str = ""
    ) -> None:
        """Remove a line that was seen as `version`; `restore_line` undoes it.

        Raises NotFound, Conflict.
        """

        def work(db: sqlite3.Connection) -> list[Row]:
            transcripts.delete(db, video["id"], line_id, annotator, version, edit)
            return []

        self._step(video, edit, work)

    def restore_line(self, video: Row, line_id: int, annotator: str = "", edit: str = "") -> Row:
        """Bring a removed line back; returns its `line` (id) and `version`.

        Raises NotFound.
        """

        def work(db: sqlite3.Connection) -> list[Row]:
            return [{"line": line_id, "version": transcripts.restore(db, video["id"], line_id, annotator, edit)}]

        return self._step(video, edit, work)[0]


def _said(text: str) -> str:
    """A text as a line has it: in one row."""
    return " ".join(text.split())


def _line(line: Row) -> Row:
    shown = {key: line[key] for key in ("id", "text", "source", "version", "annotator")}
    for key in ("origin", "speaker"):  # revisions of earlier releases lack them, and words
        shown[key] = line.get(key, "")
    words = [
        {"start": seconds(start), "end": seconds(end), "text": text, "probability": probability}
        for start, end, text, probability in json.loads(line.get("words") or "[]")
    ]
    return {**shown, "start": seconds(line["start_us"]), "end": seconds(line["end_us"]), "words": words}


def may_transcribe(db: sqlite3.Connection, video_id: str, by: Actor) -> None:
    """Raises PermissionDenied for somebody who may not replace the transcript of a video."""
    transcriber = imports.transcriber(db, video_id)
    if transcriber is not None:
        need(by, "replace this transcript", transcriber, videos.get(db, video_id)["added_by"])
