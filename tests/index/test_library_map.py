"""The file of the map: what is kept comes back, and a damaged one counts as missing."""

from pathlib import Path

import numpy as np

from studio.index import Cache, LibraryMap, Places, SpanRows


def places(*names: str) -> Places:
    numbers = np.arange(3)
    return Places(
        ["a", "b"], np.array([5, 6]), np.array([0, 1, 1], np.int32), numbers * 10, numbers * 10 + 5,
        np.ones((3, 2), np.float32), np.array([0, -1, 0], np.int16), np.array([True, True, False]), names,
    )  # fmt: skip


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    kept = LibraryMap(Cache(tmp_path), "studio-lite@2")
    assert (kept.places(), kept.layout("mean"), kept.written_ns()) == (None, None, 0)
    kept.save(places("a “dog”", ""), {"mean": np.arange(4)})
    found = kept.places()
    assert found is not None and kept.written_ns() > 0
    assert (list(found.videos), list(found.names)) == (["a", "b"], ["a “dog”", ""])
    assert found.rows() == {("a", 0, 5): 0, ("b", 10, 15): 1, ("b", 20, 25): 2}
    rows = SpanRows(found)
    assert {span: rows.get(*span) for span in found.rows()} == found.rows()
    assert [rows.get(*span) for span in (("a", 0, 6), ("a", 1, 5), ("b", 0, 5), ("c", 0, 5))] == [None] * 4
    assert found.chosen(found.pieces).rows() == {("a", 0, 5): 0, ("b", 10, 15): 1}
    layout = kept.layout("mean")
    assert layout is not None and layout["mean"].tolist() == [0, 1, 2, 3]
    assert kept.layout("mean", "axes") is None, "a file of another release lacks something"
    assert LibraryMap(Cache(tmp_path), "other@1").places() is None


def test_a_damaged_file_counts_as_missing(tmp_path: Path) -> None:
    kept = LibraryMap(Cache(tmp_path), "x")
    kept.save(places(), {})
    (file,) = (tmp_path / "library").iterdir()
    for damaged in (file.read_bytes()[:100], b"", b"PK\x03\x04 nothing"):
        file.write_bytes(damaged)
        assert kept.places() is None


def test_later_places_come_after_the_earlier_ones() -> None:
    none = Places.none()
    assert len(none.before(places())) == 3
    both = places().before(places("x"))
    assert (len(both), list(both.names)) == (6, ["x"])
