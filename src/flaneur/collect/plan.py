"""An order in; what collecting it will take out: photos, requests, money, time. Nothing is asked of anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flaneur.area import Points
from flaneur.collect.order import Errand, Order
from flaneur.collect.prices import Price, own_path, price_of
from flaneur.errors import counted, listed
from flaneur.protocols import Limit, Source, Wish

SPOTS_PER_PLACE = 2.0
"""Spots to look at for each place that is found, as long as nothing better is known."""
REPLY_S = 0.5
"""How long a request is taken to last."""
AT_ONCE = 8
_NONE: Mapping[str, int] = {}
_TILE = "tile"  # stands for many searches, where a source can look that way


@dataclass(frozen=True, slots=True)
class Bill:
    """What one kind of request costs.

    Args:
        sku: its name in ``prices.toml``.
        price: of one.
        requests: that are expected.
        at_most: if places are hard to find.
        used: of this month, as far as flaneur knows.
    """

    sku: str
    price: Price
    requests: int
    at_most: int
    used: int

    @property
    def cost(self) -> float:
        """Of those that are expected, in the price's currency."""
        return self.price.of_many(self.used, self.requests)

    @property
    def most(self) -> float:
        """If places are hard to find."""
        return self.price.of_many(self.used, self.at_most)

    @property
    def free_left(self) -> int:
        """Requests of this month that cost nothing."""
        return max(0, self.price.free - self.used)


@dataclass(frozen=True, slots=True)
class Step:
    """What one command asks for.

    Args:
        name: ``collect``, or ``materialise``.
        requests: that are expected, by group.
        at_most: if places are hard to find, by group.
        bills: of those that cost something.
        minutes: that replies and the limits on requests take.
    """

    name: str
    requests: Mapping[str, int]
    at_most: Mapping[str, int]
    bills: tuple[Bill, ...]
    minutes: float


@dataclass(frozen=True, slots=True)
class Plan:
    """What an order will take.

    Args:
        source: its name.
        provider: its name for people.
        places: still wanted, by city.
        square_km: to look in, by city.
        photos: at least and at most, if all places are found.
        steps: ``collect``; where pixels may not be kept also ``materialise``, which is a command of its own.
        budget: most to be spent, or ``None``.
    """

    source: str
    provider: str
    places: Mapping[str, int]
    square_km: Mapping[str, float]
    photos: tuple[int, int]
    steps: tuple[Step, ...]
    budget: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "source": self.source, "places": dict(self.places),
            "square_km": {city: round(size, 1) for city, size in self.square_km.items()},
            "photos": {"at_least": self.photos[0], "at_most": self.photos[1]},
            "steps": [_step_fields(step) for step in self.steps], "budget": self.budget,
        }  # fmt: skip

    def lines(self) -> Iterator[str]:
        """The plan for people."""
        least, most = self.photos
        amount = counted(most, "photo") if least == most else f"{least:,} to {counted(most, 'photo')}"
        yield f"{self.provider}: {amount}, if all places are found:"
        for city, places in self.places.items():
            yield f"  {city}: {counted(places, 'place')} in {_size(self.square_km[city])}"
        for step in self.steps:
            yield f"{step.name}: about {_told(step.requests)}; {_time(step.minutes)}; {_cost(step)}."
            if step.at_most != step.requests:
                yield f"  If places are hard to find, up to {_told(step.at_most)}."
            yield from (f"  {line}" for bill in step.bills for line in _bill(bill, self.budget))


def plan(
    order: Order,
    budget: float | None = None,
    *,
    done: Mapping[str, int] = _NONE,
    used: Callable[[str, str], int] | None = None,
) -> Plan:
    """What an order will take.

    Args:
        order: what is wanted.
        budget: most to be spent.
        done: places that are there already, by city's slug.
        used: source's name and kind of request to how many this month has seen; by default what flaneur noted.

    Raises:
        UsageError: something is billed whose price is not known.
    """
    wanted = {errand.city.slug: max(0, errand.count - done.get(errand.city.slug, 0)) for errand in order.errands}
    places = sum(wanted.values())
    looks = [_looks(errand, wanted[errand.city.slug]) for errand in order.errands]
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
    return Plan(order.name, order.source.TERMS.provider, wanted, sizes, photos, steps, budget)


def asked(source: Source, wish: Wish) -> dict[str, tuple[float, float]]:
    """Requests of each group, for a spot that is looked at and for a place whose photos are fetched.

    One ``search`` a spot; of each other group one a place, of ``image`` one a view where the provider renders them.
    """
    views = wish.views if getattr(source, "RENDERS", False) else 1
    each = {group: (0.0, float(views if group == "image" else 1)) for group in source.LIMITS if group != _TILE}
    return each | {"search": (1.0, 0.0)}


def _looks(errand: Errand, places: int) -> tuple[int, int]:
    """Spots that are expected to be looked at, and at most."""
    if not places:
        return 0, 0
    most = min(errand.most_spots, len(errand.area.locations)) if isinstance(errand.area, Points) else errand.most_spots
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


def _step_fields(step: Step) -> dict[str, Any]:
    bills = [
        {"sku": bill.sku, "name": bill.price.name, "requests": bill.requests, "at_most": bill.at_most,
         "cost": round(bill.cost, 4), "cost_at_most": round(bill.most, 4), "currency": bill.price.currency,
         "used_this_month": bill.used, "free_left": bill.free_left, "read_on": bill.price.read_on}
        for bill in step.bills
    ]  # fmt: skip
    return {
        "name": step.name, "requests": dict(step.requests), "requests_at_most": dict(step.at_most),
        "minutes": round(step.minutes, 1), "cost": round(sum(bill.cost for bill in step.bills), 4), "billed": bills,
    }  # fmt: skip


def _told(requests: Mapping[str, int]) -> str:
    return f"{counted(sum(requests.values()), 'request')} ({listed(requests)})" if requests else "no requests"


def _cost(step: Step) -> str:
    if not step.bills:
        return "free"
    return f"{sum(bill.cost for bill in step.bills):,.2f} {step.bills[0].price.currency}"


def _bill(bill: Bill, budget: float | None) -> Iterator[str]:
    price = bill.price
    most = f", at most {bill.most:,.2f}" if bill.most != bill.cost else ""
    yield (
        f"{price.name}: {bill.requests:,} for {bill.cost:,.2f} {price.currency}{most}; {bill.free_left:,} of "
        f"{price.free:,} free ones are left this month. Prices of {price.read_on}; yours go into {own_path()}."
    )
    if budget is not None and bill.most > budget:
        yield f"That may be more than the budget of {budget:g} {price.currency}; it ends where that is spent."


def _size(square_km: float) -> str:
    return f"{square_km:,.0f} km²" if square_km >= 10 else f"{square_km:.2g} km²"


def _time(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    return counted(round(minutes), "minute") if minutes < 120 else counted(round(minutes / 60), "hour")
