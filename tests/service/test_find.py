"""Finding in annotations: each condition, what is seen by whom, what is found together, and what is kept."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from studio.errors import NotFound, UsageError
from studio.service import Studio
from studio.service.find import parse, plain
from studio.store import runs, transcripts, videos
from studio.timeline import Cue, ModelRun, Prediction, Segment
from tests.conftest import VIDEO

Json = dict[str, Any]
Ask = Callable[..., list[str]]

# id, start, end, row, label, and what else there is to say
MADE: list[tuple[str, float, float, str, str, Json]] = [
    ("nod1", 1, 2, "Head", "nod", {"note": "Très clear", "attributes": {"intensity": 3, "hand": "left"}}),
    ("nod2", 10, 10.5, "Head", "nod", {"attributes": {"intensity": "5", "sure": True}}),
    ("nod3", 30, 31, "Head", "nod", {"annotator": "ben"}),
    ("smile1", 3, 5, "Face", "smile", {"attributes": {"by": ["ann", "ben"]}}),
    ("smile2", 10.25, 12, "Face", "smile", {"annotator": "ben"}),
    ("shake", 20, 21, "Head", "head shake", {}),
]


@pytest.fixture
def library(studio: Studio) -> Studio:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    other = {**VIDEO, "id": "v2", "name": "Interview Été.mp4", "path": "/films/b.mp4", "sha256": "1" * 64}
    studio.store.write(lambda db: videos.insert(db, other))
    for number, (name, start, end, row, label, more) in enumerate(MADE):
        more = dict(more)
        by = more.pop("annotator", "ann")
        save(studio, "v1", by, number, id=name, start=start, end=end, track=row, label=label, **more)
    save(studio, "v2", "ann", 90, id="other", start=4.0, end=5.0, track="Face", label="smile")
    found = [
        Prediction(Segment(40_000_000 + n, 41_000_000 + n), "Face", "smile", 0.5 + n / 10, f"p{n}") for n in (0, 1)
    ]
    studio.store.write(lambda db: runs.insert(db, ModelRun("v1", "grounding", "m", "1", found, query="a smile")))
    reject = {"edit_id": "r", "op": "verdict", "prediction_id": "p1", "verdict": "rejected"}
    assert studio.timelines.save("v1", [reject], "ann")["results"][0]["ok"]
    lines = [Cue(1_500_000, 3_500_000, "Guten Morgen"), Cue(20_000_000, 22_000_000, "no, no")]
    studio.store.write(lambda db: [transcripts.insert(db, "v1", cue, "ann", speaker="Anna") for cue in lines])
    return studio


def save(studio: Studio, video: str, by: str, number: int, **fields: Any) -> None:
    edit = {"edit_id": f"e{number}", "op": "create", "base_version": 0, **fields}
    (result,) = studio.timelines.save(video, [edit], by)["results"]
    assert result["ok"], result


def ids(studio: Studio, *segments: Json, **more: Any) -> list[str]:
    found = studio.find.ask(parse({"segments": list(segments), **more}))
    assert found.count == len(found.moments) == sum(video["count"] for video in found.videos)
    return ["+".join(each["id"] if each else "–" for each in moment["segments"]) for moment in found.moments]


@pytest.fixture
def ask(library: Studio) -> Iterator[Ask]:
    yield lambda *segments, **more: ids(library, *segments, **more)


EVERY = ["other", "nod1", "smile1", "nod2", "smile2", "shake", "nod3"]


@pytest.mark.parametrize(
    ("conditions", "found"),
    [
        ({}, EVERY),
        ({"labels": ["nod"]}, ["nod1", "nod2", "nod3"]),
        ({"labels": ["Nod"]}, []),  # in some schemes case tells two labels apart
        ({"labels": ["nod", "head shake"], "annotators": ["ann"]}, ["nod1", "nod2", "shake"]),
        ({"text": "SHAKE"}, ["shake"]),
        ({"text": "tres"}, ["nod1"]),  # in a note, without its accent
        ({"note": "très  clear"}, ["nod1"]),
        ({"note": "shake"}, []),
        ({"said": "guten"}, ["nod1", "smile1"]),
        ({"said": "no,"}, ["shake"]),
        ({"tracks": ["Face"]}, ["other", "smile1", "smile2"]),
        ({"shortest": 1, "longest": 1}, ["other", "nod1", "shake", "nod3"]),
        ({"shortest": 1.000001}, ["smile1", "smile2"]),
        ({"longest": 0.999999}, ["nod2"]),
        ({"attributes": {"intensity": ""}}, ["nod1", "nod2"]),
        ({"attributes": {"intensity": 3}}, ["nod1"]),
        ({"attributes": {"intensity": "5"}}, ["nod2"]),
        ({"attributes": {"intensity": "2..5"}}, ["nod1", "nod2"]),
        ({"attributes": {"intensity": "3.5.."}}, ["nod2"]),
        ({"attributes": {"intensity": "..4", "hand": "LEFT"}}, ["nod1"]),
        ({"attributes": {"hand": "2..5"}}, []),
        ({"attributes": {"sure": "yes"}}, ["nod2"]),
        ({"attributes": {"by": "ben"}}, ["smile1"]),
        ({"statuses": ["undecided"]}, ["p0"]),
        ({"statuses": ["rejected"]}, ["p1"]),
        ({"statuses": ["undecided", "rejected", "manual"], "labels": ["smile"]},
         ["other", "smile1", "smile2", "p0", "p1"]),
        ({"statuses": ["line"]}, ["line:1", "line:2"]),
        ({"statuses": ["line"], "attributes": {"speaker": "anna"}, "text": "no"}, ["line:2"]),
        ({"statuses": ["accepted"]}, []),
    ],
)  # fmt: skip
def test_each_condition(ask: Ask, conditions: Json, found: list[str]) -> None:
    assert ask(conditions) == found


def test_the_videos_that_are_looked_in(ask: Ask) -> None:
    assert ask({"labels": ["smile"]}, videos=["v1"]) == ["smile1", "smile2"]
    assert ask({"labels": ["smile"]}, name="été") == ["other"]
    assert ask({"labels": ["smile"]}, name="ete", videos=["v1"]) == []


SMILE = {"labels": ["smile"]}


@pytest.mark.parametrize(
    ("relation", "found"),
    [
        ({"is": "after", "most": 2}, ["nod1+smile1"]),
        ({"is": "after", "most": 1}, ["nod1+smile1"]),
        ({"is": "after", "most": 0.999999}, []),
        ({"is": "after", "least": 2}, ["nod1+smile2"]),
        ({"is": "after", "most": 2, "absent": True}, ["nod2+–", "nod3+–"]),
        ({"is": "after", "most": 20, "same": "annotator"}, ["nod1+smile1"]),
        ({"is": "after", "most": 20, "other": "annotator"}, ["nod1+smile2"]),
        ({"is": "overlaps"}, ["nod2+smile2"]),
        ({"is": "past", "other": "track"}, ["nod2+smile2"]),
        ({"is": "overlaps", "same": "track"}, []),
        ({"is": "before"}, ["nod2+smile1", "nod3+smile2"]),
        ({"is": "near", "most": 1.5, "absent": True}, ["nod3+–"]),
    ],
)
def test_a_second_segment_stands_in_relation_to_the_first(ask: Ask, relation: Json, found: list[str]) -> None:
    assert ask({"labels": ["nod"]}, {**SMILE, "relation": relation}) == found


def test_sequences_and_what_is_said_of_earlier_segments(ask: Ask) -> None:
    nod, shake = {"labels": ["nod"]}, {"labels": ["head shake"]}
    then = {"is": "after", "most": 10}
    assert ask(nod, {**SMILE, "relation": then}, {**shake, "relation": {**then, "of": 1}}) == ["nod1+smile2+shake"], (
        "of the two smiles after it only one has a head shake within 10 s"
    )
    assert ask(nod, {**SMILE, "relation": then}, {**shake, "relation": {**then, "of": 0}}) == []
    assert ask(nod, {**SMILE, "relation": {**then, "absent": True}}, {**shake, "relation": then}) == ["nod2+–+shake"], (
        "what follows one that must not be there stands in relation to the last one that is"
    )
    assert ask(nod, {**SMILE, "relation": then}, {**nod, "relation": {"is": "before", "of": 0, "absent": True}}) == [
        "nod1+smile1+–"
    ]


def test_every_combination_is_listed_where_that_is_wanted(library: Studio, ask: Ask) -> None:
    nod, after = {"labels": ["nod"]}, {**SMILE, "relation": {"is": "after", "most": 20}}
    assert ask(nod, after) == ["nod1+smile1"]
    assert ask(nod, after, every=True) == ["nod1+smile1", "nod1+smile2"]
    then = {"tracks": ["Head"], "relation": {"is": "after", "most": 20}}
    assert ask(nod, after, then, every=True) == ["nod1+smile1+nod2", "nod1+smile1+shake", "nod1+smile2+shake",
                                                 "nod1+smile2+nod3"]  # fmt: skip
    pages = [library.find.ask(parse({"segments": [nod, after], "every": True}), first=n, most=1) for n in (0, 1, 2)]
    assert [[m["segments"][1]["id"] for m in page.moments] for page in pages] == [["smile1"], ["smile2"], []]
    assert {(page.count, page.total_us) for page in pages} == {(2, 1_000_000)}, "each A lasts once"
    assert pages[0].videos[0]["count"] == 2


def test_a_segment_is_never_its_own_partner(ask: Ask) -> None:
    assert ask({"labels": ["nod"]}, {"labels": ["nod"], "relation": {"is": "near", "most": 9}}) == [
        "nod1+nod2",
        "nod2+nod1",
    ]
    assert ask({"labels": ["nod"]}, {"labels": ["nod"], "relation": {"is": "same"}}) == []


def test_a_moment_lasts_from_its_first_to_its_last_segment(library: Studio) -> None:
    asked = parse({"segments": [{"labels": ["nod"]}, {**SMILE, "relation": {"is": "after", "most": 2}}]})
    found = library.find.ask(asked)
    (moment,) = found.moments
    assert (moment["start_us"], moment["end_us"], moment["video"]["id"]) == (1_000_000, 5_000_000, "v1")
    assert (found.count, found.total_us) == (1, 1_000_000)
    assert found.videos == [{"id": "v1", "name": "talk.mp4", "count": 1, "total_us": 1_000_000}]
    assert moment["segments"][0]["attributes"] == {"intensity": 3, "hand": "left"}
    assert moment["segments"][0]["status"] == "manual" and moment["segments"][1]["annotator"] == "ann"


def test_a_page_of_what_was_found(library: Studio) -> None:
    found = [library.find.ask(parse({}), first=first, most=3) for first in (0, 3, 6, 9)]
    assert [[moment["segments"][0]["id"] for moment in each.moments] for each in found] == [
        EVERY[:3], EVERY[3:6], EVERY[6:], []]  # fmt: skip
    assert {each.count for each in found} == {7}


def test_removed_videos_and_deleted_segments_are_not_found(library: Studio) -> None:
    gone = {"edit_id": "d", "op": "delete", "id": "nod1", "base_version": 1, "start": 1, "end": 2, "track": "Head",
            "label": "nod"}  # fmt: skip
    assert library.timelines.save("v1", [gone], "ann")["results"][0]["ok"]
    assert "nod1" not in ids(library, {})
    library.store.write(lambda db: videos.put_aside(db, "v1", "ann"))
    assert ids(library, {"statuses": ["manual", "undecided", "rejected", "line"]}) == ["other"]


def test_what_there_is_to_choose_from(library: Studio) -> None:
    found = library.find.choices()
    assert found["labels"] == ["smile", "nod", "head shake"]
    assert found["tracks"] == ["Face", "Head"]
    assert found["annotators"] == ["ann", "ben"]
    assert set(found["attributes"]) == {"intensity", "hand", "sure", "by"}


def test_attributes_that_cannot_be_read_break_nothing(library: Studio) -> None:
    library.store.write(lambda db: db.execute("UPDATE annotations SET attributes = '[' WHERE id = 'nod1'"))
    assert ids(library, {"attributes": {"intensity": ""}}) == ["nod2"]
    assert "nod1" in ids(library, {})
    library.find.choices()


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ([], "is an object with “segments”"),
        ({"segments": [1]}, "list of objects"),
        ({"segments": [{}] * 9}, "at most 8 entries"),
        ({"segments": [{"statuses": ["done"]}]}, "“done” is no status; use some of manual"),
        ({"segments": [{"shortest": 2, "longest": 1}]}, "swap the two"),
        ({"segments": [{}, {"relation": {"is": "beside"}}]}, "“beside” is no relation; use one of before"),
        ({"segments": [{}, {"relation": {"of": 1}}]}, "B must stand in relation to an earlier segment"),
        ({"segments": [{}, {"relation": {"least": 3, "most": 2}}]}, "Nothing lies from 3 to 2 s; swap the two."),
        (
            {"segments": [{}, {"relation": {"same": "mood"}}]},
            "must be one of track, annotator, label, or attribute:NAME",
        ),
        ({"segments": [{"shortest": -1}]}, "“shortest” must be a time in seconds"),
        ({"segments": [{"attributes": {"a": []}}]}, "“attributes” must be a text"),
    ],
)
def test_a_question_that_makes_no_sense_is_answered_with_what_is_wrong(question: Any, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(question)
    assert sentence in str(raised.value)


def test_what_is_plain_is_read_again_as_it_was() -> None:
    question = {
        "segments": [
            {"labels": ["nod"], "text": "x", "note": "y", "said": "z", "attributes": {"a": "2..3"}, "tracks": ["R"],
             "annotators": [""], "statuses": ["import"], "shortest": 0.5, "longest": 0},
            {"relation": {"is": "after", "of": 0, "least": 0.5, "most": 0, "absent": True, "same": "attribute:who",
                          "other": "track"}},
        ],
        "videos": ["v1"], "name": "talk", "every": True,
    }  # fmt: skip
    question["segments"][0]["longest"] = 1.0  # type: ignore[index]
    question["segments"][1]["relation"]["most"] = 2.0  # type: ignore[index]
    assert plain(parse(question)) == question
    assert plain(parse({})) == {"segments": [{}]}


@pytest.mark.parametrize(("one", "other"), [(3, 3.0), ([1, 2], [1.0, 2]), ([[2.0]], [[2]])])
def test_equal_numbers_are_the_same_attribute(library: Studio, one: Any, other: Any) -> None:
    for number, value in enumerate((one, other)):
        span = {"start": 50.0 + number, "end": 50.5 + number, "track": "Pairs", "label": f"pair{number}"}
        save(library, "v1", "ann", 200 + number, id=f"pair{number}", attributes={"n": value}, **span)
    second = {"labels": ["pair1"], "relation": {"is": "after", "most": 5, "same": "attribute:n"}}
    assert ids(library, {"labels": ["pair0"]}, second) == ["pair0+pair1"]


def test_questions_are_saved_beside_other_searches(library: Studio) -> None:
    question = parse({"segments": [{"labels": ["nod"]}]})
    library.find.save("nods", question, "ann")
    assert library.find.saved_as("nods") == question
    assert [row["name"] for row in library.find.saved()] == ["nods"]
    assert library.search.saved() == [], "it is no search in pictures and words"
    library.search.save("dogs", {"query": "a dog"}, "ann")
    with pytest.raises(UsageError, match=r"“dogs” is a saved search in pictures and words; choose another name\."):
        library.find.save("dogs", question, "ann")
    with pytest.raises(UsageError, match=r"“nods” is a saved search in annotations; choose another name\."):
        library.search.save("nods", {"query": "a dog"}, "ann")
    with pytest.raises(NotFound, match="no saved question “dogs”"):
        library.find.saved_as("dogs")
    (kept,) = library.find.saved()
    library.search.delete(kept["id"])
    assert library.find.saved() == []


# ---------------------------------------------------------------- at random


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 10**6))
def test_questions_at_random_find_what_going_through_all_finds(library: Studio, seed: int) -> None:
    """The whole way through the database, beside comparing each with each."""
    drawn = random.Random(seed)
    every = [
        (name, start, end, row, label, more.get("annotator", "ann")) for name, start, end, row, label, more in MADE
    ]
    labels = drawn.sample(["nod", "smile", "head shake"], 2)
    least, most = sorted((drawn.randint(0, 8), drawn.randint(0, 20)))
    same, other = drawn.choice([("", ""), ("track", ""), ("", "track"), ("annotator", "track"), ("label", "annotator")])
    key = {"track": 3, "label": 4, "annotator": 5}
    found = [
        a[0]
        for a in sorted(every, key=lambda each: each[1])
        if a[4] in labels
        and any(
            a[0] != b[0] and least <= b[1] - a[2] <= most
            and (not same or a[key[same]] == b[key[same]]) and (not other or a[key[other]] != b[key[other]])
            for b in every
        )
    ]  # fmt: skip
    relation = {"is": "after", "least": least, "most": most, "same": same, "other": other}
    asked = parse({"segments": [{"labels": labels}, {"relation": relation}], "videos": ["v1"]})
    assert [moment["segments"][0]["id"] for moment in library.find.ask(asked).moments] == found


def test_saved_questions_follow_a_label_that_is_renamed(library: Studio) -> None:
    for number, (track, label) in enumerate((("T", "car"), ("T", "bus"), ("U", "bus")), 900):
        save(library, "v1", "ann", number, id=f"r{number}", track=track, label=label, start=1, end=2)

    def keep(name: str, *segments: Json) -> None:
        library.find.save(name, parse({"segments": list(segments)}), "ann")

    keep("one row", {"labels": ["car", "bus"], "tracks": ["T"]}, {"labels": ["bus"], "tracks": ["T", "U"]})
    keep("any row", {"labels": ["car"]}, {"labels": ["bus"], "relation": {"is": "before"}})
    keep("other rows", {"labels": ["bus"], "tracks": ["U"]}, {"text": "car"})
    library.search.save("words", {"query": "car"}, "ann")
    gone = next(each for each in library.find.saved() if each["name"] == "any row")
    library.search.delete(gone["id"])
    renames = [{"track": "T", "from": "car", "to": "bus"}, {"track": "T", "from": "bus", "to": "coach"}]
    renames.append({"track": "Boxes", "from": "bus", "to": "box"})
    library.labels.save({"labels": [], "tracks": [], "renames": renames}, "ann")
    library.search.restore(gone["id"])

    asked = {
        each["name"]: [step.get("labels") for step in each["question"]["segments"]] for each in library.find.saved()
    }
    assert asked == {
        "one row": [["bus", "coach"], ["bus", "coach"]],
        "any row": [["bus"], ["bus", "coach"]],
        "other rows": [["bus"], None],
    }
    assert library.search.saved_as("words")["query"] == "car"
