"""Embedded photos and a column in; heads that learnt from one of its values and were tested on another, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.evaluation.measures.columns import column_values
from flaneur.evaluation.phrases import percent, points, points_span
from flaneur.evaluation.section import Findings
from flaneur.evaluation.trials.crossing import Cell as Cell
from flaneur.evaluation.trials.crossing import GroupDrop as GroupDrop
from flaneur.evaluation.trials.crossing import Grouped, Paired, cell, drop_of, group_drop, groups, is_bound, learn, pair
from flaneur.evaluation.trials.refit import set_up
from flaneur.metrics import Interval
from flaneur.protocols import Encoder
from flaneur.training.heads.logistic import one_blas_thread
from flaneur.training.heads.parts import Progress, tell

ALL_OTHERS, ALL = "all others", "all"
_HARMLESS = 0.05  # a drop below this is no warning
_A_GROUP = {"season": "a season", "year": "a year", "period": "a half of the dates"}


@dataclass(frozen=True, slots=True)
class Cross:
    """Groups crossed.

    Args:
        column: whose values are the groups.
        groups: the values, columns of the matrix.
        rows: what was learnt from: each group, then ``all others`` (all but the tested one) and ``all``.
        cells: by (row, tested group).
        drop: :class:`GroupDrop` of all groups together, where there is any.
        drops: by group, those that can be measured.
        bound: groups whose every city is theirs alone, so that nothing can be said of them.
        few: groups of whose other cities there are too few photos to learn or test.
        without: photos that have no value in the column and were left aside.
        small: values with too few photos for a row and a column of their own; they are in ``all others`` and ``all``.
        encoder_saw_them: whether the encoder itself was trained on photos of these cities; then no group is unseen.
    """

    key: ClassVar[str] = "cross"
    column: str
    groups: tuple[str, ...]
    rows: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]
    drop: Interval | None
    drops: tuple[GroupDrop, ...] = ()
    bound: tuple[str, ...] = ()
    few: tuple[str, ...] = ()
    without: int = 0
    small: tuple[str, ...] = ()
    encoder_saw_them: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "column": self.column,
            "groups": list(self.groups),
            "rows": list(self.rows),
            "cells": [
                {"learnt_from": row, "tested_on": group} | _cell_dict(cell) for (row, group), cell in self.cells.items()
            ],
            "drop": None if self.drop is None else self.drop.to_dict(),
            "drops": [
                {
                    "group": one.group,
                    "drop": one.drop.to_dict(),
                    "with_it": one.with_it.to_dict(),
                    "without": one.without.to_dict(),
                    "cities": one.cities,
                    "share": round(one.share, 6),
                }
                for one in self.drops
            ],
            "bound": list(self.bound),
            "few": list(self.few),
            "without": self.without,
            "small": list(self.small),
            "encoder_saw_them": self.encoder_saw_them,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        said = [self._dropped(), self._cannot()]
        if self.drop is not None and self.encoder_saw_them:
            said.append(
                "The network itself was trained on photos of all groups; with one that had never seen them, crossing "
                "would cost more."
            )
        told = tuple(line for line in said if line)
        unhurt = self.drop is not None and self.drop.high < _HARMLESS and not self.bound and not self.encoder_saw_them
        return Findings(good=told) if unhurt else Findings(beware=told)

    def _dropped(self) -> str:
        if self.drop is None:
            return ""
        ends = f"drop in points: {points_span(self.drop)}"
        what = f"{_A_GROUP.get(self.column, f'a {self.column}')} that it never learnt from"
        if not self.drop.low > 0:
            return f"No clear drop on photos of {what} ({ends})."
        worst = max(self.drops, key=lambda one: one.drop.low)  # surely most, not by the luck of a few photos
        named = f"most for “{worst.group}”: {percent(worst.without.value)} instead of {percent(worst.with_it.value)}"
        return f"Photos of {what} are told right less often, by {points(self.drop.value)} ({ends}), {named}."

    def _cannot(self) -> str:
        if not self.bound:
            return ""
        if self.drop is None:
            return (
                f"What the {self.column} gives away and what the city does cannot be told apart here: no two of them "
                "show enough photos of the same cities. Add photos of the same cities from elsewhere."
            )
        return f"Of {_listed(self.bound)} it cannot be said: their cities come from nowhere else."


def cross(
    dataset: Dataset,
    encoder: Encoder,
    split: Split,
    column: str,
    progress: Progress | None = None,
    *,
    encoder_saw_them: bool = False,
) -> Cross:
    """Learn from one group of photos and test on another: each project, source, year, season, or half of the dates.

    A head learns the cities of which its photos hold ten or more, two cities at least, and is tested on those of the
    group's photos in the test part whose city is among them; it chooses among all cities it learnt. Fewer than ten
    photos or five places are not tested on. Train and tested photos share no place, also within a group.

    For the drop of a group, one head learns from all other groups, and others from all groups, thinned by whole places
    to the same number of photos of each city (mean of three draws). All choose among the cities that the other groups
    show, and are tested on the same photos; the difference is resampled by place. What is left is the group's doing,
    not that of fewer photos or harder cities. Where the other groups show none of its cities, nothing can be said, and
    the group is ``bound``.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        split: whose parts share no place.
        column: see :func:`flaneur.evaluation.measures.columns.column_values`.
        progress: told stage, done, of how many.
        encoder_saw_them: see :class:`Cross`.

    Raises:
        InputError: no photos to learn from or to test on.
        UsageError: no such column.
    """
    value_of = dict(zip((photo.id for photo in dataset.photos), column_values(dataset.photos, column), strict=True))
    bench = set_up(dataset, encoder, split, progress=progress)
    train, tested = Grouped.of(bench.train, value_of), Grouped.of(bench.tested, value_of)
    names, small = groups(train, tested, column)
    made = Cross(column, names, (*names, ALL_OTHERS, ALL), {}, None, small=small, encoder_saw_them=encoder_saw_them)
    made = replace(made, without=len(bench.train.photos) + len(bench.tested.photos) - len(train) - len(tested))
    cells: dict[tuple[str, str], Cell] = {}
    paired: list[Paired] = []
    with one_blas_thread():
        for done, row in enumerate((*names, ALL)):
            rows = np.ones(len(train), bool) if row == ALL else train.values == row
            learnt = learn(train.part.take(rows), bench.strength)
            cells |= {(row, group): cell(learnt, tested.only(group)) for group in names}
            tell(progress, "cross", done + 1, 2 * len(names) + 1)
        for done, group in enumerate(names):
            others = learn(train.part.take(train.values != group), bench.strength)
            cells[ALL_OTHERS, group] = cell(others, tested.only(group))
            found = pair(train, others, tested.only(group), group, bench.strength)
            paired += [found] if found else []
            tell(progress, "cross", len(names) + done + 2, 2 * len(names) + 1)
    compared = {one.group for one in paired}
    alone = [group for group in names if group not in compared]
    bound = tuple(group for group in alone if is_bound(train, tested, group))
    few = tuple(group for group in alone if group not in bound)
    drop = drop_of(paired)[0] if paired else None
    return replace(made, cells=cells, drop=drop, drops=tuple(map(group_drop, paired)), bound=bound, few=few)


def _listed(names: Sequence[str]) -> str:
    shown = [f"“{name}”" for name in names[:3]]
    return ", ".join(shown) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _cell_dict(cell: Cell) -> dict[str, Any]:
    measured = cell.accuracy is not None
    return {
        "accuracy": cell.accuracy.to_dict() if cell.accuracy is not None else None,
        "chance": round(cell.chance, 6) if measured else None,
        "cities": cell.cities,
        "tested_cities": cell.tested_cities,
        "train_photos": cell.train_photos,
        "why": cell.why,
    }
