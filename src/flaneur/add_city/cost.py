"""Answers before and after a city was added in; what it costs the other cities, with intervals, out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.add_city.answers import Scores
from flaneur.bundle.card import AbstainRule
from flaneur.fusion import log_softmax
from flaneur.metrics import Interval
from flaneur.types import City

Places = Sequence[Any] | NDArray[Any]


@dataclass(frozen=True, slots=True)
class CityCost:
    """What the new city costs one of the others.

    Args:
        city: that the model knew before.
        photos: of it that were asked about.
        before: of them named right before, whether or not the model then abstained.
        after: likewise after.
        taken: of them that now get the new city.
    """

    city: City
    photos: int
    before: int
    after: int
    taken: int


@dataclass(frozen=True, slots=True)
class Cost:
    """How well a new city is found, and what that costs the others; shares of single photos, 95 % intervals by place.

    Args:
        where: whose photos were asked about, for people.
        before: accuracy on photos of the other cities, of the model so far.
        after: of the model with the new city.
        difference: after minus before, on the same photos.
        abstained_before: share of those photos at which the model so far abstains.
        abstained_after: at which the new one does.
        calibration_error_before: of the model so far.
        calibration_error_after: of the new one.
        cities: the others one by one, in the order of the logits.
        found: share of the new city's photos that get its name; not-a-number where none was there to ask about.
        new_abstained: share of them at which the new model abstains.
    """

    where: str
    before: Interval
    after: Interval
    difference: Interval
    abstained_before: Interval
    abstained_after: Interval
    calibration_error_before: float
    calibration_error_after: float
    cities: tuple[CityCost, ...]
    found: Interval
    new_abstained: Interval

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON values."""
        shares = ("before", "after", "difference", "abstained_before", "abstained_after", "found", "new_abstained")
        return {
            "where": self.where,
            **{name: getattr(self, name).to_dict() for name in shares},
            "calibration_error_before": round(self.calibration_error_before, 4),
            "calibration_error_after": round(self.calibration_error_after, 4),
            "cities": [
                {
                    "city": one.city.slug,
                    "photos": one.photos,
                    "before": one.before,
                    "after": one.after,
                    "taken": one.taken,
                }
                for one in self.cities
            ],
        }


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Photos that both models were asked about.

    Args:
        labels: ``[N]`` index of each photo's city.
        places: ``[N]``.
        before: what the model so far said.
        after: what the model with one more city, its last, said.
    """

    labels: NDArray[np.int64]
    places: Places
    before: Scores
    after: Scores


@dataclass(frozen=True, slots=True)
class EvaluatedNew:
    """Photos of the new city that its prototype was not made of.

    Args:
        places: ``[M]``.
        after: what the model with the new city, its last, said.
    """

    places: Places
    after: Scores


def measure_cost(
    where: str,
    cities: Sequence[City],
    asked: Evaluated,
    new: EvaluatedNew | None,
    *,
    temperature: float,
    rule: AbstainRule,
) -> Cost:
    """Compare the answers of two models.

    Args:
        where: whose photos these are, for people.
        cities: of the model so far.
        asked: photos of these cities; at least one.
        new: photos of the new city, if there are any.
        temperature: of both models.
        rule: when both abstain.
    """
    right = {name: said.first == asked.labels for name, said in (("before", asked.before), ("after", asked.after))}
    accuracy = {name: metrics.always(hits) for name, hits in right.items()}
    (difference,) = metrics.paired_difference(accuracy["after"], accuracy["before"], asked.places)
    (found, new_abstained) = _of_new(new, len(cities), temperature, rule)
    return Cost(
        where,
        before=_share(right["before"], asked.places),
        after=_share(right["after"], asked.places),
        difference=difference,
        abstained_before=_share(asked.before.abstained(temperature, rule), asked.places),
        abstained_after=_share(asked.after.abstained(temperature, rule), asked.places),
        calibration_error_before=_calibration_error(asked.before, right["before"], temperature),
        calibration_error_after=_calibration_error(asked.after, right["after"], temperature),
        cities=_by_city(cities, asked.labels, right, asked.after.first == len(cities)),
        found=found,
        new_abstained=new_abstained,
    )


def _by_city(
    cities: Sequence[City],
    labels: NDArray[np.int64],
    right: Mapping[str, NDArray[np.bool_]],
    taken: NDArray[np.bool_],
) -> tuple[CityCost, ...]:
    made = []
    for number, city in enumerate(cities):
        own = labels == number
        if own.any():
            counts = [int(hits[own].sum()) for hits in (right["before"], right["after"], taken)]
            made.append(CityCost(city, int(own.sum()), *counts))
    return tuple(made)


def _of_new(new: EvaluatedNew | None, number: int, temperature: float, rule: AbstainRule) -> tuple[Interval, Interval]:
    if new is None or not len(new.after.logits):
        none = Interval(np.nan, np.nan, np.nan, 0, 0)
        return none, none
    return _share(new.after.first == number, new.places), _share(new.after.abstained(temperature, rule), new.places)


def _share(hits: NDArray[np.bool_], places: Places) -> Interval:
    return metrics.bootstrap_by_group(metrics.always(hits), places)[0]


def _calibration_error(said: Scores, right: NDArray[np.bool_], temperature: float) -> float:
    probability = np.exp(log_softmax(said.logits / temperature).max(axis=1))
    return metrics.expected_calibration_error(probability, right)
