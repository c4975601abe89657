"""Embeddings and cities in; a head with one hidden layer out, its penalty chosen with whole places held out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.fusion import log_softmax
from flaneur.onnx_files.heads import HeadParams, MlpParams
from flaneur.training.heads.cross_validation import (
    balanced_weights,
    choose_strength,
    city_labels,
    one_blas_thread,
    standardiser,
)
from flaneur.training.heads.rule import FittedHead, HeadRule

_ITERATIONS = 40  # in cross-validation and at the end alike: stopping early is part of what was chosen


def fit_mlp(
    embeddings: NDArray[np.float32],
    cities: Sequence[str],
    groups: Sequence[str],
    rule: HeadRule,
    progress: Callable[[str], None] | None = None,
) -> FittedHead:
    """Fit ``relu(z @ W1 + b1) @ W2 + b2`` on standardised embeddings z by L-BFGS on the whole set, 40 steps of it.

    Args:
        embeddings: ``[N, D]`` of the training photos.
        cities: ``[N]`` slugs.
        groups: ``[N]`` what must never be split.
        rule: hidden width, strengths of the L2 penalty in units of the mean loss, folds, weights, seed.
        progress: told one line a strength.

    Raises:
        InputError: fewer than two cities.
    """
    names, labels = city_labels(cities)
    X = np.asarray(embeddings, np.float32)

    def fitter(rows: NDArray[np.float32], own: NDArray[np.int64]) -> Callable[[float], MlpParams]:
        return lambda strength: _fit(rows, own, len(names), rule, strength)

    with one_blas_thread():
        strength, table, held_out = choose_strength(X, labels, groups, rule, fitter, progress)
        params = _fit(X, labels, len(names), rule, strength)

    def refit(rows: NDArray[np.float32], own: NDArray[np.str_]) -> MlpParams:
        known, numbers = np.unique(own, return_inverse=True)
        return _fit(np.asarray(rows, np.float32), numbers, len(known), rule, strength)

    facts: dict[str, Any] = {"kind": "mlp", "hidden": rule.hidden, "strength": strength}
    facts["cross_validation"] = [asdict(row) for row in table]
    return FittedHead(params, names, strength, table, held_out, facts, refit)


def _fit(X: NDArray[np.float32], labels: NDArray[np.int64], count: int, rule: HeadRule, strength: float) -> MlpParams:
    from scipy.optimize import minimize

    mean, std = standardiser(X)
    Z = np.asarray((X - mean) / std, np.float32)
    weights = balanced_weights(labels, count) if rule.class_weight == "balanced" else np.ones(len(labels))
    truth = np.eye(count, dtype=np.float32)[labels]
    shapes = ((Z.shape[1], rule.hidden), (rule.hidden,), (rule.hidden, count), (count,))
    share = (weights / weights.sum()).astype(np.float32)[:, None]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        W1, b1, W2, b2 = _unflat(flat, shapes)
        hidden = np.maximum(Z @ W1 + b1, 0)
        logs = log_softmax(hidden @ W2 + b2)
        slope = share * (np.exp(logs).astype(np.float32) - truth)
        below = (slope @ W2.T) * (hidden > 0)
        value = -float((share * truth * logs).sum()) + strength / 2 * float((W1**2).sum() + (W2**2).sum())
        slopes = (Z.T @ below + strength * W1, below.sum(0), hidden.T @ slope + strength * W2, slope.sum(0))
        return value, np.concatenate([part.ravel() for part in slopes]).astype(np.float64)

    start = _start(shapes, rule.seed)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _ITERATIONS, "ftol": 1e-7})
    W1, b1, W2, b2 = _unflat(found.x, shapes)
    raw = W1 / std[:, None]
    inner = HeadParams(raw.astype(np.float32), (b1 - mean @ raw).astype(np.float32))
    return MlpParams(inner, HeadParams(W2, b2))


def _start(shapes: Sequence[tuple[int, ...]], seed: int) -> NDArray[np.float64]:
    """Weights by He et al. 2015, biases 0."""
    rng = np.random.default_rng(seed)
    parts = [
        rng.normal(0, np.sqrt(2 / shape[0]), shape).ravel() if len(shape) == 2 else np.zeros(shape) for shape in shapes
    ]
    return np.concatenate(parts)


def _unflat(flat: NDArray[np.float64], shapes: Sequence[tuple[int, ...]]) -> list[NDArray[np.float32]]:
    ends = np.cumsum([int(np.prod(shape)) for shape in shapes])
    parts = np.split(flat.astype(np.float32), ends[:-1])
    return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]
