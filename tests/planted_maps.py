"""Maps that look at a photo and never at a network: what a check of maps must not let pass."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, sobel

from flaneur.explain.target import Target


def edges(target: Target) -> NDArray[np.float32]:
    """``[S, S]``: how steep the brightness is, a little blurred; after Adebayo et al. 2018, section 1."""
    grey = target.picture().mean(axis=2)
    return np.asarray(gaussian_filter(np.hypot(sobel(grey, 0), sobel(grey, 1)), len(grey) / 40), np.float32)
