"""The browser's modules by themselves, in node's own test runner (tests/browser has them in a page)."""

import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed; .ci/run installs it")
def test_every_module() -> None:
    tests = sorted(str(file) for file in HERE.glob("*.test.mjs"))
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "# fail 0" in done.stdout and "# tests 0" not in done.stdout
