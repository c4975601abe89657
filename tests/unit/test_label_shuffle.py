"""Shuffled labels teach nothing: neither a network in the training loop nor a head gets beyond chance on validation."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from benchmarks.label_shuffle import control, over_shuffles, shuffled

from flaneur.training.heads.logistic import HeadRule
from flaneur.training.heads.parts import Part
from flaneur.types import Photo

CITIES = ("arles", "bari", "cork", "delft")


def _part(rng: np.random.Generator, places: int) -> Part:
    """Two photos a place, of cities that a plane tells apart, with noise that a place shares."""
    photos, rows, groups = [], [], []
    for number in range(places):
        city = number % len(CITIES)
        centre = np.eye(len(CITIES), 12)[city] * 3 + rng.normal(0, 1, 12)
        for view in range(2):
            name = f"{number}-{view}"
            photos.append(Photo(name, f"{number:032d}{view:032d}", CITIES[city], f"place{number}", 64, 48, "test"))
            rows.append(centre + rng.normal(0, 0.3, 12))
            groups.append(f"place{number}")
    return Part(tuple(photos), np.array(rows, np.float32), tuple(groups))


def test_a_head_on_shuffled_labels_ends_at_chance() -> None:
    rng = np.random.default_rng(0)
    true, found = control(_part(rng, 60), _part(rng, 60), HeadRule(strengths=(0.1, 0.01)), shuffles=20, seed=1)
    recall = over_shuffles([one.macro_recall for one in found])
    assert true.macro_recall > 0.85
    assert recall.low <= 1 / len(CITIES) <= recall.high
    assert recall.value < 0.5


def test_shuffling_permutes_cities_and_leaves_everything_else() -> None:
    part = _part(np.random.default_rng(0), 20)
    mixed = shuffled(part, np.random.default_rng(1))
    assert sorted(photo.city for photo in mixed.photos) == sorted(photo.city for photo in part.photos)
    assert [photo.city for photo in mixed.photos] != [photo.city for photo in part.photos]
    assert [replace(photo, city="") for photo in mixed.photos] == [replace(photo, city="") for photo in part.photos]
    assert mixed.embeddings is part.embeddings


@pytest.mark.train
@pytest.mark.skipif(find_spec("torch") is None, reason="needs the train extra")
def test_a_network_trained_on_shuffled_labels_ends_at_chance(toy_folder: Path, tmp_path: Path) -> None:
    from benchmarks.overfit import Case, train

    from flaneur.training.networks.loader import Examples, LabelledPhoto
    from flaneur.training.recipes.recipe import NetworkRule

    parts: dict[bool, list[LabelledPhoto]] = {True: [], False: []}
    slugs = sorted(path.name for path in toy_folder.iterdir() if path.is_dir())
    for label, slug in enumerate(slugs):
        for path in sorted((toy_folder / slug).glob("p*.jpg")):
            place = path.stem.partition("-")[0]
            parts[int(place[1:]) % 2 == 0].append(LabelledPhoto(path, label, place))
    seen, validation = parts[True], parts[False]

    def accuracy(labels: list[int], number: int) -> float:
        learnt = [replace(photo, label=label) for photo, label in zip(seen, labels, strict=True)]
        rule = NetworkRule("seed/small", initial="random", size_px=64, dropout=0.0)
        return train(Case(rule, 3e-3, epochs=6), Examples(3 * learnt, validation, len(slugs)), tmp_path / str(number))[
            2
        ].accuracy

    labels = [photo.label for photo in seen]
    rng = np.random.default_rng(3)
    found = over_shuffles([accuracy([labels[row] for row in rng.permutation(len(labels))], n) for n in range(3)])
    assert accuracy(labels, 9) > 0.6
    assert found.low <= 1 / len(slugs) <= found.high
    assert found.value < 0.5
