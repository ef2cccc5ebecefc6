"""Reads of the store: one at a time in a thread."""

import pytest

from studio.store import Store, videos


def test_a_read_inside_a_read_is_a_mistake_that_shows_at_once(store: Store) -> None:
    with pytest.raises(RuntimeError, match=r"inside Store\.read"):
        store.read(lambda db: store.read(videos.listed))
    assert len(store.read(videos.listed)) == 1  # the thread may read again


def test_a_read_that_failed_leaves_its_place(store: Store) -> None:
    for _ in range(20):
        with pytest.raises(ZeroDivisionError):
            store.read(lambda db: 1 / 0)
    assert len(store.read(videos.listed)) == 1
