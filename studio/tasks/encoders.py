"""What is worth knowing of an encoder before it is chosen: how quick it is here, and whether it fits this machine."""

import json
import platform
from pathlib import Path
from typing import Any

import psutil

from studio import models
from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.index import Cache, FeatureStore
from studio.models import registry
from studio.tasks.context import TaskContext
from studio.tasks.query import encoder_key

COPIES = 2  # the process that answers and the one that indexes each hold the model
WEIGHT_BYTES = 4
BESIDE_BYTES = 1 << 30  # what a process needs beside the weights
SHARE = 0.8  # of the memory: the rest is for everything else
TOKENIZER_BYTES = 35_000_000  # of a file that some models have beside their weights


def key_of(settings: Settings, name: str | None = None) -> str:
    """The key of an encoder that a library is searched with (None: the embedded default); see `query.encoder_key`.
    Loads no weights. Raises ModelError where there is no such encoder."""
    card = models.card("text_video", name, settings.models)
    return f"{card.name}@{registry.version(card, settings.models)}"


def is_indexed(settings: Settings, cache: Cache, video_id: str, name: str | None = None) -> bool:
    """Whether a video is indexed with an encoder that has a card. Loads no weights."""
    try:
        return FeatureStore(cache).has(video_id, key_of(settings, name))
    except models.ModelError:
        return False


def time_encoder(context: TaskContext, name: str) -> float:
    """Pictures a second that an encoder reads here; kept beside the models. Raises ModelUnavailable."""
    from studio.models.text_video import (
        speed,
    )  # it brings torch, and the web server, which imports this, has no use for it

    encoder = context.model_once("text_video", name)
    found = round(speed.images_per_second(encoder), 2)
    known = speeds(context.settings)
    device = str(getattr(encoder, "_device", "cpu"))
    adds = known.get("multiply_adds") or speed.multiply_adds_per_second(device)
    kept = {**known, "machine": _machine(), "multiply_adds": adds}
    kept["encoders"] = {**known.get("encoders", {}), encoder_key(encoder): found}
    context.settings.models.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(_kept(context.settings), json.dumps(kept).encode())
    return found


def speeds(settings: Settings) -> dict[str, Any]:
    """What was measured on this machine: `encoders`, pictures a second by key, and `multiply_adds` a second."""
    try:
        known: dict[str, Any] = json.loads(_kept(settings).read_text("utf-8"))
        return known if known["machine"] == _machine() else {}
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def facts(card: models.ModelCard, settings: Settings, known: dict[str, Any]) -> dict[str, Any]:
    """Of an encoder: its `key`; pictures a second (`images_per_second`, None where unknown) and whether that is
    `estimated`; of one of the gallery also `parameters` (millions), the `download_bytes` about, the `memory_bytes` that
    it needs and whether it `fits` this machine, its `published` numbers and where they are `published_in`."""
    key = f"{card.name}@{registry.version(card, settings.models)}"
    measured = known.get("encoders", {}).get(key)
    found = {"key": key, "images_per_second": measured, "estimated": False}
    if not card.hub:
        return found
    adds = card.figures.get("multiply_adds")
    if measured is None and adds and known.get("multiply_adds"):
        found |= {"images_per_second": round(known["multiply_adds"] / (adds * 1e6), 2), "estimated": True}
    weights = round(card.figures.get("parameters", 0) * 1e6 * WEIGHT_BYTES)
    needs = COPIES * (weights + BESIDE_BYTES)
    return found | {
        "hub": card.hub,
        "parameters": card.figures.get("parameters"),
        "side": card.figures.get("side"),
        "download_bytes": weights + (TOKENIZER_BYTES if "tokenizer" in card.files else 0),
        "memory_bytes": needs,
        "fits": needs <= SHARE * psutil.virtual_memory().total,
        "published": dict(card.published),
        "published_in": card.published_in,
    }


def _kept(settings: Settings) -> Path:
    return settings.models / "speeds.json"


def _machine() -> str:
    """What a speed holds for."""
    return f"{platform.machine()} {psutil.cpu_count()} {psutil.virtual_memory().total >> 30} {platform.node()}"
