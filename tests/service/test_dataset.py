"""A library as a data set: whole or not at all, the same bytes again, and a card that says what is in it."""

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from studio import media
from studio.errors import MediaError, NotFound, UsageError
from studio.formats import FORMATS, place
from studio.service import Studio
from studio.service.exchange.dataset import ExportOptions
from studio.store import imports
from studio.store.imports import Batch
from studio.store.runs import insert as add_run
from studio.timeline import Footage, ModelRun, Prediction, Segment


@pytest.fixture
def library(studio: Studio, clips: dict[str, Path]) -> Studio:
    """Three videos; two people on one of them."""
    for name in ("bikes", "carphone", "bigbuckbunny"):
        video = studio.videos.add(clips[name])["id"]
        edits = [
            {"edit_id": f"{name}{n}", "op": "create", "id": f"{name}{n}", "track": "t", "label": f"a|b {n}",
             "start": n * 0.1, "end": n * 0.1 + 0.2} for n in range(2)
        ]  # fmt: skip
        studio.timelines.save(video, edits, "ann")
    twin = {"edit_id": "o", "op": "create", "id": "o", "track": "t", "start": 0, "end": 0.1, "label": "a|b 0"}
    studio.timelines.save(video, [twin], "bob")
    found = ModelRun(video, "grounding", "consensus", "3", [Prediction(Segment(0, 9), "Query", "x", 0.5, "p")])
    studio.store.write(lambda db: add_run(db, found))
    return studio


def content(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_same_library_gives_the_same_bytes(library: Studio, tmp_path: Path) -> None:
    wish = ExportOptions("activitynet", split=(0.4, 0.3, 0.3), seed=7, licence="CC BY 4.0")
    card = library.datasets.export(tmp_path / "one", wish)
    (tmp_path / "b").mkdir()
    library.datasets.export(tmp_path / "b" / "one", wish)
    assert content(tmp_path / "one") == content(tmp_path / "b" / "one")
    found = content(tmp_path / "one")
    assert sorted(name for name in found if "/" not in name) == [
        "README.md", "card.json", "manifest.sha256", "videos.json"
    ]  # fmt: skip
    assert card["splits"] == {"train": 1, "val": 1, "test": 1}
    lines = found.pop("manifest.sha256").decode().splitlines()
    assert {line.split("  ", 1)[1]: line[:64] for line in lines} == {
        name: hashlib.sha256(data).hexdigest() for name, data in found.items()
    }
    subsets = {json.loads(found[f"annotations/{s}.json"])["database"].popitem()[1]["subset"] for s in card["splits"]}
    assert subsets == {"training", "validation", "testing"}
    assert str(tmp_path).encode() not in b"".join(found.values())


def test_clips_are_cut_at_their_frames_and_cut_the_same_again(
    studio: Studio, clips: dict[str, Path], tmp_path: Path
) -> None:
    video = studio.videos.add(clips["carphone"])["id"]
    edits = [
        {"edit_id": str(n), "op": "create", "id": str(n), "track": "t", "start": start, "end": end, "label": "=x"}
        for n, (start, end) in enumerate([(0.1, 0.4), (1.0, 1.21), (1.0, 1.2)])
    ]
    studio.timelines.save(video, edits, "ann")
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        studio.datasets.export(tmp_path / folder / "set", ExportOptions(clips=True))
    assert content(tmp_path / "one") == content(tmp_path / "two")
    folder = tmp_path / "one" / "set"
    rows = list(csv.DictReader(io.StringIO((folder / "clips.csv").read_text("utf-8-sig"))))
    assert len(rows) == 3
    assert {row["label"] for row in rows} == {"'=x"}
    assert sorted({row["clip"] for row in rows}) == [f"clips/{p.name}" for p in sorted((folder / "clips").iterdir())]
    source = media.probe(clips["carphone"])
    for row in rows:
        clip = media.probe(folder / row["clip"])
        first, end = int(row["first_frame"]), int(row["end_frame"])
        assert clip.frame_count == end - first
        assert list(clip.pts_us) == pytest.approx([t - source.pts_us[first] for t in source.pts_us[first:end]], abs=20)
        assert float(row["start"]) == source.pts_us[first] / 1e6


def test_the_card_of_one_video_is_read_as_sentences(studio: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    video = studio.videos.add(clips["carphone"])["id"]
    edit = {"edit_id": "1", "op": "create", "id": "1", "track": "t", "start": 0.1, "end": 0.4, "label": "x"}
    studio.timelines.save(video, [edit], "ann")
    card = studio.datasets.export(tmp_path / "one", ExportOptions("elan"))
    page = (tmp_path / "one" / "README.md").read_text("utf-8")
    assert "1 annotation in 1 video (" in page
    assert "## Splits\n\nNot split: all is in one part.\n\n## Labels" in page and "Seed" not in page
    assert "How the annotations came about: 1 made by hand." in page
    assert (card["splits"], card["sources"]) == ({"all": 1}, {"manual": 1})

    card = studio.datasets.export(tmp_path / "two", ExportOptions("elan", split=(0.5, 0.5)))
    (empty,) = (name for name, videos in card["splits"].items() if not videos)
    page = (tmp_path / "two" / "README.md").read_text("utf-8")
    assert f"No video came into {empty}: there are too few for these shares.\n\nSeed: 0." in page


def test_the_card_says_what_is_in_it(library: Studio, tmp_path: Path) -> None:
    card = library.datasets.export(tmp_path / "set", ExportOptions("elan"))
    assert (card["videos"], card["annotations"]) == (3, 7)
    assert card["annotators"] == {"ann": 6, "bob": 1}
    assert card["labels"][0] == {
        "track": "t", "label": "a|b 0", "segments": 4, "videos": 3, "total": 0.7, "mean": 0.175,
    }  # fmt: skip
    (pair,) = card["agreement"]
    assert (pair["annotators"], pair["videos"]) == (["ann", "bob"], 1)
    assert 0 < pair["overlap"] < 1
    assert card["models"] == [{"task": "grounding", "model": "consensus", "version": "3", "runs": 1, "annotations": 0}]
    assert card["licence"] == "not stated"
    page = (tmp_path / "set" / "README.md").read_text("utf-8")
    assert "| t | a\\|b 0 | 4 | 3 | 0.7 | 0.175 |" in page
    assert "- 3 segments that overlap others go to further tiers." in page
    assert json.loads((tmp_path / "set" / "card.json").read_text("utf-8")) == card
    assert sorted(p.name for p in (tmp_path / "set" / "annotations" / "all").iterdir())[1] == "bikes.eaf"


def test_the_card_compares_independent_work_only(library: Studio, tmp_path: Path) -> None:
    """Once bob's only segment was changed by ann too, nothing is left to compare them by."""
    (video,) = [row["id"] for row in library.videos.all()
                if any(a.annotator == "bob" for a in library.timelines.annotations(row["id"]))]  # fmt: skip
    change = {"edit_id": "o2", "op": "update", "id": "o", "base_version": 1, "track": "t", "start": 0, "end": 0.2}
    assert library.timelines.save(video, [change], "ann")["results"][0]["ok"]
    card = library.datasets.export(tmp_path / "set", ExportOptions("elan"))
    assert card["agreement"] == [] and card["worked_on_by_several"] == 1
    assert card["annotators"] == {"ann": 6, "bob": 1}, "it is bob's all the same"
    page = (tmp_path / "set" / "README.md").read_text("utf-8")
    assert "No video was annotated by two people, each by themselves." in page
    assert "Annotations that several people worked on, which are not compared between them: 1." in page


def test_what_is_exported_can_be_imported(library: Studio, tmp_path: Path) -> None:
    library.datasets.export(tmp_path / "set", ExportOptions("csv"))
    parts = FORMATS["csv"].read((tmp_path / "set" / "annotations" / "all.csv").read_bytes(), "x")  # type: ignore[misc]
    placed = [place(part, Footage(part.video, 10**9)) for part in parts]
    assert sum(len(p.marks) for p in placed) == 7


def test_two_videos_of_one_name_stay_two(library: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    copy = tmp_path / "bikes.mp4"
    copy.write_bytes(clips["bikes"].read_bytes())
    video = library.videos.add(copy)["id"]
    library.timelines.save(
        video, [{"edit_id": "c", "op": "create", "id": "c", "track": "t", "start": 0, "end": 1}], "ann"
    )
    library.datasets.export(tmp_path / "set", ExportOptions("activitynet"))
    database = json.loads((tmp_path / "set" / "annotations" / "all.json").read_text("utf-8"))["database"]
    assert len(database) == 4


LONG = "访" * 50  # 150 bytes


@pytest.mark.parametrize(
    ("one", "other"),
    [(LONG + "第一集在北京的家里", LONG + "第二集在上海的家里"), ("a b", "a_b"), ("a\tb", "a  b"), ("x?y", "x_y"),
     ("A", "a"), ("e\u0301t", "ét"), (" a", "a"), ("..a", "a")],
)  # fmt: skip
def test_videos_whose_names_are_written_alike_stay_apart(
    studio: Studio, clips: dict[str, Path], tmp_path: Path, one: str, other: str
) -> None:
    for n, (clip, name) in enumerate((("bikes", one), ("carphone", other))):
        video = studio.videos.add(clips[clip], f"{name}.mp4")["id"]
        edit = {"edit_id": f"e{n}", "op": "create", "id": f"a{n}", "track": "t", "start": 0, "end": 0.1, "label": "x"}
        studio.timelines.save(video, [edit], "ann")
        face = Batch(video, boxes={"t": ((0, 0.0, 0.0, 0.5, 0.5),)})
        studio.store.write(lambda db, face=face: imports.insert(db, "x", "ava", "annotations", [face], ""))
    for name in ("elan", "textgrid", "charades", "rttm", "thumos", "activitynet", "fiftyone", "ava"):
        form = FORMATS[name]
        assert form.read
        studio.datasets.export(tmp_path / name, ExportOptions(name))
        found = [
            (part.video if form.many else path.name, len(part.marks))
            for path in (tmp_path / name / "annotations").rglob("*.*")
            for part in form.read(path.read_bytes(), path.name)
        ]
        assert [count for _, count in found] == [1, 1], name
        assert len({video.casefold() for video, _ in found}) == 2


def test_what_lies_after_a_file_that_became_shorter_is_no_clip(library: Studio, tmp_path: Path) -> None:
    rows = library.videos.all()
    library.store.write(lambda db: db.execute("UPDATE annotations SET end_us = 10000000000, start_us = 9000000000 "
                                              "WHERE video_id = ?", (rows[0]["id"],)) and None)  # fmt: skip
    library.datasets.export(tmp_path / "set", ExportOptions(clips=True))
    made = csv.DictReader(io.StringIO((tmp_path / "set" / "clips.csv").read_text("utf-8-sig")))
    assert {row["video"] for row in made} == {row["name"] for row in rows[1:]}


def test_a_split_is_by_video_and_by_seed(library: Studio, tmp_path: Path) -> None:
    for seed in range(6):
        library.datasets.export(tmp_path / str(seed), ExportOptions(split=(0.67, 0.33), seed=seed))
    seen = {
        tuple((v["name"], v["split"]) for v in json.loads((tmp_path / str(seed) / "videos.json").read_text("utf-8")))
        for seed in range(6)
    }
    assert len(seen) > 1
    assert all(sorted(split for _, split in one) == ["test", "train", "train"] for one in seen)


def test_nothing_half_done_is_left(library: Studio, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any, **kwargs: Any) -> Path:
        raise MediaError("the clip cannot be cut.")

    monkeypatch.setattr(media, "make_clip", broken)
    (tmp_path / "out").mkdir()
    with pytest.raises(MediaError):
        library.datasets.export(tmp_path / "out" / "set", ExportOptions(clips=True))
    assert list((tmp_path / "out").iterdir()) == []
    (tmp_path / "out" / ".making-999999999-x").mkdir()  # of a process that was killed
    library.datasets.export(tmp_path / "out" / "set", ExportOptions())
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["set"]


def test_what_cannot_be_done_is_said(library: Studio, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there already"):
        library.datasets.export(tmp_path, ExportOptions())
    with pytest.raises(UsageError, match="create it first"):
        library.datasets.export(tmp_path / "no" / "set", ExportOptions())
    with pytest.raises(NotFound, match="no saved search"):
        library.datasets.export(tmp_path / "set", ExportOptions(search="none"))
    for split in ((0.5, 0.6), (1.5, -0.5), (), (0.25,) * 4):
        with pytest.raises(UsageError, match="add up to 1"):
            ExportOptions(split=split)


def test_a_saved_search_decides_what_belongs(indexed: Studio, tmp_path: Path) -> None:
    for n, row in enumerate(indexed.videos.all()):
        edit = {"edit_id": f"ds{n}", "op": "create", "id": f"ds{n}", "track": "t", "start": 0, "end": 1, "label": "x"}
        indexed.timelines.save(row["id"], [edit], "ann")
    indexed.search.save("wheels", {"query": "a bicycle", "top": 1}, "ann")
    card = indexed.datasets.export(tmp_path / "set", ExportOptions(search="wheels"))
    assert (card["videos"], card["search"]) == (1, "wheels")
    assert json.loads((tmp_path / "set" / "videos.json").read_text("utf-8"))[0]["name"] == "bikes.mp4"


def test_the_transcript_is_in_the_data_set(library: Studio, tmp_path: Path) -> None:
    """Beside the annotations; or as subtitles, of the videos that have one."""
    bikes = library.videos.get(library.videos.resolve("bikes.mp4")["id"])
    library.transcripts.save_line(bikes, None, 1, 2, "hello")
    card = library.datasets.export(tmp_path / "json", ExportOptions("json"))
    assert (card["lines"], card["lost"]) == (1, [])
    (parts,) = [FORMATS["json"].read((tmp_path / "json/annotations/all.json").read_bytes(), "all.json")]  # type: ignore[misc]
    assert {part.video: [line.label for line in part.lines] for part in parts}["bikes.mp4"] == ["hello"]
    assert "and 1 line of the transcript in 3 videos" in (tmp_path / "json/README.md").read_text("utf-8")

    card = library.datasets.export(tmp_path / "said", ExportOptions("srt", kind="lines"))
    assert (card["videos"], len(card["lost"])) == (1, 1)
    assert card["lost"][0].startswith("2 segments are not written: this file has the transcript")
    assert [p.name for p in (tmp_path / "said/annotations/all").iterdir()] == ["bikes.srt"]
    assert b"hello" in (tmp_path / "said/annotations/all/bikes.srt").read_bytes()
    lost = library.datasets.export(tmp_path / "didemo", ExportOptions("didemo"))["lost"]
    assert "1 line of the transcript is not written: this format has no place for it." in lost
    with pytest.raises(UsageError, match="Only some formats"):
        library.datasets.export(tmp_path / "no", ExportOptions("json", kind="lines"))
