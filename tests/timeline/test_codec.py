"""An annotation's fields are spelled in one place, and what goes in comes out."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.errors import UsageError
from studio.timeline import FIELDS, Annotation, Segment, checked_attributes, from_dict, from_row, to_dict, to_row

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(-1e9, 1e9) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=4,
)
ANNOTATIONS = st.builds(
    Annotation,
    id=NAMES,
    segment=st.tuples(st.integers(0, 10**9), st.integers(1, 10**9)).map(lambda t: Segment(t[0], t[0] + t[1])),
    track=NAMES,
    label=TEXTS,
    note=TEXTS,
    source=st.sampled_from(["manual", "correction", "accepted", "import"]),
    prediction_id=st.none() | NAMES,
    annotator=TEXTS,
    version=st.integers(1, 99),
    deleted=st.booleans(),
    attributes=st.dictionaries(NAMES, st.booleans() | TEXTS | st.lists(TEXTS, max_size=2), max_size=3),
    edited_by=TEXTS,
)


@given(ANNOTATIONS)
def test_what_goes_in_comes_out(a: Annotation) -> None:
    assert from_row(json.loads(json.dumps(to_row(a)))) == a
    assert from_dict(json.loads(json.dumps(to_dict(a)))) == a


def test_a_row_of_an_older_release_has_what_it_lacks_by_default() -> None:
    row = to_row(Annotation("a", Segment(0, 9), "T", "x"))
    del row["attributes"]
    assert from_row(row) == Annotation("a", Segment(0, 9), "T", "x")
    assert from_row({**row, "of_tomorrow": 1}) == Annotation("a", Segment(0, 9), "T", "x")


def test_nobody_else_spells_the_fields() -> None:
    """A file that sets all of these is a second codec."""
    root = Path(__file__).parents[2] / "studio"
    rare = [name for name in FIELDS if name in ("prediction_id", "annotator", "version", "deleted", "attributes")]
    spelled = {
        str(file.relative_to(root))
        for file in root.rglob("*.py")
        if not file.is_relative_to(root / "models") and not file.is_relative_to(root / "recipes")
        if sum(bool(re.search(rf"\b{name}=", file.read_text())) for name in rare) == len(rare)
    }
    assert spelled <= {"timeline/annotation.py"}


@given(st.dictionaries(NAMES, VALUES, max_size=4))
def test_plain_values_are_kept_as_they_are(attributes: dict[str, Any]) -> None:
    try:
        assert checked_attributes(attributes) == attributes
    except UsageError as error:
        assert "must be a text, a number" in str(error), "too deep"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ([], "an object"), ("x", "an object"), ({"": 1}, "name of an"), ({"n" * 201: 1}, "name of an attribute"),
        ({1: 1}, "name of an attribute"), ({"a": float("nan")}, "“a” must be"), ({"a": float("inf")}, "“a” must be"),
        ({"a": 10**400}, "“a” must be"), ({"a": 1e308}, "“a” must be"), ({"a": object()}, "“a” must be"),
        ({"a": [[[[[[1]]]]]]}, "“a” must be"), ({"a": "\ud800"}, "half a character"), ({"a": "x" * 10_001}, "too long"),
        ({str(n): 1 for n in range(101)}, "at most 100"),
    ],
)  # fmt: skip
def test_what_is_no_attribute_is_one_sentence(wrong: Any, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        checked_attributes(wrong)
