"""One contract over all readers: a bad or unknown element costs only itself, and is said; the rest is read."""

import copy
import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from xml.etree import ElementTree

import pytest

from studio.errors import FormatError
from studio.formats import FORMATS, Format, archive, place
from studio.timeline import Annotation, Segment, Timeline
from tests.formats.conftest import STEADY
from tests.formats.test_hostile import places_in

READERS = [f for f in FORMATS.values() if f.read]
S = 1_000_000
NOUN = re.compile(r"cannot be read|left out|without any length|outside|cut there|no readable time|in the middle")
GOOD = Annotation("a", Segment(5 * S, 10 * S), "Ann", "SPEAKING_AUDIBLE", "kept")
OTHER = Annotation("b", Segment(15 * S, 20 * S), "Bob", "SPEAKING_NOT_AUDIBLE", "lost")
FACES = {who: tuple((t * S, 0.1, 0.1, 0.5, 0.5) for t in seconds)
         for who, seconds in (("Ann", range(5, 10)), ("Bob", range(15, 20)))}  # fmt: skip


def file_of(form: Format, *annotations: Annotation) -> bytes:
    boxes = {a.track: FACES[a.track] for a in annotations} if form.holds.boxes else {}
    assert form.write
    if form.holds.lines == "alone":
        lines = tuple((a.segment.start, a.segment.end, a.label) for a in annotations)
        return form.write([Timeline(STEADY, lines=lines)])
    return form.write([Timeline(STEADY, annotations, {a.id: 0.5 for a in annotations}, boxes)])


def taken(form: Format, data: bytes) -> tuple[list[tuple[int, int]], str]:
    """The times of what is read, and everything that is said about the rest."""
    assert form.read
    placed = [place(part, STEADY) for part in form.read(data, f"SPEAKING_AUDIBLE{form.extension}")]
    found = sorted((m.start, m.end) for each in placed for m in (*each.marks, *each.lines))
    return found, " ".join(problem for each in placed for problem in each.problems)


# ---------------------------------------------------------------- what is bad

JUNK = (None, True, -7, 10**15, float("nan"), float("-inf"), "zzz", "", [], {}, [None], {"zzz": 1})
IN_XML = {  # format → where its second segment is
    "elan": "TIER[@TIER_ID='Bob']", "cvat": "track[@label='SPEAKING_NOT_AUDIBLE']",
    "premiere": "sequence/marker[2]", "fcpxml": ".//marker[2]",
}  # fmt: skip
WORDS = ("zzz", "", "-7", "1e99", "NaN", '"', "\N{SNOWMAN}")


def broken(form: Format) -> Iterator[tuple[str, bytes]]:
    """Files whose second segment is damaged in one place each, with a word on where."""
    one, both = file_of(form, GOOD), file_of(form, GOOD, OTHER)
    if form.media_type == "application/json":
        yield from _json(json.loads(one), json.loads(both))
    elif form.name in IN_XML:
        yield from _xml(ElementTree.fromstring(both), IN_XML[form.name], form.name)
    elif form.extension == ".zip":
        before, files = archive.unpack(one), archive.unpack(both)
        for name in (name for name in files if name not in before and not name.endswith(".annotation")):
            for where, data in _lines(b"", files[name]):
                yield f"{name}, {where}", archive.pack({**files, name: data})
    else:
        yield from _lines(one, both)


def _json(one: Any, both: Any) -> Iterator[tuple[str, bytes]]:
    before = set(places_in(one))
    shared = {"framesCount", "duration", "meta"}
    for way in places_in(both):
        if way in before or shared & set(map(str, way)):
            continue
        value = _at(both, way)
        names = isinstance(_at(both, way[:-1]), list) or way[-1] in ("SPEAKING_NOT_AUDIBLE",)
        # an empty list, or one entry less, is a file that says less, and no damage
        for junk in (*(junk for junk in JUNK if junk != [] or not isinstance(value, list)), *[...] * (not names)):
            document = copy.deepcopy(both)
            holder = _at(document, way[:-1])
            if junk is ...:
                del holder[way[-1]]
            else:
                holder[way[-1]] = junk
            yield f"{way} = {junk}", json.dumps(document).encode()


def _at(document: Any, way: tuple[Any, ...]) -> Any:
    for key in way:
        document = document[key]
    return document


def _xml(both: ElementTree.Element, path: str, name: str) -> Iterator[tuple[str, bytes]]:
    slots = ["TIME_ORDER/TIME_SLOT[3]", "TIME_ORDER/TIME_SLOT[4]"] if name == "elan" else []
    for where in (path, *slots):
        for place_of in range(len(list(_found(both, where).iter()))):
            for change in (None, *list(_found(both, where).iter())[place_of].keys()):
                for word in WORDS[:-2]:
                    document = copy.deepcopy(both)
                    element = list(_found(document, where).iter())[place_of]
                    if change is None:
                        element.tag, element.text = ("zzz", element.text) if word == "zzz" else (element.tag, word)
                    elif word:
                        element.set(change, word)
                    else:
                        del element.attrib[change]
                    yield f"{where} {element.tag} {change} = {word}", ElementTree.tostring(document)


def _found(root: ElementTree.Element, path: str) -> ElementTree.Element:
    found = root.find(path)
    assert found is not None
    return found


def _lines(one: bytes, both: bytes) -> Iterator[tuple[str, bytes]]:
    before, lines = one.decode().splitlines(keepends=True), both.decode().splitlines(keepends=True)
    first = next(k for k, line in enumerate(lines) if k >= len(before) or line != before[k])
    first = next(
        (k for k, line in enumerate(lines) if "item [2]" in line), first
    )  # of a TextGrid, whose head has counts
    own = [k for k in range(first, len(lines)) if lines[k] not in before and lines[k].strip()]
    for k in own:
        if len(own) > 4:  # of a format whose elements have several lines
            yield f"no line {k}", "".join(lines[:k] + lines[k + 1 :]).encode()
        pieces = re.split(r"([^\s,;:#>-]+)", lines[k])
        for n in range(1, len(pieces), 2):
            for word in WORDS:
                changed = "".join((*pieces[:n], word, *pieces[n + 1 :]))
                if not changed.strip():
                    continue  # an empty label
                yield f"line {k}: {changed!r}", "".join((*lines[:k], changed, *lines[k + 1 :])).encode()


@pytest.mark.parametrize("form", READERS, ids=lambda f: f.name)
def test_what_is_bad_costs_itself_and_is_said(form: Format) -> None:
    whole, _ = taken(form, file_of(form, GOOD, OTHER))
    good, _ = taken(form, file_of(form, GOOD))
    assert len(whole) == 2 and len(good) == 1, "the rest of this test needs both"
    tried = 0
    for where, data in broken(form):
        tried += 1
        try:
            found, said = taken(form, data)
        except FormatError as error:
            pytest.fail(f"{where}: the whole file is given up: {error}")
        kept = good[0] in found if form.holds.ends else good[0][0] in [start for start, _ in found]
        assert kept, f"{where}: what is right is lost too; {said}"
        assert len(found) >= 2 or NOUN.search(said), f"{where}: something is lost without a word"
    assert tried >= 10


# ---------------------------------------------------------------- what is unknown

EAF = ("<ANNOTATION_DOCUMENT><TIME_ORDER><TIME_SLOT TIME_SLOT_ID='a' TIME_VALUE='5000'/><TIME_SLOT TIME_SLOT_ID='b' "
       "TIME_VALUE='10000'/></TIME_ORDER><TIER TIER_ID='t'><ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID='1' "
       "TIME_SLOT_REF1='a' TIME_SLOT_REF2='b'{0}><ANNOTATION_VALUE>x</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION>"
       "</ANNOTATION>{1}</TIER>{2}</ANNOTATION_DOCUMENT>")  # fmt: skip
CVAT = ("<annotations><meta><task><stop_frame>999</stop_frame></task></meta><track id='0' label='x'{0}><box "
        "frame='125' outside='0' xtl='1' ytl='1' xbr='9' ybr='9'{1}/>{2}<box frame='250' outside='1' xtl='1' ytl='1' "
        "xbr='9' ybr='9'/></track>{3}</annotations>")  # fmt: skip
GRID = ('File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n50\n<exists>\n2\n'
        '"IntervalTier"\n"t"\n0\n50\n1\n5\n10\n"x"\n{0}')  # fmt: skip
TURN = b"SPEAKER v 1 5 5 <NA> <NA> t <NA> <NA>\n"
SPOKEN = b"v 1 5 5 x 0.5\n"
CUE = b"1\n00:00:05,000 --> 00:00:10,000\nx\n\n"
ASS = b"[Script Info]\n\n[V4+ Styles]\nStyle: bad\n\n[Events]\nDialogue: 0,0:00:05.00,0:00:10.00,Default,,0,0,0,,x\n"
VTT = b"WEBVTT\n\n00:05.000 --> 00:10.000\nx\n\n"
LABEL = b"5\t10\tx\n"
ELAN_TEXT = b"t\t\t00:00:05.000\t00:00:10.000\t00:00:05.000\tx\n"
QUERY = b"v 5 10##x\n"
NATIVE = {"id": "a", "start_us": 5 * S, "end_us": 10 * S, "track": "t", "label": "x", "note": "", "source": "manual",
          "annotator": "", "version": 1}  # fmt: skip


def eaf(annotation: str) -> bytes:
    return EAF.format("", f"<ANNOTATION>{annotation}</ANNOTATION>", "").encode()


def cvat(shape: str) -> bytes:
    return CVAT.format("", "", "", f"<track id='1' label='y'>{shape}</track>").encode()


def activitynet(*more: Any, **top: Any) -> bytes:
    return json.dumps({"database": {"v": {"annotations": [{"segment": [5, 10], "label": "x"}, *more]}}, **top}).encode()


def native(*more: Any, **top: Any) -> bytes:
    head = {"format": "moment-studio", "version": 1, "video": "v", "duration_us": 50 * S}
    return json.dumps({**head, "annotations": [NATIVE, *more], **top}).encode()


def qvhighlights(**record: Any) -> bytes:
    good = {"qid": 1, "query": "x", "vid": "v", "relevant_windows": [[5, 10]]}
    return "\n".join(json.dumps(line) for line in (good, {**good, **record})).encode()


def didemo(**entry: Any) -> bytes:
    good = {"description": "x", "video": "v", "times": [[1, 1]]}
    return json.dumps([good, {**good, **entry}]).encode()


def tel(emotion: Any, **clip: Any) -> bytes:
    good = {"time": ["00:00:05.000-->00:00:10.000"]}
    return json.dumps({"film": {"clip": {"emo": {"x": good, "y": emotion}, **clip}}}).encode()


def labelstudio(*more: Any, **task: Any) -> bytes:
    good = {"type": "timelinelabels", "value": {"ranges": [{"start": 126, "end": 250}], "timelinelabels": ["x"]}}
    return json.dumps([{"data": {"video": "v"}, "annotations": [{"result": [good, *more]}], **task}]).encode()


def via(*more: Any, **project: Any) -> bytes:
    entries = [{"vid": "1", "z": [5, 10], "xy": [], "av": {"1": "x"}}, *more]
    return json.dumps({
        "file": {"1": {"fname": "v"}}, "view": {"1": {"fid_list": ["1"]}}, "attribute": {"1": {"aname": "label"}},
        "metadata": dict(enumerate(entries)), **project,
    }).encode()  # fmt: skip


def fiftyone(*more: Any, **top: Any) -> bytes:
    return json.dumps({"labels": {"v": [{"label": "x", "support": [126, 250]}, *more]}, **top}).encode()


def thumos(**files: str) -> bytes:
    lines = {name.replace("_txt", ".txt"): text.encode() for name, text in files.items()}
    return archive.pack({"x.txt": b"v 5 10\n", **lines})


def nova(lines: str = "", scheme: str = "", **more: bytes) -> bytes:
    head = f"<annotation><scheme name='t' type='DISCRETE'><item id='0' name='x'/></scheme>{scheme}</annotation>"
    return archive.pack({"t.annotation": head.encode(), "t.annotation~": b"5;10;0;1\n" + lines.encode(), **more})


def table(row: str, column: str = "") -> bytes:
    return f"label,start,end,score{column}\nx,5,10,{column and ','}\n{row}\n".encode()


def ava(row: str, column: str = "") -> bytes:
    head = "video_id,frame_timestamp,entity_box_x1,entity_box_y1,entity_box_x2,entity_box_y2,label,entity_id"
    good = "\n".join(f"v,{5 + n / 4},0,0,1,1,SPEAKING_AUDIBLE,t" for n in range(20))
    return f"{head}{column}\n{good}\n{row}\n".encode()


def boris(*more: Any, **project: Any) -> bytes:
    good = [[5, "t", "x", "", ""], [10, "t", "x", "", ""]]
    return json.dumps({
        "behaviors_conf": {}, "observations": {"o": {"file": {"1": ["v"]}, "events": [*good, *more]}}, **project,
    }).encode()  # fmt: skip


def otio(*more: Any, **of_clip: Any) -> bytes:
    def stretch(first: int, frames: int) -> Any:
        return {key: {"value": n, "rate": 25} for key, n in (("start_time", first), ("duration", frames))}

    markers = [{"name": "x", "marked_range": stretch(125, 125)}, *more]
    media = {"target_url": "v", "available_range": stretch(0, 9_999)}
    clip = {"OTIO_SCHEMA": "Clip.2", "media_references": {"DEFAULT_MEDIA": media}, "markers": markers, **of_clip}
    tracks = {"children": [{"OTIO_SCHEMA": "Track.1", "children": [clip]}]}
    return json.dumps({"OTIO_SCHEMA": "Timeline.1", "tracks": tracks}).encode()


def otio_range(start: Any, frames: int = 5) -> Any:
    return {"start_time": {"value": start, "rate": 25}, "duration": {"value": frames, "rate": 25}}


def premiere(more: str) -> bytes:
    rate, ours = "<rate><timebase>25</timebase></rate>", "<marker><name>x</name><in>125</in><out>250</out></marker>"
    clip = f"<clipitem>{rate}<start>0</start><in>0</in><out>9999</out><file id='f'><name>v</name></file></clipitem>"
    media = f"<media><video><track>{clip}</track></video></media>"
    return f"<!DOCTYPE xmeml><xmeml><sequence>{rate}{media}{ours}{more}</sequence></xmeml>".encode()


def fcpxml(more: str) -> bytes:
    media = "<asset id='r2' src='v' duration='400s' format='r1'/>"
    resources = f"<resources><format id='r1' frameDuration='1/25s'/>{media}</resources>"
    clip = f"<asset-clip ref='r2' duration='400s'><marker start='5s' duration='5s' value='x'/>{more}</asset-clip>"
    return f"<!DOCTYPE fcpxml><fcpxml>{resources}<spine>{clip}</spine></fcpxml>".encode()


def edl(more: str, code: str = "00:00:01:00 00:00:02:00") -> bytes:
    good = "001  AX V C 00:00:05:00 00:00:10:00 00:00:00:00 00:00:05:00\n* COMMENT: t: x\n"
    return (
        f"TITLE: v\nFCM: NON-DROP FRAME\n\n{good}{more.format(f'002  AX V C {code} 00:00:05:00 00:00:06:00')}".encode()
    )


SORTS = ("element", "field", "range", "time", "type")
# the sort of what is unknown or wrong → a file with one such thing, and what must be said about it; "" where the format
# knows no such thing: lines without names have no fields, and cues no ranges
UNKNOWN: dict[str, dict[str, tuple[bytes, str]]] = {
    "json": {
        "element": (native(weather={}), ""),
        "field": (native({**NATIVE, "colour": 1}), "colour"),
        "range": (native({**NATIVE, "id": "b", "score": 7}), "1 confidence value"),
        "time": (native({k: v for k, v in NATIVE.items() if k != "start_us"}), "1 item cannot be read"),
        "type": (native({**NATIVE, "label": 5}), "1 item cannot be read"),
    },
    "csv": {
        "element": (table("y,1"), "Line 3 of this CSV has 2 cells"),
        "field": (table("y,1,2,,z", ",colour"), "colour"),
        "range": (table("y,1,2,7"), "1 confidence value"),
        "time": (table("y,,2,"), "1 item cannot be read"),
        "type": (table("y,soon,2,"), "'soon' is not a time"),
    },
    "activitynet": {
        "element": (activitynet("x"), "1 item cannot be read"),
        "type": (activitynet({"segment": 5, "label": "x"}), "1 item"),
        "field": (activitynet({"segment": [1, 2], "label": "y", "colour": 1}, weather=1), "weather and colour"),
        "range": (activitynet({"segment": [2, 1], "label": "y"}), "1 segment without any length"),
        "time": (activitynet({"label": "y"}), "1 item cannot be read"),
    },
    "charades": {
        "element": (QUERY + b"hello\n", "Line 2 does not read"),
        "field": (b"", ""),
        "range": (QUERY + b"v 99 100##y\n", "1 segment outside the video"),
        "time": (QUERY + b"v 5##y\n", "1 item cannot be read"),
        "type": (QUERY + b"v a b##y\n", "'a' is not a time"),
    },
    "qvhighlights": {
        "element": (qvhighlights(relevant_windows=["x"]), "1 item cannot be read"),
        "field": (qvhighlights(colour=1, saliency_scores=[]), "list of saliency ratings is left out. The field colour"),
        "range": (qvhighlights(relevant_windows=[[5, 10, 7]]), "1 confidence value"),
        "time": (qvhighlights(relevant_windows=[[5]]), "1 item cannot be read"),
        "type": (qvhighlights(relevant_windows=[["x", 1]]), "1 item cannot be read"),
    },
    "didemo": {
        "element": (didemo(times=["x"]), "1 item cannot be read"),
        "field": (didemo(colour=1), "colour"),
        "range": (didemo(times=[[99, 99]]), "1 segment outside"),
        "time": (didemo(times=[[1]]), "1 item"),
        "type": (didemo(times=[["a", "b"]]), "1 item"),
    },
    "thumos": {
        "element": (thumos(readme="hello"), "1 file of the archive without the ending .txt"),
        "field": (b"", ""),
        "range": (thumos(y_txt="v 10 5\n"), "1 segment without any length"),
        "time": (thumos(y_txt="v 5\n"), "1 item"),
        "type": (thumos(y_txt="v a b\n"), "1 item cannot be read"),
    },
    "tel": {
        "element": (tel(3), "1 emotion without times"),
        "field": (tel({"time": [], "colour": 1}, weather=1), "weather and colour"),
        "range": (tel({"time": ["00:00:10.000-->00:00:05.000"]}), "1 segment without any length"),
        "time": (tel({"dialog": []}, dialog=["words"]), "1 list of what is said"),
        "type": (tel({"time": [5]}), "1 item"),
    },
    "ava": {
        "element": (ava("v,1,0,0,1,1,SINGING,t"), "1 item"),
        "field": (
            ava("v,9.9,0,0,1,1,NOT_SPEAKING,u,0.5", ",score,colour"),
            "score of a face and time is left out. The field colour",
        ),
        "range": (ava("v,9,2,2,3,3,NOT_SPEAKING,u"), "1 box without an area in the picture"),
        "time": (ava("v,,0,0,1,1,NOT_SPEAKING,t"), "1 item"),
        "type": (ava("v,x,0,0,1,1,NOT_SPEAKING,t"), "'x' is not a time"),
    },
    "rttm": {
        "element": (TURN + b"LEXEME v 1 5 5 a\n", "1 line of other types"),
        "field": (TURN + b"SPEAKER v 1 a b c d e f g h\n", "has 11 fields"),
        "range": (TURN + b"SPEAKER v 1 1 1 <NA> <NA> t 7 <NA>\n", "1 confidence value"),
        "time": (TURN + b"SPEAKER v 1 <NA> 1 <NA> <NA> t <NA> <NA>\n", "1 item"),
        "type": (TURN + b"SPEAKER v 1 a b <NA> <NA> t <NA> <NA>\n", "1 item"),
    },
    "ctm": {
        "element": (SPOKEN + b"hello\n", "Line 2 has 1 fields"),
        "field": (SPOKEN + b"v 1 20 5 y 0.5 lex\n", "Line 2 has 7 fields"),
        "range": (SPOKEN + b"v 1 20 5 y 7\n", "1 confidence value"),
        "time": (SPOKEN + b"v 1 <NA> 1 y NA\n", "1 item cannot be read"),
        "type": (SPOKEN + b"v 1 -3 1 y NA\n", "a time before 0"),
    },
    "elan": {
        "element": (EAF.format("", "", "<WEATHER/>").encode(), "1 <WEATHER> element is left out"),
        "field": (EAF.format(" COLOUR='red'", "", "").encode(), "ALIGNABLE_ANNOTATION/COLOUR is left out"),
        "range": (
            eaf("<ALIGNABLE_ANNOTATION ANNOTATION_ID='2' TIME_SLOT_REF1='b' TIME_SLOT_REF2='a'/>"),
            "1 segment without any length",
        ),
        "time": (eaf("<ALIGNABLE_ANNOTATION ANNOTATION_ID='2'/>"), "1 item"),
        "type": (eaf("<REF_ANNOTATION ANNOTATION_ID='2' ANNOTATION_REF='9'/>"), "1 item cannot be read"),
    },
    "textgrid": {
        "element": (
            GRID.format('"TextTier"\n"p"\n0\n50\n1\n70\n"y"\n').encode(),
            "1 segment without any length is left out",
        ),
        "field": (GRID.format('"ColourTier"\n"p"\n0\n50\n0\n').encode(), "A tier is of a kind that is not known"),
        "range": (GRID.format('"IntervalTier"\n"p"\n0\n50\n1\n60\n70\n"y"\n').encode(), "1 segment outside the video"),
        "time": (GRID.format('"IntervalTier"\n"p"\n0\n50\n1\n60\n"y"\n').encode(), "1 item cannot be read"),
        "type": (GRID.format('"IntervalTier"\n"p"\n0\n50\n1\n"a"\n"b"\n"y"\n').encode(), "items cannot be read"),
    },
    "nova": {
        "element": (nova(weather=b"x"), "1 other file of the archive"),
        "field": (nova("1;2;0;1;colour=red\n"), "colour"),
        "range": (nova("1;2;0;7\n"), "1 confidence value"),
        "time": (nova("1;0\n"), "1 item"),
        "type": (nova("a;b;0;1\n", "<weather/>"), "1 <weather> element is left out"),
    },
    "srt": {
        "element": (CUE + b"2\nlost\n\n", "1 cue has no readable time"),
        "field": (b"", ""),
        "range": (CUE + b"2\n00:00:05,000 --> 00:00:04,000\ny\n", "1 cue without any length"),
        "time": (CUE + b"2\n --> 00:00:04,000\ny\n", "1 cue has no readable time"),
        "type": (CUE + b"2\na --> b\ny\n", "1 cue has no readable time"),
    },
    "vtt": {
        "element": (VTT + b"name\nlost\n\n", "1 cue has no readable time"),
        "field": (b"", ""),
        "range": (VTT + b"00:05.000 --> 00:04.000\ny\n", "1 segment without any length"),
        "time": (VTT + b" --> 00:04.000\ny\n", "1 cue has no readable time"),
        "type": (VTT + b"a --> b\ny\n", "1 cue has no readable time"),
    },
    "ass": {
        "element": (ASS + b"zzz: 0,0:00:05.00\n", "1 unreadable event is left out"),
        "field": (b"", ""),
        "range": (ASS + b"Dialogue: 0,0:00:05.00,0:00:04.00,Default,,0,0,0,,y\n", "1 cue without any length"),
        "time": (ASS + b"Dialogue: 0,,0:00:04.00,Default,,0,0,0,,y\n", "1 unreadable event is left out"),
        "type": (ASS + b"Dialogue: 0,0:00:03.00,0:00:04.00,Default,,0,0,0,,{\\p1}m 0 0\n", "1 drawing is left out"),
    },
    "labelstudio": {
        "element": (labelstudio({"type": "choices", "value": {"choices": ["a"]}}), "1 result of type “choices”"),
        "field": (labelstudio({"colour": 1, "value": {"ranges": [], "hue": 1}}, weather=1), "weather, colour and hue"),
        "range": (labelstudio({"value": {"ranges": [{"start": 10, "end": 5}]}}), "1 segment without any length"),
        "time": (labelstudio({"value": {"ranges": [{"start": 10}]}}), "1 item"),
        "type": (labelstudio({"value": {"ranges": [{"start": "a", "end": 5}]}}), "1 item"),
    },
    "cvat": {
        "element": (CVAT.format("", "", "<star frame='130'/>", "<image/>").encode(), "1 <star> element is left out"),
        "field": (CVAT.format(" colour='red'", "", "", "").encode(), "track/colour is left out"),
        "range": (cvat("<box frame='9999' xtl='1' ytl='1' xbr='9' ybr='9'/>"), "1 segment outside the video"),
        "time": (CVAT.format("", "", "<box xtl='1' ytl='1' xbr='9' ybr='9'/>", "").encode(), "1 item"),
        "type": (cvat("<polygon frame='130' points='1,1;2,2'/>"), "1 shape other than boxes"),
    },
    "via": {
        "element": (
            via({"vid": "1", "z": [6], "xy": [3, 1, 1], "av": {}}),
            "1 region, neither segments nor rectangles",
        ),
        "field": (via({"vid": "1", "z": [1, 2], "av": {}, "colour": 1}, weather=1), "weather and colour"),
        "range": (via({"vid": "1", "z": [2, 1], "av": {"1": "y"}}), "1 segment without any length"),
        "time": (via({"vid": "1", "av": {"1": "y"}}), "1 item"),
        "type": (via({"vid": "1", "z": ["a", 1], "av": {}}), "1 item"),
    },
    "fiftyone": {
        "element": (fiftyone("x"), "1 item"),
        "field": (fiftyone({"label": "y", "support": [1, 9], "colour": 1}, top=1), "top and colour"),
        "range": (fiftyone({"label": "y", "support": [1, 9], "confidence": 7}), "1 confidence value"),
        "time": (fiftyone({"label": "y"}), "1 item"),
        "type": (fiftyone({"label": "y", "support": ["a", 9]}), "1 item"),
    },
    "audacity": {
        "element": (LABEL + b"\\\t100\t200\n", "1 range of frequencies"),
        "field": (b"", ""),
        "range": (LABEL + b"10\t5\ty\n", "1 segment without any length"),
        "time": (LABEL + b"y\n", "Line 2 does not read"),
        "type": (LABEL + b"a\tb\ty\n", "'a' is not a time"),
    },
    "elantext": {
        "element": (ELAN_TEXT + b"words\n", "does not read TIER, BEGIN, END"),
        "field": (b"", ""),
        "range": (ELAN_TEXT + b"t\t\t00:00:10.000\t00:00:05.000\t0\ty\n", "1 segment without any length"),
        "time": (ELAN_TEXT + b"t\t\t00:00:10.000\ty\n", "does not read TIER, BEGIN, END"),
        "type": (ELAN_TEXT + b"t\t\tsoon\tlater\t\ty\n", "does not read TIER, BEGIN, END"),
    },
    "edl": {
        "element": (edl("M2   AX  048.0  00:00:05:00\n"), "1 line, neither events nor comments, is left out"),
        "field": (edl("* LOC: 00:00:01:00 RED here\n"), "1 locator is left out"),
        "range": (edl("{}\n", "00:00:09:00 00:00:02:00"), "1 segment without any length"),
        "time": (edl("002  AX V C 00:00:05:00\n"), "1 item cannot be read"),
        "type": (edl("{}\n", "zz:00:09:00 00:00:02:00"), "1 item cannot be read"),
    },
    "boris": {
        "element": (boris(["x"]), "1 item cannot be read"),
        "field": (boris(weather=1), "weather"),
        "range": (boris([90, "t", "y", "", ""], [91, "t", "y", "", ""]), "1 segment outside the video"),
        "time": (boris([7, "t", "y", "", ""]), "1 state that nobody ended is left out"),
        "type": (boris(["soon", "t", "y", "", ""]), "'soon' is not a time"),
    },
    "chapters": {
        "element": (b"0:05 x\nMusic by zzz\n0:10 y\n", "1 line without a chapter is left out"),
        "field": (b"", ""),
        "range": (b"0:05 x\n0:10 y\n2:00 z\n", "1 segment outside the video"),
        "time": (b"0:05 x\nzzz y\n0:10 z\n", "1 line without a chapter"),
        "type": (b"0:05 x\n0:zz y\n0:10 z\n", "1 line without a chapter"),
    },
    "otio": {
        "element": (otio(effects=[{"OTIO_SCHEMA": "LinearTimeWarp.1"}]), "1 effect is left out"),
        "field": (otio({"marked_range": otio_range(5), "metadata": {"moment_studio": {"colour": 1}}}), "colour"),
        "range": (otio({"marked_range": otio_range(9_000)}), "1 segment outside the video"),
        "time": (otio({"name": "y"}), "1 item cannot be read"),
        "type": (otio({"marked_range": otio_range("soon")}), "'soon' is not a number"),
    },
    "premiere": {
        "element": (premiere("<weather/>"), "1 <weather> element is left out"),
        "field": (premiere("<marker><in>1</in><out>2</out><colour>red</colour></marker>"), "colour"),
        "range": (premiere("<marker><in>9000</in><out>9001</out></marker>"), "1 segment outside the video"),
        "time": (premiere("<marker><out>2</out></marker>"), "1 item cannot be read"),
        "type": (premiere("<marker><in>soon</in><out>2</out></marker>"), "'soon' is not a whole number"),
    },
    "fcpxml": {
        "element": (fcpxml("<weather/>"), "1 <weather> element is left out"),
        "field": (fcpxml("<marker start='1s' value='y' colour='red'/>"), "colour"),
        "range": (fcpxml("<marker start='90s' value='y'/>"), "1 segment outside the video"),
        "time": (fcpxml("<marker value='y'/>"), "1 item cannot be read"),
        "type": (fcpxml("<marker start='soon' value='y'/>"), "'soon' is not a time"),
    },
}


def test_every_reader_is_tried_with_every_sort() -> None:
    assert set(UNKNOWN) == {form.name for form in READERS}
    assert all(set(sorts) == set(SORTS) for sorts in UNKNOWN.values())


@pytest.mark.parametrize(
    ("name", "sort"), [(name, sort) for name, sorts in UNKNOWN.items() for sort in SORTS if sorts[sort][0]]
)
def test_what_is_unknown_is_named_or_counted_and_the_rest_is_read(name: str, sort: str) -> None:
    data, told = UNKNOWN[name][sort]
    found, said = taken(FORMATS[name], data)
    assert (5 * S, 10 * S) in [(start, min(end, 10 * S)) for start, end in found], said
    assert told in said and NOUN.search(said), said


def test_a_file_of_which_nothing_can_be_read_is_refused_by_the_first_reason() -> None:
    with pytest.raises(FormatError, match=r"^Line 1: 'a' is not a time in seconds"):
        taken(FORMATS["audacity"], b"a\tb\tx\nc\td\ty\n")


@pytest.mark.parametrize(
    "bad",
    [
        '{"segment": [5, 10], "label": "a", "label": "b"}',
        '{"segment": [NaN, 10], "label": "y"}',
        '{"segment": [5, Infinity], "label": "y"}',
        '{"segment": [5, 1e999], "label": "y"}',
    ],
)
def test_what_json_forbids_costs_the_element_that_has_it(bad: str) -> None:
    text = activitynet(77).decode().replace("77", bad)
    found, said = taken(FORMATS["activitynet"], text.encode())
    assert found == [(5 * S, 10 * S)] and "1 item cannot be read" in said
    scored = activitynet({"segment": [5, 10], "label": "y", "score": float("nan")})
    assert "1 confidence value outside 0 to 1" in taken(FORMATS["activitynet"], scored)[1]


@pytest.mark.parametrize("form", [f for f in READERS if f.extension == ".json"], ids=lambda f: f.name)
def test_a_key_that_stands_twice_is_never_passed_over(form: Format) -> None:
    """Wherever it is in what is annotated: the object that has it is left out, or the file refused for it."""
    text = file_of(form, GOOD, OTHER).decode()
    before = taken(form, text.encode())
    begin = text.index('"metadata"') if form.name == "via" else 0  # before that it says how the project is shown
    pairs = list(re.finditer(r'"[a-z_]+": (?:"[^"]*"|-?[\d.]+)(?=[,\s])', text))
    for match in (match for match in pairs if match.start() >= begin):
        doubled = f"{text[: match.end()]}, {match.group()}{text[match.end() :]}"
        try:
            assert taken(form, doubled.encode()) != before, match.group()
        except FormatError as error:
            assert "twice" in str(error)
    assert pairs or form.name == "tel"  # which has lists only


def test_a_large_file_of_another_kind_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count(1)
    monkeypatch.setattr("studio.formats.reading.lines_of", lambda data: ((n, "SPEAKER nonsense") for n in numbers))
    with pytest.raises(FormatError, match="Line 1 has 2 fields"):
        taken(FORMATS["rttm"], b"")
    assert next(numbers) < 2_000


def test_notes_stay_short_whatever_a_file_holds() -> None:
    colours = {f"colour {n}" * 50: 1 for n in range(5_000)}
    _, said = taken(FORMATS["activitynet"], activitynet({"segment": [1, 2], "label": "y", **colours}))
    assert len(said) < 600 and "more" in said
    _, said = taken(FORMATS["elan"], EAF.format("", "", "".join(f"<E{n}/>" for n in range(5_000))).encode())
    assert said.count(".") < 50 and "4960 other elements are left out." in said


FREE = {"boxes", "attributes", "database", "labels", "metadata", "options", "av", "data", "emo", "meta"}
DESCRIBED = {"project", "config", "file", "view", "attribute"}  # of a VIA project, beside what is annotated


@pytest.mark.parametrize("form", [f for f in READERS if f.extension == ".json"], ids=lambda f: f.name)
def test_every_object_of_a_json_file_is_looked_through(form: Format) -> None:
    """A name that nobody knows is named wherever it stands, but among names that people give."""
    whole = json.loads(file_of(form, GOOD, OTHER))
    tried = 0
    for way in [(), *places_in(whole)]:
        document = copy.deepcopy(whole)
        holder = _at(document, way)
        given = bool(way) and (way[-1] in FREE or way[0] in DESCRIBED)
        if isinstance(holder, dict) and not given and not (form.name == "tel" and len(way) < 2):
            holder["zzz"] = 1
            _, said = taken(form, json.dumps(document).encode())
            assert "zzz" in said, f"{way}: {said}"
            tried += 1
    assert tried >= 2
