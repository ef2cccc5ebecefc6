"""What can be rebuilt from the videos at any time (embeddings, face tracks, thumbnails), and vector search."""

from studio.index.cache import Cache
from studio.index.vectors import Features, FrameHit, Vectors

__all__ = ["Cache", "Features", "FrameHit", "Vectors"]
