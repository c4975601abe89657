"""Answers in; how often the right city comes first or among the first, city by city, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class CityNumbers:
    """How well one city is told; ``photos`` and ``places`` are those truly of it."""

    city: City
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True, slots=True)
class WhichCity:
    """The answers of photos whose city the model knows.

    Args:
        accuracy: share of photos told right.
        top_3: share whose city is among the three most probable.
        macro_recall: mean over the cities.
        per_city: in the order of the logits.
        confusion: counts ``[C, C]``, row the truth.
        rates: share of the row, ``C * C`` of them, row by row.
        chance: of a blind guess.
        majority: of always saying the commonest city here.
    """

    accuracy: Interval
    top_3: Interval
    macro_recall: Interval
    per_city: tuple[CityNumbers, ...]
    confusion: NDArray[np.int64]
    rates: tuple[Interval, ...]
    chance: float
    majority: float


def which_city(known: Answers) -> WhichCity:
    """Accuracy, top 3 and all numbers by city; ``known`` holds only photos of cities that the model knows."""
    count = len(known.cities)
    hits = np.column_stack([known.correct, metrics.top_k_hits(known.logits, known.labels, 3)])
    accuracy, top_3 = bootstrap_by_group(metrics.shares(hits, np.ones_like(hits)), known.places)
    truth = known.labels[:, None] == np.arange(count)
    guessed = known.guesses[:, None] == np.arange(count)
    rows = np.hstack([guessed, truth, guessed | truth, np.ones((len(truth), 1), bool)])
    behind = counts_behind(rows, known.places)
    behind = np.vstack([behind, np.repeat(behind[count : 2 * count], count, axis=0)])
    numbers = bootstrap_by_group(metrics.class_scores(known.labels, known.guesses, count), known.places, behind=behind)
    triples = zip(
        known.cities, numbers[:count], numbers[count : 2 * count], numbers[2 * count : 3 * count], strict=True
    )
    return WhichCity(
        accuracy=accuracy,
        top_3=top_3,
        macro_recall=numbers[3 * count],
        per_city=tuple(CityNumbers(*row) for row in triples),
        confusion=metrics.confusion_matrix(known.labels, known.guesses, count),
        rates=numbers[3 * count + 1 :],
        chance=1 / count,
        majority=float(truth.mean(axis=0).max()) if len(truth) else 0.0,
    )
