"""Text on the screen over time, in clips whose truth was made: titles that stand, come softly, move and pass."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from studio import media
from studio.config import Settings
from studio.recipes import text_reading as recipe
from studio.recipes.text_reading import write
from studio.tasks import TaskContext, VideoRef, read_text
from studio.tasks.text_tracks import Line, TextTrack, alike, blocks, joined, located, simplified, without_doubles
from studio.timeline import ON_SCREEN, Prediction

SIZE = 480, 272
FPS = 25
Paint = Callable[[ImageDraw.ImageDraw, int], None]


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> TaskContext:
    return TaskContext(Settings(home=tmp_path_factory.mktemp("home"), device="cpu").ensure())


def text(draw: ImageDraw.ImageDraw, what: str, x: float, y: float, high: int = 24, light: int = 235) -> None:
    draw.text((x, y), what, font=ImageFont.load_default(high), fill=(light, light, light))


def clip(path: Path, count: int, paint: Paint) -> VideoRef:
    def pictures() -> Iterator[np.ndarray]:
        for frame in range(count):
            canvas = Image.new("RGB", SIZE, (50, 60, 80))
            paint(ImageDraw.Draw(canvas), frame)
            yield np.asarray(canvas)

    write(path, pictures(), SIZE)
    return VideoRef(path.stem, str(path), media.probe(path).duration_us)


def spans(predictions: list[Prediction]) -> list[tuple[str, int, int]]:
    """Texts with their first frame and the one after their last."""
    return [(p.label, round(p.segment.start * FPS / 1e6), round(p.segment.end * FPS / 1e6)) for p in predictions]


def test_texts_are_bounded_to_the_frame_and_lines_that_belong_together_are_one(
    context: TaskContext, tmp_path: Path
) -> None:
    def paint(draw: ImageDraw.ImageDraw, frame: int) -> None:
        if frame < 27:
            text(draw, "Chapter one", 40, 20, 36)
        if 13 <= frame < 58:
            text(draw, "Jane Whitfield", 30, 190)
            text(draw, "Head of Research", 30, 222)
        if frame >= 41:
            text(draw, "The end", 300, 40, 36)

    run = read_text(context, clip(tmp_path / "a.mp4", 65, paint))
    assert (run.task, run.model, run.payload["note"]) == ("text_reading", "pp-ocr", "")
    assert {p.track for p in run.predictions} == {ON_SCREEN}
    assert spans(list(run.predictions)) == [
        ("Chapter one", 0, 27),
        ("Jane Whitfield Head of Research", 13, 58),
        ("The end", 41, 65),
    ]
    name = run.predictions[1]
    assert name.payload is not None and 0.9 < name.score <= 1
    first, last = name.payload["boxes"][0], name.payload["boxes"][-1]
    assert (first[0], last[0]) == (13 / FPS, 58 / FPS)
    assert np.abs(np.array(first[1:]) - (30, 193, 232, 248)).max() < 10


def test_text_that_comes_softly_counts_from_half_of_it(context: TaskContext, tmp_path: Path) -> None:
    def paint(draw: ImageDraw.ImageDraw, frame: int) -> None:
        share = float(np.clip(min(frame - 10, 50 - frame) / 10, 0, 1))
        if share:
            text(draw, "Softly", 100, 100, 40, light=round(60 + 175 * share))

    (found,) = spans(list(read_text(context, clip(tmp_path / "s.mp4", 60, paint)).predictions))
    assert found[0] == "Softly" and abs(found[1] - 15) <= 1 and abs(found[2] - 46) <= 1


def test_a_text_that_passes_is_one_and_its_box_goes_with_it(context: TaskContext, tmp_path: Path) -> None:
    news = "Storm warning for the northern coast until Friday evening"

    def paint(draw: ImageDraw.ImageDraw, frame: int) -> None:
        text(draw, news, 480 - 12 * frame, 200, 28)

    video = clip(tmp_path / "n.mp4", 75, paint)
    (found,) = read_text(context, video).predictions
    assert found.label == news and found.payload is not None
    time, x1, _, x2, _ = next(box for box in found.payload["boxes"] if 0.9 < box[0] < 1.6)
    assert abs(x1 - max(0, 480 - 12 * time * FPS)) < 12 and x2 > 470


def test_a_video_without_text_says_so(context: TaskContext, clips: dict[str, Path]) -> None:
    path = clips["carphone"]
    run = read_text(context, VideoRef("c", str(path), media.probe(path).duration_us))
    assert list(run.predictions) == []
    assert run.payload["note"] == "No text was found on the screen of this video."


def test_a_single_letter_is_no_text_by_itself(context: TaskContext, tmp_path: Path) -> None:
    def paint(draw: ImageDraw.ImageDraw, frame: int) -> None:
        text(draw, "K", 200, 100, 60)

    assert list(read_text(context, clip(tmp_path / "k.mp4", 20, paint)).predictions) == []


def test_a_video_of_one_frame(context: TaskContext, tmp_path: Path) -> None:
    video = clip(tmp_path / "one.mp4", 1, lambda draw, frame: text(draw, "Only once", 40, 60, 40))
    run = read_text(context, video)
    assert list(run.predictions) == [], "shorter than what anybody can read"


@pytest.mark.parametrize(
    ("one", "other", "whole"),
    [
        ("Storm warning for the nor", "ning for the northern coast", "Storm warning for the northern coast"),
        ("the northern coast", "Storm warning for the nort", "Storm warning for the northern coast"),
        ("Storm warnlng", "warning", "Storm warnlng"),
        ("Storm and rain", "The rain goes on for a week", ""),
        ("warning", "Storm warning", "Storm warning"),
        ("the northern coast until F", "thern coast untll Frid", "the northern coast untll Frid"),
        ("Storm warning for the coast", "rning tor the", "Storm warning for the coast"),
        ("Storm", "Chapter", ""),
        ("", "Chapter", ""),
    ],
)
def test_parts_of_a_passing_text_are_joined(one: str, other: str, whole: str) -> None:
    assert joined(one, other) == whole


def test_readings_of_one_line_are_alike() -> None:
    assert alike("Chapter one", "Chapter 0ne") and alike("JANE", "Jane") and alike("Whitfield", "Jane Whitfield")
    assert not alike("Chapter one", "The end") and not alike("", "The end")


def test_a_patch_is_found_again_also_where_a_part_of_it_left_the_picture() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (60, 100), np.uint8)
    patch = picture[20:30, 10:50]
    similarity, box = located(patch, picture, np.array([14.0, 22.0, 54.0, 32.0]), (8, 8))
    assert similarity > 0.999 and box.tolist() == [10, 20, 50, 30]
    similarity, box = located(patch, picture[:, 30:], np.array([-20.0, 20.0, 20.0, 30.0]), (4, 4))
    assert similarity > 0.999 and box.tolist() == [-20, 20, 20, 30]
    assert located(patch, picture, np.array([95.0, 20.0, 135.0, 30.0]), (4, 4))[0] == -1, "too little is inside"
    assert located(np.full((5, 5), 9, np.uint8), picture, np.array([0.0, 0.0, 5.0, 5.0]), (4, 4))[0] == -1


def track(what: str, box: tuple[float, ...], *times_us: int) -> TextTrack:
    times = list(times_us or (0, 4_000_000))
    made = TextTrack(times, [np.array(box, float)] * len(times), until_us=times[-1])
    made.hear(what, 0.9)
    return made


def line(what: str, box: tuple[float, ...], start: float = 0.0, end: float = 4.0) -> Line:
    times = round(start * 1e6), round(end * 1e6)
    return Line(*times, track(what, box, *times))


def texts(groups: list[list[Line]]) -> list[list[str]]:
    return sorted([each.text for each in group] for group in groups)


def test_blocks_are_lines_that_are_near_and_come_and_go_together() -> None:
    title = line("Title", (10, 10, 200, 40))
    first, second = line("first", (10, 100, 150, 115)), line("second", (10, 120, 160, 135))
    beside = line("beside", (165, 120, 220, 135))
    later = line("later", (10, 140, 160, 155), 1.0)
    assert texts(blocks([second, title, later, beside, first])) == [["Title"], ["first", "second", "beside"], ["later"]]


def test_what_is_found_twice_is_one_line() -> None:
    whole, part = line("Question and answer", (10, 10, 60, 20)), line("and answer", (62, 10, 120, 20), 0.5, 3.9)
    other = line("Question and answer", (10, 50, 120, 60))
    kept = without_doubles([part, other, whole])
    assert sorted(each.text for each in kept) == ["Question and answer"] * 2
    found = next(each for each in kept if each.parts)
    assert found.at(2_000_000).tolist() == [10, 10, 120, 20]


def test_boxes_are_as_few_as_say_where_it_goes() -> None:
    times = list(range(0, 1000, 100))
    straight = [np.array([k * 10.0, 0, k * 10.0 + 50, 10]) for k in range(10)]
    assert [time for time, _ in simplified(times, straight)] == [0, 900]
    bent = [*straight[:5], *[straight[4]] * 5]
    assert [time for time, _ in simplified(times, bent)] == [0, 400, 900]
    assert [time for time, _ in simplified([5], straight[:1])] == [5]


def test_the_videos_that_are_measured_have_every_trait_and_show_what_they_say() -> None:
    made = recipe.clips()
    for trait, every in (
        ("size", recipe.SIZES), ("font", recipe.FONTS), ("height", recipe.HEIGHTS), ("contrast", recipe.CONTRASTS),
        ("picture", recipe.PICTURES), ("motion", recipe.MOTIONS),
    ):  # fmt: skip
        assert {getattr(each, trait) for each in made} == set(every)
    still = next(each for each in made if each.motion == "still" and each.size == (640, 360))
    pictures, shown = recipe.frames(still)
    seen = [picture.astype(int) for picture in pictures]
    first = shown[0]
    start, end = round(first.start * recipe.FPS), round(first.end * recipe.FPS)
    changes = [np.abs(one - other).max() > 20 for one, other in pairwise(seen[: end - 1])]
    assert np.flatnonzero(changes).tolist() == [start - 1], "it appears in its first frame, and then stands"
    x1, y1, x2, y2 = map(int, first.at(first.start))
    changed = np.argwhere(np.abs(seen[start] - seen[start - 1]).max(axis=2) > 20)
    assert np.abs(changed.min(axis=0) - (y1, x1)).max() <= 2 and np.abs(changed.max(axis=0) - (y2, x2)).max() <= 2
    assert 0.9 * still.height <= recipe.ink("H", still.font, still.height).shape[0] <= 1.1 * still.height + 1
