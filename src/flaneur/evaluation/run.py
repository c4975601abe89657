"""A model and a dataset in; a report of what the exported bundle gets right out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, UsageError, did_you_mean
from flaneur.evaluation import measure
from flaneur.evaluation.answers import Answering, Answers, collect_answers
from flaneur.files import read_json
from flaneur.metrics import Interval
from flaneur.types import Photo

PARTS = ("test", "validation", "train", "all")


@dataclass(frozen=True, slots=True)
class What:
    """Which photos are asked about.

    Args:
        part: ``test``, ``validation``, ``train``, or ``all`` photos of the dataset.
        split: name of the split; of no use with ``all``.
    """

    part: str = "test"
    split: str = "default"

    def __post_init__(self) -> None:
        if self.part not in PARTS:
            raise UsageError(
                f"{self.part!r} is no part of a split. Use one of {', '.join(PARTS)}.{did_you_mean(self.part, PARTS)}"
            )

    @classmethod
    def parse(cls, text: str) -> What:
        """``test`` or ``NAME/test``, as the ``--split`` flag has it.

        >>> What.parse("by-year/validation")
        What(part='validation', split='by-year')
        """
        name, _, part = text.rpartition("/")
        return cls(part, name or "default")


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
    """

    origin: Origin
    known: Answers
    unknown: Answers
    which: measure.WhichCity
    sure: measure.HowSure
    views: measure.Views | None
    groups: tuple[measure.GroupNumbers, ...]
    all_groups: measure.GroupNumbers | None
    novelty: measure.Unknown | None
    paths: dict[str, Path]
    learnt_from: str = ""
    training: Mapping[str, Any] = field(default_factory=dict)

    def most_confused(self, min_count: int = 3) -> list[tuple[str, str, int]]:
        """True city, guess, and how many photos: the commonest mistakes first."""
        counts, slugs = self.which.confusion, [city.slug for city in self.known.cities]
        pairs = [
            (truth, guess, int(counts[row, column]))
            for row, truth in enumerate(slugs)
            for column, guess in enumerate(slugs)
            if row != column and counts[row, column] >= min_count
        ]
        return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))


def evaluate(
    model: Answering,
    dataset: Dataset,
    what: What | None = None,
    *,
    unknown: Dataset | None = None,
    command: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Measure a model on photos with known cities.

    Args:
        model: from :func:`flaneur.predict.load`.
        dataset: from :func:`flaneur.dataset.store.open_dataset`.
        what: which photos; the test part of the default split unless told.
        unknown: a further dataset, whose photos of cities the model does not know are to be told as such.
        command: that makes this report, for its reader; put together from the names by default.
        progress: called with 1 after each photo.

    Raises:
        InputError: no photo there is of a city the model knows, or none can be read.
    """
    what = what or What()
    slugs = {city.slug for city in model.cities}
    photos = photos_of(dataset, what)
    items = [(photo, dataset.image_path(photo)) for photo in photos]
    if unknown is not None:
        items += [(photo, unknown.image_path(photo)) for photo in unknown.photos if photo.city not in slugs]
    if not any(photo.city in slugs for photo in photos):
        raise InputError(
            f"{dataset.name}: no photo of part {what.part!r} is of a city that {model.card.name} knows "
            f"({', '.join(sorted(slugs))}). City names must be spelt alike in model and dataset."
        )
    answers = collect_answers(model, items, progress)
    known, strange = answers.where(answers.labels >= 0, failed=answers.failed), answers.where(answers.labels < 0)
    if not known.photos:
        raise InputError(f"{dataset.name}: none of the {len(items)} photos can be read ({answers.failed[0][1]}).")
    groups, together = measure.within_groups(known, dataset.photos)
    return Report(
        origin=_origin(model, dataset, what, unknown, command),
        known=known,
        unknown=strange,
        which=measure.which_city(known),
        sure=measure.how_sure(known),
        views=measure.views(known),
        groups=groups,
        all_groups=together,
        novelty=measure.unknown_cities(known, strange) if strange.photos else None,
        paths={photo.id: path for photo, path in items},
        training=model.card.training,
    )


def novelty_auroc(
    model: Answering, known: Iterable[tuple[Photo, Path]], unknown: Iterable[tuple[Photo, Path]]
) -> Interval:
    """Chance that an unknown photo looks stranger to the model than a known one, with its interval by place.

    Args:
        model: the bundle as users get it.
        known: photos, with their files, of cities that the model knows.
        unknown: photos, with their files, of anything else.
    """
    return measure.novelty_auroc(collect_answers(model, known), collect_answers(model, unknown))


def photos_of(dataset: Dataset, what: What) -> list[Photo]:
    """The photos of a part that curation left.

    Raises:
        InputError: there is no such split, or the part is empty.
    """
    photos = list(dataset.photos)
    if what.part != "all":
        wanted = set(dataset.split(what.split).ids(what.part))  # type: ignore[arg-type]
        photos = [photo for photo in photos if photo.id in wanted]
    if not photos:
        raise InputError(
            f"{dataset.name}: part {what.part!r} holds no photo. Make the split again, or use --split all."
        )
    return photos


def _origin(model: Answering, dataset: Dataset, what: What, unknown: Dataset | None, command: str | None) -> Origin:
    card = model.card
    split = None if what.part == "all" else dataset.split(what.split)
    facts = {} if split is None else read_json(dataset.root / "splits" / f"{split.name}.json")
    same_data = card.dataset.content_hash == dataset.content_hash
    same_split = split.hash == card.split_hash if split is not None and same_data else None
    flag = f" --unknown {unknown.name}" if unknown else ""
    told = f"flaneur evaluate {card.name} {dataset.name} --split {what.split}/{what.part}{flag}"
    return Origin(
        model=card.name,
        model_version=card.version,
        model_created=card.created,
        trained_on=card.dataset.name,
        dataset=dataset.name,
        content_hash=dataset.content_hash,
        part=what.part,
        split=None if split is None else split.name,
        split_hash=None if split is None else split.hash,
        audit=facts.get("audit"),
        random_split=facts.get("random_split"),
        same_split=False if split is None and same_data else same_split,
        split_note=facts.get("note"),
        unknown_dataset=None if unknown is None else unknown.name,
        command=command or told,
    )
