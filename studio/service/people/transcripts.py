"""What is said in videos, as people read it in and put it right."""

import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from typing import Any

from studio.config import Limits
from studio.errors import PermissionDenied, UsageError
from studio.formats import subtitles
from studio.formats.reading import bounded
from studio.service.accounts.rights import OWNER, Actor, need
from studio.store import Store, annotations, imports, people, runs, transcripts, videos
from studio.store.imports import Batch
from studio.timeline import Cue, seconds, us

SPEAKING = "speaking"  # the label of whoever is heard
Row = dict[str, Any]


class Transcripts:
    """The lines of speech of the videos of a library."""

    def __init__(self, store: Store, limits: Limits) -> None:
        self._store, self._limits = store, limits

    def lines(self, video: Row) -> list[Row]:
        """What is said in a video: `id`, `start`, `end` in s, `text`, `source`, `version`, `annotator`, `origin`, the
        file, stream or model that it comes from ("" where it was typed, or nobody wrote it down), and `words`, each
        with `start`, `end`, `text` and `probability` (none where they are not known)."""
        found = self._store.read(lambda db: transcripts.listed(db, video["id"]))
        return [_line(line) for line in found]

    def speakers(self, video: Row, lines: Sequence[Row]) -> list[str]:
        """Who speaks most while each line is said, by annotations where there are some, else by the newest run that
        found speakers; "" where nobody is known to. `speakerOf` of assets/web/js/view/transcript.js is the same."""

        def work(db: sqlite3.Connection) -> list[tuple[int, int, str | None]]:
            made = [a for a in annotations.of_video(db, video["id"]) if a.label == SPEAKING and not a.deleted]
            if made:
                return [(a.segment.start, a.segment.end, a.track) for a in made]
            found = [
                run for run in runs.of_video(db, video["id"]) if run["task"] == "speaker" and not runs.is_trial(run)
            ]
            if not found:
                return []
            names, rejected = people.of_video(db, video["id"])["names"], annotations.verdicts(db, video["id"])
            return [
                (p.segment.start, p.segment.end, people.row_of(names, p.track, p.segment.start))
                for p in runs.predictions(db, max(found, key=lambda run: run["seq"])["id"])
                if p.label == SPEAKING and rejected.get(p.id) != "rejected"
            ]

        spoken = self._store.read(work)

        def speaker(line: Row) -> str:
            shares: Counter[str] = Counter()
            for start, end, who in spoken:
                shares[who or ""] += max(0, min(end, us(line["end"])) - max(start, us(line["start"])))
            return next((who for who, share in shares.most_common(1) if share), "")

        return [speaker(line) for line in lines]

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
        if not found:
            raise UsageError("There is no line in these subtitles that is said within the video.")
        head = said.encode() if isinstance(said, str) else said
        form = "vtt" if head.lstrip(b"\xef\xbb\xbf").startswith(b"WEBVTT") else "srt"

        def work(db: sqlite3.Connection) -> Row:
            may_transcribe(db, video["id"], by)
            batch = Batch(video["id"], lines=found)
            made = imports.insert(db, name or video["name"], form, "lines", [batch], by.name)
            return {"count": len(found), "import": made, "problems": list(read.problems)}

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
        version: int | None = None, annotator: str = "",
    ) -> Row:  # fmt: skip
        """Add a line, or change one that was seen as `version`; returns its `line` (id) and `version`.

        Raises UsageError, NotFound, Conflict.
        """
        said = " ".join(said.split())
        cue = Cue(us(start), min(us(end), video["duration_us"]), said[: self._limits.note_chars])
        if not said or not 0 <= cue.start_us < cue.end_us:
            raise UsageError("A line needs words, and an end after its start within the video.")

        def write(db: sqlite3.Connection) -> Row:
            if line_id is None:
                return {"line": transcripts.insert(db, video["id"], cue, annotator), "version": 1}
            new = transcripts.update(db, video["id"], line_id, cue, annotator, version)
            return {"line": line_id, "version": new}

        return self._store.write(write)

    def delete_line(self, video: Row, line_id: int, *, version: int | None = None, annotator: str = "") -> None:
        """Remove a line that was seen as `version`; `restore_line` undoes it.

        Raises NotFound, Conflict.
        """
        self._store.write(lambda db: transcripts.delete(db, video["id"], line_id, annotator, version))

    def restore_line(self, video: Row, line_id: int, annotator: str = "") -> Row:
        """Bring a removed line back; returns its `line` (id) and `version`.

        Raises NotFound.
        """
        version = self._store.write(lambda db: transcripts.restore(db, video["id"], line_id, annotator))
        return {"line": line_id, "version": version}


def _line(line: Row) -> Row:
    shown = {key: line[key] for key in ("id", "text", "source", "version", "annotator")}
    shown["origin"] = line.get("origin", "")  # revisions of earlier releases lack it, and words
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
