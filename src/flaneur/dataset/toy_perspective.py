"""Points of a street in metres in; points of the picture out. A pinhole camera and a brush that hazes with distance."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import ImageDraw

from flaneur.dataset.toy_styles import Colour

NEAR_M = 0.6
Point = tuple[float, float, float]


def mix(a: Colour, b: Colour, share: float) -> Colour:
    """``a`` where share is 0, ``b`` where it is 1.

    >>> mix((0, 0, 0), (100, 200, 50), 0.5)
    (50, 100, 25)
    """
    keep = 1 - share
    return (int(a[0] * keep + b[0] * share), int(a[1] * keep + b[1] * share), int(a[2] * keep + b[2] * share))


def shade(colour: Colour, factor: float) -> Colour:
    """Darker below 1, lighter above.

    >>> shade((100, 200, 250), 1.1)
    (110, 220, 255)
    """
    return (min(255, int(colour[0] * factor)), min(255, int(colour[1] * factor)), min(255, int(colour[2] * factor)))


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole at ``(x, y, 0)`` looking down the street (+z), turned right by ``yaw``.

    Args:
        x: metres right of the street's middle.
        y: metres above the road.
        yaw: radians.
        focal: in pixels.
        centre: of the picture, where the horizon crosses the middle.
    """

    x: float
    y: float
    yaw: float
    focal: float
    centre: tuple[float, float]

    def turn(self, point: Point) -> Point:
        """Street metres (right, up, along) to camera metres (right, up, ahead)."""
        cos, sin = math.cos(self.yaw), math.sin(self.yaw)
        x, y, z = point[0] - self.x, point[1] - self.y, point[2]
        return x * cos - z * sin, y, x * sin + z * cos

    def flatten(self, turned: Point) -> tuple[float, float]:
        """Camera metres, ahead of it, to pixels."""
        scale = self.focal / turned[2]
        u, v = self.centre[0] + turned[0] * scale, self.centre[1] - turned[1] * scale
        return min(max(u, -9e3), 9e3), min(max(v, -9e3), 9e3)


@dataclass(frozen=True, slots=True)
class Panes:
    """A grid of upright rectangles in a plane along the street: the windows of a front.

    Args:
        x: of the plane, metres right of the street's middle.
        along: middles along the street.
        levels: middles up the wall.
        half_w: half a rectangle's width.
        half_h: half its height.
    """

    x: float
    along: Sequence[float]
    levels: Sequence[float]
    half_w: float
    half_h: float


@dataclass(frozen=True, slots=True)
class Brush:
    """Paints street shapes through a camera.

    Args:
        draw: the canvas.
        camera: the camera.
        haze: colour of the distance.
        light: factor on every colour.
    """

    draw: ImageDraw.ImageDraw
    camera: Camera
    haze: Colour
    light: float

    def tint(self, colour: Colour, distance_m: float) -> Colour:
        """A colour as seen from a distance."""
        return mix(shade(colour, self.light), self.haze, 1 - math.exp(-max(distance_m, 0) / 170))

    def quad(self, points: Sequence[Point], colour: Colour, distance_m: float | None = None) -> None:
        """Paint one flat shape, cut at the camera's near plane."""
        turned = [self.camera.turn(point) for point in points]
        if distance_m is None:
            distance_m = sum(point[2] for point in turned) / len(turned)
        if min(point[2] for point in turned) < NEAR_M:
            turned = _cut(turned)
            if len(turned) < 3:
                return
        self.draw.polygon([self.camera.flatten(point) for point in turned], fill=self.tint(colour, distance_m))

    def strip(self, x: float, width_m: float, start_m: float, end_m: float, colour: Colour) -> None:
        """Paint a strip on the road."""
        a, b = x - width_m / 2, x + width_m / 2
        self.quad([(a, 0.0, start_m), (b, 0.0, start_m), (b, 0.0, end_m), (a, 0.0, end_m)], colour, max(start_m, 0))

    def panes(self, plane: Panes, colour: Colour) -> None:
        """Paint a grid of upright rectangles of one colour; those that reach behind the camera are left out."""
        camera, draw = self.camera, self.draw
        up, right, focal = camera.centre[1], camera.centre[0], camera.focal
        for middle in plane.along:
            xa, _, za = camera.turn((plane.x, 0, middle - plane.half_w))
            xb, _, zb = camera.turn((plane.x, 0, middle + plane.half_w))
            if min(za, zb) < NEAR_M:
                continue
            sa, sb = focal / za, focal / zb
            ua, ub, fill = right + xa * sa, right + xb * sb, self.tint(colour, za)
            for level in plane.levels:
                low, high = level - plane.half_h - camera.y, level + plane.half_h - camera.y
                draw.polygon((ua, up - low * sa, ub, up - low * sb, ub, up - high * sb, ua, up - high * sa), fill=fill)

    def spot(self, x: float, y: float, z: float) -> tuple[float, float, float, float] | None:
        """Pixel x, pixel y, pixels per metre and distance of a point, or ``None`` if it lies behind."""
        turned = self.camera.turn((x, y, z))
        if turned[2] < 1.5:
            return None
        u, v = self.camera.flatten(turned)
        return u, v, self.camera.focal / turned[2], turned[2]


def _cut(points: list[Point]) -> list[Point]:
    """Sutherland-Hodgman against the near plane."""
    kept: list[Point] = []
    for a, b in zip(points, points[1:] + points[:1], strict=True):
        if a[2] >= NEAR_M:
            kept.append(a)
        if (a[2] >= NEAR_M) != (b[2] >= NEAR_M):
            share = (NEAR_M - a[2]) / (b[2] - a[2])
            kept.append((a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share, NEAR_M))
    return kept
