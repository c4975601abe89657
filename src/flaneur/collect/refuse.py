"""A decoded picture in; out why it shows no street, if it does not: a provider's "no imagery", a stripe, one colour."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONGER_SIDE_PX = 512
"""Pictures are looked at in about this size; it takes the noise of JPEG out."""
STRIPE = 0.08
"""Share of a side from which an edge of one colour is a stripe."""
NOTICE = 0.85
"""Share of a picture that is one grey, from which it is a notice and not a photo; "no imagery here" has 0.95."""
_SAME = 5  # levels of 255
_NEUTRAL = 14
_BLANK_CONTRAST = 3.0
_BLOCK_PX = 20  # a download breaks off within a row of JPEG blocks, 16 high, so the very next line may be half a stripe


def refusal(image: Image.Image) -> tuple[str, str] | None:
    """Why a picture is not to be kept.

    By its pixels alone: a provider's placeholder changes its bytes and its size with the size that was asked for.

    Args:
        image: RGB, any size.

    Returns:
        A stable code and one line for people, or ``None``: ``blank`` (one colour), ``no_imagery`` (a few grey letters
        on grey), ``black_stripe`` (an edge of one colour: letter-boxed, or a download that broke off).

    >>> refusal(Image.new("RGB", (640, 640), (228, 227, 223)))
    ('blank', 'it is of one colour')
    """
    times = max(1, round(max(image.size) / LONGER_SIDE_PX))
    small = image.convert("RGB").reduce(times)
    pixels = np.asarray(small).astype(np.int16)
    if float(pixels.std(axis=(0, 1)).max()) < _BLANK_CONTRAST:
        return "blank", "it is of one colour"
    if (share := _notice(pixels)) >= NOTICE:
        return "no_imagery", f"a notice instead of a photo: {share:.0%} is one grey, the rest greys"
    sides = {"top": pixels, "bottom": pixels[::-1], "left": pixels.swapaxes(0, 1), "right": pixels.swapaxes(0, 1)[::-1]}
    stripes = {name: _stripe(side, name, _BLOCK_PX // times) for name, side in sides.items()}
    name = max(stripes, key=lambda side: stripes[side])
    if stripes[name] >= STRIPE:
        return "black_stripe", f"{stripes[name]:.0%} at its {name} is one colour"
    return None


def _notice(pixels: NDArray[np.int16]) -> float:
    """Share of the commonest colour if it is a light grey and nearly all else is grey as well; or 0."""
    levels = pixels.sum(axis=2) // 3
    common = int(np.bincount(levels.ravel(), minlength=256).argmax())
    ground = np.median(pixels[np.abs(levels - common) <= 1], axis=0)
    coloured = np.ptp(pixels, axis=2) > _NEUTRAL
    if not 96 <= common <= 250 or np.ptp(ground) > _NEUTRAL or coloured.mean() > 0.02:
        return 0.0
    return float(np.mean(np.abs(pixels - ground).max(axis=2) <= _SAME))


def _stripe(lines: NDArray[np.int16], name: str, block: int) -> float:
    """Share of a picture that is a stripe along its first line: of one colour, and ending along most of its length.

    A clipped sky or a night sky may be of one colour, too, but ends where the roofs begin, here and there.
    """
    colour = np.median(lines[0], axis=0)
    if name == "top" and colour.min() > 245:
        return 0.0  # an overcast sky above a level horizon
    differs = np.abs(lines - colour).max(axis=2) > _SAME
    uneven = np.flatnonzero(differs.mean(axis=1) > 0.01)
    if len(uneven) == 0 or uneven[0] == 0:
        return 0.0
    end = int(uneven[0])
    ends_sharply = differs[end : end + max(block, 2, round(0.05 * len(lines)))].mean(axis=1).max() > 0.6
    return end / len(lines) if ends_sharply else 0.0
