"""A target in; where a map of the network holds what raises the score, out. Needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.explain.gradients.extra import need_extra
from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target

NEEDS = "train"


@dataclass(frozen=True, slots=True)
class GradCamSettings:
    """Which map, and how its gradient counts.

    Args:
        finest: whether it is the first map that the answer is read off, through which everything has come, or the last
            one, ``feature_map``. They differ where a network pools several stages.
        local: whether every cell of the map counts by its own gradient (HiResCAM), or by the mean over all cells
            (Grad-CAM). The mean says nothing of a network that reads how much its map varies.
    """

    finest: bool = True
    local: bool = True


SETTINGS = GradCamSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map from a layer that still knows places: what is there, times how much it raises the score.

    Args:
        target: what is asked.
        settings: of :class:`GradCamSettings`, by name.

    Returns:
        ``[S, S]`` nats, bilinear between the map's cells; below 0 where it speaks against the city. (Grad-CAM's paper
        cuts that off.) Of encoders joined into one it tells of the first one alone.

    Raises:
        UsageError: torch is not installed, or no map has a part in the answer.

    Source:
        Selvaraju et al., *Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization*, ICCV 2017,
        equations 1 and 2; Draelos and Carin, *Use HiResCAM instead of Grad-CAM for faithful explanations of
        convolutional neural networks*, arXiv 2011.08891, equation 2.
    """
    chosen = read_settings(SETTINGS, settings, "gradcam")
    need_extra("gradcam")
    from flaneur.explain.gradients.cam import grad_cam

    return grad_cam(target, finest=chosen.finest, local=chosen.local)
