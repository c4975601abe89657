"""What a split dealt photo by photo claims over an honest one: by photos a place, and by city of a real dataset.

Drawn worlds: toy cities with 40 photos of each place, as dense as papers have them, and with one photo a place, where
nothing can leak. Of a real dataset: all of it, each city's photos among all cities, and one city alone, whose four
quarters (equally many photos each, by position) stand in for cities: its districts look alike, so places are what a
head remembers. Heads on a frozen encoder; what a network that is trained itself remembers comes on top.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.tables import Row, publish
from flaneur.bundle.folder import read_bundle
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.dataset.toy_cities import ToyWorld, draw_toy_cities
from flaneur.encoder import OnnxEncoder
from flaneur.evaluation.trials.random_split import RandomSplit, random_split
from flaneur.evaluation.trials.refit import encoder_saw
from flaneur.importers.csv import find
from flaneur.types import Photo

WORLDS = {
    "toy cities, 40 photos a place": ToyWorld(places_per_city=24, views=40, size_px=192),
    "toy cities, one photo a place": ToyWorld(places_per_city=240, views=1, size_px=192),
}
HALF = SplitRule(name="half", train=0.4, validation=0.5, test=0.1)  # scored on as many places as there can be


def toy_dataset(folder: Path, name: str) -> Dataset:
    """A drawn world as a dataset, drawn and imported once."""
    root = folder / name.replace(",", "").replace(" ", "-")
    if not (root / "data").is_dir():
        clean = replace(WORLDS[name], near_duplicates=0, blank=0, corrupt=0)
        table = draw_toy_cities(root / "photos", clean)
        import_photos(find(table), root / "data", name="toy", source="csv")
        split_dataset(open_dataset(root / "data"), HALF)
    return open_dataset(root / "data")


def quarters(dataset: Dataset, city: str) -> Dataset:
    """One city's photos, each labelled with the quarter it was taken in.

    Args:
        dataset: whose split and features count.
        city: slug; photos without a position are left out.
    """
    photos = [photo for photo in dataset.photos if photo.city == city and photo.location is not None]
    points = np.array([(photo.location.lat, photo.location.lon) for photo in photos if photo.location is not None])
    north = points[:, 0] >= np.median(points[:, 0])
    east = np.zeros(len(photos), bool)
    for half in (north, ~north):
        east[half] = points[half, 1] >= np.median(points[half, 1])
    named: list[Photo] = [
        replace(photo, city=f"{city}-{'north' if up else 'south'}-{'east' if right else 'west'}")
        for photo, up, right in zip(photos, north, east, strict=True)
    ]
    made = Dataset(dataset.root, f"{city}'s quarters")
    made.__dict__.update(photos=tuple(named), manifest={})
    return made


def rows_of(world: str, encoder: str, found: RandomSplit) -> Iterator[Row]:
    """All photos, then, where there are several, each city's."""
    saw = "yes" if found.encoder_saw_them else "no"
    head = {"encoder": encoder, "trained on them": saw}
    met = f"{found.same_place:.0%}"
    yield {**head, "photos of": world, "honest": found.honest, "random": found.random,
           "inflation": found.inflation, "place learnt": met}  # fmt: skip
    for one in found.cities if world == "all cities" else ():
        yield {**head, "photos of": one.city.slug, "honest": one.honest, "random": one.random,
               "inflation": one.inflation, "place learnt": ""}  # fmt: skip


def measured(encoder: str, args: argparse.Namespace) -> Iterator[Row]:
    """All worlds with one encoder."""
    bundle = read_bundle(encoder)
    network = OnnxEncoder.from_bundle(bundle)
    for world in WORLDS if args.toy else ():
        toy = toy_dataset(args.work, world)
        yield from rows_of(world, encoder, random_split(toy, network, toy.split("half")))
    if args.dataset:
        data = open_dataset(args.dataset)
        saw = encoder_saw(bundle.card, [city.slug for city in data.cities])
        chosen = data.split()
        yield from rows_of("all cities", encoder, random_split(data, network, chosen, encoder_saw_them=saw))
        if args.city:
            alone = quarters(data, args.city)
            yield from rows_of(alone.name, encoder, random_split(alone, network, chosen, encoder_saw_them=saw))


def main() -> None:
    """Measure and publish."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", nargs="+", default=["base"], help="models whose encoders are measured")
    parser.add_argument("--dataset", help="a real one, with its default split")
    parser.add_argument("--city", help="of the dataset: told apart by quarters as well")
    parser.add_argument("--no-toy", dest="toy", action="store_false", help="leave the drawn worlds out")
    parser.add_argument("--work", type=Path, default=Path("runs/benchmark-random-split"))
    parser.add_argument("--out", type=Path, default=Path("runs/random_split.json"))
    args = parser.parse_args()
    rows = [row for encoder in args.encoder for row in measured(encoder, args)]
    publish("accuracy by an honest and by a random split", rows, args.out)


if __name__ == "__main__":
    main()
