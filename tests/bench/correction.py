"""What it costs to mark all moments of three labels in ten videos: by hand, from questions, from taught labels.

The videos are made of photos that the encoder never learned from, each shown for some seconds while a camera moves over
it; captions say what each shows. The labels are taught by other videos, of training photos. It needs the photos of
shared/data/flickr8k beside the project. Where STUDIO_LABEL_STUDIO names Label Studio's program, the same is done by
hand there, too, in the way that takes the fewest actions.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.sync_api import Locator, Page, expect, sync_playwright

from studio.config import Settings
from studio.service import Studio
from tests.bench.actions import rows
from tests.bench.films import ENOUGH, LABELS, RATE, Photos, Truth, composed, is_same, share
from tests.bench.hands import CLICK, Hands
from tests.bench.label_studio_hands import in_label_studio
from tests.browser.annotate_page import AnnotatePage, go
from tests.browser.conftest import FLAGS, Served, free_port
from tests.conftest import SHARED
from tests.setup_browser import browser_path

TRACK = "Moments"
VIDEOS, LESSONS = 10, (5, 20)
QUIET_S = 4.0  # in which nothing is learned: the Review page looks each second
SAME = 0.3  # IoU from which a proposal is about a moment
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


def kept(served: Served, film: str) -> list[Truth]:
    found = rows(
        served.home,
        "SELECT start_us / 1e6, end_us / 1e6, label FROM annotations WHERE video_id = ? AND NOT deleted",
        film,
    )
    return [(float(start), float(end), str(label)) for start, end, label in found]


def is_there(served: Served, film: str, moment: Truth) -> bool:
    return any(is_same(each, moment) for each in kept(served, film))


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
