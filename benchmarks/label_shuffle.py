"""Learning from shuffled labels: if a head does better than chance on validation, the truth leaked in somewhere.

Cities are permuted among the train photos only, several times; each time a head is fitted just as ``flaneur train``
does, its strength chosen on the shuffled photos too. Shuffled labels of photos that look alike err together: one
shuffle may lie well off chance. So the interval is over shuffles (Student's t), of macro recall, whose chance level is
1 / cities whatever the head prefers. Beside it stands the head on the true labels: chance alone would prove little.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.learning import encoder_of
from benchmarks.tables import publish
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.metrics import Interval, confusion_matrix, macro_recall
from flaneur.protocols import Encoder, PreprocessSpec
from flaneur.training.heads.logistic import HeadRule, fit_head
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.parts import Part, embedded_parts, usable_split

# Student's t, 97.5 % point, by degrees of freedom
_T = {2: 4.303, 3: 3.182, 4: 2.776, 5: 2.571, 7: 2.365, 9: 2.262, 14: 2.145, 19: 2.093, 29: 2.045}

_NEVER_USED = PreprocessSpec(1, (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


@dataclass(frozen=True)
class Recall:
    """Of one head on validation."""

    macro_recall: float
    accuracy: float


@dataclass(frozen=True)
class CachedEncoder:
    """An encoder of which only the embeddings are at hand, in the dataset's cache."""

    name: str
    hash: str
    dim: int
    preprocess: PreprocessSpec

    def embed(self, images: NDArray[np.float32]) -> NDArray[np.float32]:
        """Never: a photo that is not in the cache cannot be embedded."""
        raise SystemExit(f"{self.hash}: {len(images)} photos are not in the cache.")


def cached_encoder(dataset: Dataset, start: str) -> CachedEncoder:
    """The encoder whose hash begins so, of those in the dataset's cache."""
    found = sorted(path for path in (dataset.root / "features").iterdir() if path.name.startswith(start))
    if len(found) != 1:
        raise SystemExit(f"{start}: {len(found)} encoders in the cache begin so.")
    rows = np.load(next(found[0].glob("*.npy")), mmap_mode="r")
    return CachedEncoder(f"cached {found[0].name}", found[0].name, int(rows.shape[1]), _NEVER_USED)


def shuffled(part: Part, rng: np.random.Generator) -> Part:
    """The same photos with their cities permuted among them."""
    cities = [part.photos[row].city for row in rng.permutation(len(part.photos))]
    photos = tuple(replace(photo, city=city) for photo, city in zip(part.photos, cities, strict=True))
    return replace(part, photos=photos)


def head_recall(train: Part, validation: Part, rule: HeadRule) -> Recall:
    """Fit a head as ``flaneur train`` does; how it does on validation."""
    head = fit_head(train.embeddings, [photo.city for photo in train.photos], train.groups, rule)
    labels = validation.labels(head.cities)
    guesses = np.asarray(head_logits(head.params, validation.embeddings).argmax(axis=1), np.intp)
    return Recall(macro_recall(confusion_matrix(labels, guesses, len(head.cities))), float((labels == guesses).mean()))


def control(train: Part, validation: Part, rule: HeadRule, shuffles: int, seed: int = 0) -> tuple[Recall, list[Recall]]:
    """A head on the true labels, and one on each shuffle of them."""
    rng = np.random.default_rng(seed)
    return (
        head_recall(train, validation, rule),
        [head_recall(shuffled(train, rng), validation, rule) for _ in range(shuffles)],
    )


def over_shuffles(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """Mean of independent repeats with its 95 % interval by Student's t.

    >>> found = over_shuffles([0.1, 0.2, 0.3])
    >>> round(found.value, 3), round(found.low, 3), round(found.high, 3)
    (0.2, -0.048, 0.448)
    """
    count = len(values)
    freedom = max(known for known in _T if known <= max(2, count - 1))  # the next smaller one errs to the wide side
    half = _T[freedom] * float(np.std(values, ddof=1)) / math.sqrt(count)
    middle = float(np.mean(values))
    return Interval(middle, middle - half, middle + half, count, count)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--dataset", default="cities", help="imported dataset: name or folder (cities)")
    options.add_argument("--split", default="default")
    options.add_argument("--model", default="base", help="whose encoder (base)")
    options.add_argument("--encoder", help="timm/NAME instead, frozen")
    options.add_argument("--encoder-weights", type=Path, help="safetensors file for --encoder")
    options.add_argument("--cached", metavar="HASH", help="embeddings that are in the cache, by their encoder's hash")
    options.add_argument("--shuffles", type=int, default=10)
    options.add_argument("--out", "--json", dest="out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    dataset = open_dataset(chosen.dataset)
    encoder: Encoder = (
        cached_encoder(dataset, chosen.cached)
        if chosen.cached
        else encoder_of(chosen.model, chosen.encoder, chosen.encoder_weights)
    )
    train, validation, _ = embedded_parts(dataset, encoder, usable_split(dataset, chosen.split))
    true, found = control(train, validation, HeadRule(), chosen.shuffles)
    chance = 1 / len(dataset.cities)
    recall = over_shuffles([one.macro_recall for one in found])
    row = {
        "encoder": encoder.name,
        "train": len(train.photos),
        "validation": len(validation.photos),
        "true labels": true.macro_recall,
        "shuffled": recall,
        "one shuffle": f"{min(one.macro_recall for one in found):.3f} to {max(one.macro_recall for one in found):.3f}",
        "chance": chance,
        "at chance": recall.low <= chance <= recall.high,
    }
    notes = [f"macro recall on validation; accuracy {np.mean([one.accuracy for one in found]):.3f} when shuffled"]
    publish(f"shuffled labels: {dataset.name}, {chosen.shuffles} shuffles", [row], chosen.out, notes)


if __name__ == "__main__":
    main()
