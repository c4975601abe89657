"""A model and a photo's embedding in; the known photos, kept in the model as numbers, that lie nearest, out."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.known import read_known
from flaneur.predict import Model
from flaneur.types import City

SHOWN = 6
_MODELS = 32


@dataclass(frozen=True, slots=True)
class Nearest:
    """The known photos most like one, each from another place, nearest first.

    Args:
        known: each one's city and its distance, 1 - cosine of the two embeddings, 0 (alike) to 2.
        photos: how many are known; the model was trained on none of them.
        places: that these are of.
        nearer_than: share of the known photos that have none of another place as near as the first is, 0 to 1: how
            near is near.
    """

    known: tuple[tuple[City, float], ...]
    photos: int
    places: int
    nearer_than: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; ``cities`` are how many of the nearest each city has, the most first."""
        counts = Counter(city.slug for city, _ in self.known)
        return {
            "photos": self.photos,
            "places": self.places,
            "nearer_than": round(self.nearer_than, 4),
            "cities": [{"city": slug, "count": count} for slug, count in counts.most_common()],
            "known": [{"city": city.slug, "distance": round(distance, 4)} for city, distance in self.known],
        }


def nearest_known(model: Model, embeddings: NDArray[np.float32]) -> Nearest | None:
    """The known photos that a model's network finds most like a photo, one a place.

    Args:
        model: with photos' embeddings in its bundle; see :mod:`flaneur.bundle.known`.
        embeddings: ``[V, D]`` of the views of one place, as :attr:`flaneur.predict.ViewScores.embedding`; several count
            by the mean of their directions.

    Returns:
        At most :data:`SHOWN`; ``None`` where the model keeps none.

    Raises:
        IntegrityError: the model's known photos are damaged.
    """
    found = _known(model)
    if found is None:
        return None
    own = _unit(_unit(embeddings).mean(axis=0, keepdims=True))[0]
    distance = 1 - found.units @ own
    rows = _nearest_rows(distance, found.places)
    return Nearest(
        tuple((model.cities[found.labels[row]], max(0.0, float(distance[row]))) for row in rows),
        len(found.labels),
        found.count,
        float((found.elsewhere > distance[rows[0]]).mean()),
    )


def _nearest_rows(distance: NDArray[np.float32], places: NDArray[np.int64]) -> list[int]:
    """Rows with the least distances, one a place, the nearest first."""
    rows: dict[int, int] = {}
    for row in np.argsort(distance, kind="stable").tolist():
        rows.setdefault(int(places[row]), row)
        if len(rows) == SHOWN:
            break
    return list(rows.values())


@dataclass(frozen=True, slots=True)
class _Units:
    """Known photos as directions ``[N, D]``; elsewhere: each one's distance to the nearest of another place."""

    units: NDArray[np.float32]
    labels: NDArray[np.int64]
    places: NDArray[np.int64]
    count: int
    elsewhere: NDArray[np.float32]


@lru_cache(_MODELS)
def _known(model: Model) -> _Units | None:
    known = read_known(model.card, model.bundle.known, str(model.bundle.path))
    if known is None:
        return None
    units = _unit(known.embeddings)
    apart = 1 - units @ units.T
    apart[known.places[:, None] == known.places] = np.inf
    return _Units(units, known.labels, known.places, len(np.unique(known.places)), apart.min(axis=1))


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(length, np.float32(1e-12)), np.float32)
