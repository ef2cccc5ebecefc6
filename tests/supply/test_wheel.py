"""What gets installed: one package, with its models, pages and weights, and without what only this project needs."""

import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "from setuptools.build_meta import build_wheel; import sys; build_wheel(sys.argv[1])"
    copy = folder / "copy"
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split(
        "\n"
    )
    for name in filter(None, tracked):
        if not name.startswith(("tests/", "docs/")) and (ROOT / name).exists():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / name).is_symlink():
                (copy / name).symlink_to((ROOT / name).readlink())
            else:
                (copy / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=copy, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        return set(opened.namelist())


def test_nothing_is_installed_beside_the_studio(names: set[str]) -> None:
    top = {PurePosixPath(name).parts[0] for name in names}
    assert {part for part in top if not part.endswith(".dist-info")} == {"studio"}


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
