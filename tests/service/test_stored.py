"""JSON that a library holds and that cannot be read, or not by a page: it is left out and logged, and breaks nothing.
Older releases kept whatever a page sent, so that libraries may hold such rows already."""

import json
from typing import Any

import pytest

from studio.app.rpc import PAGES
from studio.errors import UsageError
from studio.service import Studio
from studio.store import annotations, imports, jobs, people, runs, searches, stored, videos
from studio.store.annotations import EditRequest
from studio.store.imports import Batch
from studio.timeline import Annotation, ModelRun, Prediction, Segment
from tests.conftest import VIDEO

BAD = ["", "nonsense", "5", "null", "NaN", '"text"', '{"a": ', "[" * 100_000, "[" * 500 + "]" * 500,
       '{"a":' * 100_000]  # fmt: skip
COLUMNS = [
    ("runs", "params"), ("runs", "payload"), ("jobs", "params"), ("jobs", "result"),
    ("people", "names"), ("searches", "question"), ("imports", "replaced"), ("boxes", "boxes"),
]  # fmt: skip


@pytest.fixture
def filled(studio: Studio) -> Studio:
    """A library with a row in every table that holds JSON."""
    stored.skipped.cache_clear()
    an = Annotation("a1", Segment(1_000_000, 2_000_000), "T", "l")

    def fill(db: Any) -> None:
        videos.insert(db, dict(VIDEO))
        found = Prediction(Segment(1, 2), "Moments", "a dog", 0.5, "p1", {"confidence": 0.5})
        runs.insert(db, ModelRun("v1", "grounding", "m", "1", [found], {"curve": {}}, "a dog"))
        jobs.insert(db, "index", "v1", {"video": {}}, limit=None)
        annotations.save(db, "v1", EditRequest("e1", "create", an), "ann")
        people.save(db, "v1", people.NameChange("e0", [], [people.FaceName("Person 1", 0, "Ann")]), "ann")
        searches.insert(db, "dogs", {"query": "a dog"}, "ann")
        boxes = {"Person 1": ((0, 0.1, 0.1, 0.2, 0.2),)}
        imports.insert(db, "x.json", "json", "annotations", [Batch("v1", boxes=boxes)], "ann")

    studio.store.write(fill)
    return studio


def ask(studio: Studio, name: str, request: dict[str, Any]) -> Any:
    known = [*PAGES["search"](studio), *PAGES["annotate"](studio), *PAGES["library"](studio)]
    answer = next(call for call in known if call.__name__ == name)(request)
    json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
    return answer


@pytest.mark.parametrize("bad", BAD, ids=lambda text: repr(text[:8]))
@pytest.mark.parametrize("where", COLUMNS, ids=lambda pair: ".".join(pair))
def test_a_row_that_cannot_be_read_breaks_nothing(filled: Studio, where: tuple[str, str], bad: Any) -> None:
    table, column = where
    filled.store.write(lambda db: db.execute(f"UPDATE {table} SET {column} = ?", (bad,)))
    load = ask(filled, "load_document", {"video": "v1"})
    assert load["ok"] and len(load["data"]["annotations"]) == 1
    for name in ("search_options", "list_videos", "imports", "changes", "transcript"):
        assert ask(filled, name, {"video": "v1"})["ok"], name
    run = filled.store.read(lambda db: db.execute("SELECT id FROM runs").fetchone()[0])
    assert ask(filled, "run_payload", {"run": run}).get("kind") in (None, "gone")
    (made,) = ask(filled, "imports", {})["data"]["imports"]
    assert ask(filled, "import_undo", {"import": made["id"]})["ok"]
    anna = {"track": "Person 1", "from": 7, "name": "Anna"}
    edit = {"op": "people", "edit_id": "names", "before": load["data"]["people"]["names"], "after": [anna]}
    saved = ask(filled, "save", {"video": "v1", "edits": [edit]})
    assert saved["data"]["results"][0]["ok"], "names can be given anew"
    filled.store.write(lambda db: jobs.take(db, "studio/1"))


@pytest.mark.parametrize("bad", ["nonsense", "{}", '{"start_us": 5}', "[" * 100_000, '{"start_us": 5, "end_us": 1}'])
def test_history_goes_on_beside_a_revision_that_cannot_be_read(filled: Studio, bad: str) -> None:
    filled.store.write(lambda db: db.execute(
        "INSERT INTO revisions (video_id, edit_id, annotation_id, op, after, annotator, at) "
        "VALUES ('v1', 'e2', 'a1', 'update', ?, 'ann', '')", (bad,)))  # fmt: skip
    assert [row["op"] for row in ask(filled, "history", {"annotation": "a1"})["data"]] == ["create"]


def test_a_job_that_cannot_be_read_holds_up_no_other(filled: Studio) -> None:
    def work(db: Any) -> Any:
        db.execute("UPDATE jobs SET params = 'nonsense'")
        good = jobs.insert(db, "proxy", "v1", {"video": {}}, limit=None)
        return good, jobs.take(db, "studio/1"), db.execute("SELECT state FROM jobs ORDER BY position").fetchall()

    good, taken, states = filled.store.write(work)
    assert taken["id"] == good["id"]
    assert [row["state"] for row in states] == ["failed", "running"]


@pytest.mark.parametrize("question", [
    {"query": "x", "junk": [[[]]] * 9}, {"query": "x", "filters": {"name": "n", "junk": {"a": {"b": {}}}}},
    {"query": "x", "like": {"video": "v1", "start": 1, "end": 2, "junk": [[]]}}, {"query": "x", "image": {"pixels": 1}},
])  # fmt: skip
def test_only_what_is_known_of_a_search_is_kept(filled: Studio, question: dict[str, Any]) -> None:
    kept = ask(filled, "save_search", {"name": "n", "question": question})
    assert kept["ok"] and "junk" not in json.dumps(kept) and "image" not in json.dumps(kept)
    assert kept["data"]["question"]["query"] == "x"


def test_what_is_kept_comes_back_as_it_was_asked(filled: Studio) -> None:
    question = {
        "query": "dog + beach", "like": {"video": "v1", "start": 1.5, "end": 2.25},
        "filters": {"videos": ["v1"], "name": "n", "label": "l", "shortest": 1.5, "longest": 9.0, "annotated": True},
        "said_weight": 0.5, "levels": [1.0, 0.5, 0.0], "even": True, "encoder": "e",
    }  # fmt: skip
    assert filled.search.save("all", question, "ann")["question"] == question


@pytest.mark.parametrize("old", [
    '{"query": "x", "junk": ' + "[" * 400 + "]" * 400 + "}", '{"query": "x", "said_weight": NaN}',
    '{"query": ' + "[" * 400 + "]" * 400 + "}", '{"query": "' + "x" * 200_000 + '"}', '{"query": "x", "like": [[]]}',
    '{"query": "\\ud800"}',
], ids=lambda text: text[:24])  # fmt: skip
def test_an_older_bad_search_is_left_out_or_cleaned(filled: Studio, old: str) -> None:
    filled.store.write(lambda db: db.execute(
        "INSERT INTO searches (id, name, question, annotator, created) VALUES ('s2', 'bad', ?, 'eve', '')", (old,)
    ))  # fmt: skip
    kept = ask(filled, "search_options", {})["data"]["kept"]
    assert "dogs" in [row["name"] for row in kept]
    assert all("junk" not in json.dumps(row) for row in kept)
    assert ("bad" in [row["name"] for row in kept]) == ("junk" in old)


def test_searches_have_bounds(filled: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="name fewer videos"):
        filled.search.save("n", {"filters": {"videos": ["x" * 100] * 300}}, "ann")
    monkeypatch.setattr(searches, "MOST", 2)
    filled.search.save("second", {"query": "x"}, "ann")
    filled.search.save("second", {"query": "y"}, "ann")
    with pytest.raises(UsageError, match="saved searches already"):
        filled.search.save("third", {"query": "x"}, "ann")


def test_names_that_no_page_could_show_are_left_out(filled: Studio) -> None:
    good = {"track": "Person 1", "from": 0, "name": None}
    wrong = [7, {}, {**good, "from": "x"}, {**good, "from": 1e300}, {**good, "track": None}, {**good, "name": [[]]}]
    text = json.dumps([*wrong, {**good, "junk": [[[]]]}])
    filled.store.write(lambda db: db.execute("UPDATE people SET names = ?", (text,)))
    assert ask(filled, "load_document", {"video": "v1"})["data"]["people"]["names"] == [good]


def test_a_schema_does_not_grow_without_end(filled: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    from studio.store import labels

    monkeypatch.setattr(labels, "MOST", 3)
    for n in range(5):
        filled.labels.add("T", f"l{n}")
    assert len(filled.labels.shown()["labels"]) == 3
