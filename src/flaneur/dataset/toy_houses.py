"""A city's facade grammar in; a street of houses out, each painted as wall, roof, windows, balconies and shop front."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flaneur.dataset.toy_perspective import Brush, Panes, mix, shade
from flaneur.dataset.toy_styles import STYLES, CityStyle, Colour, Facade

_DETAIL_M = 42.0  # beyond, a row of windows is one band
_DEPTH_M = 9.0
_GLASS = ((74, 92, 112), (96, 118, 140), (54, 62, 74), (150, 168, 182))
_AWNINGS = ((176, 48, 48), (44, 96, 72), (48, 72, 128), (200, 150, 60), (120, 60, 90))


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """One house of a street.

    Args:
        side: -1 left, 1 right.
        start_m: its near end, metres along the street.
        width_m: along the street.
        floors: storeys.
        facade: its grammar.
        wall: its colour.
        glass: of its windows.
        balconies: whether it has them.
        shop: colour of its awning, if it has a shop.
    """

    side: int
    start_m: float
    width_m: float
    floors: int
    facade: Facade
    wall: Colour
    glass: Colour
    balconies: bool
    shop: Colour | None

    @property
    def height_m(self) -> float:
        """Up to the eaves."""
        return 0.4 + self.floors * self.facade.storey_m


def plan_street(style: CityStyle, place: np.random.Generator) -> list[House]:
    """The houses on both sides, near and far.

    Cities borrow from one another: some houses of each street follow another city's grammar.
    """
    foreign = 0.42 if place.random() < 0.25 else 0.12
    houses = []
    for side in (-1, 1):
        at = float(place.uniform(-14, -4))
        while at < 120:
            other = place.random() < foreign
            facade = STYLES[int(place.integers(len(STYLES)))].facade if other else style.facade
            house = _house(facade, side, at, place)
            houses.append(house)
            gap = float(place.uniform(1, 5)) if place.random() < (0.75 if facade.floors[1] <= 2 else 0.1) else 0.0
            at += house.width_m + gap
    return houses


def _house(facade: Facade, side: int, start_m: float, place: np.random.Generator) -> House:
    bays = int(place.integers(2, 5)) if facade.roof in ("gable", "stepped") else int(place.integers(3, 7))
    wall = facade.walls[int(place.integers(len(facade.walls)))]
    jitter = place.normal(1, 0.06) * place.normal(1, 0.025, 3)
    tinted = (int(wall[0] * jitter[0]), int(wall[1] * jitter[1]), int(wall[2] * jitter[2]))
    return House(
        side=side,
        start_m=start_m,
        width_m=bays * facade.bay_m + 0.8,
        floors=int(place.integers(facade.floors[0], facade.floors[1] + 1)),
        facade=facade,
        wall=tinted,
        glass=_GLASS[int(place.integers(len(_GLASS)))],
        balconies=bool(place.random() < facade.balconies),
        shop=_AWNINGS[int(place.integers(len(_AWNINGS)))] if place.random() < facade.shops else None,
    )


def draw_house(brush: Brush, house: House, lit: float, half_width_m: float) -> None:
    """Paint one house.

    Args:
        brush: where to.
        house: what.
        lit: factor on its colours: sun or shade.
        half_width_m: from the middle of the street to its front.
    """
    x, near, far, top = house.side * half_width_m, house.start_m, house.start_m + house.width_m, house.height_m
    if far < -2:
        return
    back = x + house.side * _DEPTH_M
    wall = shade(house.wall, lit)
    brush.quad([(x, 0, near), (back, 0, near), (back, top, near), (x, top, near)], shade(wall, 0.82))
    _roof(brush, house, (x, back), lit)
    brush.quad([(x, 0, near), (x, 0, far), (x, top, far), (x, top, near)], wall)
    trim = shade(house.facade.trim, lit)
    _bands(brush, house, x, trim)
    if near < _DETAIL_M:
        _windows(brush, house, x, lit)
    else:
        _far_windows(brush, house, x, lit)
    _ground_floor(brush, house, x, lit)


def _roof(brush: Brush, house: House, sides: tuple[float, float], lit: float) -> None:
    x, back = sides
    near, far, top = house.start_m, house.start_m + house.width_m, house.height_m
    colour = shade(house.facade.roof_colour, lit)
    middle, ridge = (x + back) / 2, top + 2.6
    match house.facade.roof:
        case "mansard":
            inset = x + house.side * 1.4
            brush.quad([(x, top, near), (x, top, far), (inset, top + 2.8, far), (inset, top + 2.8, near)], colour)
            count = max(1, int(house.width_m / house.facade.bay_m))
            z = [near + 0.4 + (bay + 0.5) * house.facade.bay_m for bay in range(count)]
            brush.panes(Panes(x + house.side * 0.5, z, [top + 1.1], 0.5, 0.75), mix(house.glass, colour, 0.3))
        case "tiles" | "gable":
            brush.quad([(x, top, near), (back, top, near), (middle, ridge, near)], shade(house.wall, lit * 0.82))
            eave = x - house.side * 0.5
            brush.quad(
                [(eave, top - 0.15, near), (eave, top - 0.15, far), (middle, ridge, far), (middle, ridge, near)], colour
            )
            if house.facade.roof == "gable":
                _chimney(brush, middle, near + 0.6, ridge)
        case "stepped":
            centre, step = (near + far) / 2, house.width_m / 2
            for level, share in enumerate((0.8, 0.52, 0.24)):
                low, high = top + level * 0.95, top + (level + 1) * 0.95
                a, b = centre - step * share, centre + step * share
                brush.quad([(x, low, a), (x, low, b), (x, high, b), (x, high, a)], shade(house.wall, lit))
                brush.quad([(x, high, a), (x, high, b), (x, high + 0.18, b), (x, high + 0.18, a)], house.facade.trim)
        case _:
            brush.quad([(x, top, near), (x, top, far), (x, top + 0.7, far), (x, top + 0.7, near)], colour)


def _chimney(brush: Brush, x: float, z: float, ridge: float) -> None:
    low, high = ridge - 0.6, ridge + 1.1
    brush.quad([(x - 0.4, low, z), (x + 0.4, low, z), (x + 0.4, high, z), (x - 0.4, high, z)], (120, 72, 60))


def _bands(brush: Brush, house: House, x: float, trim: Colour) -> None:
    near, far = house.start_m, house.start_m + house.width_m
    levels = [house.height_m - 0.3]
    if house.facade.roof in ("mansard", "flat", "tiles"):
        levels.append(0.4 + house.facade.storey_m)
    for y in levels:
        brush.quad([(x, y, near), (x, y, far), (x, y + 0.28, far), (x, y + 0.28, near)], trim)


def _grid(house: House) -> tuple[list[float], list[float]]:
    """Middles of the windows along the street and up the wall."""
    facade = house.facade
    bays = max(1, int((house.width_m - 0.4) / facade.bay_m))
    along = [house.start_m + 0.4 + (bay + 0.5) * facade.bay_m for bay in range(bays)]
    first = 0 if house.shop is None else 1
    return along, [0.4 + (floor + 0.52) * facade.storey_m for floor in range(first, house.floors)]


def _windows(brush: Brush, house: House, x: float, lit: float) -> None:
    facade = house.facade
    z, y = _grid(house)
    half_w, half_h = facade.window[0] * facade.bay_m / 2, facade.window[1] * facade.storey_m / 2
    trim, glass = shade(facade.trim, lit), shade(house.glass, lit)
    if house.start_m < 26:
        brush.panes(Panes(x, z, y, half_w + 0.14, half_h + 0.14), trim)
    brush.panes(Panes(x, z, y, half_w, half_h), glass)
    if house.start_m < 16:
        brush.panes(Panes(x, z, y, 0.035, half_h), trim)
    if facade.shutters is not None:
        for shift in (-half_w * 1.5, half_w * 1.5):
            brush.panes(Panes(x, [at + shift for at in z], y, half_w * 0.46, half_h), shade(facade.shutters, lit))
    if house.balconies and house.floors > 1:
        rail = mix(shade(facade.trim, 0.4 * lit), (40, 40, 44), 0.5)
        low = [at - half_h + 0.3 for at in y if at > facade.storey_m]
        edge = x - house.side * 0.5
        brush.panes(Panes(edge, z, low, half_w + 0.35, 0.42), mix(rail, glass, 0.3))
        brush.panes(Panes(edge, z, [at + 0.42 for at in low], half_w + 0.4, 0.06), rail)


def _far_windows(brush: Brush, house: House, x: float, lit: float) -> None:
    facade = house.facade
    middle = house.start_m + house.width_m / 2
    band = shade(mix(house.wall, house.glass, facade.window[0]), lit)
    brush.panes(Panes(x, [middle], _grid(house)[1], house.width_m * 0.45, facade.window[1] * facade.storey_m / 2), band)


def _ground_floor(brush: Brush, house: House, x: float, lit: float) -> None:
    near, far = house.start_m + 0.5, house.start_m + house.width_m - 0.5
    if house.shop is None:
        wood = shade(mix(house.facade.trim, (70, 52, 44), 0.7), lit)
        brush.panes(Panes(x, [near + 0.9], [1.3], 0.95, 1.3), shade(house.wall, lit))  # bricks up the window there
        brush.panes(Panes(x, [near + 0.9], [1.2], 0.55, 1.15), wood)
        return
    brush.quad([(x, 0.5, near), (x, 0.5, far), (x, 2.5, far), (x, 2.5, near)], shade((70, 78, 86), lit))
    out = x - house.side * 0.9
    brush.quad([(x, 3.0, near), (x, 3.0, far), (out, 2.5, far), (out, 2.5, near)], shade(house.shop, lit))
    brush.quad([(out, 2.5, near), (out, 2.5, far), (out, 2.25, far), (out, 2.25, near)], shade(house.shop, lit * 0.8))
