"""Annotation files: one module a format behind one seam (`studio.formats.model`), all registered in this list.

The app, the command line and docs/formats.md read `FORMATS`; a new format is a module and a line here.
"""

from pathlib import PurePath

from studio.errors import UsageError
from studio.formats import (
    activitynet,
    audacity,
    ava,
    boris,
    chapters,
    charades,
    ctm,
    cues,
    cvat,
    didemo,
    edl,
    elan,
    elan_text,
    fcpxml,
    fiftyone,
    labelstudio,
    native,
    nova,
    otio,
    premiere,
    qvhighlights,
    rttm,
    subtitles,
    table,
    tel,
    textgrid,
    thumos,
    via,
)
from studio.formats.losses import cannot_hold, losses
from studio.formats.model import Format, Holds, Kind, Mark, Part, Placed, place

FORMATS = {
    f.name: f
    for f in (
        native.FORMAT, table.FORMAT, activitynet.FORMAT, charades.FORMAT, qvhighlights.FORMAT, didemo.FORMAT,
        thumos.FORMAT, tel.FORMAT, ava.FORMAT, rttm.FORMAT, ctm.FORMAT, elan.FORMAT, elan_text.FORMAT, boris.FORMAT,
        textgrid.FORMAT, nova.FORMAT, cues.SRT, cues.VTT, cues.ASS, labelstudio.FORMAT, cvat.FORMAT, via.FORMAT,
        fiftyone.FORMAT, audacity.FORMAT, edl.FORMAT, otio.FORMAT, premiere.FORMAT, fcpxml.FORMAT, chapters.FORMAT,
    )
}  # fmt: skip


def named(name: str) -> Format:
    """The format of that name.

    Raises UsageError that lists those there are.
    """
    if name not in FORMATS:
        raise UsageError(f"“{name}” is not a format; use one of: {', '.join(FORMATS)}.")
    return FORMATS[name]


def guessed(file: str) -> Format:
    """The format of a file by the ending of its name.

    Raises UsageError where several formats share the ending, or none has it.
    """
    ending = PurePath(file).suffix.lower()
    if file.lower().endswith(".annotation~"):
        return nova.FORMAT
    found = [f for f in FORMATS.values() if f.extension.lower() == ending]
    found = found or [f for f in FORMATS.values() if f.may_be(ending)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(f.name for f in found) or ", ".join(FORMATS)
    raise UsageError(f"The name “{PurePath(file).name}” does not say the format; add --format with one of: {names}.")


__all__ = [
    "FORMATS",
    "Format",
    "Holds",
    "Kind",
    "Mark",
    "Part",
    "Placed",
    "cannot_hold",
    "guessed",
    "losses",
    "named",
    "native",
    "place",
    "subtitles",
]
