"""Everybody can use every page: axe-core finds nothing, keys alone reach everything, nothing lies beside the screen."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import axe_playwright_python
import pytest
from playwright.sync_api import Browser, Page, expect

from studio.config import Settings
from studio.service import Studio
from studio.store import runs
from studio.timeline import ModelRun, Prediction, Segment, us
from tests.browser.annotate_page import ANNOTATION, AnnotatePage
from tests.browser.conftest import PATIENCE_MS, Served, free_port

pytestmark = pytest.mark.browser
AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
SIZES = [(1280, 720), (1024, 768), (390, 844)]
WRONG = """async () => (await axe.run(document, { resultTypes: ['violations'] })).violations.flatMap(
  ({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id} (${help}): ${target} ${failureSummary}`))"""
# Transitions are waited for: half-faded text has a contrast that nobody sees for long.
STILL = """() => document.getAnimations()
  .every((a) => a.playState !== 'running' || a.effect.getTiming().iterations === Infinity)"""


def wrong(page: Page) -> list[str]:
    """What axe-core says about the page as it is now."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text("utf-8"))
    page.wait_for_function(STILL)
    return list(page.evaluate(WRONG))


def look(page: Page, state: str) -> None:
    """Light and dark, and at three sizes."""
    found = []
    for theme in ("light", "dark"):
        page.evaluate("dark => document.body.classList.toggle('dark', dark)", theme == "dark")
        found += [f"{state}, {theme}: {problem}" for problem in wrong(page)]
    page.evaluate("document.body.classList.remove('dark')")
    assert found == []


@pytest.fixture
def full(page: Page, served: Served, bikes: str) -> AnnotatePage:
    """A video with annotations, decided and open predictions, questions, scores and lines."""
    studio = Studio(Settings(home=served.home, device="cpu"))
    part = [Segment(us(n), us(n + 1)) for n in range(6)]
    speaking = [Prediction(segment, "Person 1", "speaking", 0.6 + 0.05 * n) for n, segment in enumerate(part)]
    track = {"track": "Person 1", "boxes": [[0, 9, 9, 60, 60]], "times": [0, 9], "scores": [0.2, 0.8]}
    asked = [Prediction(part[2], "Moments", "a car", 0.4)]
    curve = {"curve": {"times": [0, 9], "scores": [0, 1]}}
    made = [ModelRun(bikes, "speaker", "net", "1", speaking, {"tracks": [track]})]
    made += [ModelRun(bikes, "grounding", "net", "1", asked, curve, query) for query in ("a car", "a bicycle")]
    studio.store.write(lambda db: [runs.insert(db, run) for run in made])
    if not studio.transcripts.lines(studio.videos.get(bikes)):
        studio.transcripts.save_line(studio.videos.get(bikes), None, 1, 2, "What is said")
    studio.labels.add("Moments", "label 0")
    for name in ("Anna", "Berta"):
        edits = [
            {"edit_id": f"axe {name} {n} {id(page)}", "op": "create", "base_version": 0, "id": f"{name} {n} {id(page)}",
             "track": "Moments", "label": f"label {n}", "note": "", "start": n, "end": n + 1}
            for n in range(3)
        ]  # fmt: skip
        assert all(result["ok"] for result in studio.timelines.save(bikes, edits, name)["results"])
    studio.close()
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    expect(page.locator(".gutter-row")).not_to_have_count(0)
    expect(page.locator("#grounding-runs .chip")).to_have_count(2)
    expect(page.locator("#transcript-list li")).not_to_have_count(0)
    return annotate_page


def library(page: Page, url: str) -> None:
    page.goto(url)
    expect(page.locator(".card").first).to_be_visible()


def nothing_open(page: Page, url: str) -> None:
    page.goto(f"{url}?view=annotate")
    expect(page.locator("#annotate-empty")).to_be_visible()


def nothing_asked(page: Page, url: str) -> None:
    page.goto(f"{url}?view=search")
    expect(page.locator("#search-empty")).to_be_visible()


def results(page: Page, url: str) -> None:
    page.goto(f"{url}?view=search&q=a+bicycle+on+a+street")
    expect(page.locator(".hit").first).to_be_visible()
    page.click("#search-options > summary")
    page.locator(".hit >> text=Why?").first.click()
    expect(page.locator(".why .words").first).to_be_visible()


def in_annotations(page: Page, url: str) -> None:
    """A question with three segments and all its fields, what it found, and how that is exported."""
    asked = {
        "segments": [
            {"statuses": ["manual", "line", "undecided"], "labels": ["axe"]},
            {"relation": {"is": "after", "of": 0, "absent": True}},
            {"labels": ["x"], "relation": {"is": "near", "of": 0, "most": 2, "absent": True, "other": "track"}},
        ]
    }
    page.goto(f"{url}?view=search&in=annotations&find={quote(json.dumps(asked))}")
    expect(page.locator("#find-status")).to_contain_text(re.compile("in all|Nothing was found"))
    page.locator(".find-step summary").first.click()
    page.click("#find-save")


def the_map(page: Page, url: str) -> None:
    page.goto(f"{url}?view=map")
    expect(page.locator("#map-summary")).not_to_have_text("Loading…")
    if page.locator("#map-make").is_visible():
        page.click("#map-make")
    page.locator("#map-groups button").first.click()
    expect(page.locator("#map-list li").first).to_be_visible()


def models(page: Page, url: str) -> None:
    page.goto(f"{url}?view=models")
    expect(page.locator(".card.model").first).to_be_visible()
    page.locator(".card.model summary").first.click()


def overview(page: Page, url: str) -> None:
    page.goto(f"{url}?view=overview")
    expect(page.locator("#status")).to_contain_text("Database")
    expect(page.locator("#storage-summary")).to_contain_text("can be made again")  # it is counted
    expect(page.locator("#work-running li, #work-queue li")).to_have_count(0)  # else buttons go while one walks


def review(page: Page, url: str) -> None:
    page.goto(f"{url}?view=review")
    expect(page.locator("#desk-empty, #desk-foot").filter(visible=True)).to_have_count(1)
    expect(page.locator("#desk-label option").first).to_have_text("all labels")


PAIR = {"segments": [{"labels": ["label 0"]}, {"labels": ["label 1"], "relation": {"is": "after"}}]}
PAGES: dict[str, Callable[[Page, str], None]] = {
    "the library": library, "nothing open": nothing_open, "nothing asked": nothing_asked, "what was found": results,
    "in annotations": in_annotations,
    "the map": the_map, "the models": models, "the overview": overview, "nothing to review": review,
}  # fmt: skip


@dataclass
class Opened:
    name: str
    page: Page


@pytest.fixture(scope="module", params=PAGES)
def opened(request: pytest.FixtureRequest, browser: Browser, served: Served) -> Iterator[Opened]:
    """Each page once, for all that is looked at there; an error in it fails the last of these tests."""
    errors: list[str] = []
    context = browser.new_context(viewport={"width": SIZES[0][0], "height": SIZES[0][1]})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.on("pageerror", lambda error: errors.append(str(error)))
    PAGES[request.param](page, served.url)
    yield Opened(request.param, page)
    context.close()
    assert errors == []


def test_axe_finds_nothing(opened: Opened) -> None:
    look(opened.page, opened.name)


def test_axe_finds_nothing_in_found_moments(full: AnnotatePage, served: Served) -> None:
    page = full.page
    page.goto(f"{served.url}?view=search&in=annotations&find={quote(json.dumps(PAIR))}")
    expect(page.locator(".found").first).to_be_visible()
    look(page, "moments")
    assert fits(page) == []
    page.click("#find-export-open")
    expect(page.locator("#find-export-lost p")).to_be_visible()
    look(page, "exporting what was found")


def test_axe_finds_nothing_in_what_the_map_opens(page: Page, served: Served) -> None:
    the_map(page, served.url)
    page.click("#map-label")
    expect(page.locator("dialog#map-labelling")).to_be_visible()
    look(page, "a label for many")
    page.keyboard.press("Escape")
    page.click("#map-reel")
    expect(page.locator("#reel-place")).to_contain_text("1 of")
    look(page, "a reel")


# Controls that lie beside the screen and cannot be scrolled to.
BESIDE = """() => [...document.querySelectorAll('.studio-page :is(button, input, select, textarea, a, summary, label)')]
  .filter((e) => e.checkVisibility() && !e.matches('.button input'))
  .filter((e) => e.getBoundingClientRect().right > innerWidth + 0.5 || e.getBoundingClientRect().left < -0.5)
  .map((e) => `${e.tagName}#${e.id}.${e.className}`)"""

# Controls, and what says whether all is saved, whose middle something else covers, or that their box cuts off.
COVERED = """() => [...document.querySelectorAll(
  '.studio-page :is(button, input, select, textarea, a, summary, #save-state)')]
  .filter((e) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true }) && !e.closest('dialog'))
  .filter((e) => {
    const { left, width, top, height } = e.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    if (x < 0 || y < 0 || x >= innerWidth || y >= innerHeight) return false;
    for (let box = e.parentElement; box; box = box.parentElement) {  // scrolled away
      const [{ overflow }, seen] = [getComputedStyle(box), box.getBoundingClientRect()];
      const isOutside = x < seen.left || x > seen.right || y < seen.top || y > seen.bottom;
      if (/auto|scroll/.test(overflow) && isOutside) return false;
    }
    const above = document.elementFromPoint(x, y);
    for (let box = above; box; box = box.parentElement)  // what stays in sight: the page scrolls under it
      if (/sticky|fixed/.test(getComputedStyle(box).position)) return false;
    return !e.contains(above) && !above?.closest('label')?.contains(e);
  })
  .map((e) => `${e.tagName}#${e.id}.${e.className}`)"""


def fits(page: Page) -> list[str]:
    """What of the page lies beside the screen or under something else, at each size."""
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        wide, beside = page.evaluate("document.scrollingElement.scrollWidth - innerWidth"), page.evaluate(BESIDE)
        if covered := page.evaluate(COVERED):
            found.append(f"covered at {width}×{height}: {covered}")
        if wide > 0 or beside:
            found.append(f"{wide} px too wide at {width}×{height}; beside it: {beside}")
    page.set_viewport_size({"width": SIZES[0][0], "height": SIZES[0][1]})
    return found


def test_nothing_lies_beside_the_screen(opened: Opened) -> None:
    assert fits(opened.page) == []


def several(page: Page) -> None:
    page.locator(ANNOTATION).first.click()
    page.locator(ANNOTATION).nth(1).click(modifiers=["Control"])


def one(page: Page) -> None:
    page.locator(ANNOTATION).first.click()
    page.click("#history")
    expect(page.locator(".history li").first).to_be_visible()


def prediction(page: Page) -> None:
    page.locator("#segment-list [data-kind=prediction]").first.click()
    page.click("#tab-ask")
    page.click(".options summary")


def in_review(page: Page) -> None:
    page.click("#tab-review")
    page.locator("#review-list li").first.click()


def transcript(page: Page) -> None:
    page.click("#tab-transcript")
    page.locator("#transcript-list li").first.dblclick()


def labels(page: Page) -> None:
    page.click("#edit-labels")
    expect(page.locator("dialog#labels .row.label").first).to_be_visible()


def exporting(page: Page) -> None:
    page.click("#export")
    page.select_option("#export-format", "rttm")
    expect(page.locator("#export-lost li").first).to_be_visible()


def importing(page: Page) -> None:
    table = b"track,label,start,end\nMoments,a car,1,2\n"
    page.click("#import")
    page.set_input_files("#import-file", {"name": "moments.csv", "mimeType": "text/csv", "buffer": table})
    expect(page.locator("#import-counts")).to_contain_text("1 new segment")


def row_menu(page: Page) -> None:
    page.locator(".gutter-row .more").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".menu")).to_be_visible()


STATES: list[Callable[[Page], None]] = [
    one, several, prediction, in_review, transcript, labels, exporting, importing, row_menu,
]  # fmt: skip


def test_axe_finds_nothing_while_one_annotates(full: AnnotatePage) -> None:
    page = full.page
    look(page, "nothing chosen")
    for state in STATES:
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
        page.click("#tab-segments")
        state(page)
        look(page, state.__name__)
    page.keyboard.press("Escape")
    page.click("#help")
    expect(page.locator("dialog#keys")).to_be_visible()
    look(page, "keys")


def test_axe_finds_nothing_where_people_are_compared(full: AnnotatePage, served: Served) -> None:
    overview(full.page, served.url)
    expect(full.page.locator("#team-pairs")).to_contain_text("Anna · Berta")
    expect(full.page.locator("#team-plot .heatmaplayer")).to_be_visible()
    look(full.page, "people compared")
    assert fits(full.page) == []


def test_the_page_fits(full: AnnotatePage) -> None:
    full.page.locator(ANNOTATION).first.click()
    assert fits(full.page) == []


@pytest.fixture(scope="module")
def login_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A studio that asks who one is."""
    home = tmp_path_factory.mktemp("login") / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    studio.users.put("Anna", "correct horse battery")
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()


def test_the_way_in(page: Page, login_page: Served) -> None:
    page.goto(login_page.url)
    look(page, "the way in")
    page.fill("input[name=name]", "Anna")
    page.fill("input[name=password]", "wrong")
    page.keyboard.press("Enter")
    expect(page.locator(".error")).to_contain_text("do not belong together")
    look(page, "a wrong password")
    assert fits(page) == []


# ---------------------------------------------------------------- keys alone

# A control by what it is: a panel may be made anew while one walks through the page.
# what a list offers may come later than the list
NAMED = """const named = (e) => [e.tagName, e.id, e.className, e.dataset.field, e.ariaLabel,
    e.tagName === 'SELECT' ? '' : e.textContent.slice(0, 20)].join(' ');"""
CONTROLS = f"""() => {{ {NAMED}
  return [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
    .filter((e) => e.checkVisibility() && !e.disabled && e.tabIndex >= 0 && !e.closest('dialog, [inert]')).map(named);
}}"""
# The control that has the focus, and how one sees that: by an outline of its own or of the button that it belongs to.
FOCUS = f"""() => {{ {NAMED}
  const e = document.activeElement, shown = e.closest('label.button') ?? e;
  const {{ outlineStyle, outlineWidth }} = getComputedStyle(shown), box = shown.getBoundingClientRect();
  const inside = box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth;
  const lined = outlineStyle !== 'none' && parseFloat(outlineWidth) >= 1;
  const seen = lined && inside && shown.checkVisibility({{ opacityProperty: true }});
  return [named(e), seen];
}}"""


def test_tab_reaches_every_control_and_shows_where_it_is(opened: Opened) -> None:
    walk(opened.page)


def test_tab_reaches_every_control_of_the_annotate_page(full: AnnotatePage) -> None:
    full.page.locator(ANNOTATION).first.click()
    walk(full.page)


def walk(page: Page) -> None:
    """By Tab through all controls of the page."""
    # from the top: on the timeline Tab goes from segment to segment, and the panel about the chosen one changes
    page.evaluate("document.querySelector('header a').focus()")
    controls = set(page.evaluate(CONTROLS))
    assert controls
    reached, unseen = set(), set()
    for _ in range(2 * len(controls) + 40):
        page.keyboard.press("Tab")
        what, seen = page.evaluate(FOCUS)
        reached.add(what)
        if not seen and not what.startswith("BODY"):
            unseen.add(what)
        if reached >= controls:
            break
    assert controls - reached == set()
    assert unseen == set()


@pytest.mark.parametrize("opener", ["#help", "#edit-labels", "#rows", ".gutter-row .more"])
def test_what_opens_gives_the_focus_back(full: AnnotatePage, opener: str) -> None:
    page = full.page
    page.locator(opener).first.focus()
    page.keyboard.press("Enter")
    opened = page.locator("dialog[open], .menu")
    expect(opened).to_be_visible()
    page.wait_for_function("document.querySelector('dialog[open], .menu').contains(document.activeElement)")
    page.keyboard.press("Escape")
    expect(opened).to_have_count(0)
    expect(page.locator(opener).first).to_be_focused()


def test_the_sheet_of_keys_gives_the_focus_back_to_the_timeline(full: AnnotatePage) -> None:
    full.page.locator("#timeline").focus()
    full.page.keyboard.press("?")
    expect(full.page.locator("dialog#keys")).to_be_visible()
    full.page.keyboard.press("Escape")
    expect(full.page.locator("#timeline")).to_be_focused()
