"""The detectors of a library: the models of labels that were taught in it, or came from another one as a file."""

from typing import Any

from studio import tasks
from studio.config import Settings
from studio.index import FeatureStore
from studio.service.accounts.rights import OWNER, Actor, need

Row = dict[str, Any]
EXTENSION = ".detector.zip"


class Detectors:
    """They are listed among the models (`catalogue`), with the task “detection”."""

    def __init__(self, settings: Settings, features: FeatureStore) -> None:
        self._settings, self._features = settings, features

    def get(self, name: str) -> Row:
        """A detector's row of the catalogue. Raises ModelUnavailable."""
        return tasks.detector_row(self._settings, name)

    def export(self, name: str) -> bytes:
        """A detector as one file. Raises ModelUnavailable."""
        return tasks.export_detector(self._settings, name)

    def import_(self, content: bytes, by: Actor = OWNER) -> Row:
        """Keep a file that another library exported; returns its row of the catalogue.

        Raises ModelUnavailable for what is none, or what no encoder here can serve; PermissionDenied.
        """
        need(by, "import detectors")
        return tasks.import_detector(self._settings, self._features, content)

    def delete(self, name: str, by: Actor = OWNER) -> None:
        """Remove a detector for good. What it found, and what people made of that, stays.

        Raises ModelUnavailable, PermissionDenied.
        """
        need(by, "delete detectors")
        tasks.delete_detector(self._settings, name)
