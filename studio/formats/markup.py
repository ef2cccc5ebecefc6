"""XML, read through defusedxml: no document types, no entities, nothing fetched."""

import io
import re
from collections.abc import Collection, Iterator, Mapping
from typing import cast
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from studio.errors import FormatError, UnsafeFormat
from studio.formats.notes import Notes

_MOST_ELEMENTS = 1_000_000
_MOST_DEPTH = 40
_FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_xml(data: bytes, root: str, may_name_type: bool = False) -> Element:
    """The root element, which must have this name. With `may_name_type` a document type may be named, as some formats
    want it, but still nothing declared in it.

    Raises UnsafeFormat for entities and document types, FormatError for anything else that is wrong.
    """
    if may_name_type:
        data = re.sub(rb"<!DOCTYPE\s+" + root.encode() + rb"\s*>", b"", data, count=1)
    try:
        first: Element | None = None
        depth = count = 0
        for event, element in cast(
            "Iterator[tuple[str, Element]]",
            iterparse(io.BytesIO(data), ("start", "end"), forbid_dtd=True, forbid_entities=True, forbid_external=True),
        ):
            first = element if first is None else first
            depth += 1 if event == "start" else -1
            count += event == "start"
            if depth > _MOST_DEPTH or count > _MOST_ELEMENTS:
                raise UnsafeFormat("This XML file is nested too deeply or has too many elements; split it.")
    except DefusedXmlException:
        raise UnsafeFormat(
            "This XML file declares entities or a document type, which could read other files; remove its DOCTYPE."
        ) from None
    except (ElementTree.ParseError, ValueError, LookupError):  # LookupError: an encoding that nobody knows
        raise FormatError("This is not an XML file, or it is damaged; export it again.") from None
    if first is None or first.tag.rpartition("}")[2] != root:
        raise FormatError(f"This XML file does not begin with <{root}>; is this the right format?")
    return first


def names_in(root: Element, known: Mapping[str, Collection[str]], whole: Collection[str], notes: Notes) -> None:
    """Name the elements and attributes that nobody reads. `known` are elements with their attributes; all that is
    below one of `whole` only describes what is read."""
    for element in root:
        tag = _local(element.tag)
        if tag in whole:
            continue
        if tag not in known:
            notes.left_out(f"<{tag:.40}> element(s)")
            continue
        unread = [name for name in map(_local, element.keys()) if name not in known[tag]]
        notes.known((f"{tag}/{name}" for name in unread), ())
        names_in(element, known, whole, notes)


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def write_xml(root: Element) -> bytes:
    """UTF-8 with a declaration, indented; the same tree gives the same bytes."""
    ElementTree.indent(root)
    return cast("bytes", ElementTree.tostring(root, "utf-8", xml_declaration=True)) + b"\n"


def printable(text: str) -> str:
    """Text without the characters that XML cannot hold at all: they become �; every line end becomes LF."""
    return _FORBIDDEN.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
