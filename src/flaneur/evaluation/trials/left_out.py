"""Embedded photos in; how each city would be received if the model had never learnt it, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class LeftOutCity:
    """One city played unknown.

    Args:
        city: that the head did not learn.
        auroc: chance that a photo of it looks stranger than one of the others.
        false_accept: share of its photos that still get an answer.
        taken_for: slug of the city that it is most often taken for.
    """

    city: City
    auroc: Interval
    false_accept: Interval
    taken_for: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Each city in turn played unknown.

    Args:
        cities: by slug.
        auroc: mean over the cities.
        false_accept: likewise.
        encoder_saw_them: whether the encoder was trained on these very cities, which flatters.
        method: of novelty.
    """

    key: ClassVar[str] = "left_out"
    cities: tuple[LeftOutCity, ...]
    auroc: Interval
    false_accept: Interval
    encoder_saw_them: bool
    method: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "cities": [
                {
                    "city": one.city.slug,
                    "auroc": one.auroc.to_dict(),
                    "false_accept": one.false_accept.to_dict(),
                    "taken_for": one.taken_for,
                }
                for one in self.cities
            ],
            "auroc": self.auroc.to_dict(),
            "false_accept": self.false_accept.to_dict(),
            "encoder_saw_them": self.encoder_saw_them,
            "method": self.method,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()
