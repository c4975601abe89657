"""Embedded photos and a column in; how well the source of a photo can be read from its embedding, city by city, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.dataset.split import PARTS, Split
from flaneur.dataset.store import Dataset
from flaneur.evaluation.measures.columns import column_values
from flaneur.evaluation.measures.groups import group_key
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.section import Findings
from flaneur.evaluation.trials.refit import LEAST_PHOTOS, LEAST_PLACES
from flaneur.metrics import Derived, Interval, Metric, bootstrap_by_group, counts_behind
from flaneur.metrics.nature import Nature
from flaneur.metrics.weighted import nan_mean
from flaneur.protocols import Encoder
from flaneur.training.heads.logistic import HeadRule, fit_head
from flaneur.training.heads.parts import Part, Progress, embed_parts, tell
from flaneur.types import City

CAMERA = "project or source"
_RULE = HeadRule(kind="logistic", strengths=(1.0, 0.1, 0.01))
_PARTS = (*PARTS, "unused")


@dataclass(frozen=True, slots=True)
class ProbedCity:
    """One city that several sources photographed.

    Args:
        city: inside which sources are told apart.
        accuracy: balanced: mean over the sources of the share of their photos told right, at places not learnt from.
        chance: of a blind guess.
        sources: that were told apart.
    """

    city: City
    accuracy: Interval
    chance: float
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """How much the embedding knows of the camera.

    Args:
        column: whose values are the sources.
        cities: those with two sources or more.
        accuracy: mean over them; ``None`` where there is none.
        chance: mean over them.
        single: cities with one source only, or too few photos of others, of which nothing can be said.
    """

    key: ClassVar[str] = "source_probe"
    column: str
    cities: tuple[ProbedCity, ...]
    accuracy: Interval | None
    chance: float
    single: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "column": self.column,
            "cities": [
                {
                    "city": one.city.slug,
                    "accuracy": one.accuracy.to_dict(),
                    "chance": round(one.chance, 6),
                    "sources": list(one.sources),
                }
                for one in self.cities
            ],
            "accuracy": None if self.accuracy is None else self.accuracy.to_dict(),
            "chance": round(self.chance, 6) if self.cities else None,
            "single": list(self.single),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        if self.accuracy is None:
            untold = (
                f"Whether its embedding knows the {self.column} apart from the city cannot be told: no city here has "
                "enough photos of two of them."
            )
            return Findings(beware=(untold,))
        read = (
            f"the {self.column} of a photo can be read from its embedding: told right {percent(self.accuracy.value)} "
            f"of the time ({span(self.accuracy)}; a blind guess: {percent(self.chance)})"
        )
        where = f"Within {self.cities[0].city.name}" if len(self.cities) == 1 else "Within one city"
        if self.accuracy.low > self.chance:
            tail = "A head that learns from such photos can use that instead of the city where the two go together."
            return Findings(beware=(f"{where}, {read}. {tail}",))
        return Findings(good=(f"{where}, it cannot be shown that {read}.",))


def source_probe(
    dataset: Dataset,
    encoder: Encoder,
    split: Split,
    column: str = "",
    progress: Progress | None = None,
) -> SourceProbe:
    """Tell sources apart within each city, from the same embeddings that tell cities apart.

    Photos of all parts are used: it is the encoder that is examined, no head is kept. Each is judged by a fold that did
    not see its place, nor what the split kept together with it. Sources of a city with fewer than ten photos, or fewer
    than five places, are left aside.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        split: whose groups stay together.
        column: whose values are the sources; by default the project, or the source where the data name no project.
        progress: told stage, done, of how many.

    Raises:
        UsageError: no such column.
    """
    photos = dataset.photos
    values = column_values(photos, column) if column else [group_key(photo) for photo in photos]
    value_of = dict(zip((photo.id for photo in photos), values, strict=True))
    parts, _ = embed_parts(dataset, encoder, split, _PARTS, progress)
    everything = Part(
        tuple(photo for part in parts for photo in part.photos),
        np.concatenate([part.embeddings for part in parts]),
        tuple(group for part in parts for group in part.groups),
    )
    probed, single = [], []
    for done, city in enumerate(dataset.cities):
        tell(progress, "probe", done, len(dataset.cities))
        found = _probe(everything.take(everything.cities == city.slug), value_of)
        probed.append((city, found)) if found else single.append(city.slug)
    tell(progress, "probe", len(dataset.cities), len(dataset.cities))
    return _joined(column or CAMERA, probed, tuple(single))


@dataclass(frozen=True, slots=True)
class _Probed:
    """Photos of one city: the number of each one's source, whether it was told, and its place."""

    sources: tuple[str, ...]
    labels: NDArray[np.intp]
    right: NDArray[np.bool_]
    places: NDArray[np.str_]


def _probe(part: Part, value_of: dict[str, str | None]) -> _Probed | None:
    values = np.array([value_of[photo.id] or "" for photo in part.photos], dtype=np.str_)
    enough = [name for name in np.unique(values).tolist() if name and _enough(part.places[values == name])]
    rows = np.isin(values, enough)
    part, values = part.take(rows), values[rows]
    if len(enough) < 2:
        return None
    head = fit_head(part.embeddings, values.tolist(), part.groups, _RULE)
    judged = np.isfinite(head.held_out).all(axis=1)
    names, labels = np.unique(values, return_inverse=True)
    if len(np.unique(labels[judged])) < len(names):
        return None  # all photos of a source hang together in one group of the split
    right = head.held_out[judged].argmax(axis=1) == labels[judged]
    return _Probed(tuple(names.tolist()), labels[judged].astype(np.intp), right, part.places[judged])


def _enough(places: NDArray[np.str_]) -> bool:
    return len(places) >= LEAST_PHOTOS and len(np.unique(places)) >= LEAST_PLACES


def _joined(column: str, probed: Sequence[tuple[City, _Probed]], single: tuple[str, ...]) -> SourceProbe:
    """Balanced accuracy of each city and their mean, from the same resamples."""
    if not probed:
        return SourceProbe(column, (), None, 0.0, single)
    city = np.concatenate([np.full(len(one.places), index) for index, (_, one) in enumerate(probed)])
    first = np.cumsum([0, *(len(one.sources) for _, one in probed)])
    labels = np.concatenate([one.labels + first[index] for index, (_, one) in enumerate(probed)])
    right = np.concatenate([one.right for _, one in probed])
    places = np.concatenate([one.places for _, one in probed])
    own = labels[:, None] == np.arange(first[-1])
    recalls = metrics.shares(np.repeat(right[:, None], first[-1], axis=1), own)
    spans = list(zip(first[:-1].tolist(), first[1:].tolist(), strict=True))
    each = [_mean(recalls, low, high, labels) for low, high in spans]
    every = metrics.joined(*each, _mean(metrics.joined(*each), 0, len(each), labels))
    among = np.column_stack([city[:, None] == np.arange(len(probed)), np.ones(len(city), bool)])
    *cities, overall = bootstrap_by_group(every, places, behind=counts_behind(among, places))
    chances = [1 / len(one.sources) for _, one in probed]
    made = tuple(
        ProbedCity(place, found, chance, one.sources)
        for (place, one), found, chance in zip(probed, cities, chances, strict=True)
    )
    return SourceProbe(column, made, overall, float(np.mean(chances)), single)


def _mean(parts: Metric, low: int, high: int, alike: NDArray[np.intp]) -> Metric:
    """Mean of some of a metric's shares, which count alike."""
    return Derived(
        (parts,), lambda values: nan_mean(values[0][:, low:high])[:, None], lambda _: (Nature("share", alike),)
    )
