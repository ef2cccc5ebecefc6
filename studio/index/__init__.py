"""What can be rebuilt from the videos at any time (embeddings, face tracks, thumbnails), and vector search."""

from studio.index.cache import CLEANED, FINDINGS, SOUND_STATISTICS, TEXT_VECTORS, Cache
from studio.index.cache_usage import CacheUsage, clean, features_kind
from studio.index.feature_store import Features, FeatureStore
from studio.index.frame_edges import frame_edges
from studio.index.indexes import delete_everywhere, open_index
from studio.index.library_index import LibraryIndex
from studio.index.library_map import LibraryMap, Places, SpanRows
from studio.index.vector_index import Match, VectorIndex

__all__ = [
    "CLEANED",
    "FINDINGS",
    "SOUND_STATISTICS",
    "TEXT_VECTORS",
    "Cache",
    "CacheUsage",
    "FeatureStore",
    "Features",
    "LibraryIndex",
    "LibraryMap",
    "Match",
    "Places",
    "SpanRows",
    "VectorIndex",
    "clean",
    "delete_everywhere",
    "features_kind",
    "frame_edges",
    "open_index",
]
