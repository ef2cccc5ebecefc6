"""Names of videos as people and other tools write them, each with the rule that finds its video."""

from typing import Any

import pytest

from studio.service.videos.video_matcher import VideoMatcher

Row = dict[str, Any]
FILES = (
    "/data/talk.mp4", "/data/my talk.mp4", "/data/thirty.mp4", "/data/v_QOlSCBRmfWY.mp4", "/data/G6NcCn9SNjk.mp4",
    "/study/cam1/rec.mp4", "/study/cam2/rec.mp4", "/data/a%20b.mp4", "/data/Café (1).mov", "/data/dotted.name.mkv",
    "/data/0c44d1e9-own.mp4",
)  # fmt: skip
ROWS = [
    {"id": f"id{n}", "path": path, "name": path.rpartition("/")[2], "sha256": f"{n:x}" * 64}
    for n, path in enumerate(FILES)
]
MATCHER = VideoMatcher(ROWS)

PATH, NAME, BARE = "by the end of its path", "by its name, whatever its folder", "by its name without the ending"
SAFE = "by its name with blanks and signs as tools write them"
LABEL_STUDIO = "without what Label Studio puts in front"
HASH = "by its name and the start of the hash of its file"


@pytest.mark.parametrize(
    ("name", "path", "rule"),
    [
        ("id0", "/data/talk.mp4", ""),
        ("talk.mp4", "/data/talk.mp4", ""),
        ("TALK.MP4", "/data/talk.mp4", ""),
        ("/data/talk.mp4", "/data/talk.mp4", ""),
        ("0" * 64, "/data/talk.mp4", "by the hash of its file"),
        ("cam1/rec.mp4", "/study/cam1/rec.mp4", PATH),
        (r"D:\study\cam2\rec.mp4", "/study/cam2/rec.mp4", PATH),
        ("file:///study/cam2/rec.mp4", "/study/cam2/rec.mp4", PATH),
        ("/home/bob/cam2/rec.mp4", "/study/cam2/rec.mp4", f"{NAME}, by the folders that fit best"),
        ("cam2/rec.wav", "/study/cam2/rec.mp4", f"{BARE}, by the folders that fit best"),
        ("C:/Users/bob/talk.mp4", "/data/talk.mp4", NAME),
        ("talk", "/data/talk.mp4", BARE),
        ("talk.wav", "/data/talk.mp4", BARE),
        ("dotted.name", "/data/dotted.name.mkv", BARE),
        ("my%20talk.mp4", "/data/my talk.mp4", "decoded"),
        ("file:///C:/x/my%20talk.mp4", "/data/my talk.mp4", f"{NAME}, decoded"),
        ("https://host/x/my%20talk.mp4?sig=a%2Fb#t=1", "/data/my talk.mp4", f"{NAME}, decoded"),
        ("s3://bucket/x/talk.mp4", "/data/talk.mp4", NAME),
        ("a%20b.mp4", "/data/a%20b.mp4", ""),
        ("/data/local-files/?d=talk.mp4", "/data/talk.mp4", "decoded"),
        ("/data/local-files/?d=lab%5Cmy%20talk.mp4", "/data/my talk.mp4", f"{NAME}, decoded"),
        ("/data/upload/3/8f1a2b3c-talk.mp4", "/data/talk.mp4", f"{NAME}, {LABEL_STUDIO}"),
        ("8f1a2b3c-my_talk.mp4", "/data/my talk.mp4", f"{SAFE}, {LABEL_STUDIO}"),
        ("0c44d1e9-own.mp4", "/data/0c44d1e9-own.mp4", ""),
        ("my_talk", "/data/my talk.mp4", SAFE),
        ("Cafe\u0301_1.mov", "/data/Café (1).mov", SAFE),
        ("QOlSCBRmfWY", "/data/v_QOlSCBRmfWY.mp4", f"{BARE}, with or without the “v_” of ActivityNet"),
        ("v_G6NcCn9SNjk", "/data/G6NcCn9SNjk.mp4", f"{BARE}, with or without the “v_” of ActivityNet"),
        ("rec-55555555-0.mp4", "/study/cam1/rec.mp4", HASH),
        ("rec-66666666-1", "/study/cam2/rec.mp4", HASH),
    ],
)
def test_a_name_finds_its_video(name: str, path: str, rule: str) -> None:
    match = MATCHER.find(name)
    assert match.row is not None and (match.row["path"], match.rule) == (path, rule)


@pytest.mark.parametrize("name", ["rec.mp4", "rec", "other/rec.mp4", "8f1a2b3c-rec.mp4", "file:///rec.mp4"])
def test_what_several_are_called_is_asked(name: str) -> None:
    match = MATCHER.find(name)
    assert match.row is None and match.several
    assert {row["path"] for row in match.likely} == {"/study/cam1/rec.mp4", "/study/cam2/rec.mp4"}
    assert match.problem == f"2 videos are called “{name}”; choose the one that is meant."


@pytest.mark.parametrize("name", ["", "…", "/", "nothing.mp4", "rec-77777777-0.mp4", "://[", "f" * 64, "x" * 5000])
def test_what_none_is_called_finds_none(name: str) -> None:
    match = MATCHER.find(name)
    assert match.row is None and not match.several and match.problem.startswith("There is no video “")


def test_those_that_are_called_much_the_same_are_offered() -> None:
    assert MATCHER.find("thirdy.mp4").likely[0]["name"] == "thirty.mp4"


def test_a_known_hash_is_surer_than_any_name() -> None:
    match = MATCHER.find("talk.mp4", "2" * 64)
    assert match.row is not None and match.row["name"] == "thirty.mp4"


def test_a_command_takes_no_loose_name() -> None:
    assert MATCHER.find("talk.wav", loosely=False).row is None
    assert MATCHER.find("/elsewhere/talk.mp4", loosely=False).row is None
    assert MATCHER.find("cam1/rec.mp4", loosely=False).row == ROWS[5]


def test_of_two_videos_with_one_content_the_name_decides() -> None:
    twins = VideoMatcher([{**ROWS[0], "sha256": "a" * 64}, {**ROWS[2], "sha256": "a" * 64}, ROWS[1]])
    match = twins.find("other/thirty.mp4", "a" * 64)
    assert match.row is not None and match.row["name"] == "thirty.mp4"
    assert twins.find("my talk.mp4", "a" * 64).several, "a name of another content decides nothing"
