"""What can be rebuilt from the videos at any time (embeddings, face tracks, thumbnails), and vector search."""

from studio.index.cache import Cache
from studio.index.shelf import Shelf
from studio.index.vectors import Features, Vectors

__all__ = ["Cache", "Features", "Shelf", "Vectors"]
