"""What several rooms' tests share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.store import Store, videos

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data"

VIDEO = {
    "id": "v1", "name": "talk.mp4", "path": "/films/talk.mp4", "sha256": "0" * 64, "size": 1000,
    "start_us": 0, "duration_us": 60_000_000, "width": 640, "height": 360, "rotation": 0, "fps": 25.0, "vfr": 0,
    "frame_count": 1500, "codec": "h264", "audio": "aac", "browser_playable": 1,
}  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty library with one (unwatchable) video in it."""
    opened = Store(tmp_path / "studio.db")
    opened.write(lambda db: videos.add(db, dict(VIDEO)))
    yield opened
    opened.close()
