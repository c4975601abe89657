"""An area and a seed in; spots to look for photos at out, evenly by area, the same ones every time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from flaneur.area.rings import Points2
from flaneur.area.shapes import Area, Disc, Points, Polygon
from flaneur.errors import UsageError, counted, did_you_mean, install_extra
from flaneur.geo import distance_km
from flaneur.types import Location

SAMPLINGS = ("uniform", "grid", "positions")
CELLS_AT_LEAST, CELLS_AT_MOST = 100, 200_000
"""How many H3 cells an area is cut into: at least, where no resolution is asked for; at most, whatever is."""
_BATCH = 256


def spots(area: Area, *, sampling: str, seed: int, cell_resolution: int | None = None) -> Iterator[Location]:
    """Where to look, one spot after another.

    Args:
        area: where.
        sampling: ``uniform``: anywhere, every square metre alike. ``grid``: the area's H3 cells in a random order, one
            spot in each, round after round, so that few spots already cover it. ``positions``: those of :class:`Points`
            in a random order, each once.
        seed: of every choice.
        cell_resolution: of ``grid``, 0 to 15; by default the coarsest that cuts the area into
            :data:`CELLS_AT_LEAST` cells.

    Returns:
        An iterator without end; with ``positions`` it ends.

    Raises:
        UsageError: sampling, area and resolution do not go together, or h3 is not installed.

    >>> paris = Disc(Location(48.8566, 2.3522), 10.0)
    >>> first = next(spots(paris, sampling="uniform", seed=0))
    >>> paris.contains(first), first == next(spots(paris, sampling="uniform", seed=0))
    (True, True)
    """
    if sampling not in SAMPLINGS:
        raise UsageError(f"No sampling called {sampling!r}.{did_you_mean(sampling, SAMPLINGS)} {', '.join(SAMPLINGS)}.")
    if isinstance(area, Points) != (sampling == "positions"):
        what = "A list of positions" if isinstance(area, Points) else "A disc or polygon"
        raise UsageError(f"{what} cannot be sampled by {sampling!r}; a list goes with 'positions', and only a list.")
    if cell_resolution is not None and sampling != "grid":
        raise UsageError(f"A cell resolution has no effect with sampling {sampling!r}; it belongs to 'grid'.")
    rng = np.random.default_rng(seed)
    if isinstance(area, Points):
        return (area.locations[index] for index in rng.permutation(len(area.locations)))
    if sampling == "grid":
        return _grid(area, rng, cells_of(area, cell_resolution))
    return _uniform(area, rng)


def _uniform(area: Disc | Polygon, rng: np.random.Generator) -> Iterator[Location]:
    while True:
        yield from _locations(area.draw(rng, _BATCH))


def _grid(area: Disc | Polygon, rng: np.random.Generator, cells: list[str]) -> Iterator[Location]:
    """One even draw in every cell a round; what falls outside the area is left out, so cells on its edge get their due.

    Without that, the sliver of a cell that lies in the area would be looked at as often as a whole cell.
    """
    draw = cache(_in_cell)
    while True:
        order = rng.permutation(len(cells))
        for start in range(0, len(order), _BATCH):
            points = np.array([draw(cells[index])(rng) for index in order[start : start + _BATCH]])
            yield from _locations(points[area.inside(points)])


def _in_cell(cell: str) -> Callable[[np.random.Generator], tuple[float, float]]:
    """Draws points of one H3 cell, evenly: in the disc round it, until one hits."""
    h3 = _h3()
    centre = Location(*h3.cell_to_latlng(cell))
    corners = np.array(h3.cell_to_boundary(cell))
    # 1 %: edges may bulge a little beyond the circle of the corners
    round_it = Disc(centre, 1.01 * float(distance_km(corners, np.array([[centre.lat, centre.lon]])).max()))
    resolution = h3.get_resolution(cell)

    def draw(rng: np.random.Generator) -> tuple[float, float]:
        while True:
            lat, lon = round_it.draw(rng, 1)[0].tolist()
            if h3.latlng_to_cell(lat, lon, resolution) == cell:
                return lat, lon

    return draw


def cells_of(area: Disc | Polygon, resolution: int | None = None) -> list[str]:
    """The H3 cells that an area lies in, sorted; those at its edge as well, and a few beyond.

    Args:
        area: where.
        resolution: 0 to 15, or ``None`` for the coarsest with :data:`CELLS_AT_LEAST` cells.

    Raises:
        UsageError: h3 is not installed, or the resolution does not fit the area.

    >>> len(cells_of(Disc(Location(48.8566, 2.3522), 10.0)))
    617
    """
    h3 = _h3()
    fineness = _resolution(area, resolution)
    # Along the outline at a third of an edge, then one cell further: nothing at the edge is missed.
    step_km = h3.average_hexagon_edge_length(fineness, unit="km") / 3
    outline = {h3.latlng_to_cell(lat, lon, fineness) for lat, lon in area.outline(step_km).tolist()}
    found = {near for cell in outline for near in h3.grid_disk(cell, 1)}
    frontier = sorted(found)
    while frontier:
        centres = np.array([h3.cell_to_latlng(cell) for cell in frontier])
        within = [cell for cell, hit in zip(frontier, area.inside(centres), strict=True) if hit]
        frontier = sorted({near for cell in within for near in h3.grid_disk(cell, 1)} - found)
        found.update(frontier)
    return sorted(found)


def _resolution(area: Disc | Polygon, wanted: int | None) -> int:
    h3 = _h3()
    held = [area.square_km / h3.average_hexagon_area(resolution) for resolution in range(16)]
    if wanted is None:
        return next((resolution for resolution, cells in enumerate(held) if cells >= CELLS_AT_LEAST), 15)
    fitting = [resolution for resolution, cells in enumerate(held) if 1 <= cells <= CELLS_AT_MOST]
    if wanted not in fitting:
        raise UsageError(
            f"Cells of resolution {wanted} do not fit an area of {area.square_km:,.2g} km²: it holds at least one and "
            f"at most {counted(CELLS_AT_MOST, 'cell')}, so {fitting[0]} to {fitting[-1]}."
            if fitting
            else f"An area of {area.square_km:,.2g} km² is too small for cells; use --sampling uniform."
        )
    return wanted


def _h3() -> Any:
    try:
        import h3
    except ModuleNotFoundError as error:
        raise UsageError(f"A grid needs H3: {install_extra('collect')}. Or use --sampling uniform.") from error
    return h3


def _locations(points: Points2) -> Iterator[Location]:
    return (Location(lat, lon) for lat, lon in points.tolist())
