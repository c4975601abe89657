"""Photos and a seed in; augmented batches in a reproducible order out, prepared ahead by threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flaneur.decode import decode
from flaneur.preprocess import normalise, preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.augment import augment
from flaneur.training.recipe import AugmentRule


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One training example: a file, its class index, and how likely it is drawn."""

    path: Path
    label: int


@dataclass(frozen=True, slots=True)
class Batch:
    """``images [B, 3, H, W]`` float32 and ``labels [B]`` int64."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


def epoch_order(labels: NDArray[np.int64], balance: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices of one epoch: as many as there are photos, rarer cities drawn more often.

    Args:
        labels: ``[N]`` class of each photo.
        balance: 0: every photo once; 1: every class equally often; between: in between.
        rng: of this epoch.

    >>> order = epoch_order(np.array([0, 0, 0, 0, 1]), 1.0, np.random.default_rng(0))
    >>> len(order)
    5
    """
    if balance == 0:
        return rng.permutation(len(labels))
    counts = np.bincount(labels).astype(np.float64)
    weights = (counts ** (-balance))[labels]
    # systematic draw: every photo appears floor or ceil of its expected count
    edges = np.cumsum(weights / weights.sum()) * len(labels)
    picks = np.searchsorted(edges, np.arange(len(labels)) + rng.random(), side="right").clip(max=len(labels) - 1)
    return rng.permutation(picks)


def training_batches(
    photos: Sequence[LabelledPhoto],
    spec: PreprocessSpec,
    rule: AugmentRule,
    order: NDArray[np.int64],
    *,
    batch: int,
    seed: int,
) -> Iterator[Batch]:
    """Augmented batches; what a photo goes through depends on ``seed`` and its place in the order alone."""

    def load(position: int) -> NDArray[np.float32]:
        photo = photos[order[position]]
        rng = np.random.default_rng((seed, position))
        image = decode(photo.path, at_least_px=2 * spec.size_px).image
        return normalise(augment(image, spec.size_px, rule, rng), spec)

    labels = np.array([photos[index].label for index in order], np.int64)
    steps = [range(start, start + batch) for start in range(0, len(order) - batch + 1, batch)] or [range(len(order))]
    for step, images in _ahead(steps, load):
        yield Batch(images, labels[step.start : step.stop])


def plain_batches(photos: Sequence[LabelledPhoto], spec: PreprocessSpec, *, batch: int) -> Iterator[Batch]:
    """The photos as the finished model will see them, in order."""

    def load(position: int) -> NDArray[np.float32]:
        return preprocess(decode(photos[position].path, at_least_px=spec.size_px).image, spec)

    labels = np.array([photo.label for photo in photos], np.int64)
    steps = [range(start, min(start + batch, len(photos))) for start in range(0, len(photos), batch)]
    for step, images in _ahead(steps, load):
        yield Batch(images, labels[step.start : step.stop])


def _ahead(
    steps: Sequence[range], load: Callable[[int], NDArray[np.float32]]
) -> Iterator[tuple[range, NDArray[np.float32]]]:
    """Load two batches ahead of the consumer."""
    with ThreadPoolExecutor(2, thread_name_prefix="loader") as pool:

        def start(step: range) -> tuple[range, list[Future[NDArray[np.float32]]]]:
            return step, [pool.submit(load, position) for position in step]

        waiting = [start(step) for step in steps[:2]]
        for following in range(2, len(steps) + 2):
            step, futures = waiting.pop(0)
            images = np.stack([future.result() for future in futures])
            if following < len(steps):
                waiting.append(start(steps[following]))
            yield step, images
