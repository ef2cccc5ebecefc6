"""A request as one object of its class: each value is what its field says, or one sentence names the key."""

from dataclasses import dataclass, field
from typing import Annotated, Any

import pytest

from studio.config import Limits
from studio.errors import UsageError
from studio.service.requests import AtMost, Time, Typed, decode


@dataclass(frozen=True, slots=True)
class Example(Typed):
    video: str
    at: Time
    note: Annotated[str, AtMost("label_chars")] = ""
    line: int | None = None
    cut: Time | None = None
    check: bool = False
    remember: bool = True
    jobs: Annotated[list[str], AtMost(2)] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    import_: str = ""
    edits: Any = None
    rate: float = 0.0


def decoded(**request: Any) -> Example:
    made = decode(Example, {"video": "v", "at": 1.5, **request}, Limits())
    assert isinstance(made, Example)
    return made


def test_what_is_left_out_has_its_default() -> None:
    assert decoded() == Example("v", Time(1_500_000))
    assert decoded(line=None, note=None, jobs=None, names=None) == decoded()


def test_values_are_taken_by_type() -> None:
    made = decoded(line=7, check=True, remember=False, jobs=["a", "b"], names={"a": "b"}, edits=[{}], **{"import": "i"})
    assert (made.line, made.check, made.remember, made.jobs) == (7, True, False, ["a", "b"])
    assert (made.names, made.edits, made.import_) == ({"a": "b"}, [{}], "i")
    assert (decoded(cut=2).cut, decoded(cut=None).cut) == (2_000_000, None)
    assert (decoded(rate=25).rate, decoded(rate=0.5).rate) == (25.0, 0.5)
    assert decoded(check="yes", remember=0) == decoded(), "what is neither true nor false is as good as nothing"


@pytest.mark.parametrize("wrong", [
    {"video": None}, {"video": 7}, {"at": "x"}, {"at": -1}, {"line": 0.5}, {"line": True}, {"jobs": ["a"] * 3},
    {"jobs": [7]}, {"names": {"a": 7}}, {"names": [1]}, {"note": "x" * (Limits().label_chars + 1)},
    {"import": {}}, {"rate": "x"}, {"rate": -1}, {"rate": True}, {"cut": "x"}, {"cut": -1},
])  # fmt: skip
def test_a_wrong_value_is_named_by_its_key(wrong: dict[str, Any]) -> None:
    (key,) = wrong
    with pytest.raises(UsageError, match=f"“{key}”"):
        decoded(**wrong)
