"""Cities on a map in; where their dots and names stand without covering one another, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Box = tuple[float, float, float, float]  # left, top, right, bottom in pixels
_LETTER = 0.64  # width of a bold letter by its height, generously
_SIDES = ((1, 0), (-1, 0), (0.7, -0.8), (-0.7, -0.8), (0.7, 0.8), (-0.7, 0.8), (0, -1), (0, 1))
_FAR = (1.0, 2.2, 3.6, 5.5)


@dataclass(frozen=True, slots=True)
class Label:
    """A name beside its dot.

    Args:
        index: of the dot.
        x: where the text is tied, in pixels: its start, middle or end.
        y: its base line.
        anchor: which of the three.
        far: whether it stands so far off that a line should lead to it.
    """

    index: int
    x: float
    y: float
    anchor: str
    far: bool


def apart(points: Floats, gap_px: float, size: tuple[float, float], rounds: int = 150) -> Floats:
    """Points moved just so far that none is nearer to another than a gap, and all are inside.

    Args:
        points: ``[N, 2]`` pixels.
        gap_px: least distance of two.
        size: width and height of the picture in pixels.
        rounds: steps of moving.

    Returns:
        ``[N, 2]`` pixels.

    >>> moved = apart(np.array([[50.0, 50.0], [50.0, 50.0]]), 10.0, (100.0, 100.0))
    >>> bool(np.linalg.norm(moved[0] - moved[1]) > 9.5)
    True
    """
    count = len(points)
    turns = np.arange(count) * 2.399963  # the golden angle, for those that coincide
    moved = points + 1e-3 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    margin = gap_px / 2
    for _ in range(rounds):
        between = moved[:, None] - moved[None]
        distance = np.linalg.norm(between, axis=2) + np.eye(count) * 1e9
        push = np.clip(gap_px - distance, 0, None) / 2
        moved = moved + (between / distance[:, :, None] * push[:, :, None]).sum(axis=1)
        moved = np.clip(moved, margin, np.array(size) - margin)
    return moved


def labels(
    points: Floats, names: Sequence[str], order: Sequence[int], letter_px: float, room: Box, dot_px: float
) -> list[Label]:
    """As many names as fit, none over a dot or another name.

    Args:
        points: ``[N, 2]`` dots in pixels.
        names: N texts.
        order: who chooses first.
        letter_px: size of the letters.
        room: the picture.
        dot_px: radius of a dot.
    """
    taken: list[Box] = [(x - dot_px, y - dot_px, x + dot_px, y + dot_px) for x, y in points.tolist()]
    found = []
    for index in order:
        wide = _LETTER * letter_px * len(names[index])
        for label, box in _places(index, points[index], (wide, letter_px), dot_px):
            if _inside(box, room) and not any(_meet(box, other) for other in taken):
                taken.append(box)
                found.append(label)
                break
    return found


def _places(index: int, point: Floats, size: tuple[float, float], dot_px: float) -> list[tuple[Label, Box]]:
    (x, y), (wide, high) = point.tolist(), size
    made = []
    for far in _FAR:
        for side, up in _SIDES:
            away = dot_px * far + 3
            left = x + side * away - (wide if side < 0 else 0 if side > 0 else wide / 2)
            base = y + up * (away + high * 0.4) + high * 0.35
            box = (left - 1, base - 0.85 * high, left + wide + 1, base + 0.25 * high)
            anchor, tied = ("end", left + wide) if side < 0 else ("start", left) if side > 0 else ("middle", x)
            made.append((Label(index, tied, base, anchor, far > 2), box))
    return made


def _inside(box: Box, room: Box) -> bool:
    return box[0] >= room[0] and box[1] >= room[1] and box[2] <= room[2] and box[3] <= room[3]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
