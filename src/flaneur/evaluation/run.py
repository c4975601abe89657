"""A model and a dataset in; a report of what the exported bundle gets right out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, UsageError, did_you_mean
from flaneur.evaluation.answers import Answering, collect_answers
from flaneur.evaluation.by_default import further_measures
from flaneur.evaluation.measures import groups as groups_measure
from flaneur.evaluation.measures import unknown as unknown_measure
from flaneur.evaluation.measures.how_sure import how_sure
from flaneur.evaluation.measures.views import views
from flaneur.evaluation.measures.which_city import which_city
from flaneur.evaluation.overlap import learnt_from, warn_of_overlap
from flaneur.evaluation.phrases import unread
from flaneur.evaluation.report import Origin, Report
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


def evaluate(
    model: Answering,
    dataset: Dataset,
    what: What | None = None,
    *,
    unknown: Dataset | None = None,
    command: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Measure a model on photos with known cities: all that its answers alone can tell.

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
        raise InputError(f"{dataset.name}: not one photo can be asked about: {unread(answers.failed)}.")
    groups, together = groups_measure.within_groups(known, dataset.photos)
    learnt = learnt_from(model.card, dataset)
    sections, not_measured = further_measures(known, learnt)
    return Report(
        origin=_origin(model, dataset, what, unknown, command),
        known=known,
        unknown=strange,
        which=which_city(known),
        sure=how_sure(known),
        views=views(known),
        groups=groups,
        all_groups=together,
        novelty=unknown_measure.unknown_cities(known, strange) if strange.photos else None,
        paths={photo.id: path for photo, path in items},
        learnt_from=warn_of_overlap(model.card, dataset, known.photos, learnt),
        training=model.card.training,
        limits=model.card.limits,
        licences=model.card.licences,
        sections=sections,
        not_measured=not_measured,
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
    return unknown_measure.novelty_auroc(collect_answers(model, known), collect_answers(model, unknown))


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
