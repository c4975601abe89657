"""Untrusted bytes in; upright RGB pixels and a few facts out, or one clear PhotoError. Metadata goes no further."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from flaneur.types import Location


@dataclass(frozen=True, slots=True)
class DecodedPhoto:
    """Pixels of one photo.

    Args:
        image: upright RGB; may be smaller than the photo where ``at_least_px`` allowed a scaled decode.
        width: of the photo as seen, in pixels, before any scaled decode.
        height: likewise.
        gps: a position the file claims, as a separate fact.
    """

    image: Image.Image
    width: int
    height: int
    gps: Location | None = None


def decode(data: bytes | Path, *, at_least_px: int | None = None) -> DecodedPhoto:
    """Decode one photo.

    Args:
        data: the bytes, or the file that holds them.
        at_least_px: the shorter side needed; a JPEG is then decoded at the smallest 1/1, 1/2, 1/4, 1/8 scale that gives it.
    """
    raw = data.read_bytes() if isinstance(data, Path) else data
    with Image.open(BytesIO(raw), formats=["JPEG", "PNG", "WEBP"]) as image:
        width, height = image.size
        if at_least_px and image.format == "JPEG":
            image.draft("RGB", (at_least_px, at_least_px))
        upright = ImageOps.exif_transpose(image).convert("RGB")
    return DecodedPhoto(upright, width, height)
