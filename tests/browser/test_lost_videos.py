"""A folder of videos was moved, and the Library takes them back; an import asks which of two videos is meant."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from studio.config import Settings
from studio.service import Studio
from tests.browser.annotate_page import ANNOTATION, AnnotatePage
from tests.browser.conftest import Served, free_port
from tests.media.conftest import Clip, make

pytestmark = pytest.mark.browser


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Served]:
    """Two cameras whose files have one name, and whose folder is about to be renamed."""
    home = tmp_path / "home"
    studio = Studio(Settings(home=home, device="cpu"))
    for number, camera in enumerate(("cam1", "cam2")):
        (tmp_path / "old" / camera).mkdir(parents=True)
        make(Clip(ticks=list(range(60 + number))), tmp_path / "old" / camera / "rec.mp4")
        row = studio.videos.add(tmp_path / "old" / camera / "rec.mp4")
        studio.jobs.index(row["id"])
    studio.close()
    made = Served(home, free_port())
    made.start()
    yield made
    made.stop()
    assert "Traceback" not in made.log, made.log


def test_a_renamed_folder_is_found_again(page: Page, library: Served, tmp_path: Path) -> None:
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "empty").mkdir()
    page.goto(f"{library.url}?view=library")
    expect(page.locator("#lost")).to_contain_text("2 videos are not where they were.")
    expect(page.locator(".card").first).to_contain_text("Its file is not where it was.")
    page.fill("#lost-folder", str(tmp_path / "empty"))
    page.press("#lost-folder", "Enter")
    expect(page.locator("#lost-answer")).to_have_text("0 of 2 videos may be there: a file of the same size is.")
    expect(page.locator("#lost-go")).to_be_hidden()
    page.fill("#lost-folder", str(tmp_path / "new"))
    page.press("#lost-folder", "Enter")
    page.get_by_role("button", name="Take 2 videos from there").click()
    expect(page.locator("#lost-answer")).to_have_text("2 videos found.")
    expect(page.locator("#library-grid")).not_to_contain_text("Its file is not where it was.")
    studio = Studio(Settings(home=library.home))
    assert {row["path"] for row in studio.videos.all()} == {
        str((tmp_path / "new" / camera / "rec.mp4").resolve()) for camera in ("cam1", "cam2")
    }
    studio.close()


def test_an_import_asks_which_of_two_videos_is_meant(page: Page, library: Served, tmp_path: Path) -> None:
    studio = Studio(Settings(home=library.home))
    (second,) = [row for row in studio.videos.all() if "cam2" in row["path"]]
    studio.close()
    file = tmp_path / "moments.csv"
    file.write_text("video,track,label,start,end\nrec.mp4,Events,one,0.1,0.5\ncam1/rec.mp4,Events,two,0.1,0.5\n")
    AnnotatePage(page, library.url).open(str(second["id"]))
    page.click("#import")
    page.set_input_files("#import-file", file)
    parts = page.locator("#import-parts")
    expect(parts).to_contain_text("2 videos are called “rec.mp4”; choose the one that is meant.")
    expect(parts).to_contain_text("cam1/rec.mp4 → rec.mp4 (by the end of its path): 1")
    expect(page.locator("#import-go")).to_have_text("Import 1")
    page.get_by_label("Video for rec.mp4").select_option(label="rec.mp4 (cam2)")
    expect(page.locator("#import-go")).to_have_text("Import 2")
    page.click("#import-go")
    expect(page.locator(f"{ANNOTATION}[data-label='one']")).to_have_count(1)
    expect(page.locator(ANNOTATION)).to_have_count(1)

    page.click("#import")
    page.set_input_files("#import-file", file)
    page.get_by_label("Video for rec.mp4").select_option(label="rec.mp4 (cam2)")
    expect(page.locator("#import-counts")).to_have_text(
        "0 new segments, of 2 videos; 2 more are here already, unchanged"
    )
    page.select_option("#import-scope", "this")
    expect(parts).to_contain_text("“cam1/rec.mp4” is not the video you named, and left out.")
