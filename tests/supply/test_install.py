"""Ours in an empty environment: `studio demo` runs from the wheel, and a checkout without links can be installed."""

import contextlib
import os
import socket
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.supply.test_wheel import build, checkout

pytestmark = pytest.mark.release
SCRIPTS = "Scripts" if os.name == "nt" else "bin"
WITHIN_S = 300
CLEAN: Mapping[str, str] = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "STUDIO"))}


def empty(folder: Path) -> Path:
    """The scripts of an environment with the dependencies of the one that runs the tests, read where they are: PyTorch
    need not be copied for it. What is installed there for editing is not in it."""
    venv.create(folder, with_pip=False)
    scripts = folder / SCRIPTS
    inside = printed(scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))")
    # other files that end in .pth are read in the environment's own folder only
    (Path(inside) / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return scripts


def install(scripts: Path, *what: Path | str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", scripts / "python", "install", "--quiet", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--ignore-installed", *what], check=True, env=CLEAN, cwd=scripts)


def printed(*command: Path | str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=CLEAN, cwd=cwd)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts of an environment with the wheel."""
    folder = tmp_path_factory.mktemp("installed")
    scripts = empty(folder / "empty")
    install(scripts, build(checkout(folder / "copy", links=False), folder))
    return scripts


@contextlib.contextmanager
def demo(scripts: Path, folder: Path) -> Iterator[str]:
    """`studio demo`, which prints into the file `printed`; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [scripts / "studio", "demo", "--home", folder / "home", "--port", str(port), "--no-browser"]
    with (folder / "printed").open("wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=CLEAN, stdout=output, stderr=subprocess.STDOUT)
        try:
            yield f"http://127.0.0.1:{port}"
            assert process.poll() is None, "it went on serving"
        finally:
            process.terminate()
            process.wait(60)


def answer(url: str, said: Path) -> str:
    """What is served at an address, once it is."""
    end = time.monotonic() + WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as reply:
                return str(reply.read().decode())
        except OSError:
            assert time.monotonic() < end, said.read_text("utf-8")
            time.sleep(0.5)


def test_what_runs_is_the_wheel(installed: Path, tmp_path: Path) -> None:
    code = (
        "import studio, studio.models, studio.assets as a; print(studio.__file__, studio.models.__file__, a.__file__)"
    )
    files = printed(installed / "python", "-c", code, cwd=tmp_path).split()
    assert [file for file in files if not Path(file).is_relative_to(installed.parent)] == []


def test_the_demo_runs_from_it(installed: Path, tmp_path: Path) -> None:
    with demo(installed, tmp_path) as url:
        page = answer(f"{url}/", tmp_path / "printed")
        script = answer(f"{url}/web/js/sync/api.js", tmp_path / "printed")
    assert 'content="Moment Studio"' in page
    assert "export" in script
    said = printed(
        installed / "studio",
        "search",
        "a bicycle on a street",
        "--top",
        "1",
        "--home",
        str(tmp_path / "home"),
        cwd=tmp_path,
    )
    assert said.split()[-1] in ("Bikes.mp4", "Reel.mp4"), "the two with bicycles in them"


def test_a_checkout_without_links_can_be_installed_for_editing(tmp_path: Path) -> None:
    source = checkout(tmp_path / "copy", links=False)
    scripts = empty(tmp_path / "empty")
    install(scripts, "--no-build-isolation", "--editable", source)
    code = "import studio.models.interfaces as i, studio.assets as a; print(i.__file__, a.__file__)"
    for folder in (tmp_path, source):
        files = printed(scripts / "python", "-c", code, cwd=folder).split()
        assert [file for file in files if not Path(file).is_relative_to(source)] == [], folder
