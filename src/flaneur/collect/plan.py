"""An order in; what collecting it will take out: photos, requests, money, time. Nothing is asked of anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flaneur.collect.order import Errand, Order
from flaneur.collect.prices import price_of
from flaneur.collect.step import Bill, Step, step_fields, step_lines
from flaneur.errors import counted
from flaneur.protocols import Limit, Source, Wish

SPOTS_PER_PLACE = 2.0
"""Spots to look at for each place that is found, as long as nothing better is known."""
REPLY_S = 0.5
"""How long a request is taken to last."""
AT_ONCE = 8
_NONE: Mapping[str, int] = {}
_TILE = "tile"  # stands for many searches, where a source can look that way


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order will take.

    Args:
        source: its name.
        provider: its name for people.
        places: still to be found, by city.
        square_km: to look in, by city.
        photos: at least and at most, if all places are found.
        steps: ``collect``; where pixels may not be kept also ``materialise``, which is a command of its own.
        wanted: in all, by city.
        done: places that are there, by city.
        budget: most to be spent, or ``None``.
        spent: of it.
    """

    source: str
    provider: str
    places: Mapping[str, int]
    square_km: Mapping[str, float]
    photos: tuple[int, int]
    steps: tuple[Step, ...]
    wanted: Mapping[str, int]
    done: Mapping[str, int]
    budget: float | None = None
    spent: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "source": self.source, "places": dict(self.places), "wanted": dict(self.wanted), "done": dict(self.done),
            "square_km": {city: round(size, 1) for city, size in self.square_km.items()},
            "photos": {"at_least": self.photos[0], "at_most": self.photos[1]},
            "steps": [step_fields(step) for step in self.steps], "budget": self.budget,
            "spent": round(self.spent, 4),
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        least, most = self.photos
        amount = counted(most, "photo") if least == most else f"{least:,} to {counted(most, 'photo')}"
        finished = not any(self.places.values())
        expected = "finished; nobody would be asked" if finished else f"{amount}, if all places are found"
        yield f"{self.provider}: {expected}:"
        yield from (f"  {city}: {self._city(city)}" for city in self.places)
        for step in () if finished else self.steps:
            yield from step_lines(step, self.budget, self.spent)

    def _city(self, city: str) -> str:
        wanted, done, places = self.wanted[city], self.done.get(city, 0), self.places[city]
        if done >= wanted:
            return f"{counted(done, 'place')}, which is enough"
        had = f"{done:,} of {counted(wanted, 'place')} {'is' if done == 1 else 'are'} there"
        if not places:
            return f"{had}; there is nowhere left to look"
        if done:
            return f"{had}; {places:,} to go in {_size(self.square_km[city])}"
        short = f" at most, of {wanted:,} wanted," if places < wanted else ""
        return f"{counted(places, 'place')}{short} in {_size(self.square_km[city])}"


def plan(
    order: Order,
    budget: float | None = None,
    *,
    spent: float = 0.0,
    done: Mapping[str, int] = _NONE,
    left: Mapping[str, int] | None = None,
    used: Callable[[str, str], int] | None = None,
) -> Plan:
    """What an order will take.

    Args:
        order: what is wanted.
        budget: most to be spent.
        spent: of it.
        done: places that are there already, by city's slug.
        left: that can still be found at most, by city's slug, where something was looked at before.
        used: source's name and kind of request to how many this month has seen; by default what flaneur noted.

    Raises:
        UsageError: something is billed whose price is not known.
    """
    wanted = {errand.city.slug: errand.count for errand in order.errands}
    find = {errand.city.slug: _to_find(errand, done.get(errand.city.slug, 0), left) for errand in order.errands}
    places = sum(find.values())
    looks = [_looks(errand, find[errand.city.slug]) for errand in order.errands]
    expected, most = sum(look[0] for look in looks), sum(look[1] for look in looks)
    per = asked(order.source, order.wish)
    if order.source.TERMS.may_store:
        shares = {"collect": per}
    else:
        shares = {
            "collect": {group: (spot, 0.0) for group, (spot, _) in per.items()},
            "materialise": {group: (0.0, place) for group, (_, place) in per.items()},
        }
    steps = tuple(
        _step(order, name, _times(share, expected, places), _times(share, most, places), used or _noted)
        for name, share in shares.items()
    )
    views, renders = order.wish.views, getattr(order.source, "RENDERS", False)
    at_least = places * (views if renders or order.wish.panoramas == "only" else 1)
    photos = (at_least, places * views if renders or order.wish.panoramas != "no" else places)
    sizes = {errand.city.slug: errand.area.square_km for errand in order.errands}
    provider, had = order.source.TERMS.provider, {slug: done.get(slug, 0) for slug in wanted}
    return Plan(order.name, provider, find, sizes, photos, steps, wanted, had, budget, spent)


def pictures_step(order: Order, places: int, used: Callable[[str, str], int] | None = None) -> Step:
    """What fetching the pictures of so many recipes' places takes.

    Args:
        order: that the recipes were made by; its cities do not matter.
        places: whose pictures are not there yet.
        used: as in :func:`plan`.

    Raises:
        UsageError: something is billed whose price is not known.
    """
    share = {group: (0.0, place) for group, (_, place) in asked(order.source, order.wish).items()}
    requests = _times(share, places, places)
    return _step(order, "materialise", requests, requests, used or _noted)


def asked(source: Source, wish: Wish) -> dict[str, tuple[float, float]]:
    """Requests of each group, for a spot that is looked at and for a place whose photos are fetched.

    One ``search`` a spot; of each other group one a place, of ``image`` one a view where the provider renders them.
    """
    views = wish.views if getattr(source, "RENDERS", False) else 1
    each = {group: (0.0, float(views if group == "image" else 1)) for group in source.LIMITS if group != _TILE}
    return each | {"search": (1.0, 0.0)}


def _to_find(errand: Errand, done: int, left: Mapping[str, int] | None) -> int:
    most = errand.most_spots if left is None else left.get(errand.city.slug, errand.most_spots)
    return max(0, min(errand.count - done, most))


def _looks(errand: Errand, places: int) -> tuple[int, int]:
    """Spots that are expected to be looked at, and at most."""
    if not places:
        return 0, 0
    most = errand.most_spots
    return min(round(places * SPOTS_PER_PLACE), most), most


def _times(per: Mapping[str, tuple[float, float]], spots: int, places: int) -> dict[str, int]:
    found = {group: round(spot * spots + place * min(places, spots)) for group, (spot, place) in per.items()}
    return {group: count for group, count in found.items() if count}


def _step(
    order: Order,
    name: str,
    requests: Mapping[str, int],
    at_most: Mapping[str, int],
    used: Callable[[str, str], int],
) -> Step:
    billed: Mapping[str, str] = getattr(order.source, "BILLED", {})
    bills = tuple(
        Bill(sku, price_of(sku), requests[group], at_most.get(group, 0), used(order.name, sku))
        for group, sku in billed.items()
        if requests.get(group)
    )
    at_once = getattr(order.source, "AT_ONCE", AT_ONCE)
    return Step(name, requests, at_most, bills, _minutes(requests, order.source.LIMITS, at_once))


def _minutes(requests: Mapping[str, int], limits: Mapping[str, Limit], at_once: int) -> float:
    replies_s = sum(requests.values()) * REPLY_S / at_once
    rates_s = (count * limits[group].seconds / limits[group].requests for group, count in requests.items())
    return max(replies_s, *rates_s, 0.0) / 60


def _noted(source: str, sku: str) -> int:
    from flaneur.net import used_this_month

    return used_this_month(source, sku)


def _size(square_km: float) -> str:
    return f"{square_km:,.0f} km²" if square_km >= 10 else f"{square_km:.2g} km²"
