"""Photos for tests: drawn pictures as files, with and without tags."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image


def drawn(seed: int = 0, width: int = 200, height: int = 150) -> Image.Image:
    """A picture of coloured blocks; every seed another one."""
    rng = np.random.default_rng(seed)
    blocks = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image, *, lat: float | None = None, lon: float | None = None, quality: int = 90) -> bytes:
    """A JPEG, with a GPS tag if a position is given."""
    exif = Image.Exif()
    if lat is not None and lon is not None:
        exif[0x010F] = "Telltale Cameras"
        gps = exif.get_ifd(0x8825)
        gps[1], gps[2] = "N" if lat >= 0 else "S", _degrees(lat)
        gps[3], gps[4] = "E" if lon >= 0 else "W", _degrees(lon)
    file = BytesIO()
    image.save(file, "JPEG", quality=quality, exif=exif)
    return file.getvalue()


def _degrees(value: float) -> tuple[float, float, float]:
    minutes = abs(value) % 1 * 60
    return float(int(abs(value))), float(int(minutes)), round(minutes % 1 * 60, 4)


def save(path: Path, seed: int = 0, **tags: float) -> Path:
    """Write a drawn JPEG and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(jpeg(drawn(seed), **tags))
    return path
