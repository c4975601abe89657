"""A dataset, a split and an encoder in; embedded parts, a strength and quick heads on them out, for trials that refit.

Embeddings are cached and the strength of the penalty is chosen once, so a further head costs a fraction of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.card import Card
from flaneur.bundle.folder import CARD, bundled_base, read_bundle
from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError
from flaneur.onnx_files.heads import HeadParams
from flaneur.protocols import Encoder
from flaneur.training.heads.logistic import HeadRule, fit_head, fit_strength, head_logits
from flaneur.training.heads.parts import Part, Progress, embed_parts, tell

LEAST_PHOTOS = 10  # of a city, before a head is said to have learnt it
LEAST_PLACES = 5  # to test on: of fewer, resampling places knows nothing


@dataclass(frozen=True, slots=True)
class Bench:
    """What heads are fitted and tested on.

    Args:
        train: photos to learn from.
        tested: photos of another part.
        strength: of the penalty, chosen by cross-validation on all of ``train``. It is in units of the mean loss, so it
            means the same for fewer photos.
    """

    train: Part
    tested: Part
    strength: float


@dataclass(frozen=True, slots=True)
class QuickHead:
    """A linear head and the cities it tells apart, in the order of its columns."""

    cities: NDArray[np.str_]
    params: HeadParams

    def answers(self, embeddings: NDArray[np.float32]) -> NDArray[np.str_]:
        """``[N]`` the city it finds most probable."""
        return np.asarray(self.cities[head_logits(self.params, embeddings).argmax(axis=1)])

    def right(self, part: Part) -> NDArray[np.bool_]:
        """``[N]`` whether that is the true city."""
        return np.asarray(self.answers(part.embeddings) == part.cities)


def set_up(
    dataset: Dataset, encoder: Encoder, split: Split, part: str = "test", progress: Progress | None = None
) -> Bench:
    """Embed train and the tested part, and choose the strength.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        split: whose parts share no place.
        part: that is tested on.
        progress: told stage, done, of how many.

    Raises:
        InputError: one of the parts is empty, or there is but one city.
    """
    (train, tested), _ = embed_parts(dataset, encoder, split, ("train", part), progress)
    for name, found in (("train", train), (part, tested)):
        if not found.photos:
            raise InputError(f"{dataset.name}: part {name!r} of split {split.name!r} holds no readable photo.")
    return Bench(train, tested, head_strength(train, progress))


def head_strength(train: Part, progress: Progress | None = None) -> float:
    """The strength that cross-validation by place prefers."""
    rule, tried = HeadRule(), 0

    def tell_head(_line: str) -> None:
        nonlocal tried
        tried += 1
        tell(progress, "head", tried, len(rule.strengths))

    return fit_head(train.embeddings, train.cities.tolist(), train.groups, rule, tell_head).strength


def quick_head(train: Part, strength: float) -> QuickHead:
    """A head of two or more cities; call it within ``one_blas_thread``."""
    return QuickHead(np.unique(train.cities), fit_strength(train.embeddings, train.cities, strength))


def learnable(part: Part, least: int = LEAST_PHOTOS) -> list[str]:
    """Cities with enough photos to learn from, sorted."""
    names, counts = np.unique(part.cities, return_counts=True)
    return [str(name) for name, count in zip(names, counts, strict=True) if count >= least]


def judgeable(part: Part) -> list[str]:
    """Cities with enough photos and places for numbers of their own, sorted."""
    return [slug for slug in learnable(part) if len(np.unique(of_cities(part, [slug]).places)) >= LEAST_PLACES]


def of_cities(part: Part, cities: Sequence[str]) -> Part:
    """Its photos of these cities."""
    return part.take(np.isin(part.cities, list(cities)))


def drawn_order(part: Part, rng: np.random.Generator) -> NDArray[np.intp]:
    """All rows in a drawn order that keeps the photos of a place beside one another.

    Args:
        part: whose rows.
        rng: the draw.
    """
    _, place = np.unique(part.places, return_inverse=True)
    turn = rng.permutation(int(place.max(initial=-1)) + 1)
    within = rng.permutation(len(place))
    return np.lexsort((within, turn[place]))


def first_of_each(cities: NDArray[np.str_], order: NDArray[np.intp], most: int | dict[str, int]) -> NDArray[np.intp]:
    """The first rows of each city in that order, at most so many of each.

    Args:
        cities: ``[N]`` slugs.
        order: ``[N]`` all rows.
        most: of each city; or by city, where those that are not named give none.

    >>> cities = np.array(["arles", "bari", "arles", "arles", "bari"])
    >>> first_of_each(cities, np.array([4, 3, 2, 1, 0]), 2).tolist()
    [1, 2, 3, 4]
    >>> first_of_each(cities, np.array([4, 3, 2, 1, 0]), {"bari": 1}).tolist()
    [4]
    """
    kept = [np.empty(0, np.intp)]
    for city in np.unique(cities).tolist():
        count = most if isinstance(most, int) else most.get(city, 0)
        kept.append(order[cities[order] == city][:count])
    return np.sort(np.concatenate(kept))


def encoder_saw(card: Card, cities: Sequence[str]) -> bool:
    """Whether a model's encoder was trained on photos of any of these cities, as far as its card tells.

    A frozen encoder knows nothing of them, unless it is that of the bundled model, which was trained on its own cities.
    What then comes of leaving photos out of a head flatters: the encoder has seen them all the same.

    Args:
        card: of the model.
        cities: slugs.
    """
    if card.training.get("log"):  # one line an epoch: it was fine-tuned
        return any(city.slug in cities for city in card.cities)
    if not (bundled_base() / CARD).is_file():
        return False
    base = read_bundle("base").card
    return card.encoder.hash == base.encoder.hash and any(city.slug in cities for city in base.cities)
