"""What is known of a video's file beside its pictures: what is wrong with it, and which sounds and subtitles it has."""

import json
from dataclasses import asdict
from typing import Any

from studio.errors import UsageError
from studio.media import Probe

Row = dict[str, Any]


def facts(probe: Probe) -> Row:
    """The columns `notes` and `tracks` of a video."""
    found = {"sounds": [asdict(track) for track in probe.sounds], "texts": [asdict(track) for track in probe.texts]}
    return {"notes": json.dumps(probe.notes), "tracks": json.dumps(found)}


def notes(row: Row) -> list[str]:
    """What is known to be wrong with a video's file, a sentence each."""
    return [str(note) for note in json.loads(row["notes"])]


def listed(row: Row) -> Row:
    """`sounds` and `texts` of a video as its page shows them, each with `index`, `name` and whether it is `chosen`."""
    known = json.loads(row["tracks"] or "{}")
    return {
        "sounds": _shown(known.get("sounds", []), row["sound_track"]),
        "texts": _shown(sorted(known.get("texts", []), key=lambda track: track["index"]), row["text_track"], known),
    }


def _shown(found: list[Row], wanted: int | None, known: Row | None = None) -> list[Row]:
    if known and known.get("texts"):  # the best comes first in the list of subtitles
        first = known["texts"][0]["index"]
    else:
        first = next((track["index"] for track in found if track["default"]), found[0]["index"] if found else None)
    chosen = first if wanted is None else wanted
    return [
        {"index": track["index"], "name": _name(track, place), "chosen": track["index"] == chosen}
        for place, track in enumerate(found, 1)
    ]


def _name(track: Row, place: int) -> str:
    """ "German, commentary", or at least which of them it is."""
    title = "" if track["title"] in ("SoundHandler", "SubtitleHandler") else track["title"]
    said = [track["language"], title, "forced" if track["forced"] else "", "default" if track["default"] else ""]
    return ", ".join([f"{place}", *filter(None, said), track["codec"]])


def chosen(row: Row, probe: Probe, sound: int | None, text: int | None) -> Row:
    """The columns of a choice.

    Raises UsageError for a track that the file does not have.
    """
    for what, wanted, found in (("sound", sound, probe.sounds), ("subtitles", text, probe.texts)):
        if wanted is not None and wanted not in [track.index for track in found]:
            there = "; ".join(map(str, found)) or "none"
            raise UsageError(f"“{row['name']}” has no track {wanted} of {what}; it has: {there}")
    default = next(iter([*filter(lambda track: track.default, probe.sounds), *probe.sounds]), None)
    as_it_is = sound is None or (default is not None and sound == default.index)
    return {
        **facts(probe),
        "sound_track": sound,
        "text_track": text,
        "browser_playable": int(probe.browser_playable and as_it_is),
    }
