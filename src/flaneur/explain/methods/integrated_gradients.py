"""A target in; how much each pixel, rather than a blur of it, adds to the score, out. Needs torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import UsageError
from flaneur.explain.gradients.extra import need_extra
from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target
from flaneur.explain.windows import check_fill, filled

NEEDS = "train"
UNIT = "log-odds that a point adds"


@dataclass(frozen=True, slots=True)
class IntegratedGradientsSettings:
    """The way from a picture without content to the photo.

    Args:
        steps: how many gradients are taken on it.
        fill: what it starts from; one of :data:`flaneur.explain.windows.FILLS`.
        noise: deviation of what is added to every picture on the way, where a channel goes from 0 to 1. A network's
            gradient jumps about from one pixel value to the next; noise takes its mean over near ones. With 0.04 a map
            finds a single small object more surely; on photos of streets it is a little less faithful than without.
        smooth: deviation of the blur over the map, as a share of the square's side; 0 leaves single pixels.
        seed: of the noise, and of the fill of that name.
    """

    steps: int = 32
    fill: str = "blur"
    noise: float = 0.0
    smooth: float = 0.06
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.steps <= 1000:
            raise UsageError(f"steps are {self.steps}; choose 1 to 1,000.")
        if not 0 <= self.smooth <= 0.5:
            raise UsageError(f"smooth is {self.smooth}; it must be 0 to 0.5.")
        if not 0 <= self.noise <= 1:
            raise UsageError(f"noise is {self.noise}; it must be 0 to 1.")
        check_fill(self.fill)


SETTINGS = IntegratedGradientsSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map of single pixels: the score's gradient on the way from a blurred photo to the photo, times the difference.

    Args:
        target: what is asked.
        settings: of :class:`IntegratedGradientsSettings`, by name.

    Returns:
        ``[S, S]`` nats; below 0 where a pixel speaks against the city. Without noise they sum to the photo's score less
        that of the blurred one, but for the error of finite steps; with noise, to that of noisy photos.

    Raises:
        UsageError: torch is not installed, or there is no such setting.

    Source:
        Sundararajan, Taly and Yan, *Axiomatic Attribution for Deep Networks*, ICML 2017, equation 3. A blurred photo to
        start from: Sturmfels, Lundberg and Lee, *Visualizing the Impact of Feature Attribution Baselines*, Distill
        2020. Noise: Smilkov et al., *SmoothGrad: removing noise by adding noise*, arXiv 1706.03825.
    """
    chosen = read_settings(SETTINGS, settings, "integrated_gradients")
    need_extra("integrated_gradients")
    from flaneur.explain.gradients.path import integrated_gradients

    baseline = filled(target.picture(), chosen.fill, chosen.seed)
    pixels = integrated_gradients(target, baseline, chosen.steps, chosen.noise, chosen.seed)
    return _smoothed(pixels, chosen.smooth * target.size_px)


def _smoothed(values: NDArray[np.float32], deviation_px: float) -> NDArray[np.float32]:
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(values, deviation_px, mode="reflect"), np.float32)
