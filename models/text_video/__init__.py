"""Text and video in one space: the embedded encoder, and any open_clip model."""
