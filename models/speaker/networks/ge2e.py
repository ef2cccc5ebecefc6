"""The network of GE2E (Wan et al., ICASSP 2018): spectra of a second or two → a unit vector of their speaker."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import nn


class Ge2e(nn.Module):
    """Three layers of LSTM, the last state through a linear layer; `weights` is a checkpoint of Resemblyzer."""

    def __init__(self, weights: Path, bands: int, dim: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(bands, dim, 3, batch_first=True)
        self.linear = nn.Linear(dim, dim)
        state = torch.load(weights, map_location="cpu", weights_only=True)["model_state"]
        self.load_state_dict({key: value for key, value in state.items() if key.startswith(("lstm", "linear"))})
        self.eval()

    @torch.inference_mode()
    def places(self, pieces: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Mel spectra (N, T, bands) → unit vectors (N, dim), nowhere negative."""
        _, (hidden, _) = self.lstm(torch.from_numpy(pieces))
        return np.asarray(nn.functional.normalize(torch.relu(self.linear(hidden[-1])), dim=1).numpy())
