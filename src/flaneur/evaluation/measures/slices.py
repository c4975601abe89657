"""Answers in; accuracy by year, season, project or any other column of the dataset, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from flaneur.evaluation.section import Findings
from flaneur.metrics import Interval


@dataclass(frozen=True, slots=True)
class Slice:
    """The photos with one value of a column.

    Args:
        value: as people read it.
        accuracy: share told right.
        macro_recall: mean over the cities that occur in the slice.
        beside_others: accuracy here minus that on all other photos of the same cities, city by city and weighted as
            they occur here; not-a-number where no city of the slice has other photos.
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
        return Findings()
