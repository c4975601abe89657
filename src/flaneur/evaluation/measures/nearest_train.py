"""Answers and the training photos in; accuracy by the distance to the nearest training photo, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class Ring:
    """Photos about as far from the nearest training photo.

    Args:
        low_m: at least so many metres.
        high_m: less than so many; infinite for the outermost.
        accuracy: share told right.
    """

    low_m: float
    high_m: float
    accuracy: Interval


@dataclass(frozen=True, slots=True)
class NearestTrain:
    """Whether photos near a training photo are told better, as they are where a model remembers places.

    Args:
        rings: nearest first; empty ones are left out.
        fall: accuracy of each city's nearest third of photos minus that of its farthest third: above 0, nearness helps.
        without: photos without a position, left out.
        nearest_m: from the nearest of all to its training photo.
    """

    key: ClassVar[str] = "nearest_train"
    rings: tuple[Ring, ...]
    fall: Interval
    without: int
    nearest_m: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; the outermost ring has no upper end."""
        return {
            "rings": [
                {
                    "low_m": ring.low_m,
                    "high_m": None if ring.high_m == float("inf") else ring.high_m,
                    "accuracy": ring.accuracy.to_dict(),
                }
                for ring in self.rings
            ],
            "fall": self.fall.to_dict(),
            "without": self.without,
            "nearest_m": round(self.nearest_m, 1),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()
