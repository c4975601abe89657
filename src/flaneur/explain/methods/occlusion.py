"""A target in; how much the score falls where a window hides the photo, out. Works for any model, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target
from flaneur.explain.windows import WindowSettings, filled, pasted, spread, windows

NEEDS = ""
UNIT = "log-odds lost where this is hidden"
SETTINGS = WindowSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map of what the answer needs: hidden, it makes the model less sure.

    Args:
        target: what is asked.
        settings: of :class:`flaneur.explain.windows.WindowSettings`, by name.

    Returns:
        ``[S, S]`` nats: by how much the score falls where the window around a pixel is hidden; below 0 where hiding
        makes it rise. With several sizes the mean of their maps.

    Raises:
        UsageError: a setting that there is not.

    Source:
        Zeiler and Fergus, *Visualizing and Understanding Convolutional Networks*, ECCV 2014, section 4.2; paper 001.
    """
    chosen = read_settings(SETTINGS, settings, "occlusion")
    picture = target.picture()
    hidden = filled(picture, chosen.fill, chosen.seed)
    maps = []
    for size in chosen.sizes:
        boxes = windows(target.size_px, size, chosen.stride)
        falls = target.score - target.scores(pasted(picture, hidden, boxes))
        maps.append(spread(falls, target.size_px))
    return np.asarray(np.mean(maps, axis=0), np.float32)
