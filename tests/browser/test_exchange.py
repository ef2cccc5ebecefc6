"""Annotations leave for other tools and come in from them, as a person does it; and the Overview page."""

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.annotate_page import ANNOTATION, AnnotatePage, rows
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def test_what_is_exported_is_imported_again_with_other_names_and_undone(
    page: Page, served: Served, bikes: str, tmp_path: Path
) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "car")
    annotate_page.create(2.52, 3.0, "bus")
    page.click("#export")
    page.select_option("#export-format", "rttm")
    expect(page.locator("#export-lost li").first).to_be_visible()
    page.select_option("#export-format", "elan")
    with page.expect_download() as download:
        page.click("#export-go")
    file = tmp_path / "bikes.eaf"
    download.value.save_as(file)
    with closing(sqlite3.connect(served.home / "studio.db", timeout=10, isolation_level=None)) as db:
        db.execute("DELETE FROM annotations WHERE video_id = ?", (bikes,))
    annotate_page.open(bikes)
    expect(page.locator(ANNOTATION)).to_have_count(0)

    page.click("#import")
    page.set_input_files("#import-file", file)
    expect(page.locator("#import-counts")).to_contain_text("2 new segments")
    becomes = page.get_by_label("Becomes, for car")
    becomes.fill("vehicle")
    becomes.press("Tab")
    expect(page.locator("#import-sample")).to_contain_text("vehicle")
    page.click("#import-go")
    expect(page.locator(f"{ANNOTATION}[data-label='vehicle']")).to_have_count(1)
    expect(page.locator(ANNOTATION)).to_have_count(2)
    assert (
        rows(served.home, "SELECT source FROM annotations WHERE video_id = ? AND NOT deleted", bikes)
        == [("import",)] * 2
    )

    page.click("#import")
    page.locator("#import-past").get_by_text("Undo").first.click()
    expect(page.locator("#import-past")).to_contain_text("2 gone")
    expect(page.locator(ANNOTATION)).to_have_count(0)


def test_what_is_different_here_is_chosen_and_an_import_is_one_step_of_undo(
    page: Page, served: Served, bikes: str, tmp_path: Path
) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "car")
    annotate_page.create(2.52, 3.0, "bus")
    page.click("#export")
    page.select_option("#export-format", "csv")
    with page.expect_download() as download:
        page.click("#export-go")
    file = tmp_path / "bikes.csv"
    download.value.save_as(file)
    file.write_text(file.read_text("utf-8").replace(",car,", ",lorry,"), "utf-8")
    page.click("#import")
    page.set_input_files("#import-file", file)
    expect(page.locator("#import-counts")).to_have_text("0 new segments; 1 more is here already, unchanged")
    expect(page.locator("#import-differ-count")).to_have_text("1 is different here:")
    expect(page.locator("#import-differences")).to_contain_text("lorry")
    expect(page.locator("#import-go")).to_be_disabled()
    page.select_option("#import-different", "take")
    page.click("#import-go")
    expect(page.locator(f"{ANNOTATION}[data-label='lorry']")).to_have_count(1)
    expect(page.locator(ANNOTATION)).to_have_count(2)
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(page.locator(f"{ANNOTATION}[data-label='car']")).to_have_count(1)

    def without_answer(route: Route) -> None:
        if "import_redo" in (route.request.post_data or ""):
            route.fetch()
        else:
            route.continue_()

    page.route("**/component_server**", without_answer)
    page.keyboard.press("Control+Shift+z")
    expect(page.locator(f"{ANNOTATION}[data-label='lorry']")).to_have_count(1)
    page.reload()  # the step is kept, also by a page that never heard how it went
    page.unroute_all()
    expect(page.locator(f"{ANNOTATION}[data-label='lorry']")).to_have_count(1)
    page.locator("#timeline").focus()
    page.keyboard.press("Control+z")
    expect(page.locator(f"{ANNOTATION}[data-label='car']")).to_have_count(1)


def test_chosen_videos_of_the_library_are_saved_as_one_zip(
    page: Page, served: Served, bikes: str, tmp_path: Path
) -> None:
    AnnotatePage(page, served.url).open(bikes).create(1.0, 2.0, "car")
    page.goto(served.url)
    page.click("#library-export")
    expect(page.locator("#dataset-count")).to_contain_text("annotation")
    page.select_option("#dataset-format", "rttm")
    expect(page.locator("#dataset-lost li").first).to_be_visible()
    page.select_option("#dataset-scope", "chosen")
    expect(page.locator("#dataset-message")).to_contain_text("choose others")
    expect(page.locator("#dataset-go")).to_be_disabled()
    page.fill("#dataset-named", "bik")
    page.click("#dataset-choose")
    page.fill("#dataset-named", "")
    expect(page.locator("#dataset-videos input:checked")).to_have_count(1)
    page.select_option("#dataset-format", "csv")
    expect(page.locator("#dataset-count")).to_have_text("1 annotation in 1 video.")
    with page.expect_download() as download:
        page.click("#dataset-go")
    download.value.save_as(tmp_path / "set.zip")
    expect(page.locator("#dataset")).to_be_hidden()
    with zipfile.ZipFile(tmp_path / "set.zip") as archive:
        assert b"car" in archive.read("dataset/annotations/all.csv")
        assert {name.split("/")[0] for name in archive.namelist()} == {"dataset"}


def test_a_line_that_is_typed_reaches_the_files(page: Page, served: Served, bikes: str, tmp_path: Path) -> None:
    """SRT asks which of the two it is to have; JSON has both, and brings the line back as a line."""
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    annotate_page.create(1.0, 2.0, "car")
    page.click("#tab-transcript")
    page.click("#line-add")
    page.keyboard.type("What a fine bicycle")
    page.keyboard.press("Enter")
    lines = page.locator("#transcript-list li")
    expect(lines).to_have_count(1)
    expect(page.locator("#transcript-from")).to_have_text("Typed here.")
    annotate_page.saved()
    page.click("#export")

    def saved() -> bytes:
        with page.expect_download() as download:
            page.click("#export-go")
        download.value.save_as(tmp_path / "file")
        return (tmp_path / "file").read_bytes()

    page.select_option("#export-format", "srt")
    expect(page.locator("#export-lost")).to_contain_text("1 line of the transcript is not written")
    page.select_option("#export-kind", "lines")
    expect(page.locator("#export-lost")).to_contain_text("1 segment is not written")
    assert b"What a fine bicycle" in saved()

    page.click("#export")
    page.select_option("#export-format", "json")
    expect(page.locator("#export-kind")).to_be_hidden()
    expect(page.locator("#export-lost")).to_contain_text("This format stores everything.")
    (tmp_path / "bikes.json").write_bytes(saved())
    assert "What a fine bicycle" in (tmp_path / "bikes.json").read_text("utf-8")

    lines.first.focus()
    page.keyboard.press("Delete")
    expect(lines).to_have_count(0)
    page.click("#import")
    page.set_input_files("#import-file", tmp_path / "bikes.json")
    expect(page.locator("#import-counts")).to_contain_text("of the transcript 1 new line")
    page.click("#import-go")
    expect(lines).to_have_count(1)
    expect(page.locator(ANNOTATION)).to_have_count(1)


def test_subtitles_are_counted_as_lines_of_the_transcript(
    page: Page, served: Served, bikes: str, tmp_path: Path
) -> None:
    """A transcript has no rows and no labels; and nothing is left of the dialog before."""
    AnnotatePage(page, served.url).open(bikes)
    page.click("#import")
    (tmp_path / "said.srt").write_text("1\n00:00:05,000 --> 00:00:06,000\nMind the tram\n", "utf-8")
    page.set_input_files("#import-file", tmp_path / "said.srt")
    expect(page.locator("#import-counts")).to_have_text("1 new transcript line")
    expect(page.locator("#import-names")).to_be_hidden()
    expect(page.locator("#import-sample li")).to_have_text("0:05.000 – 0:06.000 Mind the tram")
    page.select_option("#import-kind", "annotations")
    expect(page.locator("#import-counts")).to_have_text("1 new segment")
    expect(page.locator("#import-names")).to_be_visible()
    page.select_option("#import-kind", "lines")
    expect(page.locator("#import-go")).to_have_text("Import 1")
    expect(page.locator("#import-names")).to_be_hidden()
    page.click("#import-go")
    expect(page.locator("#toast")).to_contain_text("1 transcript line imported.")
    page.locator("#toast").get_by_text("Undo").click()
    page.click("#import")
    expect(page.locator("#import-go")).to_have_text("Import")


def test_a_file_of_nothing_is_one_sentence(page: Page, served: Served, bikes: str, tmp_path: Path) -> None:
    AnnotatePage(page, served.url).open(bikes)
    file = tmp_path / "broken.eaf"
    file.write_text(
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><ANNOTATION_DOCUMENT>&a;</ANNOTATION_DOCUMENT>"
    )
    page.click("#import")
    page.set_input_files("#import-file", file)
    expect(page.locator("#import-message")).not_to_have_text("")
    assert "Traceback" not in page.inner_text("#importing")
    expect(page.locator("#import-go")).to_be_disabled()

    (tmp_path / "words.csv").write_text("hello\n")
    page.set_input_files("#import-file", tmp_path / "words.csv")
    expect(page.locator("#import-format")).to_have_value("csv")
    expect(page.locator("#import-message")).not_to_contain_text("JSON")
    expect(page.locator("#import-message")).not_to_have_text("")
    expect(page.locator("#import-go")).to_be_disabled()


def test_columns_and_frame_rates_that_a_file_does_not_say_are_asked(
    page: Page, served: Served, bikes: str, tmp_path: Path
) -> None:
    AnnotatePage(page, served.url).open(bikes)
    table, tasks = tmp_path / "events.csv", tmp_path / "tasks.json"
    table.write_text("what,A,B,coder\nwave,1,2,Zoe\n")
    tasks.write_text(
        '[{"data": {"video": "bikes.mp4"}, "annotations": [{"result": [{"value": {"ranges": [{"start": 26, "end": 50}],'
        ' "timelinelabels": ["walk"]}}]}]}]'
    )
    page.click("#import")
    page.set_input_files("#import-file", table)
    expect(page.locator("#import-message")).to_contain_text("it has what, A, B and coder")
    for column, role in (("what", "label"), ("A", "start"), ("B", "end")):
        page.get_by_label(f"What the column {column} is").select_option(role)
    expect(page.locator("#import-sample")).to_contain_text("wave")
    expect(page.locator("#import-parts")).to_contain_text("The column coder is left out.")
    page.get_by_label("What the column coder is").select_option("annotator")
    expect(page.locator("#import-parts")).to_contain_text("“coder” as annotator")

    page.set_input_files("#import-file", tasks)
    expect(page.locator("#import-parts")).to_contain_text("does not say at which rate its frames count")
    expect(page.locator("#import-table")).to_be_hidden()
    page.get_by_label("Frames a second, by which the file counts").fill("25")
    page.get_by_label("Frames a second, by which the file counts").press("Tab")
    expect(page.locator("#import-sample")).to_contain_text("0:01.000 – 0:02.000")


def test_the_overview_says_who_did_what_and_how_well_they_agree(page: Page, served: Served, bikes: str) -> None:
    annotate_page = AnnotatePage(page, served.url).open(bikes)
    for name, start, end in (("Anna", 1.0, 2.0), ("Berta", 2.52, 3.0)):
        page.fill("#annotator", name)
        page.press("#annotator", "Tab")
        annotate_page.drag((start, annotate_page.lane()), (end, annotate_page.lane()))
        page.fill("#label-input", "car")
        page.press("#label-input", "Tab")
        annotate_page.saved()
        page.keyboard.press("Escape")
    page.get_by_role("tab", name="Overview").click()
    expect(page.locator("#team-people")).to_contain_text("Berta")
    expect(page.locator("#team-pairs")).to_contain_text("Anna · Berta")
    expect(page.locator("#team-plot .heatmaplayer")).to_be_visible()
    fill = "getComputedStyle(document.querySelector('#team-plot .xtick text')).fill"
    was = page.evaluate(fill)
    page.click("#theme")
    page.wait_for_function(f"was => {fill} !== was", arg=was)
    page.click("#theme")
    page.select_option("#team-measure", "kappa")
    expect(page.locator("#status")).to_contain_text("Database")
