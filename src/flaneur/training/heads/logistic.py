"""Embeddings and cities in; a linear head out, its strength chosen by cross-validation that never splits a place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.onnx_files.graph import HeadParams
from flaneur.training.heads.cross_validation import assign_folds as assign_folds
from flaneur.training.heads.cross_validation import balanced_weights as balanced_weights
from flaneur.training.heads.cross_validation import choose_strength, city_labels, standardiser
from flaneur.training.heads.cross_validation import one_blas_thread as one_blas_thread
from flaneur.training.heads.logits import blend as blend
from flaneur.training.heads.logits import head_logits as head_logits
from flaneur.training.heads.logits import join_heads as join_heads
from flaneur.training.heads.rule import FittedHead as FittedHead
from flaneur.training.heads.rule import HeadRule as HeadRule

_USUAL = HeadRule()


def fit_head(
    embeddings: NDArray[np.float32],
    cities: Sequence[str],
    groups: Sequence[str],
    rule: HeadRule = _USUAL,
    progress: Callable[[str], None] | None = None,
) -> FittedHead:
    """Fit a multinomial logistic regression; choose its strength with whole places held out.

    Args:
        embeddings: ``[N, D]`` of the training photos.
        cities: ``[N]`` slugs.
        groups: ``[N]`` what must never be split: places, or the split's groups.
        rule: strengths, folds, weights.
        progress: told one line a strength.

    Raises:
        InputError: fewer than two cities.

    >>> rng = np.random.default_rng(0)
    >>> sides = np.repeat([[-1.0, 0.0], [1.0, 0.0]], 20, axis=0) + rng.normal(0, 0.2, (40, 2))
    >>> names = ["lyon"] * 20 + ["nice"] * 20
    >>> head = fit_head(sides.astype(np.float32), names, [str(i // 2) for i in range(40)])
    >>> head.cities, head_logits(head.params, np.array([[-1, 0], [1, 0]], np.float32)).argmax(1).tolist()
    (('lyon', 'nice'), [0, 1])
    """
    names, labels = city_labels(cities)
    X = np.asarray(embeddings, np.float32)

    def fitter(rows: NDArray[np.float32], own: NDArray[np.int64]) -> Callable[[float], HeadParams]:
        fold = _Fold(rows, own, len(names), rule)
        return lambda strength: fold.fit(strength, tolerance=1e-3).params()

    with one_blas_thread():
        strength, table, held_out = choose_strength(X, labels, groups, rule, fitter, progress)
        params = _Fold(X, labels, len(names), rule).fit(strength, tolerance=1e-4).params()

    def refit(rows: NDArray[np.float32], own: NDArray[np.str_]) -> HeadParams:
        return fit_strength(rows, own, strength)

    facts = {"kind": "logistic", "strength": strength, "cross_validation": [asdict(row) for row in table]}
    return FittedHead(params, names, strength, table, held_out, facts, refit)


def fit_strength(
    embeddings: NDArray[np.float32], cities: NDArray[np.str_], strength: float, rule: HeadRule = _USUAL
) -> HeadParams:
    """A head at one strength, cities in sorted order; call it within :func:`one_blas_thread`. See :func:`fit_head`."""
    names, labels = np.unique(cities, return_inverse=True)
    return _Fold(np.asarray(embeddings, np.float32), labels, len(names), rule).fit(strength, tolerance=1e-3).params()


class _Fold:
    """One training set, standardised once, fitted at falling strengths from where the last one ended."""

    def __init__(self, X: NDArray[np.float32], labels: NDArray[np.int64], count: int, rule: HeadRule) -> None:
        from sklearn.linear_model import LogisticRegression

        self.mean, self.std = standardiser(X)
        self.Z = np.asarray((X - self.mean) / self.std, np.float32)
        self.labels, self.count = labels, count
        weight = "balanced" if rule.class_weight == "balanced" else None
        self.model: Any = LogisticRegression(class_weight=weight, warm_start=True, random_state=0)

    def fit(self, strength: float, *, tolerance: float) -> _Fold:
        """Fit at one strength."""
        self.model.set_params(C=1 / (strength * len(self.labels)), tol=tolerance, max_iter=400)
        self.model.fit(self.Z, self.labels)
        return self

    def params(self) -> HeadParams:
        """The head for raw embeddings; a city that this fold lacks gets a logit that never wins."""
        coef, intercept = self.model.coef_.astype(np.float64), self.model.intercept_.astype(np.float64)
        if len(self.model.classes_) == 2:  # scikit-learn keeps one row for two classes
            coef, intercept = np.concatenate([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
        weight = np.zeros((self.Z.shape[1], self.count))
        bias = np.full(self.count, -math.log(1e6))
        weight[:, self.model.classes_] = (coef / self.std).T
        bias[self.model.classes_] = intercept - (self.mean / self.std) @ coef.T
        return HeadParams(weight.astype(np.float32), bias.astype(np.float32))
