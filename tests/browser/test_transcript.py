"""The transcript as a person corrects it: typed in place, split, merged, taken back."""

from contextlib import closing

import pytest
from playwright.sync_api import Locator, Page, expect

from studio.store import transcripts
from studio.store.database import connect
from studio.timeline import Cue, Word
from tests.browser.annotate_page import AnnotatePage, rows
from tests.browser.conftest import Served

S = 1_000_000
SAID = [Cue(0, 2 * S, "Good mourning Mr Smith"), Cue(2 * S, 3 * S, "how are you")]
WORDS = [
    [Word(0, 4 * S // 10, "Good", 0.9), Word(4 * S // 10, 9 * S // 10, "mourning", 0.3),
     Word(11 * S // 10, 13 * S // 10, "Mr", 0.8), Word(13 * S // 10, 2 * S, "Smith", 0.7)],
    [Word(2 * S, 22 * S // 10, "how", 0.9), Word(22 * S // 10, 24 * S // 10, "are", 0.9),
     Word(24 * S // 10, 3 * S, "you", 0.9)],
]  # fmt: skip


@pytest.fixture
def transcript(annotate_page: AnnotatePage, served: Served, bikes: str) -> AnnotatePage:
    """Two lines that a model wrote down, with their words, on the open page."""
    with closing(connect(served.home / "studio.db")) as db, db:
        db.execute("UPDATE lines SET version = 1 WHERE video_id = ?", (bikes,))  # what a test removed may be said again
        transcripts.sync_source(db, bikes, "speech", SAID, "whisper-base", WORDS)
    annotate_page.page.reload()
    annotate_page.page.click("#tab-transcript")
    expect(lines_of(annotate_page.page)).to_have_count(2)
    return annotate_page


def lines_of(page: Page) -> Locator:
    return page.locator("#transcript-list li")


def texts(page: Page) -> list[str]:
    return [text.strip() for text in page.locator("#transcript-list .said").all_inner_texts()]


def become(page: Page, wanted: list[str]) -> None:
    expect(page.locator("#transcript-list .said")).to_have_text(wanted)


def caret_after(page: Page, text: str) -> None:
    """Put the caret behind some words of the line that is typed, by the keyboard."""
    page.keyboard.press("Home")
    for _ in text:
        page.keyboard.press("ArrowRight")


def test_a_line_is_corrected_split_and_merged_and_all_of_it_taken_back(
    transcript: AnnotatePage, served: Served, bikes: str
) -> None:
    page = transcript.page
    lines = lines_of(page)
    lines.nth(0).dblclick()
    page.keyboard.type("Good morning Mr Smith")
    page.keyboard.press("Enter")
    become(page, ["Good morning Mr Smith", "how are you"])
    lines.nth(0).locator(".word", has_text="Smith").click()  # words that are still said are still known
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 1.3) < 0.05")

    lines.nth(0).dblclick()
    caret_after(page, "Good morning")
    page.keyboard.press("Enter")
    expect(lines).to_have_count(3)
    expect(page.locator("#transcript-list input")).to_have_value("Mr Smith")
    page.keyboard.press("End")
    page.keyboard.press("Delete")
    expect(page.locator("#transcript-list input")).to_have_value("Mr Smith how are you")
    page.keyboard.press("Escape")
    become(page, ["Good morning", "Mr Smith how are you"])
    asked = "SELECT start_us, end_us FROM lines WHERE video_id = ? AND NOT deleted ORDER BY start_us"
    assert rows(served.home, asked, bikes) == [(0, S), (S, 3 * S)]

    for wanted in (
        ["Good morning", "Mr Smith", "how are you"],
        ["Good morning Mr Smith", "how are you"],
        ["Good mourning Mr Smith", "how are you"],
    ):
        page.click("#undo")
        become(page, wanted)
    page.click("#redo")
    become(page, ["Good morning Mr Smith", "how are you"])
    lines.nth(0).get_by_role("button", name="History").click()
    history = page.locator("#inspector .history li")
    expect(history).to_have_count(6)
    expect(history.first).to_contain_text("from whisper-base")
    history.first.get_by_role("button", name="Restore").click()
    become(page, ["Good mourning Mr Smith", "how are you"])
    expect(lines.nth(0).locator(".word.unsure")).to_have_text("mourning")


def test_a_double_click_edits_the_line_it_began_on_although_the_list_moves(transcript: AnnotatePage) -> None:
    page = transcript.page
    page.click("#create")  # with a segment chosen the panel above the list is tall, with a line chosen it is not
    expect(page.locator("#label-input")).to_be_visible()
    second = lines_of(page).nth(1).locator(".said")
    before = second.bounding_box()
    assert before
    page.mouse.move(before["x"] + 5, before["y"] + 5)
    for count in (1, 2):
        page.mouse.down(click_count=count)
        page.mouse.up(click_count=count)
        page.wait_for_function("document.querySelector('#transcript-list [data-chosen]')")  # and all is drawn
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    now = lines_of(page).nth(1).bounding_box()
    assert now and now["y"] + now["height"] < before["y"] + 5, "the list did not move"
    expect(page.locator("#transcript-list input")).to_have_value("how are you")
    page.keyboard.press("Escape")


def test_the_keyboard_plays_and_goes_from_line_to_line_while_one_types(transcript: AnnotatePage) -> None:
    page = transcript.page
    field = page.locator("#transcript-list input")
    lines_of(page).nth(0).dblclick()
    page.keyboard.press("End")
    page.keyboard.type(" indeed")
    page.keyboard.press("Control+Space")
    page.wait_for_function("!document.querySelector('#player').paused")
    page.keyboard.press("F4")
    page.wait_for_function("document.querySelector('#player').paused")
    page.evaluate("document.querySelector('#player').currentTime = 4.01")
    page.wait_for_function("document.querySelector('#clock').textContent.startsWith('0:04')")
    page.keyboard.press("F8")
    page.wait_for_function("Math.abs(document.querySelector('#player').currentTime - 2) < 0.05")
    expect(field).to_have_value("Good mourning Mr Smith indeed")
    page.keyboard.press("ArrowDown")
    expect(field).to_have_value("how are you")
    expect(field).to_be_focused()
    become(page, ["Good mourning Mr Smith indeed", ""])
    page.keyboard.press("Control+.")
    page.wait_for_function("!document.querySelector('#player').paused")
    page.wait_for_function("document.querySelector('#player').paused")
    stopped = page.eval_on_selector("#player", "player => player.currentTime")
    assert 2.9 < stopped < 3.3, "it played the line"
    page.keyboard.press("ArrowUp")
    expect(field).to_have_value("Good mourning Mr Smith indeed")
    page.keyboard.press("Control+j")
    expect(field).to_have_value("Good mourning Mr Smith indeed how are you")
    page.keyboard.press("Control+Enter")
    become(page, ["Good mourning Mr Smith indeed how are you"])

    page.locator("#timeline").focus()
    page.keyboard.press("?")
    key = page.locator("#keys-table [data-action=lineToggle]")
    key.click()
    page.keyboard.press("q")
    expect(page.locator("#keys-message")).to_contain_text("writes in the line")
    key.click()
    page.keyboard.press("F6")
    expect(key).to_have_text("F6")
    page.keyboard.press("Escape")
    lines_of(page).nth(0).dblclick()
    page.keyboard.press("F6")
    page.wait_for_function("!document.querySelector('#player').paused")


def test_words_are_found_replaced_and_given_back(transcript: AnnotatePage) -> None:
    page = transcript.page
    lines_of(page).nth(1).locator(".said").click()
    lines_of(page).nth(1).focus()
    page.keyboard.press("Control+f")
    expect(page.locator("#find-text")).to_be_focused()
    page.keyboard.type("OU")
    expect(page.locator("#find-count")).to_have_text("2 found")
    page.check("#find-case")
    expect(page.locator("#find-count")).to_have_text("0 found")
    page.fill("#find-text", "you")
    page.check("#find-words")
    expect(page.locator("#find-count")).to_have_text("1 found")
    page.uncheck("#find-words")
    page.fill("#find-text", "ou")
    page.press("#find-text", "Enter")
    expect(page.locator("#find-count")).to_have_text("2 of 2")
    page.press("#find-text", "Enter")
    expect(page.locator("#find-count")).to_have_text("1 of 2")
    assert page.evaluate("[...CSS.highlights.get('found-now')].map(String)") == ["ou"]
    page.fill("#replace-text", "o")
    page.press("#replace-text", "Enter")
    become(page, ["Good morning Mr Smith", "how are you"])
    page.fill("#find-text", "o")
    page.fill("#replace-text", "0")
    page.click("#replace-all")
    become(page, ["G00d m0rning Mr Smith", "h0w are y0u"])
    expect(page.locator("#toast")).to_contain_text("5 replaced in 2 lines.")
    page.locator("#toast").get_by_role("button", name="Undo").click()
    become(page, ["Good morning Mr Smith", "how are you"])
    expect(page.locator("#find-count")).to_have_text("5 found")
    page.press("#find-text", "Escape")
    expect(page.locator("#transcript-find")).to_be_hidden()


def spans(served: Served, video: str) -> list[tuple[float, float]]:
    asked = "SELECT start_us, end_us FROM lines WHERE video_id = ? AND NOT deleted ORDER BY start_us"
    return [(start / S, end / S) for start, end in rows(served.home, asked, video)]


def row_of_lines(page: Page) -> float:
    """How far below the top of the timeline the middle of the row of lines lies."""
    return float(
        page.evaluate("""() => {
      const row = document.querySelector('.gutter-row.speech').getBoundingClientRect();
      return (row.top + row.bottom) / 2 - document.querySelector('#timeline').getBoundingClientRect().top;
    }""")
    )


def test_lines_are_segments_of_a_row_of_the_timeline(transcript: AnnotatePage, served: Served, bikes: str) -> None:
    page = transcript.page

    def saved(wanted: list[tuple[float, float]]) -> None:
        expect(lines_of(page)).to_have_count(len(wanted))
        for (start, end), node in zip(wanted, lines_of(page).all(), strict=True):
            expect(node).to_have_attribute("data-start", f"{start:g}")
            expect(node).to_have_attribute("data-end", f"{end:g}")
        for _ in range(100):
            if spans(served, bikes) == wanted:
                return
            page.wait_for_timeout(50)
        raise AssertionError((spans(served, bikes), wanted))

    y = row_of_lines(page)
    page.click("#tab-segments")
    transcript.drag((3, y), (4, y))
    expect(page.locator("#tab-transcript")).to_have_attribute("aria-selected", "true")
    saved([(0, 2), (2, 4)])
    expect(lines_of(page).nth(1)).to_have_attribute("data-chosen", "")
    page.keyboard.press("Alt+Shift+ArrowRight")
    page.keyboard.press("Alt+Shift+ArrowRight")
    saved([(0, 2), (2, 4.08)])
    page.keyboard.press("Shift+Tab")
    expect(lines_of(page).nth(0)).to_have_attribute("data-chosen", "")
    transcript.drag((1, y), (6, y))
    saved([(2, 4.08), (5, 7)])
    page.keyboard.press("Control+z")
    saved([(0, 2), (2, 4.08)])
    page.mouse.click(transcript.x(3), transcript.y(y))
    page.keyboard.press("Delete")
    saved([(0, 2)])
    page.keyboard.press("Control+z")
    saved([(0, 2), (2, 4.08)])
    transcript.drag((8, y), (9, y))
    page.keyboard.type("new")
    page.keyboard.press("Enter")
    saved([(0, 2), (2, 4.08), (8, 9)])
    assert transcript.segments("annotation") == []


def test_lines_fill_in_around_the_one_that_is_typed(transcript: AnnotatePage, served: Served, bikes: str) -> None:
    page = transcript.page
    lines_of(page).nth(1).dblclick()
    caret_after(page, "how ")
    more = [Cue(3 * S, 4 * S, "a third"), Cue(4 * S, 5 * S, "a fourth")]
    with closing(connect(served.home / "studio.db")) as db:
        for cues in ([more[0]], more):
            with db:
                transcripts.sync_source(db, bikes, "speech", cues, "whisper-base", span=(3 * S, 9 * S))
            expect(lines_of(page)).to_have_count(2 + len(cues))
    page.keyboard.type("very ")
    expect(page.locator("#transcript-list input")).to_have_value("how very are you")
    page.keyboard.press("Control+Enter")
    become(page, ["Good mourning Mr Smith", "how very are you", "a third", "a fourth"])


def test_a_speaker_is_asked_and_renamed_everywhere(transcript: AnnotatePage) -> None:
    page = transcript.page
    speakers = page.locator("#transcript-list .who")
    lines_of(page).nth(0).hover()
    speakers.nth(0).click()
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(speakers).to_have_text(["Ada", ""])
    lines_of(page).nth(1).dblclick()
    page.keyboard.press("F2")
    expect(page.locator("#speaker-name")).to_be_focused()
    assert page.locator("#speaker-names option").evaluate_all("all => all.map(o => o.value)") == ["Ada"]
    page.keyboard.type("Ada")
    page.get_by_role("button", name="This line").click()
    expect(speakers).to_have_text(["Ada", "Ada"])
    speakers.nth(1).click()
    page.keyboard.type("Ada Lovelace")
    page.get_by_role("button", name="Rename everywhere").click()
    expect(speakers).to_have_text(["Ada Lovelace", "Ada Lovelace"])
    for wanted in (["Ada", "Ada"], ["Ada", ""], ["", ""]):
        page.click("#undo")
        expect(speakers).to_have_text(wanted)
    page.click("#redo")
    expect(speakers).to_have_text(["Ada", ""])


def test_an_export_names_who_says_a_line_and_counts_what_is_lost(transcript: AnnotatePage) -> None:
    page = transcript.page
    page.locator("#transcript-list .who").nth(0).click(force=True)
    page.keyboard.type("Ada")
    page.keyboard.press("Enter")
    expect(page.locator("#transcript-list .who")).to_have_text(["Ada", ""])
    page.click("#export")

    def file(form: str) -> str:
        page.select_option("#export-format", form)
        page.wait_for_function("form => document.querySelector('#export-go').href.includes('format=' + form)", arg=form)
        return page.evaluate("() => fetch(document.querySelector('#export-go').href).then(answer => answer.text())")

    assert "<v Ada>Good mourning Mr Smith</v>" in file("vtt")
    expect(page.locator("#export-lost")).to_contain_text("The times of the words of 2 lines of the transcript are")
    assert file("ctm").splitlines()[1].split()[1:] == ["1", "0.400", "0.500", "mourning", "0.3"]
    expect(page.locator("#export-lost")).to_contain_text("Who says 1 line of the transcript is dropped.")
    assert [line.split()[7] for line in file("rttm").splitlines()] == ["Ada"]
