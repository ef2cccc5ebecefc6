"""Finding in annotations on the Search page: asked, found, opened, played, kept and exported."""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

# id, start, end, row, label
MADE = [
    ("f-nod1", 1.0, 2.0, "Head", "find nod"), ("f-smile1", 2.5, 3.5, "Face", "find smile"),
    ("f-nod2", 6.0, 7.0, "Head", "find nod"), ("f-smile2", 6.5, 8.0, "Face", "find smile"),
]  # fmt: skip


@pytest.fixture
def marked(served: Served, bikes: str) -> Iterator[str]:
    """A video in which somebody marked nods and smiles, and a line is said."""
    studio = Studio(Settings(home=served.home, device="cpu"))
    edits = [
        {"edit_id": f"find {name} {bikes} {number}", "op": "create", "base_version": 0, "id": f"{name}-{bikes}",
         "start": start, "end": end, "track": track, "label": label, "note": "", "attributes": {"strength": number}}
        for number, (name, start, end, track, label) in enumerate(MADE)
    ]  # fmt: skip
    studio.store.write(lambda db: db.execute("DELETE FROM revisions WHERE edit_id LIKE 'find %'"))
    results = studio.timelines.save(bikes, edits, "Anna")["results"]
    assert all(result["ok"] for result in results), results
    studio.transcripts.save_line(studio.videos.get(bikes), None, 6.0, 9.0, "of course")
    studio.close()
    yield bikes


def ids(page: Page) -> list[str]:
    return [
        name.rsplit("-", 1)[0] for name in page.locator(".found").evaluate_all("all => all.map((e) => e.dataset.id)")
    ]


def choose(page: Page, key: str, text: str) -> None:
    page.fill(f"[data-key='{key}']", text)
    page.press(f"[data-key='{key}']", "Enter")


def question(page: Page) -> Any:
    return json.loads(page.evaluate("new URLSearchParams(location.search).get('find')"))


def test_a_question_is_asked_piece_by_piece(page: Page, served: Served, marked: str) -> None:
    page.goto(f"{served.url}?view=search")
    page.click("text=In annotations")
    expect(page.locator("[data-key='0 labels']")).to_be_focused()
    expect(page.locator("#search-query")).to_be_hidden()
    choose(page, "0 labels", "find nod")
    expect(page.locator("#find-status")).to_have_text("2 moments in 1 video, 0:02.0 in all.")
    assert ids(page) == ["f-nod1", "f-nod2"]
    expect(page.locator("[data-key='0 labels']")).to_be_focused()  # where the person was
    expect(page.locator(".of-video")).to_have_text(re.compile(r"^bikes\.mp4 2 moments, 0:02\.0$"))
    page.click("[data-key='another']")
    choose(page, "1 labels", "find smile")
    expect(page.locator("#find-status")).to_contain_text("1 moment in 1 video")
    expect(page.locator(".found-segment").nth(1)).to_contain_text("0.50 s later")
    page.select_option("[data-key='every']", label="every combination")
    page.fill("[data-key='1 most']", "9")
    page.press("[data-key='1 most']", "Enter")
    expect(page.locator("#find-status")).to_have_text("2 moments in 1 video, 0:01.0 in all.")
    page.select_option("[data-key='every']", label="each A once")
    page.fill("[data-key='1 most']", "2")
    page.press("[data-key='1 most']", "Enter")
    expect(page.locator("#find-status")).to_contain_text("1 moment in 1 video")
    page.select_option("[data-key='1 relation']", "overlaps")
    expect(page.locator(".found-segment").nth(1)).to_contain_text("shares 0.50 s")
    assert ids(page) == ["f-nod2"]
    expect(page.locator("[data-key='1 most']")).to_have_count(0)
    page.select_option("[data-key='1 presence']", "no")
    page.wait_for_function("document.querySelector('.found')?.dataset.id.startsWith('f-nod1')")
    page.select_option("[data-key='1 common']", label="in the same row")
    expect(page.locator("#find-status")).to_contain_text("2 moments")
    asked = question(page)
    assert asked["segments"][1]["relation"] == {"is": "overlaps", "of": 0, "most": 2, "absent": True, "same": "track"}
    page.reload()
    expect(page.locator("#find-status")).to_contain_text("2 moments")
    assert question(page) == asked
    page.click("[aria-label='Without segment B']")
    page.click("text=More conditions")
    page.fill("[data-key='0 said']", "OF COURSE")
    page.press("[data-key='0 said']", "Enter")
    expect(page.locator("#find-status")).to_contain_text("1 moment in")
    page.fill("[data-key='0 name 0']", "strength")
    page.press("[data-key='0 name 0']", "Tab")  # what is typed is taken, and the next field is where one goes
    page.keyboard.type("3..")
    page.press("[data-key='0 value 0']", "Enter")
    expect(page.locator(".found")).to_have_count(0)
    page.fill("[data-key='0 value 0']", "2")
    page.click("[data-key='another']")  # a press is not lost while what was typed is taken
    expect(page.locator("[data-key='1 relation']")).to_be_visible()
    page.click("[aria-label='Without segment B']")
    expect(page.locator("#find-status")).to_contain_text("1 moment in")
    page.fill("[data-key='0 value 0']", "3..")
    page.press("[data-key='0 value 0']", "Enter")
    expect(page.locator("#find-status")).to_contain_text("Nothing was found.")
    expect(page.locator("#find-export-open")).to_be_disabled()
    page.click("#find-clear")
    expect(page.locator("#find-empty")).to_be_visible()
    assert "find=" not in page.url and "in=annotations" in page.url


def ask(page: Page, served: Served, asked: dict[str, Any]) -> None:
    page.goto(f"{served.url}?view=search&in=annotations&find={quote(json.dumps(asked))}")
    expect(page.locator("#find-status")).to_contain_text("in all.")


def test_only_in_a_video_that_is_chosen_by_a_part_of_its_name(page: Page, served: Served, marked: str) -> None:
    ask(page, served, {"segments": [{"labels": ["find nod"]}]})
    chosen = page.get_by_role("combobox", name="Only in this video")
    chosen.fill("no video is called so")
    expect(page.locator(".find-videos .video-picker [role=status]")).to_have_text("No video has this in its name.")
    chosen.press("Escape")
    expect(chosen).to_have_value("")
    chosen.fill("BIK")
    expect(page.get_by_role("option")).to_have_text([re.compile(r"^bikes\.mp4 \(")])
    chosen.press("Enter")
    expect(page.locator(".find-videos .chip .name")).to_have_text("bikes.mp4")
    expect(chosen).to_be_focused()  # for another one
    page.wait_for_function("location.search.includes('videos')")
    assert question(page)["videos"] == [marked]
    chosen.press("ArrowDown")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(page.get_by_role("option", name="bikes.mp4")).to_have_count(0)
    page.reload()
    expect(page.locator(".find-videos .chip .name")).to_have_text("bikes.mp4")
    page.click("[aria-label='Without bikes.mp4']")
    expect(page.locator(".find-videos .chip")).to_have_count(0)


NODS = {"segments": [{"labels": ["find nod"]}]}
PAIRS = {"segments": [*NODS["segments"], {"labels": ["find smile"], "relation": {"is": "near", "most": 1}}]}


def test_a_moment_opens_at_its_segment_and_back_returns(page: Page, served: Served, marked: str) -> None:
    ask(page, served, PAIRS)
    link = page.locator(".found-segment a", has_text="find smile").nth(1)
    assert re.fullmatch(rf"\?video={marked}&t=6\.5&segment=f-smile2-{marked}", link.get_attribute("href") or "")
    link.click()
    chosen = page.locator(f"#segment-list [data-id='f-smile2-{marked}']")
    expect(chosen).to_have_attribute("aria-selected", "true")
    page.wait_for_function("Math.abs(document.querySelector('#player')?.currentTime - 6.5) < 0.1")
    assert "segment=" not in page.url
    page.go_back()
    expect(page.locator(".found")).to_have_count(2)
    assert question(page) == json.loads(json.dumps(PAIRS)) | {"segments": question(page)["segments"]}
    with page.context.expect_page() as opened:
        page.locator(".found .picture").first.click(modifiers=["Control"])
    expect(opened.value.locator(f"#segment-list [data-id='f-nod1-{marked}']")).to_have_attribute(
        "aria-selected", "true"
    )
    opened.value.close()
    ask(page, served, {"segments": [{"statuses": ["line"], "text": "of course"}]})
    page.locator(".found .picture").first.click()
    expect(page.locator("#transcript-list [data-chosen]").first).to_be_visible()


def test_moments_play_in_place_and_keys_walk(page: Page, served: Served, marked: str) -> None:
    ask(page, served, PAIRS)
    first, second = page.locator(".found").nth(0), page.locator(".found").nth(1)
    first.locator("text=Play").click()
    page.wait_for_function("document.querySelector('.found video')?.currentTime > 1.2")
    second.locator("text=Play").click()
    expect(first.locator("video")).to_have_count(0)
    expect(second.locator("video")).to_have_count(1)
    expect(first.locator(".actions button")).to_have_text("Play")
    second.locator("text=Stop").click()
    expect(page.locator(".found video")).to_have_count(0)
    page.locator("h1").first.evaluate("() => document.activeElement.blur()")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    focused = "[...document.querySelectorAll('.found .picture')].indexOf(document.activeElement)"
    assert page.evaluate(focused) == 1


def test_a_question_is_kept_and_removed(page: Page, served: Served, marked: str) -> None:
    ask(page, served, NODS)
    page.click("#find-save")
    page.fill("#find-name", "all the nods")
    page.press("#find-name", "Enter")
    kept = page.locator("#find-kept .name", has_text="all the nods")
    expect(kept).to_be_visible()
    page.click("#search-in-pictures")
    expect(page.locator("#search-query")).to_be_visible()
    expect(page.locator("#search-kept")).not_to_contain_text("all the nods")
    page.goto(f"{served.url}?view=search&in=annotations")
    kept.click()
    expect(page.locator("#find-status")).to_contain_text("2 moments")
    page.click("[aria-label='Remove all the nods']")
    expect(kept).to_have_count(0)
    page.click("#toast button")
    expect(kept).to_be_visible()
    page.click("[aria-label='Remove all the nods']")
    expect(kept).to_have_count(0)


def test_what_was_found_is_exported(page: Page, served: Served, marked: str) -> None:
    ask(page, served, PAIRS)
    page.click("#find-export-open")
    expect(page.locator("#find-export-lost")).to_have_text("This format stores everything that was found.")
    with page.expect_download() as table:
        page.click("#find-export-go")
    assert table.value.suggested_filename == "moments.csv"
    rows = table.value.path().read_text("utf-8-sig").splitlines()
    assert len(rows) == 3 and rows[1].startswith("bikes.mp4,1,3.5,find nod,Head,1,2,,Anna")
    page.click("#find-export-open")
    page.select_option("#find-export-format", "textgrid")
    expect(page.locator("#find-export-lost li").first).to_be_visible()
    with page.expect_download() as grid:
        page.click("#find-export-go")
    assert grid.value.suggested_filename == "bikes.TextGrid"
    assert "find smile" in grid.value.path().read_text("utf-8")


def test_pictures_stay_as_they_were_while_annotations_are_searched(page: Page, served: Served, marked: str) -> None:
    page.goto(f"{served.url}?view=search&q=a+bicycle+on+a+street")
    expect(page.locator("#search-hits .hit").first).to_be_visible()
    page.click("#search-in-annotations")
    expect(page.locator("#search-hits")).to_be_hidden()
    choose(page, "0 labels", "find nod")
    expect(page.locator(".found")).to_have_count(2)
    page.click("#search-in-pictures")
    expect(page.locator("#search-hits .hit").first).to_be_visible()
    page.wait_for_url("**q=a+bicycle+on+a+street**")
    assert "find=" not in page.url
    page.goto(f"{served.url}?view=search&in=annotations&find=%7B")
    expect(page.locator("#toast")).to_contain_text("cannot be read")
