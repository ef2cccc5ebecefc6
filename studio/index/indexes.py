"""Which vector index a library has: a file of its own, or a database that its settings name."""

from collections.abc import Sequence

from studio.index.cache import SHARED
from studio.index.feature_store import FeatureStore
from studio.index.library_index import LibraryIndex
from studio.index.vector_index import VectorIndex


def open_index(store: FeatureStore, encoder: str, place: str = "") -> VectorIndex:
    """The index of an encoder's embeddings; `place` is that of a LanceDB database, "" for the file of our own.

    Raises UsageError where the database's package is not installed.
    """
    if not place:
        return LibraryIndex(store, encoder)
    from studio.index.lance_index import LanceIndex

    return LanceIndex(store, encoder, place)


def delete_everywhere(store: FeatureStore, video_ids: Sequence[str], place: str = "") -> None:
    """Forget videos in the index of every encoder."""
    for manifest in (store.cache.root / SHARED).glob("frames-*.json"):
        LibraryIndex(store, manifest.stem.removeprefix("frames-")).delete_many(video_ids)
    if place:
        from studio.index.lance_index import delete_from_all

        delete_from_all(place, store, video_ids)
