"""Models are loaded once for the whole run; the data for measuring lies beside the checkout, where it exists."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from studio import models


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of training and test data. Tests that need it are skipped where it is absent, and only then."""
    folder = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the data for measuring is not on this machine")
    return folder


@pytest.fixture(scope="session")
def lite() -> Any:
    return models.load("text_video", device="cpu")


@pytest.fixture(scope="session")
def faces() -> Any:
    return models.load("face_detector", device="cpu")


@pytest.fixture(scope="session")
def expression() -> Any:
    return models.load("expression", device="cpu")


@pytest.fixture(scope="session")
def dialog() -> Any:
    return models.load("dialog_emotion", device="cpu")


@pytest.fixture(scope="session")
def voice() -> Any:
    return models.load("voice_activity", device="cpu")


@pytest.fixture(scope="session")
def speaker() -> Any:
    return models.load("active_speaker", device="cpu")


@pytest.fixture
def pictures() -> np.ndarray:
    """Five different smooth pictures (5, 90, 160, 3)."""
    y, x = np.mgrid[0:90, 0:160]
    waves = [127 + 120 * np.sin(x / (5 + 4 * k) + k) * np.cos(y / (9 + 3 * k)) for k in range(15)]
    return np.stack(waves).reshape(5, 3, 90, 160).transpose(0, 2, 3, 1).astype(np.uint8)
