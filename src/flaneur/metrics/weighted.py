"""What all metrics share: arrays of weights in, values of each resample out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
# Weights of the photos in each resample, [R, N], to the metric's M values in each, [R, M].
Metric = Callable[[Floats], Floats]


def shares(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Metric:
    """Metric of M shares at once: the hits among those rows that count, both ``[N, M]``."""
    top, bottom = (hits & among).astype(np.float64), among.astype(np.float64)
    return lambda weights: ratio(weights @ top, weights @ bottom)


def always(hits: NDArray[np.bool_]) -> Metric:
    """Metric of one share, ``[N]`` hits among all rows."""
    return shares(hits[:, None], np.ones((len(hits), 1), bool))


def means(values: Floats) -> Metric:
    """Metric of the means of M columns, ``[N, M]``."""
    return lambda weights: ratio(weights @ values, weights.sum(axis=1, keepdims=True))


def ratio(top: Floats, bottom: Floats) -> Floats:
    """``top / bottom``, not-a-number where there is nothing to divide by; shapes broadcast."""
    undefined = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=bottom > 0), np.float64)


def nan_mean(values: Floats) -> Floats:
    """Mean over the last axis of what is a number; not-a-number where nothing is."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))
