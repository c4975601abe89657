"""An atlas in; each city's most typical, most confused and least typical photos out."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.nearest_train import thirds
from flaneur.evaluation.phrases import points, points_span
from flaneur.evaluation.section import Findings
from flaneur.explain.atlas.atlas import Atlas, Progress
from flaneur.explain.atlas.basis import Basis, basis, first_of_each
from flaneur.explain.atlas.columns import Column, Numbers
from flaneur.metrics import Floats, Interval, bootstrap_by_group, counts_behind
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.training.heads.logits import unit_rows
from flaneur.types import City

SHOWN = 4
Rows = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class CityGallery:
    """Photos of one city, from different spots; rows of the atlas.

    Args:
        city: it.
        typical: those that the model finds most surely of it.
        confused: those that it finds most surely of another city; the most doubtful ones where it is never wrong.
        untypical: those farthest from the middle of the city's other photos, whatever the model says of them.
    """

    city: City
    typical: tuple[int, ...]
    confused: tuple[int, ...]
    untypical: tuple[int, ...]


@dataclass(frozen=True)
class Galleries:
    """Typical and untypical photos of every city.

    Args:
        answers: of the atlas; rows below are of it.
        cities: in the model's order.
        away: ``[N]`` cosine distance of each photo from the middle of its city's photos from other spots, 0 to 2;
            not-a-number for photos that are not looked at.
        fall: accuracy of each city's third of photos nearest to its middle minus that of its farthest third.
        basis: the photos looked at.
    """

    key: ClassVar[str] = "galleries"
    answers: Answers
    cities: tuple[CityGallery, ...]
    away: Floats
    fall: Interval
    basis: Basis

    def columns(self) -> tuple[Column, ...]:
        """How far each photo is from its city's middle."""
        hint = "From the middle of its city’s photos from other places, as the model’s encoder sees them."
        return (Numbers("away", "distance from its city’s middle", self.away, hint),)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; photos are rows of the atlas."""
        return {
            "cities": [
                {
                    "city": one.city.slug,
                    "most_typical": list(one.typical),
                    "most_confused": list(one.confused),
                    "least_typical": list(one.untypical),
                }
                for one in self.cities
            ],
            "accuracy_of_typical_less_untypical": self.fall.to_dict(),
            "photos": self.basis.kind,
            "left_out": list(self.basis.left_out),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        good: tuple[str, ...] = ()
        if self.fall.low > 0:
            good = (
                f"The third of each city's photos that is most like the others is told right more often than the third "
                f"least like them, by {points(self.fall.value)} ({points_span(self.fall)}).",
            )
        return Findings(good, self.basis.warnings)


def galleries(atlas: Atlas, progress: Progress | None = None) -> Galleries:
    """Photos worth a look, city by city; of photos new to the model, where there are enough.

    Args:
        atlas: photos, embeddings and answers.
        progress: told stage, how much is done, of how much.

    Raises:
        InputError: no city that the model knows has photos of enough places.
    """
    found = basis(atlas, known_only=True)
    if progress is not None:
        progress("galleries", 0, 1)
    with one_blas_thread():
        away = from_middle(unit_rows(atlas.embeddings[found.rows]), found.labels, found.spots)
    margin = _margins(atlas)[found.rows]
    made, taken = [], np.argsort(margin, kind="stable")
    for number, city in enumerate(found.cities):
        own = taken[found.labels[taken] == number]
        confused = _shown(own, found.spots)
        typical = _shown(own[::-1], found.spots, confused)
        far = own[np.argsort(-away[own], kind="stable")]
        chosen = (typical, confused, _shown(far, found.spots, (*confused, *typical)))
        made.append(CityGallery(city, *(tuple(found.rows[list(rows)].tolist()) for rows in chosen)))
    correct = atlas.answers.correct[found.rows]
    near, farthest = thirds(away, found.labels)
    behind = counts_behind((near | farthest)[:, None], found.places)
    fall = metrics.difference(
        metrics.shares(correct[:, None], near[:, None]), metrics.shares(correct[:, None], farthest[:, None])
    )
    every = np.full(len(atlas.answers.photos), np.nan)
    every[found.rows] = away
    return Galleries(atlas.answers, tuple(made), every, bootstrap_by_group(fall, found.places, behind=behind)[0], found)


def from_middle(rows: NDArray[np.floating[Any]], labels: Rows, places: Rows) -> Floats:
    """Cosine distance of each photo from the mean of its city's photos from other places.

    Args:
        rows: ``[N, D]`` embeddings of length 1.
        labels: ``[N]`` city.
        places: ``[N]`` place, each within one city.

    Returns:
        ``[N]`` in 0 to 2; not-a-number for a city with a single place.

    >>> from_middle(np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), np.zeros(3, int), np.arange(3)).round(2).tolist()
    [0.29, 0.29, 1.0]
    """
    exact = rows.astype(np.float64)
    of_city = np.eye(int(labels.max(initial=0)) + 1)[labels].T @ exact
    of_place = np.zeros((int(places.max(initial=0)) + 1, exact.shape[1]))
    np.add.at(of_place, places, exact)
    others = of_city[labels] - of_place[places]
    lengths = np.linalg.norm(others, axis=1)
    return np.asarray(1 - metrics.weighted.ratio((exact * others).sum(axis=1), np.where(lengths > 1e-9, lengths, 0)))


def _margins(atlas: Atlas) -> Floats:
    """``[N]`` log-odds of the true city against the likeliest other one."""
    logs, labels = atlas.answers.log_probabilities.copy(), atlas.answers.labels
    every = np.arange(len(logs))
    own = logs[every, labels]
    logs[every, labels] = -np.inf
    return np.asarray(own - logs.max(axis=1))


def _shown(rows: Rows, spots: Rows, taken: Iterable[int] = ()) -> tuple[int, ...]:
    """The first of them from different spots, ``[N]``, without those taken."""
    left = rows[~np.isin(rows, list(taken))]
    return tuple(first_of_each(left, spots[left])[:SHOWN].tolist())
