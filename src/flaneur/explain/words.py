"""A map in; what it says, and how far to trust it, in plain sentences, out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flaneur import discover
from flaneur.explain.evidence import Evidence, Known
from flaneur.explain.faithfulness import Faithfulness

if TYPE_CHECKING:
    from flaneur.explain.heatmap import Heatmap

_HASH = re.compile("[0-9a-f]{12,}")  # a place that was never named
_CLEAR = 0.02  # of a probability: less than that, four random orders differ by themselves
_MUCH_THE_SAME = 0.5  # rank correlation from which on two maps show the same things
_UNUSUAL = 0.25  # of photos, from the middle: the nearest quarter is near, the farthest far
LINE = "White line: round the tenth that speaks most for the city."
NOT_MORE = "It shows what moves this model's score, which need not be what makes the city."


def question(heatmap: Heatmap) -> str:
    """What the map answers."""
    other = "" if heatmap.against is None else f" rather than {heatmap.against.name}"
    return f"Why {heatmap.city.name}{other}?"


def answer(heatmap: Heatmap) -> str:
    """What the model says of the photo, and how the city of the map fares."""
    prediction = heatmap.prediction
    first = prediction.ranking[0]
    place, own = next(
        (place, score) for place, score in enumerate(prediction.ranking, 1) if score.city.slug == heatmap.city.slug
    )
    said = f"The model says {first.city.name}, {_percent(first.probability)}."
    if prediction.abstained:
        said = f"The model says: none of the cities I know. First would be {first.city.name}."
    if place == 1:
        return said
    return f"{said} {heatmap.city.name} comes {_ordinal(place)}, with {_percent(own.probability)}."


def legend(heatmap: Heatmap) -> tuple[str, str]:
    """What the two ends of the colour scale say: against, for."""
    if heatmap.against is None:
        return f"against {heatmap.city.name}", f"for {heatmap.city.name}"
    return f"for {heatmap.against.name}", f"for {heatmap.city.name}"


def unit(heatmap: Heatmap) -> str:
    """What the numbers of the scale are, by the map's method."""
    told = discover.load("flaneur.explain.methods", heatmap.method).UNIT
    return f"Numbers: {told}." if told else "Numbers have no unit: compare places of this map only."


def amount(value: float) -> str:
    """A number of a map with two digits that tell.

    >>> amount(0.8312), amount(12.34), amount(0.00123), amount(0.0)
    ('0.83', '12', '0.0012', '0')
    """
    return f"{value:.2g}" if value < 1000 else f"{value:.0f}"


def where(heatmap: Heatmap) -> str:
    """Where the photo speaks most for the city."""
    if not heatmap.limit:
        return "No part of the photo speaks for a city by itself."
    across, down = heatmap.peak
    return f"What speaks most for it lies {_percent(across)} from the left and {_percent(down)} from the top."


def origin(heatmap: Heatmap) -> str:
    """How the map was made, in a line."""
    chosen = "".join(f", {name} {value}" for name, value in heatmap.settings.items())
    against = "all others" if heatmap.against is None else heatmap.against.name
    return (
        f"Method {heatmap.method}{chosen}; model {heatmap.prediction.model}. Score: log-odds of {heatmap.city.name} "
        f"against {against}, {heatmap.score:+.2f} for the whole photo."
    )


def caveats(heatmap: Heatmap) -> list[str]:
    """What a reader should know of this photo and this map, one sentence each."""
    found = []
    left, top, right, bottom = heatmap.box
    seen = (right - left) * (bottom - top)
    if seen < 0.995:
        found.append(f"The network saw only the middle {_percent(seen)} of the photo.")
    side = min(heatmap.image.size)
    if side < min(heatmap.values.shape) / 2:
        found.append(f"The photo is small, {side} pixels: the network saw it enlarged.")
    return found


@dataclass(frozen=True, slots=True)
class Trust:
    """How far a map can be trusted.

    Args:
        verdict: in a few words.
        why: in sentences.
        code: the verdict for programs: ``holds``, ``in_part``, ``not``, ``nothing`` or ``unchecked``.
    """

    verdict: str
    why: str
    code: str


def trust(heatmap: Heatmap) -> Trust:
    """What the measures of faithfulness mean."""
    if not heatmap.limit:
        return Trust("Nothing to show", "No part of the photo moves the score by itself.", "nothing")
    if heatmap.faithfulness is None:
        return Trust("Not checked", "How far to trust this map was not measured.", "unchecked")
    return held(heatmap.faithfulness)


def held(measured: Faithfulness) -> Trust:
    """Whether a map does better than chance, and rests on what the network learnt.

    >>> held(Faithfulness(0.2, 0.8, 0.5, 0.5, 0.1)).verdict
    'The map holds up'
    >>> held(Faithfulness(0.6, 0.4, 0.5, 0.5)).code
    'not'
    """
    deletes = measured.random_deletion_auc - measured.deletion_auc
    inserts = measured.insertion_auc - measured.random_insertion_auc
    parts = [
        f"Hiding first what speaks most for the city lowers its probability {_than(deletes)} "
        f"hiding at random: on average to {_percent(measured.deletion_auc)}, at random to "
        f"{_percent(measured.random_deletion_auc)}.",
        f"Showing that first raises it {_than(inserts)} showing at random: "
        f"{_percent(measured.insertion_auc)}, at random {_percent(measured.random_insertion_auc)}.",
    ]
    sound = measured.sanity is None or abs(measured.sanity) < _MUCH_THE_SAME
    if measured.sanity is not None:
        other = "another map, as it should" if sound else "much the same map: it shows the photo, not what was learnt"
        parts.append(f"Random weights give {other} (rank correlation {measured.sanity:.2f}).")
    wrong = not sound or min(deletes, inserts) < -_CLEAR
    times = 0 if wrong else (deletes > _CLEAR) + (inserts > _CLEAR)
    verdict = ("Do not trust this map", "The map holds up in part", "The map holds up")[times]
    return Trust(verdict, " ".join(parts), ("not", "in_part", "holds")[times])


def vote(evidence: Evidence, names: dict[str, str]) -> str:
    """What the nearest known photos say together."""
    if not evidence.known:
        return f"Dataset {evidence.dataset} holds no other place to compare with."
    cities = [one.photo.city for one in evidence.known]
    counts = sorted(set(cities), key=lambda city: (-cities.count(city), cities.index(city)))
    told = ", ".join(f"{cities.count(city)} {names.get(city) or city_name(city)}" for city in counts)
    near = f"{_how_near(1 - evidence.nearer_than)} of its photos have a nearer one at another place."
    learnt = sum(one.learnt for one in evidence.known)
    trained = f" The model was trained on {learnt} of them." if learnt else ""
    itself = " The photo itself is there, and left out with its place." if evidence.itself else ""
    itself += " The model was trained on it." if evidence.itself_learnt else ""
    if evidence.maybe_itself:
        itself = " The nearest may be this very photo, cropped or saved again."
    most = "photo" if len(cities) == 1 else f"{len(cities)} photos"
    return f"The {most} of {evidence.dataset} most like it, one a place: {told}. {near}{trained}{itself}"


def caption(one: Known, names: dict[str, str]) -> list[str]:
    """City, date, position or name of the place, and distance of a known photo, a line each."""
    photo, spot = one.photo, one.photo.location
    where = photo.place.removeprefix(f"{photo.city}/") if spot is None else f"{spot.lat:.4f}, {spot.lon:.4f}"
    date = (photo.captured_at or "no date")[:10]
    lines = [names.get(photo.city) or city_name(photo.city), where, date, f"distance {one.distance:.3f}"]
    return [line for line in lines if not _HASH.fullmatch(line)]


def city_name(slug: str) -> str:
    """A city that the model does not know, for people.

    >>> city_name("new-york")
    'New York'
    """
    return slug.replace("-", " ").title()


def _how_near(nearer: float) -> str:
    said = "about as near as usual"
    if abs(nearer - 0.5) > _UNUSUAL:
        said = f"{'far' if nearer > 0.5 else 'near'} for this dataset"
    return f"The nearest is {said}: {_percent(nearer)}"


def _than(better_by: float) -> str:
    if better_by < -_CLEAR:
        return "less than"
    return "further than" if better_by > _CLEAR else "no further than"


def _percent(share: float) -> str:
    if 0.999 < share < 1:
        return "over 99.9 %"
    if 0 < share < 0.001:
        return "under 0.1 %"
    return f"{100 * share:.0f} %" if 0.01 <= share <= 0.99 or share in (0, 1) else f"{100 * share:.1f} %"


def _ordinal(place: int) -> str:
    tail = "th" if place % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{tail}"
