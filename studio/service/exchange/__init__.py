"""Annotation files in and out, and data sets."""
