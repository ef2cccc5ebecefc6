"""Continuous ratings: drawn, undone, refused, smoothed, compared, as tables."""

from typing import Any

import numpy as np
import pytest

from studio.errors import PermissionDenied, UsageError
from studio.eval.trace_agreement import agreed
from studio.formats import archive
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.service.exchange.exchange import ImportOptions
from studio.store import videos
from studio.timeline.traces import RATE, resampled, smoothed
from tests.conftest import VIDEO

NOTHING = [None] * 5
VALENCE = {"track": "Valence", "closed": False, "scale": [-1, 1]}


@pytest.fixture
def video(studio: Studio) -> str:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.labels.save({"labels": [], "tracks": [VALENCE]}, "ann")
    return "v1"


def draw(studio: Studio, n: int, after: list[Any], before: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    said = NOTHING[: len(after)] if before is None else before
    edit = {"edit_id": f"t{n}", "op": "trace", "track": "Valence", "first": 10, "before": said, "after": after,
            **{k: v for k, v in more.items() if k != "by"}}  # fmt: skip
    (result,) = studio.timelines.save("v1", [edit], more.get("by", "ann"))["results"]
    return dict(result)


def values(studio: Studio, by: str = "ann") -> np.ndarray[Any, Any]:
    (trace,) = [t for t in studio.traces.of_video(studio.videos.get("v1")) if t.annotator == by]
    return trace.values


def test_a_stroke_is_drawn_undone_and_sent_twice(studio: Studio, video: str) -> None:
    assert draw(studio, 1, [0.5, 0.25, None])["ok"]
    assert draw(studio, 1, [0.5, 0.25, None])["ok"], "a lost answer: it is sent again"
    assert values(studio)[9:13].tolist()[1:3] == [0.5, 0.25]
    assert np.isnan(values(studio)[[9, 12]]).all()
    assert draw(studio, 2, [None, None, None], [0.5, 0.25, None])["ok"]
    assert np.isnan(values(studio)).all()
    assert len(values(studio)) == -(-VIDEO["duration_us"] // 40_000)


def test_what_does_not_fit_is_one_sentence(studio: Studio, video: str) -> None:
    draw(studio, 1, [0.5, 0.25, None])
    for edit, sentence in (
        ({"after": [2.0], "before": [0.5]}, "“Valence” goes from -1 to 1."),
        ({"after": [0.1], "before": [0.9]}, "This curve was drawn elsewhere meanwhile"),
        ({"after": [0.1], "before": [None], "track": "Arousal"}, "“Arousal” is not drawn as a curve"),
        ({"after": [0.1], "before": [None], "first": 10**7}, "A curve cannot go on after the video ends."),
        ({"after": ["a"], "before": [None]}, "“after” of a curve is a list of numbers"),
        ({"after": [0.1], "before": []}, "have as many values"),
    ):
        answer = draw(studio, 9, **edit)  # type: ignore[arg-type]
        assert not answer["ok"], edit
        assert answer["error"].startswith(sentence) or sentence in answer["error"], answer["error"]
    assert values(studio)[10] == 0.5


def test_everybody_draws_their_own_and_others_see_it_where_they_may(studio: Studio, video: str) -> None:
    draw(studio, 1, [0.5])
    draw(studio, 2, [-0.5], by="ben")
    assert (values(studio)[10], values(studio, "ben")[10]) == (0.5, -0.5)
    assert len(studio.timelines.load("v1", Actor("ann"))["traces"]) == 2
    studio.store.write(lambda db: db.execute("UPDATE videos SET independent = 1") and None)
    shown = studio.timelines.load("v1", Actor("ann"))["traces"]
    assert [each["annotator"] for each in shown] == ["ann"]
    assert studio.timelines.changes("v1", 0, by=Actor("ben"))["traces"][0]["annotator"] == "ben"
    assert studio.traces.agreement(Actor("ann")) == []


def test_tables_go_out_and_come_back(studio: Studio, video: str) -> None:
    row = studio.videos.get(video)
    made = studio.traces.read(row, "time,value\n1,0\n2,1\n5,0.5\n", "Valence", "ann")
    assert made == [{"track": "Valence", "annotator": "ann", "seconds": 1.08}], "nothing is made up over a gap of 3 s"
    assert values(studio)[25:51:5].tolist() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    table = studio.traces.table(row)
    assert table.splitlines()[:2] == ["track,annotator,time,value", "Valence,ann,1.0,0"]
    studio.traces.read(row, table.replace(",ann,", ",ben,"))
    assert np.array_equal(values(studio), values(studio, "ben"), equal_nan=True)
    (pair,) = studio.traces.agreement()
    assert pair == {
        "track": "Valence", "one": "ann", "other": "ben", "videos": 1, "seconds": 1.08, "r": 1.0, "ccc": 1.0,
        "apart": 0.0,
    }  # fmt: skip
    for wrong, sentence in (
        ("time\n1\n", "needs the columns"),
        ("time,value\n1,x\n", "Line 2 of this table has no number"),
        ("time,value\n-1,0\n", "a time before the video"),
        ("time,value\n", "has no values"),
    ):
        with pytest.raises(UsageError, match=sentence):
            studio.traces.read(row, wrong, "Valence", "ann")
    with pytest.raises(UsageError, match="has no column “track”"):
        studio.traces.read(row, "time,value\n1,0\n")
    with pytest.raises(UsageError, match="Smooth by 0 to 60"):
        studio.traces.table(row, smooth=-1)


def test_a_scale_is_two_numbers(studio: Studio) -> None:
    for wrong in ([1, 1], [2, 1], [0], ["a", 1], [True, 2], "x"):
        with pytest.raises(UsageError, match="needs a lowest value and a higher one"):
            studio.labels.save({"labels": [], "tracks": [{"track": "V", "closed": False, "scale": wrong}]}, "ann")


def test_a_curve_that_is_none_any_more_is_told_and_kept(studio: Studio, video: str) -> None:
    valence = {"track": "Valence", "closed": False}
    bob = Actor("bob", admin=False)
    assert studio.labels.save({"labels": [], "tracks": [valence]}, "ann")["unseen"] == [], "nobody drew one"
    studio.labels.save({"labels": [], "tracks": [{**valence, "scale": [-1, 1]}]}, "ann")
    draw(studio, 1, [0.5])
    for changed in ({}, {"scale": [-1, 0]}):
        with pytest.raises(PermissionDenied, match="Others drew curves of “Valence”"):
            studio.labels.save({"labels": [], "tracks": [{**valence, **changed}]}, "bob", bob)
    assert studio.labels.save({"labels": [], "tracks": [valence]}, "ann")["unseen"] == ["Valence"]
    studio.labels.save({"labels": [], "tracks": [{**valence, "scale": [-1, 1]}]}, "ann")
    assert values(studio)[10] == 0.5


def test_no_row_depends_on_a_curve(studio: Studio) -> None:
    below = {"track": "Words", "closed": False, "parent": "V", "dependency": "included_in"}
    for tracks in (
        [{"track": "V", "closed": False, "scale": [0, 1]}, below],
        [{"track": "V", "closed": False}, {**below, "scale": [0, 1]}],
    ):
        with pytest.raises(UsageError, match="“Words” depends on “V”, and a curve has no segments"):
            studio.labels.save({"labels": [], "tracks": tracks}, "ann")


def test_smoothing_makes_up_nothing() -> None:
    said = np.full(100, np.nan, np.float32)
    said[20:60] = 1
    said[40] = 5
    smooth = smoothed(said, 0.2)
    assert np.array_equal(np.isnan(smooth), np.isnan(said))
    assert smooth[20] == pytest.approx(1), "what is not said weighs nothing"
    assert 1 < smooth[40] < 1.5
    assert np.nansum(smooth - said) == pytest.approx(0, abs=0.05)
    assert smoothed(said, 0) is said


def test_between_samples_it_is_linear() -> None:
    found = resampled(np.array([0, 80_000, 3_000_000]), np.array([0.0, 2.0, 9.0]), 100)
    assert found[:3].tolist() == [0, 1, 2]
    assert found[75] == 9
    assert int((~np.isnan(found)).sum()) == 4
    assert np.isnan(resampled(np.array([], np.int64), np.array([]), 3)).all()
    assert resampled(np.array([40_000]), np.array([3.0]), 3)[1] == 3


def test_agreement_by_hand() -> None:
    one = np.array([1, 2, 3, np.nan], np.float32)
    other = np.array([2, 4, 6, 1], np.float32)
    found = agreed(one, other)
    assert found is not None
    # means 2 and 4, variances 2/3 and 8/3, covariance 4/3
    assert found.r == pytest.approx(1)
    assert found.ccc == pytest.approx(2 * 4 / 3 / (2 / 3 + 8 / 3 + 4))
    assert (found.apart, found.seconds) == (2, 3 / RATE)
    assert agreed(one, np.full(4, np.nan, np.float32)) is None
    assert agreed(np.ones(3, np.float32), one[:3]) == (3 / RATE, None, None, 1.0)


@pytest.mark.parametrize("name", ["json", "nova"])
def test_curves_go_out_and_in_and_are_taken_back_with_their_import(studio: Studio, video: str, name: str) -> None:
    studio.cache.save_array(video, "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    row = studio.videos.get(video)
    studio.traces.read(row, "time,value\n1,0\n2,1\n", "Valence", "ann")
    drawn = values(studio).copy()
    data = studio.exchange.export(video, name)
    assert [s for s in studio.exchange.losses(video, name) if "curve" in s] == []
    studio.traces.read(row, "time,value\n3,-1\n4,-1\n", "Valence", "ann")
    options = ImportOptions(video=video, different="take")
    shown = studio.exchange.preview(data, "talk.zip" if name == "nova" else "talk.json", name, options)
    assert shown["curves"] == 1
    done = studio.exchange.apply(data, "talk.zip" if name == "nova" else "talk.json", name, options)
    assert np.allclose(values(studio), drawn, atol=1e-4, equal_nan=True)
    came = studio.exchange.imports()[0]
    assert [came[what] for what in ("annotations", "objects", "curves", "cameras")] == [0, 0, 1, 0]
    with pytest.raises(UsageError):
        studio.exchange.apply(data, "talk.zip" if name == "nova" else "talk.json", name, options)
    assert studio.exchange.undo(done["import"]) == {"removed": 1, "kept": 0}
    assert values(studio)[75] == -1
    assert studio.exchange.redo(done["import"]) == {"added": 1, "kept": 0}
    assert np.allclose(values(studio), drawn, atol=1e-4, equal_nan=True)
    draw(studio, 7, [0.9], [None])
    assert studio.exchange.undo(done["import"]) == {"removed": 0, "kept": 1}


def test_the_scale_of_a_row_that_is_new_comes_with_the_file(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    head = (
        '<annotation ssi-v="3"><info ftype="ASCII" size="4"/><meta role="r" annotator="zoe"/>'
        '<scheme name="arousal" type="CONTINUOUS" sr="2" min="0" max="10" mincolor="#fff" maxcolor="#000"/>'
        "</annotation>"
    )
    data = archive.pack({"arousal.annotation": head.encode(), "arousal.annotation~": b"1;1\n2.5;1\nnan;0\n99;1\n"})
    studio.exchange.apply(data, "x.zip", "nova", ImportOptions(video="v1"))
    (track,) = studio.labels.shown()["tracks"]
    assert (track["track"], track["scale"]) == ("arousal", [0, 10])
    (trace,) = studio.traces.of_video(studio.videos.get("v1"))
    assert (trace.annotator, trace.values[[0, 12, 13, 24]].tolist()) == ("zoe", [1, 1, 2.5, 2.5])
    assert np.isnan(trace.values[25:]).all()
    shown = studio.exchange.preview(data, "x.zip", "nova", ImportOptions(video="v1"))
    assert "1 value beyond the scale of a curve is left out." in " ".join(shown["parts"][0]["problems"])


def test_other_formats_say_that_curves_are_lost(studio: Studio, video: str) -> None:
    studio.cache.save_array(video, "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    draw(studio, 1, [0.5])
    assert "1 curve is not written: this format has no place for them." in studio.exchange.losses(video, "elan")
    studio.labels.save({"labels": [], "tracks": []}, "ann")
    for name in ("elan", "csv", "json"):
        (sentence,) = [each for each in studio.exchange.losses(video, name) if "curve" in each]
        assert sentence == "The curves of “Valence” are not written: under Labels it is no curve any more."
    studio.labels.save({"labels": [], "tracks": [VALENCE]}, "ann")
    assert draw(studio, 2, [None], [0.5])["ok"]
    assert studio.exchange.losses(video, "elan") == [], "what was erased is not lost"


def test_curves_of_two_annotators_come_back_from_nova_on_one_scale(studio: Studio, video: str) -> None:
    studio.cache.save_array(video, "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    draw(studio, 1, [0.5])
    draw(studio, 2, [-0.5], by="ben")
    other = studio.exchange.export(video, "nova")
    studio.store.write(lambda db: db.execute("DELETE FROM traces"))
    studio.exchange.apply(other, "talk.zip", "nova", ImportOptions(video=video))
    found = studio.traces.of_video(studio.videos.get(video))
    assert [(each.track, each.annotator, float(each.values[10])) for each in found] == [
        ("Valence", "ann", 0.5), ("Valence", "ben", -0.5),
    ]  # fmt: skip


def test_values_of_a_rate_of_frames_that_is_not_whole_stay(studio: Studio, video: str) -> None:
    """Once a second at 29.97: the gap is 1.001 s."""
    times = np.round(np.arange(10) * 1_001_000).astype(np.int64)
    found = resampled(times, np.arange(10.0), 300)
    assert not np.isnan(found[:226]).any() and np.isnan(found[226:]).all()
    assert found[100] == pytest.approx(4 / 1.001)
    table = "time,value\n" + "".join(f"{n * 1.001},{n / 10}\n" for n in range(10))
    assert studio.traces.read(studio.videos.get(video), table, "Valence", "ann")[0]["seconds"] == 9.04


def test_no_value_is_lost_between_samples(studio: Studio, video: str) -> None:
    """A value alone, and two with no sample between them, have the nearest sample."""
    found = resampled(np.array([10_000, 2_030_000, 5_001_000, 5_039_000]), np.array([1.0, 2, 3, 4]), 200)
    assert {int(k): float(found[k]) for k in np.flatnonzero(~np.isnan(found))} == {0: 1, 51: 2, 125: 3}
    row = studio.videos.get(video)
    (read,) = studio.traces.read(row, "time,value\n59.99,0\n60,0.5\n70,1\n", "Valence", "ann")
    assert read["left_out"] == 2


@pytest.mark.parametrize("name", ["json", "nova"])
def test_a_small_scale_is_not_rounded_away(studio: Studio, name: str) -> None:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    small = {"track": "Valence", "closed": False, "scale": [0, 0.002]}
    studio.labels.save({"labels": [], "tracks": [small]}, "ann")
    row = studio.videos.get("v1")
    studio.traces.read(row, "time,value\n1,0.00123456\n2,0.00123456\n", "Valence", "ann")
    drawn = values(studio).copy()
    data, file = studio.exchange.export("v1", name), "talk.zip" if name == "nova" else "talk.json"
    take = ImportOptions(video="v1", different="take")
    assert studio.exchange.preview(data, file, name, take)["curves"] == 0
    studio.traces.read(row, "time,value\n1,0.0016\n2,0.0016\n", "Valence", "ann")
    assert studio.exchange.preview(data, file, name, take)["curves"] == 1, "another curve of this scale"
    done = studio.exchange.apply(data, file, name, take)
    assert np.array_equal(values(studio), drawn, equal_nan=True)
    assert studio.exchange.undo(done["import"]) == {"removed": 1, "kept": 0}, "nobody drew since"
    assert values(studio)[30] == np.float32(0.0016)


def test_an_import_that_keeps_what_is_here_keeps_curves(studio: Studio, video: str) -> None:
    studio.cache.save_array(video, "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000))
    row = studio.videos.get(video)
    studio.traces.read(row, "time,value\n1,0\n2,1\n", "Valence", "ann")
    old = studio.exchange.export(video, "json")
    studio.traces.read(row, "time,value\n1,0.5\n2,0.5\n", "Valence", "ann")
    now = values(studio).copy()
    for different in ("keep", "both"):
        options = ImportOptions(video=video, different=different)  # type: ignore[arg-type]
        shown = studio.exchange.preview(old, "talk.json", "json", options, "bob")
        assert (shown["curves"], shown["different"]) == (0, 1)
        assert "1 curve or camera is different here and stays so, unless you take the file's." in shown["problems"]
        with pytest.raises(UsageError, match="1 of it is different here and stays so"):
            studio.exchange.apply(old, "talk.json", "json", options, "bob")
        assert np.array_equal(values(studio), now, equal_nan=True)
    options = ImportOptions(video=video, different="take")
    assert studio.exchange.apply(old, "talk.json", "json", options, "bob")["curves"] == 1
    assert values(studio)[50] == 1


@pytest.mark.parametrize("key", ["before", "after"])
@pytest.mark.parametrize("value", [10**400, -(10**400), 1e300, float("nan")], ids=["huge", "low", "float", "nan"])
def test_an_endless_value_costs_only_its_own_edit(studio: Studio, video: str, key: str, value: float) -> None:
    edit = {"edit_id": "t1", "op": "trace", "track": "Valence", "first": 0, "before": [None], "after": [0.5]}
    good = {"edit_id": "t2", "op": "trace", "track": "Valence", "first": 9, "before": [None], "after": [0.5]}
    bad, fine = studio.timelines.save(video, [{**edit, key: [value]}, good], "ann")["results"]
    assert not bad["ok"] and f"“{key}” of a curve is a list of numbers" in bad["error"]
    assert fine["ok"] and values(studio)[9] == 0.5


def test_a_conflict_of_a_curve_tells_nothing_of_an_annotation(studio: Studio, video: str) -> None:
    made = {"edit_id": "e1", "op": "create", "id": "secret", "base_version": 0, "start": 1, "end": 2, "track": "T",
            "label": "x"}  # fmt: skip
    assert studio.timelines.save(video, [made], "ben")["results"][0]["ok"]
    refused = draw(studio, 1, [0.5], [0.25], id="secret")
    assert (refused["kind"], refused["current"]) == ("conflict", None)
    stale = {**made, "edit_id": "e2", "op": "update", "base_version": 7}
    (answer,) = studio.timelines.save(video, [stale], "ann")["results"]
    assert answer["current"]["label"] == "x", "whoever edits an annotation is shown what it is now"


# in the layouts of the program's own sources: since 2014, and its first release
CARMA = """Time of Rating,13-Dec-2021 07:36:40
Multimedia File,talk.mp4
Lower Label,very negative
Upper Label,very positive
Minimum Value,-100
Maximum Value,100
Number of Steps,9
Second,Rating
%%%%%%,%%%%%%
0.5,10
1,NaN
1.5,-20.5
70,100
"""
OLD_CARMA = """Filename,Lower Label,Upper Label,Minimum Value,Midpoint Value,Maximum Value,Number of Steps,Second,Rating
C:\\Videos\\talk.wmv,very negative,very positive,-100,0,100,9,1,0
C:\\Videos\\talk.wmv,very negative,very positive,-100,0,100,9,2,27.7778
"""


def test_ratings_of_carma_are_read_as_they_are(studio: Studio, video: str) -> None:
    row = studio.videos.get(video)
    made = studio.traces.read(row, "\ufeff" + CARMA, "Affect", "ann")
    assert made == [{"track": "Affect", "annotator": "ann", "seconds": 1.04, "left_out": 1}]
    (trace,) = studio.traces.of_video(row)
    drawn = trace.values
    assert set(drawn[:13]) == {10} and np.isnan(drawn[13:25]).all(), "nothing is made up where nothing was rated"
    assert set(drawn[25:38]) == {-20.5} and np.isnan(drawn[38:]).all()
    scales = {each["track"]: each["scale"] for each in studio.labels.shown()["tracks"]}
    assert scales["Affect"] == [-100, 100] and scales["Valence"] == [-1, 1]
    studio.traces.read(row, OLD_CARMA, "Affect", "ben")
    (other,) = (each for each in studio.traces.of_video(row) if each.annotator == "ben")
    assert set(other.values[:25]) == {0} and set(other.values[25:50]) == {np.float32(27.7778)}
    for wrong, sentence in (
        (CARMA.replace("1.5,-20.5", "x,1"), "Line 12 of this table has no number as its second or its rating"),
        (CARMA.replace("1.5,-20.5", "-1,1"), "Line 12 of this table has a time before the video"),
        (CARMA.partition("0.5,10")[0], "has no values"),
        ("Second,Rating\n1,1\n1,2\n", "do not rise"),
    ):
        with pytest.raises(UsageError, match=sentence):
            studio.traces.read(row, wrong, "Affect", "ann")
    with pytest.raises(UsageError, match="name it with --track"):
        studio.traces.read(row, CARMA)
