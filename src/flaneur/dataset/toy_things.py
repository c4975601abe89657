"""Places in a street in; trees, lamps, signs, wires, walkers and cars out, painted as they look from the camera."""

from __future__ import annotations

import math

from flaneur.dataset.toy_perspective import Brush, shade
from flaneur.dataset.toy_styles import Colour

_TRUNK, _METAL, _TYRE = (92, 72, 56), (70, 74, 78), (26, 26, 28)
_At = tuple[float, float]
"""Metres across and along the street."""


def tree(brush: Brush, kind: str, at: _At, looks: float, leaf: Colour) -> None:
    """Paint a tree; ``looks`` 0 to 1 sets its size."""
    foot = brush.spot(at[0], 0, at[1])
    if foot is None:
        return
    x, y, scale, ahead = foot
    size = scale * (0.8 + 0.5 * looks)
    trunk = brush.tint(_TRUNK, ahead)
    if kind == "palm":
        _palm(brush, foot, size, looks)
    elif kind == "cypress":
        green = brush.tint((48, 84, 58), ahead)
        brush.draw.ellipse((x - 0.75 * size, y - 7 * size, x + 0.75 * size, y - 0.3 * size), fill=green)
    elif kind == "pine":
        brush.draw.rectangle((x - 0.15 * size, y - 1.5 * size, x + 0.15 * size, y), fill=trunk)
        for level in range(3):
            low, half = y - (1.1 + 1.5 * level) * size, (1.6 - 0.4 * level) * size
            green = brush.tint(shade((50, 92, 66), 0.9 + 0.1 * level), ahead)
            brush.draw.polygon([(x - half, low), (x + half, low), (x, low - 2.5 * size)], fill=green)
    else:
        _round(brush, foot, size, looks, leaf)


def _round(brush: Brush, foot: tuple[float, float, float, float], size: float, looks: float, leaf: Colour) -> None:
    x, y, _, ahead = foot
    brush.draw.polygon(
        [
            (x - 0.2 * size, y),
            (x + 0.2 * size, y),
            (x + 0.12 * size, y - 3.2 * size),
            (x - 0.12 * size, y - 3.2 * size),
        ],
        fill=brush.tint(_TRUNK, ahead),
    )
    for number in range(6):
        angle = number * 1.05 + looks * 6
        dx, dy = 1.1 * math.cos(angle) * size, 0.8 * math.sin(angle) * size
        radius = (1.0 + 0.25 * math.sin(number * 2.3 + looks * 9)) * size
        green = brush.tint(shade(leaf, 0.82 + 0.07 * number), ahead)
        middle = y - 4.6 * size + dy
        brush.draw.ellipse((x + dx - radius, middle - radius, x + dx + radius, middle + radius), fill=green)


def _palm(brush: Brush, foot: tuple[float, float, float, float], size: float, looks: float) -> None:
    x, y, _, ahead = foot
    lean = (looks - 0.5) * size
    head = y - 6 * size
    brush.draw.line([(x, y), (x + lean * 0.4, y - 3 * size), (x + lean, head)],
                    fill=brush.tint((140, 116, 88), ahead), width=max(1, int(0.32 * size)))  # fmt: skip
    green = brush.tint((76, 124, 60), ahead)
    for number in range(9):
        angle = math.pi * (number / 8) + 0.15 * math.sin(looks * 20 + number)
        tip = (x + lean + 2.0 * size * math.cos(angle), head - 0.9 * size * math.sin(angle) + 0.8 * size)
        knee = (x + lean + 1.1 * size * math.cos(angle), head - 0.9 * size * math.sin(angle) - 0.15 * size)
        brush.draw.line([(x + lean, head), knee, tip], fill=green, width=max(1, int(0.3 * size)), joint="curve")


def lamp(brush: Brush, at: _At, globe: bool) -> None:
    """Paint a street lamp: a globe on a post, or an arm over the road."""
    foot = brush.spot(at[0], 0, at[1])
    if foot is None:
        return
    x, y, scale, ahead = foot
    metal, width = brush.tint(_METAL, ahead), max(1, int(0.12 * scale))
    high = 3.6 if globe else 6.5
    brush.draw.line([(x, y), (x, y - high * scale)], fill=metal, width=width)
    if globe:
        r = 0.28 * scale
        brush.draw.ellipse(
            (x - r, y - high * scale - r, x + r, y - high * scale + r), fill=brush.tint((250, 244, 214), ahead)
        )
    else:
        tip = x - math.copysign(1.3, at[0]) * scale
        brush.draw.line([(x, y - high * scale), (tip, y - (high + 0.3) * scale)], fill=metal, width=width)


def sign(brush: Brush, at: _At, shape: str, colour: Colour) -> None:
    """Paint a traffic sign on its post."""
    foot = brush.spot(at[0], 0, at[1])
    if foot is None:
        return
    x, y, scale, ahead = foot
    top, r = y - 2.6 * scale, 0.42 * scale
    brush.draw.line([(x, y), (x, top)], fill=brush.tint(_METAL, ahead), width=max(1, int(0.08 * scale)))
    fill, white = brush.tint(colour, ahead), brush.tint((244, 244, 240), ahead)
    match shape:
        case "disc":
            brush.draw.ellipse((x - r, top - r, x + r, top + r), fill=fill)
            brush.draw.rectangle((x - 0.6 * r, top - 0.15 * r, x + 0.6 * r, top + 0.15 * r), fill=white)
        case "diamond":
            r *= 1.25
            brush.draw.polygon([(x, top - r), (x + r, top), (x, top + r), (x - r, top)], fill=fill, outline=_TYRE)
        case _:
            brush.draw.rectangle((x - 1.9 * r, top - 0.7 * r, x + 1.9 * r, top + 0.5 * r), fill=fill, outline=white)


def wire(brush: Brush, at_m: float, half_width_m: float, looks: float) -> None:
    """Paint a sagging wire across the street."""
    left = brush.spot(-half_width_m, 6 + looks, at_m - 4 * looks)
    right = brush.spot(half_width_m, 6 + looks, at_m + 4 * looks)
    if left is None or right is None:
        return
    (x0, y0, s0, _), (x1, y1, s1, ahead) = left, right
    middle = ((x0 + x1) / 2, (y0 + y1) / 2 + 0.5 * (s0 + s1) / 2)
    brush.draw.line([(x0, y0), middle, (x1, y1)], fill=brush.tint((40, 42, 46), ahead), width=2, joint="curve")


def walker(brush: Brush, at: _At, coat: Colour) -> None:
    """Paint a person on the pavement."""
    foot = brush.spot(at[0], 0, at[1])
    if foot is None:
        return
    x, y, scale, ahead = foot
    half = 0.24 * scale
    brush.draw.rectangle((x - half * 0.7, y - 0.85 * scale, x + half * 0.7, y), fill=brush.tint((44, 46, 58), ahead))
    brush.draw.rounded_rectangle(
        (x - half, y - 1.45 * scale, x + half, y - 0.75 * scale), half * 0.6, fill=brush.tint(coat, ahead)
    )
    r = 0.13 * scale
    brush.draw.ellipse((x - r, y - 1.72 * scale, x + r, y - 1.45 * scale), fill=brush.tint((196, 152, 124), ahead))


def car(brush: Brush, at: _At, kind: str, paint: Colour) -> None:
    """Paint a car: ``parked`` and ``ahead`` show their tail, ``oncoming`` its head lights."""
    x, near = at
    far, w = near + 4.2, 0.9
    body, glass = paint, (60, 74, 88)
    inner = x + w if x < 0 else x - w
    if brush.spot(x, 0.5, near) is None:
        return
    brush.quad([(x - w, 0.02, near), (x + w, 0.02, near), (x + w, 0.02, far), (x - w, 0.02, far)], (40, 40, 42))
    brush.quad([(inner, 0.3, near), (inner, 0.3, far), (inner, 0.95, far), (inner, 0.95, near)], shade(body, 0.8))
    brush.quad(
        [(inner, 0.95, near + 0.3), (inner, 0.95, far - 1), (inner, 1.4, far - 1.6), (inner, 1.4, near + 0.8)], glass
    )
    for z in (near + 0.8, far - 0.8):
        brush.quad([(inner, 0, z - 0.3), (inner, 0, z + 0.3), (inner, 0.6, z + 0.25), (inner, 0.6, z - 0.25)], _TYRE)
    top, front, tail = 0.8 * w, near + 0.8, far - 1.6
    brush.quad(
        [(x - top, 1.4, front), (x + top, 1.4, front), (x + top, 1.4, tail), (x - top, 1.4, tail)], shade(body, 1.1)
    )
    low = near + 0.2
    brush.quad([(x - w, 0.95, low), (x + w, 0.95, low), (x + top, 1.42, front), (x - top, 1.42, front)], glass)
    brush.quad([(x - w, 0.3, near), (x + w, 0.3, near), (x + w, 0.95, near), (x - w, 0.95, near)], body)
    lights = (250, 244, 200) if kind == "oncoming" else (196, 36, 36)
    for shift in (-0.65, 0.65):
        a, b = x + shift - 0.17, x + shift + 0.17
        brush.quad([(a, 0.65, near), (b, 0.65, near), (b, 0.85, near), (a, 0.85, near)], lights)
    for shift in (-0.7, 0.7):
        a, b = x + shift - 0.15, x + shift + 0.15
        brush.quad([(a, 0.0, near), (b, 0.0, near), (b, 0.32, near), (a, 0.32, near)], _TYRE)
    brush.quad(
        [(x - 0.28, 0.45, near), (x + 0.28, 0.45, near), (x + 0.28, 0.58, near), (x - 0.28, 0.58, near)],
        (240, 236, 220),
    )
