"""Embeddings of known photos and of a new city's in; the linear column that scores the new city out.

The new city's prototype is the mean of its photos. How far a photo leans towards it is measured in the space of the
differences within cities, as linear discriminant analysis does. Scale and offset are those under which the known photos
and the new ones, each judged by a prototype of the others, are likeliest. So the new logit fits beside the old ones,
and probabilities stay calibrated under the model's own temperature.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.onnx_files.heads import HeadParams
from flaneur.training.heads.cross_validation import balanced_weights, one_blas_thread, standardiser
from flaneur.training.heads.novelty import ledoit_wolf

Floats = NDArray[np.floating]
LEAST_PHOTOS = 3
"""Fewer cannot be judged by one another."""

_SPHERE = 0.9  # share of a sphere in the covariance; figures differ little from 0.8 to 1: docs/how-to/add-a-city.md
_FLATTEN = 1e-3  # of the squared scale: keeps it finite where photos of the city are apart from all others


@dataclass(frozen=True, slots=True)
class Space:
    """Where photos of one city differ alike in every direction.

    Args:
        centre: ``[D]`` mean of the cities' means.
        spread: ``[D]``; infinite for a constant column, which tells nothing.
        within: ``[D, D]`` covariance of the differences within cities, in units of ``spread``.
    """

    centre: NDArray[np.float64]
    spread: NDArray[np.float64]
    within: NDArray[np.float64]

    def scaled(self, embeddings: Floats) -> NDArray[np.float64]:
        """``[N, D]`` embeddings, centred and in units of the spread."""
        return np.asarray((embeddings - self.centre) / self.spread, np.float64)


def space_of(embeddings: NDArray[np.float32], labels: NDArray[np.int64]) -> Space:
    """The space of some cities.

    Args:
        embeddings: ``[N, D]``.
        labels: ``[N]``.

    Source:
        Friedman, *Regularized Discriminant Analysis*, JASA 84, 1989, with the covariance of Ledoit and Wolf, 2004.
    """
    _, labels = np.unique(labels, return_inverse=True)
    _, spread = standardiser(embeddings)
    middles = np.stack([embeddings[labels == city].mean(axis=0) for city in range(int(labels.max()) + 1)])
    sample = ledoit_wolf(np.asarray((embeddings - middles[labels]) / spread, np.float64))
    sphere = np.trace(sample) / len(sample) * np.eye(len(sample))
    return Space(middles.mean(axis=0), spread, (1 - _SPHERE) * sample + _SPHERE * sphere)


def fit_column(
    embeddings: NDArray[np.float32],
    labels: NDArray[np.int64],
    logits: Floats,
    new: NDArray[np.float32],
    new_logits: Floats,
    temperature: float,
) -> HeadParams:
    """The column of a linear head that scores a new city.

    Args:
        embeddings: ``[N, D]`` of photos of the known cities, which the head was not trained on.
        labels: ``[N]`` their cities; each city counts alike, and so does the new one.
        logits: ``[N, C]`` of the model so far.
        new: ``[M, D]`` of the new city's photos; three or more.
        new_logits: ``[M, C]`` of the model so far.
        temperature: of the model.

    Returns:
        ``[D, 1]`` and ``[1]``: ``embedding @ weight + bias`` is the new logit, above the mean of the others.
    """
    _, labels = np.unique(labels, return_inverse=True)
    count = int(labels.max()) + 1
    with one_blas_thread():
        where = space_of(embeddings, labels)
        known, own = where.scaled(embeddings), where.scaled(new)
        total = own.sum(axis=0)
        prototypes = np.vstack([total / len(own), (total - own) / (len(own) - 1)])
        towards, *without = np.linalg.solve(where.within, prototypes.T).T
    scale, offset = _fit_scale(
        _Sides(
            known @ towards, _for_others(logits / temperature), balanced_weights(labels, count) * count / len(labels)
        ),
        _Sides(
            np.einsum("nd,nd->n", own, np.stack(without)),
            _for_others(new_logits / temperature),
            np.full(len(own), 1 / len(own)),
        ),
    )
    weight = temperature * scale * towards / where.spread
    bias = temperature * offset - float(weight @ where.centre)
    return HeadParams(weight[:, None].astype(np.float32), np.array([bias], np.float32))


@dataclass(frozen=True, slots=True)
class _Sides:
    """Photos of the known cities, or of the new one: how far they lean to it, what speaks for the others, weights."""

    leaning: NDArray[np.float64]
    others: NDArray[np.float64]
    weight: NDArray[np.float64]


def _fit_scale(known: _Sides, new: _Sides) -> tuple[float, float]:
    """Scale and offset that make the leaning a logit: logistic regression against what speaks for the other cities."""
    from scipy.optimize import minimize
    from scipy.special import expit

    middle, unit = float(known.leaning.mean()), max(float(known.leaning.std()), 1e-12)
    sides = [(known, 1.0), (new, -1.0)]  # a known photo shall have the others' odds, a new one its own

    def loss(both: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scale, offset = both
        value, slope = _FLATTEN * scale**2, np.array([2 * _FLATTEN * scale, 0.0])
        for side, sign in sides:
            lean = (side.leaning - middle) / unit
            odds = sign * (scale * lean + offset - side.others)
            value += float(side.weight @ np.logaddexp(0, odds))
            pull = sign * side.weight * expit(odds)
            slope += np.array([pull @ lean, pull.sum()])
        return value, slope

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)])
    scale, offset = (float(value) for value in found.x)
    return scale / unit, offset - scale * middle / unit


def _for_others(logits: Floats) -> NDArray[np.float64]:
    """``[N]`` what a new logit stands against: the log of the sum of the others' exponentials, above their mean."""
    rows = np.asarray(logits, np.float64)
    return np.asarray(np.logaddexp.reduce(rows, axis=1) - rows.mean(axis=1), np.float64)
