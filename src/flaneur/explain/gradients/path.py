"""A target and a picture without content in; the score's gradients along the way between the two out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flaneur.explain.gradients.question import asked
from flaneur.explain.target import Picture, Target

_BATCH = 8  # pictures in memory at once


def integrated_gradients(target: Target, baseline: Picture, steps: int, noise: float, seed: int) -> NDArray[np.float32]:
    """See :func:`flaneur.explain.methods.integrated_gradients.explain`; not smoothed."""
    from captum.attr import IntegratedGradients

    generator = torch.Generator().manual_seed(seed)
    deviation = noise / torch.tensor(target.spec.std)[:, None, None]
    with asked(target) as question:

        def score(images: Tensor) -> Tensor:
            return question.score(images + deviation * torch.randn(images.shape, generator=generator))

        values = IntegratedGradients(score).attribute(
            question.square().requires_grad_(),
            baselines=question.square(baseline),
            n_steps=steps,
            internal_batch_size=_BATCH,
        )
    return np.asarray(values.detach()[0].sum(0).numpy(), np.float32)
