"""A backbone in; with the recipe's input normalisation, pooling and hidden layers, one torch encoder out."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from flaneur.errors import UsageError
from flaneur.models.backbones import Backbone

if TYPE_CHECKING:
    from flaneur.training.recipes.recipe import NetworkRule


class MeanImage(nn.Module):
    """Subtracts the mean of the training photos, then divides by the backbone's own deviation.

    Args:
        mean: ``[3, H, W]`` of pixels in 0..1; photos of another size get it resized.
        std: per channel, likewise.

    Source:
        Krizhevsky et al. 2012, section 2: "subtracting the mean activity over the training set from each pixel".
    """

    mean: Tensor
    std: Tensor

    def __init__(self, mean: Tensor, std: tuple[float, float, float]) -> None:
        super().__init__()
        self.register_buffer("mean", mean[None].clone())
        self.register_buffer("std", torch.tensor(std)[None, :, None, None])

    def forward(self, images: Tensor) -> Tensor:
        """``[B, 3, H, W]`` in 0..1 to the same shape."""
        mean = self.mean
        if images.shape[2:] != mean.shape[2:]:
            mean = nn.functional.interpolate(mean, images.shape[2:], mode="bilinear", antialias=True)
        return (images - mean) / self.std


class Encoder(nn.Module):
    """Mean image, if any; backbone; pooling; hidden layers: ``[B, 3, H, W]`` to embedding ``[B, dim]`` and last map.

    Args:
        backbone: with its weights.
        rule: ``pooling``, ``stages``, ``hidden``, ``dropout`` and ``dropouts`` are read.
        size_px: side of the square that the finished model sees; ``flatten`` needs it.
        mean_image: ``[3, H, W]`` of pixels in 0..1, if that is subtracted here.

    Raises:
        UsageError: more stages than the backbone has; its own embedding where it has none; a size it does not take.
    """

    def __init__(self, backbone: Backbone, rule: NetworkRule, size_px: int, mean_image: Tensor | None = None) -> None:
        super().__init__()
        _check(backbone, rule, size_px)
        self.normalise = nn.Identity() if mean_image is None else MeanImage(mean_image, backbone.preprocess.std)
        self.backbone = backbone
        self.pooling, self.stages = rule.pooling, rule.stages
        width = self._pooled_dim(size_px)
        layers: list[nn.Module] = []
        for number, wide in enumerate(rule.hidden):
            layers += [nn.Linear(width, wide), nn.ReLU()]
            if number >= len(rule.hidden) - rule.dropouts:
                layers.append(nn.Dropout(rule.dropout))
            width = wide
        self.hidden = nn.Sequential(*layers)
        self.dim = width

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Embedding ``[B, dim]`` and last feature map ``[B, K, h, w]``."""
        images = self.normalise(images)
        if self.pooling == "own":
            embedding, last = self.backbone.own(images)
        else:
            maps = self.backbone.maps(images, self.stages if self.pooling == "stages" else 1)
            embedding, last = self._pool(maps), maps[-1]
        return self.hidden(embedding), last

    def _pool(self, maps: list[Tensor]) -> Tensor:
        if self.pooling == "flatten":
            return maps[-1].flatten(1)
        if self.pooling == "mean":
            return maps[-1].mean((2, 3))
        # On street photos mean and deviation of several maps beat the mean of the last one at almost no cost, since
        # texture and colour live in earlier ones.
        pooled: list[Tensor] = []
        for one in maps:
            mean = one.mean((2, 3))
            variance = (one - mean[:, :, None, None]).square().mean((2, 3))
            pooled += [mean, (variance + 1e-6).sqrt()]
        return torch.cat(pooled, 1)

    def _pooled_dim(self, size_px: int) -> int:
        if self.pooling == "own":
            return self.backbone.own_dim
        if self.pooling == "stages":
            return 2 * sum(self.backbone.channels[-self.stages :])
        if self.pooling == "mean":
            return self.backbone.channels[-1]
        return flat_dim(self.backbone, size_px)


def flat_dim(backbone: Backbone, size_px: int) -> int:
    """How many numbers the last map has at a size; found on the ``meta`` device, at no cost."""
    with torch.no_grad(), torch.device("meta"):
        ghost = copy.deepcopy(backbone).to("meta").eval()
        return int(ghost.maps(torch.empty(1, 3, size_px, size_px), 1)[-1].numel())


def _check(backbone: Backbone, rule: NetworkRule, size_px: int) -> None:
    if rule.pooling == "own" and not backbone.own_dim:
        raise UsageError(f'pooling = "own": {backbone.name} has no embedding of its own. Say stages, mean or flatten.')
    count = len(backbone.channels)
    if rule.pooling == "stages" and not 1 <= rule.stages <= count:
        raise UsageError(f"stages = {rule.stages}: {backbone.name} has {count}. Say 1 to {count}.")
    if backbone.fixed_size_px not in (0, size_px):
        raise UsageError(
            f"size_px = {size_px}: {backbone.name} takes photos of {backbone.fixed_size_px} px alone. Say that."
        )
