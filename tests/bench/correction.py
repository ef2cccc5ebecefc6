"""What it costs to mark all moments of three labels in ten videos: by hand, from questions, from taught labels.

The videos are stretches of real clips, one after the other; where each shows what is known. What is taught is learned
from five other videos, made of other clips. It needs the clips of shared/data/videos beside the project.
"""

import json
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from playwright.sync_api import Locator, Page, expect, sync_playwright

from studio.config import Settings
from studio.service import Studio
from studio.timeline import Segment
from tests.bench.actions import rows
from tests.browser.annotate_page import AnnotatePage, go
from tests.browser.conftest import FLAGS, Served, free_port
from tests.conftest import SHARED
from tests.setup_browser import browser_path

TRACK = "Moments"
LABELS = "an animal", "a vehicle", "food in a bowl"  # keys 1 to 3
NONE = ""
# Clips of which the videos to learn from are made, and those of the videos that are counted: none is in both.
TAUGHT = {
    "dog_barking.mp4": LABELS[0], "car-detection.mp4": NONE, "778mkceE0UQ_40_46.avi": LABELS[1],
    "cooking.mp4": LABELS[2], "basketball.mp4": NONE, "birthday.mp4": NONE, "screen_recording.mp4": NONE,
}  # fmt: skip
COUNTED = {
    "skateboarding_dog.mp4": LABELS[0], "TZ860P4iTaM_15_28.avi": LABELS[0], "qvg9eM4Hmzk_4_10.avi": LABELS[1],
    "0lh_UWF9ZP4_62_69.avi": LABELS[2], "arm_wrestling.mp4": NONE, "yoga.mp4": NONE, "3qqEKTPxLNs_1_15.avi": NONE,
    "bottle-detection.mp4": NONE, "big_buck_bunny_0_30.webm": NONE,
}  # fmt: skip
LENGTHS = {
    "dog_barking.mp4": 7.1, "car-detection.mp4": 30, "778mkceE0UQ_40_46.avi": 4, "cooking.mp4": 6.3,
    "basketball.mp4": 9.9, "birthday.mp4": 16.6, "screen_recording.mp4": 32, "skateboarding_dog.mp4": 14,
    "TZ860P4iTaM_15_28.avi": 12.9, "qvg9eM4Hmzk_4_10.avi": 6, "0lh_UWF9ZP4_62_69.avi": 6.9, "arm_wrestling.mp4": 9.9,
    "yoga.mp4": 9.9, "3qqEKTPxLNs_1_15.avi": 13.9, "bottle-detection.mp4": 39, "big_buck_bunny_0_30.webm": 29,
}  # fmt: skip
VIDEOS, LESSONS, SCENES = 10, 5, 6
RATE = 25
QUIET_S = 4.0  # in which nothing is learned: the Review page looks each second
ENOUGH, SAME = 0.9, 0.3  # IoU from which a moment is right, and from which a proposal is about it
ITEM = "e => ({...e.dataset, video: new URL(e.querySelector('.title a').href).searchParams.get('video')})"
PLAYS = """film => {
  const video = document.querySelector('#desk-items .focused video');
  return video?.currentSrc.includes(film) && video.readyState >= 2 && !video.seeking;
}"""
LEFT = "!document.querySelector('#desk-items [data-verdict=accepted], #desk-items [data-verdict=rejected]')"
# The keystroke-level model (Card, Moran and Newell 1980), in s: a key, a click and the way there, a thought before it.
KEY, CLICK, MIND = 0.28, 1.1 + 2 * 0.1, 1.35

Truth = tuple[float, float, str]


@dataclass
class Hands:
    """What a person does. Each decision has a moment of thought before it; watching and going to a place have none."""

    page: Page
    actions: int = 0
    seconds: float = 0.0

    def press(self, key: str, decides: bool = True) -> None:
        self.page.keyboard.press(key)
        self._count(KEY, decides)

    def click(self, selector: str, decides: bool = False) -> None:
        self.page.click(selector)
        self._count(CLICK, decides)

    def did(self, seconds: float) -> None:
        """One action that takes so long."""
        self.actions += 1
        self.seconds += seconds

    def think(self, times: int) -> None:
        """To see what is right costs thoughts, but no action."""
        self.seconds += times * MIND

    def _count(self, seconds: float, decides: bool) -> None:
        self.actions += 1
        self.seconds += seconds + (MIND if decides else 0.0)


def run(folder: Path) -> dict[str, object]:
    """Ten videos of six scenes, three labels, until each moment is there at an IoU of .9. An action is a click or a
    key; seconds are by the keystroke-level model of Card, Moran and Newell, without the time of watching."""
    if not (SHARED / "videos").is_dir():
        return {}
    rng = np.random.default_rng(7)
    lessons = [composed(folder / f"lesson{n}.mp4", TAUGHT, rng) for n in range(LESSONS)]
    counted = [composed(folder / f"film{n}.mp4", COUNTED, rng) for n in range(VIDEOS)]
    moments = sum(len(truth) for _, truth in counted)
    ways: dict[str, Callable[[Studio, list[str]], None]] = {
        "by hand": lambda studio, films: None, "from zero-shot answers": asked, "from what was taught": taught(lessons),
    }  # fmt: skip
    found: dict[str, tuple[int, float]] = {}
    for way, prepare in ways.items():
        with library(folder / way.replace(" ", "-"), [path for path, _ in counted], prepare) as (served, films, page):
            hands = Hands(page)
            truth = {film: spans for film, (_, spans) in zip(films, counted, strict=True)}
            if way == "from zero-shot answers":
                review_all(hands, served, truth)
            elif way == "from what was taught":
                review_labels(hands, served, truth)
            complete(hands, served, truth)
            found[way] = hands.actions, hands.seconds
    base = found["by hand"]
    values: dict[str, object] = {"moments": moments}
    for way, (actions, seconds) in found.items():
        values[f"{way}: actions"] = actions
        values[f"{way} (s)"] = round(seconds)
        if way != "by hand":
            values[f"{way} : by hand, actions"] = round(actions / base[0], 2)
            values[f"{way} : by hand, seconds"] = round(seconds / base[1], 2)
    return values


# ------------------------------------------------------------------ the library


def composed(target: Path, clips: dict[str, str], rng: np.random.Generator) -> tuple[Path, list[Truth]]:
    """A video of SCENES stretches of 3 to 6 s, and where it shows what; neighbours of one label are one moment."""
    names, at = [*clips], 0.0
    parts: list[str] = []
    inputs: list[str] = []
    truth: list[Truth] = []
    for number in range(SCENES):
        name = str(rng.choice([each for each in names if not inputs or not inputs[-1].endswith(each)]))
        length = float(round(min(rng.uniform(3, 6), LENGTHS[name] - 0.1) * RATE)) / RATE
        start = float(rng.uniform(0, LENGTHS[name] - length))
        inputs += ["-ss", f"{start:.2f}", "-t", f"{length:.2f}", "-i", str(SHARED / "videos" / name)]
        frame = f"fps={RATE},scale=480:270:force_original_aspect_ratio=decrease,pad=480:270:-1:-1,setsar=1"
        frame += ",tpad=stop_mode=clone:stop_duration=1"  # a file may end a frame sooner than it says
        parts.append(f"[{number}:v]{frame},trim=end_frame={round(length * RATE)}[p{number}]")
        if label := clips[name]:
            joins = bool(truth) and truth[-1][1] == at and truth[-1][2] == label
            truth.append(((truth.pop()[0] if joins else at), at + length, label))
        at = round((at + length) * RATE) / RATE
    graph = (
        ";".join(parts) + ";" + "".join(f"[p{n}]" for n in range(SCENES)) + f"concat=n={SCENES},setpts=N/{RATE}/TB[v]"
    )
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *inputs, "-filter_complex", graph, "-map", "[v]"]
    subprocess.run(
        [*command, "-c:v", "libx264", "-bf", "0", "-g", str(RATE), "-pix_fmt", "yuv420p", str(target)], check=True
    )
    return target, truth


@contextmanager
def library(
    home: Path, paths: list[Path], prepare: Callable[[Studio, list[str]], None]
) -> Iterator[tuple[Served, list[str], Page]]:
    """A studio with the films, their ids, and a page of a browser."""
    studio = Studio(Settings(home=home, device="cpu"))
    films = [str(studio.videos.add(path)["id"]) for path in paths]
    for film in films:
        studio.jobs.index(film)
    for label in LABELS:
        studio.labels.add(TRACK, label)
    prepare(studio, films)
    studio.close()
    served = Served(home, free_port())
    served.start()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
            yield served, films, browser.new_page(viewport={"width": 1280, "height": 900})
            browser.close()
    finally:
        served.stop()


def asked(studio: Studio, films: list[str]) -> None:
    """Each label as a question to each film: what is likely is proposed."""
    for label in LABELS:
        for film in films:
            studio.jobs.run("ground", film, {"query": label})


def taught(lessons: list[tuple[Path, list[Truth]]]) -> Callable[[Studio, list[str]], None]:
    """Each label taught by five other videos, all of which was marked and looked through."""

    def prepare(studio: Studio, films: list[str]) -> None:
        for path, truth in lessons:
            row = studio.videos.add(path)
            studio.jobs.index(row["id"])
            edits = [lesson(f"{row['id']}{n}", moment) for n, moment in enumerate(truth)]
            assert all(answer["ok"] for answer in studio.timelines.save(row["id"], edits, "teacher")["results"])
            studio.teaching.mark_reviewed(row, track=TRACK, annotator="teacher")
        among = [studio.videos.get(film) for film in films]
        for label in LABELS:
            studio.teaching.teach(label, TRACK, among)

    return prepare


def lesson(name: str, moment: Truth) -> dict[str, object]:
    start, end, label = moment
    return {"edit_id": name, "op": "create", "id": name, "base_version": 0, "track": TRACK, "label": label,
            "start": start, "end": end}  # fmt: skip


# ------------------------------------------------------------------ the hands


def share(one: tuple[float, float], other: tuple[float, float]) -> float:
    return Segment(*(round(1e6 * t) for t in one)).iou(Segment(*(round(1e6 * t) for t in other)))


def kept(served: Served, film: str) -> list[Truth]:
    found = rows(
        served.home,
        "SELECT start_us / 1e6, end_us / 1e6, label FROM annotations WHERE video_id = ? AND NOT deleted",
        film,
    )
    return [(float(start), float(end), str(label)) for start, end, label in found]


def is_there(served: Served, film: str, moment: Truth) -> bool:
    return any(each[2] == moment[2] and share(each[:2], moment[:2]) >= ENOUGH for each in kept(served, film))


def review_all(hands: Hands, served: Served, truth: dict[str, list[Truth]]) -> None:
    """On the Review page, everything that waits."""
    page = hands.page
    page.goto(f"{served.url}?view=review")
    expect(page.locator("#desk-items [data-id], #desk-empty:visible").first).to_be_visible()
    page.uncheck("#desk-learn")
    decide_pages(hands, served, truth, set())


def review_labels(hands: Hands, served: Served, truth: dict[str, list[Truth]]) -> None:
    """On the Review page, one label after the other, which is learned again meanwhile."""
    page = hands.page
    page.goto(f"{served.url}?view=review")
    expect(page.locator("#desk-items [data-id], #desk-empty:visible").first).to_be_visible()
    for label in LABELS:
        with page.expect_response(lambda answer: "desk_queue" in answer.url):
            page.select_option("#desk-label", value=json.dumps([label, TRACK], separators=(",", ":")))
        for _ in range(2):  # the list is opened, and one of it chosen
            hands.did(CLICK)
        decide_pages(hands, served, truth, set())


def decide_pages(hands: Hands, served: Served, truth: dict[str, list[Truth]], done: set[tuple[str, Truth]]) -> None:
    """Page by page until nothing waits: an end that is not right is put right; then either what is wrong is rejected
    one by one and the rest accepted by one key, or the other way round, whichever is less."""
    page = hands.page
    while found := settled(page, served):
        cards = [judged(card, truth, done) for card in found]
        hands.think(len(cards))
        # what answers a question is accepted under a class, which is said of each
        by_one = any(card.moment and card.label != card.moment[2] for card in cards)
        wrong = sum(card.moment is None for card in cards)
        accepts = not by_one and 2 * wrong < len(cards)
        for card in cards:
            if card.moment is None:
                if accepts:
                    hands.click(f"#desk-items [data-id='{card.id}'] button.no")
                continue
            is_trimmed = trim(hands, card, card.moment)
            if by_one:
                if not is_trimmed:
                    front(hands, card)
                hands.press(str(LABELS.index(card.moment[2]) + 1), decides=False)
            elif not accepts:
                hands.click(f"#desk-items [data-id='{card.id}'] button.yes")
        is_left = page.locator("#desk-items [data-verdict='']").count() > 0
        hands.press(("Shift+A" if accepts else "Shift+X") if is_left else "Enter", decides=False)
        page.wait_for_function(LEFT)
        expect(page.locator("#desk-state")).to_have_text("saved")


def settled(page: Page, served: Served) -> list[Locator]:
    """The cards on the desk, once nothing is learned any more and the page knows what was found."""
    since = time.monotonic()
    while time.monotonic() - since < QUIET_S:
        if rows(served.home, "SELECT 1 FROM jobs WHERE kind = 'teach' AND state IN ('queued', 'running')"):
            since = time.monotonic()
        page.wait_for_timeout(200)
    return page.locator("#desk-items [data-id]").all()


@dataclass(frozen=True)
class Card:
    """A proposal on the desk, in s, and the moment that it is about; None where it is about none."""

    id: str
    film: str
    label: str
    span: tuple[float, float]
    moment: Truth | None


def judged(card: Locator, truth: dict[str, list[Truth]], done: set[tuple[str, Truth]]) -> Card:
    """What a person sees of a card."""
    item = card.evaluate(ITEM)
    label = card.locator(".what").inner_text().split(" · ")[0].strip("\u2068\u2069")
    span, film = (float(item["start"]), float(item["end"])), item["video"]
    near = [m for m in truth.get(film, []) if m[2] == label and share(span, m[:2]) >= SAME and (film, m) not in done]
    moment = max(near, key=lambda m: share(span, m[:2]), default=None)
    if moment:
        done.add((film, moment))
    return Card(item["id"], film, label, span, moment)


def front(hands: Hands, card: Card) -> None:
    """A card comes to the front by a click on its pictures, unless it is there."""
    chosen = hands.page.locator(f"#desk-items [data-id='{card.id}']")
    if "focused" not in (chosen.get_attribute("class") or "").split():
        hands.click(f"#desk-items [data-id='{card.id}'] .picture")
    expect(chosen).to_have_class(re.compile(r"\bfocused\b"))


def trim(hands: Hands, card: Card, moment: Truth) -> bool:
    """The ends that are farther off are put right, until it is enough; whether any was."""
    page, span, wanted = hands.page, card.span, moment[:2]
    is_trimmed = False
    for k in sorted((0, 1), key=lambda k: -abs(span[k] - wanted[k])):
        if share(span, wanted) >= ENOUGH:
            return is_trimmed
        if not is_trimmed:
            front(hands, card)
        at = wanted[k] if k == 0 else wanted[k] - 1 / RATE  # the last frame that is in it
        page.wait_for_function(PLAYS, arg=card.film)
        page.evaluate(
            """async t => {
              const video = document.querySelector('#desk-items .focused video');
              video.pause();
              video.currentTime = t;
              await new Promise((done) => video.addEventListener('seeked', done, { once: true }));
              for (let i = 0; i < 3; i++) await new Promise((done) => requestAnimationFrame(done));
            }""",
            at + 0.5 / RATE,
        )
        hands.press("io"[k])
        edge = ("data-start", "data-end")[k]
        page.wait_for_function(
            "([card, edge, t]) => Math.abs(document.querySelector(card).getAttribute(edge) - t) < 0.06",
            arg=[f"#desk-items [data-id='{card.id}']", edge, wanted[k]],
        )
        span, is_trimmed = ((wanted[0], span[1]) if k == 0 else (span[0], wanted[1])), True
    return is_trimmed


def complete(hands: Hands, served: Served, truth: dict[str, list[Truth]]) -> None:
    """On the Annotate page, film by film: what is not there yet is marked."""
    page = hands.page
    films = [*truth][::-1]  # the library lists the newest first
    opened = AnnotatePage(page, served.url).open(films[0])
    for number, film in enumerate(films):
        if number:
            while film not in page.url:
                before = page.url
                hands.press("PageDown", decides=False)
                page.wait_for_function("before => location.href !== before", arg=before)
            page.wait_for_selector("#workspace:not([aria-busy]) #timeline[data-view-end]")
            shown = "film => document.querySelector('#player').currentSrc.includes(film)"
            page.wait_for_function(shown, arg=film)
            page.wait_for_function("document.querySelector('#player').readyState >= 2")
        for moment in truth[film]:
            if is_there(served, film, moment):
                continue
            for at, key in ((moment[0], "i"), (moment[1] - 1 / RATE, "o"), (None, str(LABELS.index(moment[2]) + 1))):
                if at is not None:
                    go(opened, at)
                hands.press(key)
            opened.saved()
        missing = [moment for moment in truth[film] if not is_there(served, film, moment)]
        assert not missing, (film, missing, kept(served, film))
