"""Answers in; how often the surest of them are right, for every share of photos answered, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


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
        return Findings()
