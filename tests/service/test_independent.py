"""Videos whose annotators do not see each other's work: every way in which somebody reads one, by somebody who must not
see what the other made. Ben's segment is called BEN; no answer to Eve holds that."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from studio import models, tasks
from studio.app import api, media_routes
from studio.app.login import current_user
from studio.app.rpc import PAGES
from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.formats import FORMATS
from studio.models import ModelCard, detection
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.exchange import found
from studio.service.exchange.dataset import ExportOptions
from studio.service.exchange.import_plan import ImportOptions
from studio.service.find import parse
from studio.store import runs, videos
from studio.timeline import ModelRun, Prediction, Segment
from tests.conftest import VIDEO

Ask = Callable[..., Any]
SECRET = "BEN"  # what ben wrote, and nobody else may read


@pytest.fixture(scope="module")
def of_the_team(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library: ada is an admin, anna added the video, ben and eve annotate it. Four passwords take as
    long as a test."""
    home = tmp_path_factory.mktemp("team") / "home"
    studio = Studio(Settings(home=home))
    for name in ("ada", "anna", "ben", "eve"):
        studio.users.put(name, "correct horse")
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "added_by": "anna"}))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000, dtype=np.int64))
    proposed = [Prediction(Segment(n * 1_000_000, n * 1_000_000 + 500_000), "T", "found", 0.5, f"p{n}") for n in (1, 2)]
    studio.store.write(lambda db: runs.insert(db, ModelRun("v1", "grounding", "m", "1", proposed, query="x")))
    studio.layers.set_independent("v1", True)
    studio.close()
    return home


@pytest.fixture
def team(of_the_team: Path, tmp_path: Path) -> Iterator[Studio]:
    """A studio that serves a copy of it."""
    shutil.copytree(of_the_team, tmp_path / "home")
    opened = Studio(Settings(home=tmp_path / "home"))
    yield opened
    opened.close()


@pytest.fixture
def ask(team: Studio) -> Iterator[Ask]:
    """Calls of the pages, by somebody who is logged in."""
    known = {call.__name__: call for methods in PAGES.values() for call in methods(team)}

    def asking(person: str, call: str, /, **request: Any) -> Any:
        token = current_user.set(person)
        try:
            return known[call](request)
        finally:
            current_user.reset(token)

    yield asking


def edit(number: int, label: str = "own", op: str = "create", **fields: Any) -> dict[str, Any]:
    base = 0 if op == "create" else 1
    return {"edit_id": f"{op}{number}{label}", "op": op, "id": f"a{number}", "base_version": base, "start": number,
            "end": number + 1, "track": "T", "label": label, **fields}  # fmt: skip


def save(ask: Ask, person: str, *edits: dict[str, Any]) -> list[dict[str, Any]]:
    results: list[dict[str, Any]] = ask(person, "save", video="v1", edits=list(edits))["data"]["results"]
    return results


@pytest.fixture
def both(ask: Ask) -> Ask:
    """Ben and eve each marked something, and decided differently about one prediction."""
    assert save(ask, "ben", edit(1, SECRET, note=SECRET), edit(2, SECRET, track=SECRET))[0]["ok"]
    assert save(ask, "eve", edit(3))[0]["ok"]
    key = {"at": 1, "box": [0.1, 0.1, 0.5, 0.5]}
    drawn = {"deleted": False, "label": SECRET, "name": SECRET, "keys": [key]}
    box = {"edit_id": "box", "op": "box", "id": "b1", "before": {"deleted": True}, "after": drawn}
    assert save(ask, "ben", box)[0]["ok"]
    for person, verdict in (("ben", "rejected"), ("eve", "accepted")):
        decision = {"edit_id": f"v{person}", "op": "verdict", "prediction_id": "p1", "verdict": verdict}
        assert save(ask, person, decision)[0]["ok"]
    return ask


def labels(answer: Any) -> list[str]:
    return sorted(row["label"] for row in answer["data"]["annotations"])


def test_find_shows_each_their_own_verdict(team: Studio, both: Ask) -> None:
    wanted = parse({"segments": [{"statuses": ["undecided", "rejected"]}], "videos": ["v1"]})
    two = {"edit_id": "second", "op": "verdict", "prediction_id": "p2", "verdict": "rejected"}
    assert save(both, "ben", two)[0]["ok"]
    for person, expected in (("ben", ["rejected", "rejected"]), ("eve", ["undecided"])):
        moments = team.find.ask(wanted, Actor(person)).moments
        assert [each["status"] for moment in moments for each in moment["segments"]] == expected


def test_each_sees_their_own_annotations_and_verdicts(both: Ask) -> None:
    for person, own, verdict in (("ben", [SECRET, SECRET], "rejected"), ("eve", ["own"], "accepted")):
        load = both(person, "load_document", video="v1")
        assert load["data"]["independent"] is True
        assert labels(load) == own
        assert {p["id"]: p["verdict"] for p in load["data"]["predictions"]} == {"p1": verdict, "p2": ""}
        news = both(person, "changes", video="v1", since=0)
        assert labels(news) == own
        assert news["data"]["verdicts"] == {"p1": verdict}
    for person in ("ada", "anna"):
        assert labels(both(person, "load_document", video="v1")) == [], (
            "on the page, also who may see all is one of many"
        )


def test_nobody_tracks_a_box_of_somebody_else(both: Ask) -> None:
    asked = {"video": "v1", "box": "b1", "at": 1, "until": 5, "edit": "t1"}
    assert both("eve", "track_box", **asked)["kind"] == "gone"
    assert both("anna", "track_box", **asked)["kind"] == "forbidden", "also who may see it"
    assert [len(both(person, "load_document", video="v1")["data"]["boxes"]) for person in ("ben", "eve")] == [1, 0]


def test_taking_a_verdict_back_takes_back_ones_own_only(both: Ask) -> None:
    save(both, "eve", {"edit_id": "back", "op": "verdict", "prediction_id": "p1", "verdict": ""})
    decided = {
        person: both(person, "load_document", video="v1")["data"]["predictions"][0]["verdict"]
        for person in ("ben", "eve")
    }
    assert decided == {"ben": "rejected", "eve": ""}


READS: dict[str, dict[str, Any]] = {
    "load_document": {"video": "v1"},
    "changes": {"video": "v1", "since": 0},
    "history": {"annotation": "a1"},
    "list_videos": {},
    "search_options": {},
    "imports": {},
    "agreement": {},
    "time_budget": {},
    "progress": {},
    "annotators": {"video": "v1"},
    "compare_layers": {"video": "v1", "one": "ben", "other": "eve"},
    "export_preview": {"video": "v1", "format": "qvhighlights"},
    "transcript": {"video": "v1"},
    "still_undecided": {"by": "ben"},
    "dataset_preview": {"format": "qvhighlights"},
    "search_examples": {},
    "teachable": {},
    "desk_queue": {"feed": "likely", "by": "ben", "count": 12},
    "desk_progress": {"track": "T", "label": SECRET},
    "map_state": {},
    "label_choices": {},
    "find": {"question": {"segments": [{"statuses": ["manual", "undecided", "rejected", "accepted", "line"]}]}},
    "find_choices": {},
    "found_preview": {"question": {}, "format": "qvhighlights"},
}


@pytest.mark.parametrize("call", READS)
def test_no_call_of_a_page_tells_what_somebody_else_made(both: Ask, call: str) -> None:
    assert SECRET not in json.dumps(both("eve", call, **READS[call]))


def test_a_model_of_a_label_that_only_somebody_else_uses_is_not_listed(team: Studio, both: Ask) -> None:
    for label in (SECRET, "own"):
        card = ModelCard(
            tasks.detector_name(label, "T"), "detection", "1", "yours", "taught here", f"“{label}” taught.", {},
            labels=(label,), architecture="label-detector",
        )  # fmt: skip
        ones = np.ones(4, np.float32)
        weights = detection.Weights(ones, np.zeros_like(ones), 1.0, 0.0, (0.0, 1.0))
        packed = detection.packed(weights, "e@1", "classifier")
        models.keep(card, {"weights": packed}, team.settings.ensure().models, write_atomic)

    def listed(person: str) -> list[str]:
        found = both(person, "list_models")["data"]["models"]
        return sorted(row["summary"] for row in found if row["task"] == "detection")

    every = sorted(f"“{label}” taught." for label in (SECRET, "own"))
    assert {person: listed(person) for person in ("ben", "eve", "anna", "ada")} == {
        "ben": [f"“{SECRET}” taught."], "eve": ["“own” taught."], "anna": every, "ada": every,
    }  # fmt: skip
    team.labels.add("T", SECRET)
    assert listed("eve") == every, "it is in the schema, which everybody sees"


def test_every_call_that_reads_was_thought_of(team: Studio) -> None:
    """What is not in READS answers with nothing of an annotation; whoever adds a call says so here or there."""
    silent = {
        "session", "statistics", "show_status", "list_models", "compare", "compared", "search", "explain", "formats",
        "ground", "glance", "run_payload", "start_job", "line_history", "index_video", "cancel_job", "cancel_jobs",
        "choose_tracks", "add_path", "relink", "remove_video", "restore_video", "neighbours", "dataset_searches",
        "dataset_state", "dataset_stop", "choose_videos", "timecode_offset", "compare_sound", "track_box", "face_boxes",
        "prepare_words", "library_words", "library_groups", "video_ids", "tag_videos", "collect_videos",
        "rename_collection", "delete_collection", "prepare_videos", "label_videos", "remove_videos", "restore_videos",
        "stop_adding", "forget_added", "work", "storage", "model_downloads", "time_encoder", "get_model", "pause_model",
        "cancel_model",
        "cleaning_preview", "dismiss_job", "move_job", "retry_job", "retry_jobs", "pause_work", "limit_work",
        "clean_cache", "limit_cache", "switch_library",
        # these write
        "use_encoder", "stop_encoder", "finish_encoder", "retry_encoder", "put_line_away",
        "set_prepares_words",
        "save", "save_schema", "add_label", "read_subtitles", "transcript_rows", "save_line", "save_lines",
        "split_line",
        "merge_lines", "delete_line", "restore_line", "revert_line", "set_speaker", "undo_lines", "redo_lines",
        "save_search", "delete_search", "restore_search", "save_find", "import_preview", "import_apply", "import_drop",
        "import_undo", "import_redo", "set_independent", "set_done", "dataset_start", "teach", "mark_reviewed",
        "detect", "delete_detector",
        "make_map", "label_moments", "reject_moments", "undo_step",
    }  # fmt: skip
    known = {call.__name__ for methods in PAGES.values() for call in methods(team)}
    assert known - silent - set(READS) == set()


def test_counts_of_work_are_ones_own(both: Ask) -> None:
    counts = {
        person: both(person, "list_videos")["data"]["videos"][0]["annotations"]
        for person in ("ada", "anna", "ben", "eve")
    }
    assert counts == {"ada": 3, "anna": 3, "ben": 2, "eve": 1}


def test_search_filters_by_what_one_may_see(team: Studio, both: Ask) -> None:
    from studio.service.search import Filters

    def videos_found(person: str, filters: Filters) -> int:
        by = team.users.actor(person)
        return len(team.store.read(lambda db: filters.let_through(db, by)))

    by_label = {person: videos_found(person, Filters(label=SECRET)) for person in ("ada", "anna", "ben", "eve")}
    assert by_label == {"ada": 1, "anna": 1, "ben": 1, "eve": 0}
    save(both, "eve", edit(3, "own", "delete"))
    assert [videos_found(person, Filters(annotated=True)) for person in ("ben", "eve")] == [1, 0]


QUESTIONS: list[dict[str, Any]] = [
    {},
    {"segments": [{"labels": [SECRET]}]},
    {"segments": [{"text": SECRET}]},
    {"segments": [{"annotators": ["ben"]}]},
    {"segments": [{"statuses": ["manual", "accepted", "undecided", "rejected", "line"]}]},
    # does ben's segment stand near hers?
    {"segments": [{"labels": ["own"]}, {"annotators": ["ben"], "relation": {"is": "near", "most": 60}}]},
    {"segments": [{"labels": ["own"]}, {"tracks": [SECRET], "relation": {"is": "before"}}]},
    {"segments": [{"labels": ["found"], "statuses": ["undecided"]}, {"relation": {"is": "near", "other": "label"}}]},
]


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_finding_in_annotations_tells_nothing_of_what_somebody_else_made(
    team: Studio, both: Ask, question: dict[str, Any]
) -> None:
    """Nor by what is counted: without ben, everything is the same to eve."""
    with_ben = team.find.ask(parse(question), team.users.actor("eve"))
    assert SECRET not in str(with_ben) and "ben" not in str(with_ben)
    for table in ("verdicts", "annotations"):
        team.store.write(lambda db, table=table: db.execute(f"DELETE FROM {table} WHERE annotator = 'ben'"))
    assert team.find.ask(parse(question), team.users.actor("eve")) == with_ben


def test_finding_counts_ones_own_and_for_who_added_the_video_all(team: Studio, both: Ask) -> None:
    def counted(person: str, **conditions: Any) -> int:
        return team.find.ask(parse({"segments": [conditions]}), team.users.actor(person)).count

    people = ("ada", "anna", "ben", "eve")
    assert {person: counted(person) for person in people} == {"ada": 3, "anna": 3, "ben": 2, "eve": 1}
    # p1: rejected by ben, accepted by eve
    assert {person: counted(person, statuses=["rejected"]) for person in ("ben", "eve")} == {"ben": 1, "eve": 0}
    assert {person: counted(person, statuses=["undecided"]) for person in ("ben", "eve")} == {"ben": 1, "eve": 1}
    assert team.find.ask(parse({})).count == 3, "whoever sits at the machine sees all"
    assert SECRET not in str(team.find.choices(team.users.actor("eve")))
    for form in ("json", "csv", "moments", "moments-json", "elan"):
        by = team.users.actor("eve")
        file = found.export(team.exchange, parse({}), team.find.ask(parse({}), by), form, by)
        assert SECRET.encode() not in file.content and b"ben" not in file.content


@pytest.mark.parametrize("name", [f.name for f in FORMATS.values() if f.write and not f.holds.only_boxed])
def test_no_export_holds_what_somebody_else_made(team: Studio, both: Ask, name: str) -> None:
    assert SECRET.encode() not in team.exchange.export("v1", name, by=team.users.actor("eve"))
    assert SECRET not in " ".join(team.exchange.losses("v1", name, by=team.users.actor("eve")))


def test_a_data_set_holds_what_its_reader_may_see(team: Studio, both: Ask, tmp_path: Path) -> None:
    for person, count in (("anna", 3), ("ben", 2), ("eve", 1)):
        by = team.users.actor(person)
        assert team.datasets.preview(ExportOptions("json"), by)["annotations"] == count
        team.datasets.export(tmp_path / person, ExportOptions("json"), by=by)
    written = b"".join(path.read_bytes() for path in (tmp_path / "eve").rglob("*") if path.is_file())
    assert SECRET.encode() not in written and b"ben" not in written


def test_the_review_of_the_library_is_ones_own(team: Studio, both: Ask) -> None:
    """Of two predictions ben and eve each decided one; whose work is there is told to who may see it."""
    waiting = {
        person: both(person, "still_undecided")["data"]["videos"][0]["waiting"] for person in ("anna", "ben", "eve")
    }
    assert waiting == {"anna": 2, "ben": 1, "eve": 1}
    assert both("eve", "still_undecided", by="ben")["data"]["videos"] == []
    named = {person: both(person, "still_undecided")["data"]["annotators"] for person in ("anna", "eve")}
    assert named == {"anna": ["ben", "eve"], "eve": ["eve"]}


def test_routes_and_endpoints_hold_only_ones_own(team: Studio, both: Ask) -> None:
    app = FastAPI()
    app.include_router(media_routes.routes(team))
    known = {each.__name__: each for each in api.endpoints(team)}
    said = {}
    for person in ("ada", "anna", "ben", "eve"):
        token = current_user.set(person)
        try:
            with TestClient(app) as client:
                file = client.get("/export/v1?format=json").json()
                asked = client.get("/found", params={"question": "{}", "format": "moments-json"}).json()
            made, counted = known["annotations"]("v1"), known["find"]({})["count"]
        finally:
            current_user.reset(token)
        said[person] = len(file["annotations"]), len(made["annotations"]), len(asked["moments"]), counted
    assert said == {"ada": (3, 3, 3, 3), "anna": (3, 3, 3, 3), "ben": (2, 2, 2, 2), "eve": (1, 1, 1, 1)}


def test_somebody_elses_segment_cannot_be_changed_nor_read_by_trying(both: Ask) -> None:
    for op in ("update", "delete", "create"):
        answer = save(both, "eve", edit(1, "mine", op))[0]
        assert (answer["ok"], answer["kind"], answer["current"]) == (False, "forbidden", None)
    assert both("eve", "history", annotation="a1")["kind"] == "gone"
    assert len(both("anna", "history", annotation="a1")["data"]) == 1


def test_what_is_imported_is_ones_own_and_hides_nothing_by_being_there(team: Studio, both: Ask) -> None:
    file = b"video,label,start,end,track,annotator\ntalk,BEN,1,2,T,ben\ntalk,y,5,6,T,\n"
    eve, options = team.users.actor("eve"), ImportOptions(video="v1")
    preview = team.exchange.preview(file, "x.csv", "csv", options, "eve", eve)
    assert (preview["segments"], preview["already"]) == (2, 0), (
        "ben's segment of these very times is not told by “already”"
    )
    done = team.exchange.apply(file, "x.csv", "csv", options, "eve", eve)
    said = "1 segment that this file says others made will be yours: annotators of this video work independently."
    assert said in done["problems"] and said in preview["problems"]
    assert labels(both("eve", "load_document", video="v1")) == ["BEN", "own", "y"]
    assert len(labels(both("ben", "load_document", video="v1"))) == 2


def test_who_may_say_so_and_who_is_done(both: Ask) -> None:
    refused = both("eve", "set_independent", video="v1", independent=False)
    assert refused["kind"] == "forbidden" and "Only anna or an admin can say whether annotators" in refused["error"]
    assert both("eve", "set_done", video="v1", done=True)["data"]["annotators"][0]["annotator"] == "eve"
    seen = both("anna", "annotators", video="v1")["data"]
    facts = [(row["annotator"], row["annotations"], row["decided"], bool(row["done"])) for row in seen["annotators"]]
    assert facts == [("ben", 2, 1, False), ("eve", 1, 1, True)]
    own = both("ben", "annotators", video="v1")["data"]
    assert [row["annotator"] for row in own["annotators"]] == ["ben"] and own["fixed"]
    both("eve", "set_done", video="v1", done=False)
    assert not any(row["done"] for row in both("anna", "annotators", video="v1")["data"]["annotators"])
    assert both("", "set_done", video="v1", done=True)["kind"] == "invalid"


def test_once_it_is_over_everybody_sees_everything(both: Ask) -> None:
    assert both("anna", "set_independent", video="v1", independent=False)["ok"]
    load = both("eve", "load_document", video="v1")
    assert labels(load) == [SECRET, SECRET, "own"]
    assert {row["annotator"] for row in load["data"]["annotations"]} == {"ben", "eve"}


# ---------------------------------------------------------------- adjudication


def test_two_layers_are_compared_by_whoever_may_see_both(both: Ask) -> None:
    refused = both("eve", "compare_layers", video="v1", one="ben", other="eve")
    assert refused["kind"] == "forbidden"
    mine = [("dog", 10, 12), ("cat", 20, 22), ("x", 30, 32), ("x", 40, 41)]
    theirs = [("dog", 10, 12), ("dog", 20, 22), ("x", 30, 34), ("x", 50, 51)]
    for person, first, marks in (("ben", 11, mine), ("eve", 21, theirs)):
        edits = [edit(first + n, label, start=start, end=end) for n, (label, start, end) in enumerate(marks)]
        assert all(result["ok"] for result in save(both, person, *edits))
    answer = both("anna", "compare_layers", video="v1", one="ben", other="eve")["data"]
    found = [(row["kind"], row["track"], row["one"], row["other"], row["iou"]) for row in answer["found"]]
    assert found == [
        ("one", "T", "a1", None, 0.0), ("one", SECRET, "a2", None, 0.0), ("other", "T", None, "a3", 0.0),
        ("same", "T", "a11", "a21", 1.0), ("label", "T", "a12", "a22", 1.0), ("boundary", "T", "a13", "a23", 0.5),
        ("one", "T", "a14", None, 0.0), ("other", "T", None, "a24", 0.0),
    ]  # fmt: skip
    # two pairs of one label (IoU 1 and 1/2), and seven segments without a partner
    assert (answer["agreement"]["segments"], answer["agreement"]["iou"]) == (2, 0.167)
    assert (answer["agreement"]["end"], answer["agreement"]["left_out"]) == (1.0, 0)
    assert {row["annotator"] for row in answer["one"]} == {"ben"}


def test_what_was_decided_is_nobodys_layer_and_leaves_both_as_they_were(both: Ask) -> None:
    before = both("anna", "compare_layers", video="v1", one="ben", other="eve")["data"]
    decided = edit(31, "own", start=3, end=4, attributes={"adjudicated_from": ["a3"]})
    assert save(both, "anna", decided)[0]["annotation"]["attributes"] == {"adjudicated_from": ["a3"]}
    assert both("anna", "compare_layers", video="v1", one="ben", other="eve")["data"] == before
    own = edit(32, "own", start=5, end=6, attributes={"adjudicated_from": ["a1"]})
    save(both, "eve", own)  # also where one of the two is who decides
    assert both("anna", "compare_layers", video="v1", one="ben", other="eve")["data"] == before
    nothing = both("anna", "compare_layers", video="v1", one="anna", other="eve")
    assert nothing["error"] == "“anna” has marked nothing in this video yet."
    assert both("anna", "compare_layers", video="v1", one="eve", other="eve")["kind"] == "invalid"
