"""An honest split of embedded photos in; what a split photo by photo would have claimed, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class CityInflation:
    """One city's share in it.

    Args:
        city: whose photos are scored.
        honest: recall on photos at places not learnt from.
        random: recall on photos drawn at random.
        inflation: ``random - honest``.
    """

    city: City
    honest: Interval
    random: Interval
    inflation: Interval


@dataclass(frozen=True, slots=True)
class RandomSplit:
    """What a random split would have claimed; from train and validation photos.

    Args:
        honest: accuracy on photos at places not learnt from.
        random: accuracy on as many photos drawn one by one, whose neighbours were learnt from.
        inflation: ``random - honest``.
        cities: the same by city.
        draws: random splits averaged.
        train_photos: each head learnt from.
        scored_photos: of each split.
        same_place: share of the randomly drawn photos whose very place was learnt from too.
    """

    key: ClassVar[str] = "random_split"
    honest: Interval
    random: Interval
    inflation: Interval
    cities: tuple[CityInflation, ...] = ()
    draws: int = 0
    train_photos: int = 0
    scored_photos: int = 0
    same_place: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "honest": self.honest.to_dict(),
            "random": self.random.to_dict(),
            "inflation": self.inflation.to_dict(),
            "cities": [
                {
                    "city": one.city.slug,
                    "honest": one.honest.to_dict(),
                    "random": one.random.to_dict(),
                    "inflation": one.inflation.to_dict(),
                }
                for one in self.cities
            ],
            "draws": self.draws,
            "train_photos": self.train_photos,
            "scored_photos": self.scored_photos,
            "same_place": round(self.same_place, 6),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()
