"""What several views of one place bring, by each way of joining them, over a single view.

Views are the photos of a place where it has several (the dataset's ``place``); elsewhere three square crops of one
photo, left, centre and right, stand in for them. Validation and test places apart; the test part never chose anything.
A single view's figures are of all views; the gain is paired: a place's fused answer against the mean of its own views.
Attention comes from the model, or, where it has none, is learnt here on crops of train photos.
"""

from __future__ import annotations

import argparse
import os
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.tables import Row, publish
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.decode import decode
from flaneur.errors import PhotoError
from flaneur.fusion import FUSIONS, fuse_places, log_softmax
from flaneur.metrics import Interval, bootstrap_by_group, calibration_error, means
from flaneur.predict import Model, View, load
from flaneur.types import Photo

CROP = 0.75  # of the photo's shorter side
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Views:
    """Views that were looked at.

    Args:
        logits: ``[N, C]``.
        embeddings: ``[N, D]``.
        attention: ``[N]``; ``None`` where the model has none.
        places: ``[N]`` from 0 to P - 1.
        labels: ``[P]`` the city of each place.
    """

    logits: Floats
    embeddings: Floats
    attention: Floats | None
    places: NDArray[np.intp]
    labels: NDArray[np.intp]

    def chosen(self, rows: Sequence[int], places: Sequence[int], labels: Sequence[int]) -> Views:
        """Some views, dealt to other places."""
        at = np.array(rows, np.intp)
        attention = None if self.attention is None else self.attention[at]
        return Views(
            self.logits[at], self.embeddings[at], attention, np.array(places, np.intp), np.array(labels, np.intp)
        )


def crops(path: Path) -> list[Image.Image]:
    """Left, centre and right square of a photo, at half its height.

    Raises:
        PhotoError: it cannot be read.
    """
    image = decode(path).image
    side = max(1, int(CROP * min(image.size)))
    top = (image.height - side) // 2
    lefts = (0, (image.width - side) // 2, image.width - side)
    return [image.crop((left, top, left + side, top + side)) for left in lefts]


def look(model: Model, groups: Sequence[tuple[Callable[[], Sequence[View]], int]]) -> Views:
    """Every view of every place; a place with an unreadable view is left out.

    Args:
        model: that answers.
        groups: of each place, a function that gives its views, and its label.
    """
    rows, places, labels = [], [], []
    for views, label in groups:
        try:
            found = [scores for _, scores in model.scores(views())]
        except PhotoError:
            continue
        if any(isinstance(one, PhotoError) for one in found):
            continue
        rows += found
        places += [len(labels)] * len(found)
        labels.append(label)
    attention = np.array([one.attention for one in rows]) if model.card.fusion == "attention" else None
    logits, embeddings = (
        np.array([getattr(one, name) for one in rows], np.float64) for name in ("logits", "embedding")
    )
    return Views(logits, embeddings, attention, np.array(places, np.intp), np.array(labels, np.intp))


def answers(views: Views, fusion: str, temperature: float) -> Floats:
    """``[P, C]`` log probabilities of the places."""
    return fuse_places(views.logits, views.places, fusion, temperature=temperature, attention=views.attention)


def scores(logs: Floats, labels: NDArray[np.intp], groups: NDArray[np.intp]) -> dict[str, Interval]:
    """Accuracy, NLL and ECE with intervals by place; rows ``[R, C]`` belong to places ``[R]``."""
    hits = logs.argmax(axis=1) == labels
    losses = -logs[np.arange(len(labels)), labels]
    accuracy, nll = bootstrap_by_group(means(np.stack([hits.astype(float), losses], axis=1)), groups)
    confidence = np.exp(logs.max(axis=1))
    (ece,) = bootstrap_by_group(calibration_error(confidence, hits), groups, pivot=True)
    return {"accuracy": accuracy, "nll": nll, "ece": ece}


def gain(fused: Floats, single: Floats, views: Views) -> Interval:
    """How much more often a place's fused answer is right than its single views are, paired."""
    hits = (fused.argmax(axis=1) == views.labels).astype(float)
    alone = (single.argmax(axis=1) == views.labels[views.places]).astype(float)
    mean = np.bincount(views.places, alone) / np.bincount(views.places)
    return bootstrap_by_group(means((hits - mean)[:, None]), np.arange(len(hits)))[0]


def by_fusion(views: Views, temperature: float) -> Iterator[Row]:
    """A single view, then every fusion there is."""
    single = log_softmax(views.logits / temperature)
    yield {"fusion": "single view", **scores(single, views.labels[views.places], views.places), "gain": None}
    for fusion in FUSIONS:
        if fusion == "attention" and views.attention is None:
            continue
        fused = answers(views, fusion, temperature)
        places = np.arange(len(views.labels))
        yield {"fusion": fusion, **scores(fused, views.labels, places), "gain": gain(fused, single, views)}


def by_count(views: Views, fusion: str, temperature: float) -> Iterator[Row]:
    """1, 2, 3 … views of the places that have the most: every choice of them, intervals by place."""
    sizes = np.bincount(views.places)
    most = int(sizes.max())
    full = np.flatnonzero(sizes == most)
    own = {int(place): np.flatnonzero(views.places == place).tolist() for place in full}
    for count in range(1, most + 1):
        dealt = [(place, rows) for place in own for rows in combinations(own[place], count)]
        some = views.chosen(
            [row for _, rows in dealt for row in rows],
            [number for number, (_, rows) in enumerate(dealt) for _ in rows],
            [int(views.labels[place]) for place, _ in dealt],
        )
        logs = answers(some, fusion, temperature)
        groups = np.array([place for place, _ in dealt], np.intp)
        yield {"views": count, **scores(logs, some.labels, groups)}


def several(dataset: Dataset, part: str, split: str) -> dict[str, list[Photo]]:
    """Places of a part, with their photos."""
    part_of = dataset.split(split).part_of
    found: dict[str, list[Photo]] = defaultdict(list)
    for photo in dataset.photos:
        if part_of.get(photo.id) == part:
            found[f"{photo.city}/{photo.place}"].append(photo)
    return found


def learn_attention(model: Model, dataset: Dataset, split: str, count: int) -> Floats:
    """``[D]`` score of a view, learnt on crops of so many train photos, by heads that had not seen the photo."""
    from flaneur.training.heads.attention import Views as TrainViews
    from flaneur.training.heads.attention import fit_attention
    from flaneur.training.heads.logistic import fit_head

    photos = [photo for photo in dataset.photos if dataset.split(split).part_of.get(photo.id) == "train"]
    chosen = [photos[row] for row in np.random.default_rng(0).permutation(len(photos))[:count]]
    cities = sorted({photo.city for photo in chosen})
    groups = [(lambda photo=photo: crops(dataset.image_path(photo)), cities.index(photo.city)) for photo in chosen]
    views = look(model, groups)
    labels, names = views.labels[views.places], [str(place) for place in views.places]
    head = fit_head(views.embeddings.astype(np.float32), [cities[label] for label in labels], names)
    params, _ = fit_attention(
        TrainViews(views.embeddings.astype(np.float32), head.held_out, labels.astype(np.int64), names, names), 1.0
    )
    return np.asarray(params.weight, np.float64)


def measured(model: Model, dataset: Dataset, split: str, crops_of: int) -> Iterator[tuple[str, Views]]:
    """Sets of views by part: places with several photos; crops of the others."""
    slugs = [city.slug for city in model.cities]
    for part in ("validation", "test"):
        places = several(dataset, part, split)
        known = {key: photos for key, photos in places.items() if photos[0].city in slugs}
        many = [
            (lambda photos=photos: [dataset.image_path(photo) for photo in photos], slugs.index(photos[0].city))
            for photos in known.values()
            if len(photos) > 1
        ]
        lone = [photos[0] for photos in known.values() if len(photos) == 1][:crops_of]
        cut = [(lambda photo=photo: crops(dataset.image_path(photo)), slugs.index(photo.city)) for photo in lone]
        whole = [(lambda photo=photo: [dataset.image_path(photo)], slugs.index(photo.city)) for photo in lone]
        for what, groups in (("several photos", many), ("three crops", cut), ("whole photos", whole)):
            if groups:
                yield f"{part}, {what}", look(model, groups)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dataset", default="cities", help="imported dataset: name or folder (cities)")
    options.add_argument("--split", default="default")
    options.add_argument("--model", default="base", help="name, folder or .onnx file (base)")
    options.add_argument("--crops-of", type=int, default=10_000, help="at most so many lone photos a part are cut up")
    options.add_argument(
        "--attention-of", type=int, default=800, help="train photos cut up to learn attention on (800)"
    )
    options.add_argument("--out", "--json", dest="out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    model, dataset = load(chosen.model), open_dataset(chosen.dataset)
    score = (
        None if model.card.fusion == "attention" else learn_attention(model, dataset, chosen.split, chosen.attention_of)
    )
    fused: list[dict[str, Any]] = []
    counted: list[dict[str, Any]] = []
    for what, found in measured(model, dataset, chosen.split, chosen.crops_of):
        views = found if score is None else replace(found, attention=found.embeddings @ score)
        heat = model.card.temperature
        fused += [{"views of": what, **row} for row in by_fusion(views, heat)][: 1 if "whole" in what else None]
        if "whole" not in what:
            counted += [{"views of": what, **row} for row in by_count(views, model.card.fusion, heat)]
    if score is None:
        note = "attention: the model's own"
    elif not score.any():
        note = f"attention, learnt on crops of {chosen.attention_of} train photos: nothing beat equal weights"
    else:
        note = f"attention: learnt on crops of {chosen.attention_of} train photos"
    publish(f"fusion: {model.name} on {dataset.name}", fused, chosen.out, [note])
    beside = chosen.out.with_stem(chosen.out.stem + "-by-count") if chosen.out else None
    publish(f"number of views, joined by {model.card.fusion}", counted, beside)


if __name__ == "__main__":
    main()
