"""M11: text of people, files and models is only ever text: 60 attacks in each place where it reaches a page."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, expect

from studio.models import registry
from tests.browser.conftest import PATIENCE_MS, Served, free_port
from tests.browser.hostile import GROUP, LAUNCH, PAYLOADS, fill, put_jobs, weights

pytestmark = pytest.mark.browser

HELPERS = """
  const shown = (selector, read = (e) => e.textContent) =>
    [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility()).map(read);
  const all = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent);
  const pause = () => new Promise((wake) => setTimeout(wake, 5));
  const until = async (found) => {
    for (const begun = Date.now(); !found(); await pause()) if (Date.now() - begun > 60_000) throw new Error("in vain");
  };
  const each = async (selector, read) => {
    const all = [];
    for (const e of [...document.querySelectorAll(selector)]) { e.click(); all.push(await read(e)); }
    return all;
  };
  const field = (selector) => document.querySelector(selector)?.value;
"""
ANNOTATIONS = "#segment-list [data-kind=annotation]"
SCHEMA = "(document.querySelector('#edit-labels').click(), until(() => document.querySelector('#labels').open))"
# What a page shows, as JavaScript that returns texts; § stands for the payload in what is around it.
ON_ANNOTATE = {
    "label in the list": (f"shown('{ANNOTATIONS} .what')", "§"),
    "label of the inspector": (f"each('{ANNOTATIONS}', () => field('#label-input'))", "§"),
    "note": (f"each('{ANNOTATIONS}', () => field('#note-input'))", "§"),
    "row in the list": (f"shown('{ANNOTATIONS} .where')", "§"),
    "row of the inspector": (f"each('{ANNOTATIONS}', () => shown('#inspector h3')[0])", "§"),
    "row beside the timeline": ("shown('.gutter-row.track .name')", "§"),
    "rows to move to": (f"each('{ANNOTATIONS}', () => all('#track-input option')).then((all) => all.flat())", "§"),
    "rows to show": ("document.querySelector('#rows').click(), shown('.menu button')", "§"),
    "curve of a row": ("shown('.gutter-row.graph .legend > span:last-child')", "§"),
    "row of a curve": ("shown('.gutter-row.graph .more', (e) => e.ariaLabel)", "Scores of §"),
    "question": ("shown('#grounding-runs .chip')", "§"),
    "model of a question": ("shown('#grounding-runs .chip', (e) => e.title)", "Show or hide the results of § for: §"),
    "prediction in the list": ("shown('#segment-list [data-kind=prediction] .what')", "§"),
    "prediction of the inspector": (
        "each('#segment-list [data-kind=prediction]', () => shown('#inspector .label')[0])", "§",
    ),
    "queue of the review": ("document.querySelector('#tab-review').click(), shown('#review-list .what')", "§"),
    "person": ("each('.gutter-row.track button.name', () => field('#person-name'))", "§"),
    "who speaks": ("document.querySelector('#tab-transcript').click(), shown('#transcript-list .who')", "§"),
    "what is said": ("document.querySelector('#tab-transcript').click(), shown('#transcript-list .said')", "§"),
    "label of the schema": (f"{SCHEMA}.then(() => shown('#labels-tracks input[type=text]', (e) => e.value))", "§"),
    "row of the schema": (f"{SCHEMA}.then(() => shown('#labels-tracks h3'))", "§"),
}  # fmt: skip
HISTORY = """(async () => {
  document.querySelector('#segment-list [data-id=told]').click();
  document.querySelector('#history').click();
  await until(() => document.querySelectorAll('.history li').length >= 60);
  return shown('.history li');
})()"""
ALL_OF = """([end, count]) => {
  const titles = [...document.querySelectorAll('.hit .title')].map((e) => e.textContent);
  return titles.every((title) => title.endsWith(end)) && new Set(titles).size === count;
}"""
CONFLICTS = f"each('{ANNOTATIONS}', () => shown('#inspector p, #inspector dd span').join('\\n'))"
KEEP_STALE = """async edits => {
  for (let tries = 0; tries < 3000 && !(await indexedDB.databases()).length; tries++) {
    await new Promise((wake) => setTimeout(wake, 20));
  }
  await new Promise((done, failed) => {
    indexedDB.open('moment-studio', 1).onsuccess = ({ target: { result: db } }) => {
      if (!db.objectStoreNames.length) return failed(new Error('the page keeps nothing'));
      const transaction = db.transaction('edits', 'readwrite');
      for (const edit of edits) transaction.objectStore('edits').add(edit);
      transaction.oncomplete = () => (db.close(), done());
    };
  });
}"""
NAMED = """names => {
  const shown = document.querySelector('#present').textContent;
  return names.every((name) => shown.includes(name));
}"""


@dataclass
class Watched:
    """A page on which nothing may run."""

    page: Page
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("dialog", self._opened)
        self.page.on("pageerror", lambda error: self.alarms.append(f"error: {error}"))
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("frameattached", lambda frame: self.alarms.append(f"frame: {frame.url}"))

    def _opened(self, dialog: Dialog) -> None:
        self.alarms.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _asked(self, url: str) -> None:
        if urlsplit(url).scheme.startswith("http") and urlsplit(url).hostname != "127.0.0.1":
            self.alarms.append(f"request: {url}")

    def goto(self, address: str) -> None:
        answer = self.page.goto(address)
        assert answer is not None
        policy = answer.headers["content-security-policy"]
        assert "default-src 'self'" in policy and "object-src 'none'" in policy

    def texts(self, script: str) -> list[str]:
        found = self.page.evaluate(f"async () => {{ {HELPERS} return await ({script}); }}")
        return [str(text) for text in found]

    def holds(self, texts: list[str], pattern: str = "§") -> None:
        """Every payload is among what is shown, letter by letter, and none has done anything."""
        wanted = [pattern.replace("§", payload) for payload in PAYLOADS]
        assert [text for text in wanted if text not in texts] == []
        self.calm()

    def calm(self) -> None:
        assert self.alarms == []
        assert self.page.evaluate("window.__pwned ?? null") is None
        assert self.page.evaluate("document.querySelectorAll('[pwn]').length") == 0


@dataclass
class Library:
    served: Served
    video: str
    named: list[str]

    @property
    def address(self) -> str:
        return f"{self.served.url}?video={self.video}"


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Library]:
    folder = tmp_path_factory.mktemp("hostile")
    video, named = fill(folder / "home", clips["bikes"])
    cards = weights(folder / "weights", registry.WEIGHTS)
    served = Served(folder / "home", free_port(), program=("-c", LAUNCH, str(cards)))
    served.start()
    yield Library(served, video, named)
    served.stop()
    assert "Traceback" not in served.log, served.log


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    made = browser.new_context(viewport={"width": 1280, "height": 720})
    yield made
    made.close()


@pytest.fixture
def watched(context: BrowserContext) -> Iterator[Watched]:
    page = context.new_page()
    yield Watched(page)
    page.close()


@pytest.fixture(scope="module")
def annotate(context: BrowserContext, library: Library) -> Iterator[Watched]:
    """The Annotate page with everything on it."""
    watched = Watched(context.new_page())
    graphs = {payload: {"graph": True} for payload in PAYLOADS}
    watched.page.add_init_script(f"localStorage.rows = {json.dumps(json.dumps({'of': graphs}))}")
    watched.goto(library.address)
    page = watched.page
    expect(page.locator("#segment-list li")).to_have_count(3 * len(PAYLOADS) + 1)
    expect(page.locator(".gutter-row.graph")).to_have_count(len(PAYLOADS))
    expect(page.locator("#transcript-list li")).to_have_count(len(PAYLOADS))
    yield watched
    page.close()


def test_there_are_enough_attacks_and_places() -> None:
    assert len(set(PAYLOADS)) == 60
    assert not [(a, b) for a in PAYLOADS for b in PAYLOADS if a != b and a == b.strip()]
    assert len(ON_ANNOTATE) >= 12


@pytest.mark.parametrize("place", ON_ANNOTATE)
def test_on_the_annotate_page_it_is_text(annotate: Watched, place: str) -> None:
    script, pattern = ON_ANNOTATE[place]
    annotate.page.keyboard.press("Escape")
    for tab in ("ask", "segments"):
        annotate.page.evaluate(f"document.querySelector('#tab-{tab}').click()")
    annotate.holds(annotate.texts(script), pattern)


def test_in_the_history_it_is_text(annotate: Watched) -> None:
    """Who did what: the names of annotators, and the labels that there were."""
    annotate.page.evaluate("document.querySelector('#tab-segments').click()")
    entries = [text.replace("\n", " ") for text in annotate.texts(HISTORY)]
    for payload in PAYLOADS:
        assert any(f" {payload}, " in text and f"“{payload}”" in text for text in entries), payload
    annotate.calm()


def test_in_a_conflict_it_is_text(browser: Browser, library: Library) -> None:
    """Edits that an earlier page left, which somebody was faster than."""
    context = browser.new_context()
    watched = Watched(context.new_page())
    watched.goto(library.served.url)
    edits = [
        {
            "op": "update", "edit_id": f"stale{n}", "base_version": 7, "id": f"a{n}", "track": text,
            "label": f"my {text}", "note": "", "start": 1, "end": 2, "source": "manual", "prediction_id": None,
        }
        for n, text in enumerate(PAYLOADS)
    ]  # fmt: skip
    watched.page.evaluate(KEEP_STALE, [{"video": library.video, "edit": edit} for edit in edits])
    watched.goto(library.address)
    expect(watched.page.locator("#inspector #keep-mine")).to_be_visible()
    texts = "\n".join(watched.texts(CONFLICTS)).splitlines()
    watched.holds(texts, "§ changed this segment while you did. Which one is right?")
    for payload in PAYLOADS:
        assert any(text.endswith(f"“{payload}”") for text in texts), payload
        assert any(text.endswith(f"“my {payload}”") for text in texts), payload
    context.close()


def test_the_names_of_who_else_is_here_are_text(watched: Watched, library: Library) -> None:
    watched.goto(library.address)
    watched.page.wait_for_selector("#timeline[data-view-end]")
    with ExitStack() as stack:
        for number, name in enumerate(PAYLOADS):  # from here: a browser has only six connections to a server
            query = urlencode({"video": library.video, "annotator": name, "window": f"other {number}"})
            stack.enter_context(urlopen(f"{library.served.url}changes?{query}", timeout=PATIENCE_MS / 1000))
        watched.page.wait_for_function(NAMED, arg=PAYLOADS)
        watched.calm()


def test_the_name_of_the_open_video_is_text(watched: Watched, library: Library) -> None:
    """One name a page is shown here; the lists of all names are below."""
    watched.page.set_viewport_size({"width": 1600, "height": 900})
    for number in (0, 17, 34, 51):
        watched.goto(f"{library.served.url}?video={library.named[number]}")
        expect(watched.page.locator("#video-name")).to_have_text(f"{PAYLOADS[number]} g{number // GROUP}")
    watched.calm()


def test_in_the_library_it_is_text(watched: Watched, library: Library, tmp_path: Path) -> None:
    put_jobs(library.served.home, "running", dict(zip(library.named, PAYLOADS, strict=True)))
    watched.goto(library.served.url)
    expect(watched.page.locator(".card progress")).to_have_count(len(PAYLOADS))
    watched.holds([text.rpartition(" g")[0] for text in watched.texts("shown('.card h3')")])
    watched.holds(watched.texts("shown('.card .progress .muted')"))
    for first in range(0, len(PAYLOADS), 6):  # the page knows of the newest few that failed
        some = dict(list(zip(library.named, PAYLOADS, strict=True))[first : first + 6])
        put_jobs(library.served.home, "failed", some)
        for video, text in some.items():
            expect(watched.page.locator(f".card[data-video='{video}'] .error").last).to_have_text(text)
    watched.calm()


def test_what_cannot_be_added_is_said_as_text(watched: Watched, library: Library, tmp_path: Path) -> None:
    # no file system takes a slash, and a message leaves out what turns the direction of text
    names = [text.replace("/", "∕").replace("\u202e", "turned ").replace("\u202c", "") for text in PAYLOADS]
    for name in names:
        (tmp_path / f"{name}.mp4").touch()
    watched.goto(library.served.url)
    watched.page.fill("#add-path", str(tmp_path))
    watched.page.click("#add-form button")
    expect(watched.page.locator("#adding details[open] p")).to_have_count(len(PAYLOADS))
    said = "\n".join(watched.texts("shown('#adding p')"))
    assert [name for name in names if f"{name}.mp4" not in said] == []
    watched.calm()


def test_in_the_search_it_is_text(watched: Watched, library: Library) -> None:
    page = watched.page
    watched.goto(f"{library.served.url}?view=search")
    expect(page.locator("#search-kept .name")).to_have_count(len(PAYLOADS))
    watched.holds(watched.texts("shown('#search-kept .name')"))
    watched.holds(watched.texts("shown('#search-kept .name', (e) => e.title)"))
    page.click("#search-options > summary")
    watched.holds(watched.texts("all('#opt-label option')"))
    titles, lines = [], []
    page.fill("#search-query", "zebra")
    page.evaluate("document.querySelector('#search-where').open = true")
    for group in range(len(PAYLOADS) // GROUP):
        page.fill("#opt-name", f" g{group}")
        page.press("#opt-name", "Tab")
        page.wait_for_function(ALL_OF, arg=[f" g{group}", GROUP])
        expect(page.locator("#search-heat g.ytick")).to_have_count(GROUP)
        titles += watched.texts("shown('.hit .title')")
        lines += watched.texts("shown('.hit .line')")
        watched.calm()
    watched.holds([title.rpartition(" g")[0] for title in titles])
    watched.holds(lines, "“zebra §”")


def test_in_found_annotations_it_is_text(watched: Watched, library: Library) -> None:
    """Labels, rows and annotators, in what was found and in the fields and lists of the question."""
    page = watched.page
    watched.goto(f"{library.served.url}?view=search&in=annotations")
    expect(page.locator("#find-list-labels option").first).to_be_attached()
    for name in ("labels", "tracks", "annotators"):
        watched.holds(watched.texts(f"[...document.querySelectorAll('#find-list-{name} option')].map((e) => e.value)"))
    page.click("#find-go")
    expect(page.locator(".found").first).to_be_visible()
    while page.locator("#find-more").is_visible():
        before = page.locator(".found").count()
        page.click("#find-more")
        page.wait_for_function("before => document.querySelectorAll('.found').length > before", arg=before)
    watched.holds(watched.texts("shown('.found .title')"))
    facts = watched.texts("shown('.found .facts')")
    assert all(any(payload in fact for fact in facts) for payload in PAYLOADS)
    page.fill("[data-key='0 labels']", PAYLOADS[0])
    page.press("[data-key='0 labels']", "Enter")
    expect(page.locator(".tokens .name")).to_have_text(PAYLOADS[0])
    watched.calm()


def test_in_the_models_it_is_text(watched: Watched, library: Library) -> None:
    page = watched.page
    watched.goto(f"{library.served.url}?view=models")
    expect(page.locator(".card.model", has_text="not installed").nth(len(PAYLOADS) - 1)).to_be_attached()
    page.evaluate("for (const folded of document.querySelectorAll('#models-list details')) folded.open = true")
    watched.holds(watched.texts("shown('.card.model h3')"))
    watched.holds(watched.texts("shown('.card.model > p')"))
    watched.holds(
        watched.texts("shown('.card.model > p.muted')"), "§ is not installed; § and run: studio models add FILE --as §."
    )
    for n, what in enumerate(("version", "source", "licence"), 1):
        watched.holds(watched.texts(f"shown('.card.model dd:nth-of-type({n})')")), what
    page.locator("#try-video input").click()
    expect(page.locator("#try-video li")).to_have_count(20)  # a part of them is offered
    offered = watched.texts("shown('#try-video li')")
    for payload in PAYLOADS[::6]:
        page.locator("#try-video input").fill(payload)
        option = page.locator("#try-video li").first
        expect(option).to_contain_text(" g")
        expect(page.locator("#try-video li", has_text=payload).first).to_be_visible()
        offered += watched.texts("shown('#try-video li')")
    found = {text.rpartition(" g")[0] for text in offered}
    assert len(found) >= 20 + 5 and found <= set(PAYLOADS)
    watched.calm()
