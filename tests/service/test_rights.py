"""Who may do what where people log in: each row of the table in `accounts.rights`, by the calls of the pages."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio.app.login import current_user
from studio.app.rpc import PAGES
from studio.cli import main
from studio.errors import PermissionDenied, UsageError
from studio.service import Studio
from studio.service.accounts.rights import BULK, OWNER, Actor
from studio.store import videos
from tests.conftest import VIDEO

Ask = Callable[..., Any]
PEOPLE = ("ada", "anna", "ben", "eve")  # an admin, and three who are none; anna made everything
SRT = "1\n00:00:01,000 --> 00:00:02,000\nFirst\n\n2\n00:00:05,000 --> 00:00:07,500\nHello\n"
OTHER = "1\n00:00:03,000 --> 00:00:04,000\nSomething else\n"


@pytest.fixture
def team(studio: Studio) -> Studio:
    for name in PEOPLE:
        studio.users.put(name, "correct horse")
    studio.store.write(lambda db: videos.insert(db, {**VIDEO, "added_by": "anna"}))
    studio.cache.save_array("v1", "pts.npy", np.arange(0, VIDEO["duration_us"], 40_000, dtype=np.int64))
    return studio


@pytest.fixture
def ask(team: Studio) -> Iterator[Ask]:
    """Calls of the pages, by somebody who is logged in (or "" before there are users)."""
    known = {call.__name__: call for methods in PAGES.values() for call in methods(team)}

    def asking(person: str, call: str, /, **request: Any) -> Any:
        token = current_user.set(person)
        try:
            return known[call](request)
        finally:
            current_user.reset(token)

    yield asking


def edit(number: int, op: str = "create", **fields: Any) -> dict[str, Any]:
    base = 0 if op == "create" else 1
    return {"edit_id": f"{op}{number}", "op": op, "id": f"a{number}", "base_version": base, "start": number,
            "end": number + 1, "track": "T", "label": "l", **fields}  # fmt: skip


def refused(answer: Any, says: str) -> None:
    assert answer["ok"] is False and answer["kind"] == "forbidden" and says in answer["error"], answer


def test_only_the_first_user_is_an_admin_by_itself(team: Studio, ask: Ask) -> None:
    assert [(name, admin) for name, _, admin in team.users.listed()] == [(n, n == "ada") for n in PEOPLE]
    assert [ask(name, "session")["data"]["admin"] for name in PEOPLE] == [True, False, False, False]
    assert team.users.actor("") == Actor("", admin=False), "where there are users, nobody is no admin"
    assert team.users.actor("gone") == Actor("gone", admin=False)


def test_without_users_everybody_may_do_everything(studio: Studio) -> None:
    assert studio.users.actor("", "whoever") == Actor("whoever", admin=True)


def test_a_video_is_removed_by_whoever_added_it_and_comes_back_whole(team: Studio, ask: Ask) -> None:
    ask("anna", "save", video="v1", edits=[edit(1)])
    for name, why in (("anna", ""), ("ada", ""), ("ben", "Only anna or an admin can remove this video.")):
        assert ask(name, "list_videos")["data"]["videos"][0]["kept"] == why
    refused(ask("ben", "remove_video", video="v1"), "Only anna or an admin can remove “talk.mp4”.")
    assert ask("anna", "remove_video", video="v1")["ok"]
    assert ask("anna", "list_videos")["data"]["videos"] == []
    assert ask("anna", "load_document", video="v1")["kind"] == "gone"
    assert [row["id"] for row in ask("anna", "list_videos")["data"]["removed"]] == ["v1"]
    assert ask("ben", "list_videos")["data"]["removed"] == []
    refused(ask("ben", "restore_video", video="v1"), "Only anna or an admin can bring back")
    assert ask("anna", "restore_video", video="v1")["ok"]
    assert [a["id"] for a in ask("ben", "load_document", video="v1")["data"]["annotations"]] == ["a1"]
    assert ask("anna", "restore_video", video="v1")["kind"] == "gone"


def test_what_an_admin_removed_only_an_admin_brings_back(ask: Ask) -> None:
    assert ask("ada", "remove_video", video="v1")["ok"]
    refused(ask("anna", "restore_video", video="v1"), "Only ada or an admin")
    assert ask("ada", "restore_video", video="v1")["ok"]
    assert ask("anna", "list_videos")["data"]["videos"][0]["kept"] == "", "it is still anna's"


def test_a_video_of_nobody_is_the_admins(team: Studio, ask: Ask) -> None:
    team.store.write(lambda db: db.execute("UPDATE videos SET added_by = ''"))
    refused(ask("eve", "remove_video", video="v1"), "Only an admin can remove")
    assert ask("ada", "remove_video", video="v1")["ok"]


def test_a_removed_video_is_nowhere(team: Studio, ask: Ask) -> None:
    ask("anna", "save", video="v1", edits=[edit(1)])
    ask("anna", "remove_video", video="v1")
    assert team.videos.all() == [] and team.annotator_stats.statistics()[0]["manual"] == 0
    assert team.store.read(lambda db: db.execute("SELECT count(*) FROM annotations_s").fetchone()[0]) == 0
    assert ask("anna", "save", video="v1", edits=[edit(2)])["kind"] == "gone"
    assert ask("anna", "changes", video="v1")["kind"] == "gone"
    assert ask("anna", "start_job", video="v1", kind="index")["kind"] == "gone"


def test_an_upload_waits_in_the_trash_and_comes_back(team: Studio, clips: dict[str, Path], tmp_path: Path) -> None:
    def upload(name: str, by: Actor) -> Any:
        (tmp_path / "part").write_bytes(clips["bikes"].read_bytes())
        return team.videos.keep_upload(tmp_path / "part", name, by)

    row = upload("bikes.mp4", Actor("anna"))
    file = Path(row["path"])
    assert row["added_by"] == "anna"
    with pytest.raises(PermissionDenied):
        team.videos.remove(row["id"], Actor("eve"))
    assert file.exists()
    team.videos.remove(row["id"], Actor("anna"))
    assert not file.exists() and len(list(team.settings.trash.iterdir())) == 1
    back = team.videos.restore(row["id"], Actor("anna"))
    assert file.exists() and back["id"] == row["id"] and list(team.settings.trash.iterdir()) == []
    team.videos.remove(row["id"], OWNER)
    again = upload("other.mp4", Actor("ben"))
    assert (again["id"], again["added_by"]) == (row["id"], "ben"), "sent again, it is back, and is the sender's"
    assert file.exists() and list(team.settings.trash.iterdir()) == []


def test_the_trash_is_emptied_after_its_time_only(team: Studio) -> None:
    team.videos.remove("v1")
    team.videos.trash.empty(30)
    assert [row["id"] for row in team.videos.trash.listed()] == ["v1"]
    team.store.write(lambda db: db.execute("UPDATE videos SET removed = '2020-01-01T00:00:00.000+00:00'"))
    assert [row["id"] for row in team.videos.trash.empty(30)] == ["v1"]
    assert team.videos.trash.listed() == []


def test_another_file_at_a_removed_path_is_another_video(team: Studio) -> None:
    team.videos.remove("v1")
    row, replaced = team.store.write(lambda db: videos.insert(db, {**VIDEO, "id": "v2", "sha256": "1" * 64}))
    assert (row["id"], replaced) == ("v2", False)
    assert team.videos.trash.listed() == []


def test_searches_are_their_keepers(ask: Ask) -> None:
    kept = ask("anna", "save_search", name="dogs", question={"query": "a dog"})["data"]
    refused(ask("ben", "save_search", name="dogs", question={"query": "cats"}), "Only anna or an admin")
    refused(ask("ben", "delete_search", search=kept["id"]), "Only anna or an admin can remove “dogs”.")
    shown = ask("ben", "search_options")["data"]["kept"][0]
    assert (shown["question"]["query"], shown["fixed"]) == ("a dog", "Only anna or an admin can remove this search.")
    assert ask("anna", "delete_search", search=kept["id"])["ok"]
    assert ask("ben", "search_options")["data"]["kept"] == []
    refused(ask("ben", "restore_search", search=kept["id"]), "bring back")
    assert ask("anna", "restore_search", search=kept["id"])["ok"]
    assert ask("ben", "search_options")["data"]["kept"][0]["name"] == "dogs"
    assert ask("ada", "delete_search", search=kept["id"])["ok"]
    assert ask("ben", "save_search", name="dogs", question={"query": "cats"})["data"]["annotator"] == "ben"
    assert ask("anna", "restore_search", search=kept["id"])["kind"] == "gone", "the name was taken since"


def import_of(team: Studio, data: bytes, name: str, form: str) -> dict[str, Any]:
    return {"upload": team.exchange.keep(data, name)["upload"], "name": name, "format": form, "video": "v1"}


def test_an_import_is_undone_by_whoever_made_it(team: Studio, ask: Ask) -> None:
    sent = import_of(team, b"label,start,end\nx,1,2\n", "x.csv", "csv")
    done = ask("anna", "import_apply", **sent)["data"]["import"]
    refused(ask("ben", "import_undo", **{"import": done}), "Only anna or an admin can undo this import.")
    assert [row["fixed"] == "" for row in ask("ben", "imports")["data"]["imports"]] == [False]
    assert ask("ada", "import_undo", **{"import": done})["data"] == {"removed": 1, "kept": 0}


def texts(ask: Ask) -> list[str]:
    return [line["text"] for line in ask("ben", "transcript", video="v1")["data"]["lines"]]


def test_a_transcript_is_replaced_by_whoever_read_it_in(team: Studio, ask: Ask) -> None:
    assert ask("eve", "transcript", video="v1")["data"]["fixed"] == "", "there is none yet"
    first = ask("ben", "read_subtitles", video="v1", text=SRT)["data"]
    assert first["count"] == 2 and texts(ask) == ["First", "Hello"]
    refused(ask("eve", "read_subtitles", video="v1", text=OTHER), "Only ben or anna or an admin can replace")
    refused(ask("eve", "import_apply", **import_of(team, OTHER.encode(), "x.srt", "srt"), kind="lines"), "replace")
    assert "ben" in ask("eve", "transcript", video="v1")["data"]["fixed"]
    second = ask("anna", "read_subtitles", video="v1", text=OTHER)["data"]
    assert texts(ask) == ["Something else"]
    assert ask("anna", "import_undo", **{"import": second["import"]})["ok"]
    assert texts(ask) == ["First", "Hello"], "what was replaced is back"
    line = ask("eve", "transcript", video="v1")["data"]["lines"][0]
    said = {"start": line["start"], "end": line["end"], "text": "Corrected"}
    assert ask("eve", "save_line", video="v1", line=line["id"], **said)["ok"], "a line is anybody's to correct"


def test_one_by_one_is_correction_and_all_at_once_is_not(team: Studio, ask: Ask) -> None:
    many = BULK + 20
    team.store.write(lambda db: db.execute("UPDATE videos SET duration_us = 900000000, added_by = 'ada'"))
    made = ask("anna", "save", video="v1", edits=[edit(n) for n in range(many)])["data"]["results"]
    own = [edit(1_000 + n, start=n, end=n + 1) for n in range(many)]
    assert all(r["ok"] for r in made + ask("eve", "save", video="v1", edits=own)["data"]["results"])
    gone = ask("eve", "save", video="v1", edits=[edit(n, "delete") for n in range(60)])["data"]["results"]
    gone += ask("eve", "save", video="v1", edits=[edit(n, "delete") for n in range(60, many)])["data"]["results"]
    assert [result["ok"] for result in gone] == [True] * BULK + [False] * 20
    assert "ask an admin" in gone[-1]["error"]
    assert len(team.timelines.annotations("v1")) == many + 20
    one = ask("eve", "save", video="v1", edits=[edit(110, "update", label="other")])["data"]["results"]
    assert one[0]["ok"], "what is left can be corrected"
    mine = [edit(1_000 + n, "delete", start=n, end=n + 1) for n in range(many)]
    assert all(r["ok"] for r in ask("eve", "save", video="v1", edits=mine)["data"]["results"]), "and one's own deleted"
    rest = [edit(n, "delete") for n in range(BULK, many) if n != 110]
    assert all(r["ok"] for r in ask("ada", "save", video="v1", edits=rest)["data"]["results"])
    back = ask("eve", "save", video="v1", edits=[edit(0, "restore", base_version=2)])["data"]["results"]
    assert back[0]["ok"], "a deletion is undone by an edit"


def schema(ask: Ask, name: str, **changes: Any) -> Any:
    known = ask(name, "load_document", video="v1")["data"]["schema"]
    return ask(name, "save_schema", schema={**known, **changes})


def test_names_that_others_use_are_the_admins_to_change(ask: Ask) -> None:
    ask("anna", "save", video="v1", edits=[edit(1, label="walk")])
    ask("ben", "save", video="v1", edits=[edit(2, label="typo")])
    labels = [{"track": "T", "label": label, "colour": "#0072b2", "hotkey": None} for label in ("walk", "typo", "new")]
    assert schema(ask, "ben", labels=labels)["ok"], "adding and colouring is anybody's"
    run, words = {**labels[0], "label": "run"}, [{"track": "T", "from": "walk", "to": "run"}]
    refused(schema(ask, "ben", labels=[run, *labels[1:]], renames=words), "Others use the label “walk”")
    refused(schema(ask, "ben", labels=labels[1:]), "Others use the label “walk”")
    refused(schema(ask, "ben", tracks=[{"track": "T", "closed": True}]), "Only an admin can say whether “T”")
    assert schema(ask, "ben", labels=[labels[0], labels[2]])["ok"], "a label that only oneself uses"
    assert schema(ask, "ada", labels=[run, labels[2]], renames=words)["data"]["renamed"] == 1
    assert schema(ask, "ada", tracks=[{"track": "T", "closed": True}])["ok"]
    refused(schema(ask, "anna", tracks=[]), "Only an admin can say whether “T”")
    assert [ask(name, "load_document", video="v1")["data"]["admin"] for name in ("ada", "anna")] == [True, False]


def test_there_is_always_an_admin(team: Studio) -> None:
    for change in (lambda: team.users.make_admin("ada", False), lambda: team.users.drop("ada")):
        with pytest.raises(UsageError, match="the only admin"):
            change()
    team.users.make_admin("ben")
    team.users.drop("ada")
    assert [name for name, _, admin in team.users.listed() if admin] == ["ben"]
    team.users.put("ben", "another password")
    assert team.users.actor("ben").admin, "also with a new password"
    for name in ("anna", "eve", "ben"):
        team.users.drop(name)
    assert team.users.actor("").admin


def test_the_command_line_names_admins_and_empties_the_trash(
    team: Studio, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(team.settings.home)]
    monkeypatch.setenv("STUDIO_PASSWORD", "long enough")

    def said(*args: str) -> Any:
        assert main([*args, "--json", *home]) == 0
        return json.loads(capsys.readouterr().out)

    assert [u["name"] for u in said("users", "admin", "ben")["users"] if u["admin"]] == ["ada", "ben"]
    assert [u["name"] for u in said("users", "admin", "ben", "--off")["users"] if u["admin"]] == ["ada"]
    assert [u["name"] for u in said("users", "add", "cleo", "--admin")["users"] if u["admin"]] == ["ada", "cleo"]
    for wrong in (
        ["users", "list", "--admin"],
        ["users", "add", "x", "--off"],
        ["users", "admin"],
        ["trash", "restore"],
    ):
        assert main([*wrong, *home]) == 2
    assert main(["users", "admin", "nobody", *home]) == 1
    capsys.readouterr()
    team.videos.remove("v1", Actor("anna", admin=True))
    assert [(v["id"], v["by"]) for v in said("trash", "list")["removed"]] == [("v1", "anna")]
    assert said("trash", "restore", "v1") == {"restored": "v1"}
    team.videos.remove("v1")
    assert said("trash", "empty") == {"deleted": ["v1"]}
    assert said("trash", "list") == {"removed": []}


def test_only_an_admin_looks_after_the_work_of_all_and_the_disk(team: Studio, ask: Ask) -> None:
    for call, request in (
        ("pause_work", {"on": True}),
        ("limit_work", {"cores": 1}),
        ("limit_work", {"hours": "20:00-07:00"}),
        ("move_job", {"job": "j", "to": "first"}),
        ("retry_jobs", {}),
        ("limit_cache", {"limit": 5}),
        ("clean_cache", {"kinds": ["proxies"]}),
        ("switch_library", {"library": "another"}),
    ):
        refused(ask("anna", call, **request), "Only an admin can")
    assert ask("ada", "pause_work", on=True)["ok"] and ask("anna", "work")["data"]["paused"]
    assert ask("ada", "pause_work", on=False)["ok"] and not ask("anna", "work")["data"]["paused"]
    assert "studio serve" in ask("ada", "switch_library", library="another")["error"]
    assert ask("anna", "session")["data"]["libraries"] == [] and ask("anna", "session")["data"]["library"] == ""
