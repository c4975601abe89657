"""A small dataset and a tiny model for tests of the game: three cities, two views a place, positions of some."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from bundles import CITIES, tiny_bundle
from flaneur.dataset.split import SplitRule, split, write_split
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.predict import Model, load
from flaneur.protocols import FoundPhoto

PLACES = 12


def game_dataset(root: Path) -> Dataset:
    """Twelve places in each of three cities; those of Rome have positions, Delft is known to no model."""
    source = root / "source"
    source.mkdir(parents=True)
    rng, found = np.random.default_rng(7), []
    for city in (*(city.slug for city in CITIES), "delft"):
        for number in range(PLACES * 2):
            name = f"{city}-{number}.jpg"
            Image.fromarray(rng.integers(0, 255, (36, 48, 3), dtype=np.uint8)).save(source / name)
            facts = {"place": f"{city}{number // 2}", "author": "Ada", "licence": "CC0-1.0"}
            if city == "rome":
                facts |= {"lat": str(41.8 + 0.01 * (number // 2)), "lon": "12.5"}
            found.append(FoundPhoto(source / name, name, city, facts))
    import_photos(found, root / "toy", name="toy", source="folder")
    made = open_dataset(root / "toy")
    rule = SplitRule(train=0.2, validation=0.3, test=0.5, cell_m=0, gap_m=0)
    write_split(made.root / "splits", split(made.photos, rule), {})
    return made


def game_model(root: Path) -> Model:
    """It answers at random, but always alike."""
    return load(tiny_bundle(root / "tiny").path)
