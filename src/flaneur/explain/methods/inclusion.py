"""A target in; how much each window of the photo scores when it alone is shown, out. For any model, without torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target
from flaneur.explain.windows import WindowSettings, filled, pasted, spread, windows

NEEDS = ""
UNIT = "log-odds beyond those of a mean window, this alone shown"
SETTINGS = WindowSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map of what suffices for the answer: shown alone, it makes the model surer.

    Args:
        target: what is asked.
        settings: of :class:`flaneur.explain.windows.WindowSettings`, by name.

    Returns:
        ``[S, S]`` nats: by how much the window around a pixel, shown alone, scores higher than the mean window of its
        size. With several sizes the mean of their maps.

    Raises:
        UsageError: a setting that there is not.

    Source:
        Paper 001, section "Inclusion": "we occlude the entire image except for a small region".
    """
    chosen = read_settings(SETTINGS, settings, "inclusion")
    picture = target.picture()
    hidden = filled(picture, chosen.fill, chosen.seed)
    maps = []
    for size in chosen.sizes:
        boxes = windows(target.size_px, size, chosen.stride)
        shown = target.scores(pasted(hidden, picture, boxes))
        maps.append(spread(shown - shown.mean(), target.size_px))
    return np.asarray(np.mean(maps, axis=0), np.float32)
