"""A target in; which pixels make the score rise when random parts of the photo are shown, out. For any model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import UsageError
from flaneur.explain.method_settings import read_settings
from flaneur.explain.target import Target
from flaneur.explain.windows import MOST_WINDOWS, check_fill, filled

NEEDS = ""
UNIT = "log-odds from hidden to shown"


@dataclass(frozen=True, slots=True)
class RiseSettings:
    """Random masks.

    Args:
        masks: how many.
        cells: of the coarse grid that a mask is drawn on, along a side.
        shown: share of the photo that a mask shows on average, above 0 and below 1.
        fill: what hides; one of :data:`flaneur.explain.windows.FILLS`.
        seed: of the masks.
    """

    masks: int = 600
    cells: int = 7
    shown: float = 0.5
    fill: str = "blur"
    seed: int = 0

    def __post_init__(self) -> None:
        if not 2 <= self.masks <= MOST_WINDOWS or not 2 <= self.cells <= 64:
            raise UsageError(f"masks must be 2 to {MOST_WINDOWS:,} and cells 2 to 64.")
        if not 0 < self.shown < 1:
            raise UsageError(f"shown is {self.shown}; it must be above 0 and below 1.")
        check_fill(self.fill)


SETTINGS = RiseSettings


def explain(target: Target, settings: Mapping[str, Any]) -> NDArray[np.float32]:
    """A map by random masks: how the score goes with a pixel being seen.

    Args:
        target: what is asked.
        settings: of :class:`RiseSettings`, by name.

    Returns:
        ``[S, S]`` nats: slope of the score on how much of a pixel the masks show.

    Raises:
        UsageError: a setting that there is not.

    Source:
        Petsiuk, Das and Saenko, *RISE: Randomized Input Sampling for Explanation of Black-box Models*, BMVC 2018,
        equation 6, with the mean score taken off before masks are weighed by it. That changes nothing but noise and a
        constant; a score that is not a probability needs it.
    """
    chosen = read_settings(SETTINGS, settings, "rise")
    size_px, picture = target.size_px, target.picture()
    hidden = filled(picture, chosen.fill, chosen.seed)
    shown = (hidden + mask[..., None] * (picture - hidden) for mask in _masks(size_px, chosen))
    scores = target.scores(shown)
    weighed, mean, square = np.zeros((3, size_px, size_px))
    for mask, score in zip(_masks(size_px, chosen), scores - scores.mean(), strict=True):
        weighed += score * mask
        mean += mask
        square += mask.astype(np.float64) ** 2
    variance = (square - mean**2 / chosen.masks).mean()
    return np.asarray(weighed / variance, np.float32)


def _masks(size_px: int, chosen: RiseSettings) -> Iterator[NDArray[np.float32]]:
    """Smooth ``[S, S]`` in 0..1; the same ones each time, so that none need be kept."""
    rng = np.random.default_rng(chosen.seed)
    cell = -(-size_px // chosen.cells)
    for _ in range(chosen.masks):
        coarse = (rng.random((chosen.cells + 1, chosen.cells + 1)) < chosen.shown).astype(np.float32)
        left, top = rng.integers(0, cell, 2)
        large = Image.fromarray(coarse).resize(((chosen.cells + 1) * cell,) * 2, Image.Resampling.BILINEAR)
        yield np.asarray(large)[top : top + size_px, left : left + size_px]
