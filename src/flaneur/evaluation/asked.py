"""What was asked for beyond the answers in; further sections of a report, or why they could not be measured, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import InputError, IntegrityError, UsageError, did_you_mean
from flaneur.evaluation.measures.columns import column_values
from flaneur.evaluation.measures.slices import Slices, slices
from flaneur.evaluation.report import Report
from flaneur.evaluation.section import Section
from flaneur.evaluation.trials.cross import cross
from flaneur.evaluation.trials.learning_curve import learning_curve
from flaneur.evaluation.trials.left_out import left_out, novelty_of
from flaneur.evaluation.trials.random_split import random_split
from flaneur.evaluation.trials.refit import encoder_saw
from flaneur.evaluation.trials.shortcuts import MOST_PHOTOS, shortcuts
from flaneur.evaluation.trials.source_probe import source_probe
from flaneur.predict import Model

Progress = Callable[[str, int, int], None]
"""Told stage, how much is done, of how much."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is measured on request only, since it takes minutes: photos are altered, or heads are fitted again.

    Args:
        full: everything below; sources crossed by project, or by source where the data name one project only.
        shortcuts: photos altered, and whether the source can be told from the embedding within a city.
        cross: column whose values are crossed: learnt from one, tested on another; empty for none.
        leave_one_out: each city in turn as an unknown one.
        learning_curve: accuracy by photos a city, and by number of cities.
        random_split: what a random split would have said.
        slices: further columns by which accuracy is told; costs nothing.
    """

    full: bool = False
    shortcuts: bool = False
    cross: str = ""
    leave_one_out: bool = False
    learning_curve: bool = False
    random_split: bool = False
    slices: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Mapping[str, Any]) -> Asked:
        """From keywords; columns may come as any sequence.

        Raises:
            UsageError: there is no such keyword.

        >>> Asked.of({"shortcuts": True, "slices": ["width"]})
        Asked(full=False, shortcuts=True, cross='', leave_one_out=False, learning_curve=False, random_split=False, \
slices=('width',))
        """
        known = [field.name for field in fields(cls)]
        for name in words:
            if name not in known:
                raise UsageError(f"evaluate knows no {name!r}. It knows {', '.join(known)}.{did_you_mean(name, known)}")
        if isinstance(words.get("slices"), str):
            raise UsageError(f"slices={words['slices']!r}: give the columns as a list, such as [{words['slices']!r}].")
        return cls(**{**words, "slices": tuple(words.get("slices", ()))})

    @property
    def flags(self) -> str:
        """As the command line has them, each after a blank.

        >>> Asked(cross="project", leave_one_out=True, slices=("width",)).flags
        ' --cross project --leave-one-out --slice width'
        """
        made = "".join(
            f" --{field.name.replace('_', '-')}" for field in fields(self) if getattr(self, field.name) is True
        )
        crossed = f" --cross {self.cross}" if self.cross else ""
        return f"{crossed}{made}" + "".join(f" --slice {column}" for column in self.slices)


def check_columns(asked: Asked) -> None:
    """Refuse a misspelt column before minutes go by.

    Raises:
        UsageError: there is no such column.
    """
    for column in (asked.cross, *asked.slices):
        if column:
            column_values((), column)


def add_asked(report: Report, model: Model, dataset: Dataset, asked: Asked, progress: Progress | None = None) -> Report:
    """The report with what was asked for; what cannot be measured on these photos is said in it.

    Args:
        report: of this model on this dataset.
        model: that is measured.
        dataset: with the photos.
        asked: what to measure.
        progress: told stage, how much is done, of how much.
    """
    report = _with_slices(report, asked.slices)
    given = _Given(model, dataset, report, asked, progress)
    sections, failed = dict(report.sections), dict[str, list[str]]()
    for key, (wanted, _, trial) in TRIALS.items():
        if wanted(asked):
            try:
                sections[key] = trial(given)
            except (InputError, IntegrityError) as error:
                failed.setdefault(str(error), []).append(key)
    said = {
        key: f"Not measured: {'; '.join(TRIALS[one][1] for one in keys)}. {why}"
        for why, keys in failed.items()
        for key in keys
    }
    return replace(report, sections=sections, not_measured={**report.not_measured, **said})


def _with_slices(report: Report, columns: Sequence[str]) -> Report:
    """The report with tables of further columns beside those it has."""
    there = report.sections.get(Slices.key)
    tables = list(there.tables) if isinstance(there, Slices) else []
    said = []
    for column in dict.fromkeys(columns):
        if column not in [table.column for table in tables]:
            try:
                found = slices(report.known, [column])
                tables += [] if found is None else found.tables
            except InputError as error:
                said.append(f"Not measured: accuracy by {column}. {error}")
    sections = {**report.sections, Slices.key: Slices(tuple(tables))} if tables else report.sections
    not_measured = {**report.not_measured, Slices.key: " ".join(said)} if said else report.not_measured
    return replace(report, sections=sections, not_measured=not_measured)


@dataclass(frozen=True)
class _Given:
    """What trials work with."""

    model: Model
    dataset: Dataset
    report: Report
    asked: Asked
    progress: Progress | None

    @cached_property
    def encoder(self) -> OnnxEncoder:
        """The network inside the model, without its head."""
        return OnnxEncoder.from_bundle(self.model.bundle)

    @cached_property
    def split(self) -> Split:
        """That the report is about; the default one where it is about all photos."""
        return self.dataset.split(self.report.origin.split or "default")

    @property
    def part(self) -> str:
        """That heads are scored on; the test part unless the report is about validation."""
        return "validation" if self.report.origin.part == "validation" else "test"

    @property
    def column(self) -> str:
        """Whose values are crossed: as asked, or the project, or the source where there is one project only."""
        if self.asked.cross:
            return self.asked.cross
        return "project" if len({photo.project for photo in self.dataset.photos} - {None}) > 1 else "source"

    @property
    def saw(self) -> bool:
        """Whether the encoder was trained on these cities' photos."""
        return encoder_saw(self.model.card, [city.slug for city in self.dataset.cities])

    def stage(self, name: str, total: int) -> Callable[[int], None]:
        """To be called with how many more are done."""
        done = 0

        def more(count: int) -> None:
            nonlocal done
            done += count
            if self.progress is not None:
                self.progress(name, done, max(done, total))

        return more


def _shortcuts(given: _Given) -> Section:
    photos = given.report.known.photos
    return shortcuts(given.model, given.dataset, photos, given.stage("shortcuts", min(len(photos), MOST_PHOTOS)))


def _cross(given: _Given) -> Section:
    return cross(given.dataset, given.encoder, given.split, given.column, given.progress, encoder_saw_them=given.saw)


def _learning_curve(given: _Given) -> Section:
    return learning_curve(
        given.dataset, given.encoder, given.split, given.progress, given.part, encoder_saw_them=given.saw
    )


def _left_out(given: _Given) -> Section:
    card = given.model.card
    if not card.abstain.novelty_method:
        raise InputError(f"{card.name}: this model has no novelty score, so it refuses nothing as strange.")
    return left_out(
        given.dataset, given.encoder, given.split,
        novelty=novelty_of(card), progress=given.progress, encoder_saw_them=given.saw,
    )  # fmt: skip


def _source_probe(given: _Given) -> Section:
    return source_probe(given.dataset, given.encoder, given.split, progress=given.progress)


def _random_split(given: _Given) -> Section:
    return random_split(given.dataset, given.encoder, given.split, given.progress, encoder_saw_them=given.saw)


TRIALS: dict[str, tuple[Callable[[Asked], bool], str, Callable[[_Given], Section]]] = {
    "shortcuts": (lambda asked: asked.full or asked.shortcuts, "what the model leans on", _shortcuts),
    "source_probe": (
        lambda asked: asked.full or asked.shortcuts, "whether the source can be told within a city", _source_probe,
    ),
    "cross": (lambda asked: asked.full or bool(asked.cross), "what another source costs", _cross),
    "learning_curve": (
        lambda asked: asked.full or asked.learning_curve, "how accuracy grows with photos and cities", _learning_curve,
    ),
    "left_out": (
        lambda asked: asked.full or asked.leave_one_out, "how a city that was left out is received", _left_out,
    ),
    "random_split": (
        lambda asked: asked.full or asked.random_split, "what a random split would have said", _random_split,
    ),
}  # fmt: skip
"""By key: whether it is wanted, what it is called where it could not be measured, and how it is measured."""
