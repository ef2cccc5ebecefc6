"""The review desk: which moments come next, to whom, and what is known of a label then."""

from itertools import islice
from typing import Any

import numpy as np
import pytest

from studio import models, tasks
from studio.atomic_files import write_atomic
from studio.errors import StoreError, UsageError
from studio.models import ModelCard, detection
from studio.service import Studio
from studio.service.accounts.claims import HELD_S, Claims
from studio.service.accounts.rights import Actor
from studio.service.timelines import review_desk
from studio.service.timelines.review_desk import DeskRequest
from studio.store import jobs, review, runs, teaching, videos
from studio.store.review import Undecided
from studio.timeline import MICROS, ON_SCREEN, ModelRun, Prediction, Segment
from tests.conftest import VIDEO

Row = dict[str, Any]
LABEL, TRACK = "car", "Events"


@pytest.fixture
def library(studio: Studio) -> Studio:
    """Three videos of a minute; a detector proposed a car in each of them twice."""
    for number in range(3):
        row = {**VIDEO, "id": f"v{number}", "name": f"{number}.mp4", "path": f"/{number}.mp4", "sha256": str(number)}
        studio.store.write(lambda db, row=row: videos.insert(db, row))
        detect(studio, f"v{number}", (10 + number, 0.9 - 0.1 * number), (30, 0.5 + 0.01 * number))
    return studio


def detect(studio: Studio, video: str, *found: tuple[float, float], model: str = "car-1") -> None:
    predictions = [
        Prediction(Segment(int(s * MICROS), int((s + 4) * MICROS)), TRACK, LABEL, score) for s, score in found
    ]
    run = ModelRun(video, "detection", model, "1", predictions, {"note": "learned"}, LABEL, {"track": TRACK})
    studio.store.write(lambda db: runs.insert(db, run))


def ask(studio: Studio, feed: str = "likely", count: int = 12, actor: Actor | None = None, **more: Any) -> Row:
    names = {name: more.pop(name) for name in ("shown", "window", "track") if name in more}
    wanted = Undecided(**{"label": LABEL, **more})
    return studio.desk.queue(
        DeskRequest(feed, wanted, **{"track": TRACK, "count": count, **names}), actor or Actor(admin=True)
    )


def save(studio: Studio, video: str, *edits: Row, annotator: str = "ann") -> None:
    for answer in studio.timelines.save(video, list(edits), annotator)["results"]:
        assert answer["ok"], answer


def verdict(item: Row, said: str = "rejected") -> Row:
    return {"edit_id": f"{item['id']}{said}", "op": "verdict", "prediction_id": item["id"], "verdict": said}


def made(name: str, start: float, end: float, **more: Any) -> Row:
    return {
        "edit_id": name, "op": "create", "id": name, "base_version": 0, "start": start, "end": end, "track": TRACK,
        "label": LABEL, **more,
    }  # fmt: skip


def test_the_likely_come_first_and_the_unsure_where_they_are_asked_for(library: Studio) -> None:
    likely = ask(library)
    assert [item["score"] for item in likely["items"]] == [0.9, 0.8, 0.7, 0.52, 0.51, 0.5]
    assert likely["waiting"] == 6
    assert [item["confidence"] for item in likely["items"]][:2] == [0.9, 0.8], "of a taught label it is a chance"
    assert (likely["items"][0]["start"], likely["items"][0]["end"], likely["items"][0]["name"]) == (10, 14, "0.mp4")
    unsure = ask(library, "unsure")["items"]
    assert [item["score"] for item in unsure][:3] == [0.5, 0.51, 0.52]


def test_the_timeline_says_how_likely_something_is_where_that_was_measured(library: Studio) -> None:
    for model, label, payload in (("merge-tree", "a car", {"confidence": 0.63}), ("merge-tree", "", None)):
        found = [Prediction(Segment(0, MICROS), "Moments", label, 0.9, payload=payload)]
        run = ModelRun("v0", "grounding", model, "1", found, {}, label or None)
        library.store.write(lambda db, run=run: runs.insert(db, run))
    told = [(p["task"], p["score"], p.get("confidence")) for p in library.timelines.load("v0")["predictions"]]
    assert told == [
        ("detection", 0.9, 0.9), ("detection", 0.5, 0.5), ("grounding", 0.9, 0.63), ("grounding", 0.9, None),
    ]  # fmt: skip


def test_the_desk_goes_by_what_was_measured_and_else_by_the_score(library: Studio) -> None:
    for number, (score, confidence) in enumerate(((0.1, 0.95), (0.99, 0.55))):
        found = [Prediction(Segment(0, MICROS), "Moments", LABEL, score, payload={"confidence": confidence})]
        run = ModelRun(f"v{number}", "grounding", "merge-tree", "1", found, {}, LABEL)
        library.store.write(lambda db, run=run: runs.insert(db, run))
    assert [item["score"] for item in ask(library, lowest=0.55)["items"]] == [0.1, 0.9, 0.8, 0.7, 0.99]
    assert [item["score"] for item in ask(library, lowest=0.95)["items"]] == [0.1]
    assert ask(library, count=0, lowest=0.95)["waiting"] == 1


def test_what_is_probably_something_else_waits_among_the_unsure(library: Studio) -> None:
    detect(library, "v0", (10, 0.9), (30, 0.5), (50, 0.1))
    likely = ask(library)
    assert (0.1 in [item["score"] for item in likely["items"]], likely["unlikely"], likely["waiting"]) == (False, 1, 7)
    for feed in ("unsure", "different"):
        found = ask(library, feed)
        assert (0.1 in [item["score"] for item in found["items"]], found["unlikely"]) == (True, 0)
    assert [item["score"] for item in ask(library, highest=0.2)["items"]] == [0.1], "asked for by how sure it is"
    wrong = [(item["video"], verdict(item)) for item in likely["items"]]
    for video, edit in wrong:
        save(library, video, edit)
    left = ask(library)
    assert (left["items"], left["unlikely"], left["waiting"]) == ([], 1, 1)


def test_the_filter_goes_by_label_video_certainty_and_annotator(library: Studio) -> None:
    assert ask(library, label="bus")["items"] == []
    assert {item["video"] for item in ask(library, video="v1")["items"]} == {"v1"}
    assert [item["score"] for item in ask(library, lowest=0.6, highest=0.85)["items"]] == [0.8, 0.7]
    save(library, "v2", made("m", 50, 55), annotator="bo")
    assert {item["video"] for item in ask(library, by="bo")["items"]} == {"v2"}


def test_nobody_is_given_what_somebody_else_looks_at(library: Studio) -> None:
    anna = ask(library, count=2, window="anna")["items"]
    ben = ask(library, count=9, window="ben")["items"]
    assert len(anna) == 2 and len(ben) == 4
    assert not {item["id"] for item in anna} & {item["id"] for item in ben}
    turned = ask(library, count=2, window="anna")["items"]
    assert [item["id"] for item in turned] == [item["id"] for item in anna], "a page that is turned lets go of its own"


def test_claims_end_when_a_page_is_silent() -> None:
    now = 0.0
    left: set[str] = set()
    claims = Claims(left.__contains__, lambda: now)
    assert claims.take("anna", [], ["a", "b"], 1) == ["a"]
    assert claims.take("ben", [], ["a", "b"], 2) == ["b"]
    assert claims.take("anna", ["a"], [], 0) == []
    now = HELD_S - 1
    assert claims.take("ben", ["b"], ["a"], 1) == []
    now = HELD_S + 1
    assert claims.take("ben", ["b"], ["a"], 1) == ["a"]
    left.add("ben")
    assert claims.take("anna", [], ["a", "b"], 2) == ["a", "b"], "a window that was closed holds nothing"


def test_what_others_decided_is_no_longer_open_also_of_an_older_run(library: Studio) -> None:
    items = ask(library)["items"]
    ids = tuple(item["id"] for item in items)
    save(library, items[0]["video"], verdict(items[0]))
    assert ask(library, count=0, shown=ids)["shown"] == list(ids[1:])
    detect(library, "v1", (20, 0.6))
    assert ask(library, count=0, shown=ids)["shown"] == list(ids[1:]), "one may still look at what an older run found"
    assert [item["start"] for item in ask(library, video="v1")["items"]] == [20]


@pytest.mark.parametrize("feed", ["likely", "different", "random"])
def test_a_look_at_what_is_shown_reads_nothing_that_waits_and_orders_nothing(
    library: Studio, feed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = ask(library, feed, count=20)["items"]
    ids = tuple(item["id"] for item in items)
    gone = next(item for item in items if item["kind"] == "prediction")
    save(library, gone["video"], verdict(gone))
    save(library, "v0", made("m", 9, 13))
    left = ask(library, feed, count=20)["waiting"]

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("a look costs little")

    for place, name in ((review, "undecided"), (library.desk._interactive, "call"), (review_desk, "instants")):
        monkeypatch.setattr(place, name, never)
    found = ask(library, feed, count=0, shown=ids)
    assert found["items"] == [] and found["waiting"] == left
    assert gone["id"] not in found["shown"] and len(found["shown"]) >= len(ids) - 2


def test_the_order_of_a_sample_is_drawn_once_for_the_same_videos(
    library: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    real = review_desk.instants
    monkeypatch.setattr(review_desk, "instants", lambda key, some: drawn.append(key) or real(key, some))
    first = ask(library, "random", 30)["items"]
    library.desk.progress(TRACK, LABEL)
    assert ask(library, "random", 30)["items"] == first
    assert len(drawn) == 1
    row = {**VIDEO, "id": "v9", "name": "9.mp4", "path": "/9.mp4", "sha256": "9", "duration_us": 6_000 * MICROS}
    library.store.write(lambda db: videos.insert(db, row))
    assert "v9" in {item["video"] for item in ask(library, "random", 30)["items"]}
    assert len(drawn) == 2
    monkeypatch.setattr(review_desk, "DRAWN", 3)
    orders = review_desk.Orders()
    length = {"a": 60 * MICROS, "b": 9 * MICROS}
    assert list(islice(orders.instants("k", length), 200)) == list(islice(real("k", length), 200))


def test_what_was_decided_since_it_was_taught_is_not_asked_again(library: Studio) -> None:
    save(library, "v0", made("m", 9, 13))
    assert [item["start"] for item in ask(library, video="v0")["items"]] == [30]


def test_a_random_frame_is_answered_by_what_is_known_and_by_people(library: Studio) -> None:
    with pytest.raises(UsageError, match="Choose a label"):
        ask(library, "random", label="")
    with pytest.raises(UsageError, match="no feed"):
        ask(library, "newest")
    first = ask(library, "random", count=30)["items"]
    kinds = [item["kind"] for item in first]
    assert kinds[:6] == ["instant", "instant", "prediction", "instant", "instant", "prediction"]
    assert kinds.count("prediction") == 6
    sampled = [item for item in first if item["kind"] == "instant"]
    one = sampled[0]
    two = next(item for item in sampled if item["video"] != one["video"])
    assert one["start"] <= one["at"] <= one["end"]
    absent = {"edit_id": "no", "op": "absent", "track": TRACK, "label": LABEL, "at": one["at"], "absent": True}
    save(library, one["video"], absent)
    save(library, one["video"], absent)  # sent again
    names = [item["id"] for item in ask(library, "random", count=30)["items"]]
    assert one["id"] not in names and two["id"] in names
    assert ask(library, "random", count=0, shown=(one["id"], two["id"]))["shown"] == [two["id"]]
    library.teaching.mark_reviewed(library.videos.get(two["video"]), track=TRACK)
    left = [item for item in ask(library, "random", count=30)["items"] if item["kind"] == "instant"]
    assert two["video"] not in {item["video"] for item in left}, "all of it was looked through"
    save(library, one["video"], {**absent, "edit_id": "back", "absent": False})
    assert one["id"] in [item["id"] for item in ask(library, "random", count=30)["items"]]


def test_a_moment_around_a_random_frame_begins_and_ends_with_frames(library: Studio) -> None:
    times = np.arange(0, 60 * MICROS, 33_367)
    for number in range(3):
        library.cache.save_array(f"v{number}", "pts.npy", times)
    found = [item for item in ask(library, "random", count=30)["items"] if item["kind"] == "instant"]
    edges = {*times.tolist(), 60 * MICROS}
    assert len(found) > 10
    assert {round(item[end] * MICROS) for item in found for end in ("start", "end")} <= edges
    assert all(item["end"] - item["start"] > 3.9 for item in found)


def test_what_is_left_is_estimated_from_the_answers(library: Studio) -> None:
    """Cars are in the last 20 s of each video, and nowhere else: a third of the library."""
    save(library, "v0", made("m", 40, 60))
    for number in range(150):
        (item, *_) = [i for i in ask(library, "random", count=3)["items"] if i["kind"] == "instant"] or [None]
        if item is None:
            break
        if item["at"] < 40:
            said = {
                "edit_id": f"no{number}",
                "op": "absent",
                "track": TRACK,
                "label": LABEL,
                "at": item["at"],
                "absent": True,
            }
        else:
            said = made(f"r{number}", 40, 60, attributes={"found_by": "random sample"})
        save(library, item["video"], said)
    known = library.desk.progress(TRACK, LABEL)
    assert known["labelled"] == 3, "chance met both others"
    assert known["instants"] > 100
    left, recall = known["estimate"]["left"], known["estimate"]["recall"]
    assert left["low"] == 0 and left["value"] < 0.6 and left["high"] < 1.5
    assert recall["value"] > 0.8
    assert known["news"] == 150 + 1
    assert known["note"] == "learned"


def rename(studio: Studio, *pairs: tuple[str, str]) -> None:
    renames = [{"track": TRACK, "from": one, "to": other} for one, other in pairs]
    studio.labels.save({**studio.labels.shown(), "key": None, "renames": renames}, "ann", Actor(admin=True))


def test_a_renamed_label_keeps_what_was_rejected_its_sample_its_proposals_and_its_detector(library: Studio) -> None:
    name = tasks.detector_name(LABEL, TRACK)
    weights = detection.Weights(np.ones(4, np.float32), np.zeros(4, np.float32), 1.0, 0.0, (0.0, 1.0))
    card = ModelCard(name, "detection", "1", "yours", "here", "“car” taught.", {}, labels=(LABEL,),
                     architecture="label-detector")  # fmt: skip
    packed = detection.packed(weights, "e@1", "classifier")
    models.keep(card, {"weights": packed}, library.settings.ensure().models, write_atomic)
    detect(library, "v0", (20, 0.95), model=name)
    no, yes = ask(library)["items"][:2]
    save(library, no["video"], verdict(no))
    of_it = {"source": "accepted", "prediction_id": yes["id"]}
    save(library, yes["video"], made("y", yes["start"], yes["end"], **of_it))
    before = ask(library)["items"]
    instants = [item["id"] for item in ask(library, "random", 60)["items"] if item["kind"] == "instant"]
    rename(library, (LABEL, "van"))

    rejected = library.store.read(lambda db: teaching.rejected(db, "van", TRACK))
    assert [row["id"] for row in rejected] == [no["id"]]
    assert [item["id"] for item in ask(library, label="van")["items"]] == [item["id"] for item in before]
    assert ask(library)["items"] == [], "nothing has the old name"
    again = ask(library, "random", 60, label="van")["items"]
    assert [item["id"] for item in again if item["kind"] == "instant"] == instants
    assert library.desk.progress(TRACK, "van")["taught"], "and it goes on being learned again"
    (kept,) = models.cards("detection", library.settings.models)
    new = tasks.detector_name("van", TRACK)
    assert (kept.name, kept.labels, kept.summary) == (new, ("van",), "“van” taught.")
    assert models.load("detection", new, "cpu", library.settings.models).encoder == "e@1"
    of_it = "SELECT count(*) FROM runs WHERE model = ? AND query = 'van'"
    assert library.store.read(lambda db: db.execute(of_it, (new,)).fetchone()[0]) == 1
    detect(library, "v1", (50, 0.9))
    rename(library, (LABEL, "van"), ("van", LABEL))
    assert [item["start"] for item in ask(library, label="van")["items"]] == [50]
    assert {item["id"] for item in ask(library)["items"]} == {item["id"] for item in before}


def test_a_prediction_is_else_never_updated(library: Studio) -> None:
    for column in ("start_us", "score", "run_id"):
        with pytest.raises(StoreError, match="never updated"):
            library.store.write(lambda db, column=column: db.execute(f"UPDATE predictions SET {column} = 1"))


def test_proposals_that_chance_chose_say_how_many_are_right(library: Studio) -> None:
    for item in ask(library, "random", count=60)["items"]:
        if item["kind"] == "prediction":
            save(library, item["video"], verdict(item, "accepted" if item["start"] == 30 else "rejected"))
    precision = library.desk.progress(TRACK, LABEL)["estimate"]["precision"]
    assert precision["value"] == 0.5
    assert 0.1 < precision["low"] < 0.2 and 0.8 < precision["high"] < 0.9


def test_an_absence_teaches_and_is_in_the_history(library: Studio) -> None:
    save(library, "v0", made("m", 9, 13))
    save(library, "v1", {"edit_id": "no", "op": "absent", "track": TRACK, "label": LABEL, "at": 5.5, "absent": True})
    params = library.teaching._params(LABEL, TRACK, None, Actor(admin=True))
    assert params["said"]["v1"]["absent"] == [[5_500_000, 5_500_001]]
    assert "v1@5500000:absent" in params["examples"]
    bad = {"edit_id": "x", "op": "absent", "track": TRACK, "label": LABEL, "at": 99, "absent": True}
    (answer,) = library.timelines.save("v1", [bad], "ann")["results"]
    assert (answer["ok"], answer["error"]) == (False, "This time lies beyond the end of the video.")


def test_who_works_independently_decides_alone(library: Studio) -> None:
    for name in ("ada", "anna", "ben", "eve"):
        library.users.put(name, "correct horse")
    library.layers.set_independent("v0", True)
    ben, eve = Actor("ben"), Actor("eve")
    first = ask_as(library, ben, "ben")
    save(library, "v0", verdict(first[0]), annotator="ben")
    assert first[0]["id"] not in [item["id"] for item in ask_as(library, ben, "ben")]
    assert first[0]["id"] in [item["id"] for item in ask_as(library, eve, "eve")], "and both may look at it at once"


def test_what_one_rejected_stays_so_for_them_whatever_others_say_independently(library: Studio) -> None:
    for name in ("ada", "ben", "eve"):
        library.users.put(name, "correct horse")
    library.layers.set_independent("v0", True)
    item = ask_as(library, Actor("ben"), "ben")[0]
    save(library, "v0", verdict(item), annotator="ben")
    save(library, "v0", verdict(item, "accepted"), annotator="eve")

    def rejected(name: str) -> list[str]:
        return [row["id"] for row in library.store.read(lambda db: teaching.rejected(db, LABEL, TRACK, Actor(name)))]

    assert (rejected("ben"), rejected("eve")) == ([item["id"]], [])


def ask_as(studio: Studio, actor: Actor, window: str) -> list[Row]:
    asked = DeskRequest("likely", Undecided(label=LABEL, video="v0"), TRACK, 12, (), window)
    items: list[Row] = studio.desk.queue(asked, actor)["items"]
    return items


def test_what_several_people_marked_is_one_moment(library: Studio) -> None:
    for person, by in (("ann", 0.0), ("bo", 0.4), ("cy", 0.2)):
        save(library, "v0", made(person, 9 + by, 13 + by), made(f"{person}2", 40, 44 + by), annotator=person)
    save(library, "v1", made("other", 9, 13))
    assert library.desk.progress(TRACK, LABEL)["labelled"] == 3
    params = library.teaching._params(LABEL, TRACK, None, Actor(admin=True))
    assert params["said"]["v0"]["positive"] == [[9_200_000, 13_200_000], [40_000_000, 44_200_000]]
    assert len(params["examples"]) == 7, "and is learned from what all said"
    library.layers.set_independent("v0", True)
    assert [(row["moments"], row["videos"]) for row in library.teaching.taught()] == [(3, 2)]


def test_on_the_desk_also_an_admin_has_only_their_own_work_where_it_is_independent(library: Studio) -> None:
    for name in ("ada", "eve"):
        library.users.put(name, "correct horse")
    library.layers.set_independent("v0", True)
    ada = library.users.actor("ada")
    assert ada.admin
    save(library, "v0", made("m", 9, 13), made("n", 40, 60), annotator="eve")
    library.teaching.mark_reviewed(library.videos.get("v0"), track=TRACK, annotator="eve")
    absent = {"edit_id": "no", "op": "absent", "track": TRACK, "label": LABEL, "at": 20, "absent": True}
    save(library, "v0", absent, annotator="eve")
    assert 10 in [item["start"] for item in ask_as(library, ada, "ada")], "eve marked it, ada did not"
    known = library.desk.progress(TRACK, LABEL, ada)
    assert (known["labelled"], known["news"]) == (0, 0)
    frames = [item for item in ask(library, "random", 60, ada)["items"] if item["kind"] == "instant"]
    assert "v0" in {item["video"] for item in frames}, "eve looked through it, ada did not"


def test_a_label_waits_once_to_be_taught_with_what_was_said_last(library: Studio) -> None:
    class Waiting:
        def wake(self) -> None: ...
        def close(self) -> None: ...

    library.jobs.dispatcher = Waiting()  # type: ignore[assignment]
    save(library, "v0", made("m", 9, 13))
    assert library.desk.progress(TRACK, LABEL)["learning"] is False
    first = library.teaching.start(LABEL, TRACK, deeper=True)
    save(library, "v1", made("n", 9, 13))
    second = library.teaching.start(LABEL, TRACK)
    assert second["id"] == first["id"]
    assert set(second["params"]["said"]) == {"v0", "v1"}
    assert second["params"]["deeper"] is True, "somebody asked for it"
    assert library.desk.progress(TRACK, LABEL)["learning"] is True
    assert library.desk.progress("Other", LABEL)["learning"] is False
    library.store.write(lambda db: jobs.take(db, "studio/1"))
    save(library, "v2", made("o", 9, 13))
    third = library.teaching.start(LABEL, TRACK)
    assert third["id"] != first["id"], "one that runs has read what it learns from"
    assert library.desk.progress(TRACK, LABEL)["learning"] is True


def test_texts_on_the_screen_are_no_moments_to_decide_and_no_labels_to_teach(library: Studio) -> None:
    read = ModelRun("v0", "screen_text", "m", "1", [Prediction(Segment(0, MICROS), ON_SCREEN, "BREAKING", 0.9)], {})
    library.store.write(lambda db: runs.insert(db, read))
    assert "BREAKING" not in {item["label"] for item in ask(library, label="")["items"]}
    save(library, "v0", made("t", 0, 1, track=ON_SCREEN, label="BREAKING"))
    save(library, "v0", made("m", 50, 55))
    assert [row["label"] for row in library.teaching.taught()] == [LABEL]
