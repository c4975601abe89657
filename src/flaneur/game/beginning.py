"""A dataset, a model and settings in; cities, places and warnings of a new game out."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from itertools import zip_longest
from typing import Any

import numpy as np

from flaneur.cities import located
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, UsageError, counted, did_you_mean
from flaneur.evaluation.overlap import learnt_from, seen_among, warn_of_overlap
from flaneur.evaluation.run import What
from flaneur.files import sha256_bytes
from flaneur.game.dealing import deal
from flaneur.game.places import PlayPlace, apart, places_of
from flaneur.game.settings import GameSettings
from flaneur.game.shapes import Caution, Phase
from flaneur.predict import Model
from flaneur.types import City, Location

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none is taken for another
_JOIN_CODE, _OWN_CODE = 6, 8


def begun(
    dataset: Dataset, model: Model | None, settings: GameSettings
) -> tuple[dict[str, Any], list[tuple[Phase, PlayPlace]]]:
    """What a new game keeps: facts by name, and the places of both phases.

    Raises:
        InputError: fewer than two cities, or too few places.
        UsageError: a city that dataset or model do not have, or training on the part that is tested.
    """
    rng = np.random.default_rng([settings.seed, 3])
    slugs = _slugs(dataset, model, settings.cities)
    test = places_of(dataset, What.parse(settings.split), slugs, settings.views, rng)
    slugs = sorted({place.city for place in test})
    if len(slugs) < 2:
        raise InputError(
            f"{dataset.name}, {settings.split}: a game needs photos of two cities or more, and there are photos of "
            f"{', '.join(slugs) or 'none'} that can be played."
        )
    training: list[PlayPlace] = []
    if settings.training_rounds:
        if What.parse(settings.training_split) == What.parse(settings.split):
            raise UsageError(
                f"training_split and split are both {settings.split}: training and test would share their ground. "
                "Train on another part, such as validation."
            )
        training = places_of(dataset, What.parse(settings.training_split), slugs, settings.views, rng)
        training = apart(training, dataset, test)
    places: list[tuple[Phase, PlayPlace]] = [("test", place) for place in test]
    places += [("training", place) for place in training]
    dealt(places, settings, 0)  # refuses here, before anybody has joined, where places are too few
    cautions = [*_of_model(dataset, model, settings, test), *_of_training(settings)]
    facts = {
        "settings": settings.to_dict(),
        "dataset": {"name": dataset.name, "root": str(dataset.root.resolve()), "hash": dataset.content_hash},
        "model": None if model is None else model_facts(model),
        "cities": [_city_facts(city) for city in _choices(dataset, model, slugs)],
        "join_code": drawn_code(_JOIN_CODE),
        "warnings": [one.sentence for one in cautions],
        "warning_codes": [one.code for one in cautions],
        "warning_values": [dict(one.values) for one in cautions],
    }
    return facts, places


def dealt(places: Sequence[tuple[Phase, PlayPlace]], settings: GameSettings, number: int) -> list[tuple[Phase, int]]:
    """The rounds of a participant: phase and place of each, in order.

    Raises:
        InputError: too few places.
    """
    wanted: list[tuple[Phase, int]] = [("training", settings.training_rounds), ("test", settings.test_rounds)]
    cities = sorted({place.city for _, place in places})
    made: list[tuple[Phase, int]] = []
    for index, (phase, rounds) in enumerate(wanted):
        pools: dict[str, list[int]] = {city: [] for city in cities}
        for place, (own, what) in enumerate(places):
            if own == phase:
                pools[what.city].append(place)
        if rounds:
            made += [(phase, place) for place in deal(pools, rounds, number, settings.deal, 2 * settings.seed + index)]
    return made


def model_facts(model: Model) -> dict[str, str]:
    """Where a model is, what it is called, and a hash of its network that tells it from others of that name."""
    path = model.bundle.path
    where = "base" if model.card.name == "base" else str(path.resolve())
    return {"where": where, "name": model.name, "sha256": sha256_bytes(model.bundle.model)}


def is_same(facts: dict[str, Any], dataset: Dataset, model: Model | None, settings: GameSettings) -> bool:
    """Whether a game that is kept is of this dataset, model and settings."""
    kept, own = facts["model"], None if model is None else model_facts(model)
    alike = (kept and kept["sha256"]) == (own and own["sha256"])
    same_photos = facts["dataset"]["hash"] == dataset.content_hash
    return facts["settings"] == settings.to_dict() and same_photos and bool(alike)


def city_of(facts: dict[str, Any]) -> City:
    """A city as a game keeps it."""
    centre = None if facts["lat"] is None else Location(facts["lat"], facts["lon"])
    return City(facts["slug"], facts["name"], facts["country"], centre, facts["radius_km"])


def cautions_of(facts: dict[str, Any]) -> tuple[Caution, ...]:
    """What is to be told before a game starts, as it keeps that.

    >>> cautions_of({"warnings": ["It may have learnt."]})  # of an older flaneur
    (Caution(sentence='It may have learnt.', code='', values={}),)
    """
    kept = facts["warnings"], facts.get("warning_codes", ()), facts.get("warning_values", ())
    return tuple(Caution(said, code or "", values or {}) for said, code, values in zip_longest(*kept))


def drawn_code(length: int = _OWN_CODE) -> str:
    """A code that nobody guesses, of letters and digits that are not taken for one another.

    >>> len(drawn_code())
    8
    """
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _slugs(dataset: Dataset, model: Model | None, wanted: Sequence[str]) -> Collection[str]:
    """Slugs that can be played."""
    slugs = {city.slug for city in dataset.cities}
    if model is not None:
        slugs &= {city.slug for city in model.cities}
        if len(slugs) < 2:
            raise InputError(
                f"model {model.card.name} and dataset {dataset.name} have {counted(len(slugs), 'city')} in common; a "
                "game needs two. Play with another model, or without one."
            )
    for slug in wanted:
        if slug not in slugs:
            hint = did_you_mean(slug, slugs) or f" There are {', '.join(sorted(slugs))}."
            raise UsageError(f"no city {slug!r} can be played.{hint}")
    return set(wanted) or slugs


def _choices(dataset: Dataset, model: Model | None, slugs: Collection[str]) -> list[City]:
    """By name; centre and country from the dataset, else from the model, else from the gazetteer."""
    by_model = {} if model is None else {city.slug: city for city in model.cities}
    made = []
    for city in dataset.cities:
        if city.slug in slugs:
            other = by_model.get(city.slug, city)
            joined = replace(city, centre=city.centre or other.centre, country=city.country or other.country)
            made.append(located(joined))
    return sorted(made, key=lambda city: city.name.casefold())


def _city_facts(city: City) -> dict[str, Any]:
    lat, lon = (None, None) if city.centre is None else (city.centre.lat, city.centre.lon)
    return {
        "slug": city.slug, "name": city.name, "country": city.country, "lat": lat, "lon": lon,
        "radius_km": city.radius_km,
    }  # fmt: skip


def _of_training(settings: GameSettings) -> list[Caution]:
    """What flatters people."""
    test, training = What.parse(settings.split), What.parse(settings.training_split)
    apart_by_split = test.split == training.split and "all" not in (test.part, training.part)
    if not settings.training_rounds or apart_by_split:
        return []
    said = (
        f"Training rounds are from {settings.training_split}, test rounds from {settings.split}: photos of both may "
        "show the same ground, so training may tell answers of the test."
    )
    return [Caution(said, "shared_ground", {"training": settings.training_split, "test": settings.split})]


def _of_model(
    dataset: Dataset, model: Model | None, settings: GameSettings, test: Sequence[PlayPlace]
) -> list[Caution]:
    """What flatters the model, or may."""
    if model is None:
        return []
    what, card = What.parse(settings.split), model.card
    if card.dataset.content_hash == dataset.content_hash:
        same = what.part == "test" and dataset.split(what.split).hash == card.split_hash
        if same:
            return []
        said = f"{card.name} may have learnt from some of these photos: they are not the test part of its own split."
        return [Caution(said, "may_have_learnt", {"model": card.name})]
    shown = {photo for place in test for photo in place.photos}
    photos = [photo for photo in dataset.photos if photo.id in shown]
    learnt = learnt_from(card, dataset)
    said = warn_of_overlap(card, dataset, photos, learnt)
    if not said:
        return []
    if learnt is None:
        return [Caution(f"{card.name}: {said}", "not_checked", {"model": card.name, "dataset": card.dataset.name})]
    counts = {"seen": seen_among(photos, learnt), "photos": len(photos)}
    return [Caution(f"{card.name}: {said}", "learnt", {"model": card.name, **counts, "dataset": learnt.dataset})]
