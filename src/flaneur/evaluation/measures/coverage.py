"""Answers in; how often the surest of them are right, for every share of photos answered, out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.section import Findings
from flaneur.metrics import SHARE, Floats, Interval, bootstrap_by_group, counts_behind
from flaneur.metrics.weighted import ratio

STEPS = 20
LOOKED_AT = (0.5, 0.8, 0.9, 0.95)
_HALF = 0.5
_MUCH = 0.5  # of the mistakes gone: doubt that works, were there photos enough to be sure of it


@dataclass(frozen=True, slots=True)
class CoveragePoint:
    """The surest photos up to a share.

    Args:
        share: of the photos that are answered, 0.05 to 1.
        confidence: the least probability among them.
        accuracy: share of them told right.
    """

    share: float
    confidence: float
    accuracy: Interval


@dataclass(frozen=True, slots=True)
class Coverage:
    """What answering only the surest photos would bring.

    Args:
        points: from 5 to 100 % of the photos, in steps of 5, surest first.
        aurc: area under the risk-coverage curve, the mean error rate over all shares; 0 to 1, lower is better.
        at: accuracy where 50, 80, 90 and 95 % are answered.
    """

    key: ClassVar[str] = "coverage"
    points: tuple[CoveragePoint, ...]
    aurc: Interval
    at: tuple[tuple[float, Interval], ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "points": [
                {"share": one.share, "confidence": round(one.confidence, 6), "accuracy": one.accuracy.to_dict()}
                for one in self.points
            ],
            "aurc": self.aurc.to_dict(),
            "at": [{"share": share, "accuracy": accuracy.to_dict()} for share, accuracy in self.at],
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        surer, everything = dict(self.at)[_HALF], self.points[-1].accuracy
        if everything.value == 1:
            return Findings()
        said = (
            f"Of the half of the photos that it is surest about, it has {percent(surer.value, 1)} right "
            f"({span(surer, 1)}); of all, {percent(everything.value, 1)}"
        )
        if surer.low > everything.value:
            return Findings(good=(f"{said}. So when it is sure, it is right more often.",))
        if surer.value - everything.value > _MUCH * (1 - everything.value):
            return Findings(beware=(f"{said}: too few photos to tell whether it is right more often when it is sure.",))
        return Findings(beware=(f"{said}. How sure it says it is hardly tells right answers from wrong ones.",))


def coverage(known: Answers) -> Coverage:
    """Accuracy among the surest photos, for every share of them.

    Surest is the most probable. Photos that are equally sure are taken in every order alike, so that the order of the
    photos does not matter. Which photos are among a share is decided once, not in every resample.

    Args:
        known: answers of at least one photo whose city the model knows.

    Source:
        Geifman and El-Yaniv, *Selective Classification for Deep Neural Networks*, NeurIPS 2017.

    >>> from flaneur.types import City, Photo
    >>> cities = (City("oslo", "Oslo"), City("rome", "Rome"))
    >>> photos = tuple(Photo(f"a:{n}", "0", "oslo", f"p{n}", 64, 48, "a") for n in range(4))
    >>> said = Answers(cities, photos, np.array([[9.0, 0.0], [5.0, 0.0], [0.0, 1.0], [2.0, 0.0]]), np.zeros(4))
    >>> [(share, accuracy.value) for share, accuracy in coverage(said).at]
    [(0.5, 1.0), (0.8, 0.75), (0.9, 0.75), (0.95, 0.75)]
    """
    surest = [_surest(known.confidence, step) for step in range(1, STEPS + 1)]
    member = np.column_stack([kept for _, kept in surest])
    parts = metrics.means(member * known.correct[:, None]), metrics.means(member)
    accuracy = metrics.Derived(parts, lambda found: ratio(found[0], found[1]), lambda _: (SHARE,) * STEPS)
    both = metrics.joined(accuracy, metrics.selective_risk(known.confidence, known.correct))
    among = np.column_stack([member > 0, np.ones(len(member), bool)])
    *found, risk = bootstrap_by_group(both, known.places, behind=counts_behind(among, known.places))
    points = tuple(
        CoveragePoint(step / STEPS, least, seen)
        for step, (least, _), seen in zip(range(1, STEPS + 1), surest, found, strict=True)
    )
    return Coverage(points, risk, tuple((one.share, one.accuracy) for one in points if one.share in LOOKED_AT))


def _surest(confidence: Floats, step: int) -> tuple[float, Floats]:
    """Least confidence of the surest ``step / STEPS`` of the photos; ``[N]`` how far, 0 to 1, each is among them."""
    count = math.ceil(len(confidence) * step / STEPS)
    least = np.sort(confidence)[::-1][count - 1]
    tied = confidence == least
    return float(least), (confidence > least) + tied * (count - (confidence > least).sum()) / tied.sum()
