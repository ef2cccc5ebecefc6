"""The use cases, on real clips."""

import json
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from studio.config import Limits, Settings
from studio.errors import JobError, MediaError, NotFound, StoreError, UsageError
from studio.formats import native
from studio.service import Studio
from studio.service.system.backup import backup
from studio.service.system.doctor import examine


def edit(**fields: Any) -> dict[str, Any]:
    base = {
        "edit_id": "e1",
        "op": "create",
        "id": "a1",
        "base_version": 0,
        "track": "Moments",
        "start": 0.5,
        "end": 1.0,
    }
    return {**base, "label": "x", **fields}


def test_a_video_is_added_once_and_stays_where_it_is(studio: Studio, clips: dict[str, Path]) -> None:
    first = studio.videos.add(clips["bikes"])
    assert studio.videos.add(str(clips["bikes"]))["id"] == first["id"]
    assert len(studio.videos.all()) == 1
    assert Path(first["path"]) == clips["bikes"].resolve()
    assert (first["width"], first["height"], first["frame_count"]) == (640, 272, 250)
    assert studio.videos.resolve(str(clips["bikes"]))["id"] == first["id"], "a path is as good as an id"
    assert studio.videos.resolve("bikes.mp4")["id"] == first["id"], "and so is a name that only one has"


def test_a_folder_is_added_with_what_is_below_it(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "one.mp4").write_bytes(clips["bikes"].read_bytes())
    (tmp_path / "deep" / "two.mp4").write_text("not a video")
    (tmp_path / "deep" / "three.txt").write_text("no video at all")
    added, problems = studio.videos.add_all([tmp_path / "deep"])
    assert [row["name"] for row in added] == ["one.mp4"]
    assert len(problems) == 1
    assert "two.mp4" in problems[0]


def test_what_is_not_there_is_said_so(studio: Studio) -> None:
    with pytest.raises(NotFound, match=r"nowhere\.mp4"):
        studio.videos.add("/films/nowhere.mp4")
    with pytest.raises(NotFound, match="studio add"):
        studio.videos.get("ffffffffffff")


def test_search_finds_the_clip_that_shows_it(indexed: Studio) -> None:
    best = {q: indexed.search.moments(q)[0]["video"]["name"] for q in ("a bicycle on a street", "a man wearing a suit")}
    assert best == {"a bicycle on a street": "bikes.mp4", "a man wearing a suit": "carphone_pristine.mp4"}
    hits = indexed.search.moments("a bicycle on a street")
    assert [h["score"] for h in hits] == sorted((h["score"] for h in hits), reverse=True)
    assert all(0 <= h["start_us"] <= h["peak_us"] < h["end_us"] <= h["video"]["duration_us"] for h in hits)


@pytest.mark.parametrize("query", ["", "   ", "x" * 5000])
def test_a_query_must_say_something_and_end(indexed: Studio, query: str) -> None:
    with pytest.raises(UsageError):
        indexed.search.moments(query)


def test_grounding_keeps_a_run_whose_boundaries_are_frames(indexed: Studio, clips: dict[str, Path]) -> None:
    run = indexed.jobs.run("ground", indexed.videos.resolve("bikes.mp4")["id"], {"query": "a bicycle"})
    assert run["predictions"]
    video = indexed.videos.resolve(str(clips["bikes"]))
    pts = indexed.media.array(video["id"], "pts")
    assert pts is not None
    edges = {*(int(t) for t in pts), video["duration_us"]}
    for p in run["predictions"]:
        assert {p.segment.start, p.segment.end} <= edges
        assert p.label == "a bicycle"
    curve = run["payload"]["curve"]
    assert len(curve["times"]) == len(curve["scores"]) > 5


def test_people_tasks_run_on_a_real_face(indexed: Studio, clips: dict[str, Path]) -> None:
    emotions = indexed.jobs.run("emotions", indexed.videos.resolve(str(clips["carphone"]))["id"])
    assert {p.track for p in emotions["predictions"]} - {"Emotion"} == {"Expression · Person 1"}
    assert emotions["payload"]["note"] == (
        "From faces and frames only: this video has no subtitles. To have more to go by, transcribe it or add a "
        "transcript, and find emotions again."
    )
    for shown in (p for p in emotions["predictions"] if p.track != "Emotion"):
        assert shown.payload is not None
        assert shown.payload["onset"] <= shown.payload["apex"] < shown.payload["offset"]
    speakers = indexed.jobs.run("speakers", indexed.videos.resolve(str(clips["carphone"]))["id"])
    assert speakers["payload"]["note"].startswith("1 face, no sound in this file: nobody can be heard. If it has")
    assert [person["track"] for person in speakers["payload"]["tracks"]] == ["Person 1"]
    boxes = speakers["payload"]["tracks"][0]["boxes"]
    assert all(0 <= t <= 4.1 and x1 < x2 and y1 < y2 for t, x1, y1, x2, y2 in boxes)


def test_dialogue_emotions_come_from_subtitles(indexed: Studio, clips: dict[str, Path]) -> None:
    lines = [  # as a person types them: in any order, as lists, with an empty one
        [2_000_000, 4_000_000, "Get out! I hate you!"],
        [0, 2_000_000, "I am so happy, this is wonderful!"],
        [5_000_000, 6_000_000, "  "],
    ]
    run = indexed.jobs.run("emotions", indexed.videos.resolve("bikes.mp4")["id"], {"subtitles": lines})
    found = [p for p in run["predictions"] if p.track == "Dialogue emotion"]
    assert found
    assert all(p.segment.end <= 4_000_000 for p in found)
    fused = [p for p in run["predictions"] if p.track == "Emotion"]
    assert {p.label for p in fused} <= set(run["payload"]["classes"])
    curves = {(c["source"], c["label"]): c for c in run["payload"]["curves"]}
    spoken = curves["text", "anger"]
    assert (spoken["track"], spoken["times"]) == ("Emotion", [1.0, 3.0])
    assert spoken["scores"][1] > max(0.6, spoken["scores"][0])
    assert len(curves["fused", "anger"]["times"]) == 5, "two lines, and six seconds in which nobody speaks"


def test_a_correction_keeps_the_prediction_and_the_history(indexed: Studio, clips: dict[str, Path]) -> None:
    video = indexed.videos.resolve(str(clips["bikes"]))
    run = indexed.jobs.run("ground", video["id"], {"query": "a street"})
    proposed = run["predictions"][0]
    start, end = proposed.segment.start / 1e6, proposed.segment.end / 1e6
    made = edit(edit_id="c1", id="c", start=start, end=end - 0.04, label="a street", source="correction")
    reply = indexed.timelines.save(video["id"], [{**made, "prediction_id": proposed.id}], "ann")
    assert [r["ok"] for r in reply["results"]] == [True]
    document = indexed.timelines.load(video["id"])
    shown = next(p for p in document["predictions"] if p["id"] == proposed.id)
    assert (shown["start"], shown["end"], shown["verdict"]) == (start, end, "corrected")
    assert indexed.timelines.history("c")[0]["annotator"] == "ann"
    with sqlite3.connect(indexed.settings.database) as db:
        row = db.execute("SELECT source, prediction_id, end_us FROM annotations WHERE id = 'c'").fetchone()
    assert row == ("correction", proposed.id, round((end - 0.04) * 1e6))
    back = {**made, "edit_id": "c2", "op": "update", "base_version": 1, "end": end, "prediction_id": proposed.id}
    indexed.timelines.save(video["id"], [back], "ann")
    assert indexed.timelines.history("c")[-1]["after"]["source"] == "accepted", "it says what the prediction said again"


def test_edits_are_answered_one_by_one(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    reply = studio.timelines.save(
        video,
        [
            edit(),
            edit(edit_id="e2", op="update", base_version=7, end=2.0),
            edit(edit_id="e3", id="a3", start=3.0, end=1.0),
            edit(edit_id="e4", id="a4", end=999.0),
            edit(edit_id="e5", id="a5", label=["not", "text"]),
            "nonsense",
            edit(edit_id="e6", id="a6", end=2.0),
        ],
        "ann",
    )
    assert [r["ok"] for r in reply["results"]] == [True, False, False, False, False, False, True]
    assert reply["results"][1]["kind"] == "conflict"
    assert reply["results"][1]["current"]["end"] == 1.0
    assert [a.segment.end for a in studio.timelines.annotations(video)] == [1_000_000, 2_000_000]


@pytest.mark.parametrize("bad", [None, {}, "x", [edit()] * 6000])
def test_a_malformed_save_is_refused_whole(studio: Studio, clips: dict[str, Path], bad: Any) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    with pytest.raises(UsageError):
        studio.timelines.save(video, bad)


def test_a_second_window_sees_the_edit(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    before = studio.timelines.load(video)
    studio.timelines.save(video, [edit()], "ann")
    news = studio.timelines.changes(video, before["seq"], before["run_seq"])
    assert [(a["id"], a["annotator"]) for a in news["annotations"]] == [("a1", "ann")]
    assert studio.timelines.changes(video, news["seq"])["annotations"] == []


def test_export_is_lossless(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    studio.timelines.save(video, [edit(label="日本 “x” \u202e", note="line\nbreak")], "ann")
    (timeline,) = native.parse(studio.exchange.export(video, "json"))
    assert list(timeline.annotations) == studio.timelines.annotations(video)
    assert json.loads(studio.exchange.export(video, "json"))["annotations"][0]["start"] == 0.5
    with pytest.raises(UsageError, match="json"):
        studio.exchange.export(video, "docx")


def test_an_upload_is_named_by_its_content(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    partial = tmp_path / "part"
    partial.write_bytes(clips["bikes"].read_bytes())
    row = studio.videos.keep_upload(partial, "../../etc/pass\u0000wd<b>.mp4")
    assert row["name"] == "passwd<b>.mp4"
    assert Path(row["path"]).parent == studio.settings.uploads.resolve()
    studio.videos.remove(row["id"])
    assert not Path(row["path"]).exists(), "what came through the browser goes with its video"
    assert len(list(studio.settings.trash.iterdir())) == 1
    studio.videos.trash.empty()
    assert list(studio.settings.trash.iterdir()) == []


def test_a_broken_upload_leaves_nothing(studio: Studio, tmp_path: Path) -> None:
    partial = tmp_path / "part"
    partial.write_text("no video")
    with pytest.raises(MediaError, match=r"holiday\.mp4"):
        studio.videos.keep_upload(partial, "holiday.mp4")
    assert list(studio.settings.uploads.iterdir()) == []


def test_removing_a_video_leaves_its_file(studio: Studio, clips: dict[str, Path]) -> None:
    row = studio.videos.add(clips["bikes"])
    studio.videos.remove(row["id"])
    assert clips["bikes"].exists()
    assert studio.videos.all() == []


def test_backup_and_doctor(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    studio.timelines.save(video, [edit()], "ann")
    copy = backup(studio.settings, studio.store, tmp_path / "copy.db")
    with sqlite3.connect(copy) as db:
        assert db.execute("SELECT count(*) FROM annotations").fetchone() == (1,)
    with pytest.raises(UsageError):
        backup(studio.settings, studio.store, tmp_path)
    assert all(check["ok"] for check in examine(studio.settings))
    with sqlite3.connect(studio.settings.database) as db:
        db.execute("UPDATE annotations SET end_us = end_us + 1")
    assert [c["what"] for c in examine(studio.settings) if not c["ok"]] == ["History"]


def test_jobs_need_a_running_studio(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    with pytest.raises(JobError, match="studio serve"):
        studio.jobs.start("index", video)


def test_what_is_indexed_by_hand_waits_for_nobody(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["carphone"])["id"]
    assert [job["state"] for job in studio.jobs.listed(video)] == ["queued"]
    studio.jobs.index(video)
    assert [job["state"] for job in studio.jobs.listed(video)] == ["done"]


def test_limits_are_kept(tmp_path: Path, clips: dict[str, Path]) -> None:
    small = Studio(Settings(home=tmp_path / "small", limits=Limits(pixels=1000)))
    with pytest.raises(MediaError):
        small.videos.add(clips["bikes"])
    small.close()


def test_a_replaced_file_is_a_new_set_of_frames(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(clips["bikes"].read_bytes())
    first = studio.videos.add(path)
    studio.cache.write(first["id"], "thumbnails.npy", b"of the old file")
    path.write_bytes(clips["carphone"].read_bytes())
    second = studio.videos.add(path)
    assert second["id"] == first["id"]
    pts = studio.media.array(second["id"], "pts")
    assert pts is not None
    assert len(pts) == second["frame_count"] != first["frame_count"]
    assert not studio.media.is_indexed(second)


def test_what_was_made_of_a_replaced_file_is_made_again(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(clips["bikes"].read_bytes())
    video = studio.videos.add(path)["id"]
    studio.jobs.index(video)
    old = {file.name: file.read_bytes() for file in studio.cache.folder(video).iterdir()}
    path.write_bytes(clips["carphone"].read_bytes())
    studio.videos.add(path)
    for name, content in old.items():  # a job on the old file ends only now
        studio.cache.write(video, name, content)
    studio.jobs.index(video)
    times = next(studio.cache.folder(video).glob("frames-*.times.npy"))
    assert times.read_bytes() != old[times.name]
    jobs = studio.store.read(lambda db: db.execute("SELECT params FROM jobs WHERE kind = 'index'").fetchall())
    assert len({row["params"] for row in jobs}) == 2, "the old file's job is not taken for the new one's"


def test_a_file_that_changed_behind_our_back_is_not_played(
    studio: Studio, clips: dict[str, Path], tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(clips["bikes"].read_bytes())
    video = studio.videos.add(path)["id"]
    assert studio.media.playable(video) == path
    path.write_bytes(clips["carphone"].read_bytes())
    with pytest.raises(NotFound, match="add it again"):
        studio.media.playable(video)
    studio.videos.add(path)
    assert studio.media.playable(video) == path


def test_a_name_that_is_no_text_ends_no_import(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    for name in (b"a.mp4", b"caf\xe9.mp4", b"z.mp4"):
        (tmp_path / os.fsdecode(name)).write_bytes(clips["bikes"].read_bytes())
    added, problems = studio.videos.add_all([tmp_path])
    assert [row["name"] for row in added] == ["a.mp4", "z.mp4"]
    assert problems == ["The name of “caf\ufffd.mp4” or of a folder above it is not UTF-8; rename it."]


def test_what_is_left_of_a_removed_video_goes_at_the_next_start(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    studio.videos.remove(video)
    studio.videos.trash.empty()
    studio.cache.write(video, "thumbnails.npy", b"of a job that ended late")
    kept = studio.videos.add(clips["carphone"])["id"]
    studio.close()
    again = Studio(studio.settings, background=True)
    again.close()
    assert again.cache.videos() == {kept}


def test_the_frame_table_comes_back_when_the_cache_is_lost(studio: Studio, clips: dict[str, Path]) -> None:
    video = studio.videos.add(clips["bikes"])["id"]
    studio.cache.drop(video)
    pts = studio.media.array(video, "pts")
    assert pts is not None
    assert len(pts) == 250


def test_uploading_again_never_harms_the_first_copy(
    studio: Studio, clips: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_bytes(clips["bikes"].read_bytes())
    row = studio.videos.keep_upload(tmp_path / "one", "bikes.mp4")

    def fail(*_: Any) -> None:
        raise MediaError("It took too long.")

    monkeypatch.setattr("studio.media.probe", fail)
    with pytest.raises(MediaError):
        studio.videos.keep_upload(tmp_path / "two", "bikes.mp4")
    assert Path(row["path"]).exists()


def test_a_backup_overwrites_nothing_else(studio: Studio, tmp_path: Path) -> None:
    precious = tmp_path / "talk.mp4"
    precious.write_bytes(b"a film")
    for target in (precious, studio.settings.database):
        with pytest.raises(UsageError, match="overwritten"):
            backup(studio.settings, studio.store, target)
    assert precious.read_bytes() == b"a film"
    backup(studio.settings, studio.store, tmp_path / "copy.db")
    backup(studio.settings, studio.store, tmp_path / "copy.db")


def test_a_decision_can_be_taken_back_by_anyone_who_sees_it(indexed: Studio, clips: dict[str, Path]) -> None:
    video = indexed.videos.resolve(str(clips["bikes"]))["id"]
    proposed = indexed.jobs.run("ground", video, {"query": "a wall"})["predictions"][0].id
    decide = {"op": "verdict", "prediction_id": proposed}
    indexed.timelines.save(video, [{**decide, "edit_id": "v1", "verdict": "rejected"}], "Bob")
    indexed.timelines.save(video, [{**decide, "edit_id": "v2", "verdict": ""}], "Ana")
    shown = {p["id"]: p["verdict"] for p in indexed.timelines.load(video)["predictions"]}
    assert shown[proposed] == ""


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError, match="--home"):
        Studio(Settings(home=tmp_path / "file"))
