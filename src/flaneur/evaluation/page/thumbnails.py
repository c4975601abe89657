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
MOST_PHOTOS = 300
MOST_BYTES = 6_000_000


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


def thumbnail(path: Path) -> bytes:
    """A small JPEG without metadata.

    Raises:
        PhotoError: the photo cannot be read.
    """
    image = decode(path, at_least_px=THUMBNAIL_PX).image.copy()
    image.thumbnail((2 * THUMBNAIL_PX, THUMBNAIL_PX), Image.Resampling.LANCZOS)
    stream = BytesIO()
    image.save(stream, "JPEG", quality=72, optimize=True)
    return stream.getvalue()


def _address(path: Path) -> str:
    try:
        return f"data:image/jpeg;base64,{base64.b64encode(thumbnail(path)).decode()}"
    except PhotoError:
        return ""
