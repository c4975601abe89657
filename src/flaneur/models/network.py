"""A recipe's network rule in; a backbone, pooling, hidden layers and a linear head as one torch network, out."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flaneur.errors import UsageError
from flaneur.models.backbones import Backbone, create_backbone, freeze
from flaneur.models.encoder import Encoder as Encoder
from flaneur.onnx_files.graph import HeadParams
from flaneur.protocols import PreprocessSpec

if TYPE_CHECKING:
    from flaneur.training.recipes.recipe import NetworkRule

_Net = TypeVar("_Net", bound=nn.Module)
HeadStart = Literal["zero", "random"] | Tensor


class CityNet(nn.Module):
    """Encoder, standardisation, dropout, linear: ``[B, 3, H, W]`` to logits ``[B, C]``.

    The standardisation is a batch norm without scale or shift, so that weight decay means the same for every feature.

    Args:
        encoder: with a ``dim``.
        classes: how many cities.
        dropout: before the linear layer.
        standardise: whether embeddings are standardised.
        head_start: the linear layer's first weights: ``zero``, ``random``, or columns ``[dim, C]`` without bias.
    """

    def __init__(
        self,
        encoder: Encoder,
        classes: int,
        dropout: float = 0.0,
        standardise: bool = True,
        head_start: HeadStart = "zero",
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.standardise = nn.BatchNorm1d(encoder.dim, affine=False) if standardise else nn.Identity()
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(encoder.dim, classes)
        if isinstance(head_start, Tensor):
            if tuple(head_start.shape) != (encoder.dim, classes):
                raise UsageError(
                    f"The head's first weights are {list(head_start.shape)}, and {[encoder.dim, classes]} are needed."
                )
            self.head.weight.data.copy_(head_start.T)
        elif head_start == "zero":
            nn.init.zeros_(self.head.weight)
        if head_start != "random" or isinstance(head_start, Tensor):
            nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> Tensor:
        """Logits ``[B, C]``."""
        embedding, _ = self.encoder(images)
        return self.logits_of(embedding)

    def logits_of(self, embedding: Tensor) -> Tensor:
        """Embeddings ``[B, dim]`` to logits ``[B, C]``."""
        logits: Tensor = self.head(self.dropout(self.standardise(embedding)))
        return logits


def build_network(
    rule: NetworkRule,
    classes: int,
    *,
    size_px: int,
    mean_image: NDArray[np.float32] | None = None,
    text_head: Tensor | None = None,
) -> CityNet:
    """The network of a recipe, ready to be trained.

    Args:
        rule: of the recipe. Whatever is random comes from torch's global generator: seed it first.
        classes: how many cities.
        size_px: side of the square that the finished model sees.
        mean_image: ``[3, size_px, size_px]`` of pixels in 0..1, for ``normalise = "mean_image"``.
        text_head: ``[dim, C]``, for ``head_start = "text"``.

    Raises:
        UsageError: what the backbone has not: stages, an embedding of its own, that size.
        InputError: weights that cannot be had or do not fit.

    >>> from flaneur.training.recipes.recipe import NetworkRule
    >>> rule = NetworkRule("seed/cnn3", initial="random", pooling="flatten", hidden=(512,), standardise=False)
    >>> network = build_network(rule, 23, size_px=128)
    >>> network.encoder.hidden[0].in_features, sum(p.numel() for p in network.parameters())
    (32768, 16883223)
    """
    if (rule.normalise == "mean_image") != (mean_image is not None):
        raise UsageError(
            f'normalise = "{rule.normalise}": a mean image goes with normalise = "mean_image", and only so.'
        )
    if (rule.head_start == "text") != (text_head is not None):
        raise UsageError(
            f'head_start = "{rule.head_start}": embedded prompts go with head_start = "text", and only so.'
        )
    backbone = create_backbone(rule)
    freeze(backbone, rule.trained_stages)
    encoder = Encoder(backbone, rule, size_px, None if mean_image is None else torch.from_numpy(mean_image))
    start: HeadStart = text_head if text_head is not None else "random" if rule.head_start == "random" else "zero"
    return CityNet(encoder, classes, 0.0 if rule.hidden else rule.dropout, rule.standardise, start)


def network_preprocess(
    rule: NetworkRule, backbone: Backbone, statistics: tuple[Sequence[float], Sequence[float]] | None = None
) -> PreprocessSpec:
    """Pixels to the network's input.

    Args:
        rule: ``normalise`` and ``size_px`` are read.
        backbone: whose own statistics may be taken.
        statistics: mean and deviation of each channel of the training photos, in 0..1, for ``channels``.

    Raises:
        UsageError: ``channels`` without statistics.
    """
    own = replace(backbone.preprocess, size_px=rule.size_px, interpolation="bilinear")  # as photos are augmented
    if rule.normalise == "backbone":
        return own
    if rule.normalise == "channels":
        if statistics is None:
            raise UsageError('normalise = "channels": the training photos\' statistics are needed.')
        mean, std = (tuple(float(one) for one in values) for values in statistics)
        return replace(own, mean=(mean[0], mean[1], mean[2]), std=(std[0], std[1], std[2]))
    return replace(own, mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))  # the mean image is subtracted in the network


@torch.no_grad()
def linear_head(network: CityNet) -> HeadParams:
    """The trained head as one linear layer from raw embeddings, standardisation folded in."""
    weight, bias = network.head.weight.float(), network.head.bias.float()
    known = network.standardise
    if isinstance(known, nn.BatchNorm1d):
        assert known.running_mean is not None  # noqa: S101  # it was made with running statistics
        assert known.running_var is not None  # noqa: S101
        weight = weight / (known.running_var + known.eps).sqrt()
        bias = bias - weight @ known.running_mean
    return HeadParams(weight.T.contiguous().cpu().numpy(), bias.cpu().numpy())


def parameter_groups(
    network: CityNet, *, lr_head: float, lr_backbone: float, lr_decay: float, weight_decay: float
) -> list[dict[str, object]]:
    """One optimiser group a stage: the head fastest, each earlier stage slower by ``lr_decay``.

    Hidden layers count as head. Biases and norms do not decay. Frozen parameters are left out.
    """
    named: list[tuple[list[nn.Parameter], float]] = [
        ([*network.head.parameters(), *network.encoder.hidden.parameters()], lr_head)
    ]
    for depth, part in enumerate(reversed(network.encoder.backbone.parts())):
        named.append((list(part.parameters()), lr_backbone * lr_decay**depth))
    groups: list[dict[str, object]] = []
    for parameters, rate in named:
        for decayed in (True, False):
            chosen = [p for p in parameters if p.requires_grad and (p.ndim > 1) == decayed]
            if chosen:
                groups.append(
                    {"params": chosen, "lr": rate, "peak_lr": rate, "weight_decay": weight_decay if decayed else 0.0}
                )
    return groups


class AveragedWeights(Generic[_Net]):
    """Exponential moving average of a network's weights and buffers.

    Args:
        network: the network that is trained.
        decay: share of the old average kept a step; warms up as ``(1 + step) / (10 + step)``. 0 keeps none.
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
