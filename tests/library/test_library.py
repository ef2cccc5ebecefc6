"""The Python interface: its examples run, its answers are typed, its previews are safe."""

import doctest
import subprocess
import sys
from pathlib import Path

import pytest

import studio
from studio import library, open_library
from studio.errors import ModelUnavailable, NotFound, UsageError
from studio.library import Moment, Moments, Video
from studio.service import Studio
from studio.store import videos
from tests.conftest import VIDEO


def test_the_examples_run(indexed: Studio, clips: dict[str, Path]) -> None:
    indexed.store.write(lambda db: db.execute("DELETE FROM annotations"))  # of other tests on the same library
    globs = {"folder": indexed.settings.home, "clip": clips["bikes"]}
    tests = doctest.DocTestFinder(recurse=False).find(library, "studio.library", extraglobs=globs)
    runner = doctest.DocTestRunner()
    for test in tests:
        runner.run(test)
    assert runner.summarize(verbose=False).failed == 0
    assert runner.tries >= 10


def test_a_library_of_no_use_says_why(tmp_path: Path) -> None:
    with open_library(tmp_path) as opened:
        assert opened.videos == []
        with pytest.raises(NotFound, match="studio add"):
            opened.annotations("nothing")


def test_moments_are_found_in_annotations(studio: Studio) -> None:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    for number, (start, label) in enumerate(((1.0, "nod"), (2.5, "smile"), (9.0, "nod"))):
        edit = {"edit_id": f"e{number}", "op": "create", "id": f"a{number}", "base_version": 0, "start": start,
                "end": start + 1, "track": "T", "label": label, "attributes": {"n": number}}  # fmt: skip
        studio.timelines.save("v1", [edit], "ann")
    nod, smile = {"labels": ["nod"]}, {"labels": ["smile"], "relation": {"is": "after", "most": 2}}
    with open_library(studio.settings.home) as opened:
        assert [moment.start for moment in opened.find(nod)] == [1.0, 9.0]
        (moment,) = opened.find(nod, smile, videos=["v1"])
        assert (moment.video.name, moment.start, moment.end) == ("talk.mp4", 1.0, 3.5)
        assert moment.row() | {"A id": "a0", "A label": "nod", "B start": 2.5, "B attributes": {"n": 1}} == moment.row()
        (alone,) = opened.find(nod, {**smile, "relation": {"is": "after", "most": 2, "absent": True}})
        assert alone.segments[1] is None and "B id" not in alone.row()
        assert opened.export_found("moments", nod, smile).count(b"\n") == 2
        with pytest.raises(UsageError, match="no relation"):
            opened.find(nod, {"relation": {"is": "beside"}})


def test_a_detector_goes_from_one_library_to_another(indexed: Studio, tmp_path: Path) -> None:
    from tests.service.test_detectors import NAME, keep_words

    with open_library(indexed.settings.home, device="cpu") as one, open_library(tmp_path, device="cpu") as other:
        keep_words(indexed)
        found = one.detect(NAME, "bikes.mp4")
        assert found and {m.video.name for m in found} == {"bikes.mp4"} and found[0].label == "a bicycle"
        assert other.import_detector(one.export_detector(NAME)) == NAME
        for library_of in (one, other):
            library_of.delete_detector(NAME)
        with pytest.raises(ModelUnavailable, match="There is no detector"):
            one.detect(NAME)
    indexed.store.write(lambda db: db.execute("DELETE FROM runs WHERE model = ?", (NAME,)))


def test_a_preview_is_a_table_and_no_markup_of_anybody_s() -> None:
    video = Video("v", "<script>.mp4", Path("x"), 9.0)
    moments = Moments([Moment(video, 1, 2.5, 0.5, label="<b>", picture=b"\xff"), Moment(video, 3, 4, 0.25)])
    page = moments._repr_html_()
    assert "&lt;script&gt;.mp4" in page
    assert "&lt;b&gt;" in page
    assert page.count("<img") == 1
    assert repr(moments[1:]) == "<script>.mp4  0:03.000–0:04.000  0.250"
    assert [m.start for m in moments] == [1, 3]


def test_the_package_itself_loads_nothing() -> None:
    code = "import studio, sys; sys.exit(any(m.startswith('studio.') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert set(studio.__all__) == {"__version__", "open_library"}
    with pytest.raises(AttributeError):
        studio.nothing  # noqa: B018
