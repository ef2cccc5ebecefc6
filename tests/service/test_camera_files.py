"""ELAN files that link several media: which are put on the timeline, what is said of the others, and undo."""

from pathlib import Path

import pytest

from studio.formats import FORMATS
from studio.service import Studio
from studio.service.exchange.exchange import ImportOptions
from tests.films import write_film

EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2026-01-01T00:00:00+00:00" FORMAT="3.0" VERSION="3.0"><HEADER MEDIA_FILE=""
TIME_UNITS="milliseconds">{}</HEADER><TIME_ORDER><TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="1000"/><TIME_SLOT
TIME_SLOT_ID="ts2" TIME_VALUE="2000"/></TIME_ORDER><TIER LINGUISTIC_TYPE_REF="t" TIER_ID="Hands"><ANNOTATION>
<ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>waves</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<LINGUISTIC_TYPE LINGUISTIC_TYPE_ID="t" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>"""


def eaf(*media: tuple[str, str, int]) -> bytes:
    return EAF.format(
        "".join(
            f'<MEDIA_DESCRIPTOR MEDIA_URL="file:///D:/study/{name}" MIME_TYPE="{kind}" TIME_ORIGIN="{origin}"/>'
            for name, kind, origin in media
        )
    ).encode()


@pytest.fixture
def films(studio: Studio, tmp_path: Path) -> dict[str, str]:
    names = ("front.mp4", "side.mp4")
    return {name: str(studio.videos.add(write_film(tmp_path / name))["id"]) for name in names}


def offsets(studio: Studio, video: str) -> dict[str, float]:
    return {each["name"]: each["offset"] for each in studio.timeline_media.listed(video)}


def test_linked_media_are_put_on_the_timeline_and_taken_off_again(studio: Studio, films: dict[str, str]) -> None:
    data = eaf(("front.mp4", "video/mp4", 0), ("side.mp4", "video/mp4", -1200), ("lapel.wav", "audio/x-wav", 300))
    shown = studio.exchange.preview(data, "study.eaf")
    assert (shown["segments"], shown["cameras"]) == (1, 1)
    (part,) = shown["parts"]
    assert any("“lapel.wav”, which plays beside it, is not in the library" in said for said in part["problems"])
    made = studio.exchange.apply(data, "study.eaf", annotator="ada")
    assert [studio.exchange.imports()[0][what] for what in ("annotations", "curves", "cameras")] == [1, 0, 1]
    assert offsets(studio, films["front.mp4"]) == {"front.mp4": 0.0, "side.mp4": 1.2}
    assert studio.exchange.preview(data, "study.eaf")["cameras"] == 0, "the second time there is nothing to do"
    assert studio.exchange.undo(made["import"]) == {"removed": 2, "kept": 0}
    assert offsets(studio, films["front.mp4"]) == {"front.mp4": 0.0}
    assert studio.exchange.redo(made["import"]) == {"added": 2, "kept": 0}
    assert offsets(studio, films["front.mp4"])["side.mp4"] == 1.2
    studio.timeline_media.place(films["front.mp4"], films["side.mp4"], 0)
    assert studio.exchange.undo(made["import"]) == {"removed": 1, "kept": 1}, "somebody moved it since"
    assert offsets(studio, films["front.mp4"])["side.mp4"] == 0.0


def test_where_the_first_film_is_missing_another_is_the_main_one(studio: Studio, films: dict[str, str]) -> None:
    """Times are those of the film that is there; others lie where they lie beside it."""
    media = (("gone.mp4", "video/mp4", 0), ("side.mp4", "video/mp4", 500), ("front.mp4", "video/mp4", 1700))
    studio.exchange.apply(eaf(*media), "study.eaf")
    (made,) = studio.timelines.annotations(films["side.mp4"])
    assert made.segment.start == 1_500_000
    assert offsets(studio, films["side.mp4"]) == {"side.mp4": 0.0, "front.mp4": -1.2}


def test_what_is_exported_comes_back(studio: Studio, films: dict[str, str]) -> None:
    front, side = films["front.mp4"], films["side.mp4"]
    studio.timeline_media.place(front, side, -750_000)
    for form in ("elan", "json", "boris"):
        data = studio.exchange.export(front, form)
        studio.timeline_media.remove(front, side)
        studio.exchange.apply(data, f"front{FORMATS[form].extension}", form)
        assert offsets(studio, front) == {"front.mp4": 0.0, "side.mp4": -0.75}
    assert "1 other camera or recording of the timeline is left out; times are those of the main one." in (
        studio.exchange.losses(front, "csv")
    )


def test_a_corrected_clock_goes_with_our_own_json_and_others_say_that_it_does_not(
    studio: Studio, films: dict[str, str]
) -> None:
    front, side = films["front.mp4"], films["side.mp4"]
    studio.timeline_media.place(front, side, -750_000, rate=1.0001)

    def rate() -> float:
        return float(studio.timeline_media.listed(front)[1]["rate"])

    data = studio.exchange.export(front, "json")
    studio.timeline_media.remove(front, side)
    made = studio.exchange.apply(data, "front.json", "json")
    assert (offsets(studio, front)["side.mp4"], rate()) == (-0.75, 1.0001)
    assert studio.exchange.undo(made["import"]) == {"removed": 1, "kept": 0}
    assert studio.exchange.redo(made["import"]) == {"added": 1, "kept": 0}
    assert rate() == 1.0001
    for form in ("elan", "boris"):
        assert any("How fast the clock of 1 camera or recording runs" in s for s in studio.exchange.losses(front, form))
        other = studio.exchange.export(front, form)
        take = ImportOptions(different="take")
        assert studio.exchange.preview(other, f"front{FORMATS[form].extension}", form)["cameras"] == 0
        studio.timeline_media.place(front, side, 2_000_000)
        studio.exchange.apply(other, f"front{FORMATS[form].extension}", form, take)
        assert (offsets(studio, front)["side.mp4"], rate()) == (-0.75, 1.0001), "of which the file says nothing"
    assert not any("clock" in said for said in studio.exchange.losses(front, "json"))


def test_a_sound_is_not_taken_for_the_film_of_its_name(studio: Studio, films: dict[str, str]) -> None:
    data = eaf(("front.mp4", "video/mp4", 0), ("side.wav", "audio/x-wav", 0))
    assert studio.exchange.preview(data, "study.eaf")["cameras"] == 0


def test_an_import_that_keeps_what_is_here_keeps_where_cameras_begin(studio: Studio, films: dict[str, str]) -> None:
    front, side = films["front.mp4"], films["side.mp4"]
    studio.timeline_media.place(front, side, 1_234_567)
    own = studio.exchange.export(front, "elan")
    shown = studio.exchange.preview(own, "front.eaf", "elan")
    assert (shown["cameras"], shown["different"]) == (0, 0), "the file rounds 1.234567 s to ms"
    studio.timeline_media.place(front, side, 2_000_000)
    shown = studio.exchange.preview(own, "front.eaf", "elan")
    assert (shown["cameras"], shown["different"]) == (0, 1)
    take = ImportOptions(different="take")
    assert studio.exchange.apply(own, "front.eaf", "elan", take)["cameras"] == 1
    assert offsets(studio, front)["side.mp4"] == 1.235
