"""Embedded photos in; how accuracy grows with photos per city and falls with the number of cities, out."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval

_FAR = 10  # a curve is read up to so many times the most photos a city that were seen


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Heads that learnt from so much, on the same test photos.

    Args:
        count: photos per city, or cities.
        accuracy: share told right, mean of the draws.
        macro_recall: mean over the cities.
        chance: of a blind guess.
    """

    count: int
    accuracy: Interval
    macro_recall: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class Fit:
    """``accuracy(n) = ceiling - scale * n ** -power``.

    Args:
        ceiling: what it tends to, 0 to 1.
        scale: what is missing at one photo a city.
        power: how quickly it closes, above 0.
        rmse: of the points about the curve.
    """

    ceiling: float
    scale: float
    power: float
    rmse: float

    def at(self, count: float) -> float:
        """Accuracy at so many photos a city.

        >>> round(Fit(0.9, 0.5, 0.5, 0.0).at(25), 3)
        0.8
        """
        return float(self.ceiling - self.scale * count**-self.power)


@dataclass(frozen=True, slots=True)
class LearningCurve:
    """How many photos and cities make how much.

    Args:
        by_photos: photos per city, fewest first; whole places are drawn.
        by_cities: number of cities, fewest first, each with all its photos.
        fit: through ``by_photos``, where there are enough points.
        draws: seeded draws that each point is the mean of.
        uneven: cities with fewer training photos than the largest count, which bring all they have.
    """

    key: ClassVar[str] = "learning_curve"
    by_photos: tuple[CurvePoint, ...]
    by_cities: tuple[CurvePoint, ...]
    fit: Fit | None
    draws: int = 1
    uneven: tuple[str, ...] = ()

    def needed(self, accuracy: float) -> int | None:
        """Photos a city that the fitted curve asks for, ``None`` where it cannot be said; see :meth:`why_not`."""
        if self.fit is None or self.why_not(accuracy):
            return None
        gap = (self.fit.ceiling - accuracy) / self.fit.scale
        return max(1, math.ceil(float(gap ** (-1 / self.fit.power)) - 1e-9))

    def why_not(self, accuracy: float) -> str:
        """Why the number of photos for that accuracy cannot be told; empty if it can."""
        if self.fit is None:
            return "too few points to fit a curve"
        if accuracy >= self.fit.ceiling:
            return f"beyond what more photos of this kind lead to ({self.fit.ceiling:.0%})"
        gap = (self.fit.ceiling - accuracy) / self.fit.scale
        if gap ** (-1 / self.fit.power) > _FAR * self.by_photos[-1].count:
            return f"more than {_FAR} times the photos that were seen"
        return ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "by_photos": [_point_dict(point) for point in self.by_photos],
            "by_cities": [_point_dict(point) for point in self.by_cities],
            "fit": None if self.fit is None else {name: round(value, 6) for name, value in asdict(self.fit).items()},
            "draws": self.draws,
            "uneven": list(self.uneven),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()


def _point_dict(point: CurvePoint) -> dict[str, Any]:
    return {
        "count": point.count,
        "accuracy": point.accuracy.to_dict(),
        "macro_recall": point.macro_recall.to_dict(),
        "chance": round(point.chance, 6),
    }
