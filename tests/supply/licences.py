"""What every package that the lock names is licensed under, as docs/licences.md: `python -m tests.supply.licences`.

Licences are what the installed packages say of themselves. A package for other machines only, which is not installed
where this runs, keeps the line that it had.
"""

import re
import sysconfig
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).parents[2]
LOCK, PAGE = ROOT / "requirements.lock", ROOT / "docs" / "licences.md"
HEAD = """# Licences of what Moment Studio is built on

Moment Studio itself is under the Apache License 2.0. Each package below is installed by `make install` at the version
that `requirements.lock` names, and says this of its licence; the weights of models have theirs in [models](models.md)
and in their cards. This page is written by `make lock`, and a test compares it with the lock.

| package | version | licence |
|---|---|---|
"""
ELSEWHERE = "for other machines"
# A few packages do not say it in their metadata; the files of their licences or their publishers do.
SAID_ELSEWHERE = {
    "axe-playwright-python": "MIT; the axe-core inside is MPL-2.0",
    "cuda-toolkit": "NVIDIA Software License",
    "pyannote-core": "MIT",
    "pyannote-database": "MIT",
    "pympi-ling": "MIT",
}


def locked() -> dict[str, str]:
    """The packages of the lock and their versions."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE))


def licence(name: str) -> str | None:
    """One line; None for a package that is not installed here."""
    # only where packages are installed to: Ray, once imported, puts a folder of its own copies on the path
    places = [sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    package = next(iter(metadata.distributions(name=name, path=places)), None)
    if package is None:
        return None
    facts = package.metadata
    named = [line.rpartition(" :: ")[2] for line in facts.get_all("Classifier") or [] if line.startswith("License ::")]
    short = (facts.get("License") or "").strip()
    said = facts.get("License-Expression") or (short if 0 < len(short) < 60 and "\n" not in short else "")
    said = said or ", ".join(name for name in named if name != "OSI Approved") or short.partition("\n")[0]
    return (SAID_ELSEWHERE.get(name) or said.strip().replace("|", "/")[:100]) or "not stated"


def listed() -> dict[str, tuple[str, str]]:
    """The page's rows: package → version and licence."""
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {name: (version, said) for name, version, said in rows if name != "package"}


def write() -> None:
    """Bring the page up to date."""
    before = listed() if PAGE.exists() else {}
    rows = [
        f"| {name} | {version} | {licence(name) or before.get(name, ('', ELSEWHERE))[1]} |"
        for name, version in sorted(locked().items(), key=lambda item: item[0].lower())
    ]
    PAGE.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write()
