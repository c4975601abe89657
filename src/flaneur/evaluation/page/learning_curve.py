"""A learning curve in; its section of the page (by photos per city, by cities, photos needed) out."""

from __future__ import annotations

from collections.abc import Sequence

from flaneur.errors import counted
from flaneur.evaluation.page.axes import Axis, Chart, band, dot, line, log_axis, number_axis, reach, share_axis, svg
from flaneur.evaluation.page.section_parts import (
    dashed,
    dotted,
    fact,
    facts,
    figure,
    full,
    lined,
    pointed,
    points_table,
    section,
    side_by_side,
    told,
)
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.trials.learning_curve import CurvePoint, LearningCurve
from flaneur.evaluation.trials.scaling import LEAST_PHOTOS

TITLE = "How many photos does it need?"
_GOALS = (0.7, 0.8, 0.9, 0.95, 0.98)
_STEPS = 40  # pieces of the fitted curve


def curve_section(found: LearningCurve) -> str:
    """Accuracy by photos and by cities, with the fitted curve."""
    hint = "Heads fitted again on fewer photos, whole places at a time, and tested on the same photos each time. "
    hint += f"Each point is the mean of {counted(found.draws, 'draw')}." if found.draws > 1 else ""
    if found.encoder_saw_them:
        hint += " The network below the heads was trained on photos of these very cities: a new city needs more."
    if found.uneven:
        names = ", ".join(city.name for city in found.uneven)
        hint += f" Beyond {found.even:,} photos some cities have no more to bring: {names}."
    return section(found.key, TITLE, hint, side_by_side(_by_photos(found), _by_cities(found)), _needed(found))


def _by_photos(found: LearningCurve) -> str:
    if not found.by_photos:
        return ""
    counts = [float(point.count) for point in found.by_photos]
    axis = log_axis("training photos a city", counts, ticks=counts)
    fitted = []
    if found.fit is not None:
        low, high = max(counts[0], LEAST_PHOTOS), counts[-1]
        at = [low * (high / low) ** (step / _STEPS) for step in range(_STEPS + 1)]
        fitted = [(count, found.fit.at(count)) for count in at]
    return _curve("By photos a city", axis, found.by_photos, fitted)


def _by_cities(found: LearningCurve) -> str:
    if not found.by_cities:
        return ""
    axis = number_axis("cities to choose among", [point.count for point in found.by_cities], whole=True)
    return _curve("By number of cities", axis, found.by_cities, [])


def _curve(title: str, axis: Axis, rows: Sequence[CurvePoint], fitted: Sequence[tuple[float, float]]) -> str:
    ends = [*reach(*(row.accuracy for row in rows)), *(row.macro_recall.value for row in rows)]
    chances = [row.chance for row in rows]
    near = min(ends) - max(chances) < max(ends) - min(ends)  # or else the line of chance would flatten all others
    chart = Chart(axis, share_axis("right", [*ends, *(chances if near else [])]))
    marks = band(chart, [(row.count, row.accuracy) for row in rows], 1)
    marks += line(chart, zip((row.count for row in rows), chances, strict=True), 4) if near else ""
    marks += line(chart, [(row.count, row.accuracy.value) for row in rows], 1)
    marks += line(chart, fitted, 5) if fitted else ""
    for row in rows:
        marks += dot(
            chart, row.count, row.macro_recall.value, 2, f"{row.count:,}: macro recall {full(row.macro_recall)}"
        )
        marks += dot(chart, row.count, row.accuracy.value, 1, f"{row.count:,}: accuracy {full(row.accuracy)}")
    told_all = ", ".join(f"{told(row.accuracy)} at {row.count:,}" for row in rows)
    picture = svg(chart, marks, f"Accuracy {title.lower()}: {told_all}")
    legend = [lined(1, "accuracy"), pointed(2, "macro recall")]
    legend += [dashed("the fitted curve")] if fitted else []
    legend += [dotted("a blind guess")] if near else []
    drawn = figure(title, picture, *legend)
    cells = [
        (f"{row.count:,}", told(row.accuracy, 1), told(row.macro_recall, 1), percent(row.chance, 1)) for row in rows
    ]
    heads = (axis.title, "accuracy", "macro recall", "blind guess")
    return drawn + points_table(f"{title} as a table", heads, cells)


def _needed(found: LearningCurve) -> str:
    goals = [goal for goal in _GOALS if found.by_photos and goal > found.by_photos[0].accuracy.value]
    if found.fit is None or found.fit.on_bound or not goals:
        return ""
    best = found.by_photos[-1].accuracy.value
    rows = []
    for goal in goals:
        count = found.needed(goal)
        said = "not known" if count is None else f"about {float(f'{count:.2g}'):,.0f} photos a city"
        rows.append(fact(percent(goal), "right", said, found.why_not(goal)))
    hint = (
        f"Read off the curve fitted from {LEAST_PHOTOS} photos a city on. It tends to {percent(found.fit.ceiling)} and "
        f"misses the points by {100 * found.fit.rmse:.1f} points on average. Up to {percent(best)} was seen; beyond "
        "that it is a guess."
    )
    return f'<h3>For so many right answers</h3><p class="hint">{hint}</p>{facts(*rows)}'
