"""An honest split of embedded photos in; how much a random split of the same photos would have flattered, out."""

from __future__ import annotations

import math
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
from flaneur.training.heads.parts import Progress, embedded_parts

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
    cities = [photo.city for photo in train.photos]
    strength = fit_head(train.embeddings, cities, train.groups, HeadRule()).strength
    X = np.concatenate([train.embeddings, validation.embeddings])
    places = np.array([photo.place for photo in (*train.photos, *validation.photos)])
    names = np.array([photo.city for photo in (*train.photos, *validation.photos)])
    honest_rows = np.arange(len(names)) >= len(train.photos)
    with one_blas_thread():
        honest = _accuracy([_hits(X, names, honest_rows, strength)], [places[honest_rows]])
        scored = [_redrawn(names, honest_rows, seed) for seed in range(_DRAWS)]
        hits = [_hits(X, names, rows, strength) for rows in scored]
    flattered = _accuracy(hits, [places[rows] for rows in scored])
    return {
        "honest_accuracy": honest.to_dict(),
        "random_accuracy": flattered.to_dict(),
        "difference": difference(flattered, honest),
        "strength": strength,
        "train_photos": len(train.photos),
        "scored_photos": int(honest_rows.sum()),
        "random_draws": _DRAWS,
    }


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


def _accuracy(hits: list[NDArray[np.bool_]], places: list[NDArray[np.str_]]) -> Interval:
    column = np.concatenate(hits)[:, None]
    every = np.ones_like(column)
    return metrics.bootstrap_by_group(metrics.shares(column, every), np.concatenate(places), repeats=_REPEATS)[0]


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
