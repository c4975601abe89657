"""Small labelled datasets for tests: noise photos, two to a place, imported and split by the real code."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from flaneur.dataset.split import SplitRule, split, write_split
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.dataset.toy_cities import ToyWorld
from flaneur.protocols import FoundPhoto

TOY_WORLD = ToyWorld(
    seed=5, cities=3, places_per_city=12, views=2, size_px=160, near_duplicates=3, blank=2, corrupt=3,
)  # fmt: skip
"""The toy cities that the fixture ``toy_csv`` draws."""


def make_dataset(root: Path, cities: list[str], places: int = 12) -> Dataset:
    source = root / "source"
    source.mkdir(parents=True)
    found = []
    rng = np.random.default_rng(len(cities))
    for city in cities:
        for number in range(places * 2):
            name = f"{'broken' if (city, number) == ('arles', 3) else city}-{number}.jpg"
            Image.fromarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)).save(source / name)
            facts = {"place": f"{city}{number // 2}", "project": "south" if city in ("arles", "bari") else "north"}
            found.append(FoundPhoto(source / name, name, city, facts))
    import_photos(found, root / "toy", name="toy", source="folder")
    made = open_dataset(root / "toy")
    write_split(
        made.root / "splits",
        split(made.photos, SplitRule()),
        {"audit": {"ok": True, "nearest_m": {"train-test": 81.5}, "warnings": []}},
    )
    return made
