"""Marking moments by hand in Label Studio, in the way that takes the fewest actions; see `correction`."""

import shutil
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from tests.bench.films import LABELS, RATE, Truth, is_same
from tests.bench.hands import DRAG, MIND, Hands
from tests.bench.label_studio import label_studio, login, task_of
from tests.browser.conftest import FLAGS
from tests.setup_browser import browser_path

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
