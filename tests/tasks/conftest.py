"""What several tests of tasks read."""

from pathlib import Path

import pytest

from tests.conftest import SHARED


@pytest.fixture(scope="session")
def faces_folder() -> Path:
    """Talking people with sound, where they are on this machine."""
    folder = SHARED / "faces"
    if not folder.is_dir():
        pytest.skip("the data for measuring is not on this machine")
    return folder
