"""Embedded photos in; how each city would be received if the model had never learnt it, out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.bundle.card import Card
from flaneur.dataset.split import Split
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError
from flaneur.evaluation.answers import Answers, Doubt
from flaneur.evaluation.phrases import listed, percent, span
from flaneur.evaluation.section import Findings
from flaneur.evaluation.trials.refit import LEAST_PHOTOS, LEAST_PLACES, head_strength, judgeable, learnable, of_cities
from flaneur.metrics import Derived, Interval, Metric, bootstrap_by_group, counts_behind
from flaneur.metrics.nature import Nature
from flaneur.metrics.weighted import nan_mean
from flaneur.protocols import Encoder
from flaneur.training.heads.learn import LearnRule, fit
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.novelty import NoveltyRule, novelty_scores
from flaneur.training.heads.parts import Part, Progress, embed_parts, tell
from flaneur.training.heads.rule import HeadRule
from flaneur.types import City

_USUAL = NoveltyRule(methods=("combined",))
_LEAST_CITIES = 3  # two must stay to choose among


@dataclass(frozen=True, slots=True)
class LeftOutCity:
    """One city played unknown.

    Args:
        city: that the head did not learn.
        auroc: chance that a photo of it looks stranger than one of the others.
        false_accept: share of its photos that still get an answer.
        taken_for: slug of the city that it is most often taken for.
    """

    city: City
    auroc: Interval
    false_accept: Interval
    taken_for: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Each city in turn played unknown.

    Args:
        cities: by slug.
        auroc: mean over the cities.
        false_accept: likewise.
        encoder_saw_them: whether the encoder was trained on these very cities, which flatters.
        method: of novelty.
        refused: mean over the heads of the share of photos of cities they know that get no answer: the price.
    """

    key: ClassVar[str] = "left_out"
    cities: tuple[LeftOutCity, ...]
    auroc: Interval
    false_accept: Interval
    encoder_saw_them: bool
    method: str = ""
    refused: Interval | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "cities": [
                {
                    "city": one.city.slug,
                    "auroc": one.auroc.to_dict(),
                    "false_accept": one.false_accept.to_dict(),
                    "taken_for": one.taken_for,
                }
                for one in self.cities
            ],
            "auroc": self.auroc.to_dict(),
            "false_accept": self.false_accept.to_dict(),
            "encoder_saw_them": self.encoder_saw_them,
            "method": self.method,
            "refused": None if self.refused is None else self.refused.to_dict(),
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        worst = max(self.cities, key=lambda one: one.false_accept.low)  # surely most
        names = {one.city.slug: one.city.name for one in self.cities}
        stranger = (
            "With each city in turn left out of what its head learnt, it finds photos of that city stranger than "
            f"others {percent(self.auroc.value)} of the time ({span(self.auroc)}; a coin: 50 %)"
        )
        answered = (
            f"A photo of a city that its head never learnt still gets an answer {percent(self.false_accept.value)} of "
            f"the time ({span(self.false_accept)}); of {worst.city.name}, the worst, "
            f"{percent(worst.false_accept.value)} ({span(worst.false_accept)}) of the photos, most often named as "
            f"{names.get(worst.taken_for, worst.taken_for)}"
        )
        if not self.encoder_saw_them:
            return Findings(good=(f"{stranger}.",), beware=(f"{answered}.",))
        flatters = "the network was trained on all of these cities, so cities that are really new fare worse"
        return Findings(beware=(f"{stranger}; but {flatters}.", f"{answered}."))


def left_out(
    dataset: Dataset,
    encoder: Encoder,
    split: Split,
    *,
    novelty: NoveltyRule = _USUAL,
    progress: Progress | None = None,
    encoder_saw_them: bool = False,
) -> LeftOut:
    """Leave each city out of training and validation in turn, and see how its test photos are received.

    Head, temperature, novelty and thresholds are made as :func:`flaneur.training.heads.learn.fit` makes them, from
    photos of the other cities alone; the strength of the penalty is chosen once, with all of them. Cities with fewer
    than ten test photos, or five places of these, are not left out, but they count among the others.

    Args:
        dataset: with cached or computable features.
        encoder: frozen.
        split: whose parts share no place.
        novelty: how strangeness is measured: see :func:`novelty_of`. Of several methods each head chooses anew, as in
            training, which takes minutes.
        progress: told stage, done, of how many.
        encoder_saw_them: see :class:`LeftOut`.

    Raises:
        InputError: fewer than three cities with ten training photos, or none with enough test photos.
    """
    train, validation, tested = embed_parts(dataset, encoder, split, ("train", "validation", "test"), progress)[0]
    slugs = learnable(train)
    judged = [slug for slug in judgeable(tested) if slug in slugs]
    if len(slugs) < _LEAST_CITIES or not judged:
        there = listed([city.name for city in dataset.cities if city.slug in slugs]) or "none"
        raise InputError(
            f"{dataset.name}: too few photos to leave a city out. It takes {_LEAST_CITIES} cities with {LEAST_PHOTOS} "
            f"or more training photos each (there: {there}). One of these needs {LEAST_PHOTOS} or more test photos, of "
            f"{LEAST_PLACES} or more places."
        )
    train, validation, tested = (of_cities(part, slugs) for part in (train, validation, tested))
    head = HeadRule(kind="logistic", strengths=(head_strength(train, progress),), folds=2)
    rule = LearnRule("left-out", head=head, novelty=novelty)
    known = tuple(city for city in dataset.cities if city.slug in slugs)
    cities = tuple(city for city in known if city.slug in judged)
    received, count = [], len(cities)
    for done, city in enumerate(cities):
        tell(progress, "left_out", done, count)
        received.append(_received(city, known, (train, validation, tested), rule))
    tell(progress, "left_out", count, count)
    *each, auroc, false_accept, refused = _numbers(cities, received, tested.places)
    made = tuple(
        LeftOutCity(city, each[index], each[count + index], _taken_for(city, answers))
        for index, (city, answers) in enumerate(zip(cities, received, strict=True))
    )
    return LeftOut(made, auroc, false_accept, encoder_saw_them, " or ".join(novelty.methods), refused)


def novelty_of(card: Card) -> NoveltyRule:
    """How a model measures novelty: the method that it ended with, with the sizes that it was learnt with."""
    told = card.training.get("rule", {}).get("novelty", {})
    sizes = {field.name: told[field.name] for field in fields(NoveltyRule) if field.name in told}
    method = card.abstain.novelty_method or _USUAL.methods[0]
    return NoveltyRule(**{**sizes, "methods": (method,)})


def _received(left: City, cities: Sequence[City], parts: tuple[Part, Part, Part], rule: LearnRule) -> Answers:
    """What a model that never learnt a city says of all test photos."""
    stay = [city.slug for city in cities if city != left]
    train, validation, tested = parts
    learnt = fit(of_cities(train, stay), of_cities(validation, stay), rule)
    logits = head_logits(learnt.head.params, tested.embeddings)
    strange = novelty_scores(learnt.novelty, tested.embeddings, logits)
    doubt = Doubt(learnt.temperature, learnt.abstain.novelty_limit, learnt.abstain.probability_threshold)
    known = tuple(city for city in cities if city != left)
    return Answers(known, tested.photos, logits.astype(np.float64), strange.astype(np.float64), doubt)


def _numbers(cities: Sequence[City], received: Sequence[Answers], places: NDArray[np.str_]) -> tuple[Interval, ...]:
    """AUROC of each city, false answers of each, then the means of AUROC, false answers and refusals."""
    slugs = np.array([photo.city for photo in received[0].photos])
    own = np.column_stack([slugs == city.slug for city in cities])
    answered = np.column_stack([answers.answered for answers in received])
    power = metrics.joined(
        *(metrics.ranking_power(answers.novelty, left) for answers, left in zip(received, own.T, strict=True))
    )
    accepted, refused = metrics.shares(answered, own), metrics.shares(~answered, ~own)
    alike = np.unique(slugs, return_inverse=True)[1].astype(np.intp)
    every = metrics.joined(power, accepted, *(_mean(part, alike) for part in (power, accepted, refused)))
    behind = counts_behind(own, places)
    whole = np.tile(counts_behind(np.ones((len(places), 1), bool), places), (3, 1))
    return bootstrap_by_group(every, places, behind=np.concatenate([behind, behind, whole]))


def _mean(each: Metric, alike: NDArray[np.intp]) -> Metric:
    """Mean of shares, one a city."""
    return Derived((each,), lambda values: nan_mean(values[0])[:, None], lambda _: (Nature("share", alike),))


def _taken_for(city: City, answers: Answers) -> str:
    """The commonest guess for its photos, answered or not; the first by name of several."""
    guesses = Counter(
        answers.cities[guess].slug
        for photo, guess in zip(answers.photos, answers.guesses.tolist(), strict=True)
        if photo.city == city.slug
    )
    return str(min(guesses, key=lambda slug: (-guesses[slug], slug)))
