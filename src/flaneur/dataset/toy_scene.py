"""A city's style and a few seeds in; one drawn street scene out. Boxes in one perspective, painted from far to near."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from flaneur.dataset import toy_things
from flaneur.dataset.toy_houses import draw_house, plan_street
from flaneur.dataset.toy_perspective import Brush, Camera, mix, shade
from flaneur.dataset.toy_styles import STYLES, CityStyle, Colour

_OVERSAMPLING = 2  # drawn twice as large and reduced: Pillow's polygons have no smooth edges
_SEASONS = {12: "winter", 1: "winter", 2: "winter", 9: "autumn", 10: "autumn", 11: "autumn"}
_LEAVES = {"summer": (78, 124, 62), "autumn": (180, 118, 48), "winter": (120, 108, 94)}
_CARS = ((196, 40, 40), (40, 60, 120), (230, 230, 232), (44, 46, 52), (150, 154, 160), (70, 100, 90), (180, 150, 110))


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Where and how one picture of a place is taken.

    Args:
        yaw_deg: from the street's direction, to the right.
        month: 1 to 12; trees know it.
        dashcam: a car's bonnet, wider lens and bluer picture, else a person's camera.
        size_px: width; the height is three quarters of it.
    """

    yaw_deg: float
    month: int
    dashcam: bool
    size_px: int = 320


@dataclass(frozen=True, slots=True)
class _Light:
    """Weather and hour of one picture: overcast 0 to 1, dusk 0 to 1, which side the sun lights."""

    overcast: float
    dusk: float
    sunny_side: int


def draw_scene(style: CityStyle, view: View, place: np.random.Generator, moment: np.random.Generator) -> Image.Image:
    """Draw one street scene.

    Args:
        style: the city's look.
        view: camera, heading and month.
        place: seeded by the place: three views of it draw the same houses.
        moment: seeded by the photo: traffic, weather and grain.

    Returns:
        RGB, ``size_px`` wide and three quarters as high.
    """
    width, height = view.size_px * _OVERSAMPLING, view.size_px * 3 // 4 * _OVERSAMPLING
    street = plan_street(style, place)
    things = _plan_things(style, place)
    light = _Light(
        float(moment.beta(0.8, 1.4)), max(0.0, float(moment.normal(-0.1, 0.3))), int(moment.integers(2)) * 2 - 1
    )
    side = -1 if style.drives_left else 1
    camera = Camera(
        x=side * (1.7 + moment.normal(0, 0.25)),
        y=float(1.5 + moment.random() * 0.9 + (0.2 if view.dashcam else 0)),
        yaw=math.radians(view.yaw_deg),
        focal=width * (0.62 if view.dashcam else 0.78) * float(moment.uniform(0.92, 1.1)),
        centre=(width / 2, height * float(moment.uniform(0.5, 0.62))),
    )
    haze = mix(style.sky[1], (204, 206, 208), light.overcast)
    canvas = _sky(style, light, camera, (width, height), moment)
    brush = Brush(ImageDraw.Draw(canvas), camera, haze, 1 - 0.16 * light.overcast)
    _backdrop(brush, style, width, place)
    _ground(brush, style, place)
    for house in sorted(street, key=lambda h: -h.start_m):
        lit = 1.04 if house.side == light.sunny_side else 0.78 + 0.18 * light.overcast
        draw_house(brush, house, lit, style.half_width_m)
    _things(brush, style, things + _traffic(style, moment), _leaf(view.month, moment))
    if view.dashcam:
        _bonnet(brush, width, height, moment)
    return _develop(canvas, light, view, moment)


def _leaf(month: int, moment: np.random.Generator) -> Colour:
    return shade(_LEAVES[_SEASONS.get(month, "summer")], float(moment.uniform(0.85, 1.15)))


def _sky(
    style: CityStyle, light: _Light, camera: Camera, size: tuple[int, int], moment: np.random.Generator
) -> Image.Image:
    top = mix(mix(style.sky[0], (168, 174, 182), light.overcast), (92, 80, 120), min(light.dusk, 0.7))
    low = mix(mix(style.sky[1], (208, 210, 212), light.overcast), (240, 176, 120), min(light.dusk, 0.8))
    share = np.clip(np.arange(size[1]) / camera.centre[1], 0, 1)[:, None, None] ** 1.3
    column = (np.array(top) * (1 - share) + np.array(low) * share).astype(np.uint8)
    canvas = Image.fromarray(column).resize(size, Image.Resampling.NEAREST)
    draw = ImageDraw.Draw(canvas)
    for x, y, r in moment.random((int(moment.integers(0, 7)), 3)):
        puff = mix(low, (252, 252, 252), 0.55)
        cx, cy, rx = x * size[0], y * camera.centre[1] * 0.75, (0.05 + 0.1 * r) * size[0]
        for shift in (-0.7, 0, 0.6):
            box = (cx + shift * rx - rx, cy - rx * (0.28 - abs(shift) / 6), cx + shift * rx + rx, cy + rx * 0.2)
            draw.ellipse(box, fill=puff)
    return canvas


def _backdrop(brush: Brush, style: CityStyle, width: int, place: np.random.Generator) -> None:
    horizon = brush.camera.centre[1]
    heights = place.random(12)
    if style.backdrop == "sea":
        brush.draw.rectangle((0, horizon - 6, width, horizon + 4), fill=mix((60, 110, 160), brush.haze, 0.35))
    elif style.backdrop == "hills":
        shape = [(i * width / 11, horizon - (12 + 46 * float(h)) * width / 640) for i, h in enumerate(heights)]
        hills = mix((96, 124, 100), brush.haze, 0.45)
        brush.draw.polygon([(0, horizon + 2), *shape, (width, horizon + 2)], fill=hills)
    elif style.backdrop == "towers":
        for i, h in enumerate(heights):
            box = (i * width / 12, horizon - (20 + 90 * float(h)) * width / 640, (i + 0.7) * width / 12, horizon + 2)
            brush.draw.rectangle(box, fill=mix((120, 130, 142), brush.haze, 0.6))


def _ground(brush: Brush, style: CityStyle, place: np.random.Generator) -> None:
    half = style.half_width_m
    kerb = half * (0.62 if half > 6 else 0.8)
    tone = float(place.uniform(0.9, 1.1))
    brush.quad([(-60, 0, -20), (60, 0, -20), (60, 0, 400), (-60, 0, 400)], shade(style.pavement, tone), 0)
    brush.quad([(-kerb, 0, -20), (kerb, 0, -20), (kerb, 0, 400), (-kerb, 0, 400)], shade(style.road, tone), 0)
    for x in (-kerb, kerb):
        brush.strip(x, 0.18, -5, 200, shade(style.pavement, 1.15))
    for z, x, size in place.random((5, 3)):  # mended patches
        at = 4 + z * 40
        brush.strip((x - 0.5) * 1.6 * kerb, 0.5 + size, at, at + 1.5 + 3 * size, shade(style.road, tone * 0.86))
    # A quarter of the streets has lost its paint.
    marking = style.marking if place.random() > 0.22 else "none"
    _marking(brush, marking, style.marking_colour, kerb)
    if place.random() < 0.35:
        at = float(place.uniform(7, 18))
        for x in np.arange(-kerb + 0.5, kerb - 0.4, 1.05):
            brush.strip(float(x), 0.5, at, at + 3, (232, 232, 228))


def _marking(brush: Brush, marking: str, colour: Colour, kerb: float) -> None:
    if marking == "dashes":
        for z in range(-2, 90, 7):
            brush.strip(0, 0.16, z, z + 3.2, colour)
    elif marking == "double":
        for x in (-0.2, 0.2) if kerb > 4.6 else (-kerb + 0.35, kerb - 0.35):
            brush.strip(x, 0.12, -4, 120, colour)
    elif marking == "edges":
        for x in (-kerb + 0.5, kerb - 0.5):
            brush.strip(x, 0.16, -4, 120, colour)
        for z in range(-2, 90, 9) if kerb > 5 else ():
            brush.strip(0, 0.14, z, z + 2.5, colour)


_Thing = tuple[float, str, float, float]
"""Distance, kind, position across the street, a random number for its looks."""


def _plan_things(style: CityStyle, place: np.random.Generator) -> list[_Thing]:
    half = style.half_width_m
    kerb = half * (0.66 if half > 6 else 0.86)
    # Every sixth street plants another city's trees.
    tree = style.tree if place.random() > 0.16 else STYLES[int(place.integers(len(STYLES)))].tree
    found: list[_Thing] = []
    for side in (-1, 1):
        z = float(place.uniform(5, 5 + style.tree_gap_m))
        while z < 100:
            found.append((z, tree, side * (kerb + 0.8), float(place.random())))
            z += style.tree_gap_m * float(place.uniform(0.7, 1.5))
        found += [(z, "lamp", side * kerb * 1.03, 0.0) for z in np.arange(9 + 7 * side, 90, 26).tolist()]
        found.append((float(place.uniform(6, 30)), "sign", side * kerb * 1.05, float(place.random())))
    if style.wires:
        found += [(z, "wire", 0.0, float(place.random())) for z in (8.0, 17.0, 30.0, 48.0)]
    return found


def _traffic(style: CityStyle, moment: np.random.Generator) -> list[_Thing]:
    kerb = style.half_width_m * (0.62 if style.half_width_m > 6 else 0.8)
    own = -1 if style.drives_left else 1
    found: list[_Thing] = []
    for z, looks in zip(moment.uniform(6, 80, 6).tolist(), moment.random(6).tolist(), strict=True):
        side = 1 if moment.random() < 0.5 else -1
        if moment.random() < 0.45:
            found.append((z, "parked", side * (kerb - 1.1), looks))
        elif moment.random() < 0.4:
            # Ahead in the own lane one sees tail lights, on the other side head lights.
            found.append((z + 4, "ahead" if side == own else "oncoming", side * kerb * 0.42, looks))
    for z, x, looks in moment.random((int(moment.integers(0, 5)), 3)).tolist():
        found.append((5 + z * 35, "walker", (1 if x > 0.5 else -1) * kerb * (1.15 + 0.2 * x), looks))
    return found


def _things(brush: Brush, style: CityStyle, things: list[_Thing], leaf: Colour) -> None:
    for z, kind, x, looks in sorted(things, key=lambda thing: -thing[0]):
        match kind:
            case "round" | "palm" | "cypress" | "pine":
                toy_things.tree(brush, kind, (x, z), looks, leaf)
            case "lamp":
                toy_things.lamp(brush, (x, z), style.half_width_m < 7)
            case "sign":
                toy_things.sign(brush, (x, z), style.sign, style.sign_colour if looks > 0.2 else (120, 122, 126))
            case "wire":
                toy_things.wire(brush, z, style.half_width_m, looks)
            case "walker":
                toy_things.walker(brush, (x, z), _CARS[int(looks * len(_CARS))])
            case "parked" | "ahead" | "oncoming":
                paint = style.taxi if looks < 0.22 else _CARS[int(looks * len(_CARS))]
                toy_things.car(brush, (x, z), kind, paint)
            case _:
                continue


def _bonnet(brush: Brush, width: int, height: int, moment: np.random.Generator) -> None:
    paint = shade((44, 46, 52), float(moment.uniform(0.6, 2.2)))
    rise = float(moment.uniform(0.05, 0.1)) * height
    brush.draw.ellipse((-width * 0.15, height - rise, width * 1.15, height + rise * 3), fill=paint)


def _develop(canvas: Image.Image, light: _Light, view: View, moment: np.random.Generator) -> Image.Image:
    """Exposure, colour cast and grain, as a camera adds them."""
    pixels = np.asarray(canvas.reduce(_OVERSAMPLING)).astype(np.float32)
    cast = np.array([0.97, 1.0, 1.05] if view.dashcam else [1.02, 1.0, 0.98])
    warm = np.array([1.05, 0.97, 0.88]) if light.dusk > 0.2 else np.ones(3)
    gain = moment.uniform(0.88, 1.16) * (1 - 0.22 * min(light.dusk, 0.8))
    pixels *= (gain * cast * warm * moment.normal(1, 0.025, 3)).astype(np.float32)
    top, left = moment.integers(0, 64, 2)
    height, width = pixels.shape[:2]
    grain = _grain(width)[top : top + height, left : left + width, None]
    pixels += grain * np.float32(moment.uniform(1, 4))
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8))


@cache
def _grain(width: int) -> NDArray[np.float32]:
    rng = np.random.default_rng(20)
    return rng.standard_normal((width + 64, width + 64), dtype=np.float32)
