"""A report in; the photos that it was most wrong about as one figure out."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from flaneur.decode import decode
from flaneur.errors import InputError, PhotoError, UsageError
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.plots.figure import INK, MODEL, WRONG, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from flaneur.evaluation.answers import Answers
    from flaneur.evaluation.report import Report

_SIDE_PX = 320
_COLUMNS = 3


def top_losses_figure(report: Report, count: int = 9) -> Figure:
    """The photos with the highest loss, one a place: what it took them for, and what they are.

    The loss is the negative logarithm of the probability that the model gave the true city.

    Args:
        report: from :func:`flaneur.evaluate`; the photos must still be where they were.
        count: of photos.

    Raises:
        InputError: none of the photos can be read.
        UsageError: matplotlib is not installed, or the count is below 1.
    """
    if count < 1:
        raise UsageError(f"count={count}: a figure shows at least one photo. Use 1 or more.")
    known = report.known
    rows = losing_rows(known)
    wide = min(_COLUMNS, count)
    tall = math.ceil(min(count, len(rows)) / wide)
    figure = new_figure(2.3 * wide, 2.5 * tall)
    frames = figure.subplots(tall, wide, squeeze=False).ravel()
    for axes in frames:
        axes.set_axis_off()
    shown = 0
    for row in rows:
        if shown == min(count, len(frames)):
            break
        shown += _show(frames[shown], report, row)
    if not shown:
        raise InputError("None of the report's photos can be read any more. Evaluate again where they are.")
    return figure


def losing_rows(known: Answers) -> list[int]:
    """Rows with the highest loss first, one a place.

    Args:
        known: answers of photos whose city the model knows.
    """
    chance = known.log_probabilities[np.arange(len(known.photos)), known.labels]
    seen: dict[int, int] = {}
    for row in np.argsort(chance, kind="stable").tolist():
        seen.setdefault(int(known.places[row]), row)
    return list(seen.values())


def _show(axes: Axes, report: Report, row: int) -> bool:
    """Draw one photo; ``False`` where it cannot be read."""
    known = report.known
    photo = known.photos[row]
    try:
        picture = decode(report.paths[photo.id], at_least_px=_SIDE_PX).image.copy()
    except PhotoError:
        return False
    picture.thumbnail((_SIDE_PX, _SIDE_PX))
    axes.imshow(np.asarray(picture))
    truth = known.cities[int(known.labels[row])].name
    guess = known.cities[int(known.guesses[row])].name
    own = _rounded(float(np.exp(known.log_probabilities[row, known.labels[row]])))
    right = bool(known.correct[row])
    said = "right" if right else f"taken for {guess}, {_rounded(float(known.confidence[row]))}"
    axes.set_title(f"{truth}: given {own}\n{said}", fontsize=8, loc="left", color=MODEL if right else WRONG)
    credit = " · ".join(part for part in (photo.author, photo.licence) if part)
    axes.text(0, -0.02, credit, transform=axes.transAxes, fontsize=4.5, va="top", color=INK)
    return True


def _rounded(probability: float) -> str:
    """Per cent that never claim certainty.

    >>> _rounded(0.9991), _rounded(0.4), _rounded(0.0002)
    ('over 99 %', '40 %', 'under 1 %')
    """
    if probability > 0.99:
        return "over 99 %"
    return "under 1 %" if probability < 0.01 else percent(probability)
