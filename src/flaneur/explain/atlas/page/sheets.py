"""Photos in; sheets of small squares of them out, as JPEG: one picture a thousand photos instead of a thousand."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageOps

from flaneur.bundle.inference import cores
from flaneur.decode import decode
from flaneur.errors import PhotoError

MOST_PIXELS = 24_000_000  # of all squares together: some 100 MB in the browser, some 6 MB in the file
_LARGEST_PX, _SMALLEST_PX = 96, 24
_SHEET_PX = 2048
_QUALITY = 72


@dataclass(frozen=True, slots=True)
class Sheets:
    """Squares in rows, in the order of the photos.

    Args:
        px: side of a square.
        across: squares in a row; as many rows make a full sheet.
        sheets: JPEG files, all but the last full.
        missing: rows of photos that have no square.
    """

    px: int
    across: int
    sheets: tuple[bytes, ...]
    missing: tuple[int, ...] = ()


def square_px(count: int) -> int:
    """Side of each square, so that all of them keep to the budget.

    >>> square_px(100), square_px(4000), square_px(20_000), square_px(1_000_000)
    (96, 77, 34, 24)
    """
    return min(_LARGEST_PX, max(_SMALLEST_PX, math.isqrt(MOST_PIXELS // max(1, count))))


def sheets_of(paths: Sequence[Path | None], progress: Callable[[int, int], None] | None = None) -> Sheets:
    """The middle square of every photo.

    Args:
        paths: of the photos; ``None`` and what cannot be read stays empty, and so does what is beyond the budget.
        progress: told how many are done, of how many.
    """
    px = square_px(len(paths))
    across = _SHEET_PX // px
    room = MOST_PIXELS // (px * px)
    made, missing = [], []
    with ThreadPoolExecutor(cores(), thread_name_prefix="flaneur-squares") as pool:
        for start in range(0, min(len(paths), room), across * across):
            rows = range(start, min(start + across * across, len(paths), room))
            sheet = Image.new("RGB", (across * px, -(-len(rows) // across) * px), (128, 128, 128))
            for number, square in enumerate(pool.map(lambda row: _square(paths[row], px), rows)):
                if square is None:
                    missing.append(start + number)
                else:
                    sheet.paste(square, (number % across * px, number // across * px))
                if progress is not None:
                    progress(start + number + 1, len(paths))
            made.append(_jpeg(sheet))
    return Sheets(px, across, tuple(made), (*missing, *range(room, len(paths))))


def _square(path: Path | None, px: int) -> Image.Image | None:
    if path is None:
        return None
    try:
        return ImageOps.fit(decode(path, at_least_px=px).image.convert("RGB"), (px, px), Image.Resampling.BOX)
    except PhotoError:
        return None


def _jpeg(sheet: Image.Image) -> bytes:
    stream = BytesIO()
    sheet.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return stream.getvalue()
