"""An order in; the first thing about it that its source would not take, as an error, out. Nobody is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from flaneur.collect.order import Order, spots_of

if TYPE_CHECKING:
    from flaneur.net import Client
    from flaneur.types import Location


def check(order: Order) -> None:
    """See that the areas can be sampled as wished, and that the source understands the wish.

    Raises:
        UsageError: they cannot, or it does not.
    """
    for errand in order.errands:
        first = next(spots_of(order, errand), None)
        if first is not None:
            _check_wish(order, first)


def _check_wish(order: Order, spot: Location) -> None:
    """Sources look at what is wished for before they ask; so they are let run until they would."""
    try:
        order.source.near(spot, order.reach_m, order.wish, cast("Client", _Nobody()))
    except _Asked:
        return


class _Asked(Exception):  # noqa: N818 - a signal to the caller, not an error
    """Somebody would have been asked."""


class _Nobody:
    """In place of a client."""

    def __getattr__(self, name: str) -> Any:
        raise _Asked(name)
