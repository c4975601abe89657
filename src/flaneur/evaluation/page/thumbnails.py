"""Photos in; small pictures inside the page out, until the page holds as many as it may."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from PIL import Image

from flaneur.decode import decode
from flaneur.errors import PhotoError

THUMBNAIL_PX = 200
CROP_PX = 120
MOST_PHOTOS = 300
MOST_BYTES = 6_000_000
Box = tuple[float, float, float, float]


class Thumbnails:
    """Pictures of one page; each call spends a part of what the page may hold.

    Args:
        paths: the file of every photo, by id.
        most_photos: pictures in the page, one that stands in it twice counted twice.
        most_bytes: of all pictures together, as they stand in the page.
    """

    def __init__(self, paths: Mapping[str, Path], most_photos: int = MOST_PHOTOS, most_bytes: int = MOST_BYTES) -> None:
        self._paths, self._made = paths, dict[str, str]()
        self.photos_left, self.bytes_left = most_photos, most_bytes

    @property
    def spent(self) -> bool:
        """Whether the page is full."""
        return not self.photos_left or self.bytes_left <= 0

    def address(self, photo_id: str) -> str:
        """A ``data:`` address of the photo; empty if it cannot be read or the page is full."""
        if self.spent or photo_id not in self._paths:
            return ""
        if photo_id not in self._made:
            self._made[photo_id] = _address(self._paths[photo_id])
        found = self._made[photo_id]
        if found:
            self.photos_left -= 1
            self.bytes_left -= len(found)
        return found

    def crop(self, photo_id: str, box: Box) -> str:
        """A ``data:`` address of a piece of the photo, likewise; it counts by its bytes, not as a photo.

        Args:
            photo_id: of the photo.
            box: left, top, right, bottom as shares of its width and height.
        """
        if self.spent or photo_id not in self._paths:
            return ""
        found = _address(self._paths[photo_id], box)
        self.bytes_left -= len(found)
        return found


def thumbnail(path: Path) -> bytes:
    """A small JPEG without metadata.

    Raises:
        PhotoError: the photo cannot be read.
    """
    image = decode(path, at_least_px=THUMBNAIL_PX).image.copy()
    image.thumbnail((2 * THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    return _jpeg(image)


def _piece(path: Path, box: Box) -> bytes:
    image = decode(path).image
    left, top, right, bottom = (round(at * length) for at, length in zip(box, 2 * image.size, strict=True))
    piece = image.crop((left, top, max(left + 1, right), max(top + 1, bottom)))
    piece.thumbnail((CROP_PX, CROP_PX), Image.Resampling.LANCZOS)
    return _jpeg(piece)


def _jpeg(image: Image.Image) -> bytes:
    stream = BytesIO()
    image.save(stream, "JPEG", quality=72, optimize=True)
    return stream.getvalue()


def _address(path: Path, box: Box | None = None) -> str:
    try:
        made = thumbnail(path) if box is None else _piece(path, box)
        return f"data:image/jpeg;base64,{base64.b64encode(made).decode()}"
    except PhotoError:
        return ""
