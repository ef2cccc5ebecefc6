"""Moment Studio: search video for moments, correct what models propose, keep the corrections."""

__version__ = "0.1.0"
