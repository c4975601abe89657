"""Numbers along a scale in (photos, views, metres from a training photo); curves with their intervals out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from flaneur.evaluation.measures.nearest_train import NearestTrain, Ring
from flaneur.evaluation.measures.view_count import ViewCount
from flaneur.evaluation.plots.figure import FAINT, MODEL, WRONG, new_figure, plain_axes, reach
from flaneur.evaluation.trials.learning_curve import LearningCurve
from flaneur.evaluation.trials.scaling import LEAST_PHOTOS
from flaneur.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def nearest_train_figure(found: NearestTrain) -> Figure:
    """Accuracy by the distance to the nearest training photo.

    Args:
        found: of a report.
    """
    figure = new_figure(3.8, 2.8)
    axes = plain_axes(figure.add_subplot(), grid="y")
    _line(axes, range(len(found.rings)), [ring.accuracy for ring in found.rings], "")
    names = [_ring_name(ring) for ring in found.rings]
    axes.set_xticks(range(len(names)), names, fontsize=7, rotation=30, ha="right", rotation_mode="anchor")
    axes.set_xlabel("to the nearest training photo", fontsize=9)
    axes.set_ylabel("share right", fontsize=9)
    return figure


def view_count_figure(found: ViewCount) -> Figure:
    """Accuracy by the number of views of a place.

    Args:
        found: of a report.
    """
    figure = new_figure(3.5, 2.6)
    axes = plain_axes(figure.add_subplot())
    _line(axes, [views for views, _ in found.rows], [accuracy for _, accuracy in found.rows], "")
    axes.set_xticks([views for views, _ in found.rows])
    axes.set_xlabel(f"views joined, of the same {found.places:,} places", fontsize=9)
    axes.set_ylabel("share of places right", fontsize=9)
    return figure


def learning_curve_figure(found: LearningCurve) -> Figure:
    """Accuracy by training photos a city, with the fitted curve, and by number of cities.

    Args:
        found: of a report.
    """
    figure = new_figure(7.0, 2.8)
    left, right = figure.subplots(1, 2)
    _line(
        plain_axes(left), [point.count for point in found.by_photos], [p.accuracy for p in found.by_photos], "measured"
    )
    left.set_xscale("log")
    if found.fit is not None:
        counts = np.geomspace(LEAST_PHOTOS, max(LEAST_PHOTOS, found.by_photos[-1].count), 60)
        curve = [found.fit.at(count) for count in counts.tolist()]
        left.plot(counts, curve, color=WRONG, linestyle="--", linewidth=1, label="fitted")
        left.legend(frameon=False, fontsize=7, loc="lower right")
    left.set_xticks([point.count for point in found.by_photos], [f"{point.count:,}" for point in found.by_photos])
    left.minorticks_off()
    left.set_xlabel("training photos a city", fontsize=9)
    left.set_ylabel("share right", fontsize=9)
    _line(plain_axes(right), [point.count for point in found.by_cities], [p.accuracy for p in found.by_cities], "head")
    chances = [point.chance for point in found.by_cities]
    right.plot([point.count for point in found.by_cities], chances, color=FAINT, linestyle=":", label="blind guess")
    right.set_ylim(0, 1.02)
    right.set_xlabel("cities to tell apart", fontsize=9)
    right.legend(frameon=False, fontsize=7, loc="lower left")
    return figure


def _line(axes: Axes, x: Sequence[float], seen: Sequence[Interval], label: str) -> None:
    ends = list(zip(*(reach(one) for one in seen), strict=True))
    axes.errorbar(x, [one.value for one in seen], yerr=ends, color=MODEL, fmt="o-", markersize=4, linewidth=1.2,
                  elinewidth=1, capsize=2, label=label)  # fmt: skip


def _ring_name(ring: Ring) -> str:
    """Its ends, as people read them.

    >>> one = Interval(1, 1, 1, 1, 1)
    >>> [_ring_name(Ring(*ends, one)) for ends in ((0, 100), (500, 1000), (1000, 2000), (5000, math.inf))]
    ['0–100 m', '500 m–1 km', '1–2 km', 'over 5 km']
    """
    if math.isinf(ring.high_m):
        return f"over {_metres(ring.low_m)}"
    if ring.high_m < 1000 or ring.low_m == 0:
        return f"{ring.low_m:g}–{_metres(ring.high_m)}"
    low = f"{ring.low_m / 1000:g}" if ring.low_m >= 1000 else _metres(ring.low_m)
    return f"{low}–{_metres(ring.high_m)}"


def _metres(distance_m: float) -> str:
    return f"{distance_m / 1000:g} km" if distance_m >= 1000 else f"{distance_m:g} m"
