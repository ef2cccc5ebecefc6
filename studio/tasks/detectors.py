"""Detectors of labels as files: exported from one library, imported into another, deleted."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from studio import models
from studio.atomic_files import write_atomic
from studio.config import Settings
from studio.errors import ModelUnavailable
from studio.index import FeatureStore
from studio.models import ModelCard, archive, registry
from studio.models.detection import encoder_of
from studio.platform import files
from studio.tasks.catalogue import row
from studio.tasks.inside_boxes import INSIDE
from studio.tasks.modalities import vision_key
from studio.tasks.teaching import detector_name

TASK, ARCHITECTURE = "detection", "label-detector"


def detector_card(settings: Settings, name: str) -> ModelCard:
    """A detector of a library. Raises ModelUnavailable."""
    found = next((each for each in models.cards(TASK, settings.models) if each.name == name), None)
    if found is None:
        raise ModelUnavailable(f"There is no detector “{name}” in this library; see: studio models list.")
    return found


def detector_row(settings: Settings, name: str) -> dict[str, Any]:
    """Its row of the catalogue. Raises ModelUnavailable."""
    return row(detector_card(settings, name), settings.models)


def export_detector(settings: Settings, name: str) -> bytes:
    """A detector with its card, as one zip. Raises ModelUnavailable."""
    try:
        return archive.exported(detector_card(settings, name), settings.models)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def import_detector(settings: Settings, features: FeatureStore, content: bytes) -> dict[str, Any]:
    """Keep what `export_detector` gave elsewhere; returns its row of the catalogue.

    Raises ModelUnavailable, also where no encoder of this library makes the vectors that it reads.
    """
    try:
        card, found = archive.opened(content, TASK, ARCHITECTURE, settings.limits.detector_bytes)
        encoder = encoder_of(found["weights"], card.name)
        frames = vision_key(encoder.removesuffix(INSIDE))
        if frames and frames not in _keys(settings) and not features.knows(frames):
            raise models.ModelError(
                f"“{card.labels[0]}” was taught on vectors of {frames}, which this library does not have; get that "
                "encoder on the Models page, or teach the label here."
            )
        return row(archive.imported(card, found, settings.ensure().models, write_atomic), settings.models)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def delete_detector(settings: Settings, name: str) -> None:
    """Remove a detector; what it found stays. Raises ModelUnavailable."""
    try:
        archive.deleted(detector_card(settings, name), settings.models, files.remove)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def relabel_detectors(settings: Settings, renames: Sequence[tuple[str, str, str]]) -> None:
    """Labels (track, label, new label) are called differently, all at once: so are the detectors that were taught of
    them here. One whose new name another has keeps its own, and finds the new label.

    Raises ModelUnavailable.
    """
    folder = settings.models
    there = {card.name: card for card in models.cards(TASK, folder)}
    try:
        found = []
        for track, label, to in renames:
            card = there.get(detector_name(label, track))
            if card is not None and card.folder == folder:
                contents = {role: models.read(card, role, folder) for role in card.files}
                summary = card.summary.replace(f"“{label}”", f"“{to}”")
                found.append((card, detector_name(to, track), replace(card, labels=(to,), summary=summary), contents))
        taken = set(there) - {card.name for card, *_ in found}
        for card, *_ in found:
            archive.deleted(card, folder, files.remove)
        for card, name, made, contents in found:
            models.keep(replace(made, name=card.name if name in taken else name), contents, folder, write_atomic)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error


def _keys(settings: Settings) -> set[str]:
    """Of the encoders that are here; see `query.encoder_key`."""
    of_task = models.cards("text_video", settings.models)
    here = (each for each in of_task if models.installed(each, settings.models))
    return {f"{each.name}@{registry.version(each, settings.models)}" for each in here}


def looks_inside(settings: Settings, name: str) -> bool:
    """Whether a detector of a library reads the inside of boxes over time. Raises ModelUnavailable."""
    try:
        content = models.read(detector_card(settings, name), "weights", settings.models)
        return encoder_of(content, name).endswith(INSIDE)
    except models.ModelError as error:
        raise ModelUnavailable(str(error)) from error
