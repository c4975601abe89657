"""A window of the world in; the land in it as dots out: where GeoNames has a settlement of 500 people or more.

``land.png`` has a pixel for every half degree, black where a settlement lies: GeoNames (geonames.org), CC BY 4.0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CELL_DEG = 0.5
_GRID_DEG = (1, 2, 5, 10, 20, 30)
_LINES = 7  # a grid has no more lines across the window


@dataclass(frozen=True, slots=True)
class Window:
    """A part of the world; ``west`` may lie anywhere, ``east`` at most 360 degrees beyond it.

    Args:
        west: degrees.
        east: degrees, larger than ``west``.
        south: degrees.
        north: degrees.
    """

    west: float
    east: float
    south: float
    north: float


@cache
def settled() -> NDArray[np.bool_]:
    """``[360, 720]`` whether a half-degree cell has a settlement; from 90 north down, from 180 west on."""
    with Image.open(Path(__file__).with_name("land.png")) as image:
        return np.asarray(np.asarray(image) == 0, np.bool_)


def land_path(window: Window, step_deg: float, stretch: float) -> str:
    """An SVG path whose subpaths are runs of dots, a step apart; the unit is a step of longitude.

    Drawn with round caps and ``stroke-dasharray="0 1"``, each run becomes dots.

    Args:
        window: what is to be seen; its upper left corner is the origin.
        step_deg: degrees from dot to dot: a whole multiple of :data:`CELL_DEG` that divides 180.
        stretch: how much longer a degree of latitude is drawn than one of longitude.
    """
    factor = round(step_deg / CELL_DEG)
    rows, columns = (size // factor for size in settled().shape)
    land = np.asarray(settled().reshape(rows, factor, columns, factor).any(axis=(1, 3)), np.bool_)
    first, last = (int(np.ceil(edge / step_deg - 0.5)) for edge in (window.west, window.east))
    top, bottom = (int(np.ceil((90 - edge) / step_deg - 0.5)) for edge in (window.north, window.south))
    wanted = land[:, (np.arange(first, last) + columns // 2) % columns]
    pieces = []
    for row in range(max(0, top), min(rows, bottom)):
        edges = np.flatnonzero(np.diff(wanted[row].astype(np.int8), prepend=0, append=0))
        y = ((row + 0.5) - (90 - window.north) / step_deg) * stretch
        for start, end in edges.reshape(-1, 2):
            x = first + start + 0.5 - window.west / step_deg
            pieces.append(f"M{x:.1f} {y:.1f}h{end - start - 0.9:.1f}")
    return "".join(pieces)


def grid_lines(window: Window) -> tuple[list[int], list[int]]:
    """Round degrees in a window for a grid: longitudes, counted on beyond 180 where the window goes there; latitudes.

    >>> grid_lines(Window(-9.5, 12.0, 36.0, 52.0))
    ([-5, 0, 5, 10], [40, 45, 50])
    """
    step = next((step for step in _GRID_DEG if (window.east - window.west) / step <= _LINES), 60)

    def within(low: float, high: float) -> list[int]:
        return list(range(math.floor(low / step + 1) * step, math.ceil(high / step) * step, step))

    return within(window.west, window.east), within(window.south, window.north)
