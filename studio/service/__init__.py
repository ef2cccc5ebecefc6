"""Use cases: what the app, the command line and Python call."""

from studio.service.models import catalogue
from studio.service.studio import Studio

__all__ = ["Studio", "catalogue"]
