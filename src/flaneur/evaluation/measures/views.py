"""Answers in; one photo of a place beside all photos of it together, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.fusion import FUSIONS
from flaneur.metrics import Interval, always, bootstrap_by_group
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class ViewNumbers:
    """One way of answering for the places seen in several photos.

    Args:
        accuracy: share told right: of the photos one by one, or of the places.
        macro_recall: mean over the cities that have such places.
        ece: expected calibration error.
    """

    accuracy: Interval
    macro_recall: Interval
    ece: Interval


@dataclass(frozen=True, slots=True)
class Views:
    """Places seen in several photos: each photo alone, and all of a place joined in every way the model can.

    Args:
        alone: each photo by itself.
        joined: one answer a place, by fusion.
        own: the fusion that the model uses.
        views_mean: photos a place.
        only_city: name of the one city that all of these places are in; empty if there are several.
    """

    alone: ViewNumbers
    joined: dict[str, ViewNumbers]
    own: str
    views_mean: float
    only_city: str = ""

    @property
    def single(self) -> Interval:
        """Accuracy of a photo alone."""
        return self.alone.accuracy

    @property
    def fused(self) -> Interval:
        """Accuracy by the model's own fusion."""
        return self.joined[self.own].accuracy


def views(known: Answers) -> Views | None:
    """Each view alone beside all views joined, on the places with several; ``None`` if there is no such place."""
    several = np.bincount(known.places, minlength=1)[known.places] > 1
    if not several.any():
        return None
    alone = known.where(several)
    possible = [how for how in FUSIONS if how != "attention" or known.attention is not None]
    joined = {how: _view_numbers(alone.fused(how), len(alone.photos)) for how in possible}
    count = len(np.unique(alone.places))
    return Views(
        _view_numbers(alone, len(alone.photos)),
        joined,
        known.fusion,
        len(alone.photos) / count,
        only_city(alone.cities, alone.labels),
    )


def only_city(cities: Sequence[City], labels: NDArray[np.intp]) -> str:
    """Name of the city that all photos are of; empty if they are of several.

    Args:
        cities: that labels count.
        labels: ``[N]`` number of each photo's city.
    """
    there = np.unique(labels).tolist()
    return cities[there[0]].name if len(there) == 1 else ""


def _view_numbers(said: Answers, photos: int) -> ViewNumbers:
    """How good the answers are; ``photos`` stand behind each number."""
    right = metrics.joined(always(said.correct), metrics.balanced_accuracy(said.labels, said.correct, len(said.cities)))
    accuracy, recall = bootstrap_by_group(right, said.places)
    error = bootstrap_by_group(metrics.calibration_error(said.confidence, said.correct), said.places, pivot=True)[0]
    return ViewNumbers(*(replace(number, n=photos) for number in (accuracy, recall, error)))
