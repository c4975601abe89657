"""A target in; its square, its score and its network as torch sees them out: what all gradient methods ask."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from flaneur.explain.gradients.network import Network, network_of
from flaneur.explain.target import Picture, Target, as_input


@dataclass(frozen=True)
class Question:
    """What is asked, in torch.

    Args:
        target: what is asked.
        network: its model's.
    """

    target: Target
    network: Network

    def square(self, picture: Picture | None = None) -> Tensor:
        """``[1, 3, S, S]``: the square as the network takes it, or another picture; a fresh copy."""
        return torch.from_numpy(
            as_input(self.target.picture() if picture is None else picture, self.target.spec).copy()
        )[None]

    def score(self, images: Tensor) -> Tensor:
        """``[B, 3, S, S]`` to ``[B]``: as :meth:`flaneur.explain.target.Target.scores`, with gradients."""
        return score(self.network(images), self.target)


def score(logits: Tensor, target: Target) -> Tensor:
    """How much a network speaks for a city; see :func:`flaneur.explain.target.score`.

    Args:
        logits: ``[B, C]``.
        target: whose city, rival and temperature count.

    Returns:
        ``[B]`` nats.
    """
    z = logits / target.model.card.temperature
    own = z[:, target.city]
    if target.against is not None:
        return own - z[:, target.against]
    others = [column for column in range(z.shape[1]) if column != target.city]
    return own - torch.logsumexp(z[:, others], dim=1)


@contextmanager
def asked(target: Target) -> Iterator[Question]:
    """Ask with gradients, whatever mode torch is in; afterwards it is in that mode again.

    Args:
        target: what is asked.

    Raises:
        UsageError: the model's graph has an operator whose gradient is not known.
    """
    with torch.inference_mode(False), torch.enable_grad():
        yield Question(target, network_of(target.model))


def to_square(values: Tensor, size_px: int) -> NDArray[np.float32]:
    """A coarse map on the whole square.

    Args:
        values: ``[h, w]``.
        size_px: side of the square.

    Returns:
        ``[S, S]``, bilinear between the middles of the cells.

    >>> to_square(torch.tensor([[0.0, 1.0]]), 4)[0].tolist()
    [0.0, 0.25, 0.75, 1.0]
    """
    coarse = values.detach()[None, None].float()
    fine = functional.interpolate(coarse, (size_px, size_px), mode="bilinear", align_corners=False)
    return np.asarray(fine[0, 0].numpy(), np.float32)
