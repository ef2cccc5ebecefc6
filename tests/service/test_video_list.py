"""The list of videos: a part at a time, found, sorted, filtered, grouped, and changed many at a time."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from studio.errors import NotFound, PermissionDenied, UsageError
from studio.service import Studio
from studio.service.accounts.rights import Actor
from studio.store import Store, jobs, videos
from studio.store.names import folder_of, natural
from studio.store.video_list import Wanted
from tests.conftest import VIDEO

ANNA, BEN = Actor("anna"), Actor("ben")
Add = Callable[..., str]


@pytest.fixture
def add(studio: Studio, tmp_path: Path) -> Add:
    """Adds videos that are only rows, and files without content."""

    def row(name: str, folder: str = "films", seconds: float = 10.0, by: str = "", width: int = 64) -> str:
        file = tmp_path / folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
        number = len(studio.videos.all()) + 1
        facts = {
            "id": f"v{number}", "name": name, "path": str(file), "sha256": str(number), "size": 0, "start_us": 0,
            "duration_us": round(seconds * 1e6), "width": width, "height": width, "rotation": 0, "fps": 25.0, "vfr": 0,
            "frame_count": 250, "codec": "h264", "audio": None, "browser_playable": 1, "added_by": by, "notes": "[]",
            "tracks": "", "sound_track": None, "text_track": None, "text_file": "",
        }  # fmt: skip
        made, _ = studio.store.write(lambda db: videos.insert(db, facts))
        return str(made["id"])

    return row


def names(studio: Studio, wanted: Wanted = Wanted(), first: int = 0, count: int = 60) -> list[str]:  # noqa: B008
    rows, total = studio.video_list.page(wanted, first, count)
    assert len(rows) <= count and total >= len(rows)
    return [row["name"] for row in rows]


def test_a_page_is_a_part_and_says_how_many_there_are(studio: Studio, add: Add) -> None:
    for number in range(7):
        add(f"clip {number}.mp4")
    rows, total = studio.video_list.page(Wanted(), 2, 3)
    assert ([row["name"] for row in rows], total) == (["clip 4.mp4", "clip 3.mp4", "clip 2.mp4"], 7)
    assert names(studio, Wanted(), 6, 3) == ["clip 0.mp4"]
    assert names(studio, Wanted(), 7, 3) == []
    assert len(studio.video_list.page(Wanted(), 0, 10**6)[0]) == 7


def test_of_many_videos_a_few_are_offered_to_choose_from(studio: Studio, add: Add) -> None:
    made = [add(f"clip {number}.mp4") for number in range(30)]

    def offered(*args: object, **more: object) -> tuple[list[str], int]:
        rows, total = studio.timeline_media.choices(*args, **more)  # type: ignore[arg-type]
        return [row["name"] for row in rows], total

    newest, total = offered()
    assert (newest[0], len(newest), total) == ("clip 29.mp4", 20, 30)
    assert offered("CLIP 1") == (["clip 1.mp4", *(f"clip {n}.mp4" for n in range(10, 20))], 11)
    assert offered("clip 1", made[11], [made[10]]) == (["clip 1.mp4", *(f"clip {n}.mp4" for n in range(12, 20))], 9)
    assert offered("50%") == ([], 0)
    assert offered(ids=[made[3], "gone"]) == (["clip 3.mp4"], 1)
    studio.videos.remove(made[29])
    assert offered()[0][0] == "clip 28.mp4" and offered(ids=[made[29]]) == ([], 0)


def test_names_sort_as_people_count(studio: Studio, add: Add) -> None:
    for name in ("Take 10.mp4", "take 2.mp4", "Ähre.mp4", "take 02 b.mp4", "apple.mp4"):
        add(name)
    assert names(studio, Wanted(sort="name", descending=False)) == [
        "apple.mp4", "take 02 b.mp4", "take 2.mp4", "Take 10.mp4", "Ähre.mp4",
    ]  # fmt: skip
    assert natural("a1b") < natural("a02b") < natural("A3b")


def test_found_by_a_part_of_the_name_or_a_tag(studio: Studio, add: Add) -> None:
    one, other = add("Straße 50%.mp4"), add("talk_1.mp4")
    assert names(studio, Wanted(name="STRASSE")) == ["Straße 50%.mp4"]
    assert names(studio, Wanted(name="0%")) == ["Straße 50%.mp4"], "a sign of SQL is a letter like any other"
    assert names(studio, Wanted(name="_")) == ["talk_1.mp4"]
    assert studio.video_list.tag([one, other], " field  work ", on=True) == 2
    assert studio.video_list.tag([other], "field work", on=False) == 1
    assert names(studio, Wanted(name="Field work")) == ["Straße 50%.mp4"]
    assert studio.video_list.page(Wanted())[0][1]["tags"] == ["field work"]


def test_sorted_by_what_was_done(studio: Studio, add: Add) -> None:
    short, long = add("short.mp4", seconds=1), add("long.mp4", seconds=100)
    assert names(studio, Wanted(sort="length")) == ["long.mp4", "short.mp4"]
    edit = {"edit_id": "e1", "op": "create", "id": "a1", "base_version": 0, "track": "Moments", "label": "x",
            "start": 0.0, "end": 0.5}  # fmt: skip
    assert studio.timelines.save(short, [edit], "anna")["results"][0]["ok"]
    assert names(studio, Wanted(sort="edited")) == ["short.mp4", "long.mp4"]
    assert names(studio, Wanted(sort="annotations")) == ["short.mp4", "long.mp4"]
    assert names(studio, Wanted(work="annotated")) == ["short.mp4"]
    assert names(studio, Wanted(work="empty")) == ["long.mp4"]
    (row,), _ = studio.video_list.page(Wanted(work="annotated"))
    history = studio.store.read(lambda db: db.execute("SELECT at FROM revisions").fetchone()["at"])
    assert row["edited"] == history and row["annotations"] == 1
    assert studio.video_list.ids(Wanted(sort="length", descending=False)) == [short, long]


def test_predictions_that_wait_are_counted_as_the_review_counts_them(studio: Studio, add: Add) -> None:
    full, half = add("full.mp4"), add("half.mp4")
    with closing(sqlite3.connect(studio.settings.database)) as db:
        for seq, (video, count) in enumerate(((full, 3), (half, 2)), 1):
            db.execute(
                "INSERT INTO runs VALUES (?, ?, 'speaker', 'm', '1', '{}', NULL, '{}', 'done', '', ?)",
                (f"r{seq}", video, seq),
            )
            for n in range(count):
                db.execute(
                    "INSERT INTO predictions VALUES (?, ?, 'Person 1', ?, ?, '', .5, NULL)",
                    (f"{video}p{n}", f"r{seq}", n * 1000, n * 1000 + 500),
                )
        db.execute("INSERT INTO verdicts VALUES (?, 'anna', 'rejected', 1)", (f"{half}p0",))
        db.commit()
    rows, _ = studio.video_list.page(Wanted(sort="undecided"))
    assert [(row["name"], row["undecided"]) for row in rows] == [("full.mp4", 3), ("half.mp4", 1)]
    waiting = {row["id"]: row["waiting"] for row in studio.annotator_stats.progress()["wait"]}
    assert waiting == {full: 3, half: 1}


def test_states_say_how_a_video_is(studio: Studio, add: Add) -> None:
    lost, working, failed, _ = (add(f"{name}.mp4") for name in ("lost", "working", "failed", "fresh"))
    Path(studio.videos.get(lost)["path"]).unlink()

    def queue(db: sqlite3.Connection) -> None:
        jobs.insert(db, "index", failed, {}, limit=None)
        taken = jobs.take(db, "test/1")
        assert taken
        jobs.finish(db, taken["id"], "failed", error="no")
        jobs.insert(db, "index", working, {}, limit=None)

    studio.store.write(queue)
    states = {row["name"]: row["state"] for row in studio.video_list.page(Wanted())[0]}
    assert states == {
        "lost.mp4": "lost", "working.mp4": "working", "failed.mp4": "failed", "fresh.mp4": "unprepared",
    }  # fmt: skip
    assert names(studio, Wanted(sort="state", descending=False)) == [
        "lost.mp4", "working.mp4", "failed.mp4", "fresh.mp4",
    ]  # fmt: skip
    for state in ("lost", "working", "failed", "unprepared"):
        assert len(names(studio, Wanted(state=state))) == 1
    assert studio.check.counts().lost == 1


def test_folders_are_told_from_where_they_part(studio: Studio, add: Add, tmp_path: Path) -> None:
    add("a.mp4", "films/2024/spring")
    add("b.mp4", "films/2024")
    add("c.mp4", "films/2025")
    found = {each["folder"]: each["videos"] for each in studio.video_list.groups()["folders"]}
    assert found == {"films/": 3, "films/2024/": 2, "films/2024/spring/": 1, "films/2025/": 1}
    assert str(tmp_path) not in str(found), "no page learns where on this machine it is"
    assert names(studio, Wanted(folder="films/2024/")) == ["b.mp4", "a.mp4"]
    assert names(studio, Wanted(folder="films/2024/spring/")) == ["a.mp4"]
    assert names(studio, Wanted(folder="films/2024/spring")) == ["a.mp4"]
    assert names(studio, Wanted(folder="films/20")) == [], "a part of a name is no folder"
    assert names(studio, Wanted(folder="../")) == []
    assert folder_of("C:\\films\\a.mp4") == "C:/films/" and folder_of("/films/a\\b.mp4") == "/films/"


def test_collections_are_their_makers(studio: Studio, add: Add) -> None:
    one, other = add("a.mp4"), add("b.mp4")
    assert studio.video_list.collect([one, other], "to annotate", ANNA) == 2
    assert studio.video_list.collect([one], "to annotate", BEN) == 0
    (made,) = studio.video_list.groups()["collections"]
    assert (made["name"], made["videos"], made["created_by"]) == ("to annotate", 2, "anna")
    assert names(studio, Wanted(collection=made["id"])) == ["b.mp4", "a.mp4"]
    assert studio.video_list.take_out([other], made["id"]) == 1
    with pytest.raises(PermissionDenied, match="Only anna or an admin can rename"):
        studio.video_list.rename_collection(made["id"], "mine", BEN)
    studio.video_list.rename_collection(made["id"], "first pass", ANNA)
    studio.video_list.collect([other], "second", ANNA)
    with pytest.raises(UsageError, match="already"):
        studio.video_list.rename_collection(made["id"], "second", ANNA)
    studio.videos.remove(one)
    assert studio.video_list.groups()["collections"][0]["videos"] == 0
    studio.videos.restore(one)
    assert studio.video_list.groups()["collections"][0]["videos"] == 1, "what was removed comes back into it"
    studio.video_list.delete_collection(made["id"], ANNA)
    assert names(studio) == ["b.mp4", "a.mp4"]
    with pytest.raises(NotFound):
        studio.video_list.delete_collection(made["id"], ANNA)


def test_many_are_removed_and_come_back(studio: Studio, add: Add) -> None:
    mine, theirs = add("mine.mp4", by="anna"), add("theirs.mp4", by="ben")
    removed, problems = studio.video_list.remove([mine, theirs, "gone"], ANNA)
    assert removed == [mine]
    assert problems == ["Only ben or an admin can remove “theirs.mp4”."]
    assert studio.video_list.restore(removed, ANNA) == 1
    assert names(studio) == ["theirs.mp4", "mine.mp4"]


def test_a_job_of_many_leaves_out_what_it_is_not_for(studio: Studio, add: Add) -> None:
    film, sound = add("film.mp4"), add("sound.wav", width=0)
    assert studio.video_list.prepare([film, sound], "read_text") == 1
    assert studio.video_list.prepare([film, sound], "transcribe") == 2
    assert studio.video_list.prepare([film, sound], "transcribe") == 2
    queued = studio.store.read(lambda db: [(row["video_id"], row["kind"]) for row in jobs.of_video(db)])
    assert sorted(queued) == [(film, "read_text"), (film, "transcribe"), (sound, "transcribe")], "each once"
    with pytest.raises(UsageError, match="many videos at once"):
        studio.video_list.prepare([film], "teach")


@pytest.mark.parametrize("wrong", [{"sort": "path"}, {"state": "fine"}, {"work": "1; DROP TABLE videos"}])
def test_what_no_list_knows_is_refused(studio: Studio, wrong: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="Sort by one of added, name"):
        studio.video_list.page(replace(Wanted(), **wrong))


def test_folders_of_a_network_are_found(studio: Studio, tmp_path: Path) -> None:
    def add(*paths: str) -> None:
        for path in paths:
            facts = {**VIDEO, "id": f"n{len(studio.videos.all())}", "name": path.rpartition("\\")[2], "path": path}
            studio.store.write(lambda db, facts=facts: videos.insert(db, facts))  # type: ignore[misc]

    add("\\\\server\\share\\films\\2024\\a.mp4", "\\\\server\\share\\films\\2025\\b.mp4")
    found = {each["folder"]: each["videos"] for each in studio.video_list.groups()["folders"]}
    assert found == {"films/": 2, "films/2024/": 1, "films/2025/": 1}
    assert names(studio, Wanted(folder="films/2024/")) == ["a.mp4"]
    assert names(studio, Wanted(folder="films/")) == ["b.mp4", "a.mp4"]
    add("\\\\other\\share\\c.mp4")
    found = {each["folder"]: each["videos"] for each in studio.video_list.groups()["folders"]}
    assert {"server/share/films/": 2, "other/share/": 1}.items() <= found.items()
    assert names(studio, Wanted(folder="server/share/films/2025/")) == ["b.mp4"]


def test_many_are_removed_and_restored_in_one_go(studio: Studio, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [add(f"clip {number}.mp4", by="anna") for number in range(20)]
    theirs = add("theirs.mp4", by="ben")
    studio.store.write(lambda db: [jobs.insert(db, "index", video, {}, limit=None) for video in made])
    calls = {"read": 0, "write": 0}
    for name in calls:
        real = getattr(Store, name)

        def counting(self: Store, work: object, name: str = name, real: Callable[..., object] = real) -> object:
            calls[name] += 1
            return real(self, work)

        monkeypatch.setattr(Store, name, counting)
    assert studio.video_list.remove([*made, "gone"], ANNA) == (sorted(made, key=made.index, reverse=True), [])
    assert calls["write"] <= 3 and calls["read"] <= 3
    assert [job for job in studio.jobs.listed() if job["state"] == "queued"] == []
    studio.videos.remove(theirs, BEN)
    calls.update(read=0, write=0)
    with pytest.raises(PermissionDenied, match=r"bring back “theirs\.mp4”"):
        studio.video_list.restore([*made, theirs], ANNA)
    assert names(studio) == [], "nothing was half done"
    assert studio.video_list.restore([*made[:10], "gone", *made[10:]], ANNA) == 20
    assert calls["write"] <= 2 and calls["read"] <= 8
    assert len(names(studio)) == 20
    with pytest.raises(NotFound, match="not among the removed"):
        studio.videos.restore(made[0])
    assert [row["id"] for row in studio.videos.trash.listed(1)] == [theirs]


def test_what_runs_for_a_removed_video_is_stopped(studio: Studio, add: Add) -> None:
    stopped: list[str] = []

    class Recording:
        """A dispatcher that writes down what it is to stop."""

        @staticmethod
        def cancel(job: str) -> None:
            stopped.append(job)

        @staticmethod
        def wake() -> None: ...

        @staticmethod
        def close() -> None: ...

    one, other = add("one.mp4"), add("other.mp4")
    studio.jobs.dispatcher = Recording()  # type: ignore[assignment]

    def queue(db: sqlite3.Connection) -> str:
        runs = jobs.insert(db, "index", one, {}, limit=None)["id"]
        library = jobs.insert(db, "map", None, {}, limit=None)["id"]
        assert {(jobs.take(db, "test/1") or {})["id"] for _ in range(2)} == {runs, library}
        jobs.insert(db, "turns", one, {}, limit=None)
        jobs.insert(db, "turns", other, {}, limit=None)
        return str(runs)

    runs = studio.store.write(queue)
    studio.video_list.remove([one])
    assert stopped == [runs], "and not the map, which is of all"
    left = {(job["kind"], job["state"]) for job in studio.jobs.listed()}
    assert left == {("map", "running"), ("turns", "queued")}
