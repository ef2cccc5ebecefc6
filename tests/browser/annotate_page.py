"""The Annotate page as a person handles it."""

import sqlite3
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

ANNOTATION = "#segment-list [data-kind=annotation]"

THERE = """([start, end]) => [...document.querySelectorAll('#segment-list [data-kind=annotation]')].some(
    (o) => Math.abs(o.dataset.start - start) < 0.03 && Math.abs(o.dataset.end - end) < 0.03)"""

LANE = """() => {
  const row = document.querySelector('.gutter-row.track');
  return row.getBoundingClientRect().bottom - document.querySelector('#timeline').getBoundingClientRect().top - 10;
}"""

SCROLL = """offset => {
  const box = document.querySelector('.timeline-scroll');
  const hidden = offset < box.scrollTop + 60 || offset > box.scrollTop + box.clientHeight - 10;
  if (hidden) box.scrollTop = offset - box.clientHeight / 2;
}"""


class AnnotatePage:
    """Reads the page through the mirror of the timeline in its DOM, and acts with mouse and keyboard."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url

    def open(self, video: str, t: float = 0.0) -> "AnnotatePage":
        self.page.goto(f"{self.url}?video={video}&t={t}")
        self.page.wait_for_function("document.querySelector('#player')?.readyState >= 1")
        self.page.wait_for_selector("#timeline[data-view-end]")
        return self

    def segments(self, kind: str) -> list[dict[str, Any]]:
        found = self.page.locator(f"#segment-list [data-kind={kind}]").evaluate_all(
            "all => all.map(o => ({...o.dataset}))"
        )
        return [{**s, "start": float(s["start"]), "end": float(s["end"]), "y": float(s["y"])} for s in found]

    def x(self, time: float) -> float:
        box = self.page.locator("#timeline").bounding_box()
        start, end = self.page.eval_on_selector("#timeline", "e => [+e.dataset.viewStart, +e.dataset.viewEnd]")
        assert box is not None
        return float(box["x"] + (time - start) / (end - start) * box["width"])

    def y(self, offset: float) -> float:
        self.page.evaluate(SCROLL, offset)
        box = self.page.locator("#timeline").bounding_box()
        assert box is not None
        return float(box["y"] + offset)

    def drag(
        self, start: tuple[float, float], end: tuple[float, float], *, drop: bool = True, snap: bool = False
    ) -> None:
        """From (time, offset) to (time, offset); without `snap` (Alt held) only to frames."""
        if not snap:
            self.page.keyboard.down("Alt")
        self.page.mouse.move(self.x(start[0]), self.y(start[1]))
        self.page.mouse.down()
        self.page.mouse.move(self.x(end[0]), self.y(end[1]), steps=6)
        if drop:
            self.page.mouse.up()
        if not snap:
            self.page.keyboard.up("Alt")

    def lane(self) -> float:
        """How far below the top of the timeline the annotation lane of its first track lies."""
        return float(self.page.evaluate(LANE))

    def create(self, start: float, end: float, label: str = "") -> None:
        """A new segment on the annotation lane of the first track."""
        before, lane = len(self.segments("annotation")), self.lane()
        self.drag((start, lane), (end, lane))
        expect(self.page.locator("#segment-list [data-kind=annotation]")).to_have_count(before + 1)
        if label:
            self.page.fill("#label-input", label)
            self.page.press("#label-input", "Tab")
        self.saved()

    def saved(self) -> None:
        expect(self.page.locator("#save-state")).to_have_text("saved")


def spans(annotate_page: AnnotatePage) -> list[tuple[float, float]]:
    return sorted((round(s["start"], 3), round(s["end"], 3)) for s in annotate_page.segments("annotation"))


def become(annotate_page: AnnotatePage, wanted: list[tuple[float, float]]) -> None:
    """Wait until the annotations are these, and saved."""
    expect(annotate_page.page.locator(ANNOTATION)).to_have_count(len(wanted))
    for start, end in wanted:
        annotate_page.page.wait_for_function(THERE, arg=[start, end])
    annotate_page.saved()


def go(annotate_page: AnnotatePage, time: float) -> None:
    """Put the playhead there."""
    annotate_page.page.evaluate("t => (document.querySelector('#player').currentTime = t + 0.01)", time)
    annotate_page.page.wait_for_function(
        "t => Math.abs(document.querySelector('#clock').textContent.split(':')[1] - t) < 0.03", arg=time
    )


def rows(home: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """What the database says, by the plain sqlite3 module."""
    with sqlite3.connect(home / "studio.db") as db:
        return db.execute(sql, values).fetchall()


def place_of(page: Page, selector: str) -> dict[str, float]:
    """Where an element is, of those that are drawn anew at any moment, between two questions, too: px."""
    where = "(selector) => document.querySelector(selector)?.getBoundingClientRect().toJSON()"
    return dict(page.wait_for_function(where, arg=selector).json_value())


def video_id(home: Path, name: str) -> str:
    return str(rows(home, "SELECT id FROM videos WHERE name LIKE ? ORDER BY added", f"{name}%")[0][0])
