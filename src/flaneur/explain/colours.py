"""A picture and how strongly each point of it speaks in; the picture with that in two colours out.

Bright orange speaks for a city, dark blue against it. The two are told apart in every kind of colour-blindness, and by
their lightness where there is no colour at all.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FOR, AGAINST = (255, 150, 0), (20, 60, 190)
NEUTRAL = (128, 128, 128)
_COLOUR_LEFT = 0.25  # of the photo's own, so that it stays a photo and yet lends no orange


def muted(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A photo nearly in grey.

    Args:
        pixels: ``[h, w, 3]`` RGB.

    Returns:
        ``[h, w, 3]`` in 0 to 255.

    Source:
        Lightness by the luma of ITU-R BT.601, as Pillow's.
    """
    own = pixels.astype(np.float32)
    grey = own @ np.array([0.299, 0.587, 0.114], np.float32)
    return np.asarray(grey[..., None] * (1 - _COLOUR_LEFT) + own * _COLOUR_LEFT)


def coloured(base: NDArray[np.float32], strength: NDArray[np.float32], alpha: float = 0.8) -> NDArray[np.float32]:
    """Colours over a picture: the stronger, the more of the picture they hide.

    Args:
        base: ``[h, w, 3]`` in 0 to 255.
        strength: ``[h, w]``, -1 (against) to 1 (for); beyond that as these.
        alpha: how much the strongest hides, 0 to 1.

    Returns:
        ``[h, w, 3]`` in 0 to 255.

    >>> coloured(np.zeros((1, 3, 3), np.float32), np.array([[-1, 0, 1]], np.float32), 1.0).tolist()
    [[[20.0, 60.0, 190.0], [0.0, 0.0, 0.0], [255.0, 150.0, 0.0]]]
    """
    ends = np.where(strength[..., None] > 0, np.array(FOR, np.float32), np.array(AGAINST, np.float32))
    weight = np.clip(np.abs(strength), 0, 1)[..., None] * np.float32(alpha)
    return np.asarray(base * (1 - weight) + ends * weight, np.float32)
