"""What is written on screens is found by its words: as it was read, and as people put it right."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from studio.store import Store, annotations, finished, runs, screen_texts, searches
from studio.store.annotations import EditRequest
from studio.store.text_search import TextQuery
from studio.timeline import ON_SCREEN, Annotation, ModelRun, Prediction, Segment

READ = [
    Prediction(Segment(0, 2_000_000), ON_SCREEN, "Chapter one: Méthods", 0.9, "p1"),
    Prediction(Segment(3_000_000, 5_000_000), ON_SCREEN, "Jane Whitfield", 0.9, "p2"),
]


@dataclass(frozen=True)
class Person:
    name: str
    admin: bool = False


def read(store: Store, found: list[Prediction], **params: Any) -> None:
    run = ModelRun("v1", "text_reading", "pp-ocr", "6", found, params=params)
    store.write(lambda db: runs.insert(db, run))


def found(store: Store, words: str, reader: Person | None = None, phrase: str = "") -> list[str]:
    query = TextQuery.of(words, [phrase] if phrase else [])
    rows = store.read(lambda db: screen_texts.search(db, query, ["v1"], reader))
    assert all(set(row) == {"video_id", "start_us", "end_us", "text", "score"} for row in rows)
    return [row["text"] for row in rows]


@pytest.fixture
def library(store: Store) -> Store:
    read(store, READ)
    return store


def decide(store: Store, verdict: str, prediction: str, who: str = "ann") -> None:
    change = EditRequest(f"{verdict}{prediction}{who}", "verdict", prediction_id=prediction, verdict=verdict)
    store.write(lambda db: annotations.save(db, "v1", change, who))


def annotate(store: Store, label: str, prediction: str | None = None, who: str = "ann", **fields: Any) -> Annotation:
    wanted = Annotation(f"a-{label}", Segment(0, 2_000_000), ON_SCREEN, label, prediction_id=prediction, **fields)
    saved = store.write(lambda db: annotations.save(db, "v1", EditRequest(label, "create", wanted), who))
    assert saved is not None
    return saved


def test_words_and_phrases_are_found_without_case_and_accents(library: Store) -> None:
    assert found(library, "METHODS") == ["Chapter one: Méthods"]
    assert found(library, "", phrase="jane whitfield") == ["Jane Whitfield"]
    assert found(library, "", phrase="whitfield jane") == found(library, "nothing") == []
    assert library.read(lambda db: screen_texts.search(db, TextQuery.of("jane"), ["other"])) == []


def test_reading_again_takes_the_place_of_what_was_read_and_a_trial_does_not(library: Store) -> None:
    read(library, [replace(READ[1], id="p3", label="Jane Whitefield")])
    assert found(library, "jane whitfield chapter") == ["Jane Whitefield"]
    read(library, [replace(READ[1], id="p4", label="Jayne")], trial="x")
    assert found(library, "jane jayne") == ["Jane Whitefield"]
    library.write(lambda db: runs.insert(db, ModelRun("v1", "grounding", "m", "1", [replace(READ[0], id="p5")])))
    assert found(library, "chapter") == [], "what another model says is no text"


def test_what_people_put_right_is_found_in_place_of_what_was_read(library: Store) -> None:
    made = annotate(library, "Chapter 1: Methods", "p1")
    assert found(library, "methods") == ["Chapter 1: Methods"]
    changed = made.next(label="Chapter 2")
    library.write(lambda db: annotations.save(db, "v1", EditRequest("e2", "update", changed, 1), "ann"))
    assert (found(library, "methods"), found(library, "chapter")) == ([], ["Chapter 2"])
    gone = changed.next(deleted=True)
    library.write(lambda db: annotations.save(db, "v1", EditRequest("e3", "delete", gone, 2), "ann"))
    assert found(library, "methods") == ["Chapter one: Méthods"], "nobody decides on it any more"


def test_what_was_accepted_is_found_once_and_what_was_rejected_never(library: Store) -> None:
    annotate(library, READ[0].label, "p1")
    assert found(library, "chapter") == [READ[0].label]
    decide(library, "rejected", "p2")
    assert found(library, "jane") == []
    decide(library, "", "p2")
    assert found(library, "jane") == ["Jane Whitfield"]


def test_texts_of_other_rows_are_not_written_on_the_screen(library: Store) -> None:
    made = annotate(library, "title card")
    assert found(library, "title") == ["title card"]
    moved = made.next(track="Scenes")
    library.write(lambda db: annotations.save(db, "v1", EditRequest("m", "update", moved, 1), "ann"))
    assert found(library, "title") == []


def test_who_annotates_independently_finds_their_own_words_only(library: Store) -> None:
    library.write(lambda db: finished.set_independent(db, "v1", True))
    annotate(library, "Chapter of ben", "p1", "ben")
    decide(library, "rejected", "p2", "ben")
    assert found(library, "chapter jane", Person("ben")) == ["Chapter of ben"]
    assert sorted(found(library, "chapter jane", Person("eve"))) == ["Chapter one: Méthods", "Jane Whitfield"]
    assert found(library, "chapter jane", Person("ada", admin=True)) == ["Chapter of ben"]


def test_nothing_stays_of_a_video_that_is_gone(library: Store) -> None:
    annotate(library, "title card")
    library.write(lambda db: db.execute("DELETE FROM annotations"))
    library.write(lambda db: db.execute("DELETE FROM videos"))
    assert library.read(lambda db: db.execute("SELECT count(*) FROM screen_texts").fetchone()[0]) == 0
    assert (
        library.read(lambda db: db.execute("SELECT count(*) FROM written WHERE written MATCH 'jane'").fetchone()[0])
        == 0
    )


def test_texts_are_no_labels_to_choose_from_and_no_examples(library: Store) -> None:
    annotate(library, "title card")
    scene = Annotation("a9", Segment(0, 9), "Scenes", "a dog")
    library.write(lambda db: annotations.save(db, "v1", EditRequest("s", "create", scene), "ann"))
    assert library.read(lambda db: annotations.most_used_labels(db, 9)) == ["a dog"]
    assert library.read(lambda db: searches.likely_examples(db, 9)) == ["a dog"]


def test_what_stands_on_the_screen_of_a_video_and_a_word_that_changes_with_it(library: Store) -> None:
    """Readings, but for those that somebody rejected or put right; of independent videos all readings."""

    def standing() -> tuple[list[str], str]:
        texts = library.read(lambda db: screen_texts.of_video(db, "v1"))
        return [text for *_, text in texts], library.read(screen_texts.states).get("v1", "")

    seen = [standing()]
    assert seen[-1][0] == ["Chapter one: Méthods", "Jane Whitfield"]
    title = annotate(library, "Chapter one: Wrold", prediction="p1")
    seen.append(standing())
    change = EditRequest("w", "update", replace(title, label="Chapter one: World"), base_version=title.version)
    library.write(lambda db: annotations.save(db, "v1", change, "ann"))
    seen.append(standing())
    assert seen[-1][0] == ["Chapter one: World", "Jane Whitfield"]
    decide(library, "rejected", "p2")
    seen.append(standing())
    assert seen[-1][0] == ["Chapter one: World"]
    read(library, [replace(READ[0], id="p3"), replace(READ[1], id="p4", label="John")])
    seen.append(standing())
    assert seen[-1][0] == ["Chapter one: World", "Chapter one: Méthods", "John"]
    library.write(lambda db: db.execute("UPDATE videos SET independent = 1"))
    seen.append(standing())
    assert seen[-1][0] == ["Chapter one: Méthods", "John"]
    assert len({state for _, state in seen}) == len(seen), "each time another one"
