"""A number, its 95 % interval and what stands behind it; pure numpy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

Z95 = 1.959963984540054
"""The normal distribution's 97.5 % point."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % interval and with what stands behind it.

    Args:
        value: the number; not-a-number where it is undefined, such as the precision of a city that was never guessed.
        low: lower end.
        high: upper end.
        n: photos behind it.
        groups: places behind it, the unit that was resampled.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, rounded to six places; undefined is null.

        >>> Interval(0.5, 0.25, math.nan, 8, 4).to_dict()
        {'value': 0.5, 'low': 0.25, 'high': None, 'n': 8, 'places': 4}
        """
        ends = [None if math.isnan(x) else round(x, 6) + 0.0 for x in (self.value, self.low, self.high)]
        return {"value": ends[0], "low": ends[1], "high": ends[2], "n": self.n, "places": self.groups}


def wilson(hits: float, n: float) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of independent trials.

    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    if n == 0:
        return (0.0, 1.0)
    share, z2 = hits / n, Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (max(0.0, middle - half), min(1.0, middle + half))
