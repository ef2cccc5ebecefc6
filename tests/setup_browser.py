"""Sees to it that there is a browser for the tests: `python -m tests.setup_browser` (`make test` runs it).

One that is there is used; else one is installed: by the system's packages where that is allowed, else by Playwright.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

# The shell comes first: without windows, each page costs a third of the processor time.
NAMES = (
    "chromium-headless-shell", "chrome-headless-shell",
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)  # fmt: skip
CURE = "The browser tests need Chromium or Chrome, and none could be installed: install one, then run this again."


def find_browser() -> Path | None:
    """The first Chromium or Chrome here that starts; None where there is none."""
    known = [Path(found) for name in NAMES if (found := shutil.which(name))]
    return next((path for path in known if _starts(path)), None) or _of_playwright()


def browser_path() -> Path:
    """The browser to test with; raises FileNotFoundError with the cure where there is none."""
    found = find_browser()
    if found is None:
        raise FileNotFoundError("No Chromium or Chrome was found; run: python -m tests.setup_browser")
    return found


def _starts(path: Path) -> bool:
    # some systems have a script of this name that only says how to install it
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _of_playwright() -> Path | None:
    with sync_playwright() as playwright:
        path = Path(playwright.chromium.executable_path)
    return path if path.exists() and _starts(path) else None


def install_by_packages() -> None:
    """As root, on Debian and what is built on it."""
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    subprocess.run(["apt-get", "update", "-qq"], env=environment)
    for name in ("chromium-headless-shell", "chromium"):  # not every system has the first
        wanted = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", name, "fonts-dejavu-core"]
        if subprocess.run(wanted, env=environment).returncode == 0:
            return


def install_by_playwright() -> None:
    """Into the user's own cache; Linux may still lack libraries that it needs."""
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"])


WAYS = (install_by_packages, install_by_playwright)


def main(ways: Sequence[Callable[[], None]] = WAYS) -> int:
    """0 when there is a browser in the end; else 1, and a sentence that says what to do."""
    for install in (None, *ways):
        if install is not None:
            install()
        if find_browser() is not None:
            return 0
    print(CURE, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
