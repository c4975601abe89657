"""How long and how boldly a network makes pictures up, and what keeps grain out of them, in; the same, checked, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flaneur.errors import UsageError

_MOST = 12


@dataclass(frozen=True, slots=True)
class DreamSettings:
    """How pictures are made.

    Args:
        steps: of ascent, 1 or more.
        seeds: pictures from noise of their own, 1 to 12.
        seed: of the first one.
        learning_rate: of Adam, above 0.
        jitter_px: a picture is moved at most so far at random before the network looks.
        zoom: and made larger or smaller at most by this share, 0 to below 1.
        frequency_penalty: power of the frequency that a step is divided by; 0 lets fine grain grow as fast as forms.
        total_variation: nats that a mean step of 1 between neighbouring pixels costs, 0 or more.

    Raises:
        UsageError: out of range.
    """

    steps: int = 160
    seeds: int = 3
    seed: int = 0
    learning_rate: float = 0.05
    jitter_px: float = 8.0
    zoom: float = 0.15
    frequency_penalty: float = 1.0
    total_variation: float = 300.0

    def __post_init__(self) -> None:
        if not 1 <= self.seeds <= _MOST or self.steps < 1 or self.seed < 0:
            raise UsageError(f"steps must be 1 or more, seed 0 or more, and seeds 1 to {_MOST}.")
        if not self.learning_rate > 0 or not 0 <= self.zoom < 1:
            raise UsageError("learning_rate must be above 0, and zoom 0 to below 1.")
        for name in ("jitter_px", "frequency_penalty", "total_variation"):
            if not 0 <= getattr(self, name) < np.inf:
                raise UsageError(f"{name} is {getattr(self, name)}; it must be 0 or more.")
