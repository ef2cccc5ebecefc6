"""Imports as people do them: seen before, changed on the way, added as one, taken back as one."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from studio.errors import FormatError, NotFound, StoreError, UsageError
from studio.formats import FORMATS, native
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.exchange.exchange import ImportOptions, listed
from studio.store import imports, runs, transcripts
from studio.store.database import READERS
from studio.store.runs import insert as add_run
from studio.timeline import ON_SCREEN, Cue, ModelRun, Prediction, Segment, Word, us


@pytest.fixture
def video(studio: Studio, clips: dict[str, Path]) -> str:
    return str(studio.videos.add(clips["bikes"])["id"])


def file_of(**videos: list[tuple[float, float, str]]) -> bytes:
    """ActivityNet's."""
    entries = {
        video: {"annotations": [{"segment": [a, b], "label": label} for a, b, label in found]}
        for video, found in videos.items()
    }
    return json.dumps({"database": entries}).encode()


GOOD = file_of(bikes=[(0.5, 2, "ride"), (3, 4, "ride"), (4, 4, "stop")], other=[(0, 1, "x")])


def test_a_preview_says_everything_and_changes_nothing(studio: Studio, video: str) -> None:
    shown = studio.exchange.preview(GOOD, "val.json")
    assert shown == {
        "file": "val.json", "format": "activitynet", "kind": "annotations",
        "parts": [
            {"name": "bikes", "video": {"id": video, "name": "bikes.mp4"},
                 "rule": "by its name without the ending", "likely": [], "segments": 2, "boxes": 0,
             "problems": ["1 segment without any length is left out."]},
            {"name": "other", "video": None, "rule": "", "likely": [], "segments": 1, "boxes": 0, "problems": [
                "There is no video “other” in the library; choose the one that is meant, or add it."]},
        ],
        "tracks": [{"name": "Activity", "to": "Activity", "segments": 2}],
        "labels": [{"name": "ride", "to": "ride", "segments": 2}],
        "segments": 2, "already": 0, "different": 0, "choice": "keep", "changed": 0, "differences": [],
        "objects": 0, "boxes": 0, "curves": 0, "lines": 0, "lines_already": 0, "cameras": 0, "confidence": 0,
        "problems": ["1 of 2 videos of this file is not in the library, and left out."],
        "sample": [
            {"video": video, "track": "Activity", "label": "ride", "start": 0.5, "end": 2.0},
            {"video": video, "track": "Activity", "label": "ride", "start": 3.0, "end": 4.0},
        ],
        "columns": [], "fps": None,
    }  # fmt: skip
    assert studio.timelines.annotations(video) == []
    assert studio.exchange.imports() == []


def test_an_import_is_one_action_to_take_back(studio: Studio, video: str) -> None:
    plan = ImportOptions(labels={"ride": "cycling"}, tracks={"Activity": "Sports"}, videos={"other": video})
    done = studio.exchange.apply(GOOD, "val.json", None, plan, "ann")
    found = studio.timelines.annotations(video)
    assert [(a.track, a.label, a.source, a.annotator) for a in found] == [
        ("Sports", "x", "import", "ann"), ("Sports", "cycling", "import", "ann"), ("Sports", "cycling", "import", "ann")
    ]  # fmt: skip
    (kept,) = studio.exchange.imports()
    assert (kept["id"], kept["file"], kept["annotations"], kept["undone"]) == (done["import"], "val.json", 3, None)
    changed = {"edit_id": "e", "op": "update", "id": found[0].id, "base_version": 1, "track": "Sports", "label": "y",
               "start": 0, "end": 1}  # fmt: skip
    assert studio.timelines.save(video, [changed], "bob")["results"][0]["ok"]
    assert studio.exchange.undo(done["import"], "ann") == {"removed": 2, "kept": 1}
    assert [a.label for a in studio.timelines.annotations(video)] == ["y"]
    assert len(studio.timelines.history(found[1].id)) == 2  # nothing is ever forgotten: the deletion is a revision
    with pytest.raises(UsageError, match="undone already"):
        studio.exchange.undo(done["import"])
    with pytest.raises(NotFound, match="no import"):
        studio.exchange.undo("nope")


def test_importing_twice_adds_nothing_the_second_time(studio: Studio, video: str) -> None:
    studio.exchange.apply(GOOD, "val.json")
    assert studio.exchange.preview(GOOD, "val.json")["already"] == 2
    with pytest.raises(UsageError, match="already"):
        studio.exchange.apply(GOOD, "val.json")
    assert len(studio.timelines.annotations(video)) == 2


def test_two_people_importing_one_file_at_once_add_it_once(studio: Studio, video: str) -> None:
    many = file_of(bikes=[(n / 100, n / 100 + 0.5, f"label {n}") for n in range(300)])
    together, answers = threading.Barrier(4), list[str]()

    def apply() -> None:
        together.wait()
        try:
            answers.append(str(studio.exchange.apply(many, "val.json")["segments"]))
        except UsageError as error:
            answers.append(str(error))

    people = [threading.Thread(target=apply) for _ in range(4)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert len(studio.timelines.annotations(video)) == 300
    assert sorted(answers) == ["300", *["Everything in this file is in the library already."] * 3]
    assert len(studio.exchange.imports()) == 1


AVA = "\n".join(f"bikes,{n / 10},0.1,0.2,0.3,0.4,{'NOT_' * (n > 4)}SPEAKING{'_AUDIBLE' * (n < 5)}," for n in range(10))


def test_importing_boxes_twice_adds_nothing_the_second_time(studio: Studio, video: str) -> None:
    file = AVA.encode()
    first = studio.exchange.apply(file, "bikes.csv", "ava")
    assert (first["segments"], first["parts"][0]["boxes"]) == (1, 1)
    with pytest.raises(UsageError, match="already"):
        studio.exchange.apply(file, "bikes.csv", "ava")
    silent = file.replace(b"SPEAKING_AUDIBLE", b"NOT_SPEAKING")  # boxes, and no segment
    with pytest.raises(UsageError, match="already"):
        studio.exchange.apply(silent, "bikes.csv", "ava")
    moved = studio.exchange.apply(file.replace(b"0.1,0.2", b"0.11,0.2"), "bikes.csv", "ava")
    assert (moved["segments"], moved["already"]) == (0, 1)
    assert studio.exchange.timeline(studio.videos.get(video)).boxes["Imported"][0][1] == 0.11
    studio.exchange.undo(moved["import"])
    assert studio.exchange.timeline(studio.videos.get(video)).boxes["Imported"][0][1] == 0.1
    studio.exchange.undo(first["import"])
    assert studio.exchange.timeline(studio.videos.get(video)).boxes == {}


def test_faces_that_a_file_does_not_name_come_in(studio: Studio, video: str) -> None:
    studio.exchange.apply(AVA.encode(), "bikes.csv", "ava")
    timeline = studio.exchange.timeline(studio.videos.get(video))
    assert [a.track for a in timeline.annotations] == list(timeline.boxes) == ["Imported"]
    assert len(timeline.boxes["Imported"]) == 10


def test_two_tracks_under_one_name_keep_the_boxes_of_both(studio: Studio, video: str) -> None:
    rows = "\n".join(f"bikes,{n},0.1,0.2,0.3,0.4,SPEAKING_AUDIBLE,{'Ann' if n < 2 else 'Bob'}" for n in range(4))
    studio.exchange.apply(rows.encode(), "bikes.csv", "ava", ImportOptions(tracks={"Ann": "Host", "Bob": "Host"}))
    boxes = studio.exchange.timeline(studio.videos.get(video)).boxes
    assert {track: [box[0] for box in listed] for track, listed in boxes.items()} == {
        "Host": [0, 1_000_000, 2_000_000, 3_000_000]
    }


def test_names_that_a_person_types_are_kept_in_one_spelling(studio: Studio, video: str) -> None:
    plan = ImportOptions(tracks={"Activity": "e\u0301te\u0301"}, labels={"ride": "ve\u0301lo"})
    studio.exchange.apply(GOOD, "val.json", None, plan)
    assert {(a.track, a.label) for a in studio.timelines.annotations(video)} == {("été", "vélo")}
    with pytest.raises(UsageError, match="half a character"):
        studio.exchange.preview(GOOD, "val.json", None, ImportOptions(labels={"ride": "\ud800"}))


def test_nothing_of_an_import_stays_when_it_fails_in_the_middle(
    studio: Studio, video: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from studio.store import annotations

    save, calls = annotations.save, []

    def failing(*args: Any) -> Any:
        calls.append(1)
        if len(calls) == 2:
            raise UsageError("no")
        return save(*args)

    monkeypatch.setattr(imports.annotations, "save", failing)
    with pytest.raises(UsageError, match="no"):
        studio.exchange.apply(GOOD, "val.json")
    assert studio.timelines.annotations(video) == []
    assert studio.exchange.imports() == []


def test_which_video_a_file_means(studio: Studio, video: str, clips: dict[str, Path]) -> None:
    both = file_of(bikes=[(0, 1, "a")], x=[(0, 1, "b")])
    shown = studio.exchange.preview(both, "f.json", plan=ImportOptions(video))
    assert [p["video"] and p["video"]["id"] for p in shown["parts"]] == [video, None]
    one = file_of(unknown=[(0, 1, "a")])
    assert studio.exchange.preview(one, "f.json", plan=ImportOptions(video))["segments"] == 1
    srt = b"1\n00:00:01,000 --> 00:00:02,500\nHi\n"
    assert studio.exchange.preview(srt, "Bikes.srt")["parts"][0]["video"]["id"] == video
    with pytest.raises(UsageError, match="no video “other”"):
        studio.exchange.apply(srt, "other.srt")
    studio.videos.add(clips["carphone"], "bikes.avi")
    assert studio.exchange.preview(file_of(**{"bikes.mp4": [(0, 1, "a")]}), "f.json")["segments"] == 1
    (part,) = studio.exchange.preview(file_of(bikes=[(0, 1, "a")]), "f.json")["parts"]
    assert part["problems"] == ["2 videos are called “bikes”; choose the one that is meant."]


def test_subtitles_are_lines_unless_annotations_are_asked_for(studio: Studio, video: str) -> None:
    srt = b"1\n00:00:01,000 --> 00:00:02,500\nHi\n\n2\n00:00:03,000 --> 00:00:04,000\nYou\n"
    first = studio.exchange.apply(srt, "bikes.srt")
    assert (first["kind"], first["segments"]) == ("lines", 2)
    with pytest.raises(UsageError, match="already"):
        studio.exchange.apply(srt, "bikes.srt")
    row = studio.videos.get(video)
    second = studio.exchange.apply(srt.replace(b"You", b"Me"), "bikes.srt")
    assert [line["text"] for line in studio.transcripts.lines(row)] == ["Hi", "Me"]
    assert studio.exchange.undo(second["import"]) == {"removed": 2, "kept": 0}
    assert [line["text"] for line in studio.transcripts.lines(row)] == ["Hi", "You"]
    studio.transcripts.save_line(row, None, 5, 6, "more")
    assert studio.exchange.undo(first["import"]) == {"removed": 0, "kept": 3}
    done = studio.exchange.apply(srt, "bikes.srt", plan=ImportOptions(kind="annotations"))
    assert (done["segments"], studio.timelines.annotations(video)[0].label) == (2, "Hi")
    with pytest.raises(UsageError, match="only subtitles"):
        studio.exchange.preview(GOOD, "val.json", plan=ImportOptions(kind="lines"))


def schema_of(studio: Studio) -> tuple[set[tuple[str, str, str]], set[tuple[str, bool, str | None]]]:
    """The labels and rows of the schema, without the order of labels."""
    found = studio.labels.shown()
    return ({(row["track"], row["label"], row["hotkey"]) for row in found["labels"]},
            {(row["track"], row["closed"], row["parent"]) for row in found["tracks"]})  # fmt: skip


def test_rows_and_labels_that_only_an_import_brought_go_and_come_with_it(studio: Studio, video: str) -> None:
    studio.labels.add("Gesture", "wave")
    mark = {"annotator": "", "note": "", "source": "manual", "label": "nod"}
    document = {
        "format": "moment-studio", "version": 1, "video": "bikes.mp4", "duration_us": 4_000_000,
        "annotations": [
            {**mark, "id": "a", "track": "Gesture", "start_us": 0, "end_us": 1_000_000},
            {**mark, "id": "b", "track": "Head", "start_us": 0, "end_us": 1_000_000},
            {**mark, "id": "c", "track": "Part", "start_us": 0, "end_us": 500_000},
        ],
        "rows": {"Head": {"labels": ["nod", "shake"]}, "Part": {"parent": "Head", "dependency": "included_in"}},
        "curves": [{"track": "Valence", "annotator": "", "low": 0, "high": 1, "rate": 10, "values": [0.5]}],
    }  # fmt: skip
    before = schema_of(studio)
    done = studio.exchange.apply(json.dumps(document).encode(), "x.json", annotator="ann")
    after = schema_of(studio)
    assert after == (
        {("Gesture", "wave", "1"), ("Gesture", "nod", "2"), ("Head", "nod", "1"), ("Head", "shake", "2"),
         ("Part", "nod", "1")},
        {("Head", True, None), ("Part", False, "Head"), ("Valence", False, None)},
    )  # fmt: skip
    for _ in range(2):
        assert studio.exchange.undo(done["import"], "ann") == {"removed": 4, "kept": 0}
        assert schema_of(studio) == before
        assert studio.exchange.redo(done["import"], "ann") == {"added": 4, "kept": 0}
        assert schema_of(studio) == after

    found = studio.labels.shown()
    found["labels"] = [{**row, "colour": "#123456"} if row["label"] == "shake" else row for row in found["labels"]]
    studio.labels.save(found, "ann")
    other = {"edit_id": "e", "op": "create", "id": "mine", "track": "Part", "label": "nod", "start": 0.6, "end": 0.8}
    assert studio.timelines.save(video, [other], "bob")["results"][0]["ok"]
    assert studio.exchange.undo(done["import"], "ann") == {"removed": 4, "kept": 0}
    assert schema_of(studio) == (
        {("Gesture", "wave", "1"), ("Head", "shake", "2"), ("Part", "nod", "1")},
        {("Head", True, None), ("Part", False, "Head")},
    ), "what somebody changed, uses or needs stays"
    studio.labels.save({**studio.labels.shown(), "labels": [*studio.labels.shown()["labels"],
                        {"track": "Gesture", "label": "mine", "colour": "#123456", "hotkey": "2"}]}, "ann")  # fmt: skip
    assert studio.exchange.redo(done["import"], "ann") == {"added": 4, "kept": 0}
    labels, tracks = schema_of(studio)
    assert ("Gesture", "nod", None) in labels and ("Gesture", "mine", "2") in labels, "its key is another's by now"
    assert ("Head", "nod", "1") in labels and tracks == after[1]


def test_confidence_and_boxes_come_in_and_go_out(studio: Studio, video: str) -> None:
    rows = "\n".join(f"bikes,{n / 10},0.1,0.2,0.3,0.4,{'SPEAKING_AUDIBLE' if n < 5 else 'NOT_SPEAKING'},Ann" for n in
                     range(10))  # fmt: skip
    done = studio.exchange.apply(rows.encode(), "bikes.csv", "ava")
    studio.exchange.apply(b"1;2;3;0.25\n", "gaze.annotation~", None, ImportOptions(video))
    timeline = studio.exchange.timeline(studio.videos.get(video))
    assert timeline.boxes["Ann"][3] == (300_000, 0.1, 0.2, 0.3, 0.4)
    assert list(timeline.scores.values()) == [0.25]
    (back,) = native.parse(studio.exchange.export(video, "json"))
    assert (back.boxes, back.scores) == (timeline.boxes, timeline.scores)
    assert studio.exchange.export(video, "ava").decode().count("SPEAKING_AUDIBLE") == 5
    studio.exchange.undo(done["import"])
    assert studio.exchange.timeline(studio.videos.get(video)).boxes == {}


def test_faces_that_a_model_found_go_out_with_who_speaks(studio: Studio, video: str) -> None:
    row = studio.videos.get(video)
    face = {"track": "Person 1", "boxes": [[0.5, 0, 0, row["width"] / 2, row["height"]]]}
    found = ModelRun(video, "speaker", "m", "1", [], {"tracks": [face]})
    studio.store.write(lambda db: add_run(db, found))
    assert studio.exchange.timeline(row).boxes == {"Person 1": ((500_000, 0.0, 0.0, 0.5, 1.0),)}


def test_a_text_of_the_screen_goes_out_and_its_boxes_do_not(studio: Studio, video: str) -> None:
    read = Prediction(Segment(0, 1_000_000), ON_SCREEN, "Chapter one", 0.9, "t1", {"boxes": [[0, 1, 2, 3, 4]]})
    studio.store.write(lambda db: add_run(db, ModelRun(video, "text_reading", "m", "1", [read])))
    accept = {"edit_id": "t", "op": "create", "id": "t", "track": ON_SCREEN, "label": "Chapter one", "start": 0,
              "end": 1, "prediction_id": "t1", "source": "accepted"}  # fmt: skip
    assert studio.timelines.save(video, [accept])["results"][0]["ok"]
    lost = "Where the text of 1 segment is on the screen is not written: files have boxes of tracks only."
    for form in ("json", "elan", "csv", "srt"):
        assert b"Chapter one" in studio.exchange.export(video, form)
        assert lost in studio.exchange.losses(video, form)


def test_a_prediction_that_was_accepted_brings_its_confidence(studio: Studio, video: str) -> None:
    found = ModelRun(video, "grounding", "m", "1", [Prediction(Segment(0, 1_000_000), "Query", "ride", 0.8, "p1")])
    studio.store.write(lambda db: add_run(db, found))
    accept = {"edit_id": "e", "op": "create", "id": "a", "track": "Query", "label": "ride", "start": 0, "end": 1,
              "prediction_id": "p1"}  # fmt: skip
    studio.timelines.save(video, [accept], "ann")
    assert studio.exchange.timeline(studio.videos.get(video)).scores == {"a": 0.8}
    assert "The confidence of 1 segment is dropped." in studio.exchange.losses(video, "elan")
    assert studio.exchange.losses(video, "json") == []


def test_a_file_s_own_annotators_stay(studio: Studio, video: str) -> None:
    data = b"video,label,start,end,annotator\nbikes,a,0,1,Zoe\nbikes,b,1,2,\n"
    studio.exchange.apply(data, "x.csv", "csv", annotator="ann")
    assert [a.annotator for a in studio.timelines.annotations(video)] == ["Zoe", "ann"]


def test_every_format_goes_out_and_in_through_the_library(studio: Studio, video: str) -> None:
    """Only times and labels are compared: what else each format keeps is the contract of tests/formats."""
    start = file_of(bikes=[(0, 5, "ride"), (5, 10, "walk")])
    studio.exchange.apply(start, "val.json", "activitynet", ImportOptions(tracks={"Activity": "t"}))
    wanted = [(a.segment, a.label) for a in studio.timelines.annotations(video)]
    for form in FORMATS.values():
        if not form.read or not form.write or form.name in ("ava", "rttm", "ctm"):
            continue
        data = studio.exchange.export(video, form.name)
        name = "bikes" + form.extension
        for each in studio.exchange.imports():
            if not each["undone"]:
                studio.exchange.undo(each["id"])
        assert studio.timelines.annotations(video) == []
        studio.exchange.apply(data, name, form.name, ImportOptions(kind="annotations"))
        assert [(a.segment, a.label) for a in studio.timelines.annotations(video)] == wanted, form.name


def test_files_that_a_browser_sends_wait_under_a_token(studio: Studio, video: str) -> None:
    kept = studio.exchange.keep(GOOD, "../val.json")
    assert (kept["name"], kept["formats"]) == ("val.json", ["activitynet"])
    assert studio.exchange.kept(kept["upload"]) == GOOD
    for token in ("", "..", "../studio.db", "f" * 32, kept["upload"].upper() + "/"):
        with pytest.raises(NotFound):
            studio.exchange.kept(token)
    for _ in range(30):
        last = studio.exchange.keep(GOOD, "x.json")
    assert len(list((studio.settings.home / "incoming").iterdir())) <= studio.settings.limits.waiting_files + 1
    studio.exchange.drop(last["upload"])
    with pytest.raises(NotFound):
        studio.exchange.kept(last["upload"])
    studio.exchange.drop(last["upload"])  # what is gone is dropped
    with pytest.raises(NotFound):
        studio.exchange.drop("../studio.db")


def test_several_people_send_and_drop_files_at_once(studio: Studio) -> None:
    problems: list[BaseException] = []

    def send() -> None:
        try:
            for _ in range(40):
                studio.exchange.drop(studio.exchange.keep(b"", "x.edl")["upload"])
                studio.exchange.keep(b"", "x.edl")
        except Exception as error:
            problems.append(error)

    people = [threading.Thread(target=send) for _ in range(6)]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert problems == []


def test_the_format_is_found_by_the_content_where_the_name_does_not_say(studio: Studio, video: str) -> None:
    assert studio.exchange.readers(GOOD, "x.json") == ["activitynet"]
    charades = b"bikes 0.5 2.0##a man rides\n"
    assert studio.exchange.readers(charades, "x.txt") == ["charades"]
    assert studio.exchange.preview(charades, "x.txt")["format"] == "charades"
    with pytest.raises(UsageError, match="--format"):
        studio.exchange.preview(b"{}", "x.json")
    shown = studio.exchange.preview(b"0:00 Hello\n0:04 - The ride\n", "bikes.txt")
    assert (shown["format"], [(s["start"], s["end"], s["label"]) for s in shown["sample"]]) == (
        "chapters", [(0, 4, "Hello"), (4, studio.videos.get(video)["duration_us"] / 1e6, "The ride")]
    )  # fmt: skip
    with pytest.raises(FormatError, match="nothing to import"):
        studio.exchange.preview(b"", "x.rttm")


def test_closed_tracks_and_full_disks_refuse_the_whole(studio: Studio, video: str) -> None:
    studio.store.write(lambda db: db.execute("INSERT INTO tracks (track, closed) VALUES ('Activity', 1)") and None)
    with pytest.raises(UsageError, match="ride"):
        studio.exchange.apply(GOOD, "val.json")
    assert studio.timelines.annotations(video) == []
    studio.store.write(lambda db: db.execute("DELETE FROM tracks") and None)
    studio.store._writer.execute("PRAGMA query_only = ON")
    with pytest.raises(StoreError):
        studio.exchange.apply(GOOD, "val.json")
    studio.store._writer.execute("PRAGMA query_only = OFF")
    assert studio.exchange.apply(GOOD, "val.json")["segments"] == 2


def test_an_export_needs_one_place_among_the_readers(studio: Studio, video: str) -> None:
    """One that needs two waits for ever when all others are taken, and as many such exports for each other."""
    done: list[bytes] = []
    for _ in range(READERS - 1):
        studio.store._places.acquire()
    export = threading.Thread(target=lambda: done.append(studio.exchange.export(video, "json")), daemon=True)
    export.start()
    export.join(20)
    studio.store._places.release(READERS - 1)
    assert done


def test_the_list_of_formats_for_people() -> None:
    found = {each["name"]: each for each in listed()}
    assert found["edl"]["reads"] is True and found["chapters"]["reads"] is True
    assert found["srt"]["lines"] is True
    assert found["json"]["cannot"] == []
    assert "notes" in found["elan"]["cannot"]


def test_a_whole_import_is_shifted(studio: Studio, clips: dict[str, Path]) -> None:
    video = str(studio.videos.add(clips["bikes"])["id"])  # 25 frames a second, 10 s
    data = b"track,label,start,end\nMoments,early,0.2,0.8\nMoments,late,8.0,9.0\nMoments,beyond,9.5,9.9\n"
    plan = ImportOptions(video=video, shift="0:00:01:05")
    shown = studio.exchange.preview(data, "a.csv", "csv", plan)
    assert [(row["start"], row["end"]) for row in shown["sample"]] == [(1.4, 2.0), (9.2, 10.0)]
    assert shown["parts"][0]["problems"] == [
        "1 segment outside the video is left out.", "1 segment beyond the video's edges is cut there.",
    ]  # fmt: skip
    back = studio.exchange.preview(data, "a.csv", "csv", ImportOptions(video=video, shift="-0.5"))
    assert [row["start"] for row in back["sample"]] == [0, 7.5, 9.0]
    with pytest.raises(UsageError, match="“soon” is no time"):
        studio.exchange.preview(data, "a.csv", "csv", ImportOptions(video=video, shift="soon"))


def test_frames_that_are_shifted_stay_frames(studio: Studio, clips: dict[str, Path]) -> None:
    video = str(studio.videos.add(clips["bikes"])["id"])
    ranges = [{"start": 26, "end": 50}, {"start": 240, "end": 260}]  # from 1, the end inclusive; there are 250
    result = [{"type": "timelinelabels", "value": {"ranges": ranges, "timelinelabels": ["a"]}}]
    data = json.dumps([{"data": {"video": "bikes.mp4"}, "annotations": [{"result": result}]}]).encode()
    shown = studio.exchange.preview(data, "a.json", "labelstudio", ImportOptions(video=video, shift="-1.01"))
    assert [(row["start"], row["end"]) for row in shown["sample"]] == [(0, 1), (8.56, 9.4)]


# ---------------------------------------------------------------- the transcript

BESIDE = [f.name for f in FORMATS.values() if f.holds.lines == "beside"]
SAID = [(0.5, 1.5, "hello; “you”"), (1.0, 2.0, "=over it"), (3.0, 4.0, "bye")]

WAVE = {"edit_id": "e", "op": "create", "id": "a", "track": "Transcript", "start": 1, "end": 2, "label": "wave"}


def said_in(studio: Studio, video: str) -> list[tuple[float, float, str]]:
    return [(line["start"], line["end"], line["text"]) for line in studio.transcripts.lines(studio.videos.get(video))]


@pytest.fixture
def spoken(studio: Studio, video: str) -> str:
    """A video with a typed transcript and an annotation on a track called Transcript."""
    for line in SAID:
        studio.transcripts.save_line(studio.videos.get(video), None, *line, annotator="ann")
    studio.timelines.save(video, [WAVE], "ann")
    return video


def test_three_formats_and_more_have_a_place_for_lines() -> None:
    assert BESIDE == ["json", "csv", "elan", "textgrid", "nova", "via"]
    assert [f.name for f in FORMATS.values() if f.holds.lines == "instead"] == ["srt", "vtt", "ass"]
    assert [f.name for f in FORMATS.values() if f.holds.chooses] == ["rttm", "srt", "vtt", "ass"]
    assert [f.name for f in FORMATS.values() if f.holds.lines == "alone"] == ["ctm"]


@pytest.mark.parametrize("name", BESIDE)
def test_a_typed_transcript_goes_out_and_comes_back_as_lines(studio: Studio, spoken: str, name: str) -> None:
    """Into a library without it they come back unchanged, into one that has it nothing is doubled, and one undo takes
    annotations and lines back."""
    form, row = FORMATS[name], studio.videos.get(spoken)
    data, file = studio.exchange.export(spoken, name), f"bikes{FORMATS[name].extension}"
    assert not any("not written" in sentence for sentence in studio.exchange.losses(spoken, name))
    plan = ImportOptions(spoken)
    shown = studio.exchange.preview(data, file, name, plan)
    assert (shown["segments"], shown["already"], shown["lines"], shown["lines_already"]) == (0, 1, 0, 3)
    with pytest.raises(UsageError, match="already"):
        studio.exchange.apply(data, file, name, plan)

    for line in studio.transcripts.lines(row):
        studio.transcripts.delete_line(row, line["id"])
    studio.timelines.save(spoken, [{**WAVE, "edit_id": "d", "op": "delete", "base_version": 1}], "ann")
    done = studio.exchange.apply(data, file, name, plan, "zoe")
    assert (done["segments"], done["lines"], done["kind"]) == (1, 3, "annotations"), form.title
    assert said_in(studio, spoken) == SAID
    assert {line["origin"] for line in studio.transcripts.lines(row)} == {file}
    assert (studio.exchange.imports()[0]["annotations"], studio.exchange.imports()[0]["lines"]) == (1, 3)
    assert [(a.track, a.label) for a in studio.timelines.annotations(spoken)] == [("Transcript", "wave")]
    changed = studio.transcripts.lines(row)[0]
    studio.transcripts.save_line(row, changed["id"], 0.5, 1.5, "hello you", version=1)
    assert studio.exchange.undo(done["import"]) == {"removed": 3, "kept": 1}
    assert said_in(studio, spoken) == [(0.5, 1.5, "hello you")]


def test_lines_of_a_file_join_those_there_and_need_nobody_s_leave(studio: Studio, spoken: str) -> None:
    """Annotations with a transcript beside them take nothing out of the library."""
    document = json.loads(studio.exchange.export(spoken, "json"))
    document["lines"][0]["text"] = "hello  “you”, other words"
    data = json.dumps(document).encode()
    assert studio.exchange.preview(data, "x.json")["lines"] == 1
    studio.exchange.apply(data, "x.json", None, None, "eve", Actor("eve"))
    assert sorted(text for _, _, text in said_in(studio, spoken)) == sorted(
        [*(text for _, _, text in SAID), "hello  “you”, other words"]
    )


@pytest.mark.parametrize("name", ["srt", "vtt", "ass"])
def test_subtitles_have_what_a_person_chooses(studio: Studio, spoken: str, name: str) -> None:
    assert studio.exchange.kinds(spoken, name) == ["annotations", "lines"]
    assert studio.exchange.kinds(spoken, "json") == []
    assert b"wave" in studio.exchange.export(spoken, name)
    assert b"3 lines of the transcript are not written" in " ".join(studio.exchange.losses(spoken, name)).encode()
    data = studio.exchange.export(spoken, name, "lines")
    assert b"wave" not in data
    row = studio.videos.get(spoken)
    for line in studio.transcripts.lines(row):
        studio.transcripts.delete_line(row, line["id"])
    studio.exchange.apply(data, f"bikes.{name}")
    assert said_in(studio, spoken) == SAID
    studio.timelines.save(spoken, [{**WAVE, "edit_id": "d", "op": "delete", "base_version": 1}], "ann")
    assert studio.exchange.export(spoken, name) == data  # without annotations it is the transcript
    assert studio.exchange.kinds(spoken, name) == []


def test_lines_are_wanted_only_of_subtitles_and_only_where_there_are_some(studio: Studio, video: str) -> None:
    with pytest.raises(UsageError, match="has no transcript"):
        studio.exchange.export(video, "srt", "lines")
    for name, kind in (("json", "lines"), ("srt", "words")):
        with pytest.raises(UsageError, match="rttm, srt, vtt, ass"):
            studio.exchange.export(video, name, kind)
        with pytest.raises(UsageError, match="rttm, srt, vtt, ass"):
            studio.exchange.losses(video, name, kind)


# ---------------------------------------------------------------- who says it, and in which words

S = 1_000_000
HELLO = [[S, 1_400_000, "hello,", 0.9], [1_500_000, 2 * S, "Ann", 0.4]]


@pytest.fixture
def attributed(studio: Studio, video: str) -> str:
    """A video with three lines: of Ann Lee with its words, of Bob, who is seen to speak, and of nobody."""
    said = [Cue(S, 2 * S, "hello, Ann"), Cue(3 * S, 4 * S, "hi"), Cue(5 * S, 6 * S, "…")]
    words = [[Word(*word) for word in HELLO], [], []]  # type: ignore[misc]
    run = ModelRun(video, "speaker", "m", "1", [Prediction(Segment(3 * S, 4 * S), "Person 1", "speaking", 0.9)])
    name = [{"track": "Person 1", "from": 0.0, "name": "Bob"}]
    studio.timelines.save(video, [{"op": "people", "edit_id": "p", "before": [], "after": name}], "ann")
    studio.store.write(lambda db: runs.insert(db, run))
    studio.store.write(lambda db: transcripts.sync_source(db, video, "speech", said, "whisper-base", words))
    row = studio.videos.get(video)
    studio.transcripts.set_speaker(row, [(studio.transcripts.lines(row)[0]["id"], 1)], "Ann Lee", "ann")
    return video


def emptied(studio: Studio, video: str) -> dict[str, Any]:
    row = studio.videos.get(video)
    for line in studio.transcripts.lines(row):
        studio.transcripts.delete_line(row, line["id"])
    return row


def test_files_name_who_says_a_line(studio: Studio, attributed: str) -> None:
    said = {name: studio.exchange.export(attributed, name).decode() for name in ("srt", "vtt", "ass", "rttm", "ctm")}
    assert "Ann Lee: hello, Ann\n" in said["srt"] and "Bob: hi\n" in said["srt"] and "\n…\n" in said["srt"]
    assert "<v Ann Lee>hello, Ann</v>" in said["vtt"] and "<v Bob>hi</v>" in said["vtt"] and "\n…\n" in said["vtt"]
    assert ",Default,Ann Lee,0,0,0,,hello, Ann" in said["ass"]
    assert said["rttm"].splitlines() == [
        "SPEAKER bikes 1 1.000 1.000 <NA> <NA> Ann_Lee <NA> <NA>", "SPEAKER bikes 1 3.000 1.000 <NA> <NA> Bob <NA> <NA>"
    ]  # fmt: skip
    assert said["ctm"].splitlines() == [
        "bikes 1 1.000 0.400 hello, 0.9", "bikes 1 1.500 0.500 Ann 0.4", "bikes 1 3.000 1.000 hi NA",
        "bikes 1 5.000 1.000 … NA",
    ]  # fmt: skip


def test_what_formats_lose_of_speakers_and_words_is_counted(studio: Studio, attributed: str) -> None:
    lost = {name: studio.exchange.losses(attributed, name)
            for name in ("json", "srt", "vtt", "textgrid", "elan", "csv", "rttm", "ctm")}  # fmt: skip
    words = "The times of the words of 1 line of the transcript are dropped."
    assert lost["json"] == []
    assert words in lost["vtt"] and not any("Who says" in sentence for sentence in lost["vtt"])
    assert words in lost["elan"]
    who = "Who says 2 lines of the transcript"
    assert f"{who} stands before the words, where an import takes it for words." in lost["srt"]
    assert f"{who} is dropped." in lost["csv"]
    assert "How sure a model was of the words of 1 line of the transcript is dropped." in lost["textgrid"]
    assert "1 line of the transcript that nobody is known to say is left out." in lost["rttm"]
    assert "What is said in 2 lines of the transcript is dropped; the format keeps who and when." in lost["rttm"]
    assert any("words of 2 lines of the transcript are not known" in sentence for sentence in lost["ctm"])
    studio.timelines.save(attributed, [WAVE], "ann")
    assert "1 segment is not written: this format has the transcript only." in studio.exchange.losses(attributed, "ctm")
    assert studio.exchange.kinds(attributed, "rttm") == ["annotations", "lines"]
    assert studio.exchange.kinds(attributed, "ctm") == []
    assert b"Transcript" in studio.exchange.export(attributed, "rttm")
    assert b"Bob" in studio.exchange.export(attributed, "rttm", "lines")
    assert studio.exchange.export(attributed, "ctm", "lines") == studio.exchange.export(attributed, "ctm")


@pytest.mark.parametrize(
    ("name", "words"), [("json", HELLO), ("textgrid", [[*word[:3], 1] for word in HELLO]), ("elan", []), ("vtt", []),
                        ("ass", [])]
)  # fmt: skip
def test_who_says_a_line_and_its_words_come_back(studio: Studio, attributed: str, name: str, words: Any) -> None:
    data = studio.exchange.export(attributed, name)
    row = emptied(studio, attributed)
    studio.exchange.apply(data, f"bikes{FORMATS[name].extension}", name, ImportOptions(attributed))
    lines = studio.transcripts.lines(row)
    assert [(line["text"], line["speaker"]) for line in lines] == [("hello, Ann", "Ann Lee"), ("hi", "Bob"), ("…", "")]
    found = [[us(w["start"]), us(w["end"]), w["text"], w["probability"]] for w in lines[0]["words"]]
    assert found == words


def test_a_file_that_is_shifted_takes_its_words_along(studio: Studio, attributed: str) -> None:
    data = studio.exchange.export(attributed, "json")
    row = emptied(studio, attributed)
    studio.exchange.apply(data, "bikes.json", "json", ImportOptions(attributed, shift="0.5"))
    assert [word["start"] for word in studio.transcripts.lines(row)[0]["words"]] == [1.5, 2.0]


def test_ctm_comes_back_as_lines_between_pauses(studio: Studio, attributed: str) -> None:
    data = studio.exchange.export(attributed, "ctm")
    row = emptied(studio, attributed)
    studio.exchange.apply(data, "bikes.ctm", "ctm", ImportOptions(attributed))
    lines = studio.transcripts.lines(row)
    assert [(line["start"], line["end"], line["text"]) for line in lines] == [
        (1, 2, "hello, Ann"), (3, 4, "hi"), (5, 6, "…"),
    ]  # fmt: skip
    assert [word["probability"] for word in lines[0]["words"]] == [0.9, 0.4]


def test_subtitles_that_are_read_in_name_who_says_a_line(studio: Studio, attributed: str) -> None:
    data = studio.exchange.export(attributed, "vtt")
    row = emptied(studio, attributed)
    studio.transcripts.read_subtitles(row, data, name="talk.vtt")
    assert [line["speaker"] for line in studio.transcripts.lines(row)] == ["Ann Lee", "Bob", ""]
