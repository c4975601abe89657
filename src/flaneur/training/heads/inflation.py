"""An honest split of embedded photos in; how much a random split of the same photos would have flattered, out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError
from flaneur.metrics import Interval
from flaneur.protocols import Encoder
from flaneur.training.heads.logistic import HeadRule, fit_head, fit_strength, head_logits, one_blas_thread
from flaneur.training.heads.parts import Part, Progress, embedded_parts
from flaneur.types import Photo

_DRAWS = 5
_REPEATS = 400


def random_split_inflation(
    dataset: Dataset, encoder: Encoder, chosen: Split, progress: Progress | None = None
) -> dict[str, Any]:
    """Score a head on photos at unseen places, and on randomly drawn ones, all else equal.

    Both use the train and validation photos only; the test part is not opened. The random draws give each city as many
    training and scored photos as the honest split does, and the head the same strength.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        chosen: the honest split.
        progress: told how many photos are embedded of how many.

    Returns:
        ``honest_accuracy``, ``random_accuracy`` and ``difference`` with 95 % intervals by place, and what they rest on.

    Raises:
        InputError: no validation photos.
    """
    train, validation, _ = embedded_parts(dataset, encoder, chosen, progress)
    if not validation.photos:
        raise InputError(f"{dataset.name}: split {chosen.name!r} has no validation photos to score on.")
    strength = fit_head(train.embeddings, train.cities.tolist(), train.groups, HeadRule()).strength
    found = redraw(train, validation, strength)
    places = np.array([photo.place for photo in found.photos])
    honest = _accuracy(found.right[: found.honest], places[: found.honest])
    flattered = _accuracy(found.right[found.honest :], places[found.honest :])
    return {
        "honest_accuracy": honest.to_dict(),
        "random_accuracy": flattered.to_dict(),
        "difference": difference(flattered, honest),
        "strength": strength,
        "train_photos": len(train.photos),
        "scored_photos": found.honest,
        "random_draws": found.draws,
    }


@dataclass(frozen=True, slots=True)
class Redrawn:
    """Photos scored by heads that learnt from the others: on the honest split, then on each random draw.

    Args:
        photos: N of them; one may be there several times, once for each draw it fell into.
        right: ``[N]`` whether its city was told.
        near: ``[N]`` whether the head had learnt from another photo of its place.
        honest: how many of them, the first, are those of the honest split.
        draws: random ones.
    """

    photos: tuple[Photo, ...]
    right: NDArray[np.bool_]
    near: NDArray[np.bool_]
    honest: int
    draws: int


def redraw(train: Part, validation: Part, strength: float, draws: int = _DRAWS) -> Redrawn:
    """Score validation photos, then as many photos of each city drawn one by one from both parts, all else equal.

    Args:
        train: that the head learns from.
        validation: at other places.
        strength: of its penalty.
        draws: random splits.
    """
    photos = (*train.photos, *validation.photos)
    X = np.concatenate([train.embeddings, validation.embeddings])
    names, places = np.concatenate([train.cities, validation.cities]), np.concatenate([train.places, validation.places])
    honest_rows = np.arange(len(names)) >= len(train.photos)
    scored = [honest_rows, *(_redrawn(names, honest_rows, seed) for seed in range(draws))]
    with one_blas_thread():
        right = np.concatenate([_hits(X, names, rows, strength) for rows in scored])
    near = np.concatenate([np.isin(places[rows], places[~rows]) for rows in scored])
    shown = tuple(photos[index] for rows in scored for index in np.flatnonzero(rows))
    return Redrawn(shown, right, near, int(honest_rows.sum()), draws)


def _redrawn(cities: NDArray[np.str_], scored: NDArray[np.bool_], seed: int) -> NDArray[np.bool_]:
    """As many scored photos of each city, drawn photo by photo.

    >>> mask = _redrawn(np.array(["a", "a", "b", "b"]), np.array([False, True, False, True]), 0)
    >>> int(mask[:2].sum()), int(mask[2:].sum())
    (1, 1)
    """
    rng = np.random.default_rng(seed)
    drawn = np.zeros(len(cities), bool)
    for city in np.unique(cities):
        rows = np.flatnonzero(cities == city)
        drawn[rng.choice(rows, int(scored[rows].sum()), replace=False)] = True
    return drawn


def _hits(
    X: NDArray[np.float32], cities: NDArray[np.str_], scored: NDArray[np.bool_], strength: float
) -> NDArray[np.bool_]:
    head = fit_strength(X[~scored], cities[~scored], strength)
    names = np.unique(cities[~scored])
    return np.asarray(names[head_logits(head, X[scored]).argmax(axis=1)] == cities[scored])


def _accuracy(right: NDArray[np.bool_], places: NDArray[np.str_]) -> Interval:
    return metrics.bootstrap_by_group(metrics.always(right), places, repeats=_REPEATS)[0]


def difference(one: Interval, other: Interval) -> dict[str, float]:
    """``one - other`` with the interval that two independent intervals give.

    Source:
        R. G. Newcombe, *Interval estimation for the difference between independent proportions*, 1998, method 10.

    >>> difference(Interval(0.9, 0.8, 0.95, 9, 9), Interval(0.7, 0.6, 0.8, 9, 9))
    {'value': 0.2, 'low': 0.0586, 'high': 0.3118}
    """
    gap = one.value - other.value
    low = gap - math.hypot(one.value - one.low, other.high - other.value)
    high = gap + math.hypot(one.high - one.value, other.value - other.low)
    return {"value": round(gap, 4), "low": round(low, 4), "high": round(high, 4)}


def describe(found: dict[str, Any]) -> str:
    """One sentence for people."""
    gap, honest, random = found["difference"], found["honest_accuracy"]["value"], found["random_accuracy"]["value"]
    return (
        f"A random split would have claimed {random:.1%} instead of {honest:.1%}: {gap['value']:+.1%} "
        f"({gap['low']:+.1%} to {gap['high']:+.1%})."
    )
