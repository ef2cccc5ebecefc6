"""What several rooms' tests share."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

from studio import models
from studio.assets.demo import CLIPS, clip_folder
from studio.config import Settings
from studio.service import Studio
from studio.store import Store, videos

# The same examples each time, so that what fails is what was changed, and not a busy machine;
# --hypothesis-profile=default looks for others.
hypothesis.settings.register_profile("push", derandomize=True, deadline=None)
hypothesis.settings.load_profile("push")

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"

VIDEO = {
    "id": "v1", "name": "talk.mp4", "path": "/films/talk.mp4", "sha256": "0" * 64, "size": 1000,
    "start_us": 0, "duration_us": 60_000_000, "width": 640, "height": 360, "rotation": 0, "fps": 25.0, "vfr": 0,
    "frame_count": 1500, "codec": "h264", "audio": "aac", "browser_playable": 1,
}  # fmt: skip


@pytest.fixture(scope="session", autouse=True)
def own_config(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept for all libraries of a person is not that of whoever runs the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STUDIO_CONFIG", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session", autouse=True)
def default_encoder_once() -> Iterator[None]:
    """Studios that work in this process have one default encoder together: each would load it anew."""

    class Models:
        def __getattr__(self, name: str) -> Any:
            return getattr(models, name)

        def load(self, task: str, name: str | None, device: str, folder: Path) -> Any:
            if (task, name) != ("text_video", None):
                return models.load(task, name, device, folder)
            if device not in loaded:
                loaded[device] = models.load(task, name, device, folder)
            return loaded[device]

    loaded: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("studio.tasks.context.models", Models())
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a new library: to copy it takes a thirtieth of what the migrations take."""
    path = tmp_path_factory.mktemp("empty") / "studio.db"
    Store(path).close()
    return path


@pytest.fixture
def store(tmp_path: Path, empty_database: Path) -> Iterator[Store]:
    """An empty library with one (unwatchable) video in it."""
    shutil.copy(empty_database, tmp_path / "studio.db")
    opened = Store(tmp_path / "studio.db")
    opened.write(lambda db: videos.insert(db, dict(VIDEO)))
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def clips() -> dict[str, Path]:
    """Real clips, by the first word of their names: bigbuckbunny, bikes, carphone."""
    return {name.split(".")[0].split("_")[0]: clip_folder() / name for name in CLIPS}


@pytest.fixture
def studio(tmp_path: Path, empty_database: Path) -> Iterator[Studio]:
    """An empty library that works in this process."""
    settings = Settings(home=tmp_path / "home").ensure()
    shutil.copy(empty_database, settings.home / "studio.db")
    opened = Studio(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def indexed(tmp_path_factory: pytest.TempPathFactory, clips: dict[str, Path]) -> Iterator[Studio]:
    """A library with the real clips in it, indexed once for the whole run; tests must not remove its videos."""
    opened = Studio(Settings(home=tmp_path_factory.mktemp("indexed")))
    for clip in clips.values():
        opened.jobs.index(opened.videos.add(clip)["id"])
    yield opened
    opened.close()
