"""Embedded photos and a column in; heads that learnt from one of its values and were tested on another, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval

ALL_OTHERS, ALL = "all others", "all"


@dataclass(frozen=True, slots=True)
class Cell:
    """One head tested on one group.

    Args:
        accuracy: share told right of the tested group's photos whose city the head learnt, choosing among all cities
            it learnt; ``None`` where that cannot be measured.
        chance: of a blind guess among those cities; not-a-number where there is no head.
        cities: how many it learnt and chose among.
        train_photos: it learnt from.
        tested_cities: how many of its cities the tested photos show.
        why: it could not be measured; empty if it was.
    """

    accuracy: Interval | None
    chance: float
    cities: int
    train_photos: int
    tested_cities: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class GroupDrop:
    """What it costs never to have learnt from a group.

    Args:
        group: that is tested.
        drop: right answers lost, as a share of its photos, among the cities that other groups show too.
        with_it: accuracy on them of heads that learnt from all groups.
        without: accuracy on the same photos of a head that learnt from all groups but this one; equally many photos
            of each city, so that only the group makes the difference.
        cities: to choose among.
    """

    group: str
    drop: Interval
    with_it: Interval
    without: Interval
    cities: int


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
        without: photos that have no value in the column and were left aside.
    """

    key: ClassVar[str] = "cross"
    column: str
    groups: tuple[str, ...]
    rows: tuple[str, ...]
    cells: dict[tuple[str, str], Cell]
    drop: Interval | None
    drops: tuple[GroupDrop, ...] = ()
    bound: tuple[str, ...] = ()
    without: int = 0

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
                }
                for one in self.drops
            ],
            "bound": list(self.bound),
            "without": self.without,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        return Findings()


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
