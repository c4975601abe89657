"""A report of a model in; the same with how people did on its photos, where games were played on them, out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np

from flaneur.evaluation.measures.people import People, PlayedGame
from flaneur.evaluation.report import Report
from flaneur.game.library import games_on
from flaneur.game.report.words import covers
from flaneur.game.statistics.crossed import Crossed, crossed_difference, crossed_share
from flaneur.game.store import Store
from flaneur.metrics import Interval
from flaneur.settings import home

_LEAST_ANSWERS = 10


def with_people(report: Report) -> Report:
    """The report with a section about people, if any played with its photos.

    Games that showed several photos of a place at once are left out: the report is about single photos. So are those
    with fewer than ten answers to photos of the report.

    Args:
        report: of any model on the dataset that was played.
    """
    found = [_played(name, report) for name in games_on(report.origin.dataset)]
    games = tuple(game for game in found if game is not None)
    return replace(report, sections={**report.sections, People.key: People(games)}) if games else report


def _played(name: str, report: Report) -> PlayedGame | None:
    with Store(home() / "games" / name, to_read=True) as store:
        slugs = [city["slug"] for city in store.facts()["cities"]]
        rows = [row for row in store.played() if row["phase"] == "test"]
    known = report.known
    column = {city.slug: index for index, city in enumerate(known.cities)}
    row_of = {photo.id: row for row, photo in enumerate(known.photos)}
    asked = [(row, row_of[photo]) for row in rows if (photo := _only_photo(row)) in row_of]
    if len(asked) < _LEAST_ANSWERS or not set(slugs) <= set(column):
        return None
    at = np.array([where for _, where in asked], np.intp)
    right = (known.guesses_among([column[slug] for slug in slugs]) == known.labels)[at]
    hits = np.array([bool(row["correct"]) for row, _ in asked])
    people, places = (np.array([row[key] for row, _ in asked], np.intp) for key in ("participant", "place"))
    accuracy = crossed_share(hits, people, places)
    return PlayedGame(
        name=name,
        people=len(np.unique(people)),
        cities=len(slugs),
        accuracy=_of_places(accuracy),
        model=crossed_share(right, people, places).by_places,
        difference=crossed_difference(hits.astype(np.float64) - right, people, places).by_places,
        covers=covers(accuracy),
    )


def _of_places(found: Crossed) -> Interval:
    """The widest interval, with places behind it, as all of a report."""
    return replace(found.widest, groups=found.by_places.groups)


def _only_photo(row: dict[str, Any]) -> str:
    photos = json.loads(row["photos"])
    return str(photos[0]) if len(photos) == 1 else ""
