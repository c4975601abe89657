"""Answers in; how far off they are in kilometres, and whether country and continent are right at least, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class Distance:
    """From the guessed city's centre to where the photo was taken.

    Args:
        median_km: half of the photos are nearer.
        mean_km: of all photos.
        within: for 25, 200, 750 and 2500 km the share of photos that are no farther off.
        game_score: mean points of a guessing game, 0 to 5000.
        same_country: share of the wrong answers that name a city of the right country; not-a-number where there is no
            wrong answer, or no country is known.
        same_continent: the same for continents.
        from_centre: photos without a position, which were measured from the centre of their city.
        without: photos left out, since their city or the guessed one has no centre.
    """

    key: ClassVar[str] = "distance"
    median_km: Interval
    mean_km: Interval
    within: tuple[tuple[int, Interval], ...]
    game_score: Interval
    same_country: Interval
    same_continent: Interval
    from_centre: int
    without: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "median_km": self.median_km.to_dict(),
            "mean_km": self.mean_km.to_dict(),
            "within": [{"km": km, "share": share.to_dict()} for km, share in self.within],
            "game_score": self.game_score.to_dict(),
            "same_country": self.same_country.to_dict(),
            "same_continent": self.same_continent.to_dict(),
            "from_centre": self.from_centre,
            "without": self.without,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()
