"""Positions of one city's photos in; a small map without a background out: marks, boxes, a scale."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.page.axes import WIDTH, picture, symbol
from flaneur.evaluation.page.section_parts import kilometres
from flaneur.geo import EARTH_KM
from flaneur.types import Location

MOST_MARKS = 400
_EDGE, _FOOT, _LOW, _HIGH = 10.0, 26.0, 120.0, 320.0
_SHARE_INSIDE = 0.98
_ROUND_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Ground:
    """A part of the earth small enough to be flat.

    Args:
        north: latitude in degrees of the upper edge.
        west: longitude of the left edge.
        px_per_degree: right and down.
        height: of the drawn part in pixels.
    """

    north: float
    west: float
    px_per_degree: tuple[float, float]
    height: float

    @classmethod
    def around(cls, spots: Floats) -> Ground:
        """The ground that holds nearly all of these positions; a few far ones must not shrink all others.

        Args:
            spots: ``[N, 2]`` latitude and longitude in degrees, N of 1 or more.
        """
        low, high = np.quantile(spots, [(1 - _SHARE_INSIDE) / 2, (1 + _SHARE_INSIDE) / 2], axis=0)
        middle, half = (low + high) / 2, np.maximum((high - low) / 2 * 1.06, 0.002)
        narrow = max(0.05, math.cos(math.radians(float(middle[0]))))
        room = WIDTH - 2 * _EDGE
        scale = min(room / (2 * half[1] * narrow), (_HIGH - 2 * _EDGE) / (2 * half[0]))
        height = max(_LOW, 2 * half[0] * scale + 2 * _EDGE)
        north = float(middle[0] + height / 2 / scale)
        return cls(north, float(middle[1] - WIDTH / 2 / scale / narrow), (scale * narrow, scale), height)

    def place(self, lat: float, lon: float) -> tuple[float, float]:
        """Pixels from the left and from the top."""
        return (lon - self.west) * self.px_per_degree[0], (self.north - lat) * self.px_per_degree[1]

    def holds(self, x: float, y: float) -> bool:
        """Whether it is inside."""
        return 4 <= x <= WIDTH - 4 and 4 <= y <= self.height - 4

    @property
    def scale_bar(self) -> str:
        """A round number of kilometres."""
        px_per_km = self.px_per_degree[1] / (math.pi / 180 * EARTH_KM)
        km = max((km for km in _ROUND_KM if km * px_per_km <= WIDTH / 3), default=_ROUND_KM[0])
        y = self.height + 12
        ends = f'x1="{_EDGE:.0f}" y1="{y:.0f}" x2="{_EDGE + km * px_per_km:.1f}" y2="{y:.0f}"'
        name = f"{kilometres(km) if km < 1 else f'{km:g} km'}; north is up"
        return f'<line class="key-3" {ends}/><text x="{_EDGE + km * px_per_km + 8:.1f}" y="{y + 4:.0f}">{name}</text>'


@dataclass(frozen=True, slots=True)
class Box:
    """A district.

    Args:
        south_west: latitude and longitude in degrees.
        north_east: likewise.
        shade: 0 to 1, of the colour of a mistake.
        title: in words.
    """

    south_west: tuple[float, float]
    north_east: tuple[float, float]
    shade: float
    title: str


def local_map(spots: Sequence[Location], keys: Sequence[int], label: str, boxes: Iterable[Box] = ()) -> str:
    """The map, as SVG; at most :data:`MOST_MARKS` photos are drawn, evenly chosen.

    Args:
        spots: N positions.
        keys: N numbers of marks; the highest are drawn last.
        label: what it shows, for those who cannot see it.
        boxes: drawn below the marks.
    """
    places = np.array([(spot.lat, spot.lon) for spot in spots])
    ground = Ground.around(places)
    chosen = np.linspace(0, len(places) - 1, min(len(places), MOST_MARKS)).astype(int)
    order = sorted(chosen.tolist(), key=lambda row: (keys[row], row))
    made = [_box(ground, box) for box in boxes]
    for row in order:
        x, y = ground.place(*places[row].tolist())
        if ground.holds(x, y):
            made.append(f'<g transform="translate({x:.1f} {y:.1f}) scale(.62)">{symbol(0, 0, keys[row])}</g>')
    return picture("".join(made) + ground.scale_bar, ground.height + _FOOT, label)


def _box(ground: Ground, box: Box) -> str:
    left, bottom = ground.place(*box.south_west)
    right, top = ground.place(*box.north_east)
    left, right = (min(WIDTH - 2.0, max(2.0, x)) for x in (left - 3, right + 3))
    top, bottom = (min(ground.height - 2, max(2.0, y)) for y in (top - 3, bottom + 3))
    shape = f'x="{left:.1f}" y="{top:.1f}" width="{right - left:.1f}" height="{bottom - top:.1f}" rx="3"'
    style = f"fill:var(--bad);fill-opacity:{0.5 * box.shade:.2f};stroke:var(--line)"
    return f'<rect {shape} style="{style}"><title>{escape(box.title)}</title></rect>'
