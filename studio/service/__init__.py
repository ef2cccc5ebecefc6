"""Use cases: the one door for the app and the command line."""

from studio.service import views
from studio.service.doctor import catalogue, examine
from studio.service.library import Studio

__all__ = ["Studio", "catalogue", "examine", "views"]
