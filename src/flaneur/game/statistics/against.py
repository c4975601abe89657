"""Guesses of people and model at the same places in; who is right more often, and whether they err alike, out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.game.statistics.crossed import Crossed, crossed_difference, crossed_share
from flaneur.game.statistics.guesses import Guesses
from flaneur.metrics import Derived, Interval, always, bootstrap_by_group, mcnemar
from flaneur.metrics.nature import Floats


@dataclass(frozen=True, slots=True)
class Against:
    """People less the model, guess by guess at the same places.

    Args:
        people: share of right guesses of people.
        model: of the model at the same places, each as often as people guessed there.
        difference: the first less the second, paired.
        only_people: guesses where the person alone is right.
        only_model: where the model alone is.
        both: where both are.
        neither: where none is.
        p_by_person: exact chance of sums by person as uneven, if neither were better: each person is one observation.
        p_by_place: the same with places for observations.
        agreement: Cohen's kappa of being right: 0, right and wrong together as often as accuracy alone brings; 1, at
            the very same places. The interval covers other photos before the same people.
    """

    people: Crossed
    model: Crossed
    difference: Crossed
    only_people: int
    only_model: int
    both: int
    neither: int
    p_by_person: float
    p_by_place: float
    agreement: Interval

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "people": self.people.to_dict(),
            "model": self.model.to_dict(),
            "difference": self.difference.to_dict(),
            "only_people": self.only_people,
            "only_model": self.only_model,
            "both": self.both,
            "neither": self.neither,
            "p_by_person": round(self.p_by_person, 6),
            "p_by_place": round(self.p_by_place, 6),
            "agreement_kappa": self.agreement.to_dict(),
        }


def against_model(guesses: Guesses) -> Against | None:
    """People beside the model; ``None`` where no model plays, or nobody has guessed.

    Source:
        Agreement of errors: R. Geirhos, K. Meding, F. A. Wichmann, "Beyond accuracy: quantifying trial-by-trial
        behaviour of CNNs and humans by measuring error consistency", NeurIPS 2020.
    """
    if guesses.said is None or not len(guesses):
        return None
    person, model = guesses.correct, guesses.model_correct
    gains = person.astype(np.float64) - model
    tests = [mcnemar(person, model, groups).p_by_group for groups in (guesses.people, guesses.places)]
    kappa = Derived((always(person), always(model), always(person == model)), _kappa)
    return Against(
        people=crossed_share(person, guesses.people, guesses.places),
        model=crossed_share(model, guesses.people, guesses.places),
        difference=crossed_difference(gains, guesses.people, guesses.places),
        only_people=int((person & ~model).sum()),
        only_model=int((~person & model).sum()),
        both=int((person & model).sum()),
        neither=int((~person & ~model).sum()),
        p_by_person=tests[0],
        p_by_place=tests[1],
        agreement=bootstrap_by_group(kappa, guesses.places)[0],
    )


def _kappa(shares: list[Floats] | Any) -> NDArray[np.float64]:
    """Of shares right ``[R, 1]`` of the first and of the second, and of agreement."""
    first, second, agree = shares
    expected = first * second + (1 - first) * (1 - second)
    undefined = np.full(agree.shape, math.nan)
    return np.asarray(np.divide(agree - expected, 1 - expected, out=undefined, where=expected < 1))
