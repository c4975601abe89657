"""A photo in; the same photo twice out: as a network is given it, and large enough to look at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

from flaneur.decode import decode
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.predict import View

_SHOWN_PX, _LONGEST_PX = 1080, 4320
MOST_SHOWN_PIXELS = _SHOWN_PX * _LONGEST_PX


@dataclass(frozen=True, slots=True)
class Opened:
    """A photo that was decoded elsewhere, for :func:`flaneur.explain.run.explain`; made by :func:`opened`.

    Args:
        view: RGB, as :meth:`flaneur.predict.Model.predict` decodes it.
        shown: RGB, as :func:`shown` makes it.
        gps: a position the file claims.
    """

    view: Image.Image
    shown: Image.Image
    gps: Location | None = None


def opened(data: bytes, at_least_px: int) -> Opened:
    """Decode a photo for a model and for people.

    Args:
        data: the bytes of a file.
        at_least_px: side of the square that the model sees.

    Raises:
        PhotoError: it cannot be read.

    >>> from io import BytesIO
    >>> file = BytesIO()
    >>> Image.new("RGB", (1600, 1200), "teal").save(file, "JPEG")
    >>> photo = opened(file.getvalue(), 160)
    >>> photo.view.size, photo.shown.size
    ((400, 300), (1440, 1080))
    """
    photo = decode(data, at_least_px=at_least_px)
    whole = photo.image.size == (photo.width, photo.height) and at_least_px <= _SHOWN_PX
    return Opened(photo.image, shown(photo.image if whole else data), photo.gps)


def shown(photo: View) -> Image.Image:
    """The photo, large enough to look at: the network's own copy may be far smaller.

    Args:
        photo: a path, bytes or picture.

    Raises:
        PhotoError: it cannot be read.

    >>> shown(Image.new("L", (4000, 2000))).size
    (2160, 1080)
    """
    if isinstance(photo, Image.Image):
        image = photo.convert("RGB")
    else:
        image = decode(Path(photo) if isinstance(photo, str) else photo, at_least_px=_SHOWN_PX).image
    scale = min(1.0, _SHOWN_PX / min(image.size), _LONGEST_PX / max(image.size))
    width, height = (max(1, round(length * scale)) for length in image.size)
    return image if scale == 1 else image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=2.0)
