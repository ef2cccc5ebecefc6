"""What is known of a video's file beside its pictures: what is wrong with it, and which sounds and subtitles it has."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from studio.errors import UsageError
from studio.media import Probe, subtitle_files

Row = dict[str, Any]


def facts(probe: Probe) -> Row:
    """The columns `notes` and `tracks` of a video."""
    found = {"sounds": [asdict(track) for track in probe.sounds], "texts": [asdict(track) for track in probe.texts],
             "timecode": probe.timecode}  # fmt: skip
    return {"notes": json.dumps(probe.notes), "tracks": json.dumps(found)}


def timecode(row: Row) -> str | None:
    """The time code of a video's first frame; None where it was added before that was kept."""
    found = json.loads(row["tracks"] or "{}").get("timecode")
    return None if found is None else str(found)


def notes(row: Row) -> list[str]:
    """What is known to be wrong with a video's file, a sentence each."""
    return [str(note) for note in json.loads(row["notes"])]


def listed(row: Row) -> Row:
    """`sounds` and `texts` of a video as its page shows them, each with `index`, `name` and whether it is `chosen`.
    Subtitles in files beside the video have the name of their file for an index."""
    known = json.loads(row["tracks"] or "{}")
    sounds, inside = known.get("sounds", []), known.get("texts", [])
    default = next(iter([*filter(lambda track: track["default"], sounds), *sounds]), None)
    beside = [(file.path.name, file.language or "no language named") for file in subtitle_files(row["path"])]
    best: list[int | str] = [*(track["index"] for track in inside[:1]), *(name for name, _ in beside[:1])]
    text = row["text_file"] or row["text_track"]
    texts = [
        *((track["index"], _name(track, n)) for n, track in enumerate(sorted(inside, key=_index), 1)),
        *((name, f"{language}, {name}") for name, language in beside),
    ]
    return {
        "sounds": _shown(
            [(track["index"], _name(track, n)) for n, track in enumerate(sounds, 1)],
            row["sound_track"] if default is None or row["sound_track"] is not None else default["index"],
        ),
        "texts": _shown(texts, text if text is not None or not best else best[0]),
    }


def _index(track: Row) -> int:
    return int(track["index"])


def _shown(found: Sequence[tuple[int | str, str]], chosen: int | str | None) -> list[Row]:
    return [{"index": index, "name": name, "chosen": index == chosen} for index, name in found]


def _name(track: Row, place: int) -> str:
    """ "German, commentary", or at least which of them it is."""
    title = "" if track["title"] in ("SoundHandler", "SubtitleHandler") else track["title"]
    said = [track["language"], title, "forced" if track["forced"] else "", "default" if track["default"] else ""]
    return ", ".join([f"{place}", *filter(None, said), track["codec"]])


def chosen(row: Row, probe: Probe, sound: int | None, text: int | str | None) -> Row:
    """The columns of a choice.

    Raises UsageError for a track that the file does not have.
    """
    file = text if isinstance(text, str) else ""
    if file and file not in [beside.path.name for beside in subtitle_files(row["path"])]:
        raise UsageError(f"There is no file of subtitles “{file:.80}” beside “{row['name']}”.")
    track = text if isinstance(text, int) else None
    for what, wanted, found in (("sound", sound, probe.sounds), ("subtitles", track, probe.texts)):
        if wanted is not None and wanted not in [track.index for track in found]:
            there = "; ".join(map(str, found)) or "none"
            raise UsageError(f"“{row['name']}” has no track {wanted} of {what}; it has: {there}")
    default = next(iter([*filter(lambda track: track.default, probe.sounds), *probe.sounds]), None)
    as_it_is = sound is None or (default is not None and sound == default.index)
    return {
        **facts(probe),
        "sound_track": sound,
        "text_track": track,
        "text_file": file,
        "browser_playable": int(probe.browser_playable and as_it_is),
    }
