"""What a paper did and found, as a recipe quotes it, so that its numbers can stand beside ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class PaperCity:
    """A city of a paper, as far as it says.

    Args:
        name: as the paper writes it.
        country: English name.
        lat: of the centre that photos were sampled around, in degrees.
        lon: likewise.
        radius_km: of the area; 0 if the paper does not say.
    """

    name: str
    country: str
    lat: float
    lon: float
    radius_km: float = 0.0


@dataclass(frozen=True, slots=True)
class PaperResult:
    """A number that a paper published.

    Args:
        what: such as ``accuracy`` or ``top3``.
        value: 0 to 1.
        note: on what, where the paper says; contradictions within the paper are named here.
    """

    what: str
    value: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class PaperRule:
    """The paper that a recipe follows: what it did, what it found, and where the recipe has to differ.

    Args:
        title: of the paper.
        cite: authors, place, year.
        photos: how many, of what, how sampled.
        protocol: its split, in its own terms.
        split_by: what its random split dealt out: single photos (``photo``), or whole places (``place``).
        cities: as it names them.
        results: that it published.
        unsaid: what the paper leaves open and the recipe had to choose.
        differs: what the recipe does otherwise, and why.
    """

    title: str
    cite: str = ""
    photos: str = ""
    protocol: str = ""
    split_by: Literal["photo", "place"] = "photo"
    cities: tuple[PaperCity, ...] = ()
    results: tuple[PaperResult, ...] = ()
    unsaid: tuple[str, ...] = ()
    differs: tuple[str, ...] = ()
