"""An encoder and a linear head as one torch network, and the averaged copy of it that is kept."""

from __future__ import annotations

import copy
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from flaneur.models.encoders.timm_encoder import PooledStages
from flaneur.onnx_graph import HeadParams

_Net = TypeVar("_Net", bound=nn.Module)


class CityNet(nn.Module):
    """Encoder, standardisation, dropout, linear: ``[B, 3, H, W]`` to logits ``[B, C]``.

    The standardisation is a batch norm without scale or shift, so that weight decay means the same for every feature.
    """

    def __init__(self, encoder: PooledStages, classes: int, dropout: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.standardise = nn.BatchNorm1d(encoder.dim, affine=False)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.dim, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[B, C]``."""
        embedding, _ = self.encoder(images)
        logits: Tensor = self.head(self.dropout(self.standardise(embedding)))
        return logits


@torch.no_grad()
def linear_head(network: CityNet) -> HeadParams:
    """The trained head as one linear layer from raw embeddings, standardisation folded in."""
    known = network.standardise
    assert known.running_mean is not None  # noqa: S101  # the network was made with running statistics
    assert known.running_var is not None  # noqa: S101
    weight = network.head.weight / (known.running_var + known.eps).sqrt()
    bias = network.head.bias - weight @ known.running_mean
    return HeadParams(weight.T.contiguous().numpy(), bias.numpy())


def parameter_groups(
    network: CityNet, *, lr_head: float, lr_backbone: float, lr_decay: float, weight_decay: float
) -> list[dict[str, object]]:
    """One optimiser group a stage: the head fastest, each earlier stage slower by ``lr_decay``.

    A stage is a part of the backbone, in the network's own order, lists of parts opened once.
    Biases and norms do not decay.
    """
    stages = _stages(network.encoder.backbone)
    named = [(list(network.head.parameters()), lr_head)]
    named += [(list(stage.parameters()), lr_backbone * lr_decay**depth) for depth, stage in enumerate(reversed(stages))]
    groups: list[dict[str, object]] = []
    for parameters, rate in named:
        for decayed in (True, False):
            chosen = [p for p in parameters if p.requires_grad and (p.ndim > 1) == decayed]
            if chosen:
                groups.append(
                    {"params": chosen, "lr": rate, "peak_lr": rate, "weight_decay": weight_decay if decayed else 0.0}
                )
    return groups


def _stages(backbone: nn.Module) -> list[nn.Module]:
    """The backbone's parts from input to output, containers of parts opened once."""
    parts: list[nn.Module] = []
    for child in backbone.children():
        opened = list(child.children()) if isinstance(child, nn.Sequential | nn.ModuleList) else [child]
        parts += [part for part in opened if any(True for _ in part.parameters())]
    return parts


class AveragedWeights(Generic[_Net]):
    """Exponential moving average of a network's weights and buffers.

    Args:
        network: the network that is trained.
        decay: share of the old average kept a step; warms up as ``(1 + step) / (10 + step)``.
    """

    def __init__(self, network: _Net, decay: float) -> None:
        self.network: _Net = copy.deepcopy(network).eval().requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move the average towards ``network``."""
        keep = min(self.decay, (1 + step) / (10 + step))
        for average, current in zip(self.network.state_dict().values(), network.state_dict().values(), strict=True):
            if average.is_floating_point():
                average.lerp_(current, 1 - keep)
            else:
                average.copy_(current)
