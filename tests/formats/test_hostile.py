"""Files made to do harm (M12–M17 of the matrix): one FormatError sentence each, and nothing else happens."""

import contextlib
import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.errors import FormatError, UnsafeFormat
from studio.formats import FORMATS, Format, archive, place
from studio.service import Studio
from studio.timeline import Annotation, Segment, Timeline
from tests.formats.conftest import STEADY, TEXTS

READERS = [f for f in FORMATS.values() if f.read]
JSON_READERS = [f for f in READERS if f.extension in (".json", ".jsonl")]
XML_READERS = [f for f in READERS if f.media_type == "application/xml"]


def refused(form: Format, data: bytes, name: str = "x") -> str:
    """The sentence with which a file is refused."""
    assert form.read
    with pytest.raises(FormatError) as caught:
        for part in form.read(data, name + form.extension):
            place(part, STEADY)
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert 10 < len(sentence) < 250
    assert sentence.endswith((".", "?"))
    return sentence


# ---------------------------------------------------------------- M12 spreadsheets

PREFIXES = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", "'=")
COLUMNS = ("track", "label", "note", "annotator", "id")


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("prefix", PREFIXES)
def test_no_cell_of_our_csv_is_a_formula(prefix: str, column: str) -> None:
    text = prefix + 'cmd|"/c calc"!A1'
    facts: dict[str, Any] = {"id": "a", "track": "t", "label": "l", column: text}
    timeline = Timeline(STEADY, (Annotation(segment=Segment(1_500_000, 2_000_000), **facts),))
    form = FORMATS["csv"]
    assert form.write
    assert form.read
    data = form.write([timeline])
    header, row = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""))
    cells = dict(zip(header, row, strict=True))
    assert cells[column] == f"'{text}"
    assert (cells["start"], cells["end"], cells["start_us"]) == ("1.5", "2", "1500000")
    (mark,) = form.read(data, "x.csv")[0].marks
    if column != "id":
        assert getattr(mark, column) == text


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_guarding_a_cell_is_undone_exactly(text: str) -> None:
    from studio.formats.table import guarded, unguarded

    assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))


@pytest.mark.parametrize(
    ("name", "data", "line"),
    [("csv", b'label,start,end\n\n"two\nlines",0,1\nx,0\n', 5), ("csv", b"\n\nlabel,start,end\nx,no,1\n", 4),
     ("ava", b"video_id,frame_timestamp\n\nv,0,0,0,1,1,NOT_SPEAKING,e\nv,0,0,0,1,1,NOT_SPEAKING\n", 4),
     ("ava", b"v,no,0,0,1,1,NOT_SPEAKING,e\n", 1)],
)  # fmt: skip
def test_what_is_wrong_is_on_the_line_that_is_named(name: str, data: bytes, line: int) -> None:
    reader = FORMATS[name].read
    assert reader
    try:
        said = " ".join(problem for part in reader(data, "x") for problem in part.problems)
        assert f"1 item cannot be read and is left out; the first: Line {line}" in said
    except FormatError as error:  # there is nothing else in the file
        assert str(error).startswith(f"Line {line}")


# ---------------------------------------------------------------- M14 XML

_BOMB = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
ATTACKS = {
    "file": '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    "http": '<!DOCTYPE r [<!ENTITY x SYSTEM "http://127.0.0.1:9/x">]>',
    "parameter": '<!DOCTYPE r [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]>',
    "bomb": f'<!DOCTYPE r [<!ENTITY a0 "ha">{_BOMB}]>',
    "quadratic": f'<!DOCTYPE r [<!ENTITY a "{"x" * 100_000}">]>',
    "external type": '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("form", XML_READERS, ids=lambda f: f.name)
def test_entities_and_document_types_are_refused_unread(
    form: Format, attack: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.socket.connect", lambda *a: pytest.fail("a socket was opened"))
    root = {"elan": "ANNOTATION_DOCUMENT", "cvat": "annotations", "premiere": "xmeml"}.get(form.name, form.name)
    data = f"<?xml version='1.0'?>{ATTACKS[attack]}<{root}>&x;&a9;</{root}>".encode()
    assert form.read
    with pytest.raises(UnsafeFormat, match="DOCTYPE"):
        form.read(data, "x")


@pytest.mark.parametrize("form", XML_READERS, ids=lambda f: f.name)
@pytest.mark.parametrize(
    "data",
    [b"", b"<", b"no xml", b"<a/>", b"<?xml version='1.0' encoding='nonsense'?><a/>",
     "<?xml version='1.0'?><a/>".encode("utf-32"), b"<a>" * 100_000, b"<ANNOTATION_DOCUMENT><TIER><ANNOTATION>"
     b"<ALIGNABLE_ANNOTATION/></ANNOTATION></TIER></ANNOTATION_DOCUMENT>",
     b"<annotations><track><box frame='x'/></track></annotations>", b"<annotations><track/></annotations>"],
)  # fmt: skip
def test_damaged_xml_is_one_sentence(form: Format, data: bytes) -> None:
    refused(form, data)


def test_a_circle_of_references_ends() -> None:
    circle = "".join(f"<ANNOTATION><REF_ANNOTATION ANNOTATION_ID='{a}' ANNOTATION_REF='{b}'/></ANNOTATION>" for a, b in
                     (("a", "b"), ("b", "a")))  # fmt: skip
    text = f"<ANNOTATION_DOCUMENT><TIER TIER_ID='t'>{circle}</TIER></ANNOTATION_DOCUMENT>"
    assert "missing" in refused(FORMATS["elan"], text.encode())


# ---------------------------------------------------------------- M15 archives


def zipped(**files: bytes) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in files.items():
            made.writestr(name, content)
    return target.getvalue()


def _linked() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        info = zipfile.ZipInfo("link.txt")
        info.external_attr = 0o120777 << 16
        made.writestr(info, "/etc/passwd")
    return target.getvalue()


def _twice() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made, pytest.warns(UserWarning, match="Duplicate"):
        made.writestr("a.txt", "x 1 2\n")
        made.writestr("a.txt", "y 1 2\n")
    return target.getvalue()


def _lying() -> bytes:
    data = bytearray(zipped(**{"a.txt": b"0" * 5_000}))
    place_of = data.rindex(b"PK\x01\x02") + 24
    data[place_of : place_of + 4] = (10).to_bytes(4, "little")
    return bytes(data)


def _encrypted() -> bytes:
    data = bytearray(zipped(**{"a.txt": b"x 1 2"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + offset] |= 1
    return bytes(data)


ARCHIVES = {
    "slip": lambda: zipped(**{"../../etc/x.txt": b""}), "absolute": lambda: zipped(**{"/etc/x.txt": b""}),
    "windows": lambda: zipped(**{"C:\\x.txt": b""}), "backslash": lambda: zipped(**{"..\\x.txt": b""}),
    "stream": lambda: zipped(**{"a.txt:evil": b""}), "link": _linked,
    "ratio": lambda: zipped(**{"a.txt": b"0" * 5_000_000}),
    "many": lambda: zipped(**{f"{n}.txt": b"" for n in range(2_001)}), "nested": lambda: zipped(**{"a.zip": b""}),
    "twice": _twice, "encrypted": _encrypted, "lying": _lying, "cut": lambda: zipped(**{"a.txt": b"x 1 2"})[:-30],
    "empty": lambda: b"PK\x05\x06", "damaged": lambda: zipped(**{"a.txt": b"x 1 2\n" * 50})[:60] + b"\0" * 200,
}  # fmt: skip


@pytest.mark.parametrize("attack", ARCHIVES)
def test_hostile_archives_are_refused(attack: str) -> None:
    data = ARCHIVES[attack]()
    with pytest.raises(FormatError):
        archive.unpack(data)
    refused(FORMATS["thumos"], data)


def test_an_archive_with_more_than_fits_is_refused_from_its_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 1_000)
    with pytest.raises(UnsafeFormat, match="split it"):
        archive.unpack(zipped(**{"a.txt": b"0123456789" * 200}))


# ---------------------------------------------------------------- M16 JSON

DEEP = b"[" * 100_000
JSONS: dict[str, bytes] = {
    "deep": DEEP, "deep objects": b'{"a":' * 100_000, "nan": b'{"database": NaN}', "infinity": b'{"x": -Infinity}',
    "huge": b'{"database": {"v": {"annotations": [{"segment": [0, 1e999], "label": "x"}]}}}',
    "twice": b'{"labels": {}, "labels": {}, "database": {}, "database": {}}', "digits": b"[" + b"9" * 5_000 + b"]",
    "empty": b"", "text": b"hello", "cut": b'{"database": {"v": {"annotations": [{"segm', "latin": b'{"caf\xe9": 1}',
    "null": b"null", "number": b"1", "true": b"true", "string": b'"x"', "list of numbers": b"[1, 2]",
    "wrong types": b'{"database": [], "labels": 5, "file": 1, "format": "moment-studio", "qid": {}, "x": {"emo": 3}}',
    "half a character": b'{"database": {"bikes": {"annotations": [{"segment": [0, 1], "label": "\\ud800"}]}}}',
}  # fmt: skip


@pytest.mark.parametrize("attack", JSONS)
@pytest.mark.parametrize("form", JSON_READERS, ids=lambda f: f.name)
def test_bad_json_is_one_sentence(form: Format, attack: str) -> None:
    if attack == "empty" and form.extension == ".jsonl":
        assert form.read
        assert form.read(b"", "x") == []  # no line is no JSON that could be bad
    elif attack != "half a character" or form.name == "activitynet":  # which that one is a file of
        refused(form, JSONS[attack])


@pytest.mark.parametrize("name", [f.name for f in JSON_READERS if f.write])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_a_file_with_any_value_replaced_is_read_or_refused(name: str, data: st.DataObject) -> None:
    form = FORMATS[name]
    timeline = Timeline(STEADY, (Annotation("a", Segment(0, 5_000_000), "t", "x", "note"),), {"a": 0.5},
                        {"t": ((0, 0.0, 0.0, 0.5, 0.5),)})  # fmt: skip
    assert form.write
    assert form.read
    document = json.loads(form.write([timeline]))
    junk = st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False) | st.just("x")
    junk |= st.just([]) | st.just({})
    where: Any = document
    while isinstance(where, dict | list) and where:
        key = data.draw(st.sampled_from(sorted(where) if isinstance(where, dict) else range(len(where))))
        if not isinstance(where[key], dict | list) or not where[key] or data.draw(st.booleans()):
            where[key] = data.draw(junk)
            break
        where = where[key]
    try:
        for part in form.read(json.dumps(document).encode(), "x" + form.extension):
            for mark in place(part, STEADY).marks:
                Segment(mark.start, mark.end)
    except FormatError:
        pass


def places_in(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value of a JSON document."""
    for key in value if isinstance(value, dict) else range(len(value) if isinstance(value, list) else 0):
        yield (*path, key)
        yield from places_in(value[key], (*path, key))


JUNK = (None, True, 7, -1, 1.5, float("nan"), 10**15, "", "x", [], {}, [7], [None], ["x"], {"x": 7}, [[]], [{}])


@pytest.mark.parametrize("name", [f.name for f in JSON_READERS if f.write])
def test_whatever_stands_in_any_place_every_reader_reads_or_refuses_it(name: str) -> None:
    """An upload is tried with the readers of all formats that its name allows; none of them may stumble."""
    written, boxes = FORMATS[name].write, {"t": ((0, 0.0, 0.0, 0.5, 0.5),)}
    assert written
    text = written([Timeline(STEADY, (Annotation("a", Segment(0, 5_000_000), "t", "x", "note"),), {"a": 0.5}, boxes)])
    for way in places_in(json.loads(text)):
        for junk in JUNK:
            document = holder = json.loads(text)
            for key in way[:-1]:
                holder = holder[key]
            holder[way[-1]] = junk
            data = json.dumps(document).encode()
            for form in JSON_READERS:
                assert form.read
                with contextlib.suppress(FormatError):
                    for part in form.read(data, "x" + form.extension):
                        place(part, STEADY)


@pytest.mark.parametrize("form", READERS, ids=lambda f: f.name)
@given(data=st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
@settings(max_examples=60, deadline=None)
def test_noise_is_read_or_refused(form: Format, data: bytes) -> None:
    assert form.read
    try:
        for part in form.read(data, "x" + form.extension):
            place(part, STEADY)
    except FormatError:
        pass


# ---------------------------------------------------------------- the library stays as it was


def test_refused_imports_change_nothing(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    before = _content(studio)
    attacks = {"a.json": [*JSONS.values(), b" " * (33 << 20)], "a.zip": [make() for make in ARCHIVES.values()],
               "a.csv": [b"a,b\n", b'label,start,end\n"x'], "a.eaf": [b"<x>"]}  # fmt: skip
    names = {"a.json": "activitynet", "a.zip": "thumos", "a.csv": "csv", "a.eaf": "elan"}
    for name, files in attacks.items():
        for data in files:
            with pytest.raises(FormatError):
                studio.exchange.apply(data, name, names[name])
    assert _content(studio) == before
    assert studio.timelines.annotations(video) == []


NAMES = ["..", "../../x", "/etc/passwd", "\\\\host\\share\\x", "C:\\x", "a\0b", "a.txt:stream", "%2e%2e%2fx", "CON",
         "x. ",          "\u202egpj.x", "é" * 300, "~/x", "$(id)", "-rf", "a\nb"]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_are_data(studio: Studio, clips: dict[str, Path], tmp_path: Path, name: str) -> None:
    """As the file's own name, as the name of its video, and as a label: nothing is written or read outside."""
    video = studio.videos.add(clips["bikes"])["id"]
    before = sorted(p for p in tmp_path.rglob("*") if "studio.db" not in p.name)
    entry = {"annotations": [{"segment": [0, 1], "label": name}]}
    data = json.dumps({"database": {name: entry}}).encode()
    from studio.service.exchange.exchange import ImportOptions

    done = studio.exchange.apply(data, name, "activitynet", ImportOptions(video=video))
    assert done["segments"] == 1
    kept = studio.exchange.keep(data, name)
    assert studio.exchange.kept(kept["upload"]) == data
    studio.exchange.drop(kept["upload"])
    for form in FORMATS.values():
        if form.write:
            studio.exchange.export(video, form.name)
    after = sorted(p for p in tmp_path.rglob("*") if "studio.db" not in p.name)
    assert [p for p in after if p not in before] == [studio.settings.home / "incoming"]


def _content(studio: Studio) -> Any:
    tables = ("annotations", "revisions", "imports", "imported", "boxes", "labels", "lines", "verdicts")
    return studio.store.read(lambda db: {t: db.execute(f"SELECT * FROM {t}").fetchall() for t in tables})
