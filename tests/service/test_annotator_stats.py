"""Who did what, and how well people agree, on edits as people make them."""

from pathlib import Path
from typing import Any

import pytest

from studio.eval import agreement
from studio.formats.table import sheet
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment


def edit(number: int, start: float, end: float, label: str = "x", **more: Any) -> dict[str, Any]:
    return {"edit_id": f"e{number}", "op": "create", "id": f"a{number}", "base_version": 0, "track": "T",
            "start": start, "end": end, "label": label, **more}  # fmt: skip


@pytest.fixture
def video(studio: Studio, clips: dict[str, Path]) -> str:
    return str(studio.videos.add(clips["bikes"])["id"])


def test_people_and_what_stands_of_their_work(studio: Studio, video: str) -> None:
    found = [Prediction(Segment(n * 1_000_000, n * 1_000_000 + 500_000), "T", "x", 0.5) for n in range(3)]
    run = studio.store.write(lambda db: runs.insert(db, ModelRun(video, "grounding", "m", "1", found, query="x")))
    ids = [p.id for p in studio.store.read(lambda db: runs.predictions(db, run))]
    studio.timelines.save(video, [
        edit(1, 0.0, 0.5, prediction_id=ids[0]), edit(2, 1.04, 1.7, prediction_id=ids[1]), edit(3, 5.0, 6.0),
        {"edit_id": "e4", "op": "verdict", "prediction_id": ids[2], "verdict": "rejected"},
    ], "Anna")  # fmt: skip
    studio.timelines.save(video, [edit(5, 7.0, 8.0)], "Berta")
    anna, berta = studio.annotator_stats.statistics()
    assert anna | {"last": ""} == {
        "annotator": "Anna", "videos": 1, "done": 0, "edits": 4, "last": "", "manual": 1, "accepted": 1,
        "correction": 1, "import": 0,
        "rejected": 1, "shift": 0.12,
    }  # fmt: skip
    assert (berta["annotator"], berta["edits"], berta["manual"], berta["shift"]) == ("Berta", 1, 1, None)


def test_progress_counts_what_is_done_and_what_waits(studio: Studio, video: str, clips: dict[str, Path]) -> None:
    other = studio.videos.add(clips["carphone"])["id"]
    found = [Prediction(Segment(n * 1_000_000, n * 1_000_000 + 500_000), "T", "x", 0.5) for n in range(3)]
    run = studio.store.write(lambda db: runs.insert(db, ModelRun(other, "grounding", "m", "1", found, query="x")))
    first = studio.store.read(lambda db: runs.predictions(db, run))[0].id
    reject = {"edit_id": "e9", "op": "verdict", "prediction_id": first, "verdict": "rejected"}
    studio.timelines.save(other, [reject], "Anna")
    studio.timelines.save(video, [edit(1, 0.0, 0.5), edit(2, 1.0, 3.0), edit(3, 4.0, 5.0, "y"), edit(4, 6.0, 7.0, "")])
    progress = studio.annotator_stats.progress()
    assert progress == {
        "videos": 2, "annotated": 1, "annotations": 4, "undecided": 2, "waiting": 1,
        "wait": [{"id": other, "name": clips["carphone"].name, "waiting": 2}],
        "labels": [
            {"label": "x", "videos": 1, "segments": 2, "duration": 2.5},
            {"label": "y", "videos": 1, "segments": 1, "duration": 1.0},
        ],
    }  # fmt: skip


def test_progress_says_no_more_than_somebody_may_see(studio: Studio, video: str) -> None:
    studio.layers.set_independent(video, True)
    studio.timelines.save(video, [edit(1, 0.0, 0.5), edit(2, 1.0, 3.0)], "Anna")
    studio.timelines.save(video, [edit(3, 0.0, 0.5, "z")], "Berta")
    seen = studio.annotator_stats.progress(Actor("Berta", False))
    assert (seen["annotations"], [each["label"] for each in seen["labels"]]) == (1, ["z"])
    assert studio.annotator_stats.progress()["annotations"] == 3


def test_agreement_of_two_people(studio: Studio, video: str) -> None:
    assert studio.annotator_stats.agreement() == {"people": [], "tracks": [], "pairs": [], "left_out": 0}
    studio.timelines.save(video, [edit(1, 0.0, 2.0), edit(2, 4.0, 6.0), edit(3, 8.0, 9.0)], "Anna")
    studio.timelines.save(video, [edit(4, 0.0, 2.0), edit(5, 5.0, 6.0)], "Berta")
    studio.timelines.save(video, [edit(6, 0.0, 1.0, track="Other")], "Berta")
    found = studio.annotator_stats.agreement()
    assert (found["people"], found["tracks"]) == (["Anna", "Berta"], ["T"])
    (pair,) = found["pairs"]
    assert (pair["videos"], pair["segments"], pair["left_out"], found["left_out"]) == (1, 2, 0, 0)
    assert pair["iou"] == 0.5, "(1 + 1/2 + 0 for the one without a partner) / 3"
    assert (pair["start"], pair["end"]) == (0.5, 0.0)
    # of 10 s both mark 3, neither 5: observed .8; 5 and 3 s marked: expected .5 * .3 + .5 * .7 = .5
    assert pair["kappa"] == pytest.approx(0.6)
    assert studio.annotator_stats.agreement("nothing")["pairs"] == []


def change(number: int, version: int, start: float, end: float, op: str = "update", **more: Any) -> dict[str, Any]:
    return {**edit(number, start, end), "edit_id": f"{op}{number}-{version}", "op": op, "base_version": version, **more}


def test_a_segment_stays_whose_it_is_and_says_who_changed_it_last(studio: Studio, video: str) -> None:
    studio.timelines.save(video, [edit(1, 0.0, 2.0)], "Anna")
    studio.timelines.save(video, [change(1, 1, 0.0, 3.0)], "Berta")
    (a,) = studio.timelines.annotations(video)
    assert (a.annotator, a.edited_by, a.is_corrected) == ("Anna", "Berta", True)
    stale = change(1, 1, 0.0, 4.0, edit_id="late")
    late = studio.timelines.save(video, [stale], "Carla")["results"][0]
    assert (late["kind"], late["current"]["annotator"], late["current"]["edited_by"]) == ("conflict", "Anna", "Berta")
    studio.timelines.save(video, [change(1, 2, 0.0, 2.0)], "Anna")
    (a,) = studio.timelines.annotations(video)
    assert (a.annotator, a.edited_by, a.is_corrected) == ("Anna", "Anna", False)
    assert [row["annotator"] for row in studio.timelines.history("a1")] == ["Anna", "Berta", "Anna"]
    assert [row["manual"] for row in studio.annotator_stats.statistics()] == [1, 0]
    studio.labels.save({"labels": [], "tracks": [], "renames": [{"track": "T", "from": "x", "to": "y"}]}, "Carla")
    (a,) = studio.timelines.annotations(video)
    assert (a.label, a.annotator, a.edited_by) == ("y", "Anna", "Carla")


def test_what_two_people_worked_on_is_no_agreement_between_them(studio: Studio, video: str) -> None:
    """Berta moves the end of Anna's first segment and draws over her second: only the latter is a second opinion."""
    studio.timelines.save(video, [edit(1, 0.0, 2.0), edit(2, 4.0, 6.0)], "Anna")
    studio.timelines.save(video, [change(1, 1, 0.0, 3.0), edit(3, 4.0, 6.0)], "Berta")
    studio.timelines.save(video, [edit(4, 0.0, 3.0)], "Carla")
    found = studio.annotator_stats.agreement()
    pairs = {(pair["one"], pair["other"]): pair for pair in found["pairs"]}
    both = pairs["Anna", "Berta"]
    assert (both["segments"], both["iou"], both["left_out"]) == (1, 1.0, 1)
    third = pairs["Anna", "Carla"]
    assert (third["segments"], third["iou"], third["left_out"]) == (1, 0.5, 0), "who did not touch it is still compared"
    assert found["left_out"] == 1


def test_a_name_or_label_that_changed_elsewhere_is_no_work_on_a_segment(studio: Studio, video: str) -> None:
    studio.timelines.save(video, [edit(1, 0.0, 2.0)], "Anna")
    studio.timelines.save(video, [edit(2, 0.0, 2.0), change(1, 1, 0.0, 2.0, "follow")], "Berta")
    studio.labels.save({"labels": [], "tracks": [], "renames": [{"track": "T", "from": "x", "to": "y"}]}, "Berta")
    (pair,) = studio.annotator_stats.agreement()["pairs"]
    assert (pair["segments"], pair["iou"], pair["left_out"]) == (1, 1.0, 0)
    assert [row["op"] for row in studio.timelines.history("a1")] == ["create", "follow", "relabel"]


def test_kappa_at_its_ends() -> None:
    one = [("x", 0, 4), ("y", 4, 10)]
    assert agreement.kappa(one, one, 10) == pytest.approx(1)
    assert agreement.kappa([("x", 0, 5)], [("x", 5, 10)], 10) == -1
    assert agreement.kappa([("x", 0, 5)], [("x", 0, 2), ("x", 5, 8)], 10) == pytest.approx(-0.0, abs=0.21)
    assert agreement.kappa([], [], 10) is None
    assert agreement.kappa([("x", 0, 10)], [("x", 0, 10)], 10) is None, "nothing else was possible"


def test_pairs_take_the_best_first_and_each_segment_once() -> None:
    one = [("x", 0, 10), ("x", 20, 30)]
    other = [("x", 1, 10), ("x", 0, 3), ("y", 20, 30)]
    assert [(a[1], b[1], round(share, 2)) for a, b, share in agreement.matched(one, other)] == [(0, 1, 0.9)]


def test_how_the_time_is_spent(studio: Studio, video: str) -> None:
    peck = {"track": "T", "label": "peck", "colour": "#0072b2", "hotkey": "1", "kind": "point"}
    studio.labels.save({"labels": [peck], "tracks": []}, "Anna")
    studio.timelines.save(video, [
        edit(1, 0.0, 2.0, "rest"), edit(2, 2.0, 6.0, "=walk"), edit(3, 3.0, 3.04, "peck"), edit(4, 6.0, 8.0, "rest"),
        edit(5, 1.0, 2.0, "nod", track="Head"), edit(6, 1.0, 2.0, ""),
    ], "Anna")  # fmt: skip
    studio.timelines.save(video, [edit(7, 0.0, 10.0, "rest")], "Berta")
    found = studio.annotator_stats.time_budget("T", "Anna")
    assert (found["tracks"], found["annotators"]) == (["Head", "T"], ["Anna", "Berta"])
    assert (found["videos"], found["observed"]) == (1, 10.0)
    assert found["labels"] == [
        {"track": "T", "label": "rest", "count": 2, "total": 4.0, "mean": 2.0, "share": 0.4, "per_minute": 12.0},
        {"track": "T", "label": "=walk", "count": 1, "total": 4.0, "mean": 4.0, "share": 0.4, "per_minute": 6.0},
        {"track": "T", "label": "peck", "count": 1, "total": None, "mean": None, "share": None, "per_minute": 6.0},
    ]
    assert [(row["label"], row["next"], row["count"], row["share"]) for row in found["transitions"]] == [
        ("=walk", "peck", 1, 1.0), ("peck", "rest", 1, 1.0), ("rest", "=walk", 1, 1.0),
    ]  # fmt: skip
    everybody = studio.annotator_stats.time_budget()
    assert everybody["observed"] == 30.0  # two people's T, and Anna's Head
    assert {(row["track"], row["label"], row["total"]) for row in everybody["labels"]} >= {
        ("T", "rest", 14.0),
        ("Head", "nod", 1.0),
    }
    assert sheet(found["labels"]).decode().splitlines()[2] == "T,'=walk,1,4.0,4.0,0.4,6.0"
    assert studio.annotator_stats.time_budget("T", "Nobody")["labels"] == []
