"""A square picture in; the same with windows hidden or alone shown, and what their scores say of each pixel, out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from flaneur.errors import UsageError, did_you_mean
from flaneur.explain.target import Picture

FILLS = ("blur", "mean", "noise", "black")
"""What hides: the picture blurred until nothing is told apart, its mean colour, seeded grey noise, or black."""

_BLUR = 1 / 10  # deviation of the blur as a share of the square's side: houses go, sky and ground stay
MOST_WINDOWS = 20_000


@dataclass(frozen=True, slots=True)
class WindowSettings:
    """Windows that slide over the square.

    Args:
        sizes: side of the windows, as shares of the square's; each size is a round of its own, and all rounds count
            alike.
        stride: how far a window lies from the next, as a share of its side; at most 1.
        fill: one of :data:`FILLS`.
        seed: of the noise.
    """

    sizes: tuple[float, ...] = (0.2, 0.35)
    stride: float = 0.33
    fill: str = "blur"
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.sizes or not all(0 < size <= 1 for size in self.sizes):
            raise UsageError(f"sizes are {list(self.sizes)}; each must be above 0 and at most 1.")
        if not 0 < self.stride <= 1:
            raise UsageError(f"stride is {self.stride}; it must be above 0 and at most 1.")
        if (count := sum(_across(size, self.stride) ** 2 for size in self.sizes)) > MOST_WINDOWS:
            raise UsageError(f"these are {count:,} windows; choose larger ones or a larger stride.")
        check_fill(self.fill)


def check_fill(fill: str) -> None:
    """Nothing, if there is such a fill.

    Raises:
        UsageError: there is none.
    """
    if fill not in FILLS:
        hint = did_you_mean(fill, FILLS)
        raise UsageError(f"there is no fill {fill!r}.{hint} Choose among: {', '.join(FILLS)}.")


def windows(size_px: int, size: float, stride: float) -> NDArray[np.intp]:
    """Windows of one size. Their middles form an even grid; those at the rim are cut off by it.

    Args:
        size_px: side of the square.
        size: side of a window, as a share of it.
        stride: from one to the next, as a share of a window's side; a little less where that fills the square evenly.

    Returns:
        ``[N, 4]``: left, top, right, bottom in pixels, right and bottom exclusive, row by row. Every pixel lies in at
        least one.

    >>> windows(8, 0.5, 1.0).tolist()
    [[0, 0, 4, 4], [4, 0, 8, 4], [0, 4, 4, 8], [4, 4, 8, 8]]
    >>> len(windows(160, 0.2, 0.25))
    400
    """
    count = _across(size, stride)
    middles = (np.arange(count) + 0.5) * size_px / count
    half = max(size * size_px, size_px / count) / 2  # no narrower than the grid, so that no pixel is left out
    low = np.clip(np.rint(middles - half), 0, size_px - 1).astype(np.intp)
    high = np.clip(np.rint(middles + half), low + 1, size_px).astype(np.intp)
    top, left = np.meshgrid(np.arange(count), np.arange(count), indexing="ij")
    return np.stack([low[left], low[top], high[left], high[top]], axis=-1).reshape(-1, 4)


def _across(size: float, stride: float) -> int:
    return max(1, math.ceil(1 / (size * stride) - 1e-9))


def filled(picture: Picture, fill: str, seed: int = 0) -> Picture:
    """What is seen where a picture is hidden.

    Args:
        picture: ``[S, S, 3]`` in 0..1.
        fill: one of :data:`FILLS`.
        seed: of the noise.

    Returns:
        ``[S, S, 3]`` in 0..1.

    Raises:
        UsageError: no such fill.

    >>> filled(np.full((4, 4, 3), 0.5, np.float32), "black").max()
    np.float32(0.0)
    """
    check_fill(fill)
    if fill == "blur":
        return _blurred(picture, _BLUR * len(picture))
    if fill == "noise":
        grey = np.random.default_rng(seed).normal(0.5, 0.2, (*picture.shape[:2], 1))
        return np.broadcast_to(np.clip(grey, 0, 1), picture.shape).astype(np.float32)
    colour = picture.mean((0, 1)) if fill == "mean" else np.zeros(3)
    return np.broadcast_to(colour, picture.shape).astype(np.float32)


def _blurred(picture: Picture, deviation_px: float) -> Picture:
    eight_bit = Image.fromarray(np.rint(255 * picture).astype(np.uint8))
    return np.asarray(eight_bit.filter(ImageFilter.GaussianBlur(deviation_px)), np.float32) / np.float32(255)


def pasted(onto: Picture, patch: Picture, boxes: NDArray[np.intp]) -> Iterator[Picture]:
    """One picture a window: inside it the one, around it the other.

    Args:
        onto: ``[S, S, 3]``, around the window.
        patch: ``[S, S, 3]``, inside.
        boxes: ``[N, 4]`` of :func:`windows`.

    >>> black, white = np.zeros((4, 4, 3), np.float32), np.ones((4, 4, 3), np.float32)
    >>> [int(made.sum()) for made in pasted(black, white, windows(4, 0.5, 1.0))]
    [12, 12, 12, 12]
    """
    for left, top, right, bottom in boxes:
        made = onto.copy()
        made[top:bottom, left:right] = patch[top:bottom, left:right]
        yield made


def spread(values: NDArray[np.float64], size_px: int) -> NDArray[np.float32]:
    """Windows' values to pixels: each stands at its window's middle, and between the middles the map is drawn evenly.

    Args:
        values: ``[N]``, of the windows of one size, in the order of :func:`windows`.
        size_px: side of the square.

    Returns:
        ``[S, S]``.

    >>> spread(np.array([0.0, 1.0, 0.0, 1.0]), 4)[0].tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    across = math.isqrt(len(values))
    grid = Image.fromarray(values.reshape(across, across).astype(np.float32))
    return np.asarray(grid.resize((size_px, size_px), Image.Resampling.BILINEAR), np.float32)
