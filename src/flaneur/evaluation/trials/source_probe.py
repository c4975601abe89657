"""Embedded photos and a column in; how well the source of a photo can be read from its embedding, city by city, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class ProbedCity:
    """One city that several sources photographed.

    Args:
        city: inside which sources are told apart.
        accuracy: balanced: mean over the sources of the share of their photos told right, at places not learnt from.
        chance: of a blind guess.
        sources: that were told apart.
    """

    city: City
    accuracy: Interval
    chance: float
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """How much the embedding knows of the camera.

    Args:
        column: whose values are the sources.
        cities: those with two sources or more.
        accuracy: mean over them; ``None`` where there is none.
        chance: mean over them.
        single: cities with one source only, of which nothing can be said.
    """

    key: ClassVar[str] = "source_probe"
    column: str
    cities: tuple[ProbedCity, ...]
    accuracy: Interval | None
    chance: float
    single: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "column": self.column,
            "cities": [
                {
                    "city": one.city.slug,
                    "accuracy": one.accuracy.to_dict(),
                    "chance": round(one.chance, 6),
                    "sources": list(one.sources),
                }
                for one in self.cities
            ],
            "accuracy": None if self.accuracy is None else self.accuracy.to_dict(),
            "chance": round(self.chance, 6) if self.cities else None,
            "single": list(self.single),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()
