"""The weights a network started with and those it ended with in; a share of each out."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from flaneur.errors import UsageError


@torch.no_grad()
def average_states(initial: Mapping[str, Tensor], final: Mapping[str, Tensor], share: float) -> dict[str, Tensor]:
    """Interpolate between two states of one network: ``share * initial + (1 - share) * final``.

    A fine-tuned network forgets; on the line back to where it came from it often does better on photos unlike those it
    was tuned on, and no worse on those. The result is as good as an ensemble of both at the price of one.

    Args:
        initial: state before training. For a head to be interpolated too, it must have started as something that
            means something: ``head_start = "text"``.
        final: state after it, of the same names and shapes.
        share: of the initial weights, 0 to 1. Counters and other whole numbers are the final ones.

    Raises:
        UsageError: the states are of different networks, or the share is out of range.

    Source:
        Wortsman et al. 2022, "Robust fine-tuning of zero-shot models" (WiSE-FT), equation 2, with alpha = 1 - share.

    >>> average_states({"w": torch.zeros(2)}, {"w": torch.ones(2)}, 0.25)
    {'w': tensor([0.7500, 0.7500])}
    """
    if not 0 <= share <= 1:
        raise UsageError(f"initial_share = {share}: a share is 0 to 1.")
    differing = sorted(set(initial) ^ set(final)) or [key for key in final if initial[key].shape != final[key].shape]
    if differing:
        raise UsageError(f"Weights of two networks cannot be averaged: {differing[0]!r} is not the same in both.")
    return {
        key: torch.lerp(value, initial[key].to(value), share) if value.is_floating_point() else value.clone()
        for key, value in final.items()
    }
