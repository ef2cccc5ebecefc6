"""What is wrong with a file, and which of its tracks are used, from the file to the page."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import media
from studio.app.rpc import library
from studio.cli import main
from studio.config import Settings
from studio.errors import UsageError
from studio.service import Studio
from studio.service.system.doctor import examine
from studio.service.videos import tracks
from tests.conftest import SHARED
from tests.media.conftest import Clip, make
from tests.media.test_field import with_texts

FIELD = SHARED / "field"
field = pytest.mark.skipif(not FIELD.exists(), reason="the shared inputs are not here")


def card(studio: Studio) -> dict[str, Any]:
    """The only video of the Library page."""
    calls = {call.__name__: call for call in library.methods(studio)}
    (video,) = calls["list_videos"]({})["data"]["videos"]
    return video


@field
def test_a_broken_recording_is_said_at_add_on_the_card_and_in_doctor(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    note = "It breaks off at 0:02; its header promises 0:04."
    home = tmp_path / "home"
    assert main(["--home", str(home), "add", str(FIELD / "25-cut-off-recording" / "half.mkv")]) == 0
    assert f"“half.mkv”: {note}" in capsys.readouterr().err
    studio = Studio(Settings(home=home))
    assert card(studio)["notes"] == [note]
    studio.close()
    assert f"“half.mkv”: {note}" in [check["found"] for check in examine(Settings(home=home))]


def test_nothing_is_said_of_a_healthy_file(studio: Studio, clips: dict[str, Path]) -> None:
    studio.videos.add(clips["bikes"])
    assert card(studio)["notes"] == []
    assert [check for check in examine(studio.settings) if check["what"] == "Video"] == []


@field
def test_a_chosen_sound_is_drawn_and_played(studio: Studio) -> None:
    row = studio.videos.add(FIELD / "24-which-sound" / "langs.mkv")
    german, english = card(studio)["sounds"]
    assert (german["name"], english["name"]) == ("1, deu, aac", "2, eng, default, aac")
    assert (german["chosen"], english["chosen"]) == (False, True)
    studio.jobs.index(row["id"])
    before = np.array(studio.media.array(row["id"], "spectrogram"))
    chosen = studio.videos.choose_tracks(row["id"], german["index"], None)
    assert tracks.listed(chosen)["sounds"][0]["chosen"]
    assert studio.media.array(row["id"], "waveform") is None, "it was of the other sound"
    after = np.array(studio.media.array(row["id"], "spectrogram"))
    assert after.mean(axis=0).argmax() < before.mean(axis=0).argmax(), "440 Hz is below 880 Hz"
    studio.jobs.index(row["id"])
    assert studio.media.array(row["id"], "waveform") is not None
    with pytest.raises(UsageError, match="has no track 7 of sound; it has: 1: aac, deu; 2: aac, eng, default"):
        studio.videos.choose_tracks(row["id"], 7, None)


def test_chosen_subtitles_become_the_transcript(
    studio: Studio, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = make(Clip(), tmp_path / "source.mp4")
    path = with_texts(source, tmp_path / "film.mkv", [("eng", 1, [(100, "Hello")]), ("fra", 0, [(100, "Bonjour")])])
    row = studio.videos.add(path)
    studio.jobs.index(row["id"])
    said = [(line["text"], line["origin"]) for line in studio.transcripts.lines(row)]
    assert said == [("Hello", "subtitle stream")]
    french = media.probe(path).texts[1].index
    studio.videos.choose_tracks(row["id"], None, french)
    studio.jobs.index(row["id"])
    said = [(line["text"], line["origin"]) for line in studio.transcripts.lines(row)]
    assert said == [("Bonjour", f"subtitle stream {french}")]
    assert main(["--home", str(studio.settings.home), "tracks", row["id"]]) == 0
    assert f"* {french}  subtitles 2, fra, " in capsys.readouterr().out


def test_work_stays_where_it_was_when_sound_precedes_the_picture(studio: Studio, tmp_path: Path) -> None:
    path = make(Clip(suffix=".mkv", audio=1, ticks=list(range(25, 65))), tmp_path / "early.mkv")
    row = studio.videos.add(path)
    assert media.probe(path).lead_us > 900_000
    first = row["start_us"] + media.probe(path).lead_us
    studio.store.write(lambda db: db.execute("UPDATE videos SET start_us = ?", (first,)))  # as earlier releases did
    again = studio.videos.add(path)
    assert again["start_us"] == first
    assert studio.media.frames(again)[1] == 40_000
    media.keep_start(path, None)
    Studio(studio.settings).close()
    assert media.probe(path).lead_us == 0, "a library that is opened says where its videos begin"
    media.keep_start(path, None)


# ---------------------------------------------------------------- subtitles beside a video

FIRST = b"1\n00:00:00,200 --> 00:00:01,000\n%s\n"


@pytest.mark.parametrize(
    ("names", "read"),
    [
        (["film.en.vtt"], "film.en.vtt"),
        (["film.SRT"], "film.SRT"),
        (["Film.De.Srt", "film.en.srt"], "Film.De.Srt"),
        (["film.aa.srt", "film.srt"], "film.srt"),
        (["film.en.forced.srt", "film.fr.srt"], "film.fr.srt"),
        (["film.en-US.srt", "films.srt", "film2.en.srt"], "film.en-US.srt"),
    ],
)
def test_subtitles_beside_a_video_are_found(names: list[str], read: str, studio: Studio, tmp_path: Path) -> None:
    path = make(Clip(), tmp_path / "film.mp4")
    for name in names:
        head = b"WEBVTT\n\n" if name.endswith("vtt") else b""
        (tmp_path / name).write_bytes(head + (FIRST % name.encode()).replace(b",", b"." if head else b","))
    row = studio.videos.add(path)
    studio.jobs.index(row["id"])
    assert [(line["text"], line["origin"]) for line in studio.transcripts.lines(row)] == [(read, read)]
    texts = card(studio)["texts"]
    assert [text["index"] for text in texts if text["chosen"]] == [read]
    assert {text["index"] for text in texts} == set(names) - {"films.srt", "film2.en.srt"}
    for text in texts:
        studio.videos.choose_tracks(row["id"], None, text["index"])
        studio.jobs.index(row["id"])
        assert [line["text"] for line in studio.transcripts.lines(row)] == [text["index"]]


@field
def test_the_beside_files_of_the_field_are_read(studio: Studio, tmp_path: Path) -> None:
    source = make(Clip(ticks=list(range(125))), tmp_path / "source.mp4")
    for video, beside, name in (
        ("lang.mp4", "19-subtitles-beside-not-found/notes.vtt", "lang.en.vtt"),
        ("up.mp4", "19-subtitles-beside-not-found/tags.srt", "up.SRT"),
        ("clip.mp4", "02-vtt-beside-the-video/clip.vtt", "clip.vtt"),
        ("cyr1251.mp4", "18-subtitle-encodings/cyr1251.srt", "cyr1251.srt"),
    ):
        (tmp_path / video).write_bytes(source.read_bytes())
        (tmp_path / name).write_bytes((FIELD / beside).read_bytes())
    said = {}
    for name in ("lang", "up", "clip", "cyr1251"):
        row = studio.videos.add(tmp_path / f"{name}.mp4")
        note = studio.jobs.index(row["id"])["note"]
        assert ("Windows-1251" in note) == (name == "cyr1251")
        said[name] = [line["text"] for line in studio.transcripts.lines(row)]
    assert said == {
        "lang": ["hello there", "We are here"],
        "up": ["- Who? - Me."],
        "clip": ["so what now", "so what now", "so what now we start"],
        "cyr1251": ["Привет, как дела?", "Хорошо"],
    }


def test_an_encoding_is_chosen_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = make(Clip(), tmp_path / "film.mp4")
    data = "1\n00:00:00,200 --> 00:00:01,000\nОй\n".encode("cp866")
    (tmp_path / "film.srt").write_bytes(data)
    home = ["--home", str(tmp_path / "home")]
    assert main([*home, "index", str(path), "--encoding", "cp866"]) == 0
    studio = Studio(Settings(home=tmp_path / "home"))
    (row,) = studio.videos.all()
    assert [line["text"] for line in studio.transcripts.lines(row)] == ["Ой"]
    studio.close()
    command = [*home, "import", str(tmp_path / "film.srt"), "--as", "annotations", "--preview", "--json"]
    assert main([*command, "--encoding", "cp866"]) == 0
    assert "Ой" in capsys.readouterr().out
    assert main([*command, "--encoding", "nope"]) == 2
    assert "is not an encoding" in capsys.readouterr().err


def test_a_page_sends_what_is_not_utf_8_as_it_is(studio: Studio, tmp_path: Path) -> None:
    import base64

    from studio.app.rpc import annotate

    row = studio.videos.add(make(Clip(), tmp_path / "film.mp4"))
    data = "1\n00:00:00,200 --> 00:00:01,000\nПривет, как дела?\n".encode("cp1251")
    calls = {call.__name__: call for call in annotate.methods(studio)}
    sent = {"video": row["id"], "bytes": base64.b64encode(data).decode()}
    made = calls["read_subtitles"](sent)["data"]
    assert made["count"] == 1 and "Windows-1251" in made["problems"][0]
    assert [line["text"] for line in studio.transcripts.lines(row)] == ["Привет, как дела?"]
    assert calls["read_subtitles"]({**sent, "bytes": "*"})["error"] == "“bytes” must be base64."
