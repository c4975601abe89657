"""What MC dropout and ensembles of heads bring over a temperature: on errors, on unknown cities, on probabilities.

Heads are fitted to cached embeddings of the train part. The penalty's strength, the dropout rate and every temperature
are chosen on train and validation; test and unknown photos are looked at once, at the end. Intervals are by place.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import Row, publish
from flaneur.bundle import read_bundle
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.encoder import OnnxEncoder
from flaneur.fusion import log_softmax
from flaneur.metrics import Interval, bootstrap_by_group, calibration_error, means, ranking_power
from flaneur.training.calibrate import fit_temperature, negative_log_likelihood
from flaneur.training.features import features
from flaneur.training.head import HeadRule, fit_head, head_logits
from flaneur.training.uncertainty import (
    bootstrapped_heads,
    dropout_opinions,
    mean_log_probability,
    mutual_information,
    opinions_of,
)

RATES = (0.05, 0.1, 0.2, 0.3, 0.5)
Floats = NDArray[np.float64]
Opinions = Callable[[NDArray[np.float32]], Floats]


@dataclass(frozen=True)
class Part:
    """Embeddings ``[N, D]``, cities and places ``[N]``, and what must not be split ``[N]``."""

    embeddings: NDArray[np.float32]
    cities: NDArray[np.str_]
    places: NDArray[np.str_]
    groups: list[str]


def part(dataset: Dataset, encoder: OnnxEncoder, name: str | None, split: str, slugs: list[str]) -> Part:
    """One part of the split, or all photos of cities that are not among ``slugs``."""
    chosen = dataset.split(split) if name else None
    wanted = [
        photo
        for photo in dataset.photos
        if (chosen.part_of.get(photo.id) == name if chosen else photo.city not in slugs)
    ]
    found = features(dataset, encoder, wanted)
    places = np.array([f"{photo.city}/{photo.place}" for photo in found.photos])
    groups = [chosen.group_of[photo.id] if chosen else photo.place for photo in found.photos]
    return Part(found.embeddings, np.array([photo.city for photo in found.photos]), places, groups)


def ways(train: Part, validation: Part, labels: NDArray[np.int64], members: int, samples: int) -> dict[str, Opinions]:
    """Each way of having opinions, its settings chosen."""
    fitted = fit_head(train.embeddings, train.cities.tolist(), train.groups, HeadRule())
    head, centre = fitted.params, train.embeddings.mean(axis=0)
    heads = bootstrapped_heads(
        train.embeddings, train.cities.tolist(), train.places.tolist(), strength=fitted.strength, members=members
    )

    def dropped(one: Any, rate: float, count: int, seed: int = 0) -> Opinions:
        return lambda X: dropout_opinions(one, X, centre=centre, rate=rate, samples=count, seed=seed)

    def loss(opinions: Opinions) -> float:
        """After a temperature, which follows anyway."""
        logs = mean_log_probability(opinions(validation.embeddings))
        return negative_log_likelihood(logs / fit_temperature(logs, labels), labels)

    losses = {rate: loss(dropped(head, rate, samples)) for rate in RATES}
    rate = min(losses, key=lambda one: losses[one])
    print("strength", fitted.strength, "| validation loss by dropout rate", {k: round(v, 4) for k, v in losses.items()})
    each = max(1, samples // members)
    both = [dropped(one, rate, each, seed) for seed, one in enumerate(heads)]
    return {
        "one head": lambda X: np.exp(log_softmax(head_logits(head, X)))[None],
        f"MC dropout {rate:g}": dropped(head, rate, samples),
        f"{members} heads": lambda X: opinions_of(heads, X),
        f"{members} heads, dropout": lambda X: np.concatenate([one(X) for one in both]),
    }


def figures(logs: Floats, strange: Floats, labels: NDArray[np.int64], test: Part, unknown: Part) -> dict[str, Interval]:
    """Accuracy, NLL, ECE, and how well low top probability finds errors and unknown photos."""
    hits = logs.argmax(axis=1) == labels
    losses = -logs[np.arange(len(labels)), labels]
    sure = np.exp(logs.max(axis=1))
    accuracy, nll = bootstrap_by_group(means(np.stack([hits.astype(float), losses], axis=1)), test.places)
    (ece,) = bootstrap_by_group(calibration_error(sure, hits), test.places, pivot=True)
    doubt = finding(-sure, -np.exp(strange.max(axis=1)), hits, test, unknown)
    return {"accuracy": accuracy, "NLL": nll, "ECE": ece, **doubt}


def finding(known: Floats, strange: Floats, hits: NDArray[np.bool_], test: Part, unknown: Part) -> dict[str, Interval]:
    """AUROC of a doubt score: errors among known photos, unknown photos among all."""
    (errors,) = bootstrap_by_group(ranking_power(known, ~hits), test.places)
    both = np.concatenate([test.places, unknown.places])
    positive = np.repeat([False, True], [len(known), len(strange)])
    (aliens,) = bootstrap_by_group(ranking_power(np.concatenate([known, strange]), positive), both)
    return {"errors AUROC": errors, "unknown AUROC": aliens}


def rows(found: dict[str, Opinions], validation: Part, test: Part, unknown: Part, names: list[str]) -> Iterator[Row]:
    """Each way without and with a temperature, by low probability; then by disagreement."""
    own, truth = (np.array([names.index(city) for city in one.cities]) for one in (validation, test))
    for name, opinions in found.items():
        at = {key: opinions(one.embeddings) for key, one in (("v", validation), ("t", test), ("u", unknown))}
        logs = {key: mean_log_probability(value) for key, value in at.items()}
        heat = fit_temperature(logs["v"], own)
        yield {
            "opinions": name,
            "T": 1.0,
            "doubt by": "probability",
            **figures(logs["t"], logs["u"], truth, test, unknown),
        }
        warm = {key: log_softmax(value / heat) for key, value in logs.items()}
        yield {
            "opinions": name,
            "T": heat,
            "doubt by": "probability",
            **figures(warm["t"], warm["u"], truth, test, unknown),
        }
        if len(at["t"]) > 1:
            hits = logs["t"].argmax(axis=1) == truth
            apart = finding(mutual_information(at["t"]), mutual_information(at["u"]), hits, test, unknown)
            empty = dict.fromkeys(("accuracy", "NLL", "ECE"))
            yield {"opinions": name, "T": None, "doubt by": "disagreement", **empty, **apart}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dataset", default="cities", help="imported dataset: name or folder (cities)")
    options.add_argument("--unknown", default="unknown", help="dataset with photos of other cities (unknown)")
    options.add_argument("--split", default="default")
    options.add_argument("--encoder", default="base", help="a model whose encoder embeds (base)")
    options.add_argument("--members", type=int, default=20, help="heads of the ensemble (20)")
    options.add_argument("--samples", type=int, default=100, help="of dropout (100)")
    options.add_argument("--out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    encoder, dataset = OnnxEncoder.from_bundle(read_bundle(chosen.encoder)), open_dataset(chosen.dataset)
    slugs = [city.slug for city in dataset.cities]
    train, validation, test = (
        part(dataset, encoder, name, chosen.split, slugs) for name in ("train", "validation", "test")
    )
    unknown = part(open_dataset(chosen.unknown), encoder, None, chosen.split, slugs)
    names = sorted(set(train.cities.tolist()))
    labels = np.array([names.index(city) for city in validation.cities])
    found = ways(train, validation, labels, chosen.members, chosen.samples)
    table = list(rows(found, validation, test, unknown, names))
    publish(f"uncertainty: heads on {encoder.name}, {dataset.name}", table, chosen.out)


if __name__ == "__main__":
    main()
