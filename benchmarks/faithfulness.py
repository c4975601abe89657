"""Photos and a model in; how faithful each method's maps are, beside random orders and random weights, out.

One line of JSON a photo is written as it is measured: the same command again goes on where it stopped. Photos are taken
from all cities in turn, so that the first of them are a fair share of the whole.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import numpy as np

from flaneur.dataset.store import Dataset, open_dataset
from flaneur.evaluation.run import What, photos_of
from flaneur.explain.faithfulness import (
    CELLS,
    Explain,
    Relevance,
    areas,
    cell_means,
    ordered,
    random_orders,
    rank_correlation,
)
from flaneur.explain.randomised import randomised
from flaneur.explain.run import relevance
from flaneur.explain.target import Target, target
from flaneur.metrics import Interval, bootstrap_by_group
from flaneur.predict import load
from flaneur.types import Photo
from marked_city import built_model, hits, learnt_model, learnt_photos, marked_photos
from planted_maps import edges

METHODS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "cam": ("cam", {}),
    "gradcam": ("gradcam", {}),
    "gradcam, mean gradient": ("gradcam", {"local": False}),
    "integrated_gradients": ("integrated_gradients", {"steps": 8}),
    "occlusion": ("occlusion", {"sizes": (0.25,), "stride": 0.5}),
    "inclusion": ("inclusion", {"sizes": (0.25,), "stride": 0.5}),
    "rise": ("rise", {"masks": 100}),
}
"""Coarser than the methods' own settings, so that 200 photos take a quarter of an hour of one core."""
PLANTED = "edges (planted)"
STREWN, SMOOTH = "random, single cells", "random, in patches"
_SANITY_EVERY, _RANDOM = 5, 3


def makers() -> dict[str, Explain]:
    """Name to what makes the map; the planted one comes last."""
    made: dict[str, Explain] = {}
    for name, (method, settings) in METHODS.items():
        made[name] = partial(_map, method, settings)
    return {**made, PLANTED: edges}


def _map(method: str, settings: Mapping[str, Any], asked: Target) -> Relevance:
    return relevance(asked, method, settings)


def measured(asked: Target, seed: int, *, weights: bool) -> dict[str, Any]:
    """All methods on one photo: areas, seconds of a core, maps by cells, and, with ``weights``, maps of random ones."""
    cells, seconds = {}, {}
    for name, make in makers().items():
        start = time.process_time()
        cells[name] = cell_means(make(asked))
        seconds[name] = round(time.process_time() - start, 4)
    strewn = np.random.default_rng(seed).permutation(CELLS**2)
    orders = [*(ordered(cells[name], seed) for name in cells), strewn, *random_orders(seed, _RANDOM)]
    found = areas(asked, orders)
    row = {name: found[number].tolist() for number, name in enumerate([*cells, STREWN])}
    made = {
        "score": asked.score,
        "areas": {**row, SMOOTH: found[len(cells) + 1 :].mean(0).tolist()},
        "seconds": seconds,
        "cells": {name: np.round(values, 5).tolist() for name, values in cells.items()},
    }
    if weights and (model := randomised(asked.model)) is not None:
        other = Target(model, asked.image, asked.city, asked.against)
        made["sanity"] = {
            name: rank_correlation(cells[name], cell_means(make(other))) for name, make in makers().items()
        }
    return made


def in_turn(photos: list[Photo], count: int) -> list[Photo]:
    """So many photos of different places, by chance, a city after the other."""
    rng = np.random.default_rng(0)
    by_city: dict[str, dict[str, Photo]] = {}
    for number in rng.permutation(len(photos)):
        photo = photos[number]
        by_city.setdefault(photo.city, {}).setdefault(photo.place, photo)
    rows = [list(by_city[city].values()) for city in sorted(by_city)]
    mixed = [row[depth] for depth in range(max(map(len, rows))) for row in rows if depth < len(row)]
    return mixed[:count]


def real(data: Dataset, part: str, model: str, count: int) -> Iterator[tuple[str, str, Target, None]]:
    """Photos of a dataset, asked about the model's own first choice."""
    asking = load(model)
    for photo in in_turn(photos_of(data, What(part)), count):
        yield photo.id, photo.place, target(asking, data.image_path(photo)), None


def marked(which: str, count: int) -> Iterator[tuple[str, str, Target, tuple[int, int, int, int]]]:
    """Photos whose city one object tells, asked about that city; the object too."""
    model = built_model() if which == "built" else learnt_model()
    scenes = -(-count // 3)
    photos = marked_photos(scenes, seed=7) if which == "built" else learnt_photos(scenes, seed=7)
    for number, photo in enumerate(photos[:count]):
        yield f"{which}-{number}", str(number // 3), target(model, photo.image, photo.slug), photo.box


def run(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Measure what is not yet in the file of rows; all of them are given back."""
    done = [json.loads(line) for line in options.rows.read_text().splitlines()] if options.rows.is_file() else []
    known = {row["id"] for row in done}
    options.rows.parent.mkdir(parents=True, exist_ok=True)
    asked = (
        marked(options.marked, options.count)
        if options.marked
        else real(open_dataset(options.dataset), options.part, options.model, options.count)
    )
    with options.rows.open("a") as file:
        for number, (name, place, one, box) in enumerate(asked):
            if name in known:
                continue
            row = {"id": name, "place": place, **measured(one, number, weights=number % _SANITY_EVERY == 0)}
            if box is not None:
                row["hits"] = {
                    way: hits(make(one), box, tolerance_px=one.size_px / 32) for way, make in makers().items()
                }
            file.write(json.dumps(row) + "\n")
            file.flush()
            done.append(row)
    return done


def _mean(rows: list[dict[str, Any]], values: list[float]) -> Interval:
    column = np.array(values, np.float64)
    return bootstrap_by_group(
        lambda weights: (weights @ column / weights.sum(1))[:, None], [row["place"] for row in rows]
    )[0]


def summary(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Means with intervals by place, a method a row."""
    found: dict[str, dict[str, Any]] = {}
    checked = [row for row in rows if "sanity" in row]
    for name in rows[0]["areas"]:
        own, chance = (np.array([row["areas"][which] for row in rows]) for which in (name, SMOOTH))
        gain = (own - chance) @ [-1, 1]
        columns = {"deletion": own[:, 0], "insertion": own[:, 1], "gain": gain}
        made: dict[str, Any] = {key: _mean(rows, list(values)) for key, values in columns.items()}
        made["ahead"] = float((gain > 0).mean())
        if name in rows[0]["cells"]:
            made["seconds"] = float(np.median([row["seconds"][name] for row in rows]))
            same = [(row, row["sanity"][name]) for row in checked if row["sanity"][name] is not None]
            if same:
                made["sanity"] = _mean([row for row, _ in same], [value for _, value in same])
                made["sanity_size"] = float(np.mean([abs(value) for _, value in same]))
            made["other_photo"] = _other(rows, name)
        if "hits" in rows[0] and name in rows[0]["hits"]:
            made["pointing"] = float(np.mean([row["hits"][name] for row in rows]))
        found[name] = made
    return found


def _other(rows: list[dict[str, Any]], name: str) -> float | None:
    """Mean size of the rank correlation with the map of another photo: what maps have in common anyway."""
    maps = [np.array(row["cells"][name]) for row in rows]
    others = maps[len(maps) // 2 :] + maps[: len(maps) // 2]
    pairs = (rank_correlation(one, other) for one, other in zip(maps, others, strict=True))
    sizes = [abs(value) for value in pairs if value is not None]
    return float(np.mean(sizes)) if sizes else None


def differences(rows: list[dict[str, Any]]) -> dict[str, Interval]:
    """Gain of the best method less that of each other one, on the same photos."""
    gains = {name: np.array([row["areas"][name] for row in rows]) @ [-1, 1] for name in METHODS}
    best = max(gains, key=lambda name: gains[name].mean())
    return {f"{best} - {name}": _mean(rows, list(gains[best] - gains[name])) for name in METHODS if name != best}


def _said(value: Any) -> str:
    if isinstance(value, Interval):
        return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
    return "" if value is None else f"{value:.2f}"


def main() -> None:
    """Measure, and print a table in Markdown."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="cities", help="name or folder of a dataset with a split (cities)")
    parser.add_argument("--part", default="test", choices=["test", "validation"], help="of its split (test)")
    parser.add_argument("--model", default="base", help="name, folder or .onnx file (base)")
    parser.add_argument("--marked", choices=["built", "learnt"], help="drawn photos whose answer is known, instead")
    parser.add_argument("--count", type=int, default=200, help="photos (200)")
    parser.add_argument("--rows", type=Path, required=True, help="file for a line a photo, to go on from")
    options = parser.parse_args()
    rows = run(options)
    keys = ("deletion", "insertion", "gain", "ahead", "sanity", "sanity_size", "other_photo", "pointing", "seconds")
    print(f"{len(rows)} photos of {len({row['place'] for row in rows})} places\n")
    print(f"| method | {' | '.join(keys)} |\n| --- |{' --- |' * len(keys)}")
    for name, values in sorted(summary(rows).items(), key=lambda item: -item[1]["gain"].value):
        print(f"| {name} | {' | '.join(_said(values.get(key)) for key in keys)} |")
    print()
    for pair, interval in differences(rows).items():
        print(f"{pair}: {_said(interval)}")


if __name__ == "__main__":
    main()
