"""Who says each line of a transcript."""

import sqlite3
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from studio.store import annotations, people, runs, transcripts
from studio.timeline import SpokenLine, us

SPEAKING = "speaking"  # the label of whoever is heard
OFF_SCREEN = "Off screen"  # the track of voices that nobody visible speaks with
VOICES = "Voices"  # the track of all voices of a recording without pictures: it says that there is one, not whose
EXPRESSION = "Expression · "  # before the name of a person, in the row of what their face shows
Row = dict[str, Any]
Spoken = tuple[int, int, str]  # [start, end) in µs, and who


def spoken_lines(db: sqlite3.Connection, video_id: str, layer: str | None) -> tuple[SpokenLine, ...]:
    """The lines of a video with who says them, as far as somebody may see it (`layer`: by that person's annotations
    only), and their words."""
    lines = transcripts.listed(db, video_id)
    speakers = speakers_of(db, video_id, lines, layer)
    return tuple(
        SpokenLine(line["start_us"], line["end_us"], line["text"], "" if who == OFF_SCREEN else who,
                   tuple(transcripts.unpacked(line["words"])))
        for line, who in zip(lines, speakers, strict=True)
    )  # fmt: skip


def speakers_of(
    db: sqlite3.Connection, video_id: str, lines: Sequence[Row], layer: str | None = None, *, voices: bool = True,
    annotated: bool = True,
) -> list[str]:  # fmt: skip
    """Who says each line (rows with `start_us`, `end_us` and `speaker`), "" where nobody is known to: whom a person
    said, else who speaks most while it is said by annotations (with `layer` only that person's), else by the newest run
    that found speakers, else whose voice it is by the newest run that told those of lines apart, else by the newest one
    that found turns. What is `annotated`, and `voices`, can be left out. `speakersOf` of
    assets/web/js/model/line-speakers.js is the same."""
    made = [
        (a.segment.start, a.segment.end, _person(a.track))
        for a in (annotations.of_video(db, video_id, layer) if annotated else ())
        if a.label == SPEAKING and a.track != VOICES and not a.deleted
    ]
    found = _predicted(db, video_id, layer)
    seen = [each for each in found if each[2] != OFF_SCREEN]
    heard = _voices(db, video_id) if voices else []
    turns = _predicted(db, video_id, layer, "turns") if voices else []
    orders = [_Spoken(each) for each in (made, seen, heard, turns, found)]
    return [line.get("speaker") or next((who for order in orders if (who := order.most(line))), "") for line in lines]


def _person(track: str) -> str:
    return track.removeprefix(EXPRESSION)


def _newest(db: sqlite3.Connection, video_id: str, task: str) -> str | None:
    found = [run for run in runs.of_video(db, video_id) if run["task"] == task and not runs.is_trial(run)]
    return max(found, key=lambda run: run["seq"])["id"] if found else None


def _predicted(db: sqlite3.Connection, video_id: str, layer: str | None, task: str = "speaker") -> list[Spoken]:
    run = _newest(db, video_id, task)
    if run is None:
        return []
    names, verdicts = people.of_video(db, video_id)["names"], annotations.verdicts(db, video_id, layer)
    return [
        (p.segment.start, p.segment.end, _person(who))
        for p in runs.predictions(db, run)
        if p.label == SPEAKING and p.track != VOICES and verdicts.get(p.id) != "rejected"
        for who in (people.row_of(names, p.track, p.segment.start),)
        if who
    ]


def _voices(db: sqlite3.Connection, video_id: str) -> list[Spoken]:
    run = _newest(db, video_id, "voice")
    if run is None:
        return []
    said = runs.get(db, run)["payload"].get("voices", ())
    return [(us(voice["start"]), us(voice["end"]), voice["track"]) for voice in said]


class _Spoken:
    """Who is heard when."""

    def __init__(self, spoken: Iterable[Spoken]) -> None:
        self._spoken = sorted(spoken)
        self._starts = [start for start, _, _ in self._spoken]
        self._longest = max((end - start for start, end, _ in self._spoken), default=0)

    def most(self, line: Row) -> str:
        """Who is heard longest within a line; "" where nobody is."""
        shares: Counter[str] = Counter()
        for start, end, who in self._spoken[bisect_left(self._starts, line["start_us"] - self._longest) :]:
            if start >= line["end_us"]:
                break
            shares[who] += max(0, min(end, line["end_us"]) - max(start, line["start_us"]))
        return next((who for who, share in shares.most_common(1) if share), "")
