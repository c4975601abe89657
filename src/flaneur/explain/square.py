"""A square that a network saw, and the photo it lies in, in; where it lies and a map of it in the photo, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Box = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of a photo's width and height."""
_LONGEST_PX = 4096


def spread(square: NDArray[np.float32], box: Box, size: tuple[int, int]) -> NDArray[np.float32]:
    """A map of the square that a network saw, put where the square lies in the photo.

    Args:
        square: ``[S, S]``.
        box: of the square in the photo; see :attr:`flaneur.explain.target.Target.box`.
        size: width and height of the photo; only their proportion matters.

    Returns:
        ``[h, w]`` in that proportion, not a number beside the box; inside as fine as the square, unless the photo is so
        long that the whole would be wider than 4096.

    >>> spread(np.ones((4, 4), np.float32), (0.25, 0.0, 0.75, 1.0), (200, 100))[0]
    array([nan, nan,  1.,  1.,  1.,  1., nan, nan], dtype=float32)
    """
    side = len(square)
    scale = min(side / min(size), _LONGEST_PX / max(size))
    width, height = (max(1, round(length * scale)) for length in size)
    left, top, right, bottom = pixels(box, (width, height))
    values = np.full((height, width), np.nan, np.float32)
    values[top:bottom, left:right] = resized(square, (right - left, bottom - top))
    return values


def pixels(box: Box, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """A box of shares in whole pixels of a picture; at least one each way.

    >>> pixels((0.125, 0.0, 0.875, 1.0), (400, 300))
    (50, 0, 350, 300)
    """
    width, height = size
    left, top = round(box[0] * width), round(box[1] * height)
    return left, top, max(left + 1, round(box[2] * width)), max(top + 1, round(box[3] * height))


def resized(values: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    """A map in another size.

    Args:
        values: ``[h, w]``, numbers throughout.
        size: width and height in pixels.
    """
    return np.asarray(Image.fromarray(values).resize(size, Image.Resampling.BILINEAR), np.float32)
