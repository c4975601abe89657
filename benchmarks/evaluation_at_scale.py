"""Seconds and memory of evaluating 100,000 photos: all measures, intervals, page, JSON and predictions.

Photos, cities and answers are drawn; no network runs and no photo is opened, so this is what evaluation itself costs.
Places hold 1 to 7 photos; for comparison, every photo is a place of its own. The dataset is a real one on disk, with
half as many train photos, so that distances to the nearest of them are measured too. Each run is a process of its own.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.measure import child, need, report
from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo
from flaneur.dataset.split import Part, Split, SplitRule, write_split
from flaneur.dataset.store import Dataset, add_rows, open_dataset
from flaneur.files import sha256_bytes
from flaneur.predict import View, ViewScores
from flaneur.preprocess import PreprocessSpec
from flaneur.types import City, Location

MOST_S, MOST_MB = 60, 2000
YEARS = ("2014", "2017-05", "2021-08-30")
COUNTRIES = ("FR", "IT", "JP", "US", "BR", "KE", "DE", "IN")
NOTHING = np.empty(0, np.float32)


def drawn_cities(count: int) -> tuple[City, ...]:
    """Named by number, spread over the globe."""
    return tuple(
        City(
            f"city-{number:03d}",
            f"City {number}",
            COUNTRIES[number % len(COUNTRIES)],
            Location(-50 + 100 * number / count, -170 + 340 * (number * 7 % count) / count),
        )
        for number in range(count)
    )


def drawn_rows(numbers: range, cities: tuple[City, ...], views: int) -> Iterator[dict[str, Any]]:
    """Rows of photos that do not exist: uneven cities, places of 1 to ``2 views - 1`` photos."""
    rng = np.random.default_rng(numbers.start)
    number = numbers.start
    while number < numbers.stop:
        city = cities[int(len(cities) * rng.random() ** 1.5)]
        assert city.centre is not None
        lat, lon = city.centre.lat + rng.normal(0, 0.05), city.centre.lon + rng.normal(0, 0.05)
        for _ in range(min(int(rng.integers(1, 2 * views)), numbers.stop - number)):
            name = sha256_bytes(str(number).encode())
            yield {
                "id": f"drawn:{number:07d}",
                "sha256": name,
                "file": f"images/{name[:2]}/{name}.jpg",
                "original": str(number),
                "source": "drawn",
                "city": city.slug,
                "place": f"{lat:.7f},{lon:.7f}",
                "lat": lat,
                "lon": lon,
                "width": 640,
                "height": 480,
                "captured_at": YEARS[int(rng.integers(len(YEARS)))],
                "project": ("north", "south", "east")[int(rng.integers(3))],
            }
            number += 1


def prepare(root: Path, photos: int, count: int, views: int) -> None:
    """A dataset with ``photos`` test photos and half as many train photos, place by place."""
    cities, every = drawn_cities(count), photos + photos // 2
    rows = chain(drawn_rows(range(photos), cities, views), drawn_rows(range(photos, every), cities, views))
    add_rows(root, name="drawn", source="drawn", rows=rows)
    dataset = open_dataset(root)
    part_of: dict[str, Part] = {
        photo.id: "test" if number < photos else "train" for number, photo in enumerate(dataset.photos)
    }
    groups = {photo.id: photo.place for photo in dataset.photos}
    write_split(root / "splits", Split("default", SplitRule(), part_of, groups), {})


@dataclass(frozen=True)
class Drawn:
    """A model that draws its answers: right more often in places that are easy.

    Args:
        card: with the cities.
        labels: ``[N]`` true city of each photo that it will be asked about.
        ease: ``[N]`` of each photo's place.
    """

    card: Card
    labels: NDArray[np.intp]
    ease: NDArray[np.float64]

    @property
    def cities(self) -> tuple[City, ...]:
        return self.card.cities

    def scores(self, views: Iterable[View]) -> Iterator[tuple[View, ViewScores]]:
        rng = np.random.default_rng(1)
        for view, label, ease in zip(views, self.labels, self.ease, strict=True):
            logits = rng.normal(size=len(self.cities)).astype(np.float32)
            logits[label] += 2 + 2 * ease
            yield view, ViewScores(logits, NOTHING, float(rng.random()))


def drawn_model(dataset: Dataset, count: int) -> Drawn:
    """Knows the cities and the split of the dataset."""
    split = dataset.split()
    cities = drawn_cities(count)
    column = {city.slug: number for number, city in enumerate(cities)}
    asked = [photo for photo in dataset.photos if split.part_of[photo.id] == "test"]
    place = np.unique([photo.place for photo in asked], return_inverse=True)[1]
    card = Card(
        name="drawn",
        version="1.0",
        created="2026-01-01",
        cities=cities,
        encoder=EncoderInfo("drawn", "0" * 64, 1),
        preprocess=PreprocessSpec(224, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)),
        temperature=1.0,
        abstain=AbstainRule("neighbours", 0.95, 0.3, 0.05),
        dataset=DatasetInfo("drawn", dataset.content_hash, len(dataset.photos), len(place)),
        split_hash=split.hash,
    )
    labels = np.array([column[photo.city] for photo in asked], np.intp)
    return Drawn(card, labels, np.random.default_rng(2).normal(size=place.max() + 1)[place])


def evaluate_drawn(root: Path, count: int) -> None:
    """What the processes do."""
    from flaneur.evaluation.run import evaluate
    from flaneur.evaluation.write import write_report

    start = time.perf_counter()
    dataset = open_dataset(root)
    model = drawn_model(dataset, count)
    asked = time.perf_counter()
    found = evaluate(model, dataset)
    measured = time.perf_counter()
    write_report(found, root / "report", photos=False)
    written = time.perf_counter()
    size = {path.name: path.stat().st_size / 1e6 for path in sorted((root / "report").iterdir())}
    print(f"  read {asked - start:.1f} s, measured {measured - asked:.1f} s, wrote {written - measured:.1f} s; {size}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--photos", type=int, default=100_000, help="asked about (100000)")
    options.add_argument("--cities", type=int, nargs="*", default=[8, 30], help="known to the model (8 30)")
    options.add_argument("--out", type=Path, help="file for the result as JSON")
    options.add_argument("--evaluate", type=Path, help="for the processes of this benchmark")
    chosen = options.parse_args()
    if chosen.evaluate:
        evaluate_drawn(chosen.evaluate, chosen.cities[0])
        return
    figures, claims = {}, []
    again = [sys.executable, "-m", "benchmarks.evaluation_at_scale", "--cities"]
    for count, views in [*((count, 4) for count in chosen.cities), (chosen.cities[0], 1)]:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch) / "drawn"
            prepare(root, chosen.photos, count, views)
            cost = child([*again, str(count), "--evaluate", str(root)], FLANEUR_HOME=scratch)
        about = f"{count} cities, {'places of 1 to 7 photos' if views > 1 else 'one photo a place'}"
        figures[about] = cost
        claims.append(need(f"{about}: seconds of one core", cost["cpu_s"], at_most=MOST_S))
        claims.append(need(f"{about}: peak MB", cost["rss_mb"], at_most=MOST_MB))
    report("evaluation at scale", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
