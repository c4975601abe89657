"""Distances between guess and truth in; their section of the page out."""

from __future__ import annotations

import math
from collections.abc import Callable

from flaneur.errors import counted
from flaneur.evaluation.measures.distance import Distance
from flaneur.evaluation.page.axes import Chart, line, log_axis, reach, share_axis, svg, whiskered
from flaneur.evaluation.page.figures import number_row
from flaneur.evaluation.page.section_parts import (
    ends,
    fact,
    facts,
    figure,
    full,
    kilometres,
    points_table,
    section,
    share_cells,
    side_by_side,
)
from flaneur.evaluation.phrases import listed, percent
from flaneur.metrics import Interval

TITLE = "How far off is it?"
_HEADS = ("within", "share of photos", "95 % interval", "photos", "places")


def distance_section(found: Distance) -> str:
    """Shares within so many kilometres, the middle and mean distance, the game's score."""
    hint = (
        f"From the centre of the city it names to where the photo was taken: half of the photos are within "
        f"{kilometres(found.median_km.value)}, so even a right answer is some way off."
    )
    if found.from_centre:
        hint += (
            f" Measured to the centre of the true city, for want of a position: {counted(found.from_centre, 'photo')}."
        )
    if found.without:
        left_out = counted(found.without, "photo")
        hint += f" Left out, since the centre of {listed(found.cities_without)} is not known: {left_out}."
    if found.unplaced:
        hint += (
            f" Told as a city whose centre is not known: {counted(found.unplaced, 'photo')}, which count as beyond "
            "every distance and as 0 points, and are not in median and mean."
        )
    chart = figure("Share of photos no farther off than …", _chart(found))
    rows = [(kilometres(km), *share_cells(share)) for km, share in found.within]
    table = points_table("The distances as a table", _HEADS, rows)
    return section(found.key, TITLE, hint, side_by_side(chart + table, _facts(found)))


def _chart(found: Distance) -> str:
    kms = [km for km, _ in found.within]
    values = reach(*(share for _, share in found.within))
    across = log_axis("kilometres", [kms[0] / 1.5, kms[-1] * 1.5], ticks=kms)
    chart = Chart(across, share_axis("share of photos", [*values, 1.0]))
    marks = line(chart, [(km, share.value) for km, share in found.within], 1)
    marks += "".join(
        whiskered(chart, km, share, 1, f"within {kilometres(km)}: {full(share)}") for km, share in found.within
    )
    told = ", ".join(f"{percent(share.value)} within {kilometres(km)}" for km, share in found.within)
    return svg(chart, marks, f"Share of photos by distance: {told}")


def _facts(found: Distance) -> str:
    rows = [
        fact("Half within", "median distance", *_both(found.median_km, kilometres)),
        fact("On average", "a few far ones weigh much", *_both(found.mean_km, kilometres)),
        fact("Game score", "of 5,000, as in guessing games", *_both(found.game_score, _score)),
    ]
    if found.same_country.n:
        rows.append(
            number_row(
                "Wrong, but right country",
                "share of the wrong answers; dotted: by chance",
                found.same_country,
                _chance(found.country_by_chance),
            )
        )
    if found.same_continent.n:
        rows.append(
            number_row(
                "Wrong, but right continent",
                "share of the wrong answers; dotted: by chance",
                found.same_continent,
                _chance(found.continent_by_chance),
            )
        )
    return facts(*rows)


def _both(interval: Interval, name: Callable[[float], str]) -> tuple[str, str]:
    return name(interval.value), ends(interval, name)


def _score(score: float) -> str:
    return "–" if math.isnan(score) else f"{score:,.0f}"


def _chance(share: float) -> float | None:
    return None if math.isnan(share) else share
