"""Recordings without pictures in a library: adding, jobs, search, every export format, data sets."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import media
from studio.cli import main
from studio.config import Settings
from studio.errors import FormatError, UsageError
from studio.eval.grounding import iou
from studio.formats import FORMATS
from studio.jobs import KINDS, SOUND_INDEX_FILES
from studio.service import Studio
from studio.service.exchange.dataset import ExportOptions
from studio.service.exchange.exchange import ImportOptions
from studio.service.search import SearchRequest
from studio.store import transcripts
from studio.timeline import Cue, Transcript
from tests.conftest import SHARED
from tests.media.test_sound import stereo
from tests.sounds import SOUNDS, babble, make_sound, write_sound

TALK = SHARED / "faces" / "lip_reading_quiz" / "lipread_missing__happy_birthday.mp4"
IN_FRAMES = {"cvat", "edl", "fcpxml", "fiftyone", "otio", "premiere"}
SAID = [Cue(200_000, 900_000, "hello, who is speaking"), Cue(2_100_000, 2_900_000, "it is me, from the radio")]


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    opened = Studio(Settings(home=tmp_path_factory.mktemp("sound")))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def row(studio: Studio, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A recording with two lines, two annotations and a speaker."""
    row = studio.videos.add(make_sound(tmp_path_factory.mktemp("sounds"), "flac"))
    studio.jobs.index(row["id"])
    said = Transcript(row["id"], "speech", SAID, "whisper")
    studio.store.write(lambda db: transcripts.sync_source(db, said.video_id, said.source, said.cues, said.origin))
    edits = [
        {
            "edit_id": f"e{n}",
            "op": "create",
            "id": f"a{n}",
            "base_version": 0,
            "track": track,
            "label": label,
            "start": start,
            "end": end,
        }
        for n, (track, label, start, end) in enumerate(
            [("Moments", "beep", 0.0, 1.0), ("Ann", "speaking", 2.000123, 3.000456)]
        )
    ]
    saved = studio.timelines.save(row["id"], edits)
    assert all(result["ok"] for result in saved["results"]), saved
    return row


def test_it_is_added_with_no_pictures_and_prepared(studio: Studio, row: dict[str, Any]) -> None:
    assert (row["width"], row["height"], row["frame_count"], row["fps"], row["codec"]) == (0, 0, 0, 0.0, "")
    assert row["audio"] == "flac" and row["duration_us"] == 5_000_000
    assert all(studio.cache.has(row["id"], name) for name in SOUND_INDEX_FILES)
    assert studio.media.is_indexed(row) and studio.media.is_prepared(row)
    assert studio.videos.indexed() == (1, 1)
    assert studio.media.frames(row) == []


def test_what_goes_by_pictures_is_neither_queued_nor_run(studio: Studio, row: dict[str, Any]) -> None:
    by_pictures = {name for name, kind in KINDS.items() if kind.pictures}
    assert by_pictures == {
        "embed",
        "embed_stretches",
        "explain",
        "ground",
        "glance",
        "survey",
        "read_text",
        "track_box",
        "face_boxes",
    }
    for kind in sorted(by_pictures):
        with pytest.raises(UsageError, match=r"“flac.flac” has no pictures, and “.*” goes by them; what is said in it"):
            studio.jobs.run(kind, row["id"], {"query": "a dog", "at": 1.0})
    with pytest.raises(UsageError, match="has no pictures"):
        studio.jobs.ground(row["id"], "a dog")
    assert studio.encoders.lacking("studio-lite") == []
    assert studio.map.state()["known"] == 0
    assert studio.jobs.lack_words() == [], "nothing is written in it, and what is said is known"


def test_a_label_of_sound_is_learned_from_one_example(studio: Studio, row: dict[str, Any]) -> None:
    assert studio.desk.progress("Moments", "beep")["labelled"] == 1
    taught = studio.teaching.teach("beep")
    assert (taught["step"], taught["modalities"], taught["measured"]) == ("classifier", ["audio"], None)
    found = sorted((each["start"], each["end"]) for each in taught["predictions"])
    assert [iou(span, tone) >= 0.7 for span, tone in zip(found, [(2, 3), (4, 5)], strict=True)] == [True, True]
    assert taught["note"].startswith(
        "“beep”: 2 new moments in 1 video to review. Learned from one example, by the sound,"
    )


def test_voices_are_marked_where_somebody_is_heard(studio: Studio, row: dict[str, Any]) -> None:
    run = studio.jobs.run("speakers", row["id"])
    assert run["payload"]["tracks"] == [] and run["payload"]["off_screen"]["track"] == "Voices"
    assert {p.track for p in run["predictions"]} <= {"Voices"}
    assert run["payload"]["note"]


def test_a_voice_alone_proposes_no_emotions(studio: Studio, row: dict[str, Any]) -> None:
    alone = studio.jobs.run("emotions", row["id"], {"subtitles": []})
    assert alone["predictions"] == []
    assert "no pictures and no transcript" in alone["payload"]["note"]
    said = studio.jobs.run("emotions", row["id"])
    assert {curve["source"] for curve in said["payload"]["curves"]} >= {"text", "fused"}
    note = said["payload"]["note"]
    assert "this recording has no pictures" in note or "no emotion stands out" in note


def test_it_is_found_by_its_words_alone(studio: Studio, row: dict[str, Any]) -> None:
    hits, strips = studio.search.ask(SearchRequest("radio"))
    assert [(hit["video"]["id"], hit["why"], hit["start_us"]) for hit in hits] == [(row["id"], "said", 2_100_000)]
    assert strips == []
    assert studio.search.ask(SearchRequest("a bicycle on a street"))[0] == []


def test_its_picture_is_its_waveform(studio: Studio, row: dict[str, Any]) -> None:
    whole, beginning = studio.media.thumbnail(row["id"], None), studio.media.thumbnail(row["id"], 1_000_000)
    assert whole.startswith(b"\x89PNG") and beginning.startswith(b"\x89PNG")


def test_tiles_of_its_sound_fit_together_at_any_zoom(studio: Studio, row: dict[str, Any]) -> None:
    found = {level: studio.media.sound_tile(row["id"], level, 0) for level in (-3, -1, 0, 1, 9)}
    sizes = {level: tile[1].shape for level, tile in found.items() if tile is not None}
    assert sizes == {-3: (512, 98), -1: (512, 98), 0: (500, 98), 1: (250, 98), 9: (1, 98)}
    loud = {tile[0] for tile in found.values() if tile is not None}
    assert len(loud) == 1 and loud.pop() > 200
    base, half = found[0], found[1]
    assert base is not None and half is not None
    assert (half[1][:, 0] == base[1][:, 0].reshape(-1, 2).min(axis=1)).all()
    assert (half[1][:, 1] == base[1][:, 1].reshape(-1, 2).max(axis=1)).all()
    beyond = studio.media.sound_tile(row["id"], -1, 7)
    assert beyond is not None and len(beyond[1]) == 0
    for level, number in ((-4, 0), (17, 0), (0, -1)):
        with pytest.raises(UsageError):
            studio.media.sound_tile(row["id"], level, number)


@pytest.mark.parametrize("name", [name for name, form in FORMATS.items() if form.write])
def test_every_format_writes_it_or_says_why_not(studio: Studio, row: dict[str, Any], name: str) -> None:
    holds = FORMATS[name].holds
    assert (name in IN_FRAMES) == (holds.frames and not holds.sounds)
    lost = studio.exchange.losses(row["id"], name)
    if name in IN_FRAMES:
        assert lost[0].startswith("“flac.flac” has no pictures and is left out: ")
        with pytest.raises(UsageError, match=r"“flac.flac” has no pictures, and .* counts times in frames"):
            studio.exchange.export(row["id"], name)
        return
    assert not any("has no pictures" in sentence for sentence in lost)
    assert studio.exchange.export(row["id"], name)


@pytest.mark.parametrize("name", ["json", "elan", "textgrid", "csv", "labelstudio", "vtt", "ctm"])
def test_what_is_written_comes_back_as_it_was(studio: Studio, row: dict[str, Any], name: str) -> None:
    data = studio.exchange.export(row["id"], name)
    seen = studio.exchange.preview(data, f"flac{FORMATS[name].extension}", name)
    assert seen["parts"][0]["video"]["id"] == row["id"]
    assert seen["segments"] == seen["lines"] == 0 or name in ("vtt", "ctm"), seen


def test_elan_is_told_that_it_is_sound(studio: Studio, row: dict[str, Any]) -> None:
    assert b'MIME_TYPE="audio/*"' in studio.exchange.export(row["id"], "elan")
    assert json.loads(studio.exchange.export(row["id"], "via"))["file"]["1"]["type"] == 8
    assert b"resolution" not in studio.exchange.export(row["id"], "activitynet")


def test_frames_of_a_file_need_a_rate(studio: Studio, row: dict[str, Any]) -> None:
    data = json.dumps([
        {"data": {"video": "flac.flac"}, "annotations": [{"result": [
            {"type": "timelinelabels", "value": {"ranges": [{"start": 26, "end": 50}], "timelinelabels": ["x"]}}]}]}
    ]).encode()  # fmt: skip
    with pytest.raises(FormatError, match=r"counts times in frames, and “flac.flac” has no pictures"):
        studio.exchange.preview(data, "tasks.json", "labelstudio")
    seen = studio.exchange.preview(data, "tasks.json", "labelstudio", ImportOptions(fps=25.0))
    assert [(s["start"], s["end"]) for s in seen["sample"]] == [(1.0, 2.0)]


def test_a_data_set_has_clips_of_its_sound(studio: Studio, row: dict[str, Any], tmp_path: Path) -> None:
    made = studio.datasets.export(tmp_path / "set", ExportOptions("csv", clips=True))
    clips = sorted(path.name for path in (tmp_path / "set" / "clips").iterdir())
    assert clips == [f"{row['sha256'][:16]}-0000000-0001000.m4a", f"{row['sha256'][:16]}-0002000-0003000.m4a"]
    assert made["lost"] is not None
    with pytest.raises(UsageError, match=r"None of these has pictures, and .* counts times in frames"):
        studio.datasets.export(tmp_path / "none", ExportOptions("cvat"))
    assert studio.datasets.preview(ExportOptions("cvat"))["videos"] == 0


def test_the_command_line_takes_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_sound(tmp_path, "mp3", 2.0)
    home = ["--home", str(tmp_path / "home")]
    assert main(["add", str(tmp_path), "--json", *home]) == 0
    (video,) = json.loads(capsys.readouterr().out)["videos"]
    assert video["duration"] == 2.0 and video["path"].endswith("mp3.mp3")
    assert main(["index", "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out)["indexed"] == [{"id": video["id"], "frames": 0}]
    assert main(["ground", video["id"], "a dog", *home]) == 2
    assert "“mp3.mp3” has no pictures" in capsys.readouterr().err
    assert main(["export", video["id"], "--format", "cvat", "-o", str(tmp_path / "x.xml"), *home]) == 2
    assert "has no pictures, and CVAT" in capsys.readouterr().err and not (tmp_path / "x.xml").exists()


def test_turns_of_speakers_of_a_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without lines *Voices* finds them, too."""
    left = babble(6.0, 1, 16_000) * (np.arange(96_000) < 48_000)
    right = babble(6.0, 2, 16_000) * (np.arange(96_000) >= 48_000)
    path, home = stereo(tmp_path / "call.wav", left, right), ["--home", str(tmp_path / "home")]
    assert main(["add", str(path), "--json", *home]) == 0
    (video,) = json.loads(capsys.readouterr().out)["videos"]
    assert main(["turns", video["id"], "--json", *home]) == 0
    found = json.loads(capsys.readouterr().out)
    assert set(found) == {"by", "turns", "note"}
    opened = Studio(Settings(home=tmp_path / "home", device="cpu"))
    run = opened.jobs.run("voices", video["id"])
    opened.close()
    assert (run["task"], run["payload"]["by"]) == ("turns", found["by"])
    assert [p.track for p in run["predictions"]] == [turn["track"] for turn in found["turns"]]


@pytest.mark.release
@pytest.mark.skipif(not TALK.exists(), reason="needs real speech")
@pytest.mark.parametrize("kind", ["mp3", "m4a", "opus"])
def test_real_speech_is_transcribed_found_and_exported(studio: Studio, tmp_path: Path, kind: str) -> None:
    speech = np.concatenate(list(media.audio_stream(TALK, SOUNDS[kind].rate)))
    row = studio.videos.add(write_sound(tmp_path / f"talk{SOUNDS[kind].suffix}", speech, SOUNDS[kind]))
    studio.jobs.index(row["id"])
    assert studio.jobs.transcribe(row["id"])["language"] == "en"
    said = [line for line in studio.transcripts.lines(row) if line["source"] == "speech"]
    assert "happy birthday" in " ".join(line["text"] for line in said).lower()
    hits, _ = studio.search.ask(SearchRequest("birthday"))
    assert row["id"] in [hit["video"]["id"] for hit in hits if hit["why"] == "said"]
    voices = studio.jobs.run("speakers", row["id"])["predictions"]
    assert voices and all(p.segment.end <= row["duration_us"] for p in voices)
    assert b"irthday" in studio.exchange.export(row["id"], "srt", "lines")
    studio.videos.remove(row["id"])
