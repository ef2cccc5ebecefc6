"""`make test` finds a browser or brings one; where it cannot, it says what to do."""

import os
from pathlib import Path

import pytest

from tests import setup_browser


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a browser: a folder that is the whole PATH, and nothing that Playwright fetched."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(setup_browser, "_of_playwright", lambda: None)
    return folder


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_what_is_there_is_used(programs: Path) -> None:
    program(programs, "chromium", "exit 1")  # as the script that says: install the snap
    chrome = program(programs, "google-chrome", "echo Chrome 150")
    assert setup_browser.find_browser() == chrome

    def never() -> None:
        raise AssertionError("nothing is to be installed")

    assert setup_browser.main([never]) == 0


@pytest.mark.parametrize("named", ["chromium-headless-shell", "chromium"])
def test_root_installs_the_systems_package(programs: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """The browser without windows where the system has it, else the whole one."""
    calls = programs / "calls"
    source = program(programs.parent, "source", "echo Chromium 150")
    install = f'case "$*" in *" {named} "*) /bin/cp {source} {programs}/{named};; *) exit 100;; esac'
    program(programs, "apt-get", f'echo "$@" >>{calls}; test "$1" = update && exit; {install}')
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert setup_browser.main([setup_browser.install_by_packages]) == 1
    assert not calls.exists(), "only root may"
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert setup_browser.main([setup_browser.install_by_packages]) == 0
    tries = ["install"] if named == "chromium-headless-shell" else ["install", "install"]
    assert [line.split()[0] for line in calls.read_text().splitlines()] == ["update", *tries]
    assert setup_browser.browser_path() == programs / named


def test_the_browser_without_windows_is_taken_first(programs: Path) -> None:
    program(programs, "chromium", "echo Chromium 150")
    shell = program(programs, "chromium-headless-shell", "echo Chromium 150")
    assert setup_browser.find_browser() == shell


def test_playwright_comes_second(programs: Path) -> None:
    done: list[str] = []

    def fetched() -> None:
        done.append("fetched")
        program(programs, "chromium", "echo Chromium 150")

    assert setup_browser.main([lambda: done.append("packages"), fetched]) == 0
    assert done == ["packages", "fetched"]


def test_without_a_browser_the_cure_is_said_once(programs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert setup_browser.main([]) == 1
    assert capsys.readouterr().err == f"{setup_browser.CURE}\n"
    with pytest.raises(FileNotFoundError, match=r"tests\.setup_browser"):
        setup_browser.browser_path()
