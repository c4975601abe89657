"""A card, a city and what it cost in; the card of the model with that city out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from flaneur.add_city.cost import Cost
from flaneur.bundle.card import Card, today
from flaneur.errors import counted
from flaneur.gazetteer import ATTRIBUTION
from flaneur.metrics import Interval
from flaneur.training.heads.model_card import only_these
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class Addition:
    """What was added to a model.

    Args:
        city: the city.
        photos: how many its prototype is the mean of.
        costs: measured at photos the model was not taught with; one or more.
        validation: scores of the new model on known photos, as :attr:`flaneur.bundle.card.Card.metrics` has them.
    """

    city: City
    photos: int
    costs: Sequence[Cost]
    validation: dict[str, Any]


def with_city(card: Card, name: str, added: Addition) -> Card:
    """The card of a model with one city more.

    What was measured of the model so far is not true of the new one, and is left out.

    Args:
        card: of the model so far.
        name: of the new one.
        added: what is new.
    """
    slug = added.city.slug
    told = {
        "city": slug, "photos": added.photos, "kind": "prototype", "day": today(),
        "to": f"{card.name} {card.version}".strip(), "to_model": card.files.get("model.onnx", ""),
    }  # fmt: skip
    costs = {**card.metrics.get("added", {}), slug: [cost.to_dict() for cost in added.costs]}
    gazetteer = {"gazetteer": ATTRIBUTION} if added.city.country else {}  # nothing else tells it
    kept = [limit for limit in card.limits if limit != only_these(len(card.cities))]
    return replace(
        card,
        name=name,
        version="1",
        created=today(),
        cities=(*card.cities, added.city),
        abstain=replace(card.abstain, validation_refused_share=round(added.costs[0].abstained_after.value, 4)),
        metrics={**added.validation, "added": costs},
        training={**card.training, **gazetteer, "added": [*card.training.get("added", ()), told]},
        limits=(only_these(len(card.cities) + 1), *kept, limit_of(added)),
        files={},
    )


def limit_of(added: Addition) -> str:
    """What is to be said of a city that was added, in a sentence or three."""
    first, city = added.costs[0], added.city.name
    lines = [
        f"{city} was added from {counted(added.photos, 'photo')}: it is a prototype, their mean, and was not trained."
    ]
    lines.append(
        f"With it, accuracy on photos of the other cities is {percent(first.after)} instead of {percent(first.before)} "
        f"(a difference of {_ends(first.difference)} points)."
    )
    if first.found.n:
        lines.append(
            f"Of its own photos, left out in turn, {percent(first.found)} got its name; were some of one place, that "
            "is too good."
        )
    return " ".join(lines)


def percent(share: Interval) -> str:
    """A share with one decimal.

    >>> percent(Interval(0.912, 0.9, 0.93, 100, 90))
    '91.2 %'
    """
    return f"{100 * share.value:.1f} %"


def _ends(share: Interval) -> str:
    return f"{100 * share.low:+.1f} to {100 * share.high:+.1f}"
