"""Answers in; accuracy by how many views of a place are joined, always of the same places, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class ViewCount:
    """The same places seen in fewer or more views.

    Args:
        rows: for 1, 2, 3, … views the share of places told right, mean over seeded draws of the views.
        places: that have at least the most views, and that every row is about.
    """

    key: ClassVar[str] = "view_count"
    rows: tuple[tuple[int, Interval], ...]
    places: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "rows": [{"views": views, "accuracy": accuracy.to_dict()} for views, accuracy in self.rows],
            "places": self.places,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()
