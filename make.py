"""What `make` does, on systems that have no make, too: `python3 make.py run` (`py make.py run` on Windows).

    run           install what is needed into .venv, build the demo library, open it in the browser
    test          install what the tests need, run linters and tests
    test-release  the long tests, too
    lint, format  check style, types and layers; repair style
    bench         the benchmarks
    install       only install
    lock, lock-js after a change of the dependencies in pyproject.toml (needs uv) or package.json
    clean         remove all that was installed or built

It needs Python 3.11 and nothing else; install and run are quick the second time.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
SCRIPTS = ROOT / ".venv" / ("Scripts" if os.name == "nt" else "bin")
PYTHON = SCRIPTS / ("python.exe" if os.name == "nt" else "python")
SYSTEMS = ("linux", "darwin", "win32")
JS = ("assets/web/js", "tests/js", "eslint.config.js")
PRETTIER = ("--log-level", "warn", *JS, "tsconfig.json", "package.json")
BUILT = (
    ".venv", "node_modules", "build", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache",
    ".hypothesis", "moment_studio.egg-info",
)  # fmt: skip


def call(*command: "str | Path") -> None:
    """Run a program here; what fails ends this one, with the same status."""
    status = subprocess.call([str(part) for part in command], cwd=str(ROOT))
    if status:
        sys.exit(status)


def call_together(commands: "list[list[str | Path]]") -> None:
    """Run several programs at once; when all have ended, one that failed ends this one."""
    running = [subprocess.Popen([str(part) for part in command], cwd=str(ROOT)) for command in commands]
    failed = [process.args for process in running if process.wait()]
    if failed:
        sys.exit(1)


def call_into(log: Path, commands: "list[list[str | Path]]") -> bool:
    """Run programs one after the other, whose output goes into a file; whether one of them failed."""
    with log.open("wb") as out:
        statuses = [
            subprocess.call([str(part) for part in command], cwd=str(ROOT), stdout=out, stderr=subprocess.STDOUT)
            for command in commands
        ]
    return any(statuses)


def python(*arguments: str) -> None:
    """Run the environment's Python."""
    call(PYTHON, *arguments)


def is_newer(stamp: Path, *sources: str) -> bool:
    """Whether a file was written after these."""
    return stamp.exists() and all(stamp.stat().st_mtime >= (ROOT / name).stat().st_mtime for name in sources)


def install() -> None:
    stamp = ROOT / ".venv" / ".installed"
    if is_newer(stamp, "pyproject.toml", "setup.py", "requirements.lock"):
        return
    if not PYTHON.exists():
        call(sys.executable, "-m", "venv", ROOT / ".venv")
    pip = ("-m", "pip", "--disable-pip-version-check", "install", "--quiet")
    # the lock is whole, and leaves out what a package asks for in vain ([tool.uv] in pyproject.toml)
    python(*pip, "--require-hashes", "--no-deps", "--requirement", "requirements.lock")
    python(*pip, "--no-deps", "--no-build-isolation", "--editable", ".")
    stamp.touch()


def install_node() -> None:
    """What checks the browser's modules; the product needs none of it."""
    install()
    stamp = ROOT / "node_modules" / ".installed"
    if not is_newer(stamp, "package.json", "package-lock.json"):
        python("-m", "tests.node", "install")
        stamp.touch()


def run() -> None:
    install()
    python("-m", "studio.cli", "demo")


def check_style() -> None:
    install_node()
    python("-m", "ruff", "check", ".")
    python("-m", "ruff", "format", "--check", ".")
    call(SCRIPTS / "lint-imports")
    python("-m", "tests.node", "tsc")
    python("-m", "tests.node", "eslint", *JS)
    python("-m", "tests.node", "prettier", "--check", *PRETTIER)


def type_checks() -> "list[list[str | Path]]":
    """The commands that check types, one for each system."""
    mypy = (PYTHON, "-m", "mypy", "--cache-dir")
    return [[*mypy, ".mypy_cache/" + system, "--platform", system] for system in SYSTEMS]


def lint() -> None:
    check_style()
    call_together(type_checks())


def format() -> None:
    install_node()
    python("-m", "ruff", "format", ".")
    python("-m", "tests.node", "prettier", "--write", *PRETTIER)


# What runs beside all other tests, each part for about as long: three processes keep two cores busy, since tests wait
# for pages and jobs much of their time, and the check of types takes what they leave.
BESIDE = {
    "browser": ("tests/browser",),
    "service": ("tests/service", "tests/models", "tests/cli", "tests/tasks", "tests/golden", "tests/plugins"),
}


def test() -> None:
    check_style()
    python("-m", "tests.setup_browser")
    (ROOT / "build").mkdir(exist_ok=True)
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads of three processes would wait for each other on two cores
    pytest = (PYTHON, "-m", "pytest")
    others = ["--ignore=" + folder for folders in BESIDE.values() for folder in folders]
    parts = {name: [[*pytest, *folders]] for name, folders in BESIDE.items()}
    parts["types"] = type_checks()
    logs = {name: ROOT / "build" / (name + ".log") for name in parts}
    with ThreadPoolExecutor(len(parts)) as pool:
        beside = [pool.submit(call_into, logs[name], commands) for name, commands in parts.items()]
        failed = [subprocess.call([str(part) for part in (*pytest, *others)], cwd=str(ROOT))]
        failed += [each.result() for each in beside]
    sys.stdout.flush()
    for log in logs.values():
        sys.stdout.buffer.write(log.read_bytes())
    sys.exit(1 if any(failed) else 0)


def test_release() -> None:
    install()
    python("-m", "tests.setup_browser")
    python("-m", "pytest", "-m", "release or not release")


def bench() -> None:
    install()
    python("-m", "tests.bench")


def lock() -> None:
    """Versions stay where they still fit. It needs uv, which needs no installing here."""
    call(
        "uv", "pip", "compile", "pyproject.toml", "--extra", "dev", "--universal", "--python-version", "3.11",
        "--generate-hashes", "--quiet", "--no-emit-index-url", "--custom-compile-command", "make lock",
        "--output-file", "requirements.lock",
    )  # fmt: skip
    python("-m", "tests.supply.licences")


def lock_js() -> None:
    install()
    python("-m", "tests.node", "lock")


def clean() -> None:
    for name in BUILT:
        shutil.rmtree(str(ROOT / name), ignore_errors=True)


TARGETS = {
    "run": run, "test": test, "test-release": test_release, "lint": lint, "format": format, "bench": bench,
    "install": install, "lock": lock, "lock-js": lock_js, "clean": clean,
}  # fmt: skip


def main(asked: "list[str]") -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 (whoever has an older one must read it)
        sys.exit("Moment Studio needs Python 3.11 or newer, and this is " + sys.version.split()[0] + ".")
    if not asked or not set(asked) <= set(TARGETS):
        sys.exit(__doc__)
    for name in asked:
        TARGETS[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
