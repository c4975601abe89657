"""Labels and guesses in; top-k hits, the confusion matrix, precision, recall and F1 by class out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.nature import SHARE, Floats, Nature
from flaneur.metrics.weighted import Metric, in_cells, nan_mean, ratio


def top_k_accuracy(scores: Floats, labels: NDArray[np.intp], k: int = 1) -> float:
    """Share of rows whose label is among the ``k`` best scores; a tie counts only if all tied classes fit into ``k``.

    Args:
        scores: ``[N, C]``, higher is better.
        labels: ``[N]`` column of the true class.
        k: 1 or more.

    >>> top_k_accuracy(np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]]), np.array([0, 2]))
    0.5
    """
    return float(top_k_hits(scores, labels, k).mean()) if len(labels) else math.nan


def top_k_hits(scores: Floats, labels: NDArray[np.intp], k: int = 1) -> NDArray[np.bool_]:
    """``[N]`` whether each label is among the ``k`` best; see :func:`top_k_accuracy`."""
    own = scores[np.arange(len(labels)), labels][:, None]
    return np.asarray((scores >= own).sum(axis=1) <= k)


def confusion_matrix(labels: NDArray[np.intp], guesses: NDArray[np.intp], classes: int) -> NDArray[np.int64]:
    """Counts ``[C, C]``: row the truth, column the guess.

    >>> confusion_matrix(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    return np.bincount(labels * classes + guesses, minlength=classes * classes).reshape(classes, classes)


def precision_recall_f1(confusion: NDArray[Any]) -> tuple[Floats, Floats, Floats]:
    """Per class, each ``[C]``; not-a-number where nothing was guessed (precision) or nothing was there (recall, F1).

    >>> [x.round(3).tolist() for x in precision_recall_f1(np.array([[3, 1], [0, 4]]))]
    [[1.0, 0.8], [0.75, 1.0], [0.857, 0.889]]
    """
    counts = np.asarray(confusion, np.float64)
    return _class_ratios(np.diag(counts), counts.sum(axis=1), counts.sum(axis=0))


def macro_recall(confusion: NDArray[Any]) -> float:
    """Mean recall of the classes that occur: every city counts alike, however many photos it has.

    >>> macro_recall(np.array([[9, 1], [1, 1]]))
    0.7
    """
    return float(nan_mean(precision_recall_f1(confusion)[1]))


def class_scores(labels: NDArray[np.intp], guesses: NDArray[np.intp], classes: int) -> Metric:
    """Metric of ``3 C + 1 + C C`` values: precision, recall, F1 of each class, macro recall, confusion rates by row."""

    def finish(totals: Floats) -> Floats:
        matrix = totals.reshape(-1, classes, classes)
        truth, right = matrix.sum(axis=2), np.einsum("rcc->rc", matrix)
        precision, recall, f1 = _class_ratios(right, truth, matrix.sum(axis=1))
        rates = ratio(matrix, truth[:, :, None]).reshape(len(matrix), -1)
        return np.hstack([precision, recall, f1, nan_mean(recall)[:, None], rates])

    each, macro = (SHARE,) * (3 * classes), Nature("share", labels)
    natures = (*each, macro, *(SHARE,) * (classes * classes))
    return in_cells(labels * classes + guesses, classes * classes, finish, natures)


def balanced_accuracy(labels: NDArray[np.intp], correct: NDArray[np.bool_], classes: int) -> Metric:
    """Metric form of :func:`macro_recall`: one value.

    Args:
        labels: ``[N]`` true class.
        correct: ``[N]`` whether the guess is right.
        classes: how many there are.
    """

    def finish(totals: Floats) -> Floats:
        wrong, right = totals[:, :classes], totals[:, classes:]
        return nan_mean(ratio(right, wrong + right))[:, None]

    return in_cells(labels + classes * correct, 2 * classes, finish, Nature("share", labels))


def _class_ratios(right: Floats, truth: Floats, guessed: Floats) -> tuple[Floats, Floats, Floats]:
    f1 = np.where(truth > 0, ratio(2 * right, truth + guessed), np.nan)
    return ratio(right, guessed), ratio(right, truth), f1
