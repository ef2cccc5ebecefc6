"""Annotation files as other tools really write them, each with the values that are right by the tool's own rules."""

import json
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from praatio import textgrid
from pyannote.database.util import load_rttm
from pympi.Elan import Eaf

from studio.cli import main
from studio.config import Settings
from studio.errors import FormatError, UsageError
from studio.formats import FORMATS, archive, losses, place
from studio.formats.model import Other
from studio.service import Studio
from studio.service.exchange.dataset import ExportOptions
from studio.service.exchange.exchange import ImportOptions
from studio.store import videos
from studio.timeline import Annotation, Beside, Footage, Segment, Timeline
from studio.timeline.traces import Scale
from tests.conftest import SHARED, VIDEO
from tests.formats.conftest import STEADY

FIELD = SHARED / "field"
REAL = FIELD / "real"
field = pytest.mark.skipif(not FIELD.exists(), reason="the shared inputs are not here")
S = 1_000_000
Marks = list[tuple[float, float, str, str]]


def read(form: str, data: bytes | str, name: str = "x") -> tuple[Marks, str]:
    """(start, end, track, label) in s of everything in a file, on a video of 50 s, and what the reader says."""
    reader = FORMATS[form].read
    assert reader
    parts = reader(data if isinstance(data, bytes) else data.encode(), name)
    placed = [place(part, STEADY) for part in parts]
    found = [(m.start / S, m.end / S, m.track, m.label) for each in placed for m in each.marks]
    return found, " ".join(problem for each in placed for problem in each.problems)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """talk.mp4 (25 a second), thirty.mp4 (30), and one of a blank in its name and one of ActivityNet's."""
    folder = tmp_path_factory.mktemp("videos")
    opened = Studio(Settings(home=tmp_path_factory.mktemp("home")))
    for name in ("talk.mp4", "thirty.mp4"):
        opened.videos.add(FIELD / "media" / name)
    for name, source in (("my talk.mp4", "talk.mp4"), ("v_QOlSCBRmfWY.mp4", "thirty.mp4")):
        with (folder / name).open("wb") as file:
            file.write((FIELD / "media" / source).read_bytes() + name.encode())  # a content of its own
        opened.videos.add(folder / name)
    yield opened
    opened.close()


def seen(library: Studio, file: Path | bytes, form: str, plan: ImportOptions | None = None, name: str = "") -> Any:
    """What a preview says, `moments` being (video, start, end, track, label) of its sample."""
    data = file if isinstance(file, bytes) else file.read_bytes()
    shown = library.exchange.preview(data, name or (file.name if isinstance(file, Path) else "x"), form, plan)
    names = {row["id"]: row["name"] for row in library.videos.all()}
    moments = [(names[s["video"]], s["start"], s["end"], s["track"], s["label"]) for s in shown["sample"]]
    said = " ".join(problem for part in shown["parts"] for problem in part["problems"])
    return {**shown, "moments": moments, "said": said}


# ---------------------------------------------------------------- ELAN


@field
def test_words_without_times_fill_their_parent() -> None:
    found, said = read("elan", (FIELD / "04-elan-unaligned" / "timesub.eaf").read_bytes())
    assert found == [
        (2, 5, "text", "so you go"), (2, 3, "words", "so"), (3, 4, "words", "you"), (4, 5, "words", "go"),
        (2.1, 2.9, "gesture", "nod"),
    ]  # fmt: skip
    assert "3 annotations without times of their own" in said


@field
@pytest.mark.parametrize("name", ["sample_2.7.eaf", "sample_3.0.eaf"])
def test_no_word_of_the_samples_of_elan_is_lost(name: str) -> None:
    """In them every annotation of a tier lies within the one of its parent tier that it belongs to."""
    (part,) = FORMATS["elan"].read((REAL / "elan" / name).read_bytes(), name)  # type: ignore[misc]
    placed = place(part, Footage(name, 10**10))
    assert len(placed.marks) == len(part.marks) == 8_778
    assert not any("length" in problem for problem in placed.problems)
    for words in ("words-timesub", "words-symsub", "words-pos"):
        spans = sorted((m.start, m.end) for m in part.marks if m.track == words)
        assert len(spans) == 1_995 and all(one[1] <= other[0] for one, other in pairwise(spans))
        parents = {(m.start, m.end) for m in part.marks if m.track == "text"}
        assert {s for s, _ in parents} | {e for _, e in parents} <= {t for span in spans for t in span}


def eaf(tiers: str, slots: str, types: str = "", media: str = "", units: str = "milliseconds") -> str:
    return (f"<ANNOTATION_DOCUMENT><HEADER TIME_UNITS='{units}'>{media}</HEADER><TIME_ORDER>{slots}</TIME_ORDER>"
            f"{tiers}{types}</ANNOTATION_DOCUMENT>")  # fmt: skip


def slots(**times: int | None) -> str:
    return "".join(
        f"<TIME_SLOT TIME_SLOT_ID='{slot}'" + (f" TIME_VALUE='{t}'/>" if t is not None else "/>")
        for slot, t in times.items()
    )


def tier(name: str, kind: str, parent: str, *annotations: tuple[str, ...], annotator: str = "") -> str:
    """`annotations` are (id, slot, slot, value), or (id, annotation referred to, value[, the one before])."""
    made = []
    for one in annotations:
        if len(one) == 4 and one[2].startswith("s"):
            head = f"ALIGNABLE_ANNOTATION ANNOTATION_ID='{one[0]}' TIME_SLOT_REF1='{one[1]}' TIME_SLOT_REF2='{one[2]}'"
            value = one[3]
        else:
            before = f" PREVIOUS_ANNOTATION='{one[3]}'" if len(one) == 4 else ""
            head, value = f"REF_ANNOTATION ANNOTATION_ID='{one[0]}' ANNOTATION_REF='{one[1]}'{before}", one[2]
        made.append(
            f"<ANNOTATION><{head}><ANNOTATION_VALUE>{value}</ANNOTATION_VALUE></{head.split()[0]}></ANNOTATION>"
        )
    above = f" PARENT_REF='{parent}'" if parent else ""
    return (f"<TIER TIER_ID='{name}' LINGUISTIC_TYPE_REF='{kind}'{above} ANNOTATOR='{annotator}'>{''.join(made)}"
            "</TIER>")  # fmt: skip


TYPES = "".join(
    f"<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID='{name}' CONSTRAINTS='{constraint}'/>"
    for name, constraint in (("sub", "Symbolic_Subdivision"), ("assoc", "Symbolic_Association"),
                             ("time", "Time_Subdivision"))
)  # fmt: skip


def test_kinds_of_tiers_of_elan() -> None:
    """Subdivisions share their parent in the order of their links; an association takes all of it, also of a part."""
    text = tier("text", "top", "", ("a", "s1", "s2", "one two"), ("b", "s3", "s4", "rest"), annotator="Ann")
    words = tier("word", "sub", "text", ("w2", "a", "two", "w1"), ("w1", "a", "one"), ("w3", "b", "rest"))
    gloss = tier("gloss", "assoc", "word", ("g2", "w2", "deux"), ("g1", "w1", "un"))
    morphs = tier("morph", "sub", "word", ("m1", "w2", "t"), ("m2", "w2", "wo", "m1"))
    for order in (text + words + gloss + morphs, morphs + gloss + words + text):
        found, said = read("elan", eaf(order, slots(s1=1000, s2=2000, s3=5000, s4=6500), TYPES))
        assert sorted(found) == sorted([
            (1, 2, "text", "one two"), (5, 6.5, "text", "rest"), (1, 1.5, "word", "one"), (1.5, 2, "word", "two"),
            (5, 6.5, "word", "rest"), (1, 1.5, "gloss", "un"), (1.5, 2, "gloss", "deux"), (1.5, 1.75, "morph", "t"),
            (1.75, 2, "morph", "wo"),
        ])  # fmt: skip
        assert "4 annotations without times of their own" in said


def test_a_chain_takes_its_ends_from_its_parent_where_they_have_no_times() -> None:
    chain = tier("word", "time", "text", ("w1", "s2", "s3", "so"), ("w2", "s3", "s4", "you"), ("w3", "s4", "s5", "go"))
    other = tier("nod", "top", "", ("n", "s6", "s7", "nod"))
    text = tier("text", "top", "", ("a", "s1", "s8", "so you go"))
    given = slots(s1=2000, s2=None, s3=None, s6=2100, s7=2900, s4=None, s5=None, s8=5000)
    found, _ = read("elan", eaf(text + chain + other, given, TYPES))
    assert [mark for mark in found if mark[2] == "word"] == [
        (2, 3, "word", "so"), (3, 4, "word", "you"), (4, 5, "word", "go"),
    ]  # fmt: skip
    partly = slots(s1=2000, s2=2000, s3=None, s6=2100, s7=2900, s4=4600, s5=None, s8=5000)
    found, _ = read("elan", eaf(text + chain + other, partly, TYPES))
    assert [mark[:2] for mark in found if mark[2] == "word"] == [(2, 3.3), (3.3, 4.6), (4.6, 5)]


def test_media_of_elan() -> None:
    def media(name: str, kind: str, origin: str = "") -> str:
        return f"<MEDIA_DESCRIPTOR MEDIA_URL='file:///C:/d/{name}' MIME_TYPE='{kind}'{origin}/>"

    text = tier("t", "top", "", ("a", "s1", "s2", "x"))
    linked = media("lapel.wav", "audio/x-wav") + media("my%20talk.mp4", "video/mp4", " TIME_ORIGIN='1500'")
    (part,) = FORMATS["elan"].read(eaf(text, slots(s1=1000, s2=2000), media=linked).encode(), "x")  # type: ignore[misc]
    assert part.video == "file:///C:/d/my%20talk.mp4"
    assert [(m.start, m.end) for m in part.marks] == [(2_500_000, 3_500_000)]
    assert part.problems == (
        "Of the linked files “my%20talk.mp4” is the main one, and where it is in the library, lapel.wav beside it.",
    )
    assert read("elan", eaf(text, slots(s1=25, s2=50), units="PAL-frames"))[0] == [(1, 2, "t", "x")]
    with pytest.raises(FormatError, match="count in furlongs"):
        read("elan", eaf(text, slots(s1=25, s2=50), units="furlongs"))


@field
def test_the_video_of_an_eaf_is_the_one_that_is_there(library: Studio) -> None:
    """Each in its own time: TIME_ORIGIN is where time 0 of the annotations lies in a file."""
    media = "".join(
        f"<MEDIA_DESCRIPTOR MEDIA_URL='file:///C:/d/{name}' MIME_TYPE='{kind}' TIME_ORIGIN='{origin}'{more}/>"
        for name, kind, origin, more in (
            ("mic.wav", "audio/x-wav", 0, ""), ("gone.mp4", "video/mp4", 250, ""), ("talk.mp4", "video/mp4", 1500, ""),
        )
    )  # fmt: skip
    given = tier("t", "top", "", ("a", "s1", "s2", "x")), slots(s1=1000, s2=2000)
    shown = seen(library, eaf(*given, media=media).encode(), "elan")
    assert shown["moments"] == [("talk.mp4", 2.5, 3.5, "t", "x")]
    sound = "<MEDIA_DESCRIPTOR MEDIA_URL='x.wav' MIME_TYPE='audio/x-wav' EXTRACTED_FROM='file:///d/thirty.mp4'/>"
    assert seen(library, eaf(*given, media=sound).encode(), "elan")["moments"] == [("thirty.mp4", 1, 2, "t", "x")]


@field
def test_videos_of_elan_are_found(library: Studio) -> None:
    shown = seen(library, FIELD / "13-names-of-videos-in-files" / "wavfirst.eaf", "elan")
    assert shown["moments"] == [("talk.mp4", 2, 4, "speech", "hello")]
    linked = "<MEDIA_DESCRIPTOR MEDIA_URL='file:///C:/d/my%20talk.mp4' MIME_TYPE='video/mp4'/>"
    text = eaf(tier("t", "top", "", ("a", "s1", "s2", "x")), slots(s1=1000, s2=2000), media=linked)
    assert seen(library, text.encode(), "elan")["moments"] == [("my talk.mp4", 1, 2, "t", "x")]


# ---------------------------------------------------------------- VIA


def via(attributes: dict[str, Any], *entries: dict[str, Any]) -> bytes:
    metadata = {f"m{n}": {"vid": "1", "flg": 0, **entry} for n, entry in enumerate(entries)}
    return json.dumps({
        "file": {"1": {"fid": 1, "fname": "talk.mp4", "type": 4, "loc": 1, "src": ""}},
        "view": {"1": {"fid_list": [1]}}, "attribute": attributes, "metadata": metadata,
    }).encode()  # fmt: skip


def attribute(name: str, kind: int, anchor: str = "FILE1_Z2_XY0", **options: str) -> dict[str, Any]:
    return {"aname": name, "anchor_id": anchor, "type": kind, "desc": "", "options": options, "default_option_id": ""}


@field
def test_options_of_via_are_their_texts() -> None:
    found, said = read("via", (FIELD / "07-via-options" / "select.json").read_bytes())
    assert found == [(2, 6.5, "Segment", "Break egg"), (7, 9, "Segment", "Pour liquid")]
    assert not said


def test_attributes_of_via_are_taken_by_what_they_describe() -> None:
    options = {"o1": "Break egg", "o2": "Pour, slowly"}
    attributes = {
        "1": attribute("Object", 4, "FILE1_Z1_XY1", a="egg"), "2": attribute("Activity", 2, **options),
        "3": attribute("Phase", 3, x="begin"), "4": attribute("Who", 1), "5": attribute("Annotator", 1),
    }  # fmt: skip
    data = via(
        attributes,
        {"z": [2, 3], "xy": [], "av": {"2": "o1,o2", "3": "x", "4": "Ann, Bo", "5": "zoe", "9": "?"}},
        {"z": [4, 5], "xy": [], "av": {"2": "o2", "3": "gone"}},
        {"z": [4.5], "xy": [2, 64, 36, 64, 36], "av": {"1": "a"}}, {"z": [], "xy": [], "av": {"2": "o1"}},
    )  # fmt: skip
    (part,) = FORMATS["via"].read(data, "x")  # type: ignore[misc]
    assert [(m.label, dict(m.attributes), m.annotator) for m in part.marks] == [
        ("Break egg, Pour, slowly", {"Phase": "begin", "Who": "Ann, Bo"}, "zoe"),
        ("Pour, slowly", {"Phase": "gone"}, ""),
    ]  # fmt: skip
    assert list(part.boxes) == ["egg"]
    assert set(part.problems) == {
        "1 value of attributes that the project does not have is left out.",
        "1 option that an attribute does not have is left out.",
        "1 description of whole files or pictures is left out.",
    }


# ---------------------------------------------------------------- RTTM


@field
def test_a_blank_in_a_name_of_rttm(library: Studio) -> None:
    file = FIELD / "08-rttm-blank-in-name" / "my talk.rttm"
    assert read("rttm", file.read_bytes())[0] == [
        (5.2, 8.2, "speaker_0", "speaking"), (9, 10.5, "speaker_1", "speaking"),
    ]  # fmt: skip
    assert seen(library, file, "rttm")["moments"][0][:3] == ("my talk.mp4", 5.2, 8.2)


@pytest.mark.parametrize(
    ("line", "video", "found"),
    [
        ("f 1 1.5 2 <NA> <NA> a <NA> <NA>", "f", (1.5, 3.5, "a", None)),
        ("f 1 1.5 2 <NA> <NA> a 0.75", "f", (1.5, 3.5, "a", 0.75)),
        ("my talk 1 1.5 2 <NA> <NA> a <NA>", "my talk", (1.5, 3.5, "a", None)),
        ("my own talk 1 1.5 2 <NA> <NA> a <NA> <NA>", "my own talk", (1.5, 3.5, "a", None)),
        ("take 2 1 1.5 2 <NA> <NA> a <NA> <NA>", "take 2", (1.5, 3.5, "a", None)),
        ("my talk 1 1.5 2 <NA> <NA> Ann Lee 0.5 <NA>", "my talk", (1.5, 3.5, "Ann Lee", 0.5)),
        ("f 1 1.5 2 word spontaneous a <NA> <NA>", "f", (1.5, 3.5, "a", None)),
    ],
)
def test_fields_of_rttm(line: str, video: str, found: tuple[float, float, str, float | None]) -> None:
    (part,) = FORMATS["rttm"].read(f"SPEAKER {line}\n".encode(), "x")  # type: ignore[misc]
    (mark,) = part.marks
    assert (part.video, (mark.start / S, mark.end / S, mark.track, mark.score)) == (video, found)


def test_a_line_of_rttm_with_too_many_fields_is_never_guessed() -> None:
    line = "SPEAKER my talk 1 5.2 3.0 word spontaneous a <NA> <NA>\n"
    with pytest.raises(FormatError, match="Line 1 has 11 fields instead of 10"):
        read("rttm", line)
    found, said = read("rttm", line + "SPEAKER f 1 1 2 <NA> <NA> a <NA> <NA>\nSPKR-INFO f 1 <NA>\n")
    assert found == [(1, 3, "a", "speaking")]
    assert "1 item cannot be read" in said and "1 line of other types than SPEAKER is left out" in said


# ---------------------------------------------------------------- Label Studio


def task(*results: dict[str, Any], video: str = "talk.mp4", **more: Any) -> bytes:
    annotation = {"id": 1, "result": list(results), **more.pop("annotation", {})}
    return json.dumps([{"id": 1, "data": {"video": video}, "annotations": [annotation], **more}]).encode()


def ranges(start: int, end: int, **more: Any) -> dict[str, Any]:
    value = {"ranges": [{"start": start, "end": end}], "timelinelabels": ["walk"], **more}
    return {"id": "r", "type": "timelinelabels", "from_name": "phase", "to_name": "video", "value": value}


@field
def test_label_studio_counts_frames_at_its_own_rate(library: Studio) -> None:
    file = FIELD / "11-labelstudio-frame-rate" / "rate.json"
    shown = seen(library, file, "labelstudio")
    assert shown["moments"] == [("thirty.mp4", 1, 10, "phase", "walk")]
    assert "counts 288 frames and the video has 360; its frames are taken at 24 a second" in shown["said"]
    assert (shown["fps"], [part["name"] for part in shown["parts"]]) == (None, ["thirty.mp4"])
    parts = FORMATS["labelstudio"].read(file.read_bytes(), "x")  # type: ignore[misc]
    footage = library.exchange.timeline(library.videos.resolve("thirty.mp4")).footage
    boxes = [box for part in parts for listed in place(part, footage).boxes.values() for box in listed]
    assert [(t / S, round(x1, 3)) for t, x1, *_ in boxes] == [(1, 0.1), (10, 0.5)]


@field
def test_a_rate_that_a_task_does_not_say_is_asked(library: Studio) -> None:
    data = task(ranges(25, 240), video="thirty.mp4")
    shown = seen(library, data, "labelstudio")
    assert shown["fps"] == 30 and "--fps" in shown["said"]
    assert shown["moments"] == [("thirty.mp4", 0.8, 8, "phase", "walk")]
    shown = seen(library, data, "labelstudio", ImportOptions(fps=24))
    assert (shown["fps"], shown["said"], shown["moments"]) == (24, "", [("thirty.mp4", 1, 10, "phase", "walk")])
    for wrong in (-1.0, 1e9, float("nan")):
        with pytest.raises(UsageError, match="frame rate"):
            ImportOptions(fps=wrong)


def test_a_box_without_a_time_counts_as_the_task_does() -> None:
    place_of = {"frame": 25, "x": 0, "y": 0, "width": 10, "height": 10}
    value = {"framesCount": 288, "duration": 12.0, "labels": ["Person"], "sequence": [place_of]}
    (part,) = FORMATS["labelstudio"].read(task({"type": "videorectangle", "value": value}), "x")  # type: ignore[misc]
    assert place(part, STEADY).boxes["Person"][0][0] == S


def test_an_export_says_at_which_rate_its_frames_count() -> None:
    timeline = Timeline(Footage("x.mp4", 10 * S, "v", 4, 4, 25.0, tuple(range(0, 10 * S, 40_000))),
                        (Annotation("a", Segment(S, 2 * S), "t", "x"),))  # fmt: skip
    form = FORMATS["labelstudio"]
    assert losses(form, [timeline]) == [
        'Label Studio counts frames at the rate of its configuration: set frameRate="25" in its Video tag.'
    ]
    assert form.write
    data = form.write([timeline])
    (part,) = form.read(data, "x")  # type: ignore[misc]
    assert (part.rate, part.frame_count, part.asks_rate) == (25.0, 250, False)
    other = Footage("y.mp4", 10 * S, "w", 4, 4, 50.0, tuple(range(0, 10 * S, 20_000)))
    assert [(m.start, m.end) for m in place(part, other).marks] == [(S, 2 * S)]
    varying = losses(form, [Timeline(STEADY, timeline.annotations)])
    assert "clock is up to" in varying[1]


def test_boxes_that_say_their_times_say_the_rate() -> None:
    places = [{"frame": f, "time": f / 24, "x": 0, "y": 0, "width": 9, "height": 9} for f in (24, 240)]
    box = {"type": "videorectangle", "value": {"labels": ["Person"], "sequence": places}}
    assert read("labelstudio", task(box, ranges(25, 240))) == (
        [(1, 10, "phase", "walk")], "Frames are taken at 24 a second, as the times of the boxes say."
    )  # fmt: skip


def test_what_is_written_or_chosen_of_a_region_is_its_label() -> None:
    region = {"start": 1, "end": 2, "channel": 0}
    results = (
        {"from_name": "who", "type": "labels", "value": {**region, "labels": ["Ann"]}},
        {"from_name": "said", "type": "textarea", "value": {**region, "text": ["hello", "you"]}},
        {"from_name": "mood", "type": "choices", "value": {**region, "choices": ["glad"]}},
    )
    assert read("labelstudio", task(*results)) == (
        [(1, 2, "who", "Ann"), (1, 2, "said", "hello\nyou"), (1, 2, "mood", "glad")], ""
    )  # fmt: skip


@field
def test_sound_beside_a_video_is_in_seconds(library: Studio) -> None:
    shown = seen(library, FIELD / "12-labelstudio-audio-template" / "audiovideo.json", "labelstudio")
    assert shown["moments"] == [
        ("talk.mp4", 1.25, 3.5, "tricks", "Kickflip"), ("talk.mp4", 5, 6.5, "tricks", "Trick"),
    ]  # fmt: skip
    only = ImportOptions(video=library.videos.resolve("my talk.mp4")["id"])
    both = task(ranges(26, 50), {"type": "labels", "from_name": "s", "value": {"start": 1, "end": 2, "labels": ["x"]}})
    moments = seen(library, both, "labelstudio", only)["moments"]
    assert [(m[0], m[1], m[2]) for m in moments] == [("my talk.mp4", 1, 2), ("my talk.mp4", 1, 2)]


@pytest.mark.parametrize(
    ("who", "annotator"),
    [(7, "7"), ({"id": 7, "email": "ann@lab.org", "first_name": "Ann"}, "ann@lab.org"),
     ({"id": 7, "first_name": "Ann", "last_name": "Lee"}, "Ann Lee"), (None, "")],
)  # fmt: skip
def test_who_completed_an_annotation(who: Any, annotator: str) -> None:
    data = task(ranges(26, 50), annotation={"completed_by": who})
    (part,) = FORMATS["labelstudio"].read(data, "x")  # type: ignore[misc]
    assert part.marks[0].annotator == annotator


@field
@pytest.mark.parametrize("name", ["uploaded.json", "querypath.json"])
def test_videos_of_label_studio_are_found(library: Studio, name: str) -> None:
    shown = seen(library, FIELD / "13-names-of-videos-in-files" / name, "labelstudio")
    assert [part["video"]["name"] for part in shown["parts"]] == [
        "talk.mp4", "thirty.mp4" if name == "uploaded.json" else "my talk.mp4",
    ]  # fmt: skip
    assert all(part["rule"] for part in shown["parts"])


# ---------------------------------------------------------------- CVAT


@field
def test_a_project_of_cvat_has_a_part_for_each_video(library: Studio) -> None:
    file = FIELD / "15-cvat-project-export" / "annotations.xml"
    shown = seen(library, file, "cvat")
    assert shown["moments"] == [
        ("talk.mp4", 1, 2, "person 0", "person"), ("thirty.mp4", 3, 4, "person 1", "person"),
    ]  # fmt: skip
    only = seen(library, file, "cvat", ImportOptions(video=library.videos.resolve("talk.mp4")["id"]))
    assert [m[0] for m in only["moments"]] == ["talk.mp4"]
    assert "“thirty.mp4” is not the video you named" in only["said"]


@field
def test_an_archive_of_cvat_with_attributes_that_change(library: Studio) -> None:
    file = FIELD / "15-cvat-project-export" / "task.zip"
    assert [m[:3] for m in seen(library, file, "cvat")["moments"]] == [("talk.mp4", 0, 4), ("talk.mp4", 4, 8)]
    assert library.exchange.readers(file.read_bytes(), "task.zip") == ["cvat"]
    (part,) = FORMATS["cvat"].read(file.read_bytes(), "task.zip")  # type: ignore[misc]
    assert [dict(m.attributes) for m in part.marks] == [{"action": "stand"}, {"action": "walk"}]


def cvat(tracks: str, *tasks: tuple[str, str, int, str]) -> str:
    """A project with tasks (id, source, frames, subset)."""
    listed = "".join(
        f"<task><id>{which}</id><name>{source}</name><start_frame>0</start_frame><stop_frame>{count - 1}</stop_frame>"
        f"<subset>{subset}</subset><source>{source}</source></task>" for which, source, count, subset in tasks
    )  # fmt: skip
    meta = f"<meta><project><id>9</id><tasks>{listed}</tasks></project></meta>"
    return f"<annotations><version>1.1</version>{meta}{tracks}</annotations>"


def track(task_id: str, first: int, end: int) -> str:
    return f"<track id='0' label='p' task_id='{task_id}'>" + "".join(
        f"<box frame='{frame}' outside='{outside}' xtl='1' ytl='1' xbr='9' ybr='9'/>"
        for frame, outside in ((first, 0), (end, 1))
    ) + "</track>"  # fmt: skip


def test_frames_that_count_on_from_task_to_task() -> None:
    """As CVAT numbers them in projects: those of a subset follow each other, in the order of their ids."""
    tasks = ("21", "a.mp4", 300, "train"), ("22", "b.mp4", 360, "train"), ("23", "c.mp4", 100, "test")
    on = track("21", 25, 50) + track("22", 390, 420) + track("23", 5, 10)
    parts = FORMATS["cvat"].read(cvat(on, *tasks).encode(), "x")  # type: ignore[misc]
    assert [(p.video, p.marks[0].start, p.marks[0].end) for p in parts] == [
        ("a.mp4", 25, 50), ("b.mp4", 90, 120), ("c.mp4", 5, 10),
    ]  # fmt: skip
    assert "count on from task to task" in " ".join(parts[0].problems)
    own = track("21", 25, 50) + track("22", 90, 120) + track("77", 1, 2)
    parts = FORMATS["cvat"].read(cvat(own, *tasks).encode(), "x")  # type: ignore[misc]
    assert [(p.video, p.marks[0].start) for p in parts] == [("a.mp4", 25), ("b.mp4", 90)]
    assert parts[0].problems == ("1 track of no task that the project names is left out.",)


def test_a_project_of_cvat_that_does_not_list_its_tasks_is_one_video_at_most() -> None:
    (part,) = FORMATS["cvat"].read(cvat(track("21", 25, 50)).encode(), "x")  # type: ignore[misc]
    assert (part.video, len(part.marks)) == ("", 1)
    (part,) = FORMATS["cvat"].read(cvat(track("21", 25, 50) + track("22", 1, 9)).encode(), "x")  # type: ignore[misc]
    assert (part.marks, part.problems) == ((), ("2 tracks of no task that the project names are left out.",))
    one = cvat(track("", 25, 50), ("21", "a.mp4", 300, ""))
    (part,) = FORMATS["cvat"].read(one.encode(), "x")  # type: ignore[misc]
    assert (part.video, len(part.marks)) == ("a.mp4", 1)


# ---------------------------------------------------------------- NOVA


def nova(**tiers: tuple[str, str]) -> bytes:
    """An archive with tiers: (scheme, lines)."""
    files = {}
    for name, (scheme, lines) in tiers.items():
        head = f"<annotation ssi-v='3'><info ftype='ASCII' size='1'/><meta annotator='anna'/>{scheme}</annotation>"
        files |= {f"{name}.annotation": head.encode(), f"{name}.annotation~": lines.encode()}
    return archive.pack(files)


@field
def test_a_free_scheme_of_nova(library: Studio) -> None:
    only = ImportOptions(video=library.videos.resolve("talk.mp4")["id"])
    shown = seen(library, FIELD / "17-nova-free" / "free.zip", "nova", only)
    assert [(m[1], m[2], m[4]) for m in shown["moments"]] == [
        (2, 2.56, "hi"), (2.72, 3.16, "<LAUGH>"), (4.56, 5.28, "yes"),
    ]  # fmt: skip
    assert shown["said"] == "The attribute color is left out."


def test_a_continuous_tier_of_nova_is_a_curve_beside_the_others() -> None:
    items = "<item name='laugh' id='0' color='#FF0000'/>"
    data = nova(
        arousal=("<scheme name='a' type='CONTINUOUS' sr='25' min='0' max='1'/>", "0.1;1\n0.2;1\n"),
        transcription=("<scheme name='t' type='FREE'/>", "1;2;one; two;0.5\n2;3;three;1;color=#FFFF0000\n"),
        laughter=(f"<scheme name='l' type='DISCRETE'>{items}</scheme>", "3;4;0;1\n5;6;7;1\n"),
    )
    found, said = read("nova", data)
    assert found == [
        (1, 2, "transcription", "one; two"), (2, 3, "transcription", "three"), (3, 4, "laughter", "laugh"),
        (5, 6, "laughter", "7"),
    ]  # fmt: skip
    assert "Labels that the scheme of laughter does not name stay its numbers." in said
    (part,) = FORMATS["nova"].read(data, "x")  # type: ignore[misc]
    assert {m.annotator for m in part.marks} == {"anna"}
    (curve,) = part.traces
    assert (curve.track, curve.annotator, curve.values.tolist()) == ("arousal", "anna", pytest.approx([0.1, 0.2]))
    assert part.scales == {"arousal": Scale(0, 1)}


# ---------------------------------------------------------------- ActivityNet


@field
def test_videos_of_activitynet_are_found(library: Studio) -> None:
    data = json.dumps({"database": {"QOlSCBRmfWY": {"annotations": [{"segment": [1, 2], "label": "x"}]}}}).encode()
    assert seen(library, data, "activitynet")["moments"] == [("v_QOlSCBRmfWY.mp4", 1, 2, "Activity", "x")]


# ---------------------------------------------------------------- CSV


@field
def test_columns_that_are_not_ours_are_named(library: Studio) -> None:
    file = FIELD / "27-csv-columns-dropped" / "d.csv"
    shown = seen(library, file, "csv")
    assert shown["said"] == "The columns coder and confidence_level are left out."
    assert {row["name"]: row["to"] for row in shown["columns"]} == {
        "video": "video", "label": "label", "start": "start", "end": "end", "coder": "", "confidence_level": "",
    }  # fmt: skip
    plan = ImportOptions(columns={"coder": "annotator", "Confidence_Level": "attribute"})
    assert seen(library, file, "csv", plan)["said"] == (
        "Columns are read under other names: “coder” as annotator, “confidence_level” as attribute."
    )
    from studio.formats import table

    (part,) = table.read(file.read_bytes(), "x", plan.columns)
    assert (part.marks[0].annotator, part.marks[0].attributes) == ("anna", {"confidence_level": "3"})


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Media file name,Subject,Behavior,Start (s),Stop (s)\ntalk.mp4,Ann,wave,1.5,2.5\n", (1.5, 2.5, "Ann", "wave")),
        (
            "Tier\tBegin Time - msec\tEnd Time - msec\tAnnotation\ngesture\t1500\t2500\twave\n",
            (1.5, 2.5, "gesture", "wave"),
        ),
        ("label;onset;offset\nwave;1,5;2,5\n", (1.5, 2.5, "Imported", "wave")),
        ("code,Begin Time - hh:mm:ss.ms,duration (s)\nwave,00:00:01.500,1\n", (1.5, 2.5, "Imported", "wave")),
        (
            "Observation id,obs 1\n\nMedia file(s)\nBehavior,Start (s),Stop (s)\nwave,1.5,2.5\n",
            (1.5, 2.5, "Imported", "wave"),
        ),
        ("label,start_us,end_us\nwave,1500000,2500000\n", (1.5, 2.5, "Imported", "wave")),
    ],
)
def test_headers_of_other_tools(text: str, found: tuple[float, float, str, str]) -> None:
    assert read("csv", text)[0] == [found]


def test_columns_that_cannot_be_told_are_asked() -> None:
    from studio.formats import table

    data = b"what,A,B\nwave,1,2\n"
    with pytest.raises(FormatError, match=r"label or start or end; it has what, A and B.*--map-column"):
        read("csv", data)
    (part,) = table.read(data, "x", {"what": "label", "a": "start", "B": "end"})
    assert [(m.start, m.end, m.label) for m in part.marks] == [(S, 2 * S, "wave")]
    with pytest.raises(UsageError, match="no column “x”; it has what, A and B"):
        table.read(data, "x", {"x": "label"})
    with pytest.raises(UsageError, match="nothing that a column can be"):
        table.read(data, "x", {"A": "colour"})


def test_only_tables_have_columns(studio: Studio) -> None:
    with pytest.raises(UsageError, match="no columns to name"):
        studio.exchange.preview(b"x", "x.eaf", "elan", ImportOptions(columns={"a": "label"}))


# ---------------------------------------------------------------- EDL


@field
def test_an_edl_counts_from_the_time_code_of_the_file(studio: Studio) -> None:
    folder = FIELD / "22-edl-start-timecode"
    video = studio.videos.add(folder / "tc.mov")["id"]
    plan = ImportOptions(video=video, kind="annotations")
    studio.exchange.apply((folder / "tc.vtt").read_bytes(), "tc.vtt", "vtt", plan)
    text = studio.exchange.export(video, "edl").decode()
    assert "01:00:01:00 01:00:02:00 00:00:00:00 00:00:01:00" in text
    assert not [said for said in studio.exchange.losses(video, "edl") if "time code" in said]


def edl_of(timecode: str | None, fps: float, first: int, end: int) -> str:
    step = round(1e6 / fps)
    footage = Footage("x.mp4", 3_000 * step, "v", 4, 4, fps, tuple(range(0, 3_000 * step, step)), timecode)
    form, timeline = FORMATS["edl"], Timeline(footage, (Annotation("a", footage.span(first, end), "t", "x"),))
    assert form.write
    assert any("add it again" in said for said in losses(form, [timeline])) == (timecode is None)
    return form.write([timeline]).decode()


def test_drop_frames_of_an_edl() -> None:
    """At 29.97 a second the numbers 00 and 01 are left out in every minute but each tenth (SMPTE 12M)."""
    assert "00:00:59;28 00:01:00;02 00:00:00;00 00:00:00;02" in edl_of("00:00:59;28", 30_000 / 1001, 0, 2)
    assert "00:09:59;29 00:10:00;01" in edl_of("00:09:59;28", 30_000 / 1001, 1, 3)
    assert "FCM: DROP FRAME" in edl_of("01:00:00;00", 30_000 / 1001, 0, 1)
    assert "00:00:59;58 00:01:00;05" in edl_of("00:00:59;58", 60_000 / 1001, 0, 3)
    assert "FCM: NON-DROP FRAME" in edl_of("01:00:00:00", 30_000 / 1001, 0, 1)
    assert "23:59:59:24 00:00:00:01" in edl_of("23:59:59:24", 25, 0, 2)
    assert "00:00:01:00 00:00:02:00" in edl_of(None, 25, 25, 50)


# ---------------------------------------------------------------- the files of other projects' test suites


@field
@pytest.mark.parametrize("path", sorted((REAL / "elan").glob("*.eaf")) if REAL.exists() else [], ids=lambda p: p.name)
def test_as_many_annotations_of_elan_as_pympi_reads(path: Path) -> None:
    eaf_of = Eaf(str(path))
    (part,) = FORMATS["elan"].read(path.read_bytes(), path.name)  # type: ignore[misc]
    count = sum(len(eaf_of.tiers[name][0]) + len(eaf_of.tiers[name][1]) for name in eaf_of.get_tier_names())
    assert len(part.marks) == count
    aligned = {(name, start, end, value) for name in eaf_of.get_tier_names() if eaf_of.tiers[name][0]
               for start, end, value in eaf_of.get_annotation_data_for_tier(name)
               if None not in (start, end)}  # fmt: skip
    found = {(m.track, m.start // 1000, m.end // 1000, m.label) for m in part.marks}
    timed = {mark for mark in aligned if mark[0] != "words-timesub"}  # which pympi gives times of other tiers
    assert timed <= found


@field
def test_what_a_file_of_elan_says_of_its_tiers_is_the_schema_of_rows_that_are_new(studio: Studio) -> None:
    path = REAL / "elan" / "sample_3.0.eaf"
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "duration_us": 1_200_000_000}))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, 1_200_000_000, 40_000, np.int64))
    studio.labels.save({"labels": [], "tracks": [{"track": "words-pos", "closed": False}]}, "ann")
    studio.exchange.apply(path.read_bytes(), path.name, "elan", ImportOptions(video="v1"))
    shown = studio.labels.shown()
    assert {row["track"]: (row["parent"], row["dependency"]) for row in shown["tracks"] if row["parent"]} == {
        "words-timesub": ("text", "time_subdivision"), "words-symsub": ("text", "symbolic_subdivision"),
        "gest_included": ("text", "included_in"),
    }  # fmt: skip
    vocabulary = {"Gesture": [row["label"] for row in shown["labels"] if row["track"] == "gestures"]}
    assert vocabulary["Gesture"] == list(FORMATS["elan"].read(path.read_bytes(), "x")[0].vocabularies["gestures"])  # type: ignore[misc]
    assert len(vocabulary["Gesture"]) > 1
    words = [a for a in studio.timelines.annotations("v1") if a.track == "words-symsub"]
    assert len(words) > 1


def tiers_of(eaf: Eaf) -> dict[str, tuple[str, str, list[str]]]:
    """Of each tier that pympi reads: its parent, its stereotype, and the values of its annotations in order of time."""
    found = {}
    for name, (aligned, referring, facts, _) in eaf.tiers.items():
        kind = (eaf.linguistic_types[facts["LINGUISTIC_TYPE_REF"]].get("CONSTRAINTS") or "").replace(" ", "_")
        values = sorted(each[2] or "" for each in (*aligned.values(), *(r[1:] for r in referring.values())))
        if aligned or referring:
            found[name] = (facts.get("PARENT_REF") or "", kind, values)
    return found


@field
@pytest.mark.parametrize("path", sorted((REAL / "elan").glob("*.eaf")) if REAL.exists() else [], ids=lambda p: p.name)
def test_tiers_of_elan_come_back_with_their_parents_and_stereotypes(studio: Studio, path: Path, tmp_path: Path) -> None:
    """A real file goes into the library and out again; pympi reads both."""
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "duration_us": 3_600_000_000}))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, 3_600_000_000, 40_000, np.int64))
    studio.exchange.apply(path.read_bytes(), path.name, "elan", ImportOptions(video="v1"))
    back = tmp_path / "back.eaf"
    back.write_bytes(studio.exchange.export("v1", "elan"))
    ours, theirs = tiers_of(Eaf(str(back))), tiers_of(Eaf(str(path)))
    spoken = {name for name in theirs if name not in ours}
    assert spoken == set()
    for name, (parent, kind, values) in theirs.items():
        assert ours[name] == (parent if parent in theirs else "", kind if parent in theirs else "", values), name
    one, other = Eaf(str(path)), Eaf(str(back))
    for name in theirs:
        if one.tiers[name][0] and name != "words-timesub":  # which pympi gives times of other tiers
            timed = [each for each in one.get_annotation_data_for_tier(name) if None not in each[:2]]
            assert set(timed) <= {(a, b, v) for a, b, v in other.get_annotation_data_for_tier(name)}, name


@field
@pytest.mark.parametrize(
    "path", sorted((REAL / "textgrid").glob("*[!t].TextGrid")) if REAL.exists() else [], ids=lambda path: path.name
)
def test_the_same_intervals_and_points_of_a_textgrid_as_praatio_reads(path: Path) -> None:
    grid = textgrid.openTextgrid(str(path), includeEmptyIntervals=False, duplicateNamesMode="rename")
    tiers = [grid.getTier(name) for name in grid.tierNames]
    lasting = [e for t in tiers if isinstance(t, textgrid.IntervalTier) for e in t.entries]
    points = [e for t in tiers if isinstance(t, textgrid.PointTier) for e in t.entries]
    there = sorted([*((round(e.start * S), round(e.end * S), e.label) for e in lasting),
                    *((round(e.time * S), round(e.time * S), e.label) for e in points)])  # fmt: skip
    (part,) = FORMATS["textgrid"].read(path.read_bytes(), path.name)  # type: ignore[misc]
    found = sorted((m.start, m.end, m.label.strip()) for m in part.marks)
    assert [mark for mark in found if mark[2]] == there


@field
def test_both_spellings_of_a_textgrid_say_the_same() -> None:
    """Of a file that praatio refuses, whose intervals overlap by 0.1 µs."""
    long, short = (
        FORMATS["textgrid"].read((REAL / "textgrid" / f"{name}_format.TextGrid").read_bytes(), "x")  # type: ignore[misc]
        for name in ("long", "short")
    )
    assert long == short and len(long[0].marks) == 152


@field
def test_the_turns_of_a_real_rttm() -> None:
    path = REAL / "rttm" / "train.rttm"
    there = sorted((uri, round(s.start * S), round(s.end * S), who) for uri, turns in load_rttm(path).items()
                   for s, _, who in turns.itertracks(yield_label=True))  # fmt: skip
    parts = FORMATS["rttm"].read(path.read_bytes(), path.name)  # type: ignore[misc]
    assert sorted((p.video, m.start, m.end, m.track) for p in parts for m in p.marks) == there
    assert all(not part.problems for part in parts)


# ---------------------------------------------------------------- our own data set


@field
@pytest.mark.parametrize("form", ["csv", "json"])
def test_a_data_set_comes_home_by_the_hash_of_its_videos(tmp_path: Path, studio: Studio, form: str) -> None:
    """Also where the videos are called otherwise by now, and two had one name."""
    for number, folder in enumerate(("cam1", "cam2"), 1):
        (tmp_path / folder).mkdir()
        with (tmp_path / folder / "rec.mp4").open("wb") as file:
            file.write((FIELD / "media" / "talk.mp4").read_bytes() + bytes(number))
        video = studio.videos.add(tmp_path / folder / "rec.mp4")["id"]
        rows = f"label,start,end\nONE {folder},{number},{number + 1}\n".encode()
        studio.exchange.apply(rows, "a.csv", "csv", ImportOptions(video=video), "ann")
    studio.datasets.export(tmp_path / "out", ExportOptions(form))
    data = (tmp_path / "out" / "annotations" / f"all.{form}").read_bytes()
    shown = studio.exchange.preview(data, f"all.{form}", form)
    assert (shown["segments"], shown["already"], shown["problems"]) == (0, 2, [])
    assert [part["rule"] for part in shown["parts"]] == ["by the hash of its file"] * 2
    with pytest.raises(UsageError, match="Everything in this file is in the library already"):
        studio.exchange.apply(data, f"all.{form}", form)


@field
def test_of_two_videos_with_one_content_the_name_decides(tmp_path: Path, studio: Studio) -> None:
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(FIELD / "media" / "talk.mp4", tmp_path / name)
        studio.videos.add(tmp_path / name)
    video = studio.videos.resolve("b.mp4")["id"]
    studio.exchange.apply(b"label,start,end\nx,1,2\n", "b.csv", "csv", ImportOptions(video=video))
    shown = studio.exchange.preview(studio.exchange.export(video, "json"), "x.json")
    assert [(part["video"]["name"], shown["already"]) for part in shown["parts"]] == [("b.mp4", 1)]


@field
def test_the_command_line_says_the_same(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home = ("--home", str(tmp_path / "home"))
    shutil.copy(FIELD / "media" / "talk.mp4", tmp_path / "talk.mp4")
    assert main([*home, "add", str(tmp_path / "talk.mp4")]) == 0
    csv = FIELD / "27-csv-columns-dropped" / "d.csv"
    assert main([*home, "import", str(csv), "--format", "csv", "--preview"]) == 0
    assert "The columns coder and confidence_level are left out." in capsys.readouterr().out
    assert main([*home, "import", str(csv), "--format", "csv", "--map-column", "coder=annotator", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["segments"] == 1
    (tmp_path / "tasks.json").write_bytes(task(ranges(25, 240)))
    assert main([*home, "import", str(tmp_path / "tasks.json"), "--fps", "24", "--preview", "--json"]) == 0
    assert [(s["start"], s["end"]) for s in json.loads(capsys.readouterr().out)["sample"]] == [(1, 10)]


def test_what_plays_beside_a_video_is_linked_in_an_eaf() -> None:
    """TIME_ORIGIN is where time 0 of the annotations lies in a file: below 0 in one that began later."""
    beside = (Beside("side.mp4", 3_200_400), Beside("recorder.wav", -1_500_000, pictures=False))
    made = Annotation("a", Segment(1_000_000, 2_000_000), "t", "x")
    data = FORMATS["elan"].write([Timeline(STEADY, (made,), cameras=beside)])  # type: ignore[misc]
    linked = [(each.get("MEDIA_URL"), each.get("MIME_TYPE"), each.get("TIME_ORIGIN"))
              for each in ElementTree.fromstring(data).iter("MEDIA_DESCRIPTOR")]  # fmt: skip
    assert linked == [
        (f"./{STEADY.name}", "video/*", None), ("./side.mp4", "video/*", "-3200"),
        ("./recorder.wav", "audio/x-wav", "1500"),
    ]  # fmt: skip
    (part,) = FORMATS["elan"].read(data, "x.eaf")  # type: ignore[misc]
    assert part.cameras == (Other("side.mp4", -3_200_000), Other("recorder.wav", 1_500_000))
    assert [(m.start, m.end) for m in part.marks] == [(1_000_000, 2_000_000)]
    own = FORMATS["json"].write([Timeline(STEADY, (made,), cameras=beside)])  # type: ignore[misc]
    (part,) = FORMATS["json"].read(own, "x.json")  # type: ignore[misc]
    assert part.cameras == (Other("side.mp4", -3_200_400), Other("recorder.wav", 1_500_000))


def test_who_exports_other_formats_is_told_that_cameras_are_left_out() -> None:
    timeline = Timeline(STEADY, cameras=(Beside("side.mp4", 0), Beside("back.mp4", 0)))
    said = "2 other cameras and recordings of the timeline are left out; times are those of the main one."
    for form in FORMATS.values():
        if form.write:
            assert (said in losses(form, [timeline])) == (form.name not in ("elan", "json", "boris"))
