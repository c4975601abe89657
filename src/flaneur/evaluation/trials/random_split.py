"""An honest split of embedded photos in; what a split photo by photo would have claimed, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError
from flaneur.evaluation.phrases import percent, points, signed
from flaneur.evaluation.section import Findings
from flaneur.evaluation.trials.refit import head_strength, judgeable
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.protocols import Encoder
from flaneur.training.heads.inflation import Redrawn, redraw
from flaneur.training.heads.parts import Progress, embedded_parts
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
        cities: the same by city, where ten photos or more of five places are scored.
        draws: random splits averaged.
        train_photos: each head learnt from.
        scored_photos: of each split.
        same_place: share of the randomly drawn photos whose very place was learnt from too.
        encoder_saw_them: whether the encoder itself was trained on these cities' photos. It then knows the randomly
            drawn ones, and the inflation includes what it remembers.
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
    encoder_saw_them: bool = False

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
            "encoder_saw_them": self.encoder_saw_them,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        claim = (
            "A head judged on the validation photos (so the honest figure is not the accuracy above) is right for "
            f"{percent(self.honest.value, 1)}; had train and validation photos been dealt photo by photo, as papers "
            f"often do, it would have been {percent(self.random.value, 1)}"
        )
        ends = f"difference in points: {signed(self.inflation.low)} to {signed(self.inflation.high)}"
        met = f"{percent(self.same_place)} of the photos so dealt are of a place that was learnt from"
        if self.inflation.low > 0:
            tail = "; part of it is that the network itself was trained on them" if self.encoder_saw_them else ""
            return Findings(beware=(f"{claim}: {points(self.inflation.value, 1)} too many ({ends}); {met}{tail}.",))
        return Findings(good=(f"{claim}: no clear difference in all ({ends}); {met}.",))


def random_split(
    dataset: Dataset,
    encoder: Encoder,
    split: Split,
    progress: Progress | None = None,
    *,
    encoder_saw_them: bool = False,
) -> RandomSplit:
    """What a split photo by photo would have claimed.

    A head learns from train and is scored on validation; then photos of both are dealt anew, photo by photo, with as
    many of each city on either side, and another head is scored likewise. The test part is not opened.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        split: the honest one.
        progress: told stage, done, of how many.
        encoder_saw_them: see :class:`RandomSplit`.

    Raises:
        InputError: no validation photos, or a city without training photos.
    """
    train, validation, _ = embedded_parts(dataset, encoder, split, progress)
    if not validation.photos:
        raise InputError(f"{dataset.name}: split {split.name!r} has no validation photos to score on.")
    found = redraw(train, validation, head_strength(train, progress))
    honest = np.arange(len(found.photos)) < found.honest
    scored = judgeable(validation)
    overall, *cities = _numbers(found, honest, scored)
    by_slug = {city.slug: city for city in dataset.cities}
    return RandomSplit(
        *overall,
        tuple(CityInflation(by_slug[slug], *row) for slug, row in zip(scored, cities, strict=True)),
        found.draws,
        len(train.photos),
        found.honest,
        float(found.near[~honest].mean()),
        encoder_saw_them,
    )


def _numbers(
    found: Redrawn, honest: NDArray[np.bool_], cities: Sequence[str]
) -> list[tuple[Interval, Interval, Interval]]:
    """Honest, random and their difference, of all photos and then of each city; both on the same resampled places."""
    own = np.array([photo.city for photo in found.photos])
    among = np.column_stack([np.ones(len(own), bool), *(own == city for city in cities)])
    right = np.repeat(found.right[:, None], among.shape[1], axis=1)
    places = np.array([f"{photo.city}/{photo.place}" for photo in found.photos])
    one, other = (metrics.shares(right, among & side[:, None]) for side in (honest, ~honest))
    sides = [counts_behind(among & side[:, None], places) for side in (honest, ~honest)]
    every = metrics.joined(one, other, metrics.difference(other, one))
    made = bootstrap_by_group(every, places, behind=np.concatenate([*sides, sides[0]]))
    width = among.shape[1]
    return list(zip(made[:width], made[width : 2 * width], made[2 * width :], strict=True))
