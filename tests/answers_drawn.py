"""Answers drawn at random for tests of measures: cities with centres, places of uneven size, photos with positions."""

from __future__ import annotations

import numpy as np

from flaneur.evaluation.answers import Answers
from flaneur.types import City, Location, Photo

CITIES = (
    City("arles", "Arles", "FR", Location(43.68, 4.63)),
    City("bari", "Bari", "IT", Location(41.12, 16.87)),
    City("cork", "Cork", "IE", Location(51.9, -8.47)),
    City("lima", "Lima", "PE", Location(-12.04, -77.03)),
)
YEARS = ("2012", "2015-01", "2019-07-14", None)


def draw(photos: int = 200, seed: int = 0, cities: tuple[City, ...] = CITIES, skill: float = 1.0) -> Answers:
    """Answers of so many photos; the higher the skill, the more are right. One photo in five has no position."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(photos):
        city = cities[rng.integers(len(cities))]
        centre = city.centre or Location(0.0, 0.0)
        where = Location(centre.lat + rng.normal(0, 0.05), centre.lon + rng.normal(0, 0.05))
        made.append(
            Photo(
                f"drawn:{number}",
                f"{number:064x}",
                city.slug,
                f"place{int(rng.gamma(1, photos / 12))}",
                int(rng.integers(300, 2000)),
                480,
                "drawn",
                location=where if rng.random() < 0.8 else None,
                heading_deg=float(rng.uniform(0, 360)),
                captured_at=YEARS[rng.integers(len(YEARS))],
                project=("north", "south")[rng.integers(2)],
            )
        )
    column = [city.slug for city in cities]
    labels = np.array([column.index(photo.city) for photo in made], np.intp)
    logits = rng.normal(size=(photos, len(cities))) + skill * np.eye(len(cities))[labels]
    return Answers(cities, tuple(made), logits, rng.random(photos))
