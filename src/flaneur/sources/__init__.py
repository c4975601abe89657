"""Providers of street photos; one module each, found by its name: terms, limits, where photos are, and their bytes."""

from __future__ import annotations

from collections.abc import Mapping

from flaneur.errors import UsageError, did_you_mean
from flaneur.protocols import Wish

READ_IN_COPIES = "Read in copies stored elsewhere, not on the provider's own page: check there what holds today."
"""Of every source's terms: how they were read, on the day that they name."""


def options(wish: Wish, known: Mapping[str, str]) -> dict[str, str]:
    """A source's own options: those known with their defaults, and what the wish says of them.

    Raises:
        UsageError: the source has no such option; a near one is suggested.

    >>> options(Wish(options={"accuracy": "11"}), {"accuracy": "16", "licences": "free"})
    {'accuracy': '11', 'licences': 'free'}
    """
    for name in wish.options:
        if name not in known:
            hint = did_you_mean(name, known) or f" Known: {', '.join(sorted(known)) or 'none'}."
            raise UsageError(f"--option {name}: this source has no such option.{hint}")
    return {**known, **wish.options}
