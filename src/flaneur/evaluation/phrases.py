"""Numbers and intervals in; how people read them, out."""

from __future__ import annotations

import math
from collections.abc import Sequence

from flaneur.errors import counted
from flaneur.metrics import Interval
from flaneur.types import Photo

FEW_PLACES = 15  # fewer places than these and an interval spans some 40 points


def percent(share: float, digits: int = 0) -> str:
    """A share as people read it; undefined is a dash.

    >>> percent(0.9129), percent(0.9129, 1), percent(float("nan"))
    ('91 %', '91.3 %', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Names in a sentence; of many the first few.

    >>> listed(["Arles", "Bari", "Cork"]), listed(["Arles", "Bari", "Cork"], 2)
    ('Arles, Bari, Cork', 'Arles, Bari and 1 more')
    """
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def metres(distance_m: float) -> str:
    """A distance to the metre, as the audit of a split tells it too.

    >>> metres(50.8), metres(1283.4)
    ('51 m', '1,283 m')
    """
    return f"{distance_m:,.0f} m"


def span(interval: Interval, digits: int = 0) -> str:
    """The interval's ends.

    >>> span(Interval(0.9, 0.874, 0.921, 100, 30))
    '87 to 92 %'
    """
    if math.isnan(interval.low):
        return "–"
    return f"{100 * interval.low:.{digits}f} to {100 * interval.high:.{digits}f} %"


def points(difference: float, digits: int = 0) -> str:
    """A difference of two shares, without its sign, in percentage points.

    >>> points(-0.072), points(0.0149), points(0.0149, 1)
    ('7 points', '1 point', '1.5 points')
    """
    rounded = f"{100 * abs(difference):.{digits}f}"
    return f"{rounded} point" if rounded == "1" else f"{rounded} points"


def points_span(interval: Interval) -> str:
    """The ends of a difference's interval in percentage points.

    >>> points_span(Interval(-0.02, -0.071, 0.032, 100, 30))
    '−7 to 3'
    """
    ends = (f"{100 * end:.0f}".replace("-0", "0").replace("-", "−") for end in (interval.low, interval.high))
    return " to ".join(ends)


def signed(difference: float) -> str:
    """A difference of shares in percentage points, with its sign; undefined is a dash.

    >>> signed(0.021), signed(-0.3), signed(0.0), signed(math.nan)
    ('+2.1', '−30.0', '0.0', '–')
    """
    if math.isnan(difference):
        return "–"
    text = f"{abs(100 * difference):.1f}"
    return text if text == "0.0" else f"{'−' if difference < 0 else '+'}{text}"


_UNREAD = {
    "not_found": "the file is gone",
    "empty": "an empty file",
    "not_an_image": "no picture",
    "unsupported_format": "a format that is not read",
    "truncated": "cut off",
    "corrupt": "damaged",
    "too_large": "too large",
    "too_small": "too small",
}


def unread(failed: Sequence[tuple[Photo, str]], most: int = 3) -> str:
    """Which photos could not be read, and why.

    Args:
        failed: photos with the code of a :class:`flaneur.errors.PhotoError`; at least one.
        most: how many are named.

    >>> gone = [(Photo(f"a:{n}", "0", "oslo", "p", 64, 48, "a"), "not_found") for n in range(4)]
    >>> unread(gone, 2)
    '4 photos could not be read: a:0 (the file is gone), a:1 (the file is gone) and 2 more'
    """
    named = ", ".join(f"{photo.id} ({_UNREAD.get(code, 'not readable')})" for photo, code in failed[:most])
    more = f" and {len(failed) - most:,} more" if len(failed) > most else ""
    return f"{counted(len(failed), 'photo')} could not be read: {named}{more}"
