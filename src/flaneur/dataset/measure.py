"""Pixels of one photo in; a few numbers out that tell blank, dark, blurred and near-duplicate photos from the rest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE_PX = 128  # all is measured on a square of this side, so that the thresholds hold for any camera


@dataclass(frozen=True, slots=True)
class Measures:
    """What one photo looks like, coarsely.

    Args:
        phash: 64-bit perceptual hash, as 16 hexadecimal digits; similar photos differ in few bits.
        brightness: mean luminance, 0 to 255.
        contrast: standard deviation of the luminance, 0 to 127.5.
        sharpness: standard deviation of the Laplacian of the luminance.
        edges: share of pixels with a clear edge, 0 to 1.
        flatness: share of the commonest of 512 colours, 0 to 1.
    """

    phash: str
    brightness: float
    contrast: float
    sharpness: float
    edges: float
    flatness: float


def measure(image: Image.Image) -> Measures:
    """Measure one photo.

    Args:
        image: RGB, any size.

    >>> grey = measure(Image.new("RGB", (640, 480), (128, 128, 128)))
    >>> grey.brightness, grey.contrast, grey.flatness
    (128.0, 0.0, 1.0)
    """
    small = image.resize((SIDE_PX, SIDE_PX), Image.Resampling.BOX, reducing_gap=2.0)
    grey = np.asarray(small.convert("L"), dtype=np.float32)
    laplacian = 4 * grey[1:-1, 1:-1] - grey[:-2, 1:-1] - grey[2:, 1:-1] - grey[1:-1, :-2] - grey[1:-1, 2:]
    across, down = np.diff(grey, axis=1)[:-1], np.diff(grey, axis=0)[:, :-1]
    levels = (np.asarray(small) >> 5).astype(np.int32) @ np.array([64, 8, 1], dtype=np.int32)
    return Measures(
        phash=f"{_phash(small):016x}",
        brightness=round(float(grey.mean()), 3),
        contrast=round(float(grey.std()), 3),
        sharpness=round(float(laplacian.std()), 3),
        edges=round(float(np.mean(np.hypot(across, down) > 16)), 5),
        flatness=round(float(np.bincount(levels.ravel()).max() / levels.size), 5),
    )


def portrait(image: Image.Image) -> NDArray[np.float32]:
    """A photo as one unit vector: the luminance at 24 by 24, without mean; the product of two is their correlation.

    Returns:
        ``[576]``; all zero for a photo of one colour.
    """
    grey = np.asarray(image.resize((24, 24), Image.Resampling.BOX, reducing_gap=2.0).convert("L"), dtype=np.float32)
    vector = (grey - grey.mean()).ravel()
    length = float(np.linalg.norm(vector))
    return np.zeros_like(vector) if length < 1 else vector / np.float32(length)


def _phash(image: Image.Image) -> int:
    """Signs of the 64 lowest frequencies against their median.

    Source: N. Krawetz, *Looks Like It*, 2011; the frequencies are those of a DCT-II of 32 by 32 luminances.
    """
    grey = np.asarray(image.resize((32, 32), Image.Resampling.BOX).convert("L"), dtype=np.float64)
    low = (_cosines() @ grey @ _cosines().T).ravel()
    bits = low > np.median(low[1:])
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


@cache
def _cosines() -> NDArray[np.float64]:
    """``[8, 32]``: the first rows of the DCT-II."""
    return np.asarray(np.cos(np.pi / 32 * np.outer(np.arange(8), np.arange(32) + 0.5)))
