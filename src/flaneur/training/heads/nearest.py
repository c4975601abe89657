"""Embeddings and cities in; heads without a trained layer out: cosine to city means, and vote of the nearest photos."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

from flaneur.onnx_files.heads import NeighbourParams, PrototypeParams
from flaneur.training.heads.calibrate import fit_temperature, negative_log_likelihood
from flaneur.training.heads.cross_validation import (
    assign_folds,
    balanced_weights,
    city_labels,
    one_blas_thread,
    standardiser,
)
from flaneur.training.heads.logits import head_logits, unit_rows
from flaneur.training.heads.novelty import half, sample_evenly, whitening
from flaneur.training.heads.rule import FittedHead, HeadRule

_UNIT = 10.0  # cosines times this have the size of usual logits, and the scale where nothing could be compared
_DIMS, _REFERENCES = 128, 5000
_WARMTHS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.8)
_FLOORS = (0.005, 0.02, 0.05, 0.1)

Floats = NDArray[np.float32]
Labels = NDArray[np.int64]


def fit_prototypes(embeddings: Floats, cities: Sequence[str], groups: Sequence[str], rule: HeadRule) -> FittedHead:
    """Cosine of the standardised embedding to the mean of each city, every city counting alike.

    The scale that turns cosines into logits is that under which places held out are likeliest.

    Args:
        embeddings: ``[N, D]`` of the training photos.
        cities: ``[N]`` slugs.
        groups: ``[N]`` what must never be split.
        rule: folds, weights, seed.

    Raises:
        InputError: fewer than two cities.

    Source:
        Snell, Swersky and Zemel, *Prototypical Networks*, NeurIPS 2017, with cosine for their distance, as in Gidaris
        and Komodakis, *Dynamic Few-Shot Visual Learning without Forgetting*, CVPR 2018.
    """
    names, labels = city_labels(cities)
    X = np.asarray(embeddings, np.float32)
    with one_blas_thread():
        params = _prototypes(X, labels, len(names), rule)
        held_out = _held_out(X, labels, groups, rule, lambda rows, own: _prototypes(rows, own, len(names), rule))
        scale = _scale(held_out, labels, rule)

    def refit(rows: Floats, own: NDArray[np.str_]) -> PrototypeParams:
        known, numbers = np.unique(own, return_inverse=True)
        return replace(_prototypes(np.asarray(rows, np.float32), numbers, len(known), rule), scale=scale)

    facts = {"kind": "prototype", "scale": round(scale, 6)}
    logits = np.asarray(held_out * (scale / _UNIT), np.float32)
    return FittedHead(replace(params, scale=scale), names, 0.0, (), logits, facts, refit)


def _scale(held_out: Floats, labels: Labels, rule: HeadRule) -> float:
    """What turns cosines into logits, from cosines times 10 of places held out."""
    judged = np.isfinite(held_out).all(axis=1)
    if not judged.any():
        return _UNIT
    weights = _weights(labels[judged], held_out.shape[1], rule)
    return _UNIT / fit_temperature(held_out[judged], labels[judged], weights)


def _prototypes(X: Floats, labels: Labels, count: int, rule: HeadRule) -> PrototypeParams:
    mean, std = standardiser(X)
    weights = np.eye(count)[labels] / np.maximum(np.bincount(labels, minlength=count), 1)
    middles = weights.T @ X
    present = np.isin(np.arange(count), labels)
    centre = middles[present].mean(axis=0) if rule.class_weight == "balanced" else mean
    middles[~present] = centre  # a city that this fold lacks is like none in particular
    spread = np.where(np.isfinite(std), std, 1e30).astype(np.float32)  # a constant column is scaled away
    return PrototypeParams(centre.astype(np.float32), spread, unit_rows((middles - centre) / spread), _UNIT)


def fit_neighbours(embeddings: Floats, cities: Sequence[str], groups: Sequence[str], rule: HeadRule) -> FittedHead:
    """Vote of the ``k`` nearest training photos in a space whitened within cities, nearer ones counting more.

    How much more (``warmth``), and what share of the votes no photo decides (``floor``), are those under which places
    held out are likeliest.

    Args:
        embeddings: ``[N, D]`` of the training photos; at most 5,000 of them vote, cities as evenly as they allow.
        cities: ``[N]`` slugs.
        groups: ``[N]`` what must never be split.
        rule: k, folds, weights, seed.

    Raises:
        InputError: fewer than two cities.

    Source:
        The weighted vote of Wu, Xiong, Yu and Lin, *Unsupervised Feature Learning via Non-Parametric Instance
        Discrimination*, CVPR 2018, section 3.4, in the space of :func:`flaneur.training.heads.novelty.fit_novelty`.
    """
    names, labels = city_labels(cities)
    X = np.asarray(embeddings, np.float32)
    with one_blas_thread():
        chosen, loss, held_out = _choose_votes(X, labels, groups, rule)
        params = _voters(X, labels, len(names), rule, chosen)

    def refit(rows: Floats, own: NDArray[np.str_]) -> NeighbourParams:
        known, numbers = np.unique(own, return_inverse=True)
        return _voters(np.asarray(rows, np.float32), numbers, len(known), rule, chosen)

    facts = {"kind": "neighbours", "k": rule.k, "warmth": chosen[0], "floor": chosen[1], "log_loss": loss}
    return FittedHead(params, names, 0.0, (), held_out, facts, refit)


def _choose_votes(
    X: Floats, labels: Labels, groups: Sequence[str], rule: HeadRule
) -> tuple[tuple[float, float], float | None, Floats]:
    """Warmth and floor, their loss, and the logits of places held out under them."""
    folds = assign_folds(labels, groups, rule.folds, rule.seed)
    count, pairs = int(labels.max()) + 1, list(product(_WARMTHS, _FLOORS))
    logits = np.full((len(pairs), len(X), count), np.nan, np.float32)
    if folds.max() < 1:
        return (_WARMTHS[len(_WARMTHS) // 2], _FLOORS[len(_FLOORS) // 2]), None, logits[0]
    for fold in range(int(folds.max()) + 1):
        voters = _voters(X[folds != fold], labels[folds != fold], count, rule, pairs[0])
        for row, (warmth, floor) in enumerate(pairs):
            logits[row][folds == fold] = head_logits(replace(voters, warmth=warmth, floor=floor), X[folds == fold])
    judged = folds >= 0
    weights = _weights(labels[judged], count, rule)
    losses = [negative_log_likelihood(row[judged], labels[judged], weights) for row in logits]
    best = int(np.argmin(losses))
    return pairs[best], round(losses[best], 6), logits[best]


def _voters(X: Floats, labels: Labels, count: int, rule: HeadRule, chosen: tuple[float, float]) -> NeighbourParams:
    mean = X.mean(axis=0, dtype=np.float64).astype(np.float32)
    names = labels.astype(np.str_)
    projection = half(whitening(X - mean, names, _DIMS))
    rows = sample_evenly(names, _REFERENCES, rule.seed)
    own = labels[rows]
    log_weights = np.log(_weights(own, count, rule)).astype(np.float32)
    references = half(unit_rows((X[rows] - mean) @ projection))
    votes = min(rule.k, len(rows))
    return NeighbourParams(mean, projection, references, own.astype(np.int64), log_weights, count, votes, *chosen)


def _held_out(
    X: Floats,
    labels: Labels,
    groups: Sequence[str],
    rule: HeadRule,
    fit: Callable[[Floats, Labels], PrototypeParams],
) -> Floats:
    """``[N, C]`` logits of each photo by the fold that did not see its place; NaN where no fold could."""
    folds = assign_folds(labels, groups, rule.folds, rule.seed)
    logits = np.full((len(X), int(labels.max()) + 1), np.nan, np.float32)
    for fold in range(int(folds.max()) + 1) if folds.max() > 0 else ():
        logits[folds == fold] = head_logits(fit(X[folds != fold], labels[folds != fold]), X[folds == fold])
    return logits


def _weights(labels: Labels, count: int, rule: HeadRule) -> NDArray[np.float64]:
    return balanced_weights(labels, count) if rule.class_weight == "balanced" else np.ones(len(labels))
