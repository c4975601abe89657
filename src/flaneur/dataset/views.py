"""An equirectangular panorama and a direction in; what a pinhole camera would have seen there out."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import PhotoError, UsageError

Floats = NDArray[np.floating[Any]]
_ASPECT_SLACK = 0.02


def perspective(
    panorama: NDArray[np.uint8],
    *,
    heading_deg: float,
    pitch_deg: float = 0.0,
    fov_deg: float = 90.0,
    size_px: int | tuple[int, int],
    pano_heading_deg: float = 0.0,
) -> NDArray[np.uint8]:
    """One view of a panorama.

    Args:
        panorama: ``[H, W, 3]`` RGB, ``W = 2 H``: all round, from straight up to straight down. Columns go clockwise.
        heading_deg: compass direction of the view.
        pitch_deg: -90 to 90, up is positive.
        fov_deg: horizontal, above 0 and below 180.
        size_px: of a square view, or width and height.
        pano_heading_deg: compass direction of the panorama's middle column. Where it is not known, 0 makes
            ``heading_deg`` count from that column.

    Returns:
        ``[h, w, 3]``. Bilinear; averaged where the panorama is finer than the view, so that nothing shimmers.

    Raises:
        PhotoError: ``unsupported_format``: not an equirectangular panorama.
        UsageError: no such view.

    Source:
        The gnomonic projection, J. P. Snyder, *Map Projections: A Working Manual*, USGS PP 1395, 1987, pages 164 to
        168, turned by heading and pitch; the panorama is the equidistant cylindrical one, pages 90 to 91.

    >>> grey = np.full((64, 128, 3), 90, dtype=np.uint8)
    >>> perspective(grey, heading_deg=10, size_px=(40, 30)).shape
    (30, 40, 3)
    """
    width, height = (size_px, size_px) if isinstance(size_px, int) else size_px
    if not (0 < fov_deg < 180 and -90 <= pitch_deg <= 90 and min(width, height) > 0):
        raise UsageError(f"No view of {fov_deg:g}° at pitch {pitch_deg:g}° in {width} by {height} pixels.")
    rows, columns = panorama.shape[:2]
    if panorama.shape[2:] != (3,) or abs(columns / rows - 2) > _ASPECT_SLACK:
        raise PhotoError(
            "unsupported_format", f"{columns} by {rows} is no full panorama, which is twice as wide as it is high"
        )
    focal_px = width / 2 / math.tan(math.radians(fov_deg) / 2)
    finer = columns / (2 * math.pi) / focal_px  # pixels of the panorama for one of the view, in the middle
    rays = 2 if finer > 1 else 1  # each way in a pixel
    source = _bordered(_shrunk(panorama, finer / rays))
    total = np.zeros((height, width, 3), dtype=np.float32)
    for step in range(rays * rays):
        right = (np.arange(width) + (step % rays + 0.5) / rays - width / 2) / focal_px
        down = (np.arange(height) + (step // rays + 0.5) / rays - height / 2) / focal_px
        lon, lat = _directions(right, down, math.radians(pitch_deg), math.radians(heading_deg - pano_heading_deg))
        total += _looked_up(source, lon, lat)
    return np.asarray(np.clip(np.rint(total / (rays * rays)), 0, 255), dtype=np.uint8)


def _directions(right: Floats, down: Floats, pitch: float, turn: float) -> tuple[Floats, Floats]:
    """Where the rays of an image plane at distance 1 go.

    Args:
        right: ``[w]`` of the image plane.
        down: ``[h]`` likewise.
        pitch: radians, up is positive.
        turn: radians, clockwise.

    Returns:
        ``[h, w]`` longitude, clockwise from the panorama's middle, and ``[h, w]`` latitude; radians.
    """
    ahead = math.cos(pitch) + math.sin(pitch) * down[:, None]
    up = math.sin(pitch) - math.cos(pitch) * down[:, None]
    beside = np.broadcast_to(right[None, :], (len(down), len(right)))
    return np.arctan2(beside, ahead) + turn, np.arctan2(up, np.hypot(beside, ahead))


def _looked_up(source: NDArray[np.uint8], lon: Floats, lat: Floats) -> NDArray[np.float32]:
    """Bilinear values of a bordered panorama: ``[h, w, 3]``."""
    rows, columns = source.shape[0] - 2, source.shape[1] - 2
    x = (lon / (2 * np.pi) + 0.5) % 1 * columns + 0.5  # the border shifts by one, a pixel's centre is at a half
    y = (0.5 - lat / np.pi) * rows + 0.5
    left = np.minimum(x.astype(np.intp), columns)
    top = np.clip(y.astype(np.intp), 0, rows)
    across = (x - left).astype(np.float32)[..., None]
    below = (y - top).astype(np.float32)[..., None]
    flat, stride = source.reshape(-1, 3), columns + 2
    first = top * stride + left
    upper = flat.take(first, axis=0) * (1 - across) + flat.take(first + 1, axis=0) * across
    lower = flat.take(first + stride, axis=0) * (1 - across) + flat.take(first + stride + 1, axis=0) * across
    return np.asarray(upper * (1 - below) + lower * below)


def _bordered(panorama: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A pixel more on every side: across the seam the other end, beyond a pole the same row half a turn on."""
    columns = panorama.shape[1]
    over = [np.roll(panorama[row : row + 1 or None], columns // 2, axis=1) for row in (0, -1)]
    closed = np.concatenate([over[0], panorama, over[1]])
    return np.ascontiguousarray(np.concatenate([closed[:, -1:], closed, closed[:, :1]], axis=1))


def _shrunk(panorama: NDArray[np.uint8], times: float) -> NDArray[np.uint8]:
    """Averaged over whole boxes, none of which lies across the seam, if it is to be smaller."""
    if times <= 1:
        return panorama
    rows = round(panorama.shape[0] / times)
    return np.asarray(Image.fromarray(panorama).resize((2 * rows, rows), Image.Resampling.BOX))
