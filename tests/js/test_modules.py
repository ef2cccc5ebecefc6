"""The browser's modules by themselves, in node's own test runner (tests/browser has them in a page)."""

import subprocess
from pathlib import Path

from tests.node import NODE

HERE = Path(__file__).parent


def test_every_module() -> None:
    tests = sorted(str(file) for file in HERE.glob("*.test.mjs"))
    done = subprocess.run([NODE, "--test", "--test-reporter=tap", *tests], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout and "# tests 0" not in done.stdout
