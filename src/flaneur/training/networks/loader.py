"""Photos and a seed in; augmented batches of places in a reproducible order out, prepared ahead by threads."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from flaneur.decode import decode
from flaneur.preprocess import normalise, preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.augment import Look, augment, draw_look
from flaneur.training.recipes.recipe import AugmentRule, ViewsRule

_PHOTO = 3  # keeps these random numbers apart from those of orders and steps


@dataclass(frozen=True, slots=True)
class LabelledPhoto:
    """One training example.

    Args:
        path: of the file.
        label: class index.
        place: photos of one place are its views; without one, a photo stands alone.
    """

    path: Path
    label: int
    place: str = ""


@dataclass(frozen=True, slots=True)
class Examples:
    """Training and validation photos; the test part never comes here.

    Args:
        train: what is learnt from.
        validation: what is looked at after an epoch.
        classes: ``C``, how many cities.
        similarity: ``[C, C]`` of :func:`flaneur.training.networks.smoothing.city_similarity`, where smoothing goes by
            distance.
    """

    train: Sequence[LabelledPhoto]
    validation: Sequence[LabelledPhoto]
    classes: int
    similarity: NDArray[np.float64] | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """What one row of a batch is drawn from: a photo, or a place with its views."""

    paths: tuple[Path, ...]
    label: int


@dataclass(frozen=True, slots=True)
class Batch:
    """``images [B, V, 3, H, W]`` float32, ``shown [B, V]``: which views there are, and ``labels [B]`` int64."""

    images: NDArray[np.float32]
    shown: NDArray[np.bool_]
    labels: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Feed:
    """How batches are drawn.

    Args:
        batch: items a step, of all processes together.
        seed: of the run.
        epoch: from 0.
        first: the step of this epoch to start at; the steps before it are not loaded.
        rank: which share of each batch this process takes.
        ranks: how many processes there are.
        views: how many views an item shows.
    """

    batch: int
    seed: int = 0
    epoch: int = 0
    first: int = 0
    rank: int = 0
    ranks: int = 1
    views: ViewsRule = field(default_factory=ViewsRule)


def make_items(photos: Sequence[LabelledPhoto], views: ViewsRule) -> list[Item]:
    """Each photo alone, or, where views are trained together, each place with its photos."""
    if views.train <= 1:
        return [Item((photo.path,), photo.label) for photo in photos]
    grouped: dict[tuple[int, str], list[Path]] = {}
    for number, photo in enumerate(photos):
        grouped.setdefault((photo.label, photo.place or f"\0{number}"), []).append(photo.path)
    return [Item(tuple(paths), label) for (label, _), paths in grouped.items()]


def epoch_order(labels: NDArray[np.int64], balance: float, rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices of one epoch: as many as there are items, rarer cities drawn more often.

    Args:
        labels: ``[N]`` class of each item.
        balance: 0: every item once; 1: every class equally often; between: in between.
        rng: of this epoch.

    >>> order = epoch_order(np.array([0, 0, 0, 0, 1]), 1.0, np.random.default_rng(0))
    >>> len(order)
    5
    """
    if balance == 0:
        return rng.permutation(len(labels))
    counts = np.bincount(labels).astype(np.float64)
    weights = (np.maximum(counts, 1) ** (-balance))[labels]
    # systematic draw: every item appears floor or ceil of its expected count
    edges = np.cumsum(weights / weights.sum()) * len(labels)
    picks = np.searchsorted(edges, np.arange(len(labels)) + rng.random(), side="right").clip(max=len(labels) - 1)
    return rng.permutation(picks)


def steps_of(items: int, batch: int, ranks: int = 1) -> list[range]:
    """Positions of each step of an epoch; what does not fill a batch is left out, unless it is all there is.

    >>> steps_of(5, 2), steps_of(3, 8), steps_of(3, 8, ranks=2)
    ([range(0, 2), range(2, 4)], [range(0, 3)], [range(0, 2)])
    """
    whole = [range(start, start + batch) for start in range(0, items - batch + 1, batch)]
    return whole or [range(items - items % ranks)]


def training_batches(
    items: Sequence[Item], order: NDArray[np.int64], spec: PreprocessSpec, rule: AugmentRule, feed: Feed
) -> Iterator[Batch]:
    """This process's share of every batch from step ``feed.first`` on.

    What an item goes through depends on seed, epoch and its position in ``order`` alone, so an epoch can be entered at
    any step and shared by any number of processes.
    """

    def load(position: int) -> NDArray[np.float32]:
        item = items[order[position]]
        place = np.random.default_rng((_PHOTO, feed.seed, feed.epoch, position))
        look = draw_look(rule, place)
        count = int(place.integers(1, feed.views.train + 1)) if feed.views.random else max(1, feed.views.train)
        chosen = place.permutation(len(item.paths))[:count]
        draws = zip(chosen, place.spawn(len(chosen)), strict=True)
        return np.stack([_view(item.paths[index], spec, rule, rng, look) for index, rng in draws])

    labels = np.array([items[index].label for index in order], np.int64)
    shares = []
    for step in steps_of(len(order), feed.batch, feed.ranks)[feed.first :]:
        size = len(step) // feed.ranks
        shares.append(step[feed.rank * size : (feed.rank + 1) * size])
    for share, views in _ahead(shares, load):
        images = np.zeros((len(share), max(1, feed.views.train), *views[0].shape[1:]), np.float32)
        shown = np.zeros(images.shape[:2], np.bool_)
        for row, seen in enumerate(views):
            images[row, : len(seen)], shown[row, : len(seen)] = seen, True
        yield Batch(images, shown, labels[share.start : share.stop])


def _view(
    path: Path, spec: PreprocessSpec, rule: AugmentRule, rng: np.random.Generator, look: Look
) -> NDArray[np.float32]:
    """One augmented photo ``[3, H, W]``; decoded larger where a part of it will be shown."""
    parts = rule.crop_area_min < 1 or rule.zoom > 0
    image = decode(path, at_least_px=spec.size_px * (2 if parts else 1)).image
    return normalise(augment(image, spec, rule, rng, look), spec)


def plain_batches(photos: Sequence[LabelledPhoto], spec: PreprocessSpec, *, batch: int) -> Iterator[Batch]:
    """The photos as the finished model will see them, in order, each one alone."""

    def load(position: int) -> NDArray[np.float32]:
        return preprocess(decode(photos[position].path, at_least_px=spec.size_px).image, spec)

    labels = np.array([photo.label for photo in photos], np.int64)
    steps = [range(start, min(start + batch, len(photos))) for start in range(0, len(photos), batch)]
    for step, images in _ahead(steps, load):
        yield Batch(np.stack(images)[:, None], np.ones((len(step), 1), np.bool_), labels[step.start : step.stop])


def _ahead(
    steps: Sequence[range], load: Callable[[int], NDArray[np.float32]]
) -> Iterator[tuple[range, list[NDArray[np.float32]]]]:
    """Load two batches ahead of the consumer."""
    with ThreadPoolExecutor(min(16, os.cpu_count() or 2), thread_name_prefix="loader") as pool:

        def start(step: range) -> tuple[range, list[Future[NDArray[np.float32]]]]:
            return step, [pool.submit(load, position) for position in step]

        waiting = [start(step) for step in steps[:2]]
        for following in range(2, len(steps) + 2):
            step, futures = waiting.pop(0)
            loaded = [future.result() for future in futures]
            if following < len(steps):
                waiting.append(start(steps[following]))
            yield step, loaded
