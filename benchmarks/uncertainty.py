"""What MC dropout and ensembles of heads bring over a temperature: on errors, on unknown cities, on probabilities.

Heads are fitted to cached embeddings of the train part. The penalty's strength, the dropout rate and every temperature
are chosen on train and validation; test and unknown photos are looked at once, at the end. Intervals are by place.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import Row, publish
from flaneur.bundle.folder import read_bundle
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.encoder import OnnxEncoder
from flaneur.fusion import log_softmax
from flaneur.metrics import Metric, bootstrap_by_group, calibration_error, means, ranking_power
from flaneur.onnx_files.heads import HeadParams
from flaneur.training.heads.calibrate import fit_temperature, negative_log_likelihood
from flaneur.training.heads.features import features
from flaneur.training.heads.logistic import HeadRule, fit_head, head_logits
from flaneur.training.heads.novelty import Labelled, NoveltyRule, fit_novelty, novelty_scores
from flaneur.training.heads.uncertainty import (
    bootstrapped_heads,
    dropout_opinions,
    mean_log_probability,
    mutual_information,
    opinions_of,
)

RATES = (0.05, 0.1, 0.2, 0.3, 0.5)
Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
NAMES = ("accuracy", "NLL", "errors AUROC", "unknown AUROC")
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


def ways(
    train: Part, validation: Part, labels: Labels, members: int, samples: int
) -> tuple[dict[str, Opinions], HeadParams]:
    """Each way of having opinions, its settings chosen; and the one head."""
    fitted = fit_head(train.embeddings, train.cities.tolist(), train.groups, HeadRule())
    head, centre = fitted.params, train.embeddings.mean(axis=0)
    assert isinstance(head, HeadParams)
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
    found: dict[str, Opinions] = {
        "one head": lambda X: np.exp(log_softmax(head_logits(head, X)))[None],
        f"MC dropout {rate:g}": dropped(head, rate, samples),
        f"{members} heads": lambda X: opinions_of(heads, X),
        f"{members} heads, dropout": lambda X: np.concatenate([one(X) for one in both]),
    }
    return found, head


@dataclass(frozen=True)
class Doubted:
    """What one way says of test and unknown photos.

    Args:
        name: of the way.
        heat: temperature; ``None`` where probabilities are not looked at.
        logs: ``[N, C]`` log probabilities of test photos.
        known: ``[N]`` doubt of them.
        strange: ``[M]`` doubt of unknown photos.
    """

    name: str
    heat: float | None
    logs: Floats
    known: Floats
    strange: Floats


def doubts(found: dict[str, Opinions], validation: Part, test: Part, unknown: Part, own: Labels) -> Iterator[Doubted]:
    """Each way without and with a temperature, by low probability; then by disagreement."""
    for name, opinions in found.items():
        judged, at, beyond = (opinions(one.embeddings) for one in (validation, test, unknown))
        for fit in (False, True):
            heat = fit_temperature(mean_log_probability(judged), own) if fit else 1.0
            logs, strange = (log_softmax(mean_log_probability(one) / heat) for one in (at, beyond))
            yield Doubted(name, heat, logs, -np.exp(logs.max(axis=1)), -np.exp(strange.max(axis=1)))
        if len(at) > 1:
            yield Doubted(name, None, mean_log_probability(at), mutual_information(at), mutual_information(beyond))


def metric(one: Doubted, labels: Labels, unknown: int) -> Metric:
    """Accuracy, NLL, AUROC of errors and of unknown photos; test photos first, then the unknown ones."""
    count = len(labels)
    hits = one.logs.argmax(axis=1) == labels
    own = means(np.stack([hits.astype(float), -one.logs[np.arange(count), labels]], axis=1))
    errors = ranking_power(one.known, ~hits)
    aliens = ranking_power(np.concatenate([one.known, one.strange]), np.repeat([False, True], [count, unknown]))
    return lambda w: np.hstack([own(w[:, :count]), errors(w[:, :count]), aliens(w)])


def tables(said: Sequence[Doubted], labels: Labels, test: Part, unknown: Part) -> tuple[list[Row], list[Row]]:
    """Figures of each way; and how each differs from one head with a temperature, photo by photo the same ones."""
    groups = np.concatenate([test.places, unknown.places])
    base = metric(said[1], labels, len(unknown.places))
    counts = [[len(test.places), len(set(test.places))]] * 3 + [[len(groups), len(set(groups))]]
    behind = np.array(counts, np.int64)
    figures, gains = [], []
    for one in said:
        own = metric(one, labels, len(unknown.places))
        by = "disagreement" if one.heat is None else "probability"
        head = {"opinions": one.name, "T": one.heat, "doubt by": by}
        values = dict(zip(NAMES, bootstrap_by_group(own, groups, behind=behind), strict=True))
        (ece,) = bootstrap_by_group(
            calibration_error(np.exp(one.logs.max(axis=1)), one.logs.argmax(axis=1) == labels), test.places, pivot=True
        )
        figures.append({**head, **values, "ECE": ece} if one.heat else {**head, **values, "NLL": None, "ECE": None})
        apart = bootstrap_by_group(lambda w, own=own: own(w) - base(w), groups, behind=behind)
        gains.append({**head, **dict(zip(NAMES, apart, strict=True))})
    return figures, [row for row in gains if row["T"] != 1.0][1:]


def novelty_row(train: Part, calm: Part, asked: tuple[Part, Part], head: HeadParams, heat: float) -> Row:
    """The same question to the novelty that models carry."""
    labelled = Labelled(train.embeddings, train.cities, np.full(len(train.cities), ""))
    rule = NoveltyRule(methods=("combined",))
    params = fit_novelty(labelled, "combined", rule, head=head, temperature=heat, known=calm.embeddings)
    known, strange = (
        np.asarray(novelty_scores(params, one.embeddings, head_logits(head, one.embeddings)), np.float64)
        for one in asked
    )
    scores, positive = np.concatenate([known, strange]), np.repeat([False, True], [len(known), len(strange)])
    (aliens,) = bootstrap_by_group(ranking_power(scores, positive), np.concatenate([one.places for one in asked]))
    return {"opinions": "one head", "T": heat, "doubt by": "novelty (combined)", "unknown AUROC": aliens}


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
    own, truth = (np.array([names.index(city) for city in one.cities]) for one in (validation, test))
    found, head = ways(train, validation, own, chosen.members, chosen.samples)
    said = list(doubts(found, validation, test, unknown, own))
    figures, gains = tables(said, truth, test, unknown)
    figures.append(novelty_row(train, validation, (test, unknown), head, said[1].heat or 1.0))
    publish(f"uncertainty: heads on {encoder.name}, {dataset.name}", figures, chosen.out)
    beside = chosen.out.with_stem(chosen.out.stem + "-paired") if chosen.out else None
    publish("difference from one head with a temperature, paired", gains, beside)


if __name__ == "__main__":
    main()
