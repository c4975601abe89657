"""Answers in; accuracy by project or source, among all cities and among its own, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.types import City, Photo


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
