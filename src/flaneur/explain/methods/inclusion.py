"""A target in; how much the score rises where a window shows the photo and the rest is hidden, out. For any model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target
from flaneur.explain.windows import WindowSettings, filled, pasted, spread, windows

NEEDS = ""
SETTINGS = WindowSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map of what suffices for the answer: shown alone, it makes the model surer.

    Args:
        target: what is asked.
        settings: of :class:`flaneur.explain.windows.WindowSettings`, by name.

    Returns:
        ``[S, S]`` nats: by how much the score of the wholly hidden photo rises, on the mean of the windows that a pixel
        lies in, where that window alone is shown. With several sizes the mean of their maps.

    Raises:
        UsageError: a setting that there is not.

    Source:
        Paper 001, section "Inclusion": "we occlude the entire image except for a small region".
    """
    chosen = read_settings(SETTINGS, settings, "inclusion")
    picture = target.picture()
    hidden = filled(picture, chosen.fill, chosen.seed)
    (nothing,) = target.scores([hidden])
    maps = []
    for size in chosen.sizes:
        boxes = windows(target.size_px, size, chosen.stride)
        rises = target.scores(pasted(hidden, picture, boxes)) - nothing
        maps.append(spread(rises, boxes, target.size_px))
    return np.mean(maps, axis=0).astype(np.float32)
