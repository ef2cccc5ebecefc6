"""M5: whatever becomes of server, page and tab, no edit that a page showed is lost, doubled or overtaken."""

import json
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Error, Page, Route, expect

from tests.browser.annotate_page import ANNOTATION, AnnotatePage, rows, video_id
from tests.browser.conftest import PATIENCE_MS, Served

pytestmark = pytest.mark.browser
RUNS = 50
SHORT = 2  # of them in every run of the tests
STEPS = 9
SHOWN = """() => [document.querySelector('#save-state').textContent,
  [...document.querySelectorAll('#segment-list [data-kind=annotation]')].map((o) => [o.dataset.id, o.dataset.label])]"""


@dataclass
class Trial:
    """One browser, one or two windows on one video, and a network that a die decides about."""

    served: Served
    context: BrowserContext
    video: str
    dice: random.Random
    network: str = "fine"  # or away, slow, or lost: what was asked is done, and the answer never comes
    windows: list[AnnotatePage] = field(default_factory=list)
    made: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # annotation → (op, label) as they were shown
    mine: dict[str, AnnotatePage] = field(
        default_factory=dict
    )  # each window changes its own: whoever is first wins a conflict
    slot: int = 0
    told: list[str] = field(default_factory=list)  # what happened, for whoever reads of a failure

    def __post_init__(self) -> None:
        self.context.route("**/component_server**", self._carry)

    def _carry(self, route: Route) -> None:
        saving = '"edits"' in (route.request.post_data or "")
        with suppress(Error):  # the page that asked may have gone
            if self.network == "away" or (self.network == "lost" and saving):
                if self.network == "lost":
                    route.fetch()
                route.abort()
                return
            if self.network == "slow" and saving:
                self.windows[0].page.wait_for_timeout(self.dice.choice((50, 300)))
            route.continue_()

    # ------------------------------------------------------------------ windows

    def open(self) -> AnnotatePage:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("dialog", lambda dialog: dialog.accept())
        annotate_page = AnnotatePage(page, self.served.url).open(self.video)
        self.windows.append(annotate_page)
        return annotate_page

    def again(self, annotate_page: AnnotatePage, how: str) -> None:
        """The page goes, and comes back with what it had."""
        page = annotate_page.page
        if how == "close":
            page.close(run_before_unload=False)
            self.windows.remove(annotate_page)
            self.network = "fine"
            fresh = self.open()
            self.mine = {which: fresh if owner is annotate_page else owner for which, owner in self.mine.items()}
            annotate_page = fresh
        elif how == "back":
            page.goto(f"{self.served.url}web/css/studio.css")
            self.network = "fine"
            page.go_back()
        else:
            self.network = "fine" if self.dice.random() < 0.8 else "slow"
            page.reload()
        annotate_page.page.wait_for_selector("#timeline[data-view-end]")
        for which in [which for which, owner in self.mine.items() if owner is annotate_page]:
            there = self.made[which][-1][0] != "delete"
            expect(annotate_page.page.locator(f"#segment-list [data-id='{which}']")).to_have_count(int(there))

    # ------------------------------------------------------------------ edits

    def create(self, annotate_page: AnnotatePage) -> None:
        start = 0.2 + 0.6 * (self.slot % 16)
        self.slot += 1
        lane = annotate_page.lane()
        before = {segment["id"] for segment in annotate_page.segments("annotation")}
        annotate_page.drag((start, lane), (start + 0.4, lane))
        fresh = [
            segment["id"]
            for segment in annotate_page.segments("annotation")
            if segment["id"] not in {*before, *self.made}
        ]
        assert len(fresh) == 1, (fresh, self.told)
        self.made[fresh[0]], self.mine[fresh[0]] = [("create", "")], annotate_page

    def choose(self, annotate_page: AnnotatePage) -> str | None:
        own = [
            which
            for which, owner in self.mine.items()
            if owner is annotate_page and self.made[which][-1][0] != "delete"
        ]
        if not own:
            self.create(annotate_page)
            return None
        which = self.dice.choice(own)
        annotate_page.page.locator(f"#segment-list [data-id='{which}']").click()
        return which

    def relabel(self, annotate_page: AnnotatePage) -> None:
        if which := self.choose(annotate_page):
            label = f"{len(self.told)} {self.dice.random():.6f}"
            annotate_page.page.fill("#label-input", label)
            annotate_page.page.press("#label-input", "Tab")
            self.made[which].append(("update", label))

    def undone(self, annotate_page: AnnotatePage) -> None:
        if which := self.choose(annotate_page):
            was = self.made[which][-1][1]
            annotate_page.page.fill("#label-input", "a slip")
            annotate_page.page.press("#label-input", "Tab")
            annotate_page.page.keyboard.press("Control+z")
            self.made[which] += [("update", "a slip"), ("update", was)]

    def delete(self, annotate_page: AnnotatePage) -> None:
        if which := self.choose(annotate_page):
            annotate_page.page.keyboard.press("Delete")
            self.made[which].append(("delete", self.made[which][-1][1]))

    # ------------------------------------------------------------------ what must hold

    def look(self) -> None:
        """A page that says “saved” has nothing that the database has not."""
        for annotate_page in self.windows:
            state, shown = annotate_page.page.evaluate(SHOWN)
            kept = dict(database(self.served, self.video))
            for which, label in shown:
                if state == "saved" and self.mine.get(which) is annotate_page:
                    assert kept.get(which, [("", None)])[-1][1] == label, (which, label, kept.get(which), self.told)

    def step(self) -> None:
        annotate_page = self.dice.choice(self.windows)
        doing = self.dice.choice(["create", "create", "relabel", "relabel", "undone", "delete", "network", "leave"])
        if doing == "network":
            self.network = self.dice.choice(["fine", "away", "slow", "lost"])
            doing = f"network {self.network}"
        elif doing == "leave":
            how = self.dice.choice(["reload", "back", "close"])
            doing = f"leave by {how}"
            self.told.append(doing)
            self.again(annotate_page, how)
        else:
            getattr(self, doing)(annotate_page)
        self.told.append(f"{self.windows.index(annotate_page) if annotate_page in self.windows else '-'}: {doing}")
        self.look()

    def end(self) -> None:
        """The server is back: everything is there, each edit once, in the order it was made in."""
        self.network = "fine"
        for annotate_page in self.windows[1:]:
            annotate_page.page.close(run_before_unload=False)
        (last,) = self.windows = self.windows[:1]
        last.open(self.video)
        last.saved()
        self.look()
        assert dict(database(self.served, self.video)) == self.made, self.told
        there = {which for which, edits in self.made.items() if edits[-1][0] != "delete"}
        expect(last.page.locator(ANNOTATION)).to_have_count(len(there))


def database(served: Served, video: str) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """What was saved of each annotation of a video, in order: (op, label)."""
    with closing(sqlite3.connect(served.home / "studio.db", timeout=30)) as db:
        found: dict[str, list[tuple[str, str]]] = {}
        sql = "SELECT annotation_id, op, before, after FROM revisions WHERE video_id = ? ORDER BY seq"
        alive = {row[0] for row in db.execute("SELECT id FROM annotations WHERE video_id = ?", (video,))}
        for which, op, before, after in db.execute(sql, (video,)):
            if which in alive:
                found.setdefault(which, []).append((op, json.loads(after or before)["label"]))
    yield from found.items()


def seeds() -> list[Any]:
    return [pytest.param(seed, marks=[pytest.mark.release] if seed >= SHORT else []) for seed in range(RUNS)]


@pytest.mark.parametrize("seed", seeds())
def test_nothing_is_lost_doubled_or_overtaken(browser: Browser, served: Served, bikes: str, seed: int) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    trial = Trial(served, context, bikes, random.Random(seed))
    for _ in range(1 + seed % 2):
        trial.open()
    dies = seed % 6 == 3
    for number in range(STEPS):
        if dies and number == STEPS // 3:
            trial.relabel(trial.windows[0])
            served.kill()
            for _ in range(3):
                getattr(trial, trial.dice.choice(["create", "relabel", "undone", "delete"]))(trial.windows[0])
                assert trial.windows[0].page.text_content("#save-state") != "saved"
            served.start()
        trial.step()
    trial.end()
    context.close()


def test_leaving_with_unsaved_edits_warns(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.route("**/component_server**", lambda route: route.abort())
    lane = annotate_page.lane()
    annotate_page.drag((3.0, lane), (4.0, lane))
    expect(page.locator("#save-state")).to_have_text("offline, edits kept in this browser")
    with page.expect_event("dialog"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]
    page.unroute_all()
    annotate_page.saved()
    with page.expect_event("close"):
        page.close(run_before_unload=True)
    assert asked == ["beforeunload"]


def test_a_conflict_that_nobody_was_asked_about_waits_for_its_video(
    browser: Browser, served: Served, bikes: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    mine, theirs = (AnnotatePage(context.new_page(), served.url).open(bikes) for _ in range(2))
    mine.create(1.0, 3.0, "a car")
    expect(theirs.page.locator(f"{ANNOTATION}[data-label='a car']")).to_have_count(1)
    lane = mine.segments("annotation")[0]["y"]
    mine.page.route("**/component_server**", lambda route: route.abort())
    mine.drag((2.0, lane), (5.0, lane))
    expect(mine.page.locator("#save-state")).to_have_text("offline, edits kept in this browser")
    mine.page.close(run_before_unload=False)
    theirs.page.locator(ANNOTATION).click()
    theirs.page.fill("#label-input", "a bus")
    theirs.page.press("#label-input", "Tab")
    theirs.saved()
    theirs.page.close()
    later = AnnotatePage(context.new_page(), served.url)
    with later.page.expect_response(lambda reply: '"edits"' in (reply.request.post_data or "")):
        later.open(video_id(served.home, "bigbuckbunny"))  # sends what was left behind, and has nobody to ask
    later.open(bikes)
    expect(later.page.locator("#save-state")).to_have_text("conflict")
    expect(later.page.locator("#inspector")).to_contain_text("a bus")
    later.page.reload()
    expect(later.page.locator("#save-state")).to_have_text("conflict")
    later.page.click("#keep-mine")
    later.saved()
    sql = "SELECT start_us, end_us, label FROM annotations WHERE video_id = ? AND NOT deleted"
    assert rows(served.home, sql, bikes) == [(4_000_000, 6_000_000, "a car")]
    context.close()


def test_what_was_half_typed_when_a_tab_closed_is_offered_by_the_next(
    browser: Browser, served: Served, bikes: str
) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    first = AnnotatePage(context.new_page(), served.url).open(bikes)
    first.create(1.0, 2.0, "car")
    first.page.get_by_role("tab", name="Transcript").click()
    first.page.click("#line-add")
    first.page.keyboard.type("half a li")
    other = AnnotatePage(context.new_page(), served.url).open(bikes)
    other.page.get_by_role("tab", name="Transcript").click()
    expect(other.page.locator("#line-add")).to_be_visible()
    assert other.page.locator("#transcript-list input").count() == 0, "the first tab lives, and has it"
    first.page.close()
    other.page.close()
    later = AnnotatePage(context.new_page(), served.url).open(bikes)
    later.page.get_by_role("tab", name="Transcript").click()
    line = later.page.locator("#transcript-list input")
    expect(line).to_have_value("half a li")
    line.press("Enter")
    expect(later.page.locator("#transcript-list .said")).to_have_text("half a li")
    later.page.get_by_role("tab", name="Segments").click()
    later.page.locator(ANNOTATION).click()
    later.page.focus("#note-input")
    later.page.keyboard.type("half a no")
    later.page.close()
    last = AnnotatePage(context.new_page(), served.url).open(bikes)
    last.page.locator(ANNOTATION).click()
    expect(last.page.locator("#note-draft")).to_contain_text("Typed and not saved: “half a no”")
    last.page.get_by_role("button", name="Save it").click()
    last.saved()
    assert rows(served.home, "SELECT note FROM annotations WHERE video_id = ?", bikes) == [("half a no",)]
    expect(last.page.locator("#note-draft")).to_have_count(0)
    last.page.focus("#label-input")
    last.page.keyboard.press("End")
    last.page.keyboard.type(" that is half")
    last.page.reload()
    last.page.locator(ANNOTATION).click()
    expect(last.page.locator("#label-draft")).to_contain_text("Typed and not saved: “car that is half”")
    last.page.get_by_role("button", name="Save it").click()
    last.saved()
    assert rows(served.home, "SELECT label FROM annotations WHERE video_id = ?", bikes) == [("car that is half",)]
    context.close()
