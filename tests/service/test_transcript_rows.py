"""Rows of the lines of a transcript and of their words."""

import numpy as np
import pytest

from studio.errors import UsageError
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.store import transcripts, videos
from studio.timeline import Cue, Word
from tests.conftest import VIDEO

SECOND = 1_000_000


@pytest.fixture
def video(studio: Studio) -> str:
    studio.store.write(lambda db: videos.insert(db, dict(VIDEO)))
    return "v1"


def say(studio: Studio, start: int, end: int, text: str, speaker: str = "") -> None:
    count = len(text.split())
    each = (end - start) // count
    words = [Word(start + k * each, start + (k + 1) * each, word, 0.9) for k, word in enumerate(text.split())]
    studio.store.write(lambda db: transcripts.insert(db, "v1", Cue(start, end, text), "", "", "", words, speaker))


def test_lines_and_words_become_rows_of_which_one_depends_on_the_other(studio: Studio, video: str) -> None:
    say(studio, 0, 2 * SECOND, "good morning", "Ann")
    say(studio, 2 * SECOND, 3 * SECOND, "hello")
    row = studio.videos.get(video)
    made = studio.transcripts.as_rows(row, "zoe")
    assert (made["rows"], made["lines"], made["words"]) == (["Lines Ann", "Words Ann", "Lines", "Words"], 2, 3)
    found = [
        (a.track, a.segment.start, a.segment.end, a.label, a.annotator) for a in studio.timelines.annotations(video)
    ]
    assert ("Lines Ann", 0, 2 * SECOND, "good morning", "zoe") in found
    assert ("Words Ann", SECOND, 2 * SECOND, "morning", "zoe") in found
    tracks = {each["track"]: (each["parent"], each["dependency"]) for each in studio.labels.shown()["tracks"]}
    assert tracks == {"Words Ann": ("Lines Ann", "included_in"), "Words": ("Lines", "included_in")}
    assert studio.labels.shown()["labels"] == [], "what is said is no list of labels"

    say(studio, 4 * SECOND, 5 * SECOND, "bye")
    again = studio.transcripts.as_rows(row, "zoe")
    assert (again["lines"], again["words"]) == (1, 1), "only what is new"
    with pytest.raises(UsageError, match="have all lines and words of the transcript already"):
        studio.transcripts.as_rows(row, "zoe")
    assert studio.exchange.undo(again["import"])["removed"] == 2


def test_without_a_transcript_it_says_what_to_do(studio: Studio, video: str) -> None:
    with pytest.raises(UsageError, match="has no transcript yet: transcribe it, or read subtitles"):
        studio.transcripts.as_rows(studio.videos.get(video))


def test_independent_annotators_have_rows_of_their_own(studio: Studio, video: str) -> None:
    say(studio, 0, SECOND, "hello")
    studio.store.write(lambda db: db.execute("UPDATE videos SET independent = 1") and None)
    row = studio.videos.get(video)
    for name in ("ann", "ben"):
        assert studio.transcripts.as_rows(row, name, Actor(name))["words"] == 1
    assert sorted(a.annotator for a in studio.timelines.annotations(video) if a.track == "Words") == ["ann", "ben"]


def test_words_go_to_elan_as_a_tier_within_their_lines(studio: Studio, video: str) -> None:
    say(studio, 0, 2 * SECOND, "good morning")
    studio.cache.save_array(video, "pts.npy", np.arange(0, 60 * SECOND, 40_000))
    studio.transcripts.as_rows(studio.videos.get(video))
    text = studio.exchange.export(video, "elan").decode()
    assert 'PARENT_REF="Lines"' in text
    assert 'CONSTRAINTS="Included_In"' in text
    assert "<ANNOTATION_VALUE>morning</ANNOTATION_VALUE>" in text
