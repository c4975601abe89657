"""A source and a dataset in; its terms shown once, then a client within the budget that holds, and a bar, out."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from types import FrameType

    from flaneur.net import Client
    from flaneur.protocols import Source


@dataclass(frozen=True, slots=True)
class Money:
    """What a dataset's photos of one source may cost, and did.

    Args:
        currency: empty where nothing costs anything.
        budget: most to be spent in all runs; ``None``: no limit.
        spent: so far.
        costs: whether the command itself costs something; recipes are often free, and their pictures not.
    """

    currency: str
    budget: float | None
    spent: float
    costs: bool

    @property
    def told(self) -> str:
        """For people; empty where the command costs nothing."""
        if not self.costs:
            return ""
        if self.budget is None:
            return f"Spent so far: {self.spent:,.2f} {self.currency}. Without --budget nothing limits it."
        return f"Spent so far: {self.spent:,.2f} {self.currency}, of a budget of {self.budget:g}."


def money_of(source: Source, name: str, root: Path, given: float | None, *, pictures: bool = False) -> Money:
    """What may be spent on a dataset: what is given now, else what was given before.

    Args:
        source: the provider's module.
        name: of the source.
        root: the dataset's folder.
        given: the budget, if one is given now.
        pictures: whether it is for the pictures of recipes.

    Raises:
        IntegrityError: the file that keeps the budget holds none.
    """
    from flaneur.collect.budget import kept_budget
    from flaneur.collect.prices import price_of
    from flaneur.net import spent

    billed: dict[str, str] = dict(getattr(source, "BILLED", {}))
    if not billed:
        return Money("", None, 0.0, costs=False)
    budget = kept_budget(root, name) if given is None else given
    costs = pictures or bool(getattr(source, "ASKING_COSTS", False))
    currency = price_of(next(iter(billed.values()))).currency
    return Money(currency, budget, spent(name, _purpose(root)), costs)


class Opener:
    """Opens the client when there is something to ask: the terms come first if they are new, a bar of places after.

    Args:
        source: the provider's module.
        name: of the source.
        root: the dataset's folder.
        money: what may be spent.
        new: whether the terms were never shown for this dataset.
        places: that are wanted.
    """

    def __init__(self, source: Source, name: str, root: Path, *, money: Money, new: bool, places: int) -> None:
        self._source, self._name, self._root = source, name, root
        self._money, self._new, self._places = money, new, places
        self._shown: list[Callable[[int], None]] = []

    @property
    def asked(self) -> bool:
        """Whether there was something to ask."""
        return bool(self._shown)

    def progress(self, count: int) -> None:
        """So many places more."""
        for advance in self._shown:
            advance(count)

    @contextmanager
    def client(self) -> Iterator[Client]:
        """A client that abides by the terms.

        Raises:
            CredentialsError: the key is missing.
        """
        from flaneur.cli.progress import bar
        from flaneur.collect.budget import keep_budget
        from flaneur.collect.prices import price
        from flaneur.net import open_client

        source, budget = self._source, self._money.budget
        billed = price if self._money.currency else None
        with open_client(
            self._name, key=source.KEY, limits=source.LIMITS, bases=source.BASES, budget=budget, price=billed,
            purpose=_purpose(self._root),
        ) as client:  # fmt: skip
            for line in terms_lines(source) if self._new else ():
                click.echo(line, err=True)
            if self._money.told:
                click.echo(self._money.told, err=True)
            if budget is not None:
                keep_budget(self._root, self._name, budget)
            with bar(self._name, self._places, "place") as advance:
                self._shown.append(advance)
                yield client


def terms_lines(source: Source) -> list[str]:
    """What is to be known before the first download."""
    terms = source.TERMS
    keep = "may be kept" if terms.may_store else "may not be kept: the dataset holds recipes, not pixels"
    return [
        f"{terms.provider}, terms read on {terms.read_on} ({terms.url}):",
        f"  licence: {terms.licence}; pictures {keep}",
        f"  credit: {terms.attribution}",
        f"  training: {terms.training}",
        *(f"  {note}" for note in terms.notes),
    ]


@contextmanager
def stoppable() -> Iterator[None]:
    """Have a polite request to end (SIGTERM) do what Ctrl-C does, and say what then holds."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    in_charge = threading.current_thread() is threading.main_thread()  # no other may set a handler
    before = signal.signal(signal.SIGTERM, interrupt) if in_charge else None
    try:
        yield
    except KeyboardInterrupt:
        click.echo("flaneur: stopped. What was had is in the dataset; the same command goes on.", err=True)
        raise click.exceptions.Exit(130) from None
    finally:
        if in_charge:
            signal.signal(signal.SIGTERM, before)


def warn_of_key(source: Source, name: str) -> None:
    """Say that a needed key is absent."""
    from flaneur.cli.sources import key_from

    key = source.KEY
    if key is not None and key.needed and key_from(key.variable) == "absent":
        click.echo(f"{key.variable} is needed, and absent: flaneur sources {name} says where to get it.", err=True)


def _purpose(root: Path) -> str:
    return str(root.absolute())
