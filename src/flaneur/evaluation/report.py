"""What an evaluation found: every number, the answers behind them, and where they come from; figures on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flaneur.errors import UsageError
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.groups import GroupNumbers
from flaneur.evaluation.measures.how_sure import HowSure
from flaneur.evaluation.measures.unknown import Unknown
from flaneur.evaluation.measures.views import Views
from flaneur.evaluation.measures.which_city import WhichCity
from flaneur.evaluation.section import Section

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report's numbers come from; nothing in it changes between two runs on the same input."""

    model: str
    model_version: str
    model_created: str
    trained_on: str
    dataset: str
    content_hash: str
    part: str
    split: str | None
    split_hash: str | None
    audit: Any
    random_split: Any
    same_split: bool | None
    split_note: str | None
    unknown_dataset: str | None
    command: str


@dataclass(frozen=True)
class Report:
    """Every number, and the answers behind them.

    Args:
        origin: model, data, split and command.
        known: answers of photos whose city the model knows.
        unknown: answers of photos whose city it does not know.
        which: which city.
        sure: calibration and refusals.
        views: single beside fused, where places have several photos.
        groups: each project or source.
        all_groups: all groups with at least two cities together.
        novelty: unknown cities told from known ones, where there are any.
        paths: the file of every photo, by id.
        learnt_from: a warning, where it learnt from some of these photos; see :mod:`flaneur.evaluation.overlap`.
        training: what the model's card tells of its training.
        limits: what it cannot do, as its card says.
        licences: of the photos it learnt from.
        sections: whatever else was measured, by :attr:`flaneur.evaluation.section.Section.key`.
        not_measured: what else was wanted and could not be, with the reason in a plain line, by the same keys.
    """

    origin: Origin
    known: Answers
    unknown: Answers
    which: WhichCity
    sure: HowSure
    views: Views | None
    groups: tuple[GroupNumbers, ...]
    all_groups: GroupNumbers | None
    novelty: Unknown | None
    paths: dict[str, Path]
    learnt_from: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)
    limits: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    sections: Mapping[str, Section] = field(default_factory=dict)
    not_measured: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        which, origin = self.which.accuracy, self.origin
        return (
            f"<flaneur report: {origin.model} on {origin.dataset}/{origin.part}, accuracy {which.value:.3f} "
            f"({which.low:.3f} to {which.high:.3f}), {which.n} photos of {which.groups} places>"
        )

    def most_confused(self, min_count: int = 3) -> list[tuple[str, str, int]]:
        """True city, guess, and how many photos: the commonest mistakes first.

        Raises:
            UsageError: the least count is below 1.
        """
        if min_count < 1:
            raise UsageError(f"min_count={min_count}: a mistake was made at least once. Use 1 or more.")
        counts, slugs = self.which.confusion, [city.slug for city in self.known.cities]
        pairs = [
            (truth, guess, int(counts[row, column]))
            for row, truth in enumerate(slugs)
            for column, guess in enumerate(slugs)
            if row != column and counts[row, column] >= min_count
        ]
        return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))

    def to_frame(self) -> DataFrame:
        """One row a photo, as a pandas table; see :func:`flaneur.evaluation.data_frame.to_frame`."""
        from flaneur.evaluation.data_frame import to_frame

        return to_frame(self)

    def plot_confusion_matrix(self, *, counts: bool = False) -> Figure:
        """Rows the truth, columns the answer; see :func:`flaneur.evaluation.plots.confusion.confusion_figure`."""
        from flaneur.evaluation.plots.confusion import confusion_figure

        return confusion_figure(self, counts=counts)

    def plot_top_losses(self, count: int = 9) -> Figure:
        """The worst mistakes; see :func:`flaneur.evaluation.plots.top_losses.top_losses_figure`."""
        from flaneur.evaluation.plots.top_losses import top_losses_figure

        return top_losses_figure(self, count)

    def plot_reliability(self) -> Figure:
        """Stated probability against what was right; see :mod:`flaneur.evaluation.plots.doubt`."""
        from flaneur.evaluation.plots.doubt import reliability_figure

        return reliability_figure(self)

    def plot_coverage(self) -> Figure:
        """How often the surest answers are right, by the share answered; see :mod:`flaneur.evaluation.plots.doubt`."""
        from flaneur.evaluation.plots.doubt import coverage_figure

        return coverage_figure(self)

    def _repr_html_(self) -> str:
        from flaneur.evaluation.notebook import report_html

        return report_html(self)
