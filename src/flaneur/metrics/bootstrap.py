"""A metric and the places of the photos in; 95 % intervals from resampling whole places out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.interval import Interval
from flaneur.metrics.nature import Floats, effective_places, with_unseen
from flaneur.metrics.weighted import Metric, natures_of, of_groups

_CHUNK_CELLS = 1_000_000  # 8 MB of weights at a time: near the size of a cache, however many photos there are
_TAIL = 0.025  # of a 95 % interval


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

    Whatever the metric, an interval spans percentiles of its resamples. Those of shares reckon with places that were
    not seen; see :mod:`flaneur.metrics.nature`. All others lie further out where places are few, as Student's t does
    and by the bias of small samples: at 1.6 and 98.4 % with 20 places (Hesterberg, *What Teachers Should Know about the
    Bootstrap*, American Statistician 69(4), 2015, its "expanded percentile interval").

    Args:
        metric: weights ``[R, N]`` to values ``[R, M]``; :func:`shares`, :func:`class_scores` and the like make one.
        groups: ``[N]`` the place of every row.
        behind: ``[M, 2]`` photos and places behind each value, see :func:`counts_behind`; everything by default.
        pivot: reflect the resamples about the value, within 0..1. Right for errors that noise can only raise, such as
            calibration error: its resamples lie too high by about as much as the value itself does.
        repeats: resamples.
        seed: of the resampling; equal seeds give equal intervals.

    Returns:
        M intervals; each holds its value. One place knows no spread: the ends of what is no share are then undefined.

    >>> from flaneur.metrics import always
    >>> bootstrap_by_group(always(np.array([True, True, False, True])), ["a", "a", "b", "c"])[0].value
    0.75
    >>> all_right = bootstrap_by_group(always(np.ones(30, bool)), np.arange(30))[0]
    >>> round(all_right.low, 2), all_right.high
    (0.89, 1.0)
    """
    _, index = np.unique(np.asarray(groups), return_inverse=True)
    values = metric(np.ones((1, len(index))))[0]
    if behind is None:
        behind = np.tile(counts_behind(np.ones((len(index), 1), bool), index), (len(values), 1))
    replicates = _replicates(metric, index, repeats, np.random.default_rng(seed))
    columns = zip(values.tolist(), replicates.T, natures_of(metric, len(index)), behind.tolist(), strict=True)
    made = []
    for value, resampled, nature, (photos, places) in columns:
        enough = places if nature.alike is None else min(places, effective_places(nature.alike, index))
        unseen = np.random.default_rng((seed, 1))  # the same for every value: equal values get equal intervals
        tail = _TAIL if nature.kind == "share" else _expanded(enough)
        low, high = _ends(value, with_unseen(resampled, nature.kind, enough, unseen), tail, pivot=pivot)
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
    groups = int(index.max(initial=-1)) + 1
    of_counts = of_groups(metric, index)
    rows = max(1, _CHUNK_CELLS // max(1, len(index)))
    made = []
    for start in range(0, repeats, rows):
        size = min(rows, repeats - start)
        drawn = rng.integers(0, max(1, groups), size=(size, groups))
        drawn += groups * np.arange(size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=size * groups).reshape(size, groups)
        made.append(of_counts(counts.astype(np.float64)))
    return np.vstack(made)


def _ends(value: float, replicates: Floats, tail: float, *, pivot: bool) -> tuple[float, float]:
    known = replicates[np.isfinite(replicates)]
    if math.isnan(value) or not len(known):
        return (0.0, 1.0) if pivot and value >= 0 else (math.nan, math.nan)
    low, high = (float(x) for x in np.quantile(known, [tail, 1 - tail]))
    if pivot:
        low, high = max(0.0, 2 * value - high), min(1.0, 2 * value - low)
    return (min(low, value), max(high, value))


def _expanded(places: float) -> float:
    """Share of the resamples beyond each end of a 95 % interval, if places that were not seen are not reckoned with."""
    from scipy.special import ndtr, stdtrit

    if places <= 1:
        return 0.0
    return float(ndtr(stdtrit(places - 1, _TAIL) * math.sqrt(places / (places - 1))))
