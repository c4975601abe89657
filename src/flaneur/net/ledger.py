"""Prices and a budget in; whether the next billed request may be sent out. Each is on disk before it is sent."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from flaneur.database import Database
from flaneur.errors import BudgetError, UsageError
from flaneur.net.records import open_records, records_path

_MONTH_ENDS = timedelta(hours=8)  # providers bill by Pacific time; standard time the year round is the cautious side


_Found = TypeVar("_Found")


class Ledger:
    """What one provider's billed requests cost.

    Args:
        database: durable.
        source: the provider's name.
        purpose: what the budget is for, such as a dataset; what was spent on it before counts.
        price: of the next request of a kind, given how many of it this month has seen; ``None``: all are free.
        budget: most to be spent on the purpose, in the provider's currency; ``None``: no limit.

    Raises:
        UsageError: a budget without prices.
    """

    def __init__(
        self,
        database: Database,
        source: str,
        *,
        purpose: str,
        price: Callable[[str, int], float] | None,
        budget: float | None,
    ) -> None:
        if budget is not None and price is None:
            raise UsageError(f"{source} has no prices, so a budget means nothing. Leave it out.")
        self._database = database
        self._source = source
        self._purpose = purpose
        self._price = price
        self._budget = budget

    def enter(self, sku: str) -> int:
        """Note a billed request that is about to be sent.

        Returns:
            The entry's number, for :meth:`cancel`.

        Raises:
            BudgetError: it would exceed the budget; nothing is noted.
        """
        month = _month()
        with self._database.transaction() as connection:
            used = _used(connection, self._source, sku, month)
            price = self._price(sku, used) if self._price else 0.0
            before = _spent(connection, self._source, self._purpose)
            # Sums of cents are not exact in binary; a billionth is nobody's money.
            if self._budget is not None and before + price > self._budget + 1e-9:
                raise BudgetError(
                    f"{self._source}: {before:.3f} of the budget of {self._budget:g} is spent, and the next request "
                    f"costs {price:g}. Raise --budget to go on; what is there is kept."
                )
            done = connection.execute(
                "INSERT INTO spent (source, purpose, sku, month, at, price) VALUES (?, ?, ?, ?, ?, ?)",
                (self._source, self._purpose, sku, month, time.time(), price),
            )
            return int(done.lastrowid or 0)

    def cancel(self, entry: int) -> None:
        """Strike out a request that was never sent; one that failed after sending stays, for it may be billed."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM spent WHERE entry = ?", (entry,))

    def total(self) -> float:
        """What has been spent on the purpose, in all runs."""
        with self._database.transaction() as connection:
            return _spent(connection, self._source, self._purpose)


def spent(source: str, purpose: str = "") -> float:
    """What a provider's billed requests for a purpose have cost, in all runs; 0 where nothing was ever asked."""
    return _look(lambda connection: _spent(connection, source, purpose), 0.0)


def used_this_month(source: str, sku: str) -> int:
    """How many billed requests of a kind this month has seen, for whatever purpose."""
    return _look(lambda connection: _used(connection, source, sku, _month()), 0)


def _look(ask: Callable[[sqlite3.Connection], _Found], nothing: _Found) -> _Found:
    if not records_path().is_file():
        return nothing
    database = open_records(durable=False)
    try:
        with database.transaction() as connection:
            return ask(connection)
    finally:
        database.close()


def _used(connection: sqlite3.Connection, source: str, sku: str, month: str) -> int:
    query = "SELECT count(*) FROM spent WHERE source = ? AND sku = ? AND month = ?"
    return int(connection.execute(query, (source, sku, month)).fetchone()[0])


def _spent(connection: sqlite3.Connection, source: str, purpose: str) -> float:
    query = "SELECT total(price) FROM spent WHERE source = ? AND purpose = ?"
    return float(connection.execute(query, (source, purpose)).fetchone()[0])


def _month() -> str:
    return f"{datetime.now(UTC) - _MONTH_ENDS:%Y-%m}"
