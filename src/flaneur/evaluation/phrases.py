"""Numbers and intervals in; how people read them, out."""

from __future__ import annotations

import math

from flaneur.metrics import Interval


def percent(share: float, digits: int = 0) -> str:
    """A share as people read it; undefined is a dash.

    >>> percent(0.9129), percent(0.9129, 1), percent(float("nan"))
    ('91 %', '91.3 %', '–')
    """
    return "–" if math.isnan(share) else f"{100 * share:.{digits}f} %"


def span(interval: Interval, digits: int = 0) -> str:
    """The interval's ends.

    >>> span(Interval(0.9, 0.874, 0.921, 100, 30))
    '87 to 92 %'
    """
    if math.isnan(interval.low):
        return "–"
    return f"{100 * interval.low:.{digits}f} to {100 * interval.high:.{digits}f} %"


def points(difference: float) -> str:
    """A difference of two shares, without its sign, as people read it.

    >>> points(-0.072), points(0.0149)
    ('7 points', '1 point')
    """
    rounded = f"{100 * abs(difference):.0f}"
    return f"{rounded} point" if rounded == "1" else f"{rounded} points"


def kilometres(distance_km: float) -> str:
    """A distance with as many digits as mean something; undefined is a dash.

    >>> kilometres(0.183), kilometres(7.54), kilometres(1283.4), kilometres(float("nan"))
    ('180 m', '7.5 km', '1,283 km', '–')
    """
    if math.isnan(distance_km):
        return "–"
    if distance_km < 1:
        return f"{round(1000 * distance_km, -1):.0f} m"
    return f"{distance_km:,.1f} km" if distance_km < 10 else f"{distance_km:,.0f} km"
