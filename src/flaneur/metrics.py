"""Labels, guesses and probabilities in; scores with intervals bootstrapped by place out. Pure numpy."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Weights of the photos in each resample, [R, N], to the metric's M values in each, [R, M].
Metric = Callable[[Floats], Floats]

_Z95 = 1.959963984540054  # the normal distribution's 97.5 % point
_CHUNK_CELLS = 4_000_000  # 32 MB of weights at a time, however many photos there are


@dataclass(frozen=True, slots=True)
class Interval:
    """A number with its 95 % interval and with what stands behind it.

    Args:
        value: the number; not-a-number where it is undefined, such as the precision of a city that was never guessed.
        low: lower end.
        high: upper end.
        n: photos behind it.
        groups: places behind it, the unit that was resampled.
    """

    value: float
    low: float
    high: float
    n: int
    groups: int

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, rounded to six places; undefined is null.

        >>> Interval(0.5, 0.25, math.nan, 8, 4).to_dict()
        {'value': 0.5, 'low': 0.25, 'high': None, 'n': 8, 'places': 4}
        """
        ends = [None if math.isnan(x) else round(x, 6) + 0.0 for x in (self.value, self.low, self.high)]
        return {"value": ends[0], "low": ends[1], "high": ends[2], "n": self.n, "places": self.groups}


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
    return float(_nan_mean(precision_recall_f1(confusion)[1]))


def calibration_bins(confidence: Floats, bins: int = 15) -> NDArray[np.intp]:
    """Bin of each row, ``[N]`` in ``[0, bins)``: bins of equal mass by rank; equal confidences always share a bin.

    >>> calibration_bins(np.array([0.9, 0.1, 0.5, 0.9]), bins=2).tolist()
    [1, 0, 0, 1]
    """
    rank = np.searchsorted(np.sort(confidence), confidence, side="left")
    return np.asarray(rank * bins // max(1, len(confidence)), np.intp)


def expected_calibration_error(confidence: Floats, correct: NDArray[np.bool_], bins: int = 15) -> float:
    """Mean over photos of the gap between stated and observed accuracy in their bin of equal mass.

    Args:
        confidence: ``[N]`` probability of the answer, 0 to 1.
        correct: ``[N]`` whether it was right.
        bins: how many bins of equal mass.

    Source:
        Nguyen and O'Connor, *Posterior calibration and exploratory analysis for NLP models*, EMNLP 2015 (equal mass).

    >>> expected_calibration_error(np.array([0.5, 0.5, 1.0, 1.0]), np.array([True, False, True, False]), bins=2)
    0.25
    """
    if not len(confidence):
        return math.nan
    return float(calibration_error(confidence, correct, bins)(np.ones((1, len(confidence))))[0, 0])


def brier_score(probabilities: Floats, labels: NDArray[np.intp]) -> Floats:
    """Per photo, ``[N]`` in ``[0, 2]``: squared distance of the probabilities from the truth; the mean is the score.

    >>> brier_score(np.array([[0.8, 0.2]]), np.array([0])).round(2).tolist()
    [0.08]
    """
    return np.asarray(((probabilities - np.eye(probabilities.shape[1])[labels]) ** 2).sum(axis=1))


def auroc(scores: Floats, positive: NDArray[np.bool_]) -> float:
    """Chance that a positive scores above a negative, ties counting half (Mann and Whitney's rank statistic).

    >>> auroc(np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, False, True, True]))
    0.875
    """
    return float(ranking_power(scores, positive)(np.ones((1, len(scores))))[0, 0]) if len(scores) else math.nan


def wilson(hits: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a share of independent trials.

    >>> [round(x, 3) for x in wilson(8, 10)]
    [0.49, 0.943]
    """
    if n == 0:
        return (0.0, 1.0)
    share, z2 = hits / n, _Z95**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = _Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return (max(0.0, middle - half), min(1.0, middle + half))


def shares(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Metric:
    """Metric of M shares at once: the hits among those rows that count, both ``[N, M]``."""
    top, bottom = (hits & among).astype(np.float64), among.astype(np.float64)
    return lambda weights: _ratio(weights @ top, weights @ bottom)


def means(values: Floats) -> Metric:
    """Metric of the means of M columns, ``[N, M]``."""
    return lambda weights: _ratio(weights @ values, weights.sum(axis=1, keepdims=True))


def class_scores(labels: NDArray[np.intp], guesses: NDArray[np.intp], classes: int) -> Metric:
    """Metric of ``3 C + 1 + C C`` values: precision, recall, F1 of each class, macro recall, confusion rates by row."""
    cells = labels * classes + guesses
    order = np.argsort(cells, kind="stable")
    present, starts = np.unique(cells[order], return_index=True)

    def metric(weights: Floats) -> Floats:
        flat = np.zeros((len(weights), classes * classes))
        if len(present):
            flat[:, present] = np.add.reduceat(weights[:, order], starts, axis=1)
        matrix = flat.reshape(-1, classes, classes)
        truth, right = matrix.sum(axis=2), np.einsum("rcc->rc", matrix)
        precision, recall, f1 = _class_ratios(right, truth, matrix.sum(axis=1))
        rates = _ratio(matrix, truth[:, :, None]).reshape(len(weights), -1)
        return np.hstack([precision, recall, f1, _nan_mean(recall)[:, None], rates])

    return metric


def calibration_error(confidence: Floats, correct: NDArray[np.bool_], bins: int = 15) -> Metric:
    """Metric form of :func:`expected_calibration_error`; the bins stay those of the whole sample."""
    member = np.eye(bins)[calibration_bins(confidence, bins)]
    gap = member * (confidence - correct)[:, None]
    return lambda weights: _ratio(np.abs(weights @ gap).sum(axis=1), weights.sum(axis=1))[:, None]


def ranking_power(scores: Floats, positive: NDArray[np.bool_]) -> Metric:
    """Metric form of :func:`auroc`."""
    above, under = np.flatnonzero(positive), np.flatnonzero(~positive)
    under = under[np.argsort(scores[under], kind="stable")]
    left = np.searchsorted(scores[under], scores[above], side="left")
    right = np.searchsorted(scores[under], scores[above], side="right")

    def metric(weights: Floats) -> Floats:
        negatives = np.pad(np.cumsum(weights[:, under], axis=1), ((0, 0), (1, 0)))
        positives = weights[:, above]
        below = 0.5 * (negatives[:, left] + negatives[:, right])  # ties count half
        return _ratio((positives * below).sum(axis=1), positives.sum(axis=1) * negatives[:, -1])[:, None]

    return metric


def bootstrap_by_group(
    metric: Metric,
    groups: Sequence[str] | NDArray[Any],
    *,
    behind: NDArray[np.int64] | None = None,
    pivot: bool = False,
    repeats: int = 1000,
    seed: int = 0,
) -> tuple[Interval, ...]:
    """95 % intervals from resampling whole groups: photos of one place are not independent, places are.

    Args:
        metric: weights ``[R, N]`` to values ``[R, M]``; :func:`shares`, :func:`class_scores` and the like make one.
        groups: ``[N]`` the place of every row.
        behind: ``[M, 2]`` photos and places behind each value, see :func:`counts_behind`; everything by default.
        pivot: reflect the resamples about the value, within 0..1. Right for errors that noise can only raise, such as
            calibration error: its resamples lie too high by about as much as the value itself does.
        repeats: resamples.
        seed: of the resampling; equal seeds give equal intervals.

    Returns:
        M intervals. Where every resample agrees (all right, or one place only) resampling knows no doubt; Wilson's
        interval over the places stands in.

    >>> hits, every = np.array([[True], [True], [False], [True]]), np.ones((4, 1), bool)
    >>> bootstrap_by_group(shares(hits, every), ["a", "a", "b", "c"])[0].value
    0.75
    >>> [round(x, 2) for x in (lambda i: (i.low, i.high))(bootstrap_by_group(shares(every, every), list("abcd"))[0])]
    [0.51, 1.0]
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    values = metric(np.ones((1, len(index))))[0]
    if behind is None:
        behind = np.tile(counts_behind(np.ones((len(index), 1), bool), index), (len(values), 1))
    replicates = _replicates(metric, index, repeats, np.random.default_rng(seed))
    made = []
    for value, resampled, (photos, places) in zip(values.tolist(), replicates.T, behind.tolist(), strict=True):
        low, high = _ends(value, resampled, places, pivot=pivot)
        made.append(Interval(value, low, high, photos, places))
    return tuple(made)


def counts_behind(among: NDArray[np.bool_], groups: NDArray[Any]) -> NDArray[np.int64]:
    """Photos and places, ``[M, 2]``, of the rows ``[N, M]`` that count towards each of M values.

    >>> counts_behind(np.array([[True], [True], [False]]), np.array(["a", "a", "b"])).tolist()
    [[2, 1]]
    """
    made = [(int(rows.sum()), len(np.unique(groups[rows]))) for rows in among.T]
    return np.array(made, np.int64).reshape(-1, 2)


def _replicates(metric: Metric, index: NDArray[np.intp], repeats: int, rng: np.random.Generator) -> Floats:
    groups = int(index.max()) + 1 if len(index) else 0
    rows = max(1, _CHUNK_CELLS // max(1, len(index)))
    made = []
    for start in range(0, repeats, rows):
        size = min(rows, repeats - start)
        drawn = rng.integers(0, groups, size=(size, groups)) if groups else np.empty((size, 0), np.int64)
        flat = (drawn + groups * np.arange(size)[:, None]).ravel()
        counts = np.bincount(flat, minlength=size * groups).reshape(size, groups)
        made.append(metric(counts.astype(np.float64)[:, index]))
    return np.vstack(made)


def _ends(value: float, replicates: Floats, groups: int, *, pivot: bool) -> tuple[float, float]:
    known = replicates[np.isfinite(replicates)]
    if math.isnan(value) or not len(known):
        return (math.nan, math.nan)
    low, high = (float(x) for x in np.quantile(known, [0.025, 0.975]))
    if high - low < 1e-12 and -1e-12 <= value <= 1 + 1e-12:
        low, high = wilson(min(1.0, max(0.0, value)) * groups, groups)
    elif pivot:
        low, high = max(0.0, 2 * value - high), min(1.0, 2 * value - low)
    return (min(low, value), max(high, value))


def _class_ratios(right: Floats, truth: Floats, guessed: Floats) -> tuple[Floats, Floats, Floats]:
    f1 = np.where(truth > 0, _ratio(2 * right, truth + guessed), np.nan)
    return _ratio(right, guessed), _ratio(right, truth), f1


def _ratio(top: Floats, bottom: Floats) -> Floats:
    undefined = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=bottom > 0), np.float64)


def _nan_mean(values: Floats) -> Floats:
    known = np.isfinite(values)
    return _ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))
