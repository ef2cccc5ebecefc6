"""Attributes are kept through every edit, undone and redone, and go out and in with the formats that have a place."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from studio.formats import FORMATS, losses
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from studio.store import Store, timelines, videos
from studio.timeline import Annotation, Footage, Segment, Timeline
from tests.conftest import VIDEO

ATTRIBUTES = {"intensity": 3, "seen by": ["ann", "ben"], "sure": True, "hand": "left"}
FOOTAGE = Footage("talk.mp4", 60_000_000, "v1", 640, 360, 25.0, tuple(range(0, 60_000_000, 40_000)))


@pytest.fixture
def video(studio: Studio) -> str:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return "v1"


@pytest.fixture
def save(studio: Studio, video: str) -> Callable[..., dict[str, Any]]:
    number = 0

    def call(op: str, version: int, **fields: Any) -> dict[str, Any]:
        nonlocal number
        number += 1
        edit = {"edit_id": f"e{number}", "op": op, "id": "a", "base_version": version, "start": 1, "end": 2,
                "track": "T", "label": "x", **fields}  # fmt: skip
        (result,) = studio.timelines.save(video, [edit], "ann")["results"]
        return dict(result)

    return call


def test_attributes_are_saved_kept_changed_and_taken_away(
    studio: Studio, video: str, save: Callable[..., dict[str, Any]]
) -> None:
    assert save("create", 0, attributes=ATTRIBUTES)["annotation"]["attributes"] == ATTRIBUTES
    moved = save("update", 1, start=1.5)
    assert moved["annotation"]["attributes"] == ATTRIBUTES, "an edit that says nothing of them leaves them"
    assert save("delete", 2)["annotation"]["attributes"] == ATTRIBUTES
    assert save("restore", 3)["annotation"]["attributes"] == ATTRIBUTES
    assert save("update", 4, attributes={"hand": "right"})["annotation"]["attributes"] == {"hand": "right"}
    assert save("update", 5, attributes={})["annotation"]["attributes"] == {}
    (kept,) = studio.timelines.annotations(video)
    assert kept.attributes == {}
    history = studio.timelines.history("a")
    assert [each["after"]["attributes"] for each in history] == [ATTRIBUTES] * 4 + [{"hand": "right"}, {}]


def test_wrong_attributes_are_one_sentence_and_touch_nothing_else(studio: Studio, video: str) -> None:
    def edit(n: int, attributes: Any) -> dict[str, Any]:
        return {"edit_id": f"e{n}", "op": "create", "id": f"a{n}", "start": 1, "end": 2, "track": "T",
                "attributes": attributes}  # fmt: skip

    results = studio.timelines.save(video, [edit(1, {"a": 1e308}), edit(2, {"a": 1}), edit(3, [1])], "ann")["results"]
    assert [result["ok"] for result in results] == [False, True, False]
    assert results[0]["kind"] == "invalid" and "“a” must be" in results[0]["error"]


@pytest.mark.parametrize(
    "name", [name for name, form in FORMATS.items() if form.write and form.read and form.holds.lines != "alone"]
)
def test_a_format_keeps_them_or_says_so(name: str) -> None:
    form = FORMATS[name]
    a = Annotation("a", Segment(1_000_000, 2_000_000), "T", "x", attributes=ATTRIBUTES)
    boxes = {"T": ((1_000_000, 0.1, 0.1, 0.5, 0.5), (1_040_000, 0.1, 0.1, 0.5, 0.5))}
    timeline = Timeline(FOOTAGE, (a,), boxes=boxes if form.holds.only_boxed else {})
    assert form.write is not None and form.read is not None
    (part,) = form.read(form.write([timeline]), f"talk{form.extension}")
    lost = [sentence for sentence in losses(form, [timeline]) if "attributes" in sentence]
    found = dict(part.marks[0].attributes)
    if form.holds.attributes == "all":
        assert (found, lost) == (ATTRIBUTES, [])
    elif form.holds.attributes == "text":
        assert found == {"intensity": "3", "seen by": '["ann", "ben"]', "sure": "true", "hand": "left"}
        assert lost == ["The attributes of 1 segment that are no text become text."]
    else:
        assert found == {}
        assert lost == ["The attributes of 1 segment are dropped."]


def test_the_formats_that_have_a_place_for_them() -> None:
    holds = {name: form.holds.attributes for name, form in FORMATS.items() if form.holds.attributes}
    everything = dict.fromkeys(("json", "csv", "fiftyone", "otio"), "all")
    assert holds == {**everything, "via": "text", "cvat": "text"}


def test_they_come_in_with_an_import(studio: Studio, video: str) -> None:
    made = Timeline(FOOTAGE, (Annotation("a", Segment(1_000_000, 2_000_000), "T", "x", attributes=ATTRIBUTES),))
    write = FORMATS["csv"].write
    assert write is not None
    studio.cache.save_array(video, "pts.npy", np.array(FOOTAGE.pts, np.int64))
    studio.exchange.apply(write([made]), "talk.csv", "csv")
    (kept,) = studio.timelines.annotations(video)
    assert kept.attributes == ATTRIBUTES


# ---------------------------------------------------------------------- timelines


def test_every_video_has_a_timeline_of_its_own(store: Store) -> None:
    assert store.read(lambda db: timelines.of_video(db, "v1")) == "v1"
    assert store.read(lambda db: timelines.media(db, "v1")) == [{"video_id": "v1", "offset_us": 0, "role": "main"}]


def test_a_timeline_has_several_media_with_offsets(store: Store) -> None:
    store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "path": "/other.mp4"}))
    store.write(lambda db: timelines.attach(db, "v1", "v2", 1_500_000, "camera"))
    store.write(lambda db: timelines.attach(db, "v1", "v2", 2_500_000, "camera"))
    assert store.read(lambda db: timelines.media(db, "v1")) == [
        {"video_id": "v1", "offset_us": 0, "role": "main"},
        {"video_id": "v2", "offset_us": 2_500_000, "role": "camera"},
    ]
    assert store.read(lambda db: timelines.of_video(db, "v2")) == "v2", "its own timeline stays"


def test_a_timeline_goes_with_the_last_of_its_media(store: Store) -> None:
    count = "SELECT (SELECT count(*) FROM timelines), (SELECT count(*) FROM timeline_media)"
    store.write(lambda db: videos.delete(db, "v1"))
    assert tuple(store.read(lambda db: db.execute(count).fetchone())) == (0, 0)


PHASES = {"onset": 1.2, "apex": 1.6, "offset": 1.8}


def test_phases_stay_in_their_segment_where_a_script_says_nothing_of_them(
    save: Callable[..., dict[str, Any]],
) -> None:
    save("create", 0, attributes=PHASES)
    assert save("update", 1, end=1.5)["annotation"]["attributes"] == {"onset": 1.2, "apex": 1.5, "offset": 1.5}
    moved = save("update", 2, start=11, end=11.5)["annotation"]["attributes"]
    assert moved == {"onset": 11.2, "apex": 11.5, "offset": 11.5}


@pytest.mark.parametrize("name", ["json", "csv"])
def test_phases_go_out_and_come_in_with_their_segment(
    studio: Studio, video: str, save: Callable[..., dict[str, Any]], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("studio.service.videos.media_cache.MediaCache.frames", lambda *_: FOOTAGE.pts)
    save("create", 0, attributes=PHASES)
    file = studio.exchange.export(video, name)
    save("delete", 1)
    studio.exchange.apply(file, f"talk.{name}", name, ImportOptions(shift="10"))
    (found,) = studio.timelines.annotations(video)
    assert (found.segment, found.attributes) == (
        Segment(11_000_000, 12_000_000), {"onset": 11.2, "apex": 11.6, "offset": 11.8},
    )  # fmt: skip
