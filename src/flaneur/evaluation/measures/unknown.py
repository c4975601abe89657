"""Answers of known and of unknown cities in; how well the model tells the one from the other, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.metrics import Interval, always, bootstrap_by_group


@dataclass(frozen=True, slots=True)
class Unknown:
    """Photos of cities that the model does not know.

    Args:
        cities: their slugs.
        auroc: chance that such a photo looks stranger than one of a known city.
        auroc_probability: the same by low top probability alone, for comparison.
        answered: share wrongly given one of the model's cities.
    """

    cities: tuple[str, ...]
    auroc: Interval
    auroc_probability: Interval
    answered: Interval


def unknown_cities(known: Answers, unknown: Answers) -> Unknown:
    """How well photos of unknown cities are told from those of known ones."""
    strange = np.repeat([False, True], [len(known.photos), len(unknown.photos)])
    places = np.concatenate([known.places, unknown.places + 1 + known.places.max(initial=0)])
    novelty = metrics.ranking_power(np.concatenate([known.novelty, unknown.novelty]), strange)
    doubt = metrics.ranking_power(-np.concatenate([known.confidence, unknown.confidence]), strange)
    found = bootstrap_by_group(metrics.joined(novelty, doubt), places)
    answered = bootstrap_by_group(always(unknown.answered), unknown.places)[0]
    return Unknown(tuple(sorted({photo.city for photo in unknown.photos})), found[0], found[1], answered)


def novelty_auroc(known: Answers, unknown: Answers) -> Interval:
    """Chance that a photo of an unknown city looks stranger to the model than one of a known city."""
    return unknown_cities(known, unknown).auroc
