"""Learning the cities of an imported dataset: ``flaneur train`` against a frozen network, 20 epochs the papers' way.

flaneur: embeddings (no cache), head, calibration, novelty, model written and checked. The papers' way: each epoch
decodes every training photo and runs the whole frozen network on it, for the sake of one linear layer (Adam). One such
epoch is timed and multiplied by 20. Its accuracy is that of all 20: a frozen network gives the same features in each,
so epochs 2 to 20 of the linear layer are run on those kept from the first, with the same result in seconds.

Accuracy is of both on the test part. Without --weights the papers' network has random weights, which learn worse than
pretrained ones: then only the time is a fair comparison. Note also what flaneur's encoder has learnt from: the bundled
model's was fine-tuned; --encoder timm/NAME --encoder-weights FILE takes a plain pretrained one instead.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import interleaved, need, parser, ratio, report, seconds, summary
from flaneur.bundle.folder import read_bundle
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import PhotoError
from flaneur.predict import Model, OnnxEncoder
from flaneur.training.heads.learn import LearnRule, learn
from flaneur.training.heads.parts import usable_split
from flaneur.types import Photo

EPOCHS = 20


@contextmanager
def without_features(dataset: Dataset) -> Iterator[Dataset]:
    """The dataset with an empty cache of embeddings; nothing of the real one is touched."""
    with tempfile.TemporaryDirectory() as scratch:
        for entry in dataset.root.iterdir():
            if entry.name != "features":
                (Path(scratch) / entry.name).symlink_to(entry.resolve())
        yield Dataset(Path(scratch), dataset.name)


class OurWay:
    """What ``flaneur train`` does."""

    def __init__(self, dataset: Dataset, encoder: OnnxEncoder, split: str) -> None:
        self.dataset, self.encoder, self.rule = dataset, encoder, LearnRule(name="benchmark", split=split)
        self.model: Model | None = None

    def learn_s(self) -> float:
        """Seconds to a finished model."""
        with without_features(self.dataset) as cold, tempfile.TemporaryDirectory() as scratch:
            out = Path(scratch) / "model"
            spent = seconds(lambda: learn(cold, self.encoder, self.rule, out))
            self.model = Model(read_bundle(out))
        return spent

    def accuracy(self, test: Sequence[Photo]) -> float:
        """Share of the test photos whose city comes first."""
        assert self.model is not None
        slugs = [city.slug for city in self.model.cities]
        scored = self.model.scores(self.dataset.image_path(photo) for photo in test)
        right = [
            not isinstance(found, PhotoError) and slugs[int(found.logits.argmax())] == photo.city
            for photo, (_, found) in zip(test, scored, strict=True)
        ]
        return float(np.mean(right))


class PapersWay:
    """A frozen network and a linear layer."""

    def __init__(self, dataset: Dataset, train: Sequence[Photo], backbone: str, weights: Path | None) -> None:
        from benchmarks import papers_way

        self.dataset, self.train = dataset, list(train)
        self.cities = [city.slug for city in dataset.cities]
        self.net = papers_way.network(backbone, weights=weights, classes=0)
        self.layer: Any = None

    def learn_s(self) -> float:
        """Seconds of one epoch, times 20; leaves the layer that 20 epochs give."""
        import torch

        from benchmarks.papers_way import BATCH

        torch.manual_seed(0)
        self.layer = torch.nn.Linear(self.net.num_features, len(self.cities))  # type: ignore[arg-type]
        optimiser = torch.optim.Adam(self.layer.parameters(), lr=1e-3)
        kept: list[tuple[Any, Any]] = []

        def step(features: Any, labels: Any) -> None:
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(self.layer(features), labels).backward()  # type: ignore[no-untyped-call]
            optimiser.step()

        def epoch() -> None:
            for features, labels in self._features(self.train, shuffle=True):
                step(features, labels)
                kept.append((features, labels))

        spent = EPOCHS * seconds(epoch)
        features, labels = (torch.cat(parts) for parts in zip(*kept, strict=True))
        for _ in range(EPOCHS - 1):
            order = torch.randperm(len(labels))
            for start in range(0, len(labels), BATCH):
                rows = order[start : start + BATCH]
                step(features[rows], labels[rows])
        return spent

    def accuracy(self, test: Sequence[Photo]) -> float:
        """Share of the test photos whose city comes first."""
        hits = [
            (self.layer(features).argmax(1) == labels).float()
            for features, labels in self._features(test, shuffle=False)
        ]
        return float(np.concatenate([hit.numpy() for hit in hits]).mean())

    def _features(self, photos: Sequence[Photo], *, shuffle: bool) -> Iterator[tuple[Any, Any]]:
        import torch
        from torch.utils.data import DataLoader

        from benchmarks.papers_way import BATCH, WORKERS, Photos

        labels = [self.cities.index(photo.city) for photo in photos]
        data = Photos([self.dataset.image_path(photo) for photo in photos], labels)
        for images, truth in DataLoader(data, BATCH, shuffle=shuffle, num_workers=WORKERS):
            with torch.no_grad():
                features = self.net(images)
            yield features, truth


def encoder_of(model: str, encoder: str | None, weights: Path | None) -> OnnxEncoder:
    """The encoder of a model of flaneur's, or of timm."""
    if encoder is None:
        return OnnxEncoder.from_bundle(read_bundle(model))
    from flaneur.training.networks.export import frozen_encoder

    return frozen_encoder(encoder.removeprefix("timm/"), weights)


def main() -> None:
    options = parser(__doc__)
    options.set_defaults(repeats=1)
    options.add_argument("--dataset", required=True, help="imported dataset: name or folder")
    options.add_argument("--split", default="default")
    options.add_argument("--encoder", help="timm/NAME for flaneur to learn on, instead of the encoder of --model")
    options.add_argument("--encoder-weights", type=Path, help="safetensors file for --encoder")
    options.add_argument("--backbone", default="resnet18", help="the papers' network, timm's name (resnet18)")
    options.add_argument("--weights", type=Path, help="safetensors file for --backbone; random weights without")
    options.add_argument("--part", type=int, help="for trials: the papers' way on this many training photos, scaled up")
    chosen = options.parse_args()
    dataset = open_dataset(chosen.dataset)
    part_of = usable_split(dataset, chosen.split).part_of
    train = [photo for photo in dataset.photos if part_of.get(photo.id) == "train"]
    test = [photo for photo in dataset.photos if part_of.get(photo.id) == "test"]
    some = [train[row] for row in np.random.default_rng(0).permutation(len(train))[: chosen.part]]
    encoder = encoder_of(chosen.model, chosen.encoder, chosen.encoder_weights)
    ours = OurWay(dataset, encoder, chosen.split)
    papers = PapersWay(dataset, some, chosen.backbone, chosen.weights)
    scale = len(train) / len(some)
    found = interleaved({"flaneur": ours.learn_s, "papers": lambda: scale * papers.learn_s()}, chosen.repeats)
    accuracies = {"flaneur": ours.accuracy(test), "papers": papers.accuracy(test)}
    times = ratio(found["papers"], found["flaneur"])
    note = f"{len(train)} train photos, {len(test)} test photos; papers: 1 epoch timed, times {EPOCHS}"
    if chosen.weights is None:
        note += f"; {chosen.backbone} has RANDOM weights: its accuracy is no fair comparison"
    if scale > 1:
        note += f"; its epoch ran on {len(some)} photos only, time scaled, accuracy that of learning from these"
    papers_name = f"frozen {chosen.backbone}"
    claims = [
        need(f"flaneur on {encoder.name}, s", summary(found["flaneur"])["median"]),
        need(f"{papers_name}, {EPOCHS} epochs, s", summary(found["papers"])["median"]),
        need("times less time", times["median"], at_least=30),
        need(f"test accuracy, {papers_name}", accuracies["papers"]),
        need("test accuracy, flaneur", accuracies["flaneur"], at_least=accuracies["papers"]),
    ]
    figures = {name: summary(values) for name, values in found.items()}
    extra = {"times": times, "accuracy": accuracies, "note": note, "weights": "file" if chosen.weights else "random"}
    report("learning", figures | extra, claims, chosen.out)
    print(f"  {note}")


if __name__ == "__main__":
    main()
