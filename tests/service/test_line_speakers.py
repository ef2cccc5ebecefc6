"""Who says a line: whom a person said, else who is seen to speak, else whose voice it is."""

from typing import Any

import pytest

from studio.errors import Conflict, UsageError
from studio.service import Studio
from studio.service.jobs import jobs
from studio.store import runs, videos
from studio.timeline import MICROS, ModelRun, Prediction, Segment
from tests.conftest import VIDEO


@pytest.fixture
def video(studio: Studio) -> dict[str, Any]:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    row = studio.videos.get("v1")
    for at in range(4):
        studio.transcripts.save_line(row, None, at, at + 1, f"line {at}")
    return row


def speaking(track: str, start: float, end: float) -> Prediction:
    return Prediction(Segment(int(start * MICROS), int(end * MICROS)), track, "speaking", 0.9)


def found(studio: Studio, *predictions: Prediction) -> None:
    run = ModelRun("v1", "speaker", "m", "1", list(predictions))
    studio.store.write(lambda db: runs.insert(db, run))


def heard(studio: Studio, *voices: tuple[float, float, str]) -> None:
    said = [{"start": start, "end": end, "track": who, "likeness": 0.8} for start, end, who in voices]
    run = ModelRun("v1", "voice", "ge2e", "1", [], {"voices": said, "note": ""})
    studio.store.write(lambda db: runs.insert(db, run))


def speakers(studio: Studio, video: dict[str, Any]) -> list[str]:
    return studio.transcripts.speakers(video, studio.transcripts.lines(video))


def test_the_first_that_knows_says_who_speaks(studio: Studio, video: dict[str, Any]) -> None:
    assert speakers(studio, video) == ["", "", "", ""]
    found(studio, speaking("Off screen", 0, 4), speaking("Person 1", 0, 0.4), speaking("Person 2", 1.2, 2))
    assert speakers(studio, video) == ["Person 1", "Person 2", "Off screen", "Off screen"]
    heard(studio, (1, 2, "Voice 2"), (2, 3, "Voice 1"))
    assert speakers(studio, video) == ["Person 1", "Person 2", "Voice 1", "Off screen"]
    edit = {"op": "create", "edit_id": "e", "id": "a", "base_version": 0, "start": 1, "end": 1.1, "track": "Carl",
            "label": "speaking"}  # fmt: skip
    assert studio.timelines.save("v1", [edit], "ada")["results"][0]["ok"]
    assert speakers(studio, video)[1] == "Carl"
    lines = studio.transcripts.lines(video)
    studio.transcripts.set_speaker(video, [(lines[3]["id"], 1), (lines[0]["id"], 1)], " Ada  L. ", "ben", "who")
    assert speakers(studio, video) == ["Ada L.", "Carl", "Voice 1", "Ada L."]
    assert [line["speaker"] for line in studio.transcripts.lines(video)] == ["Ada L.", "", "", "Ada L."]
    history = studio.transcripts.line_history(lines[0]["id"])
    assert [(each["op"], each["annotator"], each["after"]["speaker"]) for each in history] == [
        ("create", "", ""), ("update", "ben", "Ada L."),
    ]  # fmt: skip
    studio.transcripts.undo_lines(video, "who", "ben")
    assert speakers(studio, video) == ["Person 1", "Carl", "Voice 1", "Off screen"]


def test_turns_say_whose_a_line_is_where_its_voice_does_not(studio: Studio, video: dict[str, Any]) -> None:
    made = [speaking("Left", 0, 1.5), speaking("Right", 1.5, 3), speaking("Voices", 3, 4)]
    run = ModelRun("v1", "turns", "speaker-turns", "1", made, {"by": "channels", "note": ""})
    run_id = studio.store.write(lambda db: runs.insert(db, run))
    assert speakers(studio, video) == ["Left", "Left", "Right", ""]
    heard(studio, (2, 3, "Voice 1"))
    found(studio, speaking("Person 1", 0, 0.4))
    assert speakers(studio, video) == ["Person 1", "Left", "Voice 1", ""]
    (left, *_) = studio.jobs.run_of(run_id)["predictions"]
    accepted = {"op": "create", "edit_id": "e", "id": "a", "base_version": 0, "start": 0, "end": 1.5, "track": "Left",
                "label": "speaking", "prediction_id": left.id, "verdict": "accepted"}  # fmt: skip
    assert studio.timelines.save("v1", [accepted], "ada")["results"][0]["ok"]
    assert speakers(studio, video)[0] == "Left", "an annotation comes before a face"
    known = studio.store.read(lambda db: jobs._known_speakers(db, video))
    assert [who for _, _, who in known] == ["Left", "Left", "", ""], "what is to be told again says nothing"


def test_a_line_that_was_changed_meanwhile_keeps_its_speaker_and_so_do_the_others(
    studio: Studio, video: dict[str, Any]
) -> None:
    one, two, *_ = studio.transcripts.lines(video)
    studio.transcripts.save_line(video, two["id"], 1, 2, "changed")
    with pytest.raises(Conflict):
        studio.transcripts.set_speaker(video, [(one["id"], 1), (two["id"], 1)], "Ada")
    assert speakers(studio, video) == ["", "", "", ""]


def test_a_line_keeps_its_speaker_when_it_is_typed_split_and_merged(studio: Studio, video: dict[str, Any]) -> None:
    said = studio.transcripts
    one, two, *_ = said.lines(video)
    said.set_speaker(video, [(one["id"], 1)], "Ada")
    said.save_line(video, one["id"], 0, 1, "one two")
    said.split_line(video, one["id"], "one", "two")
    assert speakers(studio, video)[:3] == ["Ada", "Ada", ""]
    said.merge_lines(video, two["id"], said.lines(video)[1]["id"])
    assert speakers(studio, video)[:2] == ["Ada", "Ada"]


def test_voices_are_told_by_what_is_known_without_them(studio: Studio, video: dict[str, Any]) -> None:
    found(studio, speaking("Off screen", 0, 3), speaking("Person 1", 0, 0.4))
    heard(studio, (1, 2, "Voice 1"))
    studio.transcripts.set_speaker(video, [(studio.transcripts.lines(video)[3]["id"], 1)], "Ada")
    edit = {"op": "create", "edit_id": "e", "id": "a", "base_version": 0, "start": 2, "end": 3, "track": "Carl",
            "label": "speaking"}  # fmt: skip
    studio.timelines.save("v1", [edit], "ben")
    known = studio.store.read(lambda db: jobs._known_speakers(db, video))
    assert [who for _, _, who in known] == ["Person 1", "", "Carl", "Ada"]
    independent = {**video, "independent": 1}
    alone = studio.store.read(lambda db: jobs._known_speakers(db, independent))
    assert [who for _, _, who in alone] == ["Person 1", "", "", "Ada"], "whom one annotator marked no other sees"
    assert known[1][:2] == [MICROS, 2 * MICROS]
    with pytest.raises(UsageError):
        studio.jobs.start("voice", "v1")


def test_the_row_of_all_voices_of_a_recording_says_nobody(studio: Studio, video: dict[str, Any]) -> None:
    """Nor does what somebody accepted of it."""
    found(studio, speaking("Voices", 0, 4))
    edit = {"op": "create", "edit_id": "e", "id": "a", "base_version": 0, "start": 0, "end": 1, "track": "Voices",
            "label": "speaking"}  # fmt: skip
    assert studio.timelines.save("v1", [edit], "ada")["results"][0]["ok"]
    assert speakers(studio, video) == ["", "", "", ""]
    heard(studio, (1, 2, "Voice 2"))
    assert speakers(studio, video) == ["", "Voice 2", "", ""]
