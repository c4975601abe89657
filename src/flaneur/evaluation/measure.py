"""Answers in; every number of a report out, each with its interval and what stands behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.fusion import FUSIONS
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.types import City, Photo

RELIABILITY_BINS = 10


@dataclass(frozen=True, slots=True)
class CityNumbers:
    """How well one city is told; ``photos`` and ``places`` are those truly of it."""

    city: City
    precision: Interval
    recall: Interval
    f1: Interval


@dataclass(frozen=True, slots=True)
class WhichCity:
    """The answers of photos whose city the model knows.

    Args:
        accuracy: share of photos told right.
        top_3: share whose city is among the three most probable.
        macro_recall: mean over the cities.
        per_city: in the order of the logits.
        confusion: counts ``[C, C]``, row the truth.
        rates: share of the row, ``C * C`` of them, row by row.
        chance: of a blind guess.
        majority: of always saying the commonest city here.
    """

    accuracy: Interval
    top_3: Interval
    macro_recall: Interval
    per_city: tuple[CityNumbers, ...]
    confusion: NDArray[np.int64]
    rates: tuple[Interval, ...]
    chance: float
    majority: float


@dataclass(frozen=True, slots=True)
class HowSure:
    """Whether the stated probability and the refusals can be trusted.

    Args:
        ece: expected calibration error.
        brier: squared error of the probabilities, 0 to 2.
        coverage: share of photos answered.
        accuracy_answered: of those answered.
        accuracy_refused: of those refused, had they been answered.
        bins: for each bin of equal mass: mean confidence and the accuracy seen.
    """

    ece: Interval
    brier: Interval
    coverage: Interval
    accuracy_answered: Interval
    accuracy_refused: Interval
    bins: tuple[tuple[float, Interval], ...]


@dataclass(frozen=True, slots=True)
class ViewNumbers:
    """One way of answering for the places seen in several photos.

    Args:
        accuracy: share told right: of the photos one by one, or of the places.
        macro_recall: mean over the cities that have such places.
        ece: expected calibration error.
    """

    accuracy: Interval
    macro_recall: Interval
    ece: Interval


@dataclass(frozen=True, slots=True)
class Views:
    """Places seen in several photos: each photo alone, and all of a place joined in every way the model can.

    Args:
        alone: each photo by itself.
        joined: one answer a place, by fusion.
        own: the fusion that the model uses.
        views_mean: photos a place.
    """

    alone: ViewNumbers
    joined: dict[str, ViewNumbers]
    own: str
    views_mean: float

    @property
    def single(self) -> Interval:
        """Accuracy of a photo alone."""
        return self.alone.accuracy

    @property
    def fused(self) -> Interval:
        """Accuracy by the model's own fusion."""
        return self.joined[self.own].accuracy


@dataclass(frozen=True, slots=True)
class GroupNumbers:
    """One project or source.

    Args:
        name: as the data name it.
        cities: that the model knows and that the group has, in the whole dataset.
        pooled: choosing among all cities.
        within: choosing only among the group's own.
        group_told: share given any city of the right group: what a model that knows only the camera could do.
        chance: of a blind guess within the group.
    """

    name: str
    cities: tuple[City, ...]
    pooled: Interval
    within: Interval
    group_told: Interval
    chance: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Photos of cities that the model does not know.

    Args:
        cities: their slugs.
        auroc: chance that such a photo looks stranger than one of a known city.
        auroc_probability: the same by low top probability alone, for comparison.
        answered: share wrongly given one of the model's cities.
    """

    cities: tuple[str, ...]
    auroc: Interval
    auroc_probability: Interval
    answered: Interval


def which_city(known: Answers) -> WhichCity:
    """Accuracy, top 3 and all numbers by city; ``known`` holds only photos of cities that the model knows."""
    count = len(known.cities)
    hits = np.column_stack([known.correct, metrics.top_k_hits(known.logits, known.labels, 3)])
    accuracy, top_3 = bootstrap_by_group(metrics.shares(hits, np.ones_like(hits)), known.places)
    truth = known.labels[:, None] == np.arange(count)
    guessed = known.guesses[:, None] == np.arange(count)
    rows = np.hstack([guessed, truth, guessed | truth, np.ones((len(truth), 1), bool)])
    behind = counts_behind(rows, known.places)
    behind = np.vstack([behind, np.repeat(behind[count : 2 * count], count, axis=0)])
    numbers = bootstrap_by_group(metrics.class_scores(known.labels, known.guesses, count), known.places, behind=behind)
    triples = zip(
        known.cities, numbers[:count], numbers[count : 2 * count], numbers[2 * count : 3 * count], strict=True
    )
    return WhichCity(
        accuracy=accuracy,
        top_3=top_3,
        macro_recall=numbers[3 * count],
        per_city=tuple(CityNumbers(*row) for row in triples),
        confusion=metrics.confusion_matrix(known.labels, known.guesses, count),
        rates=numbers[3 * count + 1 :],
        chance=1 / count,
        majority=float(truth.mean(axis=0).max()) if len(truth) else 0.0,
    )


def how_sure(known: Answers) -> HowSure:
    """Calibration and refusals on photos of cities that the model knows."""
    correct, confidence = known.correct, known.confidence
    brier = metrics.brier_score(np.exp(known.log_probabilities), known.labels)
    bins = metrics.calibration_bins(confidence, RELIABILITY_BINS)
    member = bins[:, None] == np.unique(bins)
    among = np.column_stack([np.ones_like(correct), known.answered, ~known.answered, member])
    hits = np.column_stack([known.answered, np.tile(correct[:, None], among.shape[1] - 1)])
    behind = counts_behind(among, known.places)
    found = bootstrap_by_group(metrics.shares(hits, among), known.places, behind=behind)
    error = bootstrap_by_group(metrics.calibration_error(confidence, correct), known.places, pivot=True)
    return HowSure(
        ece=error[0],
        brier=bootstrap_by_group(metrics.means(brier[:, None]), known.places)[0],
        coverage=found[0],
        accuracy_answered=found[1],
        accuracy_refused=found[2],
        bins=tuple((float(confidence[rows].mean()), seen) for rows, seen in zip(member.T, found[3:], strict=True)),
    )


def views(known: Answers) -> Views | None:
    """Each view alone beside all views joined, on the places with several; ``None`` if there is no such place."""
    several = np.bincount(known.places, minlength=1)[known.places] > 1
    if not several.any():
        return None
    alone = known.where(several)
    possible = [how for how in FUSIONS if how != "attention" or known.attention is not None]
    joined = {how: _view_numbers(alone.fused(how), len(alone.photos)) for how in possible}
    count = len(np.unique(alone.places))
    return Views(_view_numbers(alone, len(alone.photos)), joined, known.fusion, len(alone.photos) / count)


def _view_numbers(said: Answers, photos: int) -> ViewNumbers:
    """How good the answers are; ``photos`` stand behind each number."""
    count = len(said.cities)
    scores = metrics.class_scores(said.labels, said.guesses, count)
    recall = bootstrap_by_group(lambda weights: scores(weights)[:, [3 * count]], said.places)[0]
    error = bootstrap_by_group(metrics.calibration_error(said.confidence, said.correct), said.places, pivot=True)[0]
    accuracy = bootstrap_by_group(_always(said.correct), said.places)[0]
    return ViewNumbers(*(replace(number, n=photos) for number in (accuracy, recall, error)))


def group_key(photo: Photo) -> str:
    """The camera campaign a photo came from, as far as the data tell: its project, else its source."""
    return photo.project or photo.source


def within_groups(
    known: Answers, everything: tuple[Photo, ...]
) -> tuple[tuple[GroupNumbers, ...], GroupNumbers | None]:
    """Accuracy in each group, among all cities and among the group's own; then the same over all groups with a choice.

    Args:
        known: answers of photos whose city the model knows.
        everything: the whole dataset, which says what cities a group has.
    """
    column = {city.slug: index for index, city in enumerate(known.cities)}
    cities_of: dict[str, set[int]] = {}
    for photo in everything:
        if photo.city in column:
            cities_of.setdefault(group_key(photo), set()).add(column[photo.city])
    keys = np.array([group_key(photo) for photo in known.photos], dtype=object)
    names = sorted(set(keys))
    if not names:
        return (), None
    inside, told = np.zeros(len(keys), bool), np.zeros(len(keys), bool)
    for name in names:
        rows, own = keys == name, sorted(cities_of[name])
        inside[rows] = known.guesses_among(own)[rows] == known.labels[rows]
        told[rows] = np.isin(known.guesses[rows], own)
    size = np.array([len(cities_of[key]) for key in keys])
    among = np.column_stack([keys == name for name in names] + [size > 1])
    width = among.shape[1]
    hits = np.repeat(np.column_stack([known.correct, inside, told]), width, axis=1)
    wide = np.tile(among, 3)
    found = bootstrap_by_group(metrics.shares(hits, wide), known.places, behind=counts_behind(wide, known.places))
    columns = zip(found[:width], found[width : 2 * width], found[2 * width :], strict=True)
    cities = [tuple(known.cities[index] for index in sorted(cities_of[name])) for name in names] + [()]
    chances = [float((1 / size[rows]).mean()) if rows.any() else 1.0 for rows in among.T]
    made = [GroupNumbers(*row[:2], *row[2], row[3]) for row in zip([*names, ""], cities, columns, chances, strict=True)]
    return tuple(made[:-1]), made[-1] if (size > 1).any() else None


def unknown_cities(known: Answers, unknown: Answers) -> Unknown:
    """How well photos of unknown cities are told from those of known ones."""
    strange = np.repeat([False, True], [len(known.photos), len(unknown.photos)])
    places = np.concatenate([known.places, unknown.places + 1 + known.places.max(initial=0)])
    novelty = metrics.ranking_power(np.concatenate([known.novelty, unknown.novelty]), strange)
    doubt = metrics.ranking_power(-np.concatenate([known.confidence, unknown.confidence]), strange)
    found = bootstrap_by_group(lambda weights: np.hstack([novelty(weights), doubt(weights)]), places)
    answered = bootstrap_by_group(_always(unknown.answered), unknown.places)[0]
    return Unknown(tuple(sorted({photo.city for photo in unknown.photos})), found[0], found[1], answered)


def novelty_auroc(known: Answers, unknown: Answers) -> Interval:
    """Chance that a photo of an unknown city looks stranger to the model than one of a known city."""
    return unknown_cities(known, unknown).auroc


def _always(hits: NDArray[np.bool_]) -> metrics.Metric:
    return metrics.shares(hits[:, None], np.ones((len(hits), 1), bool))
