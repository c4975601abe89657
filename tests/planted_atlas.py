"""Atlases with known structure for tests: cities at chosen points, parts inside them, and answers to match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.answers import Answers
from flaneur.explain.atlas.atlas import Atlas
from flaneur.types import City, Location, Photo

HOSTILE = "</script><img src=x onerror=alert(1)>"
BIG = 100.0  # length of what all embeddings share: directions on so large a sphere are as good as flat


def planted(middles: NDArray[np.floating[Any]], each: int = 60, *, seed: int = 0, views: int = 1) -> Atlas:
    """An atlas of so many places a city, a kilometre apart, with normal noise of deviation 1 around its middle.

    Args:
        middles: ``[C, D]``.
        each: places of a city.
        seed: of the noise.
        views: photos of a place; they share its noise but for a hundredth.
    """
    rng = np.random.default_rng(seed)
    count, width = middles.shape
    labels = np.repeat(np.arange(count), each * views)
    noise = np.repeat(rng.normal(size=(count * each, width)), views, axis=0)
    rows = middles[labels] + noise + 0.01 * rng.normal(size=noise.shape)
    cities = tuple(City(f"town-{n}", f"Town {n}{HOSTILE if n == 1 else ''}") for n in range(count))
    photos = tuple(
        Photo(f"p:{row}", f"{row:064x}", f"town-{label}", f"place-{row // views}", 64, 48, "drawn",
              location=Location(2.0 * label + 0.01 * (row // views % each), 5.0), captured_at="2019", project="one")
        for row, label in enumerate(labels.tolist())
    )  # fmt: skip
    answers = Answers(cities, photos, 8 * np.eye(count)[labels] + rng.normal(size=(len(labels), count)), labels * 0.0)
    embeddings = np.column_stack([np.full(len(rows), BIG), rows]).astype(np.float32)
    return Atlas("drawn", "drawn", "0" * 64, "all", answers, embeddings, np.zeros(len(rows), np.int64))


def with_facts(atlas: Atlas, **facts: Sequence[Any]) -> Atlas:
    """The same with columns of its photos changed."""
    photos = tuple(
        replace(photo, **{name: values[row] for name, values in facts.items()})
        for row, photo in enumerate(atlas.answers.photos)
    )
    return replace(atlas, answers=replace(atlas.answers, photos=photos))
