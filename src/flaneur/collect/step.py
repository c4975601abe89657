"""Requests and their prices in; what one command asks for and costs, for people and as JSON, out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flaneur.collect.prices import Price, own_path
from flaneur.errors import counted, listed


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


def step_lines(step: Step, budget: float | None, spent: float) -> Iterator[str]:
    """What one command asks for, for people, beside what may be spent and was."""
    yield f"{step.name}: about {_told(step.requests)}; {_time(step.minutes)}; {_cost(step)}."
    if step.at_most != step.requests:
        yield f"  If places are hard to find, up to {_told(step.at_most)}."
    yield from (f"  {line}" for bill in step.bills for line in _bill(bill, budget, spent))


def step_fields(step: Step) -> dict[str, Any]:
    """What one command asks for, as JSON."""
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


def _bill(bill: Bill, budget: float | None, spent: float) -> Iterator[str]:
    price = bill.price
    most = f", at most {bill.most:,.2f}" if bill.most != bill.cost else ""
    yield (
        f"{price.name}: {bill.requests:,} for {bill.cost:,.2f} {price.currency}{most}; {bill.free_left:,} of "
        f"{price.free:,} free ones are left this month. Prices of {price.read_on}; yours go into {own_path()}."
    )
    if budget is not None and bill.most > budget - spent:
        gone = f", of which {spent:,.2f} are spent" if spent else ""
        yield f"That may be more than the budget of {budget:g} {price.currency}{gone}; it ends where that is spent."


def _time(minutes: float) -> str:
    if minutes < 1:
        return "less than a minute"
    return counted(round(minutes), "minute") if minutes < 120 else counted(round(minutes / 60), "hour")
