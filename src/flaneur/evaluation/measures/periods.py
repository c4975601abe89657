"""Dated photos in; whether each is of the earlier or the later half of its city's photos, out."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from flaneur.types import Photo

EARLIER, LATER = "earlier half", "later half"


def periods(photos: Sequence[Photo]) -> list[str | None]:
    """The half of its city's dated photos that each is of; ``None`` without a date, or where all have the same.

    Halves are of each city, not of all photos: else old photos would be of other cities than new ones, and what is
    learnt from the ones could not be tested on the others. Photos of one date stay together, so halves may be uneven.

    Args:
        photos: that are looked at together.

    >>> def taken(day: str) -> Photo:
    ...     return Photo(f"a:{day}", "0", "rome", "p", 640, 480, "a", captured_at=day)
    >>> periods([taken("2012-05"), taken("2019"), taken("2019-07"), taken("2012-05")])
    ['earlier half', 'later half', 'later half', 'earlier half']
    """
    dates: dict[str, list[str]] = {}
    for photo in photos:
        if photo.captured_at:
            dates.setdefault(photo.city, []).append(photo.captured_at)
    first_late = {city: _middle(sorted(own)) for city, own in dates.items()}
    made: list[str | None] = []
    for photo in photos:
        cut = first_late.get(photo.city)
        made.append(None if not photo.captured_at or cut is None else EARLIER if photo.captured_at < cut else LATER)
    return made


def _middle(dates: Sequence[str]) -> str | None:
    """The first date of the later half, that which parts them most evenly."""
    cuts = {date: bisect_left(dates, date) for date in dates if date > dates[0]}
    return min(cuts, key=lambda date: (abs(2 * cuts[date] - len(dates)), date), default=None)
