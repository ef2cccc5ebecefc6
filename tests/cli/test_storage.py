"""`studio storage`: what the library takes, and room that is made from a terminal."""

import json
import os
from pathlib import Path

import pytest

from studio.cli import main
from studio.cli.storage import size_text
from studio.config import Settings
from studio.index import Cache
from studio.store import Store, videos
from tests.conftest import VIDEO


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A library with a copy of 1,000 bytes that nobody used for hours."""
    settings = Settings(home=tmp_path / "home").ensure()
    store = Store(settings.database)
    store.write(lambda db: videos.insert(db, dict(VIDEO)))
    store.close()
    cache = Cache(settings.cache)
    cache.write("v1", "proxy.mp4", b"x" * 1000)
    os.utime(cache.folder("v1"), (1e9, 1e9))
    return settings.home


def asked(home: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, object]:
    assert main(["storage", *arguments, "--json", "--home", str(home)]) == 0
    return dict(json.loads(capsys.readouterr().out))


def test_it_says_what_is_held_and_makes_room(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = asked(home, capsys)
    assert {each["kind"]: each["bytes"] for each in found["kinds"]}["proxies"] == 1000  # type: ignore[attr-defined]
    assert [each["id"] for each in found["largest"]] == ["v1"]  # type: ignore[attr-defined]
    preview = asked(home, capsys, "clean", "--preview", "--kind", "proxies")
    assert preview["bytes"] == 1000 and Cache(home / "cache").has("v1", "proxy.mp4")
    assert asked(home, capsys, "clean", "--to", "1MB")["bytes"] == 0
    assert asked(home, capsys, "clean")["bytes"] == 1000 and not Cache(home / "cache").has("v1", "proxy.mp4")
    assert asked(home, capsys, "limit", "5GB")["cache"]["limit"] == 5 * 10**9  # type: ignore[index]
    assert asked(home, capsys, "limit", "off")["cache"]["limit"] == 0  # type: ignore[index]
    assert main(["storage", "--home", str(home)]) == 0
    assert "of it are the cache; " in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["limit"], "limit SIZE"),
        (["show", "5GB"], "limit SIZE"),
        (["--to", "5GB"], "go with clean"),
        (["limit", "much"], "write it like 5GB"),
        (["limit", "1kB"], "at least 0.1 GiB"),
    ],
)
def test_misuse_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert main(["storage", *arguments, "--home", str(home)]) == 2
    assert says in capsys.readouterr().err


def test_sizes_as_people_read_them() -> None:
    sizes = 0, 999, 1500, 20_000, 5 << 30, 3 << 40, 5 << 50
    assert [size_text(each) for each in sizes] == [
        "0 B",
        "999 B",
        "1.5 KiB",
        "20 KiB",
        "5.0 GiB",
        "3.0 TiB",
        "5120 TiB",
    ]
