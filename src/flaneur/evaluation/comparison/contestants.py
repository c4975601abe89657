"""Report folders, files of predictions, tables of other systems, models in; what each said of its photos out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain, count
from pathlib import Path
from typing import Any

import numpy as np

from flaneur import predict
from flaneur.csv_table import SUFFIXES
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import FlaneurError, InputError, UsageError
from flaneur.evaluation.comparison.common_photos import in_common
from flaneur.evaluation.comparison.guesses import Guesses, guesses_of
from flaneur.evaluation.comparison.other_systems import is_table, read_guesses
from flaneur.evaluation.predictions import (
    FACTS,
    PREDICTIONS,
    are_predictions,
    facts_of,
    read_predictions,
    save_predictions,
)
from flaneur.evaluation.report import Report
from flaneur.evaluation.run import What, evaluate, photos_of

System = str | Path | predict.Model | Report
"""A report's folder, a file of predictions, a table of another system, a model or its name, or a report in memory."""
Progress = Callable[[str, int, int], None]
"""Told the system's name, how many photos it has answered, of how many."""


@dataclass(frozen=True)
class Ring:
    """Where systems meet.

    Args:
        dataset: whose photos models are asked about, and that knows the truth for tables; may be missing where all
            have said their answers before.
        what: part of it.
        progress: told of each photo.
        keep: a folder for the predictions of models that are asked here, so that they need not be asked again.
    """

    dataset: Dataset | None = None
    what: What = field(default_factory=What)
    progress: Progress | None = None
    keep: Path | None = None

    def needed(self, by: str) -> Dataset:
        """The dataset.

        Raises:
            UsageError: there is none.
        """
        if self.dataset is None:
            raise UsageError(f"{by} needs the photos, to be asked or judged: add --dataset DATASET.")
        return self.dataset


def said_by(systems: Iterable[System], ring: Ring) -> list[Guesses]:
    """What each system said, under names that differ. No model is asked before it is clear that they can be compared.

    Raises:
        UsageError: a model or table is named without a dataset.
        InputError: there is no such report, file or model, or no photo that all can be judged by.
    """
    found: list[tuple[Guesses, predict.Model | None]] = []
    for system in systems:
        one, model = _found(system, ring)
        found.append((replace(one, name=_name(one.name, system, {before.name for before, _ in found})), model))
    in_common([one for one, _ in found])
    return [one if model is None else _asked(one.name, model, ring) for one, model in found]


def plain(name: str) -> str:
    """A name as part of a file's name.

    >>> plain("my model/2")
    'my-model-2'
    """
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)


def with_photos(said: Sequence[Guesses], dataset: Dataset | None) -> tuple[list[Guesses], dict[str, Path]]:
    """The same with the photos as the dataset knows them (positions, authors), and the files of the photos.

    Args:
        said: as read.
        dataset: given by the user; else that of the answers, where it is on this computer and has not changed.
    """
    dataset = dataset or _origin_of(said)
    if dataset is None:
        return list(said), {}
    known = {photo.id: photo for photo in dataset.photos}
    paths: dict[str, Path] = {}
    made = []
    for one in said:
        photos = tuple(
            known[photo.id] if photo.id in known and photo.sha256 in ("", known[photo.id].sha256) else photo
            for photo in one.photos
        )
        paths |= {photo.id: dataset.image_path(photo) for photo in photos if known.get(photo.id) is photo}
        made.append(replace(one, photos=photos))
    return made, paths


def _found(system: System, ring: Ring) -> tuple[Guesses, predict.Model | None]:
    """What it said; of a model what it will be asked, and the model."""
    if isinstance(system, Report):
        return guesses_of(system.origin.model, system.known, facts_of(system)), None
    if isinstance(system, predict.Model):
        return _unasked(system, ring), system
    path = Path(system)
    if (path / PREDICTIONS).is_file() or are_predictions(path):
        read = read_predictions(path)
        return guesses_of(read.facts.get("model") or path.stem, read.answers, _some(read.facts)), None
    if (path / "report.json").is_file():
        raise InputError(
            f"{path}: a report without {PREDICTIONS}, from an older flaneur. Run 'flaneur evaluate' again."
        )
    if is_table(path):
        return read_guesses(path, ring.needed(str(system))), None
    if path.suffix.lower() in SUFFIXES:
        raise InputError(f"{path}: no such file.")
    model = predict.load(system)
    return _unasked(model, ring), model


def _unasked(model: predict.Model, ring: Ring) -> Guesses:
    """The photos that a model will be asked about, as if it had refused them all."""
    name, slugs = model.card.name, {city.slug for city in model.cities}
    dataset = ring.needed(name)
    photos = tuple(photo for photo in photos_of(dataset, ring.what) if photo.city in slugs)
    refused = np.zeros(len(photos), bool)
    return Guesses(name, photos, ("",) * len(photos), refused, model.cities, origin={"dataset": dataset.name})


def _asked(name: str, model: predict.Model, ring: Ring) -> Guesses:
    done, dataset = 0, ring.needed(name)
    photos = len(photos_of(dataset, ring.what))

    def progress(more: int) -> None:
        nonlocal done
        done += more
        if ring.progress is not None:
            ring.progress(name, done, photos)

    report = evaluate(model, dataset, ring.what, progress=progress)
    if ring.keep is not None:
        save_predictions(report, ring.keep / f"{plain(name)}.parquet")
    return guesses_of(name, report.known, facts_of(report))


def _name(own: str, system: System, taken: set[str]) -> str:
    """Its own name; where that is taken that of its file or folder; else the own one with a number."""
    file = [Path(system).name] if isinstance(system, str | Path) else []
    numbered = (f"{own} ({number})" for number in count(2))
    return next(name for name in chain([own], file, numbered) if name and name not in taken)


def _some(facts: Mapping[str, Any]) -> dict[str, Any]:
    """What :func:`facts_of` gave to the file."""
    return {name: value for name, value in facts.items() if name in FACTS}


def _origin_of(said: Sequence[Guesses]) -> Dataset | None:
    """The dataset that the answers are about, if it is here unchanged."""
    for one in said:
        try:
            found = open_dataset(str(one.origin.get("dataset", "")))
            if found.content_hash == one.origin.get("content_hash"):
                return found
        except FlaneurError:  # without it there are no photos to show, which is no reason to fail
            continue
    return None
