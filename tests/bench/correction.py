"""What it costs to mark all moments of three labels in ten videos: by hand, from questions, from taught labels.

The videos are made of photos that the encoder never learned from, each shown for some seconds while a camera moves over
it; captions say what each shows. The labels are taught by other videos, of training photos. It needs the photos of
shared/data/flickr8k beside the project. Where STUDIO_LABEL_STUDIO names Label Studio's program, the same is done by
hand there, too, in the way that takes the fewest actions.
"""

import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import cv2
import imageio_ffmpeg
import numpy as np
import numpy.typing as npt
from playwright.sync_api import Locator, Page, expect, sync_playwright

from studio.config import Settings
from studio.recipes import studio_lite
from studio.recipes.teaching import captions_of
from studio.service import Studio
from studio.timeline import Segment
from tests.bench.actions import rows
from tests.bench.label_studio import label_studio, login, task_of
from tests.browser.annotate_page import AnnotatePage, go
from tests.browser.conftest import FLAGS, Served, free_port
from tests.conftest import SHARED
from tests.setup_browser import browser_path

TRACK = "Moments"
LABELS = "snow", "a bicycle", "swimming"  # keys 1 to 3; concepts of studio.recipes.teaching
VIDEOS, SCENES, LESSONS = 10, 6, (5, 20)
RATE, WIDTH, HEIGHT = 25, 480, 360
PHOTOS = 2_000  # of a split, the first ones
SHARE = 0.5  # of the photos that show one of the labels
QUIET_S = 4.0  # in which nothing is learned: the Review page looks each second
ENOUGH, SAME = 0.9, 0.3  # IoU from which a moment is right, and from which a proposal is about it
ITEM = "e => ({...e.dataset, video: new URL(e.querySelector('.title a').href).searchParams.get('video')})"
PLAYS = """film => {
  const video = document.querySelector('#desk-items .focused video');
  return video?.currentSrc.includes(film) && video.readyState >= 2 && !video.seeking;
}"""
# What the newest detector of each label found in a video at a time, and nobody decided about.
PROPOSED = """
SELECT p.start_us / 1e6, p.end_us / 1e6, p.label FROM predictions p JOIN runs r ON r.id = p.run_id
WHERE r.video_id = ? AND r.task = 'detection' AND p.start_us <= ? AND p.end_us > ?
    AND r.seq = (SELECT max(seq) FROM runs o WHERE o.video_id = r.video_id AND o.task = r.task AND o.query = r.query)
    AND NOT EXISTS (SELECT 1 FROM verdicts d WHERE d.prediction_id = p.id)
"""
LEFT = "!document.querySelector('#desk-items [data-verdict=accepted], #desk-items [data-verdict=rejected]')"
# The keystroke-level model (Card, Moran and Newell 1980), in s: a key, a click and the way there, the same to the place
# where a button is let go, a thought before it.
KEY, CLICK, DRAG, MIND = 0.28, 1.1 + 2 * 0.1, 2 * 1.1 + 2 * 0.1, 1.35

Truth = tuple[float, float, str]


@dataclass
class Hands:
    """What a person does. Each decision has a moment of thought before it; watching and going to a place have none."""

    page: Page
    seconds: float = 0.0
    done: Counter[str] = field(default_factory=Counter)  # by kind

    @property
    def actions(self) -> int:
        return self.done.total()

    @property
    def what(self) -> str:
        return ", ".join(f"{kind} {count}" for kind, count in self.done.items())

    def press(self, key: str, kind: str, decides: bool = True) -> None:
        self.page.keyboard.press(key)
        self.did(kind, KEY + (MIND if decides else 0.0))

    def click(self, selector: str, kind: str) -> None:
        self.page.click(selector)
        self.did(kind, CLICK)

    def did(self, kind: str, seconds: float) -> None:
        """One action that takes so long."""
        self.done[kind] += 1
        self.seconds += seconds

    def think(self, times: int) -> None:
        """To see what is right costs thoughts, but no action."""
        self.seconds += times * MIND


def run(folder: Path) -> dict[str, object]:
    """Ten videos of six photos, three labels, until each moment is there at an IoU of .9. An action is a click or a
    key; seconds are by the keystroke-level model of Card, Moran and Newell, without the time of watching. Taught were
    the labels by five other videos, and by twenty; marking those by hand is told beside it, and not in it."""
    if not (SHARED / "flickr8k").is_dir():
        return {}
    rng = np.random.default_rng(7)
    train, dev = Photos.of("train"), Photos.of("dev")
    lessons = [composed(folder / f"lesson{n}.mp4", train, rng) for n in range(max(LESSONS))]
    counted = [composed(folder / f"film{n}.mp4", dev, rng) for n in range(VIDEOS)]
    ways: dict[str, Callable[[Studio, list[str]], None]] = {
        "by hand": lambda studio, films: None, "from zero-shot answers": asked,
        **{f"taught by {n} videos": taught(lessons[:n]) for n in LESSONS},
    }  # fmt: skip
    found: dict[str, Hands] = {}
    for way, prepare in ways.items():
        with library(folder / way.replace(" ", "-"), [path for path, _ in counted], prepare) as (served, films, page):
            hands = found[way] = Hands(page)
            truth = {film: spans for film, (_, spans) in zip(films, counted, strict=True)}
            if way != "by hand":
                review(hands, served, truth)
            complete(hands, served, truth)
    if peer := os.environ.get("STUDIO_LABEL_STUDIO"):
        found["by hand in Label Studio"] = in_label_studio(peer, folder / "peer", counted)
    base = found["by hand"]
    values: dict[str, object] = {"moments": sum(len(truth) for _, truth in counted)}
    for way, hands in found.items():
        values[f"{way}: actions"] = f"{hands.actions} ({hands.what})"
        values[f"{way} (s)"] = round(hands.seconds)
        if way != "by hand":
            values[f"{way} : by hand, actions"] = round(hands.actions / base.actions, 2)
            values[f"{way} : by hand, seconds"] = round(hands.seconds / base.seconds, 2)
    for n in LESSONS:
        values[f"moments of the {n} videos that taught"] = sum(len(truth) for _, truth in lessons[:n])
    return values


# ------------------------------------------------------------------ the library


@dataclass
class Photos:
    """Photos (P, 224, 224, 3), as they are needed: with no label, and with one. Where captions disagree whether one
    shows a label, and where it shows two, it is in none."""

    without: list[npt.NDArray[np.uint8]]
    showing: dict[str, list[npt.NDArray[np.uint8]]]

    @classmethod
    def of(cls, split: str) -> "Photos":
        names, pixels = zip(*islice(studio_lite.photos(SHARED, split), PHOTOS), strict=True)
        counts = captions_of(SHARED, split, names)
        said = np.array([counts[label] for label in LABELS]).T
        is_sure = (said != 1).all(axis=1) & ((said > 1).sum(axis=1) <= 1)
        without = [pixels[k] for k in np.flatnonzero(is_sure & (said == 0).all(axis=1))]
        showing = {
            label: [pixels[k] for k in np.flatnonzero(is_sure & (said[:, n] > 1))] for n, label in enumerate(LABELS)
        }
        return cls(without, showing)

    def draw(self, label: str, rng: np.random.Generator) -> npt.NDArray[np.uint8]:
        """One that was not drawn yet."""
        among = self.showing[label] if label else self.without
        return among.pop(int(rng.integers(len(among))))


def composed(target: Path, photos: Photos, rng: np.random.Generator) -> tuple[Path, list[Truth]]:
    """A video of SCENES photos of 3 to 6 s, and where it shows what; neighbours of one label are one moment."""
    size = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", str(RATE), "-i", "-"]
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *size, "-c:v", "libx264", "-bf", "0",
               "-g", str(RATE), "-pix_fmt", "yuv420p", str(target)]  # fmt: skip
    truth: list[Truth] = []
    at = 0
    with subprocess.Popen(command, stdin=subprocess.PIPE) as encoder:
        assert encoder.stdin is not None
        for _ in range(SCENES):
            label = str(rng.choice(LABELS)) if rng.random() < SHARE else ""
            count = int(rng.integers(3 * RATE, 6 * RATE + 1))
            for frame in moving(photos.draw(label, rng), count, rng):
                encoder.stdin.write(frame.tobytes())
            if label:
                joins = bool(truth) and truth[-1][1] == at / RATE and truth[-1][2] == label
                truth.append((truth.pop()[0] if joins else at / RATE, (at + count) / RATE, label))
            at += count
    assert encoder.returncode == 0
    return target, truth


def moving(photo: npt.NDArray[np.uint8], count: int, rng: np.random.Generator) -> Iterator[npt.NDArray[np.uint8]]:
    """So many frames of a camera that moves over a photo."""
    side = len(photo)
    widths = rng.uniform(0.75, 1, 2) * side
    begin, end = (np.array([*rng.uniform(0, side - width, 2), width]) for width in widths)
    for share in np.linspace(0, 1, count):
        x, y, width = (1 - share) * begin + share * end
        scale = np.array([[WIDTH / width, 0, -x * WIDTH / width], [0, HEIGHT / width, -y * HEIGHT / width]])
        frame = cv2.warpAffine(photo, scale, (WIDTH, HEIGHT), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield frame.astype(np.uint8, copy=False)


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
    return any(is_same(each, moment) for each in kept(served, film))


def is_same(one: Truth, other: Truth) -> bool:
    return one[2] == other[2] and share(one[:2], other[:2]) >= ENOUGH


@dataclass(frozen=True)
class Card:
    """A proposal on the desk, in s, and the moment that it is about; None where it is about none."""

    id: str
    film: str
    label: str
    span: tuple[float, float]
    moment: Truth | None


def review(hands: Hands, served: Served, truth: dict[str, list[Truth]]) -> None:
    """On the Review page, page by page until nothing waits, or a page shows nothing that is right: an end that is not
    right is put right; then what is right and what is wrong is told apart in the way that takes the fewest actions."""
    page = hands.page
    page.goto(f"{served.url}?view=review")
    hands.did("page", CLICK)
    expect(page.locator("#desk-items [data-id], #desk-empty:visible").first).to_be_visible()
    done: set[tuple[str, Truth]] = set()
    while found := settled(page, served):
        cards = [judged(card, truth, done) for card in found]
        hands.think(len(cards))
        decide(hands, cards)
        if not any(card.moment for card in cards):
            break
    hands.did("page", CLICK)  # back to the videos


def decide(hands: Hands, cards: list[Card]) -> None:
    """Up to one card all is right that was not rejected; behind it only what was trimmed, or accepted by its button."""
    page = hands.page
    trimmed = {card.id for card in cards if card.moment and trim(hands, card, card.moment)}

    def exceptions(upto: int) -> list[tuple[Card, str]]:
        wrong = [(card, "no") for card in cards[:upto] if not card.moment]
        return wrong + [(card, "yes") for card in cards[upto:] if card.moment and card.id not in trimmed]

    def price(upto: int) -> int:
        return len(exceptions(upto)) + (1 if upto in (0, len(cards)) else 2)

    best = min(range(len(cards) + 1), key=price)
    if best == 0 and trimmed:
        best = min(range(1, len(cards) + 1), key=price)
    for card, button in exceptions(best):
        hands.click(f"#desk-items [data-id='{card.id}'] button.{button}", "decide")
    is_left = page.locator("#desk-items [data-verdict='']").count() > 0
    if is_left and 0 < best < len(cards):
        front(hands, cards[best - 1])
    key = "Enter" if not is_left else "Shift+X" if best == 0 else "Shift+A" if best == len(cards) else "Shift+Enter"
    hands.press(key, "decide", decides=False)
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
        hands.click(f"#desk-items [data-id='{card.id}'] .picture", "choose")
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
        hands.press("io"[k], "trim")
        edge = ("data-start", "data-end")[k]
        page.wait_for_function(
            "([card, edge, t]) => Math.abs(document.querySelector(card).getAttribute(edge) - t) < 0.06",
            arg=[f"#desk-items [data-id='{card.id}']", edge, wanted[k]],
        )
        span, is_trimmed = ((wanted[0], span[1]) if k == 0 else (span[0], wanted[1])), True
    return is_trimmed


def is_proposed_alone(served: Served, film: str, moment: Truth) -> bool:
    """Whether what is proposed and undecided in the middle of a moment is that moment alone, with its ends."""
    middle = round(5e5 * (moment[0] + moment[1]))
    proposed = rows(served.home, PROPOSED, film, middle, middle)
    return len(proposed) == 1 and all(
        label == moment[2] and share((start, end), moment[:2]) >= ENOUGH for start, end, label in proposed
    )


def complete(hands: Hands, served: Served, truth: dict[str, list[Truth]]) -> None:
    """On the Annotate page, film by film: what is not there yet is marked."""
    page = hands.page
    films = [*truth][::-1]  # the library lists the newest first
    opened = AnnotatePage(page, served.url).open(films[0])
    for number, film in enumerate(films):
        if number:
            while film not in page.url:
                before = page.url
                hands.press("PageDown", "page", decides=False)
                page.wait_for_function("before => location.href !== before", arg=before)
            page.wait_for_selector("#workspace:not([aria-busy]) #timeline[data-view-end]")
            shown = "film => document.querySelector('#player').currentSrc.includes(film)"
            page.wait_for_function(shown, arg=film)
            page.wait_for_function("document.querySelector('#player').readyState >= 2")
        lacking = [moment for moment in truth[film] if not is_there(served, film, moment)]
        for moment in lacking:  # nothing is chosen yet: a key is about what is proposed at the playhead
            if is_proposed_alone(served, film, moment):
                go(opened, (moment[0] + moment[1]) / 2)
                hands.press("a", "accept")
                opened.saved()
        for moment in lacking:
            if is_there(served, film, moment):
                continue
            for at, key in ((moment[0], "i"), (moment[1] - 1 / RATE, "o"), (None, str(LABELS.index(moment[2]) + 1))):
                if at is not None:
                    go(opened, at)
                hands.press(key, "mark")
            opened.saved()
        missing = [moment for moment in truth[film] if not is_there(served, film, moment)]
        assert not missing, (film, missing, kept(served, film))


# ------------------------------------------------------------------ Label Studio

FRAME_PX, NAMES_PX = 16, 150  # of its timeline: the width of a frame, and of what stands before the first one
TIMELINE = ".lsf-timeline-frames__scroll"
# The regions of the task that is open, by their ids: label, first and last frame, numbered from 1.
REGIONS = """() => Object.fromEntries(Htx.annotationStore.selected.regions.map(
  (r) => [r.cleanId, [r.labels[0], r.ranges[0].start, r.ranges[0].end]]))"""
OPENED = """task => window.Htx?.task?.id === task && document.querySelector('video')?.readyState >= 2
  && document.querySelector('.lsf-timeline-frames__indicator')"""


def in_label_studio(program: str, root: Path, counted: list[tuple[Path, list[Truth]]]) -> Hands:
    """All by hand there: a label by its key, its region drawn over the frames of the moment, as far as they are in
    view, and its end dragged on over the next ones. Its timeline shows 48 frames at this width, turns over after a drag
    to its end, and has no zoom."""
    clips = root / "videos"
    clips.mkdir(parents=True)
    for path, _ in counted:
        shutil.copy(path, clips)
    with label_studio(program, root) as theirs, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        labels = "".join(f'<Label value="{label}" hotkey="{n + 1}"/>' for n, label in enumerate(LABELS))
        project = theirs.project("by hand", labels, clips)
        tasks = [task_of(clips / path.name) for path, _ in counted]
        made = theirs.post(f"api/projects/{project}/import?return_task_ids=true", tasks)["task_ids"]
        state = login(browser, theirs)
        page = browser.new_context(viewport={"width": 1280, "height": 900}, storage_state=state).new_page()
        hands = Hands(page)
        page.goto(f"{theirs.url}projects/{project}/data?tab={theirs.tab(project)}&labeling=1")
        for task, (_, truth) in zip(made, counted, strict=True):
            page.wait_for_function(OPENED, arg=task, timeout=60_000)
            page.wait_for_timeout(1_000)
            for moment in truth:
                draw(hands, moment)
            drawn = [((first - 1) / RATE, last / RATE, label) for label, first, last in page.evaluate(REGIONS).values()]
            assert all(any(is_same(each, moment) for each in drawn) for moment in truth), (task, drawn, truth)
            hands.press("Control+Enter", "page", decides=False)
        page.wait_for_timeout(2_000)
        browser.close()
    return hands


def draw(hands: Hands, moment: Truth) -> None:
    """The region of a moment. Three to six seconds are more than is in view, so it takes several drags."""
    page, before = hands.page, hands.page.evaluate(REGIONS)
    first, last = round(moment[0] * RATE) + 1, round(moment[1] * RATE)
    seek(page, first)
    if before:  # the last one is still chosen, and would get the label
        hands.press("Escape", "mark", decides=False)
    hands.press(str(LABELS.index(moment[2]) + 1), "mark")
    at = shown(page)
    drag(hands, at(first) + FRAME_PX / 2, at(last) + FRAME_PX / 2, 18)
    for _ in range(20):
        page.wait_for_timeout(300)
        ((region, (*_, reached)),) = (each for each in page.evaluate(REGIONS).items() if each[0] not in before)
        if reached >= last:
            return
        seek(page, reached)
        at = shown(page)
        row = page.locator(f".lsf-keypoints[data-id='{region}']").bounding_box()
        frames = page.locator(TIMELINE).bounding_box()
        assert row and frames
        drag(hands, at(reached) + FRAME_PX - 2, at(last) + FRAME_PX - 2, row["y"] + row["height"] / 2 - frames["y"])
    raise RuntimeError(f"its region never reached the end of {moment}")


def seek(page: Page, frame: int) -> None:
    """To go to a place is no action here either."""
    page.locator(".lsf-frames-control").click()
    page.locator(".lsf-frames-control input").fill(str(frame))
    page.keyboard.press("Enter")
    page.wait_for_timeout(500)


def shown(page: Page) -> Callable[[int], float]:
    """Where each frame begins on the page."""
    left = page.locator(TIMELINE).evaluate("e => e.getBoundingClientRect().left - e.scrollLeft")
    return lambda frame: float(left + NAMES_PX + (frame - 1) * FRAME_PX)


def drag(hands: Hands, begin: float, end: float, down: float) -> None:
    """From one place of the timeline to another, or to where its view ends; `down` from its upper edge."""
    page = hands.page
    box = page.locator(TIMELINE).bounding_box()
    assert box
    y, far = box["y"] + down, box["x"] + box["width"] - FRAME_PX / 2
    page.mouse.move(begin, y)
    page.mouse.down()
    page.mouse.move(min(end, far), y, steps=10)
    page.mouse.up()
    hands.did("mark", DRAG + MIND)
