"""What gets installed: one package, with its models, pages and weights, and without what only this project needs."""

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]


def checkout(target: Path, links: bool) -> Path:
    """A copy of what git has; without `links` they are files that name where they lead, as on Windows."""
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if not name.startswith(("tests/", "docs/")) and (ROOT / name).exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if not (ROOT / name).is_symlink():
                (target / name).write_bytes((ROOT / name).read_bytes())
            elif links:
                (target / name).symlink_to((ROOT / name).readlink())
            else:
                (target / name).write_text(str((ROOT / name).readlink()), "utf-8")
    return target


def build(source: Path, target: Path, what: str = "wheel") -> Path:
    """The wheel (or "sdist") of a folder with a pyproject.toml."""
    code = f"from setuptools.build_meta import build_{what}; import sys; print(build_{what}(sys.argv[1]))"
    command = [sys.executable, "-W", "ignore", "-c", code, str(target)]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return target / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a checkout without links."""
    folder = tmp_path_factory.mktemp("wheel")
    return build(checkout(folder / "copy", links=False), folder)


def names_in(wheel: Path) -> set[str]:
    """The files in it, without what tells about them."""
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    return names_in(wheel)


def test_nothing_is_installed_beside_the_studio(names: set[str]) -> None:
    top = {PurePosixPath(name).parts[0] for name in names}
    assert top == {"studio"}


def test_links_make_no_difference(names: set[str], tmp_path: Path) -> None:
    source = checkout(tmp_path / "copy", links=True)
    assert names_in(build(source, tmp_path)) == names


def test_a_wheel_of_the_source_archive_is_the_same(names: set[str], tmp_path: Path) -> None:
    archive = build(checkout(tmp_path / "copy", links=False), tmp_path, "sdist")
    with tarfile.open(archive) as opened:
        assert not [member.name for member in opened if member.issym() or member.islnk()]
        opened.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    assert names_in(build(source, tmp_path)) == names


def test_everything_of_the_studio_is_there_but_the_recipes(names: set[str]) -> None:
    wanted = {
        f"studio/{file.relative_to(root).as_posix()}" if root.name == "studio" else
        f"studio/{root.name}/{file.relative_to(root).as_posix()}"
        for root in (ROOT / "studio", ROOT / "models", ROOT / "assets")
        for file in root.rglob("*")
        if file.is_file() and "__pycache__" not in file.parts and not file.is_relative_to(ROOT / "studio" / "recipes")
    }  # fmt: skip
    assert {name for name in wanted - names if not name.endswith(".pyc")} == set()
    assert not [name for name in names if name.startswith("studio/recipes")]
    assert "studio/models/weights/studio-lite.safetensors" in names and "studio/assets/pages/annotate.html" in names
