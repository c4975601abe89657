"""Columns of photos in; metrics of resampled photos out, summed by place first where a metric can be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from flaneur.metrics.nature import FREE, SHARE, Floats, Kind, Nature, Natures

# Weights of the photos in each resample, [R, N], to the metric's M values in each, [R, M].
Metric = Callable[[Floats], Floats]


@runtime_checkable
class Groupable(Protocol):
    """A metric whose photos can be summed up by place, so that resampling places costs nothing per photo."""

    def of_groups(self, index: NDArray[np.intp]) -> Metric:
        """The same values from weights of groups ``[R, G]``; ``index`` ``[N]`` is each photo's group, 0 to G - 1."""
        ...


def of_groups(metric: Metric, index: NDArray[np.intp]) -> Metric:
    """A metric of weights of groups ``[R, G]`` from one of weights of photos ``[R, N]``.

    Args:
        metric: of photos.
        index: ``[N]`` group of each photo, 0 to G - 1, each with at least one.

    >>> halves = of_groups(means(np.array([[1.0], [0.0], [0.0]])), np.array([0, 0, 1]))
    >>> halves(np.array([[1.0, 0.0], [1.0, 2.0]])).tolist()
    [[0.5], [0.25]]
    """
    return metric.of_groups(index) if isinstance(metric, Groupable) else lambda counts: metric(counts[:, index])


@dataclass(frozen=True, slots=True)
class OfSums:
    """A metric that needs only weighted sums of columns.

    Args:
        columns: ``[N, K]`` of the photos.
        finish: sums ``[R, K]`` to values ``[R, M]``.
        nature: of every value, or of each.
    """

    columns: Floats
    finish: Callable[[Floats], Floats]
    nature: Nature | Natures = FREE

    def __call__(self, weights: Floats) -> Floats:
        """Values of each resample."""
        return self.finish(weights @ self.columns)

    def of_groups(self, index: NDArray[np.intp]) -> Metric:
        """Columns summed by group, ``[G, K]``."""
        order = np.argsort(index, kind="stable")
        starts = np.searchsorted(index[order], np.arange(_groups(index)))
        sums = np.add.reduceat(self.columns[order], starts, axis=0) if len(index) else self.columns
        return OfSums(sums, self.finish)


@dataclass(frozen=True, slots=True)
class OfCells:
    """A metric that needs only how much weight lies in each of many cells, of which each photo is in one.

    Args:
        cells: ``[E]`` cell of each entry; rising.
        rows: ``[E]`` the photo, or the group of photos, whose weight it takes.
        counts: ``[E]`` how often.
        width: number of cells.
        finish: weight in each cell ``[R, width]`` to values ``[R, M]``.
        nature: of every value, or of each.
    """

    cells: NDArray[np.intp]
    rows: NDArray[np.intp]
    counts: Floats
    width: int
    finish: Callable[[Floats], Floats]
    nature: Nature | Natures = FREE

    def __call__(self, weights: Floats) -> Floats:
        """Values of each resample."""
        totals = np.zeros((len(weights), self.width))
        present, starts = np.unique(self.cells, return_index=True)
        if len(present):
            totals[:, present] = np.add.reduceat(weights[:, self.rows] * self.counts, starts, axis=1)
        return self.finish(totals)

    def of_groups(self, index: NDArray[np.intp]) -> Metric:
        """Equal cells of one group joined."""
        groups = max(1, _groups(index))
        keys, entry = np.unique(self.cells * groups + index[self.rows], return_inverse=True)
        counts = np.asarray(np.bincount(entry, self.counts, minlength=len(keys)), np.float64)
        return OfCells(keys // groups, keys % groups, counts, self.width, self.finish)


@dataclass(frozen=True, slots=True)
class Derived:
    """A metric made from the values of others.

    Args:
        parts: the others.
        finish: their values, one array ``[R, M]`` each, to this metric's.
        natures: from those of the parts to those of the values, which are free by default.
    """

    parts: tuple[Metric, ...]
    finish: Callable[[Sequence[Floats]], Floats]
    natures: Callable[[Sequence[Natures]], Natures] | None = None

    def __call__(self, weights: Floats) -> Floats:
        """Values of each resample."""
        return self.finish([part(weights) for part in self.parts])

    def of_groups(self, index: NDArray[np.intp]) -> Metric:
        """Each part of groups."""
        return Derived(tuple(of_groups(part, index) for part in self.parts), self.finish)


def natures_of(metric: Metric, photos: int) -> Natures:
    """What each of a metric's values is; free where it does not say.

    >>> both = joined(always(np.array([True])), means(np.array([[7.0, 8.0]])))
    >>> [nature.kind for nature in natures_of(both, 1)]
    ['share', 'free', 'free']
    """
    if isinstance(metric, Derived) and metric.natures is not None:
        return metric.natures([natures_of(part, photos) for part in metric.parts])
    nature = metric.nature if isinstance(metric, OfSums | OfCells) else FREE
    return nature if isinstance(nature, tuple) else (nature,) * metric(np.ones((1, photos))).shape[1]


def joined(*parts: Metric) -> Metric:
    """The values of several metrics of the same photos, one after the other."""
    return Derived(parts, np.hstack, lambda natures: tuple(nature for part in natures for nature in part))


def difference(first: Metric, second: Metric) -> Metric:
    """The first metric's values minus the second's, in the same resample: paired."""
    return Derived((first, second), lambda values: values[0] - values[1], _of_differences)


def _of_differences(natures: Sequence[Natures]) -> Natures:
    pairs = zip(*natures, strict=True)
    shares_both = (one if (one.kind, other.kind) == ("share", "share") else None for one, other in pairs)
    return tuple(FREE if one is None else Nature("difference", one.alike) for one in shares_both)


def in_cells(
    cells: NDArray[np.intp],
    width: int,
    finish: Callable[[Floats], Floats],
    nature: Nature | Natures = FREE,
) -> Metric:
    """Metric of the weight in each of ``width`` cells; ``cells`` ``[N]`` says which one a photo is in."""
    order = np.argsort(cells, kind="stable")
    return OfCells(cells[order], order, np.ones(len(cells)), width, finish, nature)


def shares(hits: NDArray[np.bool_], among: NDArray[np.bool_]) -> Metric:
    """Metric of M shares at once: the hits among those rows that count, both ``[N, M]``."""
    count = among.shape[1]
    columns = np.hstack([hits & among, among]).astype(np.float64)
    return OfSums(columns, lambda sums: ratio(sums[:, :count], sums[:, count:]), SHARE)


def always(hits: NDArray[np.bool_]) -> Metric:
    """Metric of one share, ``[N]`` hits among all rows."""
    return shares(hits[:, None], np.ones((len(hits), 1), bool))


def means(values: Floats, kind: Kind = "free") -> Metric:
    """Metric of the means of M columns, ``[N, M]``.

    Args:
        values: of the photos.
        kind: ``share`` if a photo is worth 0 to 1, ``difference`` if -1 to 1, as by how much it gains.
    """
    columns = np.column_stack([values, np.ones(len(values))])
    return OfSums(columns, lambda sums: ratio(sums[:, :-1], sums[:, -1:]), Nature(kind))


def medians(values: Floats) -> Metric:
    """Metric of the medians of M columns, ``[N, M]``; of an even number the mean of the middle two.

    Weights must be whole numbers: how often each photo was drawn.

    >>> medians(np.array([[3.0], [1.0], [10.0]]))(np.array([[1.0, 1.0, 1.0], [0.0, 1.0, 1.0]])).tolist()
    [[3.0], [5.5]]
    """
    return joined(*(_median(column) for column in values.T))


def _median(values: Floats) -> Metric:
    order = np.argsort(values, kind="stable")
    ranked = np.append(values[order], np.nan)  # the last for resamples that hold nothing

    def metric(weights: Floats) -> Floats:
        until = np.cumsum(weights[:, order], axis=1)
        half = until[:, -1:] / 2 if len(values) else np.zeros((len(weights), 1))
        low, high = (until < half).sum(axis=1), (until <= half).sum(axis=1)
        return np.asarray((ranked[low] + ranked[high]) / 2)[:, None]

    return metric


def ratio(top: Floats, bottom: Floats) -> Floats:
    """``top / bottom``, not-a-number where there is nothing to divide by; shapes broadcast."""
    undefined = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    return np.asarray(np.divide(top, bottom, out=undefined, where=bottom > 0), np.float64)


def nan_mean(values: Floats) -> Floats:
    """Mean over the last axis of what is a number; not-a-number where nothing is."""
    known = np.isfinite(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))


def _groups(index: NDArray[np.intp]) -> int:
    return int(index.max(initial=-1)) + 1
