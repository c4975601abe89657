"""A billed kind of request in; what the next one costs out. Shipped prices are dated, the user's own come first."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from flaneur.errors import InputError, UsageError, did_you_mean
from flaneur.settings import home

_SHIPPED = Path(__file__).with_name("prices.toml")


@dataclass(frozen=True, slots=True)
class Price:
    """What one kind of request costs.

    Args:
        name: on the provider's bill.
        currency: ISO 4217.
        free: requests a month that cost nothing.
        steps: from how many requests a month on, and what 1,000 of them cost then; the free ones count.
        read_on: ISO date of the day it was read.
        url: where it stands.
    """

    name: str
    currency: str
    free: int
    steps: tuple[tuple[int, float], ...]
    read_on: str
    url: str

    def of_next(self, used: int) -> float:
        """What the next request costs after ``used`` others this month.

        >>> seven = Price("a", "USD", 10, ((0, 7.0), (100, 5.6)), "2026-11-21", "")
        >>> seven.of_next(9), seven.of_next(10), seven.of_next(100)
        (0.0, 0.007, 0.0056)
        """
        if used < self.free:
            return 0.0
        return [per_1000 for start, per_1000 in self.steps if start <= used][-1] / 1000

    def of_many(self, used: int, count: int) -> float:
        """What ``count`` further requests cost together.

        >>> seven = Price("a", "USD", 10, ((0, 7.0), (100, 5.6)), "2026-11-21", "")
        >>> round(seven.of_many(0, 110), 4)
        0.686
        """
        ends = [*(start for start, _ in self.steps[1:]), used + count]
        return sum(
            max(0, min(end, used + count) - max(start, used, self.free)) * per_1000 / 1000
            for (start, per_1000), end in zip(self.steps, ends, strict=True)
        )


def own_path() -> Path:
    """Where the user's own prices stand."""
    return home() / "prices.toml"


def prices() -> Mapping[str, Price]:
    """Every kind of request that is billed.

    Raises:
        InputError: the user's ``prices.toml`` cannot be read, or says something that is not understood.

    >>> prices()["google.street_view_static"].currency
    'USD'
    """
    return _read(_SHIPPED) | (_read(own_path()) if own_path().is_file() else {})


def price(sku: str, used_this_month: int) -> float:
    """What the next request of a kind costs, in the currency of :func:`prices`; what a client's ledger asks.

    Raises:
        UsageError: no price is known.

    >>> price("google.street_view_static", 10_000)
    0.007
    """
    return price_of(sku).of_next(used_this_month)


def price_of(sku: str) -> Price:
    """The price of a kind of request.

    Raises:
        UsageError: none is known; nothing is ever taken to be free.
    """
    known = prices()
    if sku not in known:
        raise UsageError(f"No price is known of {sku!r}.{did_you_mean(sku, known)} Write it into {own_path()}.")
    return known[sku]


def _read(path: Path) -> dict[str, Price]:
    try:
        table = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: not readable as TOML ({error}).") from error
    return {sku: _price(entry, f"{path}: [{sku}]") for sku, entry in table.items()}


def _price(entry: Any, where: str) -> Price:
    names = [field.name for field in fields(Price)]
    if not isinstance(entry, dict) or any(isinstance(value, dict) for value in entry.values()):
        raise InputError(f'{where}: must be a table. A name with a point needs quotes: ["google.places_photo"].')
    for key in entry:
        if key not in names:
            raise InputError(f"{where}: unknown key {key!r}.{did_you_mean(key, names)}")
    if missing := [name for name in names if name not in entry]:
        raise InputError(f"{where}: needs {', '.join(missing)}.")
    steps = entry["steps"]
    if not _are_steps(steps) or not _is_amount(entry["free"]):
        raise InputError(
            f"{where}: steps must be like [[0, 7.00], [100_000, 5.60]], from 0 upwards, and free a number."
        )
    texts = {name: str(entry[name]) for name in ("name", "currency", "read_on", "url")}
    return Price(free=int(entry["free"]), steps=tuple((int(start), float(cost)) for start, cost in steps), **texts)


def _are_steps(steps: Any) -> bool:
    if not (isinstance(steps, list) and steps and all(isinstance(step, list) and len(step) == 2 for step in steps)):
        return False
    starts = [step[0] for step in steps]
    return (
        all(_is_amount(amount) for step in steps for amount in step)
        and starts[0] == 0
        and starts == sorted(set(starts))
    )


def _is_amount(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf")
