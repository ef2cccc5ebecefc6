"""Faces: where they are (detector), which belong together (tracker), and cut-outs of them (crops)."""
