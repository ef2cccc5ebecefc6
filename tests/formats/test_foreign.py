"""What we write, read by the other side's own readers; what they write, read by us.

Some readers are too heavy to install for tests: label-studio-sdk puts another build of OpenCV over ours, datumaro
brings forty packages, and fiftyone runs a MongoDB. Their files are compared with their documented structure instead;
datumaro 1.13 and the converter of label-studio-sdk were run once by hand on what these tests write, and read all of it.
"""

import io
import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pandas
import pysubs2
import pytest
from praatio import textgrid
from pyannote.database.util import load_rttm
from pympi.Elan import Eaf

from studio.errors import FormatError
from studio.eval import emotion, grounding_files, speaker, tel
from studio.formats import FORMATS, place
from studio.timeline import Annotation, Footage, Segment, Timeline
from tests.conftest import SHARED
from tests.formats.conftest import STEADY, boxed

SECOND = 1_000_000
ANNOTATIONS = (
    Annotation("a", Segment(1_000_000, 3_000_000), "Anna", "smile & nod"),
    Annotation("b", Segment(2_000_000, 4_000_000), "Anna", "שלום"),
    Annotation("c", Segment(5_000_000, 6_500_000), "Ben", 'says "été"'),
)
TIMELINE = Timeline(STEADY, ANNOTATIONS, {"a": 0.75})


def written(name: str, timeline: Timeline = TIMELINE) -> bytes:
    write = FORMATS[name].write
    assert write
    return write([timeline])


def read(name: str, data: bytes, file: str = "x") -> list[tuple[int, int, str, str]]:
    """(start, end, track, label) in µs of all marks on STEADY."""
    reader = FORMATS[name].read
    assert reader
    return [(m.start, m.end, m.track, m.label) for p in reader(data, file) for m in place(p, STEADY).marks]


def test_elan_by_pympi(tmp_path: Path) -> None:
    file = tmp_path / "x.eaf"
    file.write_bytes(written("elan"))
    eaf = Eaf(str(file))
    assert set(eaf.get_tier_names()) == {"Anna", "Anna (2)", "Ben"}
    assert eaf.get_annotation_data_for_tier("Anna") == [(1000, 3000, "smile & nod")]
    assert eaf.get_annotation_data_for_tier("Anna (2)") == [(2000, 4000, "שלום")]
    assert eaf.get_annotation_data_for_tier("Ben") == [(5000, 6500, 'says "été"')]
    assert eaf.get_linked_files()[0]["RELATIVE_MEDIA_URL"] == f"./{STEADY.name}"


def test_elan_of_pympi(tmp_path: Path) -> None:
    file = tmp_path / "x.eaf"
    eaf = Eaf()
    eaf.remove_tier("default")
    eaf.add_tier("words")
    eaf.add_annotation("words", 1234, 5678, "<héllo>")
    eaf.to_file(str(file))
    assert read("elan", file.read_bytes()) == [(1_234_000, 5_678_000, "words", "<héllo>")]


def test_elan_slots_without_times_and_references() -> None:
    text = """<ANNOTATION_DOCUMENT><TIME_ORDER>
      <TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="0"/><TIME_SLOT TIME_SLOT_ID="b"/>
      <TIME_SLOT TIME_SLOT_ID="c" TIME_VALUE="1000"/></TIME_ORDER>
      <TIER TIER_ID="word" ANNOTATOR="Ann"><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="1" TIME_SLOT_REF1="a"
        TIME_SLOT_REF2="b"><ANNOTATION_VALUE>hi</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
      <TIER TIER_ID="gloss"><ANNOTATION><REF_ANNOTATION ANNOTATION_ID="2" ANNOTATION_REF="1">
        <ANNOTATION_VALUE>salut</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER></ANNOTATION_DOCUMENT>"""
    assert read("elan", text.encode()) == [(0, 500_000, "word", "hi"), (0, 500_000, "gloss", "salut")]


@pytest.mark.parametrize("layout", ["long_textgrid", "short_textgrid"])
def test_textgrid_by_and_of_praatio(tmp_path: Path, layout: str) -> None:
    file = tmp_path / "x.TextGrid"
    file.write_bytes(written("textgrid"))
    grid = textgrid.openTextgrid(str(file), includeEmptyIntervals=False)
    assert grid.tierNames == ("Anna", "Ben", "Anna (2)")
    assert [tuple(e) for e in grid.getTier("Anna").entries] == [(1.0, 3.0, "smile & nod")]
    assert [tuple(e) for e in grid.getTier("Ben").entries] == [(5.0, 6.5, 'says "été"')]
    assert grid.maxTimestamp == 50.0
    grid.save(str(file), layout, includeBlankSpaces=True)
    assert sorted(read("textgrid", file.read_bytes())) == sorted(read("textgrid", written("textgrid")))
    utf16 = file.read_text("utf-8").encode("utf-16")
    assert read("textgrid", utf16) == read("textgrid", file.read_bytes())


@pytest.mark.parametrize("name", ["srt", "vtt"])
def test_subtitles_by_pysubs2(name: str) -> None:
    found = pysubs2.SSAFile.from_string(written(name).decode(), format_=name)
    times = [(event.start, event.end) for event in found]
    assert times == [(1000, 3000), (2000, 4000), (5000, 6500)]
    said = [event.plaintext for event in found]
    assert all(label in text for label, text in zip(["nod", "שלום", 'says "été"'], said, strict=True))


def test_subtitles_of_others() -> None:
    vtt = "WEBVTT - a title\n\nNOTE skip\nthis\n\nSTYLE\n::cue {}\n\n1\n00:01.000 --> 00:02.500 align:start\n"
    vtt += "<v.loud Mary &amp; Jo>Hi <i>there</i>\nyou</v>\n"
    assert read("vtt", vtt.encode()) == [(SECOND, 2_500_000, "Mary & Jo", "Hi there you")]
    with pytest.raises(FormatError, match="first line must begin with WEBVTT"):
        read("vtt", b"1:2 --> x\nhi\n")


def test_edl_by_opentimelineio() -> None:
    opentimelineio = pytest.importorskip("opentimelineio")  # it has no wheel for the newest Python
    timeline = opentimelineio.adapters.read_from_string(written("edl").decode(), "cmx_3600", rate=25)
    clips = list(timeline.find_clips())
    ranges = [(c.source_range.start_time.to_frames(), c.source_range.duration.to_frames()) for c in clips]
    assert ranges == [(25, 50), (50, 50), (125, 37)]  # 6.5 s lies in the middle of frame 162: the earlier edge
    assert {c.name for c in clips} == {STEADY.name}


NTSC = Footage("Talk & more.mp4", 60_060_000, "v", 640, 360, 30_000 / 1001,
               tuple(n * 100_100 // 3 for n in range(1800)), timecode="01:00:00;00")  # fmt: skip
PAL = Footage("Talk & more.mp4", 72_000_000, "v", 640, 360, 25, tuple(range(0, 72_000_000, 40_000)), "01:00:00:00")


def markers_of(timeline: Any) -> list[tuple[int, int, str]]:
    """First frame, frames and name of every marker of an OpenTimelineIO timeline, wherever it is."""
    (clip,) = timeline.find_clips()
    ranges = [(m.marked_range, m.name) for m in (*timeline.tracks.markers, *clip.markers)]
    return sorted((r.start_time.to_frames(), r.duration.to_frames(), name) for r, name in ranges)


@pytest.mark.parametrize(("form", "adapter", "footage", "begin"), [
    ("otio", "otio_json", NTSC, 107_892), ("otio", "otio_json", PAL, 90_000), ("premiere", "fcp_xml", NTSC, 0),
    ("premiere", "fcp_xml", PAL, 0), ("fcpxml", "fcpx_xml", PAL, 90_000),  # whose adapter takes 29.97 for 29
])  # fmt: skip
def test_markers_for_editors_by_opentimelineio(form: str, adapter: str, footage: Footage, begin: int) -> None:
    """One hour of drop frames is frame 107,892; the markers of a Final Cut Pro 7 sequence count from its beginning."""
    opentimelineio = pytest.importorskip("opentimelineio")
    cut = Timeline(footage, (
        Annotation("a", footage.span(30, 90), "Moments", "smile & <nod>", "a note"),
        Annotation("b", footage.span(60, 61), "Ann", "été"),
    ))  # fmt: skip
    said = FORMATS[form].write([cut]).decode()  # type: ignore[misc]
    timeline = opentimelineio.adapters.read_from_string(said, adapter)
    timeline = timeline if hasattr(timeline, "tracks") else next(iter(timeline))
    assert markers_of(timeline) == [(begin + 30, 60, "smile & <nod>"), (begin + 60, 1, "été")]
    (clip,) = timeline.find_clips()
    assert clip.name == footage.name and clip.duration().to_frames() == 1_800
    assert clip.duration().rate == pytest.approx(footage.fps)


def test_ntsc_in_fcpxml_is_said_as_apple_does() -> None:
    (marker,) = ElementTree.fromstring(FORMATS["fcpxml"].write([Timeline(NTSC, (  # type: ignore[misc]
        Annotation("a", NTSC.span(30, 90), "t", "x"),
    ))])).iter("marker")  # fmt: skip
    assert (marker.get("start"), marker.get("duration")) == ("18004987/5000s", "1001/500s")


@pytest.mark.parametrize(("form", "adapter"), [
    ("otio", "otio_json"), ("premiere", "fcp_xml"), ("fcpxml", "fcpx_xml"),
])  # fmt: skip
def test_timelines_of_opentimelineio(form: str, adapter: str) -> None:
    """A cut of two clips of one file, with a marker on the second and one on the timeline, as an editor leaves it."""
    otio = pytest.importorskip("opentimelineio")

    def stretch(first: int, frames: int) -> Any:
        time = otio.opentime.RationalTime
        return otio.opentime.TimeRange(time(first, 25), time(frames, 25))

    timeline = otio.schema.Timeline("cut")
    track = otio.schema.Track("V1", kind=otio.schema.TrackKind.Video)
    timeline.tracks.append(track)
    for first, name in ((100, "first"), (200, "second")):
        media = otio.schema.ExternalReference("file:///films/Talk%201.mp4", stretch(0, 1_000))
        track.append(otio.schema.Clip(name, media, stretch(first, 50)))
    track[1].markers.append(otio.schema.Marker("here", stretch(210, 5), comment="said so"))
    on_timeline = form != "fcpxml"  # which has markers only within clips
    if on_timeline:
        timeline.tracks.markers.append(otio.schema.Marker("there", stretch(60, 0)))
    said = otio.adapters.write_to_string(timeline, adapter).encode()
    (part,) = FORMATS[form].read(said, "cut")  # type: ignore[misc]
    assert (part.video, part.rate, part.frame_count) == ("Talk 1.mp4", 25.0, 1_000)
    found = sorted((mark.start, mark.end, mark.label) for mark in part.marks)
    assert [each for each in found if each[2] not in ("here", "there")] == [(100, 150, "first"), (200, 250, "second")]
    assert (210, 215, "here") in found
    assert ((210, 211, "there") in found) == on_timeline
    assert on_timeline == ("Markers without a length last one frame here." in part.problems)


def test_rttm_by_pyannote(tmp_path: Path) -> None:
    file = tmp_path / "x.rttm"
    file.write_bytes(written("rttm"))
    (annotation,) = load_rttm(file).values()
    found = sorted((s.start, s.end, who) for s, _, who in annotation.itertracks(yield_label=True))
    assert found == [(1.0, 3.0, "Anna"), (2.0, 4.0, "Anna"), (5.0, 6.5, "Ben")]
    target = io.StringIO()
    annotation.write_rttm(target)
    assert sorted(read("rttm", target.getvalue().encode())) == [
        (SECOND, 3 * SECOND, "Anna", "speaking"), (2 * SECOND, 4 * SECOND, "Anna", "speaking"),
        (5 * SECOND, 6_500_000, "Ben", "speaking"),
    ]  # fmt: skip


def test_csv_by_pandas() -> None:
    frame = pandas.read_csv(io.BytesIO(written("csv")))
    assert list(frame["label"]) == ["smile & nod", "שלום", 'says "été"']
    assert list(frame["start"]) == [1.0, 2.0, 5.0]
    assert list(frame["end_us"]) == [3_000_000, 4_000_000, 6_500_000]


def test_activitynet_by_the_loop_of_its_evaluation() -> None:
    """`ANETdetection._import_ground_truth` of the official code: database → subset, annotations → segment, label."""
    data = json.loads(written("activitynet"))
    assert {"database", "taxonomy", "version"} <= set(data)
    rows = [
        (video, float(a["segment"][0]), float(a["segment"][1]), a["label"])
        for video, entry in data["database"].items()
        if entry["subset"] == "validation"
        for a in entry["annotations"]
    ]
    assert rows[0] == (STEADY.stem, 1.0, 3.0, "smile & nod")
    assert data["database"][STEADY.stem]["duration"] == 50.0
    results = {"version": "V", "results": {"v": [{"label": "x", "score": 0.5, "segment": [1, 2.5]}]}}
    assert read("activitynet", json.dumps(results).encode()) == [(SECOND, 2_500_000, "Activity", "x")]
    captions = {"v_x": {"duration": 9, "timestamps": [[0.5, 2]], "sentences": ["A man runs."]}}
    assert read("activitynet", json.dumps(captions).encode()) == [(500_000, 2 * SECOND, "Activity", "A man runs.")]


def test_grounding_files_by_our_evaluation(tmp_path: Path) -> None:
    file = tmp_path / "truth"
    file.write_bytes(written("qvhighlights"))
    asked = grounding_files.read_truth(file)
    assert [(q.query, q.video, q.duration, q.windows) for q in asked] == [
        ("smile & nod", STEADY.stem, 50.0, [(1.0, 3.0)]), ("שלום", STEADY.stem, 50.0, [(2.0, 4.0)]),
        ('says "été"', STEADY.stem, 50.0, [(5.0, 6.5)]),
    ]  # fmt: skip
    lines = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert [line["relevant_clip_ids"] for line in lines] == [[0, 1], [1], [2]]
    assert [line["qid"] for line in lines] == [1, 2, 3]
    file.write_bytes(written("charades"))
    assert [(q.query, q.windows) for q in grounding_files.read_truth(file)] == [(q.query, q.windows) for q in asked]
    submission = b'{"qid": 1, "query": "q", "vid": "v", "pred_relevant_windows": [[0, 7.5, 0.9]]}\n'
    assert read("qvhighlights", submission) == [(0, 7_500_000, "Query", "q")]


def test_didemo_s_chunks() -> None:
    one = Timeline(STEADY, (Annotation("a", Segment(15 * SECOND, 20 * SECOND), "t", "a dog"),))
    (entry,) = json.loads(written("didemo", one))
    assert (entry["times"], entry["num_segments"], entry["description"]) == ([[3, 3]], 10, "a dog")
    assert read("didemo", written("didemo", one)) == [(15 * SECOND, 20 * SECOND, "Query", "a dog")]


def test_thumos_as_it_is_published() -> None:
    published = b"video_validation_0000266  72.80 76.40\nvideo_validation_0000681 44.00 50.90\n"
    parts = FORMATS["thumos"].read(published, "BaseballPitch_val.txt")  # type: ignore[misc]
    assert [(p.video, p.marks[0].start, p.marks[0].end, p.marks[0].label) for p in parts] == [
        ("video_validation_0000266", 72_800_000, 76_400_000, "BaseballPitch"),
        ("video_validation_0000681", 44_000_000, 50_900_000, "BaseballPitch"),
    ]


def test_tel_by_our_evaluation(tmp_path: Path) -> None:
    emotions = tuple(
        Annotation(str(n), Segment(n * SECOND, (n + 1) * SECOND), "Emotion", label)
        for n, label in enumerate(["anger", "doubt"])
    )
    file = tmp_path / "tel.json"
    file.write_bytes(written("tel", Timeline(STEADY, emotions, lines=((0, SECOND, "No!"),))))
    (clip,) = tel.read(file)
    assert (clip.cues, clip.lines) == (((0.0, 1.0), (1.0, 2.0)), ("No!", ""))
    assert clip.runs(tel.column_of("doubt")) == [(1.0, 2.0)]
    assert emotion.read_truth(file).videos[0].segments == {"anger": [(0.0, 1.0)], "doubt": [(1.0, 2.0)]}


@pytest.mark.skipif(not (SHARED / "tel" / "dev.json").is_file(), reason="the data set is not here")
def test_all_of_tel_can_be_read(tmp_path: Path) -> None:
    file = SHARED / "tel" / "dev.json"
    parts = FORMATS["tel"].read(file.read_bytes(), "dev.json")  # type: ignore[misc]
    clips = {clip.video: clip for clip in tel.read(file) if clip.marks is not None and clip.marks.any()}
    assert {part.video for part in parts} == set(clips)
    for part in parts:
        cues = {tuple(round(t * 1e6) for t in cue) for cue in clips[part.video].cues}
        assert {(m.start, m.end) for m in part.marks} <= cues
    with pytest.raises(FormatError, match="training"):
        FORMATS["tel"].read((SHARED / "tel" / "train.json").read_bytes(), "x")  # type: ignore[misc]


def test_ava_by_our_evaluation_and_back(tmp_path: Path) -> None:
    spoken = Annotation("a", Segment(1_000_000, 3_000_000), "Anna", "SPEAKING_NOT_AUDIBLE")
    timeline = boxed(Timeline(STEADY, (spoken, Annotation("b", Segment(4_000_000, 5_000_000), "Anna", "hello"))))
    file = tmp_path / "x.csv"
    file.write_bytes(written("ava", timeline))
    rows = speaker.table(file, speaker.AVA)
    assert len(rows) == 500
    assert rows[0]["entity_box_y1"] == "0.25"
    assert {row["label"] for row in rows} == set(speaker.LABELS)
    assert read("ava", file.read_bytes()) == [
        (1_000_000, 3_000_000, "Anna", "SPEAKING_NOT_AUDIBLE"), (4_000_000, 5_000_000, "Anna", "SPEAKING_AUDIBLE"),
    ]  # fmt: skip
    parts = FORMATS["ava"].read(file.read_bytes(), "x")  # type: ignore[misc]
    assert place(parts[0], STEADY).boxes == timeline.boxes


def test_nova_s_pair_of_files() -> None:
    from studio.formats import archive

    files = archive.unpack(written("nova"))
    assert set(files) == {f"{t}{e}" for t in ("Anna", "Anna (2)", "Ben") for e in (".annotation", ".annotation~")}
    assert files["Anna.annotation~"] == b"1;3;0;0.75\n"
    scheme = ElementTree.fromstring(files["Anna.annotation"].decode().partition("\n")[2])
    assert [(item.get("id"), item.get("name")) for item in scheme.iter("item")] == [("0", "smile & nod")]
    assert scheme.find("scheme").get("type") == "DISCRETE"  # type: ignore[union-attr]
    assert read("nova", b"23.91;24.87;1;0.6\n", "role.annotation~") == [(23_910_000, 24_870_000, "role", "1")]


def test_label_studio_s_documented_structure() -> None:
    (task,) = json.loads(written("labelstudio", boxed(TIMELINE)))
    assert task["data"] == {"video": STEADY.name}
    result = task["annotations"][0]["result"]
    assert result[0] == {
        "id": "a", "type": "timelinelabels", "from_name": "Anna", "to_name": "video", "origin": "manual",
        "value": {"ranges": [{"start": 26, "end": 75}], "timelinelabels": ["smile & nod"]},
    }  # fmt: skip
    box = next(r for r in result if r["type"] == "videorectangle")
    first = box["value"]["sequence"][0]
    assert (first["frame"], first["x"], first["width"], first["enabled"]) == (1, 10.0, 40.0, True)
    exported = [{"data": {"video": "/data/upload/1/x.mp4"}, "annotations": [{"result": [
        {"value": {"ranges": [{"start": 3, "end": 5}], "timelinelabels": ["Moving"]}, "from_name": "videoLabels",
         "to_name": "video", "type": "timelinelabels"},
        {"value": {"choices": ["x"]}, "type": "choices"}]}]}]  # fmt: skip
    (part,) = FORMATS["labelstudio"].read(json.dumps(exported).encode(), "x")  # type: ignore[misc]
    assert (part.video, part.problems) == (
        "/data/upload/1/x.mp4", ("1 result of type “choices”, neither segments nor boxes, is left out.",),
    )  # fmt: skip
    assert read("labelstudio", json.dumps(exported).encode()) == [(80_000, 200_000, "videoLabels", "Moving")]


def test_two_rectangles_of_one_label_stay_two_objects() -> None:
    def rectangle(x: float, *labels: str) -> dict[str, Any]:
        sequence = [{"frame": 1, "x": x, "y": 0, "width": 10, "height": 10, "enabled": True}]
        return {"type": "videorectangle", "value": {"labels": list(labels), "sequence": sequence}}

    drawn = [
        rectangle(n, *labels) for n, labels in enumerate((("Person",), ("Person",), ("Person 2",), (), ("Person",)))
    ]
    task = {"data": {"video": "x.mp4"}, "annotations": [{"result": drawn}]}
    (part,) = FORMATS["labelstudio"].read(json.dumps(task).encode(), "x")  # type: ignore[misc]
    assert {track: boxes[0][1] for track, boxes in part.boxes.items()} == {
        "Person": 0.0, "Person 2": 0.01, "Person 2 2": 0.02, "box": 0.03, "Person 3": 0.04
    }  # fmt: skip


def test_cvat_s_documented_structure() -> None:
    root = ElementTree.fromstring(written("cvat", boxed(TIMELINE)))
    assert root.findtext("version") == "1.1"
    assert root.findtext("meta/task/size") == str(STEADY.frame_count)
    track = root.find("track[@label='smile & nod']")
    assert track is not None
    boxes = [(b.get("frame"), b.get("outside"), b.get("xtl"), b.get("ybr")) for b in track.iter("box")]
    assert boxes[0] == ("25", "0", "64.00", "270.00")
    assert boxes[-1] == ("75", "1", "64.00", "270.00")
    text = """<annotations><version>1.1</version><meta><task><source>a.mp4</source><stop_frame>99</stop_frame></task>
      </meta><track id="0" label="car"><box frame="0" xtl="1" ytl="2" xbr="3" ybr="4" outside="0" occluded="0"
      keyframe="1"/><box frame="5" xtl="1" ytl="2" xbr="3" ybr="4" outside="1"/><box frame="10" xtl="1" ytl="2" xbr="3"
      ybr="4" outside="0"/></track></annotations>"""
    assert read("cvat", text.encode()) == [(0, 200_000, "car 0", "car"), (400_000, 4_000_000, "car 0", "car")]


def test_via_s_documented_structure() -> None:
    project = json.loads(written("via", boxed(TIMELINE)))
    assert set(project) == {"project", "config", "attribute", "file", "metadata", "view"}
    assert project["file"]["1"] == {"fid": "1", "fname": STEADY.name, "type": 4, "loc": 1, "src": STEADY.name}
    first, *_, last = project["metadata"].values()
    assert first == {"vid": "1", "flg": 0, "z": [1.0, 3.0], "xy": [], "av": {"1": "Anna", "2": "smile & nod"}}
    assert last["xy"][:2] == [2, 64.0]
    plain = {
        "file": {"1": {"fname": "x.mp4"}}, "view": {"1": {"fid_list": ["1"]}},
        "attribute": {"1": {"aname": "TEMPORAL-SEGMENTS"}},
        "metadata": {"k": {"vid": "1", "flg": 0, "z": [2, 6.5], "xy": [], "av": {"1": "talk"}}},
    }  # fmt: skip
    assert read("via", json.dumps(plain).encode()) == [(2 * SECOND, 6_500_000, "Segment", "talk")]


def test_fiftyone_s_documented_structure() -> None:
    data = json.loads(written("fiftyone"))
    assert sorted(data) == ["classes", "labels"]
    assert list(data["labels"]) == [STEADY.stem]
    first = data["labels"][STEADY.stem][0]
    assert (data["classes"][first["label"]], first["support"], first["confidence"]) == ("smile & nod", [26, 75], 0.75)
    foreign = {"classes": None, "labels": {"x": [{"label": "a", "support": [10, 50], "confidence": 0.9},
                                                 {"label": "b", "timestamps": [1.5, 2]}]}}  # fmt: skip
    assert read("fiftyone", json.dumps(foreign).encode()) == [
        (9 * 40_000, 50 * 40_000, "Event", "a"), (1_500_000, 2 * SECOND, "Event", "b"),
    ]  # fmt: skip


def test_audacity_s_frequencies_are_passed_over() -> None:
    data = b"3.400000\t6.100000\tlabel\n\\\t100.0\t200.0\n7\t8\t\n"
    assert read("audacity", data) == [(3_400_000, 6_100_000, "Labels", "label"), (7 * SECOND, 8 * SECOND, "Labels", "")]


def test_no_foreign_reader_is_part_of_the_product() -> None:
    for name in ("pympi", "praatio", "opentimelineio", "pyannote"):
        assert f'"{name}' in Path("pyproject.toml").read_text("utf-8"), "it is one of those that the tests need"
        for file in Path("studio").rglob("*.py"):
            assert f"import {name}" not in file.read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "words\tAnn\t00:00:01.200\t00:00:05.678\t00:00:04.478\theard it\n",  # as ELAN exports it unless told otherwise
        "words\t\t1.2\t5.678\t4.478\theard it\n",
        "words\t1200\t5678\t4478\theard it\n",
        "words\tAnn\t00:00:01.200\t1.2\t00:00:05.678\t5.678\theard it\n",  # each time twice
        "Tier\tParticipant\tBegin\tEnd\tText\nwords\t\t00:00:01.200\t00:00:05.678\theard it\n",
        "words\t01\t00:00:01.200\t00:00:05.678\t00:00:04.478\theard it\n",  # a participant that is a number
        "words\t01\t1.2\t5.678\t4.478\theard it\n",
        "words\t01\t1200\t5678\t4478\theard it\n",
        "words\t7\t00:00:01.200\t1.2\t1200\t00:00:05.678\t5.678\t5678\theard it\n",
    ],
)
def test_tab_delimited_text_of_elan(text: str) -> None:
    assert read("elantext", text.encode()) == [(1_200_000, 5_678_000, "words", "heard it")]


@pytest.mark.parametrize("begin", ["10000001", "10000001.0", " 10000001 "])
def test_a_table_in_milliseconds_may_be_of_many_hours(begin: str) -> None:
    reader = FORMATS["csv"].read
    assert reader
    text = f"Tier\tBegin Time - msec\tEnd Time - msec\tAnnotation\ngesture\t{begin}\t10001000\twave\n"
    (part,) = reader(text.encode(), "x.tsv")
    assert [(mark.start, mark.end) for mark in part.marks] == [(10_000_001_000, 10_001_000_000)]
    (part,) = reader(text.replace("10001000", "10000000001").encode() + b"gesture\t1\t2\tx\n", "x.tsv")
    assert [(mark.start, mark.end) for mark in part.marks] == [(1_000, 2_000)]
    assert "is not a time in milliseconds" in " ".join(part.problems)
