"""Emotions: what a face shows, and what a dialogue says."""
