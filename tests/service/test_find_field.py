"""Questions about files of other tools' own test suites, beside going through their segments one by one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.service import Studio
from studio.service.exchange import found
from studio.service.exchange.exchange import ImportOptions
from studio.service.find import parse
from studio.store import videos
from studio.timeline import Annotation
from tests.conftest import SHARED, VIDEO

REAL = SHARED / "field" / "real"
pytestmark = pytest.mark.skipif(not REAL.is_dir(), reason="the files are not here")
Take = Callable[[str, int], list[Annotation]]


@pytest.fixture
def take(studio: Studio) -> Take:
    """A file's annotations, imported to a video of its name that lasts so many seconds."""

    def call(name: str, length: int) -> list[Annotation]:
        video = f"v{len(name)}"
        row = {**VIDEO, "id": video, "name": f"{Path(name).stem}.mp4", "path": f"/{name}", "sha256": video * 9}
        studio.store.write(lambda db: videos.insert(db, {**row, "duration_us": length * 1_000_000}))
        studio.cache.save_array(video, "pts.npy", np.arange(0, length * 1_000_000, 40_000, dtype=np.int64))
        studio.exchange.apply((REAL / name).read_bytes(), Path(name).name, None, ImportOptions(video=video), "anna")
        return studio.timelines.annotations(video)

    return call


def ids(studio: Studio, *segments: dict[str, Any]) -> list[list[str | None]]:
    return [
        [each and each["id"] for each in moment["segments"]]
        for moment in studio.find.ask(parse({"segments": list(segments)})).moments
    ]


def test_gestures_and_words_of_an_elan_file(studio: Studio, take: Take) -> None:
    """sample_2.7.eaf, of the makers of ELAN: which strokes meet the word “fox”, and have no retraction behind them?"""
    made = take("elan/sample_2.7.eaf", 1200)
    assert len(made) > 8_000
    strokes = [a for a in made if (a.track, a.label) == ("gestures", "stroke")]
    foxes = [a for a in made if (a.track, a.label) == ("words-timesub", "fox")]
    backs = [a for a in made if a.label == "retr"]
    stroke, fox = ({"tracks": [a.track], "labels": [a.label]} for a in (strokes[0], foxes[0]))
    meets = [a for a in strokes if any(a.segment.intersection(b.segment) for b in foxes)]
    assert 0 < len(meets) < len(strokes)
    asked = ids(studio, stroke, {**fox, "relation": {"is": "overlaps"}})
    assert [a for a, _ in asked] == [a.id for a in meets]
    alone = [
        a.id for a in meets if not any(0 <= b.segment.start - a.segment.end <= 1_000_000 for b in backs)
    ]  # fmt: skip
    back = {"labels": ["retr"], "relation": {"is": "after", "of": 0, "most": 1, "absent": True}}
    assert [a for a, _, _ in ids(studio, stroke, {**fox, "relation": {"is": "overlaps"}}, back)] == alone


def test_what_is_told_and_what_is_spoken_in_a_fable(studio: Studio, take: Take) -> None:
    """fables_01_03_aesop_64kb.eaf, of speach: dialogue that follows narration within half a second."""
    made = take("elan/fables_01_03_aesop_64kb.eaf", 98)
    told, spoken = ([a for a in made if a.label == kind] for kind in ("Narration", "Dialogue"))
    wanted = [
        [a.id, min(after, key=lambda b: b.segment.start).id]
        for a in told
        if (after := [b for b in spoken if 0 <= b.segment.start - a.segment.end <= 500_000])
    ]
    assert wanted
    asked = {"labels": ["Dialogue"], "relation": {"is": "after", "most": 0.5, "same": "track"}}
    assert ids(studio, {"labels": ["Narration"]}, asked) == wanted
    question = parse({"segments": [{"labels": ["Narration"]}, asked]})
    table = found.export(studio.exchange, question, studio.find.ask(question), found.TABLE).content.decode("utf-8-sig")
    assert len(table.splitlines()) == 1 + len(wanted)
    file = found.export(studio.exchange, question, studio.find.ask(question), "elan")
    assert file.name == "fables_01_03_aesop_64kb.eaf" and file.content.count(b"<ALIGNABLE_ANNOTATION ") == 2 * len(
        wanted
    )


def test_phones_in_the_words_of_a_textgrid(studio: Studio, take: Take) -> None:
    """mary.TextGrid, of praatIO: the words in which a schwa is spoken, and how the phones follow each other."""
    made = take("textgrid/mary.TextGrid", 2)
    words, phones = ([a for a in made if a.track == track] for track in ("word", "phone"))
    schwas = [a for a in phones if a.label == "ə"]
    wanted = [
        w.id
        for w in words
        if any(w.segment.start <= p.segment.start and p.segment.end <= w.segment.end for p in schwas)
    ]
    assert 0 < len(wanted) < len(words)
    schwa = {"labels": ["ə"], "tracks": ["phone"], "relation": {"is": "during"}}
    assert [a for a, _ in ids(studio, {"tracks": ["word"]}, schwa)] == wanted
    nothing_between = {"tracks": ["phone"], "relation": {"is": "after", "most": 0}}
    joined = sum(a.segment.end == b.segment.start for a in phones for b in phones)
    assert len(ids(studio, {"tracks": ["phone"]}, nothing_between)) == joined > 5
