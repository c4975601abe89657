"""What a city added from 5, 10 or 20 photos is worth: how often it is found, and what it costs the others.

Each city of ``--new`` is taught many times from random places; photos of its other places are then asked about, and the
test part of ``--dataset``. A photo's figure is its mean over the times it was not taught; intervals resample places.
How much luck there is in the choice of photos is told apart, as the range of the middle 80 % of the times. Beside the
cost stands what ``flaneur add-city`` would have said of it, from the photos that the model keeps.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import publish
from flaneur.add_city.answers import Scores, ask
from flaneur.add_city.known import FromDataset, of_dataset
from flaneur.add_city.teach import crossed, teach
from flaneur.bundle.card import Card
from flaneur.bundle.known import Known, read_known
from flaneur.dataset.store import open_dataset
from flaneur.errors import UsageError
from flaneur.fusion import log_softmax
from flaneur.metrics import Interval, auroc, bootstrap_by_group, expected_calibration_error, means
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.proto import Proto
from flaneur.predict import Model, load
from flaneur.training.heads.features import features

LEFT = 5
"""Places of a city that must remain to ask about."""


@dataclass(frozen=True)
class World:
    """What a city is added to.

    Args:
        head: of the model so far.
        card: likewise.
        kept: photos that the model keeps.
        test: photos of its cities that it never saw.
        others: ``[N, D]`` of cities that neither model knows.
    """

    head: Proto
    card: Card
    kept: Known
    test: Known
    others: NDArray[np.float32]


@dataclass(frozen=True)
class Time:
    """One time that the city was taught.

    Args:
        asked: ``[M]`` which of its photos were asked about.
        hits: ``[M]`` whether they were found; of those not asked about it means nothing.
        gains: ``[N]`` 1, 0 or -1: whether a test photo is right now and was not before, or the other way round.
        told: what the model's own photos said of the cost.
        facts: shares and the like, by column of the table.
    """

    asked: NDArray[np.bool_]
    hits: NDArray[np.bool_]
    gains: NDArray[np.float64]
    told: float
    facts: dict[str, float]


def world_of(model: Model, known: str, unknown: str, new: Sequence[str]) -> World:
    """Embed what the city is measured against.

    Raises:
        UsageError: a model that keeps no photos.
    """
    kept = read_known(model.card, model.bundle.known, model.name)
    if kept is None:
        raise UsageError(f"{model.name}: keeps no photos. Train it again.")
    head = onnx_graph.only_head(onnx_graph.load(model.bundle.model))
    test = of_dataset(model.bundle, open_dataset(known), "none").known
    others = np.zeros((0, model.card.encoder.dim), np.float32)
    if unknown:
        dataset, left_out = open_dataset(unknown), {*new, *(city.slug for city in model.cities)}
        others = features(dataset, encoder_of(model), [p for p in dataset.photos if p.city not in left_out]).embeddings
    return World(head, model.card, kept, test, others)


def encoder_of(model: Model) -> Any:
    """The network without its head."""
    from flaneur.encoder import OnnxEncoder

    return OnnxEncoder.from_bundle(model.bundle)


def times(world: World, new: FromDataset, count: int, repeats: int) -> Iterator[Time]:
    """Teach the city from ``count`` photos of random places, again and again."""
    rng = np.random.default_rng(count)
    places = np.array(new.new_places)
    before = ask(world.head, world.test.embeddings)
    for _ in range(repeats):
        order = rng.permutation(np.unique(places))
        taught = np.array([int(rng.choice(np.flatnonzero(places == place))) for place in order[:count]])
        asked = ~np.isin(places, places[taught])
        yield one_time(world, new.new, taught, asked, before)


def one_time(
    world: World, new: NDArray[np.float32], taught: NDArray[np.intp], asked: NDArray[np.bool_], before: Scores
) -> Time:
    """Teach once and ask about everything."""
    card, test = world.card, world.test
    head = teach(world.head, world.head, world.kept, new[taught], card.temperature)
    after, own = ask(head, test.embeddings), ask(head, new)
    was, now = before.first == test.labels, after.first == test.labels
    kept, _ = crossed(world.head, world.kept, new[taught], card.temperature)
    told = float((kept.after.first == kept.labels).mean() - (kept.before.first == kept.labels).mean())
    facts = {
        "ECE": error_of(after, now, card.temperature),
        "known abstained": float(after.abstained(card.temperature, card.abstain).mean()),
        "new abstained": float(own.abstained(card.temperature, card.abstain)[asked].mean()),
    }
    if len(world.others):
        facts["AUROC unknown"] = _auroc(after, ask(head, world.others))
    return Time(asked, own.first == len(card.cities), now.astype(np.float64) - was, told, facts)


def _auroc(known: Scores, unknown: Scores) -> float:
    strange = np.repeat([False, True], [len(known.novelty), len(unknown.novelty)])
    return auroc(np.concatenate([known.novelty, unknown.novelty]), strange)


def error_of(said: Scores, right: NDArray[np.bool_], temperature: float) -> float:
    """Calibration error."""
    return expected_calibration_error(np.exp(log_softmax(said.logits / temperature).max(axis=1)), right)


def row_of(name: str, count: int, found: Sequence[Time], world: World, places: Sequence[str]) -> dict[str, Any]:
    """One line of the table."""
    asked = np.stack([one.asked for one in found])
    hits = np.stack([one.hits for one in found]) & asked
    ever = asked.any(axis=0)
    recall = hits.sum(axis=0)[ever] / asked.sum(axis=0)[ever]
    gains = np.stack([one.gains for one in found]).mean(axis=0)
    each = [float(one.hits[one.asked].mean()) for one in found]
    costs = [float(one.gains.mean()) for one in found]
    facts = {key: float(np.mean([one.facts[key] for one in found])) for key in found[0].facts}
    return {
        "city": name,
        "taught": count,
        "found": interval(recall, np.array(places)[ever], "share"),
        "luck": span(each),
        "others": interval(gains, world.test.places, "difference"),
        "others' luck": span(costs),
        "told": float(np.mean([one.told for one in found])),
        **facts,
    }


def interval(values: NDArray[np.float64], places: NDArray[Any], kind: Any) -> Interval:
    """Mean of what photos are worth, by place."""
    return bootstrap_by_group(means(values[:, None], kind), places)[0]


def span(values: Sequence[float]) -> str:
    """The middle 80 %."""
    low, high = np.quantile(values, [0.1, 0.9])
    return f"{low:.2f} to {high:.2f}"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--model", default="base", help="name or folder (base)")
    options.add_argument("--dataset", default="cities", help="of the model's cities (cities)")
    options.add_argument("--new", default="new_cities", help="dataset of cities that the model does not know")
    options.add_argument("--city", action="append", help="only these of its cities; may be repeated")
    options.add_argument("--unknown", default="", help="dataset of further cities that neither model knows")
    options.add_argument("--photos", type=int, nargs="+", default=[5, 10, 20], help="taught from (5 10 20)")
    options.add_argument("--repeats", type=int, default=20, help="times that each city is taught (20)")
    options.add_argument("--out", "--json", dest="out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    model, dataset = load(chosen.model), open_dataset(chosen.new)
    slugs = chosen.city or [city.slug for city in dataset.cities]
    world = world_of(model, chosen.dataset, chosen.unknown, slugs)
    before = ask(world.head, world.test.embeddings)
    first = error_of(before, before.first == world.test.labels, model.card.temperature)
    notes = [f"before: accuracy {(before.first == world.test.labels).mean():.3f}, ECE {first:.3f}"]
    if len(world.others):
        notes[0] += f", AUROC of unknown cities {_auroc(before, ask(world.head, world.others)):.3f}"
    rows = []
    for slug in slugs:
        wanted = [photo for photo in dataset.photos if photo.city == slug]
        found = features(dataset, encoder_of(model), wanted)
        places = tuple(photo.place for photo in found.photos)
        new = FromDataset(dataset.name, world.test, found.embeddings, places)
        for count in chosen.photos:
            if len(set(places)) >= count + LEFT:
                rows.append(row_of(slug, count, list(times(world, new, count, chosen.repeats)), world, places))
            else:
                notes.append(f"{slug}: {len(set(places))} places are too few to teach {count} and ask about {LEFT}")
    publish(f"add-city: {model.name}, cities of {dataset.name}", rows, chosen.out, notes)


if __name__ == "__main__":
    main()
