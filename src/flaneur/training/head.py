"""Embeddings and cities in; a linear head out, its strength chosen by cross-validation that never splits a place."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError, UsageError
from flaneur.onnx_graph import HeadParams
from flaneur.training.calibrate import fit_temperature, negative_log_likelihood
from flaneur.training.heads import blend as blend
from flaneur.training.heads import head_logits as head_logits
from flaneur.training.heads import join_heads as join_heads

_STALE = 2  # strengths without progress after which weaker ones are no longer tried


@dataclass(frozen=True, slots=True)
class HeadRule:
    """Which head stands on the embeddings, and how it is fitted.

    Args:
        kind: ``logistic`` regression on cached embeddings; ``trained``: the linear layer that was trained with the
            network; ``blend`` of both, where there are both; ``mlp``: one hidden layer on cached embeddings;
            ``prototype``: cosine to the mean of each city; ``neighbours``: vote of the nearest known photos.
        hidden: width of the ``mlp``'s hidden layer.
        k: how many ``neighbours`` vote.
        strengths: of the L2 penalty to try, in units of the mean loss, so that they mean the same for 90 and for 90,000
            photos; strongest first. scikit-learn's ``C`` is ``1 / (strength * photos)``.
        folds: of the cross-validation.
        class_weight: ``balanced`` lets every city count alike, ``none`` every photo.
        seed: of the folds.
    """

    kind: Literal["blend", "logistic", "trained", "mlp", "prototype", "neighbours"] = "blend"
    hidden: int = 256
    k: int = 20
    strengths: tuple[float, ...] = (3.0, 1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
    folds: int = 4
    class_weight: Literal["balanced", "none"] = "balanced"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.strengths or min(self.strengths) <= 0:
            raise UsageError(f"head.strengths must be numbers above 0, not {self.strengths}.")
        if self.hidden < 1 or self.k < 1:
            raise UsageError(f"head.hidden and head.k must be 1 or more, not {self.hidden} and {self.k}.")
        if self.folds < 2:
            raise UsageError(f"head.folds must be 2 or more, not {self.folds}.")
        if self.class_weight not in ("balanced", "none"):
            raise UsageError(f"head.class_weight must be 'balanced' or 'none', not {self.class_weight!r}.")


@dataclass(frozen=True, slots=True)
class StrengthScore:
    """What cross-validation measured for one strength; each city counts alike, photos were always at unseen places.

    Args:
        strength: of the penalty.
        log_loss: nats a photo, after a temperature was fitted; lower is better.
        balanced_accuracy: mean over the cities, 0 to 1.
    """

    strength: float
    log_loss: float
    balanced_accuracy: float


@dataclass(frozen=True, slots=True)
class FittedHead:
    """A head and how it was chosen.

    Args:
        params: weight ``[D, C]`` and bias ``[C]``, standardisation folded in.
        cities: slugs in logit order.
        strength: the one chosen.
        table: one line a strength tried; empty where there were too few places to compare.
        held_out: ``[N, C]`` logits of each training photo by the fold that did not see its place; NaN where
            no fold could.
    """

    params: HeadParams
    cities: tuple[str, ...]
    strength: float
    table: tuple[StrengthScore, ...]
    held_out: NDArray[np.float32] = field(repr=False)


def fit_head(
    embeddings: NDArray[np.float32],
    cities: Sequence[str],
    groups: Sequence[str],
    rule: HeadRule = HeadRule(),
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
    names, labels = np.unique(np.asarray(cities), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"Only one city ({', '.join(names)}) has training photos. A head needs two or more cities to tell apart."
        )
    X = np.asarray(embeddings, np.float32)
    folds = assign_folds(labels, groups, rule.folds, rule.seed)
    with one_blas_thread():
        table, held_out = _cross_validate(X, labels, folds, rule, progress)
        # Without any comparison the middle of the grid errs on neither side.
        strength = (
            min(table, key=lambda row: row.log_loss).strength if table else rule.strengths[len(rule.strengths) // 2]
        )
        params = _Fold(X, labels, len(names), rule).fit(strength, tolerance=1e-4).params()
    logits = held_out.get(strength, np.full((len(X), len(names)), np.nan, np.float32))
    return FittedHead(params, tuple(str(name) for name in names), strength, tuple(table), logits)


def fit_strength(
    embeddings: NDArray[np.float32], cities: NDArray[np.str_], strength: float, rule: HeadRule = HeadRule()
) -> HeadParams:
    """A head at one strength, cities in sorted order; call it within :func:`one_blas_thread`. See :func:`fit_head`."""
    names, labels = np.unique(cities, return_inverse=True)
    return _Fold(np.asarray(embeddings, np.float32), labels, len(names), rule).fit(strength, tolerance=1e-3).params()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Sums in one order however busy the machine is: the same data give the same bytes. Folds take the other cores."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")  # cross-validation stops early on purpose
        yield


def assign_folds(labels: NDArray[np.int64], groups: Sequence[str], folds: int, seed: int) -> NDArray[np.int64]:
    """Spread each city's groups over the folds, evenly by photos.

    Args:
        labels: ``[N]`` city indices.
        groups: ``[N]`` group names.
        folds: how many at most.
        seed: order of groups of one size.

    Returns:
        ``[N]`` fold of each photo; -1 where the city has but one group: always trained on, never judged.

    >>> assign_folds(np.array([0, 0, 0, 1, 1, 1, 2]), ["a", "a", "b", "c", "c", "d", "e"], 2, 0).tolist()
    [0, 0, 1, 0, 0, 1, -1]
    """
    rng = np.random.default_rng(seed)
    names, group = np.unique(np.asarray(groups), return_inverse=True)
    order = rng.permutation(len(names))
    fold_of = np.full(len(names), -1, np.int64)
    for label in range(int(labels.max()) + 1):
        sizes = np.bincount(group[labels == label], minlength=len(names))
        mine = sorted(np.flatnonzero(sizes), key=lambda index: (-sizes[index], order[index]))
        load = np.zeros(folds)
        for index in mine if len(mine) > 1 else ():
            if fold_of[index] < 0:
                fold_of[index] = int(load.argmin())
            load[fold_of[index]] += sizes[index]
    return (_named_in_order(fold_of, group) if names.size > 1 else fold_of)[group]


def _named_in_order(fold_of: NDArray[np.int64], group: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rename folds by first use, so that they read well and empty ones drop out."""
    seen: dict[int, int] = {}
    for fold in fold_of[group].tolist():
        if fold >= 0:
            seen.setdefault(fold, len(seen))
    return np.array([seen.get(int(fold), -1) for fold in fold_of], np.int64)


def _cross_validate(
    X: NDArray[np.float32],
    labels: NDArray[np.int64],
    folds: NDArray[np.int64],
    rule: HeadRule,
    progress: Callable[[str], None] | None,
) -> tuple[list[StrengthScore], dict[float, NDArray[np.float32]]]:
    judged = np.flatnonzero(folds >= 0)
    count, fold_count = int(labels.max()) + 1, int(folds.max()) + 1
    if fold_count < 2:
        return [], {}
    fits = [_Fold(X[folds != fold], labels[folds != fold], count, rule) for fold in range(fold_count)]
    weights = balanced_weights(labels[judged], count) if rule.class_weight == "balanced" else np.ones(len(judged))
    table: list[StrengthScore] = []
    all_logits: dict[float, NDArray[np.float32]] = {}
    with ThreadPoolExecutor(2) as pool:
        for strength in sorted(rule.strengths, reverse=True):
            logits = np.full((len(X), count), np.nan, np.float32)
            # Two folds at a time keep two cores busy; the largest matrices live once a fold, not once a strength.
            for fold, fitted in enumerate(pool.map(lambda fit, s=strength: fit.fit(s, tolerance=1e-3).params(), fits)):
                logits[folds == fold] = head_logits(fitted, X[folds == fold])
            table.append(_score(strength, logits[judged], labels[judged], weights))
            all_logits[strength] = logits
            if progress:
                progress(f"strength {strength:g}: log loss {table[-1].log_loss:.3f}")
            best = min(range(len(table)), key=lambda i: table[i].log_loss)
            if len(table) - 1 - best >= _STALE:
                break
    return table, all_logits


def _score(
    strength: float, logits: NDArray[np.float32], labels: NDArray[np.int64], weights: NDArray[np.float64]
) -> StrengthScore:
    # A temperature follows anyway, so a strength must not win by being modest: compare after fitting one.
    temperature = fit_temperature(logits, labels, weights)
    loss = negative_log_likelihood(logits / temperature, labels, weights)
    hits = logits.argmax(1) == labels
    accuracy = float(np.mean([hits[labels == label].mean() for label in np.unique(labels)]))
    return StrengthScore(strength, round(loss, 6), round(accuracy, 6))


def balanced_weights(labels: NDArray[np.int64], count: int) -> NDArray[np.float64]:
    """``[N]`` weights, mean 1, by which every city that occurs counts alike.

    >>> balanced_weights(np.array([0, 0, 0, 1]), 2).round(2).tolist()
    [0.67, 0.67, 0.67, 2.0]
    """
    sizes = np.bincount(labels, minlength=count)
    return np.asarray((len(labels) / (np.count_nonzero(sizes) * np.maximum(sizes, 1)))[labels], np.float64)


class _Fold:
    """One training set, standardised once, fitted at falling strengths from where the last one ended."""

    def __init__(self, X: NDArray[np.float32], labels: NDArray[np.int64], count: int, rule: HeadRule) -> None:
        from sklearn.linear_model import LogisticRegression

        self.mean = X.mean(axis=0, dtype=np.float64)
        spread = X.std(axis=0, dtype=np.float64)
        self.std = np.where(spread > 1e-6 * (1 + np.abs(self.mean)), spread, np.inf)  # a constant column tells nothing
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
