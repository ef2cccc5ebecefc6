"""A library with users lets nobody else in, and says itself who did what."""

import hashlib
import json
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from studio.app import create_app
from studio.app.server import serve
from studio.cli import main
from studio.config import Settings
from studio.errors import PermissionDenied, UsageError
from studio.service import Studio
from studio.service.accounts.users import TRIES, TRIES_ANY_NAME, Users
from studio.service.system.backup import backup, restore

PAGE = {"accept": "text/html"}
BERTA = {"name": "berta", "password": "correct horse"}


@pytest.fixture
def guarded(studio: Studio) -> Studio:
    studio.users.put(BERTA["name"], BERTA["password"])
    return studio


@pytest.fixture
def client(guarded: Studio) -> Iterator[TestClient]:
    with TestClient(create_app(guarded), base_url="http://127.0.0.1:7860", follow_redirects=False) as made:
        yield made


def test_a_stranger_sees_the_form_and_nothing_else(client: TestClient, guarded: Studio, clips: dict[str, Path]) -> None:
    video = guarded.videos.add(clips["bikes"])["id"]
    assert client.get("/", headers=PAGE).headers["location"] == "/login"
    assert "Log in" in client.get("/login").text
    assert client.get("/web/css/studio.css").status_code == 200
    closed = ["/config", "/gradio_api/info", f"/media/{video}", f"/thumbnail/{video}", f"/array/{video}/pts",
              f"/sound/{video}?level=0&tile=0", f"/export/{video}", "/found?question={}&format=json",
              "/web/studio.js"]  # fmt: skip
    assert {path: client.get(path).status_code for path in closed} == dict.fromkeys(closed, 401)
    assert client.post("/upload?name=x.mp4", content=b"x").status_code == 401
    assert client.post("/gradio_api/component_server", json={}).status_code == 401
    assert client.get("/", headers={**PAGE, "cookie": "moment_session=guessed"}).status_code == 303


def test_whoever_logs_in_gets_in_until_they_leave(client: TestClient, guarded: Studio) -> None:
    entered = client.post("/login", data=BERTA)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    cookie = entered.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie
    assert client.get("/", headers=PAGE).status_code == 200
    token = client.cookies["moment_session"]
    with sqlite3.connect(guarded.settings.database) as db:
        kept = str(db.execute("SELECT * FROM users").fetchall() + db.execute("SELECT * FROM sessions").fetchall())
    assert token not in kept and BERTA["password"] not in kept and "scrypt$" in kept
    client.post("/logout")
    assert client.get("/", headers={**PAGE, "cookie": f"moment_session={token}"}).headers["location"] == "/login"


def test_a_wrong_password_is_refused_and_soon_all_are(client: TestClient, guarded: Studio) -> None:
    for _ in range(TRIES):
        wrong = client.post("/login", data={**BERTA, "password": "<script>"})
        assert wrong.status_code == 403 and "<script>" not in wrong.text
    assert "Too many" in client.post("/login", data=BERTA).text, "the right one does not help now"
    with pytest.raises(PermissionDenied, match="do not belong together"):
        guarded.users.login("nobody", "whatever it is")
    assert client.post("/login", content=b"x" * 10_000).status_code == 413


def call(client: TestClient, name: str, request: dict[str, Any]) -> Any:
    """A server function as the page calls it."""
    config = client.get("/config").json()
    for component in config["components"]:
        if name in (component["props"].get("server_fns") or []):
            sent = {"data": request, "fn_name": name, "component_id": component["id"], "session_hash": "x"}
            return client.post("/gradio_api/component_server", json=sent).json()
    raise AssertionError(name)


def test_edits_are_signed_by_who_is_logged_in(client: TestClient, guarded: Studio, clips: dict[str, Path]) -> None:
    video = guarded.videos.add(clips["bikes"])["id"]
    client.post("/login", data=BERTA)
    assert call(client, "session", {})["data"]["user"] == "berta"
    edit = {"edit_id": "e", "op": "create", "id": "a", "base_version": 0, "start": 1, "end": 2, "track": "T"}
    theirs = call(client, "save", {"video": video, "edits": [edit], "annotator": "anna"})
    assert theirs["kind"] == "others" and "log in as anna" in theirs["error"]
    for number, name in enumerate(("", "berta")):
        own = {**edit, "edit_id": f"e{number}", "id": f"a{number}"}
        saved = call(client, "save", {"video": video, "edits": [own], "annotator": name})
        assert saved["data"]["results"][0]["annotation"]["annotator"] == "berta"


def test_only_what_is_shared_is_added_by_its_path(client: TestClient, guarded: Studio, clips: dict[str, Path]) -> None:
    client.post("/login", data=BERTA)
    shared = clips["bikes"].parent
    for path in (clips["bikes"], shared, Path("/etc/passwd"), shared / "nowhere.mp4", "..", "~"):
        refused = call(client, "add_path", {"path": str(path)})
        assert refused["ok"] is False and "upload other files" in refused["error"]
    guarded.videos._settings = replace(guarded.settings, folders=(shared.resolve(),))
    assert call(client, "add_path", {"path": str(clips["bikes"])})["data"]["added"] == 1
    for path in (shared.parent, shared / ".." / ".." / "x.mp4", Path("/etc/passwd")):
        assert "upload other files" in call(client, "add_path", {"path": str(path)})["error"]
        assert "upload other files" in call(client, "relink", {"folder": str(path)})["error"]
    for text in ("a\0b", "~nobody-of-this-name/x.mp4"):
        assert "This is no path" in call(client, "add_path", {"path": text})["error"]


def test_a_restored_backup_lets_nobody_in_who_was_in(guarded: Studio, tmp_path: Path) -> None:
    token = guarded.users.login(**BERTA)
    backup(guarded.settings, guarded.store, tmp_path / "backup.db")
    guarded.close()
    restore(guarded.settings, tmp_path / "backup.db")
    with closing(Studio(guarded.settings)) as again:
        assert again.users.required
        assert again.users.user_of(token) is None


def test_others_stay_out_when_the_last_user_is_gone(guarded: Studio) -> None:
    with TestClient(create_app(guarded, "0.0.0.0"), base_url="http://192.168.7.7:7860", follow_redirects=False) as c:
        guarded.users.drop("berta")
        guarded.users._known = (0.0, True)
        assert not guarded.users.required
        assert c.get("/", headers=PAGE).headers["location"] == "/login"
        assert c.get("/login").status_code == 200
        assert c.get("/config").status_code == 401


def test_a_library_that_cannot_be_written_says_so_at_the_login(client: TestClient, guarded: Studio) -> None:
    with closing(sqlite3.connect(guarded.settings.database, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        answer = client.post("/login", data=BERTA)
    assert answer.status_code == 503 and "another program holds" in answer.text


def test_a_new_password_ends_every_session(client: TestClient, guarded: Studio) -> None:
    client.post("/login", data=BERTA)
    assert client.get("/", headers=PAGE).status_code == 200
    guarded.users.put("berta", "another password")
    assert client.get("/", headers=PAGE).status_code == 303


def test_only_a_library_with_users_is_served_to_others(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="studio users add"):
        serve(Settings(home=tmp_path / "home"), "0.0.0.0", 0, open_browser=False)


def test_addresses_are_ours_and_foreign_names_are_not(guarded: Studio) -> None:
    with TestClient(create_app(guarded, "0.0.0.0"), base_url="http://192.168.7.7:7860") as client:
        assert client.get("/login").status_code == 200
        assert client.get("/login", headers={"host": "evil.example"}).status_code == 403
    with TestClient(create_app(guarded), base_url="http://192.168.7.7:7860") as client:
        assert client.get("/login").status_code == 403


def test_the_command_line_keeps_users(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home = ["--home", str(tmp_path / "home")]
    monkeypatch.setenv("STUDIO_PASSWORD", "short")
    assert main(["users", "add", "berta", *home]) == 2
    assert "8 characters" in capsys.readouterr().err
    monkeypatch.setenv("STUDIO_PASSWORD", "long enough")
    assert main(["users", "add", "berta", "--json", *home]) == 0
    assert json.loads(capsys.readouterr().out)["users"][0]["name"] == "berta"
    assert main(["users", "remove", "berta", *home]) == 0
    assert main(["users", "remove", "berta", *home]) == 1
    assert "There is no user" in capsys.readouterr().err


def wrong(users: Users, name: str = "berta", address: str = "10.0.0.9") -> str:
    with pytest.raises(PermissionDenied) as refused:
        users.login(name, "a wrong password", address)
    return str(refused.value)


def test_a_name_takes_one_hash_whether_it_is_known_or_not(guarded: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    real, counted = hashlib.scrypt, []
    monkeypatch.setattr(hashlib, "scrypt", lambda *args, **kwargs: counted.append(1) or real(*args, **kwargs))
    for name in ("berta", "nobody", "", "\ud800", "x" * 5_000):
        counted.clear()
        assert "do not belong together" in wrong(guarded.users, name)
        assert counted == [1], name


def test_twenty_tries_at_once_are_no_more_than_five(guarded: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    real, counted, start = hashlib.scrypt, [], threading.Barrier(20)
    monkeypatch.setattr(hashlib, "scrypt", lambda *args, **kwargs: counted.append(1) or real(*args, **kwargs))

    def attempt(_: int) -> str:
        start.wait()
        return wrong(guarded.users)

    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(attempt, range(20)))
    assert len(counted) == TRIES == sum("belong" in sentence for sentence in said)
    assert sum("Too many" in sentence for sentence in said) == 20 - TRIES


def test_whoever_guesses_shuts_out_nobody_elsewhere(guarded: Studio) -> None:
    guarded.users.put("anna", "another password")
    for _ in range(3 * TRIES):
        wrong(guarded.users)
    assert "Too many" in wrong(guarded.users)
    assert guarded.users.login(**BERTA, address="10.0.0.1"), "the one whose name it is, at her own address"
    assert guarded.users.login("anna", "another password", "10.0.0.9"), "and another name at the guesser's"


def test_one_address_guesses_at_few_names(guarded: Studio) -> None:
    said = [wrong(guarded.users, f"name {n}") for n in range(TRIES_ANY_NAME + 3)]
    assert ["Too many" in sentence for sentence in said] == [False] * TRIES_ANY_NAME + [True] * 3
    for n in range(10):  # who has one network of IPv6 has 2**64 addresses
        last = wrong(guarded.users, address=f"2001:db8::{n}")
    assert "Too many" in last
    assert "belong" in wrong(guarded.users, address="2001:db8:0:1::1")
    assert "belong" in wrong(guarded.users, address="::ffff:10.0.0.7")


def test_a_right_password_does_not_reset_what_was_guessed_at_others(guarded: Studio) -> None:
    guarded.users.put("eve", "eves password")
    for _ in range(TRIES - 1):
        wrong(guarded.users)
    assert guarded.users.login("eve", "eves password", "10.0.0.9")
    assert "belong" in wrong(guarded.users)
    assert "Too many" in wrong(guarded.users)


@pytest.mark.parametrize("held", ["by a later release", "by another program"])
def test_a_log_out_ends_also_where_nothing_can_be_written(client: TestClient, guarded: Studio, held: str) -> None:
    client.post("/login", data=BERTA)
    token = client.cookies["moment_session"]
    with closing(sqlite3.connect(guarded.settings.database, isolation_level=None)) as db:
        if held == "by a later release":
            guarded.store.read_only = "A newer release wrote this library."
        else:
            db.execute("BEGIN IMMEDIATE")
        left = client.post("/logout")
    assert (left.status_code, left.headers["location"]) == (303, "/login")
    assert 'moment_session=""' in left.headers["set-cookie"]
    assert client.get("/", headers={**PAGE, "cookie": f"moment_session={token}"}).headers["location"] == "/login"


@pytest.mark.parametrize("path", [
    "/loginx", "/login/", "/login/x", "/login/gradio_api/info", "/web/css", "/web/css/../js/shell.js",
    "/web/css/%2e%2e/js/shell.js", "/web/icons/..%2fjs/shell.js", "/Login", "//login",
])  # fmt: skip
def test_only_the_form_itself_is_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code in (401, 404)  # not there at all, for what no route is for
