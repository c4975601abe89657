"""Answers in; accuracy by year, season, project or any other column of the dataset, out."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.columns import column_title, column_values, in_order
from flaneur.evaluation.phrases import FEW_PLACES, percent, points, span
from flaneur.evaluation.section import Findings
from flaneur.metrics import SHARE, Floats, Interval, Nature, bootstrap_by_group, counts_behind, in_cells
from flaneur.metrics.weighted import nan_mean, ratio

DEFAULT_COLUMNS = ("year", "season", "project", "source")
MOST_SLICES = 24
ALL_OTHERS = "all others"


@dataclass(frozen=True, slots=True)
class Slice:
    """The photos with one value of a column.

    Args:
        value: as people read it.
        accuracy: share told right.
        macro_recall: mean over the cities that occur in the slice.
        beside_others: accuracy here minus that in the other slices, city by city and weighted as the cities occur
            here; not-a-number where no city of this slice occurs in another.
        cities: how many occur.
    """

    value: str
    accuracy: Interval
    macro_recall: Interval
    beside_others: Interval
    cities: int


@dataclass(frozen=True, slots=True)
class SliceTable:
    """One column of the dataset.

    Args:
        column: its name.
        title: its name for people.
        slices: in the order of their values.
        without: photos of which the data do not tell.
    """

    column: str
    title: str
    slices: tuple[Slice, ...]
    without: int


@dataclass(frozen=True, slots=True)
class Slices:
    """Accuracy by the columns of the dataset."""

    key: ClassVar[str] = "slices"
    tables: tuple[SliceTable, ...]

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "tables": [
                {
                    "column": table.column,
                    "title": table.title,
                    "without": table.without,
                    "slices": [
                        {
                            "value": one.value,
                            "cities": one.cities,
                            "accuracy": one.accuracy.to_dict(),
                            "macro_recall": one.macro_recall.to_dict(),
                            "beside_others": one.beside_others.to_dict(),
                        }
                        for one in table.slices
                    ],
                }
                for table in self.tables
            ]
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        judged = [
            (table, one)
            for table in self.tables
            for one in table.slices
            if one.beside_others.groups >= FEW_PLACES and not math.isnan(one.beside_others.high)
        ]
        if not judged:
            return Findings()
        weak = [(table, one) for table, one in judged if _surely_below(one.beside_others, len(judged))]
        if not weak:
            columns = " and ".join(dict.fromkeys(table.title.lower() for table, _ in judged))
            even = f"By {columns}, no group of photos is clearly told worse than other photos of the same cities."
            return Findings(good=(even,))
        weak.sort(key=lambda pair: pair[1].beside_others.value)
        return Findings(beware=tuple(_weaker(table, one) for table, one in weak[:2]))


def slices(known: Answers, columns: Sequence[str] = ()) -> Slices | None:
    """Accuracy by the values of some columns of the dataset.

    Slices differ in the cities they show, so their accuracies cannot be compared as they stand:
    :attr:`Slice.beside_others` compares each with other photos of the same cities.

    Args:
        known: answers of photos whose city the model knows.
        columns: of :data:`flaneur.evaluation.measures.columns.COLUMNS`; year, season, project and source by default,
            where at least two values occur.

    Returns:
        ``None`` where there is nothing to slice by.

    Raises:
        UsageError: no such column.
        InputError: none of the photos has a value in a column that was asked for.

    >>> from flaneur.types import City, Photo
    >>> cities = (City("oslo", "Oslo"), City("rome", "Rome"))
    >>> years = ["2012", "2012", "2020"]
    >>> photos = tuple(Photo(f"a:{n}", "0", "oslo", f"p{n}", 64, 48, "a", captured_at=y) for n, y in enumerate(years))
    >>> said = Answers(cities, photos, np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]), np.zeros(3))
    >>> [(one.value, one.accuracy.value, one.beside_others.value) for one in slices(said).tables[0].slices]
    [('2012', 0.5, -0.5), ('2020', 1.0, 0.5)]
    """
    tables = [_table(known, column) for column in columns or DEFAULT_COLUMNS]
    for table in tables:
        if columns and not table.slices:
            raise InputError(f"The data tell no {table.column} of any of these photos, so they cannot be sliced by it.")
    kept = tuple(table for table in tables if columns or len(table.slices) > 1)
    return Slices(kept) if kept else None


def _table(known: Answers, column: str) -> SliceTable:
    values = column_values(known.photos, column)
    names = _commonest(Counter(value for value in values if value is not None), column)
    number = {name: index for index, name in enumerate(names)}
    rest = number.get(ALL_OTHERS, -1)
    of_slice = np.array([-1 if value is None else number.get(value, rest) for value in values], np.intp)
    told = of_slice >= 0
    made = _slices(names, of_slice[told], known.labels[told], known.correct[told], known.places[told]) if names else ()
    return SliceTable(column, column_title(column), made, int((~told).sum()))


def _commonest(count: Counter[str], column: str) -> list[str]:
    """Values in their order; of very many the commonest, and :data:`ALL_OTHERS`."""
    if len(count) <= MOST_SLICES:
        return in_order(count, column)
    return [*in_order((value for value, _ in count.most_common(MOST_SLICES - 1)), column), ALL_OTHERS]


def _slices(
    names: list[str],
    of_slice: NDArray[np.intp],
    labels: NDArray[np.intp],
    correct: NDArray[np.bool_],
    places: NDArray[np.intp],
) -> tuple[Slice, ...]:
    """Numbers of each slice.

    Args:
        names: of the S slices.
        of_slice: ``[N]`` slice of each photo.
        labels: ``[N]`` its city.
        correct: ``[N]`` whether it was told right.
        places: ``[N]`` its place.
    """
    present, city = np.unique(labels, return_inverse=True)
    shape = (len(names), len(present), 2)
    cells = np.ravel_multi_index((of_slice, city, correct.astype(np.intp)), shape)
    photos = np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape).sum(axis=2)
    member = of_slice[:, None] == np.arange(len(names))
    comparable = member & (photos.sum(axis=0) > photos)[of_slice, city][:, None]
    behind = counts_behind(np.hstack([member, comparable]), places)
    macro = tuple(Nature("share", np.where(rows, city, -1)) for rows in member.T)
    natures = (SHARE,) * len(names) + macro + (Nature("difference"),) * len(names)
    metric = in_cells(cells, photos.size * 2, lambda counts: _numbers(counts.reshape(-1, *shape)), natures)
    found = bootstrap_by_group(metric, places, behind=np.vstack([behind[: len(names)], behind]))
    columns = (found[start : start + len(names)] for start in range(0, len(found), len(names)))
    return tuple(Slice(*row) for row in zip(names, *columns, (photos > 0).sum(axis=1).tolist(), strict=True))


def _numbers(counts: Floats) -> Floats:
    """Accuracy, macro recall and :attr:`Slice.beside_others` of S slices, ``[R, 3 S]``.

    Args:
        counts: ``[R, S, C, 2]`` wrong and right answers by slice and city.
    """
    every, right = counts.sum(axis=3), counts[:, :, :, 1]
    recall = ratio(right, every)
    gap = recall - ratio(right.sum(axis=1, keepdims=True) - right, every.sum(axis=1, keepdims=True) - every)
    weight = np.where(np.isfinite(gap), every, 0.0)
    beside = ratio((np.nan_to_num(gap) * weight).sum(axis=2), weight.sum(axis=2))
    return np.hstack([ratio(right.sum(axis=2), every.sum(axis=2)), nan_mean(recall), beside])


def _surely_below(difference: Interval, comparisons: int) -> bool:
    """Below 0, also after Bonferroni's correction for how many differences were looked at; by the normal curve."""
    normal = NormalDist()
    wider = normal.inv_cdf(1 - 0.025 / comparisons) / normal.inv_cdf(0.975)
    return difference.value + wider * (difference.high - difference.value) < 0


def _weaker(table: SliceTable, one: Slice) -> str:
    gap, right = one.beside_others, one.accuracy
    less = f"{points(gap.value)} ({-100 * gap.high:.0f} to {-100 * gap.low:.0f}) less"
    what = f"{table.title} {one.value}: {percent(right.value)} right ({span(right)})"
    return f"{what}, {less} than on other photos of the same cities."
