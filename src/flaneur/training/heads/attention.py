"""Embeddings of places with several views in; a score out that says how much each view counts beside the others."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.fusion import fuse_places, view_weights
from flaneur.onnx_files.heads import AttentionParams
from flaneur.training.heads.cross_validation import assign_folds, balanced_weights, one_blas_thread, standardiser

_log = logging.getLogger(__name__)
LEAST_PLACES = 20
"""Places with two views or more, below which no attention is learnt."""

_STRENGTHS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
_DRAWS, _FOLDS = 4, 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Views:
    """Photos of the training part that are views of places.

    Args:
        embeddings: ``[N, D]``.
        logits: ``[N, C]``, best of a head that had not seen the place.
        labels: ``[N]`` city indices.
        places: ``[N]`` names.
        groups: ``[N]`` what must never be split; a place lies in one of them.
    """

    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    places: Sequence[str]
    groups: Sequence[str]


def fit_attention(views: Views, temperature: float, seed: int = 0) -> tuple[AttentionParams, dict[str, Any]]:
    """Learn which views of a place to heed: a score linear in the embedding, a softmax over the views of a place.

    Each place shows a random number of its views, drawn several times, so that any number works later. (A view alone
    has weight 1 whatever its score, so draws begin at two.) The loss is that of the fused answer, the penalty's
    strength the one under which the fused answers of places held out are likeliest; cities count alike in both. Where
    none beats equal weights, the score is 0 for every view, and a warning says so.

    Args:
        views: of the training part.
        temperature: of the logits.
        seed: of draws and folds.

    Returns:
        The score, and what to keep in the card.

    Raises:
        InputError: fewer than 20 places with several views, or all of them in one city.
    """
    rows, numbers = _several(views.places)
    count = require_views(views.places, views.labels.tolist())
    mean, std = standardiser(views.embeddings[rows])
    Z, logits = (views.embeddings[rows] - mean) / std, views.logits[rows] / np.float64(temperature)
    labels, groups = views.labels[rows], [views.groups[row] for row in rows]
    drawn = _drawn(numbers, np.random.default_rng(seed))
    folds = assign_folds(labels, groups, _FOLDS, seed)
    with one_blas_thread():
        losses = _losses(Z, logits, labels, numbers, drawn, folds)
        best = min(losses, key=lambda strength: losses[strength])
        equal = losses.get(np.inf, np.nan)
        theta = np.zeros(Z.shape[1]) if best == np.inf else _fit(Z, logits, labels, drawn, best)
    if best == np.inf:
        _log.warning("attention: no weighing of views beat equal weights on %d places; all views count alike.", count)
    weight = theta / std
    facts = {"places": count, "strength": None if best == np.inf else best, "log_loss": round(losses[best], 6)}
    facts["log_loss_equal_weights"] = round(float(equal), 6)
    return AttentionParams(weight.astype(np.float32), -float(mean @ weight)), facts


def require_views(places: Sequence[str], cities: Sequence[Any]) -> int:
    """How many places have several views.

    Args:
        places: ``[N]`` of each photo.
        cities: ``[N]`` likewise.

    Raises:
        InputError: fewer than 20, or all in one city.
    """
    several, _ = _several(places)
    count, own = len({places[row] for row in several}), sorted({str(cities[row]) for row in several})
    if count >= LEAST_PLACES and len(own) < 2:
        raise InputError(
            f"fusion by attention needs places with several photos in two cities or more; here all {count} are in "
            f"{own[0]}, so it would only learn to heed what looks like that city. Take fusion = 'confidence' or "
            "'mean_log_probability', or import more views."
        )
    if count < LEAST_PLACES:
        raise InputError(
            f"fusion by attention is learnt from places with several photos, of which the train part has {count}; it "
            f"needs {LEAST_PLACES}. Take fusion = 'confidence' or 'mean_log_probability', or import more views."
        )
    return count


def _several(places: Sequence[str]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows at places with two views or more, and the number of each one's place."""
    _, number, size = np.unique(np.asarray(places), return_inverse=True, return_counts=True)
    rows = np.flatnonzero(size[number] > 1)
    return rows, np.unique(number[rows], return_inverse=True)[1].astype(np.intp)


def _drawn(numbers: NDArray[np.intp], rng: np.random.Generator) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and the number of the draw each belongs to: two to all views of each place, several times."""
    rows: list[NDArray[np.intp]] = []
    for place in range(int(numbers.max()) + 1):
        own = np.flatnonzero(numbers == place)
        rows += [rng.permutation(own)[: rng.integers(2, len(own) + 1)] for _ in range(_DRAWS)]
    return np.concatenate(rows), np.repeat(np.arange(len(rows)), [len(one) for one in rows])


def _losses(
    Z: Floats,
    logits: Floats,
    labels: NDArray[np.int64],
    numbers: NDArray[np.intp],
    drawn: tuple[NDArray[np.intp], NDArray[np.intp]],
    folds: NDArray[np.int64],
) -> dict[float, float]:
    """Log loss of the fused answers of places held out, by strength; infinite strength is equal weights."""
    judged = folds >= 0
    scores = {strength: np.zeros(len(Z)) for strength in (np.inf, *_STRENGTHS)}
    for fold in range(int(folds.max()) + 1):
        kept = folds[drawn[0]] != fold
        train = drawn[0][kept], np.unique(drawn[1][kept], return_inverse=True)[1]
        for strength in _STRENGTHS:
            scores[strength][folds == fold] = Z[folds == fold] @ _fit(Z, logits, labels, train, strength)
    places = np.unique(numbers[judged], return_inverse=True)[1].astype(np.intp)
    own = labels[judged][np.unique(places, return_index=True)[1]]
    weights = balanced_weights(own, logits.shape[1])
    found = {}
    for strength, score in scores.items():
        fused = fuse_places(logits[judged], places, "attention", attention=score[judged])
        found[strength] = -float((weights * fused[np.arange(len(own)), own]).mean())
    return found


def _fit(
    Z: Floats,
    logits: Floats,
    labels: NDArray[np.int64],
    drawn: tuple[NDArray[np.intp], NDArray[np.intp]],
    strength: float,
) -> Floats:
    """``[D]``: minimise the mean loss of the fused draws plus ``strength / 2`` times the squared length."""
    from scipy.optimize import minimize

    rows, draw = drawn
    X, L = Z[rows], logits[rows]
    own = labels[rows][np.unique(draw, return_index=True)[1]]
    truth = np.eye(L.shape[1])[own]
    share = balanced_weights(own, L.shape[1]) / len(own)

    def loss(theta: Floats) -> tuple[float, Floats]:
        weights = view_weights(L, draw, "attention", attention=X @ theta)
        fused = fuse_places(L, draw, "attention", attention=X @ theta)
        slope = (share[:, None] * (np.exp(fused) - truth))[draw]
        pull = (L * slope).sum(axis=1)
        mean_pull = np.bincount(draw, weights * pull)[draw]
        value = -float(share @ (fused * truth).sum(axis=1)) + strength / 2 * float(theta @ theta)
        return value, X.T @ (weights * (pull - mean_pull)) + strength * theta

    found = minimize(loss, np.zeros(Z.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return np.asarray(found.x, np.float64)
