"""Distances between cities in; their section of the page out: which stand apart, a tree, every distance."""

from __future__ import annotations

import math
from html import escape
from itertools import combinations

from flaneur.evaluation.page.axes import number_axis, reach
from flaneur.evaluation.page.figures import behind
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    fact,
    facts,
    figure,
    pointed,
    points_table,
    section,
    side_by_side,
)
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.evaluation.phrases import percent
from flaneur.explain.atlas.basis import FEW_PLACES, ONE_SPOT
from flaneur.explain.atlas.cities.points import CityPoint, CityPoints, number
from flaneur.explain.atlas.cities.tree import leaves
from flaneur.explain.atlas.page.dendrogram import FIRM, dendrogram
from flaneur.explain.atlas.page.said import said
from flaneur.metrics import Interval

TITLE = "Cities as points"
_MANY = 25
_MOST_PAIRS = 100
_UNIT = "1 = two photos of one city"


def cities_section(found: CityPoints, thumbnails: Thumbnails) -> str:  # noqa: ARG001
    """Most and least distinct cities, the tree, the distances."""
    hint = (
        "How far apart the photos of two cities are for the model’s encoder, beyond what chance makes of so few. The "
        f"unit: the distance of two photos of one city from different places. {found.basis.words} {ONE_SPOT}"
    )
    left_out = ""
    if found.basis.left_out:
        left_out = f'<p class="note">Too few places: {escape(", ".join(found.basis.left_out))}.</p>'
    footnote = ""
    if any(point.few_spots for point in found.points):
        footnote = f'<p class="note">* Fewer than {FEW_PLACES} squares: the interval says too little.</p>'
    names = [_named(point) for point in found.points]
    heads = ("cities", "distance", "95 % interval", "photos", "squares of each")
    nearest_first = sorted(combinations(range(len(names)), 2), key=lambda pair: found.between(*pair).value)
    rows = [
        (
            f"{names[one]} – {names[other]}",
            *_cells(found.between(one, other)),
            f"{found.points[one].spots:,} and {found.points[other].spots:,}",
        )
        for one, other in nearest_first
    ]
    few = f"The {_MOST_PAIRS} nearest pairs" if len(rows) > _MOST_PAIRS else "The distances"
    return section(
        found.key,
        TITLE,
        hint,
        said(found.findings()),
        "<h3>Which stand apart, and which look alike</h3>",
        side_by_side(_distinct(found), _tree(found, names)),
        _matrix(found, names),
        facts(_projects(found)),
        points_table(f"{few} with their intervals", heads, rows[:_MOST_PAIRS]),
        footnote,
        left_out,
    )


def _named(point: CityPoint) -> str:
    """Its name, marked where little is known of it."""
    return f"{point.city.name}*" if point.few_spots else point.city.name


def _cells(found: Interval) -> tuple[str, str, str]:
    ends = f"{found.low:.2f} to {found.high:.2f}" if math.isfinite(found.low) else "–"
    return f"{found.value:.2f}", ends, f"{found.n:,}"


def _distinct(found: CityPoints) -> str:
    rows = [
        Row(
            _named(point),
            f"{point.apart.value:.2f}",
            (
                Mark(
                    1, point.apart, f"{point.city.name}: {number(point.apart)} from the others, {behind(point.apart)}"
                ),
                Mark(2, point.spread, f"{point.city.name}: two of its own photos {number(point.spread)}"),
            ),
        )
        for point in (found.points[one] for one in found.by_distinctness())
    ]
    values = [value for point in found.points for value in reach(point.apart, point.spread)]
    label = "Cities, the most distinct first: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    drawn = forest(rows, number_axis(f"distance, {_UNIT}", values), label)
    return figure(
        "The most distinct city first", drawn, pointed(1, "from the other cities"), pointed(2, "of two own photos")
    )


def _tree(found: CityPoints, names: list[str]) -> str:
    drawn = dendrogram(found.merges, names, f"mean distance, {_UNIT}")
    return figure(
        "Joined where they are near",
        drawn,
        pointed(1, f"so in {percent(FIRM)} or more of resamples"),
        pointed(2, "less often"),
    )


def _matrix(found: CityPoints, names: list[str]) -> str:
    """Rows and columns in the order of the tree; the nearer, the stronger the colour."""
    order = leaves(found.merges)
    far = max(one.value for one in found.pairs) or 1.0
    head = "".join(f'<th scope="col"><span>{escape(names[column])}</span></th>' for column in order)
    lines = []
    for row in order:
        cells = "".join(_cell(found, (row, column), far, names) for column in order)
        lines.append(f'<tr><th scope="row">{escape(names[row])}</th>{cells}</tr>')
    kind = "distances of-many tiny" if len(names) > _MANY else "distances"
    table = (
        f'<table class="confusion"><thead><tr><th scope="col" class="corner">distance</th>{head}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )
    label = 'tabindex="0" role="region" aria-label="Distances of all cities from one another"'
    return (
        f'<h3>Every distance: the nearer, the stronger its colour</h3><div class="scroll {kind}" {label}>{table}</div>'
    )


def _cell(found: CityPoints, pair: tuple[int, int], far: float, names: list[str]) -> str:
    one, other = pair
    if one == other:
        return '<td class="nil"></td>'
    seen = found.between(one, other)
    title = escape(f"{names[one]} and {names[other]}: {number(seen)}, {behind(seen)}", quote=True)
    shade = f"--r:{max(0.0, 1 - seen.value / far):.3f}"
    return f'<td class="right" style="{shade}" title="{title}"><b>{seen.value:.2f}</b></td>'


def _projects(found: CityPoints) -> str:
    if math.isnan(found.across.value):
        return ""
    sign = "+" if found.across.value > 0 else ""
    return fact(
        "Of different projects",
        "how much farther apart two cities are than two of one project, on average; above 0, cameras may be part of it",
        f"{sign}{found.across.value:.2f}".replace("-", "−"),
        f"{found.across.low:.2f} to {found.across.high:.2f} · {behind(found.across)}".replace("-", "−"),
    )
