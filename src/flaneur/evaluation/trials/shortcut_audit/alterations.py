"""The square of a photo that a network sees in; the same square with something covered, changed or pasted in, out."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageDraw, ImageFilter

Pixels = NDArray[np.uint8]
"""``[S, S, 3]`` RGB."""
Area = NDArray[np.bool_]
"""``[S, S]``, true inside."""

Tables = dict[int, list[int]]
"""JPEG quantisation tables as Pillow gives them."""

_FINE_PX = 1.0  # radius of the blur that parts grain from picture
_FINE_SHARE = 1.21  # white noise of this deviation has a grain of level 1: the blur leaves it the rest
_BLOCK, _DARK, _BRIGHT = 8, 20, 235


def strip(size: int, top: float, bottom: float) -> Area:
    """A band across the photo.

    Args:
        size: side of the square in pixels.
        top: its upper end as a share of the height.
        bottom: its lower end.

    >>> strip(4, 0.5, 1.0).astype(int).tolist()
    [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]
    """
    area = np.zeros((size, size), bool)
    area[round(top * size) : round(bottom * size)] = True
    return area


def middle(size: int, share: float) -> Area:
    """A centred square.

    Args:
        size: side of the photo in pixels.
        share: of the photo's area, 0 to 1.

    >>> middle(4, 0.25).astype(int).tolist()
    [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]
    """
    edge = round(size * (1 - share**0.5) / 2)
    area = np.zeros((size, size), bool)
    area[edge : size - edge, edge : size - edge] = True
    return area


def border(size: int, share: float) -> Area:
    """A frame along the four sides.

    Args:
        size: side of the photo in pixels.
        share: of the photo's area, 0 to 1.

    >>> border(4, 0.75).astype(int).tolist()
    [[1, 1, 1, 1], [1, 0, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]]
    """
    return np.asarray(~middle(size, 1 - share))


def corners(size: int, side: float, inset: float = 0.0) -> Area:
    """Four squares.

    Args:
        size: side of the photo in pixels.
        side: of each square, as a share of ``size``.
        inset: their distance from the edges, likewise; 0: in the very corners.

    >>> corners(4, 0.25).astype(int).tolist()
    [[1, 0, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0], [1, 0, 0, 1]]
    """
    start, length = round(inset * size), round(side * size)
    line = np.zeros(size, bool)
    line[start : start + length] = True
    line[size - start - length : size - start] = True
    return np.asarray(line[:, None] & line[None, :])


def cover(pixels: Pixels, area: Area, colour: tuple[int, int, int]) -> Pixels:
    """One flat colour over an area.

    >>> cover(np.zeros((2, 2, 3), np.uint8), strip(2, 0.5, 1), (9, 8, 7))[:, 0].tolist()
    [[0, 0, 0], [9, 8, 7]]
    """
    return np.where(area[:, :, None], np.array(colour, np.uint8), pixels)


def paste(pixels: Pixels, area: Area, other: Pixels) -> Pixels:
    """The same area of another photo over this one.

    >>> paste(np.zeros((2, 2, 3), np.uint8), strip(2, 0, 0.5), np.full((2, 2, 3), 5, np.uint8))[:, 0, 0].tolist()
    [5, 0]
    """
    return np.where(area[:, :, None], other, pixels)


def grey(pixels: Pixels) -> Pixels:
    """Without colour; brightness stays (ITU-R BT.601 luma).

    >>> grey(np.full((1, 1, 3), (255, 0, 0), np.uint8)).tolist()
    [[[76, 76, 76]]]
    """
    return _array(Image.fromarray(pixels).convert("L").convert("RGB"))


def blurred(pixels: Pixels) -> Pixels:
    """Without fine detail: a Gaussian blur of a fiftieth of the side."""
    return _array(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(len(pixels) / 50)))


def outline(pixels: Pixels) -> Pixels:
    """Nothing but edges: how much neighbouring pixels differ in brightness, dark lines on white."""
    luma = Image.fromarray(pixels).convert("L").filter(ImageFilter.GaussianBlur(0.7))
    across = ImageChops.difference(luma, ImageChops.offset(luma, 1, 0))
    down = ImageChops.difference(luma, ImageChops.offset(luma, 0, 1))
    edges = np.asarray(ImageChops.add(across, down), np.float32)
    edges[0], edges[:, 0] = 0, 0  # the offset wraps around
    lines = 255 - np.clip(edges * 5, 0, 255)
    return np.repeat(lines.astype(np.uint8)[:, :, None], 3, axis=2)


def watermarked(pixels: Pixels, share: float) -> Pixels:
    """A provider's strip along the lower edge: light bars, as lines of letters would be, on a dark veil.

    Args:
        pixels: of the photo.
        share: height of the strip as a share of the photo's.
    """
    size = len(pixels)
    top = size - round(share * size)
    image = Image.fromarray(np.where(strip(size, 1 - share, 1)[:, :, None], pixels // np.uint8(3), pixels))
    draw = ImageDraw.Draw(image)
    low, high = top + (size - top) // 4, size - 1 - (size - top) // 4
    step = max(3, size // 40)
    for number, x in enumerate(range(step, size - step, step)):
        if number % 7 != 6:  # words end
            draw.rectangle((x, low, x + step - 1 - number % 2, high), fill=(235, 235, 235))
    return _array(image)


def tinted(pixels: Pixels, gains: tuple[float, float, float]) -> Pixels:
    """Another white balance: each channel times its gain.

    >>> tinted(np.full((1, 1, 3), 100, np.uint8), (1.1, 1.0, 0.9)).tolist()
    [[[110, 100, 90]]]
    """
    return _bytes(pixels.astype(np.float32) * np.array(gains, np.float32))


def shaded(pixels: Pixels, gain: NDArray[np.float32]) -> Pixels:
    """Another fall-off of light from the middle to the corners.

    Args:
        pixels: of the photo.
        gain: by distance from the middle, evenly spaced from 0 to the corners.

    >>> shaded(np.full((3, 3, 3), 100, np.uint8), np.array([1, 0.5], np.float32))[:, :, 0].tolist()
    [[50, 65, 50], [65, 100, 65], [50, 65, 50]]
    """
    far = distance_from_middle(len(pixels))
    return _bytes(pixels * np.interp(far, np.linspace(0, 1, len(gain)), gain)[:, :, None])


def distance_from_middle(size: int) -> NDArray[np.float64]:
    """``[size, size]``, 0 in the middle, 1 in the corners."""
    axis = np.linspace(-1, 1, size)
    return np.asarray(np.hypot(axis[:, None], axis[None, :]) / 2**0.5)


def recompressed(pixels: Pixels, quality: int) -> Pixels:
    """Saved once more as JPEG.

    Args:
        pixels: of the photo.
        quality: Pillow's, 1 to 95.
    """
    file = BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return _array(Image.open(file, formats=["JPEG"]))


def saved_with(image: Image.Image, tables: Tables) -> Image.Image:
    """Saved as JPEG with another file's quantisation tables, and read again.

    Args:
        image: RGB.
        tables: of the other file.
    """
    file = BytesIO()
    image.save(file, "JPEG", qtables=tables, subsampling=2)
    saved = Image.open(file, formats=["JPEG"])
    saved.load()
    return saved


def noisy(pixels: Pixels, sigma: float) -> Pixels:
    """As a sensor in poor light: the same Gaussian noise on every photo.

    Args:
        pixels: of the photo.
        sigma: standard deviation in grey levels.
    """
    return _bytes(pixels + np.random.default_rng(0).normal(0, sigma, pixels.shape))


def grain_level(pixels: Pixels) -> float:
    """Standard deviation of the grain, in grey levels, in the flat parts of a photo.

    Grain is what a blur of one pixel takes away. It is measured in blocks of eight pixels that are neither black nor
    white, and of these in the flattest quarter: walls and skies, where the scene has no detail of its own.

    >>> grain_level(np.full((16, 16, 3), 90, np.uint8))
    0.0
    """
    side = len(pixels) // _BLOCK * _BLOCK
    fine = (pixels - _smooth(pixels))[:side, :side]
    rows = side // _BLOCK
    blocks = fine.reshape(rows, _BLOCK, rows, _BLOCK, 3).std(axis=(1, 3)).mean(axis=2)
    light = pixels[:side, :side].reshape(rows, _BLOCK, rows, _BLOCK, 3).mean(axis=(1, 3, 4))
    usable = blocks[(light > _DARK) & (light < _BRIGHT)]
    return float(np.quantile(usable, 0.25)) if usable.size else 0.0


def with_grain(pixels: Pixels, level: float, wanted: float) -> Pixels:
    """More or less grain: white noise is added, or what is as faint as the grain is smoothed.

    Args:
        pixels: of the photo.
        level: of its grain, see :func:`grain_level`.
        wanted: level.

    >>> plain = np.full((64, 64, 3), 90, np.uint8)
    >>> 3 < grain_level(with_grain(plain, 0, 4)) < 5
    True
    """
    if wanted > level:
        noise = np.random.default_rng(0).normal(0, 1, pixels.shape)
        return _bytes(pixels + _FINE_SHARE * float(np.sqrt(wanted**2 - level**2)) * noise)
    fine = pixels - _smooth(pixels)
    faint = np.where(np.abs(fine) < 3 * level, fine, 0)
    return _bytes(pixels - faint * (1 - wanted / level if level else 0))


def shifted(pixels: Pixels, by: NDArray[np.float32]) -> Pixels:
    """Something added to each pixel, ``[S, S, 3]`` in grey levels.

    >>> shifted(np.full((1, 1, 3), 250, np.uint8), np.full((1, 1, 3), 9, np.float32)).tolist()
    [[[255, 255, 255]]]
    """
    return _bytes(pixels + by)


def _smooth(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(pixels).filter(ImageFilter.GaussianBlur(_FINE_PX)), np.float32)


def _bytes(values: NDArray[np.floating[Any]]) -> Pixels:
    return np.asarray(np.clip(np.rint(values), 0, 255).astype(np.uint8))


def _array(image: Image.Image) -> Pixels:
    return np.asarray(image, np.uint8)
