"""Accuracy by the distance to the nearest training photo in; its section of the page out."""

from __future__ import annotations

import math

from flaneur.errors import counted
from flaneur.evaluation.measures.nearest_train import NearestTrain, Ring
from flaneur.evaluation.page.axes import Chart, log_axis, reach, share_axis, svg, whiskered
from flaneur.evaluation.page.section_parts import (
    facts,
    figure,
    full,
    points_fact,
    points_table,
    section,
    share_cells,
    side_by_side,
    told,
)
from flaneur.evaluation.phrases import metres

TITLE = "Does it remember places?"
_HEADS = ("nearest training photo", "right", "95 % interval", "photos", "places")


def nearest_section(found: NearestTrain) -> str:
    """Accuracy ring by ring, and how it falls."""
    hint = (
        "If it is right mostly where it was trained nearby, it remembers streets rather than knowing the city. "
        f"The nearest photo here lies {metres(found.nearest_m)} from one it learnt from."
    )
    if found.without:
        hint += f" Not here, for want of a position: {counted(found.without, 'photo')}."
    chart = figure("Share that is right", _chart(found))
    table = points_table(
        "Accuracy by distance as a table", _HEADS, [(_name(ring), *share_cells(ring.accuracy)) for ring in found.rings]
    )
    numbers = points_fact("Nearest minus farthest", "points; the thirds of each city’s photos", found.fall)
    return section(found.key, TITLE, hint, side_by_side(chart + table, facts(numbers)))


def _chart(found: NearestTrain) -> str:
    ends = reach(*(ring.accuracy for ring in found.rings))
    edges = sorted({edge for ring in found.rings for edge in (ring.low_m, ring.high_m) if 0 < edge < math.inf}) or [
        100.0
    ]
    axis = log_axis("to the nearest training photo", [edges[0] / 3, *edges, edges[-1] * 3], _metres, edges)
    chart = Chart(axis, share_axis("right", ends))
    marks = "".join(_ring(chart, ring) for ring in found.rings)
    told_all = ", ".join(f"{_name(ring)} {told(ring.accuracy)}" for ring in found.rings)
    return svg(chart, marks, f"Accuracy by distance to the nearest training photo: {told_all}")


def _ring(chart: Chart, ring: Ring) -> str:
    """A bar as wide as the ring, its interval in the middle."""
    low, high = max(ring.low_m, chart.x.low), min(ring.high_m, chart.x.high)
    middle, y = math.sqrt(low * high), chart.down(ring.accuracy.value)
    left, right = chart.across(low) + 1, chart.across(high) - 1
    bar = f'<line class="key-1" x1="{left:.1f}" y1="{y:.1f}" x2="{right:.1f}" y2="{y:.1f}"/>'
    return bar + whiskered(chart, middle, ring.accuracy, 1, f"{_name(ring)}: {full(ring.accuracy)}")


def _metres(distance_m: float) -> str:
    return f"{distance_m / 1000:g} km" if distance_m >= 1000 else f"{distance_m:g} m"


def _name(ring: Ring) -> str:
    if math.isinf(ring.high_m):
        return f"over {_metres(ring.low_m)}"
    return f"under {_metres(ring.high_m)}" if ring.low_m <= 0 else f"{_metres(ring.low_m)} to {_metres(ring.high_m)}"
