"""A report in; a map of its cities out: how well each is found, and arrows from a city to what it is taken for."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from flaneur.cities import located
from flaneur.errors import counted
from flaneur.evaluation.page.confusion import Mistake, cell_words, mistakes
from flaneur.evaluation.page.land import Window, grid_lines, land_path
from flaneur.evaluation.page.places import apart, labels
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.report import Report
from flaneur.types import Location

Floats = NDArray[np.float64]
_STEPS_DEG = (0.5, 1.0, 2.0)
_DOT_PX = 2.9  # from dot to dot of the land, at least
_NAMED = 4  # mistakes without an arrow
_LEAST_DEG = 8.0  # a window is no narrower
_WORST = 0.3  # recall from which down a city has the colour of a mistake
_HINT = "Colour and number: share of a city’s photos that are recognised."
_ARROWS = (
    " Arrows: the commonest mistakes, of those made more than once, from the true city to the answer; the thicker, the "
    "larger the share of the city’s photos."
)
_LAND = "Land: settlements by GeoNames (geonames.org), CC BY 4.0."


@dataclass(frozen=True, slots=True)
class _Sheet:
    """A size of the map: pixels, the range of its shape, and how much is drawn."""

    kind: str
    width: float
    shape: tuple[float, float]
    radius: float
    letter: float
    arrows: int


_SHEETS = (
    _Sheet("wide", 960, (0.34, 0.52), 7, 13, 14),
    _Sheet("narrow", 360, (0.6, 1.25), 5.5, 12, 8),
)


def map_section(report: Report) -> str:
    """The map; nothing where fewer than two cities have a known position."""
    where = city_positions(report)
    if len(where) < 2:
        return ""
    cities = report.known.cities
    missing = [city.name for index, city in enumerate(cities) if index not in where]
    lost = f" Not on the map, since their position is not known: {', '.join(missing)}." if missing else ""
    lost += _without_arrow(report, where)
    drawn = "".join(_draw(report, where, sheet) for sheet in _SHEETS)
    return (
        '<section aria-labelledby="map"><h2 id="map">On the map</h2>'
        f'<p class="hint">{_HINT}{_ARROWS if mistakes(report, 2) else ""}</p><div class="maps">{drawn}</div>'
        f'<p class="note">{_LAND}{escape(lost)}</p></section>'
    )


def _without_arrow(report: Report, where: dict[int, Location]) -> str:
    """The commonest mistakes that would be drawn if the position of both cities were known."""
    cities = report.known.cities
    told = [
        f"{cities[one.truth].name} taken for {cities[one.guess].name} ({counted(one.count, 'photo')})"
        for one in mistakes(report, 2)[: _SHEETS[0].arrows]
        if one.truth not in where or one.guess not in where
    ]
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return f" So these common mistakes have no arrow: {', '.join(told[:_NAMED])}{more}." if told else ""


def city_positions(report: Report) -> dict[int, Location]:
    """Where a city is, by column: its centre, else the middle of its photos, else what the gazetteer says."""
    found: dict[int, Location] = {}
    photos = report.known.photos
    for index, city in enumerate(report.known.cities):
        spots = [photos[row].location for row in np.flatnonzero(report.known.labels == index)]
        known = np.array([(spot.lat, spot.lon) for spot in spots if spot is not None])
        if city.centre is not None:
            found[index] = city.centre
        elif len(known):
            found[index] = Location(*np.median(known, axis=0).round(4).tolist())
        elif (centre := located(city).centre) is not None:
            found[index] = centre
    return found


def fit_window(places: Floats, shape: tuple[float, float]) -> tuple[Window, float]:
    """The smallest window around all places, with some air, cut where the world is emptiest.

    Args:
        places: ``[N, 2]`` latitude and longitude in degrees.
        shape: height by width, least and most.

    Returns:
        The window, and how much longer a degree of latitude is drawn than one of longitude.
    """
    lats, lons = places[:, 0], np.sort(places[:, 1])
    gaps = np.diff(np.r_[lons, lons[0] + 360])
    cut = int(gaps.argmax())
    west = float(lons[(cut + 1) % len(lons)])
    middle = west + (360 - float(gaps[cut])) / 2
    centre = float(lats.min() + lats.max()) / 2
    stretch = 1 / max(0.4, float(np.cos(np.radians(centre))))
    high = 1.3 * float(np.ptp(lats)) * stretch
    wide = min(360.0, max(_LEAST_DEG, 1.16 * (360 - float(gaps[cut])), high / shape[1]))
    tall = float(np.clip(high / wide, *shape)) * wide / stretch
    south = float(np.clip(centre - tall / 2, -60, max(-60, 84 - tall)))
    return Window(middle - wide / 2, middle + wide / 2, south, south + tall), stretch


def _draw(report: Report, where: dict[int, Location], sheet: _Sheet) -> str:
    columns = list(where)
    places = np.array([(where[column].lat, where[column].lon) for column in columns])
    window, stretch = fit_window(places, sheet.shape)
    scale = sheet.width / (window.east - window.west)
    height = (window.north - window.south) * stretch * scale
    true = np.stack(
        [((places[:, 1] - window.west) % 360) * scale, (window.north - places[:, 0]) * stretch * scale], axis=1
    )
    radius = sheet.radius if len(columns) <= 30 else 0.62 * sheet.radius
    points = apart(true, 2 * radius + 3, (sheet.width, height))
    spot = {column: points[row] for row, column in enumerate(columns)}
    found = [one for one in mistakes(report, 2) if one.truth in spot and one.guess in spot][: sheet.arrows]
    arrows = "".join(_arrow(report, one, spot, radius) for one in found)
    step = next((step for step in _STEPS_DEG if step * scale >= _DOT_PX), _STEPS_DEG[-1])
    unit = step * scale
    return (
        f'<svg class="map {sheet.kind}" viewBox="0 0 {sheet.width:.0f} {height:.0f}" role="img" '
        f'aria-label="Map of the cities; the same numbers stand in the tables below">'
        f'<path class="grid" d="{_grid(window, scale, stretch)}"/>'
        f'<path class="land" transform="scale({unit:.3f})" d="{land_path(window, step, stretch)}"/>'
        f"{arrows}{_pins(report, columns, (true, points), radius)}"
        f"{_names(report, columns, points, (sheet.letter, height, sheet.width, radius))}</svg>"
    )


def _grid(window: Window, scale: float, stretch: float) -> str:
    lons, lats = grid_lines(window)
    height = (window.north - window.south) * stretch * scale
    upright = [f"M{(lon - window.west) * scale:.1f} 0v{height:.0f}" for lon in lons]
    level = [
        f"M0 {(window.north - lat) * stretch * scale:.1f}h{(window.east - window.west) * scale:.0f}" for lat in lats
    ]
    return "".join(upright + level)


def _pins(report: Report, columns: list[int], spots: tuple[Floats, Floats], radius: float) -> str:
    side, made = len(report.known.cities), []
    for column, true, (x, y) in zip(columns, *spots, strict=True):
        recall = report.which.per_city[column].recall
        off = float(np.hypot(true[0] - x, true[1] - y))
        lead = (
            f'<line class="lead" x1="{true[0]:.1f}" y1="{true[1]:.1f}" x2="{x:.1f}" y2="{y:.1f}"/>'
            if off > radius
            else ""
        )
        title = escape(cell_words(report.known.cities, (column, column), report.which.rates[column * (side + 1)]))
        share = 0.0 if np.isnan(recall.value) else 100 * np.clip((recall.value - _WORST) / (1 - _WORST), 0, 1)
        kind = "pin none" if np.isnan(recall.value) else "pin"
        made.append(
            f'{lead}<circle class="{kind}" style="--p:{share:.0f}%" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"<title>{title}</title></circle>"
        )
    return "".join(made)


def _names(report: Report, columns: list[int], points: Floats, sheet: tuple[float, float, float, float]) -> str:
    letter, height, width, radius = sheet
    names = [report.known.cities[column].name for column in columns]
    recalls = [report.which.per_city[column].recall.value for column in columns]
    shares = [percent(recall) for recall in recalls]
    texts = [f"{name} {share}" for name, share in zip(names, shares, strict=True)]
    order = sorted(range(len(columns)), key=lambda row: (np.nan_to_num(recalls[row], nan=2.0), row))
    made = []
    for label in labels(points, texts, order, letter, (2, 2, width - 2, height - 2), radius + 1):
        x, y = points[label.index]
        if label.far:
            made.append(f'<line class="lead" x1="{x:.1f}" y1="{y:.1f}" x2="{label.x:.1f}" y2="{label.y - 4:.1f}"/>')
        text = f"{escape(names[label.index])} <tspan>{shares[label.index]}</tspan>"
        made.append(
            f'<text class="{label.anchor}" x="{label.x:.1f}" y="{label.y:.1f}" font-size="{letter:.0f}">{text}</text>'
        )
    return "".join(made)


def _arrow(report: Report, one: Mistake, spot: dict[int, Floats], radius: float) -> str:
    """A bow from truth to guess, bent to the right so that two opposite ones do not meet."""
    start, end = spot[one.truth], spot[one.guess]
    along = end - start
    length = float(np.hypot(*along))
    if length < 2 * radius:
        return ""
    bend = (start + end) / 2 + np.array([-along[1], along[0]]) * 0.16
    thick = 1.2 + 9 * min(0.5, one.rate.value)
    head = 4 + 1.5 * thick
    leave, arrive = _unit(bend - start), _unit(end - bend)
    begin, tip = start + leave * (radius + 2), end - arrive * (radius + 2)
    neck = tip - arrive * head
    across = np.array([-arrive[1], arrive[0]]) * head * 0.5
    corners = " ".join(f"{x:.1f},{y:.1f}" for x, y in (tip, neck + across, neck - across))
    title = escape(cell_words(report.known.cities, (one.truth, one.guess), one.rate))
    return (
        f'<g class="arrow"><title>{title}</title><path d="M{begin[0]:.1f} {begin[1]:.1f}Q{bend[0]:.1f} {bend[1]:.1f} '
        f'{neck[0]:.1f} {neck[1]:.1f}" stroke-width="{thick:.1f}"/><polygon points="{corners}"/></g>'
    )


def _unit(vector: Floats) -> Floats:
    return np.asarray(vector / max(1e-9, float(np.hypot(*vector))))
