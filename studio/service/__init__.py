"""Use cases: the one door for the app and the command line."""

from studio.service import views
from studio.service.doctor import examine
from studio.service.library import Studio
from studio.service.models import catalogue

__all__ = ["Studio", "catalogue", "examine", "views"]
