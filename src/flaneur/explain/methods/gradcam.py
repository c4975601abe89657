"""A target in; where a map of the network holds what raises the score, out. Needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError, did_you_mean
from flaneur.explain.gradients.extra import need_extra
from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target

NEEDS = "train"
UNIT = "log-odds that a point adds"
MAPS = ("all", "finest", "last")


@dataclass(frozen=True, slots=True)
class GradCamSettings:
    """Which maps, and how their gradient counts.

    Args:
        maps: ``all`` that the answer is read off, on their mean; or the ``finest`` of them alone; or the ``last``,
            which is ``feature_map``. They differ where a network pools several stages.
        local: whether every cell of a map counts by its own gradient (HiResCAM), or by the mean over all cells
            (Grad-CAM). The mean says nothing of a network that reads how much its maps vary.
    """

    maps: str = "all"
    local: bool = True

    def __post_init__(self) -> None:
        if self.maps not in MAPS:
            raise UsageError(f"there are no maps {self.maps!r}.{did_you_mean(self.maps, MAPS)} Say: {', '.join(MAPS)}.")


SETTINGS = GradCamSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map from layers that still know places: what is there, times how much it raises the score.

    Args:
        target: what is asked.
        settings: of :class:`GradCamSettings`, by name.

    Returns:
        ``[S, S]`` nats a pixel, bilinear between a map's cells; below 0 where it speaks against the city. (Grad-CAM's
        paper cuts that off.) Of encoders joined into one it tells of the first one alone.

    Raises:
        UsageError: torch is not installed, no map has a part in the answer, or there is no such setting.

    Source:
        Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*, ICCV 2017,
        equations 1 and 2; Draelos and Carin, *Use HiResCAM instead of Grad-CAM for faithful explanations of
        convolutional neural networks*, arXiv 2011.08891, equation 2.
    """
    chosen = read_settings(SETTINGS, settings, "gradcam")
    need_extra("gradcam")
    from flaneur.explain.gradients.cam import grad_cam

    return grad_cam(target, maps=chosen.maps, local=chosen.local)
