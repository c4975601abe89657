"""How often the shortcut audit accuses an honest model, and how often it finds a cheat, on toy worlds of several seeds.

In each world heads are fitted to the bundled encoder's embeddings. An honest one learns from streets without a mark, a
cheat from streets that hardly tell their city and from a camera's mark that does. How much a cheat leans on its mark is
known here: the true mark of another city can be put on in its place.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np
from PIL import Image

from cheats import MARKS, draw_world, make_world, marked
from flaneur.bundle.folder import read_bundle
from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.evaluation.run import What, photos_of
from flaneur.evaluation.trials.shortcut_audit.altered import versions
from flaneur.evaluation.trials.shortcuts import shortcuts
from flaneur.predict import Model, load
from flaneur.training.heads.learn import LearnRule, learn

HONEST = (("none", 1.0), ("none", 0.25))
CHEATS = tuple((mark, 0.25) for mark in MARKS if mark != "none")


def true_lean(model: Model, data: Dataset, drawn: Path, mark: str) -> float:
    """Share of answers that follow the true mark of another city, less the share that names that city anyway."""
    with drawn.open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["place"]]
    cities = [city.slug for city in model.cities]
    moved = []
    for number, photo in enumerate(photos_of(data, What("test"))):
        goal = (cities.index(photo.city) + 1 + number % (len(cities) - 1)) % len(cities)
        with Image.open(drawn.parent / rows[int(Path(str(photo.original)).stem)]["file"]) as image:
            street = image.convert("RGB")
        views = [marked(street, mark, city, number) for city in (goal, cities.index(photo.city))]
        guesses = [model.predict(view).ranking[0].city.slug == cities[goal] for view in views]
        moved.append(float(guesses[0]) - float(guesses[1]))
    return float(np.mean(moved))


def one_world(root: Path, drawn: Path, mark: str, telling: float, seed: int, most: int) -> dict[str, Any]:
    """Draw, learn, audit."""
    data = make_world(root, drawn, mark, telling=telling, seed=seed)
    learn(data, OnnxEncoder.from_bundle(read_bundle("base")), LearnRule("toy"), root / "model")
    model = load(root / "model")
    tried = [one for one in versions() if one.told.kind == "transplant"]
    found = shortcuts(model, data, photos_of(data, What("test")), most=most, tried=tried)
    return {
        "seed": seed,
        "mark": mark,
        "telling": telling,
        "accuracy": round(found.whole.value, 3),
        "photos": found.photos,
        "true_lean": None if mark == "none" else round(true_lean(model, data, drawn, mark), 3),
        "called_out": found.called_out,
        "leans": [row.alteration.name for row in found.rows if row.leans],
        "follows": {row.alteration.name: row.follows.to_dict() for row in found.rows if row.follows},
    }


def main() -> None:
    """Print one JSON line a world, then the two rates."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2, 3, 4])
    parser.add_argument("--places", type=int, default=40, help="places a city")
    parser.add_argument("--most", type=int, default=96, help="photos asked about in a world")
    parser.add_argument("--only", choices=("honest", "cheats"), help="half of it")
    told = parser.parse_args()
    worlds = (HONEST if told.only != "cheats" else ()) + (CHEATS if told.only != "honest" else ())
    rows = []
    for seed in told.seeds:
        with tempfile.TemporaryDirectory() as folder:
            drawn = draw_world(Path(folder) / "drawn", seed, told.places)
            for mark, telling in worlds:
                rows.append(one_world(Path(folder) / f"{mark}-{telling}", drawn, mark, telling, seed, told.most))
                print(json.dumps(rows[-1]), flush=True)
    for name, some in (
        ("honest", [r for r in rows if r["mark"] == "none"]),
        ("cheats", [r for r in rows if r["mark"] != "none"]),
    ):
        print(f"{name}: {sum(row['called_out'] for row in some)} of {len(some)} called out")


if __name__ == "__main__":
    main()
