"""What is installed is what was looked at: locked by hash, licensed as listed, without a known hole."""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.supply.licences import LOCK, ROOT, licence, listed, locked

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_the_lock_holds_every_dependency_with_hashes() -> None:
    versions = {canonicalize_name(name): version for name, version in locked().items()}
    for text in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]:
        wanted = Requirement(text)
        found = versions.get(canonicalize_name(wanted.name))
        assert found is not None, f"{wanted.name} is not locked; run: make lock"
        assert wanted.specifier.contains(found, prereleases=True), f"{wanted} is locked at {found}; run: make lock"
    blocks = re.split(r"^(?=[A-Za-z0-9])", LOCK.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert len(blocks) == len(versions)
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_lock_names_no_place_to_install_from() -> None:
    text = LOCK.read_text(encoding="utf-8")
    assert not re.search(r"://|--(index-url|extra-index-url|find-links|trusted-host)", text)
    assert [name for name, package in tools().items() if "resolved" in package] == []


MACHINES = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64"))


def place(system: str, machine: str) -> dict[str, str]:
    return {"sys_platform": system, "platform_machine": machine, "python_version": "3.12"}


def test_decord_is_asked_for_only_where_it_exists() -> None:
    """It has no wheel for Macs with Apple silicon; PyAV, which does its work, is asked for everywhere."""
    named = {Requirement(text).name: Requirement(text) for text in PROJECT["dependencies"]}
    line = re.search(r"^decord==[^;]+; (.*) \\$", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    assert line is not None, "the lock keeps the marker"
    for marker in (named["decord"].marker, Marker(line[1])):
        assert marker is not None
        asked = [where for where in MACHINES if marker.evaluate(place(*where))]
        assert asked == [("linux", "x86_64")]
    assert named["av"].marker is None


def test_opencv_is_installed_once() -> None:
    """RapidOCR asks for the same files by another package; two would lie over each other. The lock is installed without
    what packages ask for, so it has to say so itself."""
    text = LOCK.read_text(encoding="utf-8")
    asked = {
        name: [Marker(marker).evaluate(place(*where)) for where in MACHINES] if marker else [True] * len(MACHINES)
        for name, marker in re.findall(r"^(opencv[a-z-]*)==[^ ;]+(?: ; (.*))? \\$", text, re.MULTILINE)
    }
    assert asked == {"opencv-python": [True] * 4, "opencv-python-headless": [False] * 4}
    assert '"--no-deps", "--requirement", "requirements.lock"' in (ROOT / "make.py").read_text(encoding="utf-8")


@pytest.mark.release
@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13", "3.14"])
@pytest.mark.parametrize("target", ["x86_64-unknown-linux-gnu", "aarch64-apple-darwin", "x86_64-pc-windows-msvc"])
def test_every_locked_package_has_a_wheel(target: str, python: str, tmp_path: Path) -> None:
    """Nobody needs a compiler. It asks the index of packages, and downloads none of them."""
    uv = shutil.which("uv") or shutil.which("uv", path=str(Path(sys.executable).parent))
    if uv is None:
        pytest.skip("uv is not here, which knows what other systems install")
    command = [uv, "pip", "install", "--dry-run", "--no-deps", "--only-binary", ":all:", "--target", str(tmp_path),
               "--python-platform", target, "--python-version", python, "--requirement", str(LOCK)]  # fmt: skip
    # PyAV is built for this macOS and later ones
    environment = {**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode and "no usable wheels" not in done.stderr:
        pytest.skip("the index of packages cannot be reached from here")
    assert done.returncode == 0, done.stderr
    planned = dict(re.findall(r"^ \+ (\S+)==(\S+)$", done.stderr, re.MULTILINE))
    assert planned.items() <= {(canonicalize_name(name), version) for name, version in locked().items()}
    assert len(planned) > 0.8 * len(locked())


def tools() -> dict[str, dict[str, str]]:
    """The packages that check the browser's modules, by their place in node_modules."""
    packages = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {name: package for name, package in packages.items() if name}


def test_tools_of_the_browser_modules_are_locked_by_hash() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert wanted.keys().isdisjoint({"dependencies", "scripts"}), "the product needs nothing of npm, and runs nothing"
    locked_at = {name: tools()[f"node_modules/{name}"]["version"] for name in wanted["devDependencies"]}
    assert locked_at == wanted["devDependencies"], "run: make lock-js"
    assert [name for name, package in tools().items() if not package["integrity"].startswith("sha512-")] == []


def test_every_licence_is_listed_and_current() -> None:
    page, wanted = listed(), locked()
    assert page.keys() == wanted.keys(), f"run: make lock ({sorted(page.keys() ^ wanted.keys())})"
    for name, version in wanted.items():
        assert page[name][0] == version, f"{name}; run: make lock"
        here = licence(name)
        assert here is None or page[name][1] == here, f"{name}; run: make lock"
        assert page[name][1] != "not stated", f"{name} does not state its licence; look it up"


@pytest.mark.release
def test_no_package_has_a_known_hole(tmp_path: Path) -> None:
    """Asks the databases of advisories; where none knows the packages, nothing was learnt, and the test says so."""
    for service in ("pypi", "osv"):
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip", "--require-hashes",
                   "--format", "json", "--progress-spinner", "off", "--vulnerability-service", service]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        found = json.loads(done.stdout)["dependencies"] if done.stdout.strip() else []
        audited = [each for each in found if "skip_reason" not in each]
        holes = {each["name"]: [hole["id"] for hole in each["vulns"]] for each in audited if each["vulns"]}
        assert holes == {}
        if len(audited) > 0.9 * len(locked()):
            return
    pytest.skip("no database of advisories can be reached from here: the packages were not audited")
