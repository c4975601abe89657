"""Where a model succeeds in; the section of the page with a small map of every city out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import counted
from flaneur.evaluation.page.section_parts import (
    facts,
    figure,
    pointed,
    points_fact,
    points_table,
    section,
    share_cells,
    side_by_side,
    told,
)
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.page.local_map import Box, local_map
from flaneur.explain.atlas.page.said import said
from flaneur.explain.atlas.where import District, Where, WhereCity
from flaneur.explain.atlas.words import unanswered

TITLE = "Where in a city it succeeds"
_RIGHT, _WRONG, _REFUSED = 1, 2, 3
_WORST = 0.5  # recall from which down a district has the full colour of a mistake


def where_section(found: Where, thumbnails: Thumbnails) -> str:  # noqa: ARG001
    """A map a city: every new photo, right or wrong, over districts coloured by how many are missed."""
    hint = (
        "Every photo where it was taken, over districts of about as many places each: the stronger the colour, the "
        "more often the first guess is another city. Shares are of first guesses that are right"
        f"{unanswered(found.answers, _counted(found))}. {found.basis.words}"
    )
    if found.without:
        hint += f" {counted(found.without, 'photo')} of these have no position."
    maps = [_map(found, one) for one in found.cities]
    heads = ("district", "first guess right", "95 % interval", "photos", "places")
    rows = [
        (f"{one.city.name}, {_spot(district)}", *share_cells(district.recall))
        for one in found.cities
        for district in one.districts
    ]
    fall = points_fact(
        "In the middle more often than at the edge",
        "the third of each city’s photos nearest to its middle less the outermost third, in points",
        found.fall,
    )
    table = points_table("The districts as a table, by their middles", heads, rows)
    return section(
        found.key,
        TITLE,
        hint,
        said(found.findings()),
        "<h3>City by city</h3>",
        side_by_side(*maps),
        facts(fall),
        table,
    )


def _counted(found: Where) -> NDArray[np.bool_]:
    rows = np.zeros(len(found.answers.photos), bool)
    rows[[row for one in found.cities for row in one.rows.tolist()]] = True
    return rows


def _spot(district: District) -> str:
    lat, lon = ((low + high) / 2 for low, high in zip(district.south_west, district.north_east, strict=True))
    return f"{lat:.3f}, {lon:.3f}"


def _map(found: Where, one: WhereCity) -> str:
    located = [found.answers.photos[row].location for row in one.rows]
    spots = [location for location in located if location is not None]
    keys = [_verdict(found, row) for row in one.rows.tolist()]
    boxes = [_box(district) for district in one.districts]
    label = f"{one.city.name}: where photos are told right and where not; first guess right: {told(one.recall)}"
    legend = [
        pointed(key, name)
        for key, name in ((_RIGHT, "right"), (_WRONG, "wrong"), (_REFUSED, "would not answer"))
        if key in keys
    ]
    return figure(
        f"{one.city.name}: first guess right {told(one.recall)}", local_map(spots, keys, label, boxes), *legend
    )


def _verdict(found: Where, row: int) -> int:
    if not found.answers.answered[row]:
        return _REFUSED
    return _RIGHT if found.answers.correct[row] else _WRONG


def _box(district: District) -> Box:
    missed = min(1.0, (1 - district.recall.value) / (1 - _WORST))
    title = f"First guess right: {told(district.recall)} of {counted(district.recall.n, 'photo')}"
    return Box(district.south_west, district.north_east, missed, title)
