"""How far people move the boundaries of what models propose, where they do it again and again.

Everybody has a rule of their own for where a moment begins and ends (before the hand touches, or when it does); who
corrects by that rule need not do it forever.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from studio.timeline import MICROS

LEAST = 3  # decisions of a person, before their own rule is looked for
AGREE = 0.7  # share of the decisions that move a boundary the same way, before it is shifted


class Decision(NamedTuple):
    """How far a person moved the start and the end of a prediction, in µs, from where the model by itself had put it; 0
    where they accepted it there."""

    person: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Shift:
    """What is added to starts and ends, in s; learned from so many decisions, of one person or, where `person` is
    empty, of everybody."""

    start_s: float = 0.0
    end_s: float = 0.0
    person: str = ""
    decisions: int = 0

    def __bool__(self) -> bool:
        return (self.start_s, self.end_s) != (0.0, 0.0)

    @property
    def note(self) -> str:
        """One sentence, empty where nothing is shifted."""
        if not self:
            return ""
        moved = [f"{edge}s {by:+.2f} s" for edge, by in (("start", self.start_s), ("end", self.end_s)) if by]
        whose = f"{self.person}’s" if self.person else "everybody’s"
        return f"Boundaries are shifted ({', '.join(moved)}), after {whose} {self.decisions} decisions."


def shift_for(person: str, decisions: Sequence[Decision]) -> Shift:
    """What a person moves systematically: the median of their decisions, of a boundary that most of them move that way.
    Everybody's, where the person has no name or made too few."""
    own = [each for each in decisions if person and each.person == person]
    chosen, whose = (own, person) if len(own) >= LEAST else (decisions, "")
    if len(chosen) < LEAST:
        return Shift()
    start, end = (_systematic(values) for values in ([d.start_us for d in chosen], [d.end_us for d in chosen]))
    return Shift(start / MICROS, end / MICROS, whose, len(chosen))


def _systematic(moved: Sequence[int]) -> float:
    middle = float(median(moved))
    return middle if sum(each * middle > 0 for each in moved) >= AGREE * len(moved) else 0.0
