"""`studio boxes`, and the same from Python."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio import open_library
from studio.cli import main
from studio.errors import NotFound, UsageError
from studio.models import ObjectTracker


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Any:
    """studio boxes ARGUMENTS → (status, standard output, standard error)."""

    def call(*arguments: Any) -> tuple[int, str, str]:
        status = main(["boxes", *map(str, arguments), "--home", str(tmp_path / "home"), "--device", "cpu"])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def test_a_box_is_drawn_tracked_and_listed(run: Any, clips: dict[str, Path]) -> None:
    bikes = clips["bikes"]
    status, out, _ = run(bikes, "--draw", ".2,.3,.5,.8", "--at", 5.61, "--label", "bike", "--by", "ada", "--json")
    (box,) = json.loads(out)["boxes"]
    assert (status, box["label"], box["annotator"], [key["at"] for key in box["keys"]]) == (0, "bike", "ada", [5.6])
    status, out, _ = run(bikes, "--track", box["id"][:6], "--at", 5.6, "--until", 6.4, "--json")
    (tracked,) = json.loads(out)["boxes"]
    assert status == 0 and {key["source"] for key in tracked["keys"]} == {"manual", "tracked"}
    _, out, _ = run(bikes)
    assert out.startswith(box["id"][:8]) and "key frames" in out and out.rstrip().endswith("bike")


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--draw", "1,2", "--at", "1"), "four numbers"),
        (("--draw", ".5,.5,.4,.4", "--at", "1"), "width and a height"),
        (("--draw", ".1,.1,.4,.4"), "--at"), (("--track", "x", "--at", "1"), "--until"),
        (("--track", "x", "--draw", "y"), "--draw or --track"),
    ],
)  # fmt: skip
def test_what_is_no_box_is_said_in_one_line(
    run: Any, clips: dict[str, Path], arguments: tuple[str, ...], why: str
) -> None:
    status, out, err = run(clips["bikes"], *arguments)
    assert (status, out) == (2, "") and why in err and err.count("\n") == 1


def test_a_box_that_is_not_there(run: Any, clips: dict[str, Path]) -> None:
    status, _, err = run(clips["bikes"], "--track", "nothing", "--at", 1, "--until", 2)
    assert status == 1 and "studio boxes VIDEO" in err


def test_boxes_from_python(tmp_path: Path, clips: dict[str, Path]) -> None:
    with open_library(tmp_path / "home", "cpu") as library:
        video = library.add(clips["bikes"])
        drawn = library.draw_box(video, (0.2, 0.3, 0.5, 0.8), 5.6, "bike")
        tracked = library.track_box(video, drawn, 5.6, 5.0)
        assert tracked.keys[-1] == drawn.keys[0] and len(tracked.keys) > 1
        assert library.boxes(video) == [tracked]
        assert tracked.at(5_600_000) == (0.2, 0.3, 0.5, 0.8)
        with pytest.raises(UsageError):
            library.draw_box(video, (0, 0, 2, 2), 1)
        with pytest.raises(NotFound):
            library.track_box(video, "none", 1, 2)


def test_what_was_found_before_ctrl_c_is_kept(
    run: Any, clips: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    step, steps = ObjectTracker.step, iter(range(20))

    def interrupted(tracker: ObjectTracker, frame: Any) -> Any:
        if next(steps, None) is None:
            raise KeyboardInterrupt
        return step(tracker, frame)

    monkeypatch.setattr(ObjectTracker, "step", interrupted)
    status, out, err = run(clips["bikes"], "--draw", ".2,.3,.5,.8", "--at", 5.6, "--until", 8, "--by", "ada")
    assert (status, out) == (130, "")
    _, out, _ = run(clips["bikes"], "--json")
    (box,) = json.loads(out)["boxes"]
    tracked = [key["at"] for key in box["keys"] if key["source"] == "tracked"]
    assert box["keys"][0]["at"] == 5.6 and 5.6 < tracked[-1] < 6.6, "twenty frames, and no further"
    are = "key frames found until then are kept" if len(tracked) != 1 else "key frame found until then is kept"
    assert err.splitlines()[-1] == f"studio: stopped; {len(tracked)} {are}"
