"""How much the continuous ratings of two annotators agree."""

from typing import NamedTuple

import numpy as np

from studio.timeline.traces import RATE, Values


class TraceAgreement(NamedTuple):
    """Of the instants of which both said something: how many `seconds` they are, Pearson's `r`, Lin's concordance
    correlation coefficient `ccc` (Lin 1989: 1 where both say the same values, not only rise and fall together), both
    None where somebody always says the same, and how far `apart` they are on average."""

    seconds: float
    r: float | None
    ccc: float | None
    apart: float


def agreed(one: Values, other: Values) -> TraceAgreement | None:
    """None where there is no instant of which both said something."""
    count = min(len(one), len(other))
    both = ~np.isnan(one[:count]) & ~np.isnan(other[:count])
    if not both.any():
        return None
    a, b = one[:count][both].astype(np.float64), other[:count][both].astype(np.float64)
    apart, covariance = float(np.abs(a - b).mean()), float(((a - a.mean()) * (b - b.mean())).mean())
    spread = float(a.std() * b.std())
    seconds = int(both.sum()) / RATE
    if spread < 1e-12:
        return TraceAgreement(seconds, None, None, apart)
    ccc = 2 * covariance / float(a.var() + b.var() + (a.mean() - b.mean()) ** 2)
    return TraceAgreement(seconds, covariance / spread, ccc, apart)
