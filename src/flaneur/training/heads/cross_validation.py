"""Embeddings, cities and places in; the strength of a penalty out, chosen without ever splitting a place."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.onnx_files.heads import Head
from flaneur.training.heads.calibrate import fit_temperature, negative_log_likelihood
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.rule import HeadRule, StrengthScore

_STALE = 2  # strengths without progress after which weaker ones are no longer tried


def city_labels(cities: Sequence[str]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Slugs in sorted order, and the number of each photo's.

    Raises:
        InputError: fewer than two cities.
    """
    names, labels = np.unique(np.asarray(cities), return_inverse=True)
    if len(names) < 2:
        raise InputError(
            f"Only one city ({', '.join(names)}) has training photos. A head needs two or more cities to tell apart."
        )
    return tuple(str(name) for name in names), labels


def standardiser(X: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and deviation ``[D]`` of the columns; infinite for a constant column, which tells nothing."""
    mean, spread = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    return mean, np.where(spread > 1e-6 * (1 + np.abs(mean)), spread, np.inf)


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


def choose_strength(
    X: NDArray[np.float32],
    labels: NDArray[np.int64],
    groups: Sequence[str],
    rule: HeadRule,
    fitter: Callable[[NDArray[np.float32], NDArray[np.int64]], Callable[[float], Head]],
    progress: Callable[[str], None] | None = None,
) -> tuple[float, tuple[StrengthScore, ...], NDArray[np.float32]]:
    """The strength of the penalty under which places held out are likeliest.

    Args:
        X: ``[N, D]`` embeddings.
        labels: ``[N]`` city indices.
        groups: ``[N]`` what must never be split.
        rule: strengths, folds, weights.
        fitter: photos of one training set to a function from strength to head; called once a fold.
        progress: told one line a strength.

    Returns:
        The strength, one line a strength tried, and ``[N, C]`` the logits of held-out photos at the chosen one. Where
        there are too few places to compare: the middle of the grid, which errs on neither side, and NaN.
    """
    folds, count = assign_folds(labels, groups, rule.folds, rule.seed), int(labels.max()) + 1
    if folds.max() < 1:
        return rule.strengths[len(rule.strengths) // 2], (), np.full((len(X), count), np.nan, np.float32)
    judged = np.flatnonzero(folds >= 0)
    fits = [fitter(X[folds != fold], labels[folds != fold]) for fold in range(int(folds.max()) + 1)]
    weights = balanced_weights(labels[judged], count) if rule.class_weight == "balanced" else np.ones(len(judged))
    table: list[StrengthScore] = []
    found: dict[float, NDArray[np.float32]] = {}
    with ThreadPoolExecutor(2) as pool:
        for strength in sorted(rule.strengths, reverse=True):
            logits = np.full((len(X), count), np.nan, np.float32)
            # Two folds at a time keep two cores busy; the largest matrices live once a fold, not once a strength.
            for fold, params in enumerate(pool.map(lambda fit, s=strength: fit(s), fits)):
                logits[folds == fold] = head_logits(params, X[folds == fold])
            table.append(_score(strength, logits[judged], labels[judged], weights))
            found[strength] = logits
            if progress:
                progress(f"strength {strength:g}: log loss {table[-1].log_loss:.3f}")
            best = min(range(len(table)), key=lambda i: table[i].log_loss)
            if len(table) - 1 - best >= _STALE:
                break
    chosen = min(table, key=lambda row: row.log_loss).strength
    return chosen, tuple(table), found[chosen]


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
