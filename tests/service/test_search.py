"""Searching a real library: by words, pictures and moments, narrowed, fused with what is said, remembered."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from studio import media
from studio.config import Settings
from studio.errors import MediaError, NotFound, UsageError
from studio.service import Studio
from studio.service.search import Filters, SearchRequest, parse, picture_of, plain
from studio.store import runs
from studio.timeline import ON_SCREEN, ModelRun, Prediction, Segment
from tests.service.test_studio import edit

SAID = "1\n00:00:00,500 --> 00:00:01,500\nThe überraschung is ready\n\n2\n00:00:02,000 --> 00:00:03,000\nCall me\n"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Studio]:
    """The real clips; beside one of them lies a subtitle file."""
    folder = tmp_path_factory.mktemp("films")
    studio = Studio(Settings(home=tmp_path_factory.mktemp("searched")))
    for name, clip in clips.items():
        copy = folder / clip.name
        copy.write_bytes(clip.read_bytes())
        if name == "carphone":
            copy.with_suffix(".srt").write_text(SAID, "utf-8")
        studio.jobs.index(studio.videos.add(copy)["id"])
    yield studio
    studio.close()


def names(studio: Studio, asked: SearchRequest) -> list[str]:
    return [hit["video"]["name"].split(".")[0].split("_")[0] for hit in studio.search.ask(asked)[0]]


def by_name(studio: Studio, name: str) -> dict[str, Any]:
    return next(row for row in studio.videos.all() if row["name"].startswith(name))


def test_a_picture_finds_the_video_it_is_from(library: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    for name, clip in clips.items():
        _, image = media.frame_at(clip, 1_000_000)
        file = tmp_path / f"{name}.png"
        cv2.imwrite(str(file), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        assert names(library, SearchRequest(image=picture_of(file), top=1)) == [name]


def test_more_like_a_moment_leaves_the_moment_itself_out(library: Studio) -> None:
    bikes = by_name(library, "bikes")
    hits, _ = library.search.ask(SearchRequest(like=((bikes["id"], 0, 1_000_000),), top=10))
    assert hits
    for hit in hits:
        assert hit["video"]["id"] != bikes["id"] or hit["start_us"] >= 1_000_000 or hit["end_us"] <= 0


def test_more_like_several_moments_looks_for_their_mean(library: Studio) -> None:
    bikes, carphone = by_name(library, "bikes"), by_name(library, "carphone")
    one, other = ((row["id"], 0, 1_000_000) for row in (bikes, carphone))
    found = {asked: {hit["video"]["id"]: hit["score"] for hit in reversed(library.search.ask(asked)[0])}
             for asked in (SearchRequest(like=(one,), top=50), SearchRequest(like=(one, other), top=50))}  # fmt: skip
    alone, both = found.values()
    assert both[carphone["id"]] > alone.get(carphone["id"], 0.0) and both[bikes["id"]] < alone[bikes["id"]]
    hits, _ = library.search.ask(SearchRequest(like=(one, other), top=50))
    assert all(
        hit["video"]["id"] != video or hit["start_us"] >= end for hit in hits for video, _, end in (one, other)
    ), "none of the moments is found by itself"


def test_a_minus_pushes_away(library: Studio) -> None:
    plain, _ = library.search.ask(SearchRequest("a street", top=30))
    pushed, _ = library.search.ask(SearchRequest("a street -bicycle^1", top=30))

    def best(hits: list[dict[str, Any]]) -> float:
        return max(h["score"] for h in hits if h["video"]["name"].startswith("bikes"))

    assert best(pushed) < best(plain) - 0.1


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(name="BIKES"), {"bikes"}),
        (Filters(shortest_us=9_900_000), {"bikes"}),
        (Filters(longest_us=9_900_000), {"bigbuckbunny", "carphone"}),
        (Filters(videos=()), set()),
    ],
)
def test_filters(library: Studio, filters: Filters, expected: set[str]) -> None:
    rows = {row["name"].split(".")[0].split("_")[0]: row["duration_us"] for row in library.videos.all()}
    if filters.shortest_us or filters.longest_us:
        low, high = filters.shortest_us, filters.longest_us or 10**12
        expected = {name for name, duration in rows.items() if low <= duration <= high}
        assert 0 < len(expected) < len(rows)
    assert set(names(library, SearchRequest("a bicycle", filters=filters, top=50))) == expected


def test_filters_by_annotation_and_label(library: Studio) -> None:
    bikes = by_name(library, "bikes")
    library.timelines.save(bikes["id"], [edit(label="ride")])
    for filters in (Filters(annotated=True), Filters(label="ride")):
        assert set(names(library, SearchRequest("a man", filters=filters))) == {"bikes"}
    assert "bikes" not in names(library, SearchRequest("a man", filters=Filters(annotated=False), top=50))
    assert names(library, SearchRequest("a man", filters=Filters(label="fall"))) == []


@pytest.mark.parametrize("query", ["Uberraschung", "the ÜBERRASCHUNG"])
def test_what_is_said_is_found_whatever_its_case_and_accents(library: Studio, query: str) -> None:
    hits, _ = library.search.ask(SearchRequest(query, said_weight=0.5))
    assert hits[0]["video"]["name"].startswith("carphone")
    assert hits[0]["line"] == "The überraschung is ready"
    assert hits[0]["score"] > hits[0]["visual"]
    assert hits[0]["start_us"] < 1_500_000
    assert all(not hit["line"] for hit in library.search.ask(SearchRequest(query, said_weight=0.0))[0])


def test_a_hit_says_why_and_which_words_of_its_line_were_asked_for(library: Studio) -> None:
    hits, _ = library.search.ask(SearchRequest("ready -call", said_weight=0.5, top=50))
    assert hits[0]["why"] == "said"
    assert hits[0]["parts"] == [("The überraschung is ", False), ("ready", True)]
    assert {hit["why"] for hit in hits[1:]} == {"seen"}
    assert "Call me" not in [hit["line"] for hit in hits], "what is to be kept away is not looked for"


def test_words_in_quotes_are_wanted_word_for_word(library: Studio) -> None:
    def lines(query: str) -> list[str]:
        return [hit["line"] for hit in library.search.ask(SearchRequest(query, said_weight=0.0))[0]]

    assert lines('"is READY"') == ["The überraschung is ready"]
    assert lines('a car "call me"') == ["Call me"]
    assert lines('"ready is"') == lines('"is ready" "call me"') == []


def test_what_is_written_on_the_screen_is_found_and_says_so(library: Studio) -> None:
    bikes = by_name(library, "bikes")
    read = ModelRun(bikes["id"], "text_reading", "m", "1",
                    [Prediction(Segment(1_000_000, 2_000_000), ON_SCREEN, "Rue de la Gare", 0.9)])  # fmt: skip
    library.store.write(lambda db: runs.insert(db, read))
    for words, why, line in (("gare", "written", "Rue de la Gare"), ("ready", "said", "The überraschung is ready")):
        hits, _ = library.search.ask(SearchRequest(words, said_weight=0.9))
        assert (hits[0]["why"], hits[0]["line"]) == (why, line)
    ((hit,), _) = library.search.ask(SearchRequest('"de la gare"'))
    assert (hit["video"]["id"], hit["start_us"], hit["why"]) == (bikes["id"], 1_000_000, "written")
    assert hit["parts"] == [("Rue ", False), ("de la Gare", True)]


def test_words_are_never_a_query_language_of_the_database(library: Studio) -> None:
    for query in ('"', "a AND (", "NEAR(a b)", "text:x", "'; DROP TABLE lines; --", "*", "ready*"):
        library.search.ask(SearchRequest(query + " ready", said_weight=0.5))
    assert library.search.ask(SearchRequest("ready", said_weight=0.5))[0][0]["line"]


def test_why(library: Studio) -> None:
    bikes = by_name(library, "bikes")
    why = library.search.explain("a bicycle on a street -carrot", bikes, 0, 3_000_000)
    assert [word for word, _ in why["words"]] == ["a", "bicycle", "on", "a", "street", "−carrot"]
    assert max(why["words"], key=lambda pair: pair[1])[0] in ("bicycle", "street")
    assert max(abs(weight) for _, weight in why["words"]) == 1.0
    assert all(0 <= t < 3_000_000 for t, _ in why["frames"])
    assert len(why["frames"]) == 6
    assert [(part["word"], part["kind"]) for part in why["parts"]] == [("bicycle", "object"), ("street", "object")]
    assert all(0 <= part["confidence"] <= 1 and len(part["heat"]) == why["grid"] ** 2 == 9 for part in why["parts"])
    assert why["area"] == (0.0, 0.0, 1.0, 1.0), "the whole frame is looked at"
    assert why["peak_us"] in [t for t, _ in why["frames"]]


def test_where_a_part_of_a_question_is_seen(library: Studio) -> None:
    """Shapley values add up to the cosine of the picture made of its regions."""
    why = library.search.explain("an orange carrot", by_name(library, "carphone"), 0, 1_000_000)
    assert [(part["word"], part["kind"], part["text"]) for part in why["parts"]] == [
        ("orange", "attribute", "orange carrot"),
        ("carrot", "object", "carrot"),
    ]
    assert all(-1 <= sum(part["heat"]) <= 1 and len(set(part["heat"])) > 1 for part in why["parts"])


def test_why_goes_by_the_library_that_was_searched(library: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[str, Any] = {}
    call = library.search._backend.call

    def noted(kind: str, params: dict[str, Any], monitor: Any) -> Any:
        told.update(params)
        return call(kind, params, monitor)

    monkeypatch.setattr(library.search._backend, "call", noted)
    library.search.explain("a man", by_name(library, "bikes"), 0, 1_000_000)
    assert sorted(told["among"]) == sorted(row["id"] for row in library.videos.all())


def test_the_heat_of_a_letterboxed_film_lies_between_its_bars(studio: Studio, tmp_path: Path) -> None:
    path = tmp_path / "letterboxed.mp4"
    picture = np.random.default_rng(0).integers(90, 255, (8, 12, 3), np.uint8).repeat(16, 0).repeat(16, 1)
    frame = np.zeros((192, 192, 3), np.uint8)
    frame[32:160] = picture
    with av.open(str(path), "w") as out:
        stream: Any = out.add_stream("libx264", rate=4)
        stream.width, stream.height, stream.pix_fmt = 192, 192, "yuv420p"
        for _ in range(8):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(frame, "rgb24")))
        out.mux(stream.encode(None))
    row = studio.videos.add(path)
    studio.jobs.index(row["id"])
    x, y, width, height = studio.search.explain("a carpet", row, 0, 1_000_000)["area"]
    assert (x, width) == (0.0, 1.0)
    assert y == pytest.approx(1 / 6, abs=0.01) and height == pytest.approx(2 / 3, abs=0.01)


def test_every_hit_of_a_text_says_how_sure_it_is(library: Studio) -> None:
    hits, _ = library.search.ask(SearchRequest("a bicycle on a street", top=30))
    assert all(0 <= hit["confidence"] <= 1 for hit in hits)
    best = max(hits, key=lambda hit: hit["score"])
    assert best["confidence"] == max(hit["confidence"] for hit in hits)
    ((said, *_), _) = library.search.ask(SearchRequest('"de la gare"'))
    assert said["confidence"] == 1.0, "every word of it is said there"
    bikes = by_name(library, "bikes")
    pictures, _ = library.search.ask(SearchRequest(like=((bikes["id"], 0, 1_000_000),), top=3))
    assert {hit["confidence"] for hit in pictures} == {None}, "no encoder was measured with pictures as questions"


def test_questions_and_searches_are_remembered(library: Studio) -> None:
    library.search.ask(SearchRequest("a very special question"))
    assert library.search.history()[0] == "a very special question"
    question = {"query": "dog -grass", "filters": {"name": "bikes"}}
    kept = library.search.save("dogs", question, "ada")
    assert parse(library.search.saved_as("dogs")).filters.name == "bikes"
    library.search.save("dogs", {"query": "cats"}, "ada")
    assert [row["question"]["query"] for row in library.search.saved()] == ["cats"]
    library.search.delete(kept["id"])
    with pytest.raises(NotFound, match="dogs"):
        library.search.saved_as("dogs")


PIXELS = base64.b64encode(bytes(12)).decode()


def test_examples_find_something_and_are_not_remembered_as_questions(library: Studio) -> None:
    video = library.videos.resolve("bikes.mp4")["id"]
    edits = [
        edit(edit_id=f"x{n}", id=f"x{n}", label=label)
        for n, label in enumerate(("bicycles on a street", "zzyzx qqq", "-grass"))
    ]
    library.timelines.save(video, edits, "ann")
    before = library.search.history()
    found = library.search.examples()
    assert "bicycles on a street" in found
    assert not {"zzyzx qqq", "-grass"} & set(found)
    assert len(found) <= 4
    assert library.search.history() == before
    library.timelines.save(video, [edit(edit_id="gone", id="x0", op="delete", base_version=1)], "ann")
    assert "bicycles on a street" not in library.search.examples()


@pytest.mark.parametrize(
    ("request_", "part"),
    [
        ({"query": 3}, "query"),
        ({"like": {"video": 1}}, "like"),
        ({"like": {"video": "v", "start": "now"}}, "start"),
        ({"like": [{"video": "v", "start": 0, "end": 1}] * 51}, "at most 50"),
        ({"like": [[]]}, "like"),
        ({"image": {"pixels": PIXELS, "width": 3, "height": 2}}, "RGB"),
        ({"image": {"pixels": "§", "width": 2, "height": 2}}, "RGB"),
        ({"image": 7}, "RGB"),
        ({"filters": [1]}, "filters"),
        ({"filters": {"videos": "all"}}, "videos"),
        ({"filters": {"annotated": "perhaps"}}, "annotated"),
        ({"levels": [1, 2]}, "levels"),
        ({"said_weight": float("nan")}, "said_weight"),
        ({"said_weight": True}, "said_weight"),
    ],
)
def test_what_a_page_sends_is_checked(request_: dict[str, Any], part: str) -> None:
    with pytest.raises(UsageError, match=part):
        parse(request_)


def test_one_moment_or_several_are_kept_as_they_were_sent() -> None:
    moments = [{"video": "v", "start": 1.5, "end": 2.0}, {"video": "w", "start": 0.0, "end": 3.0}]
    for like in (moments[0], moments):
        assert plain(parse({"query": "x", "like": like}))["like"] == like
    assert "like" not in plain(parse({"query": "x", "like": []}))


def test_a_good_picture_is_taken() -> None:
    assert parse({"image": {"pixels": PIXELS, "width": 2, "height": 2}}).image == (bytes(12), 2, 2)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xe0broken", b"\x89PNG\r\n\x1a\n" + b"\0" * 40])
def test_what_is_no_picture_is_refused(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.jpg"
    file.write_bytes(content)
    with pytest.raises(MediaError, match=r"x\.jpg"):
        picture_of(file)


def test_a_large_picture_is_fitted(tmp_path: Path) -> None:
    file = tmp_path / "wide.jpg"
    cv2.imwrite(str(file), np.full((300, 1200, 3), 200, np.uint8))
    pixels, width, height = picture_of(file)
    assert (width, height) == (512, 128)
    assert abs(int(np.frombuffer(pixels, np.uint8).mean()) - 200) <= 2


def test_a_survey_says_what_is_in_a_video(library: Studio) -> None:
    for name, text in (("bikes", "a bicycle on a street"), ("carphone", "a man wearing a suit")):
        run = library.jobs.run(
            "survey", by_name(library, name)["id"], {"texts": ["a bicycle on a street", "a man wearing a suit -x"]}
        )
        assert run["task"] == "survey"
        covered: dict[str, int] = {}
        for p in run["predictions"]:
            covered[p.label] = covered.get(p.label, 0) + p.segment.end - p.segment.start
        assert max(covered, key=lambda label: covered[label]) == text
        assert {topic["name"] for topic in run["payload"]["topics"]} == {
            "a bicycle on a street",
            "a man wearing a suit",
        }
    with pytest.raises(UsageError, match="subtitles"):
        library.jobs.run("survey", by_name(library, "bikes")["id"], {"texts": []})


def test_levels_reorder_and_keep_the_scale_of_cosines(library: Studio) -> None:
    plain, _ = library.search.ask(SearchRequest("a bicycle on a street", top=4))
    for levels in ((1.0, 1.0, 0.0), (1.0, 1.0, 0.2), (0.0, 1.0, 0.0)):
        hits, _ = library.search.ask(SearchRequest("a bicycle on a street", top=4, levels=levels))
        assert hits[0]["video"]["name"].startswith("bikes")
        assert [h["score"] for h in hits] == sorted((h["score"] for h in hits), reverse=True)
        assert abs(hits[0]["score"] - plain[0]["score"]) < 0.15
    same, _ = library.search.ask(SearchRequest("a bicycle on a street", top=4, levels=(0.0, 0.0, 0.0)))
    assert [h["score"] for h in same] == [h["score"] for h in plain]


def test_holding_back_never_raises_a_score(library: Studio) -> None:
    plain, _ = library.search.ask(SearchRequest("a man", top=50))
    even, _ = library.search.ask(SearchRequest("a man", top=50, even=True))
    scores = {(h["video"]["id"], h["start_us"]): h["score"] for h in plain}
    changes = {h["video"]["id"]: scores[h["video"]["id"], h["start_us"]] - h["score"] for h in even}
    assert min(changes.values()) == pytest.approx(0.0, abs=1e-6)
    assert max(changes.values()) > 0.001


def test_a_correction_pulls_questions_like_it_and_only_those(library: Studio) -> None:
    video = by_name(library, "bikes")["id"]
    first = library.jobs.run("ground", video, {"query": "a person on a bicycle"})
    prediction = first["predictions"][0]
    start, end = 3.0, 5.0
    library.timelines.save(
        video, [edit(edit_id="m1", id="m1", start=start, end=end, label="x", prediction_id=prediction.id)]
    )

    def rise(query: str, **options: Any) -> tuple[float, int]:
        """How much more the curve rises inside the corrected moment than outside, and how many slots had a say."""
        run = library.jobs.run("ground", video, {"query": query, **options})
        without = library.jobs.run("ground", video, {"query": query, "remember": False})
        gain = np.array(run["payload"]["curve"]["scores"]) - np.array(without["payload"]["curve"]["scores"])
        times = np.array(run["payload"]["curve"]["times"])
        inside = (times >= start) & (times < end)
        return float(gain[inside].mean() - gain[~inside].mean()), run["payload"]["remembered"]

    same, used = rise("a person on a bicycle")
    assert used == 1
    assert same > 0.05
    assert rise("someone rides a bicycle")[1] == 1
    assert rise("a man wearing a suit") == (0.0, 0)
    assert rise("a person on a bicycle", remember=False) == (0.0, 0)


def test_a_check_looks_in_the_mirror_once(library: Studio) -> None:
    video = by_name(library, "bikes")["id"]
    run = library.jobs.run("ground", video, {"query": "a bicycle on a street", "check": True})
    assert 0 <= run["payload"]["agreement"] <= 1
    (kept,) = library.cache.folder(video).glob("*mirrored.vectors.npy")
    plain = np.load(kept.with_name(kept.name.replace("-mirrored", "")))
    mirrored = np.load(kept)
    cosines = (plain.astype(np.float32) * mirrored.astype(np.float32)).sum(1)
    assert 0.5 < cosines.mean() < 0.9999, "alike, as a mirror image is, and not the same"
    written = kept.stat().st_mtime_ns
    library.jobs.run("ground", video, {"query": "a man", "check": True})
    assert kept.stat().st_mtime_ns == written


def test_a_search_sends_little_of_each_video(library: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    call = library.search._backend.call

    def listened(kind: str, params: dict[str, Any], monitor: Any) -> Any:
        sent.append(params)
        return call(kind, params, monitor)

    monkeypatch.setattr(library.search._backend, "call", listened)
    hits, _ = library.search.ask(SearchRequest("a man"))
    rows = library.videos.all()
    assert sent[0]["among"] == [[row["id"] for row in rows], [row["duration_us"] for row in rows]]
    assert sent[0]["videos"] == [], "their files are not read"
    assert hits[0]["video"]["path"] in [row["path"] for row in rows]
    some = tuple(row["id"] for row in rows[1:3])
    library.search.ask(SearchRequest("a man", filters=Filters(videos=some), levels=(1.0, 1.0, 1.0)))
    assert [each["id"] for each in sent[1]["videos"]] == list(some)
