"""Providers of street photos; one module each, found by its name: terms, limits, where photos are, and their bytes."""

from __future__ import annotations

from collections.abc import Mapping

from flaneur.errors import UsageError, did_you_mean
from flaneur.protocols import Wish


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


def outside_dates(captured: str, wish: Wish) -> bool:
    """Whether a photo was taken outside the wished dates; a date known to the month counts if any day of it does.

    >>> wish = Wish(since="2019-07-15", until="2020-12-31")
    >>> [outside_dates(day, wish) for day in ("2019-07", "2019-07-14T23:00:00", "2020-12-31T08:00", "")]
    [False, True, False, True]
    """
    if not (wish.since or wish.until):
        return False
    day = captured[:10]
    return not day or day < wish.since[: len(day)] or (bool(wish.until) and day > wish.until[: len(day)])
