"""A decoded photo in; JSON values and its pixels out, and back without loss."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image

from flaneur.decode import MAX_PIXELS
from flaneur.explain.opened import MOST_SHOWN_PIXELS, Opened
from flaneur.serve.children.frames import Frame
from flaneur.types import Location

MOST_BYTES = 3 * (MAX_PIXELS + MOST_SHOWN_PIXELS)
"""Of the blocks of :func:`to_frame`."""


def to_frame(photo: Opened) -> Frame:
    """What :func:`from_frame` makes the same photo of."""
    images = [photo.view, photo.shown]
    header = {"gps": position_values(photo.gps), "sizes": [list(image.size) for image in images]}
    return header, [image.tobytes() for image in images]


def checked(header: Mapping[str, Any], blocks: Sequence[bytes]) -> Frame:
    """A frame that :func:`from_frame` makes a photo of, without anything else in it and without a copy of its pixels.

    Raises:
        ValueError: it is not whole.
        InputError: its position is nowhere on earth.
    """
    sizes = header.get("sizes")
    if not isinstance(sizes, list) or not len(sizes) == len(blocks) == 2:
        raise ValueError("a photo without its sizes")
    for size, pixels in zip(sizes, blocks, strict=True):
        match size:
            case [int(width), int(height)] if width > 0 and height > 0 and len(pixels) == 3 * width * height:
                continue
            case _:
                raise ValueError("a picture of another size than it says")
    return {"gps": position_values(position(header)), "sizes": sizes}, list(blocks)


def from_frame(header: Mapping[str, Any], blocks: Sequence[bytes]) -> Opened:
    """The photo of a frame.

    Raises:
        ValueError: it is not whole.

    >>> photo = Opened(Image.new("RGB", (4, 3), "teal"), Image.new("RGB", (8, 6)), Location(48.8, 2.3))
    >>> from_frame(*to_frame(photo)) == photo
    True
    """
    facts, pictures = checked(header, blocks)
    view, shown = (
        Image.frombytes("RGB", (width, height), pixels)
        for (width, height), pixels in zip(facts["sizes"], pictures, strict=True)
    )
    return Opened(view, shown, position(header))


def position_values(gps: Location | None) -> list[float] | None:
    """Latitude and longitude; what :func:`position` reads as ``gps``."""
    return None if gps is None else [gps.lat, gps.lon]


def position(header: Mapping[str, Any]) -> Location | None:
    """Where a photo claims to be.

    Raises:
        ValueError: it is neither null nor two numbers.
        InputError: it is nowhere on earth.
    """
    match header:
        case {"gps": None}:
            return None
        case {"gps": [float(lat), float(lon)]}:
            return Location(lat, lon)
        case _:
            raise ValueError("a photo's position is neither null nor two numbers")
