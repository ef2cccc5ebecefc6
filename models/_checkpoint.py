"""Weights out of checkpoints that people bring: formats that can carry code are read without executing any."""

import argparse
import io
import pickle
from pathlib import Path
from typing import Any

import safetensors.torch
import torch

from studio.models.card import ModelError

_WRAPPERS = ("model", "state_dict", "model_state_dict")


def tensors(content: bytes, name: str) -> dict[str, torch.Tensor]:
    """The named tensors in a safetensors file, or in what torch.save wrote: a dict of tensors, or one that holds it
    beside the settings of its training. Raises ModelError with `name` in it for anything else.
    """
    return _named(_unpickled(io.BytesIO(content), name) if content[8:9] != b"{" else _safe(content, name), name)


def tensors_of(path: Path) -> dict[str, torch.Tensor]:
    """As `tensors`, of a file that may be as large as memory: it is mapped, not read. Raises ModelError, OSError."""
    with path.open("rb") as file:
        safe = file.read(9)[8:] == b"{"
    return _named(_safe(path, path.name) if safe else _unpickled(path, path.name), path.name)


def _named(found: Any, name: str) -> dict[str, torch.Tensor]:
    for wrapper in _WRAPPERS:
        if isinstance(found, dict) and isinstance(found.get(wrapper), dict):
            found = found[wrapper]
    if not isinstance(found, dict) or not found or not all(isinstance(v, torch.Tensor) for v in found.values()):
        raise ModelError(f"{name} holds no network's weights; give the checkpoint that its authors published.")
    return {str(key).removeprefix("module."): value for key, value in found.items()}


def fill(net: torch.nn.Module, weights: dict[str, torch.Tensor], name: str) -> None:
    """Give a network exactly its weights. Raises ModelError saying what does not fit."""
    check(net, weights, name)
    net.load_state_dict(weights)


def check(net: torch.nn.Module, weights: dict[str, torch.Tensor], name: str) -> None:
    """Raises ModelError saying which weights do not fit a network, which may be one without memory (meta)."""
    own = net.state_dict()
    missing, extra = sorted(own.keys() - weights.keys()), sorted(weights.keys() - own.keys())
    other = [key for key in own.keys() & weights.keys() if own[key].shape != weights[key].shape]
    for what, keys in (("lacks", missing), ("also holds", extra), ("has another shape of", sorted(other))):
        if keys:
            more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
            raise ModelError(f"{name} is not a checkpoint of this network: it {what} {keys[0]}{more}.")


def _safe(content: bytes | Path, name: str) -> Any:
    try:
        return safetensors.torch.load(content) if isinstance(content, bytes) else safetensors.torch.load_file(content)
    except Exception as error:
        raise ModelError(f"{name} is damaged; fetch it again.") from error


def _unpickled(content: io.BytesIO | Path, name: str) -> Any:
    # Settings of a training are an argparse Namespace in many published checkpoints; it holds values and runs nothing.
    with torch.serialization.safe_globals([argparse.Namespace]):
        try:
            return torch.load(content, map_location="cpu", weights_only=True)
        except pickle.UnpicklingError as error:
            raise ModelError(
                f"{name} is no checkpoint, or holds more than weights and could run code, so it was not opened; "
                "ask its author for safetensors."
            ) from error
        except Exception as error:
            raise ModelError(f"{name} is damaged or no checkpoint; fetch it again.") from error
