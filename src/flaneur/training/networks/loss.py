"""Logits of places' views and labels in; one loss out: smoothed, mixed, distilled, fused over the views."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import one_hot

from flaneur.errors import UsageError
from flaneur.protocols import PreprocessSpec
from flaneur.training.recipes.recipe import Recipe, TrainingRule

Teacher = Callable[[NDArray[np.float32], PreprocessSpec], NDArray[np.float32]]
"""Normalised pixels ``[B, 3, H, W]`` and how they were made, to the teacher's logits ``[B, C]``."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A batch after mixing; item ``i`` is ``share[i]`` of itself and the rest of ``partner[i]``.

    Args:
        images: ``[B, V, 3, H, W]``.
        shown: ``[B, V]`` which views there are.
        partner: ``[B]`` index of the other.
        share: of its own label, exactly as of its pixels.
    """

    images: Tensor
    shown: Tensor
    partner: Tensor
    share: float


def mix(images: Tensor, shown: Tensor, rule: TrainingRule, rng: np.random.Generator) -> Mixed:
    """Mixup or CutMix, as the recipe says; with both, each batch takes one of them.

    Neighbours in the batch are partners (the order is random already), so that processes which share a batch mix the
    same pairs as one process would. Of two places, the views that both have are kept.

    Args:
        images: ``[B, V, 3, H, W]``.
        shown: ``[B, V]``.
        rule: the Beta parameters.
        rng: of this step.

    Source:
        Zhang et al., *mixup*, 2018; Yun et al., *CutMix*, 2019, whose rectangle's centre is uniform, and whose label
        share is the area that is left after the rectangle was clipped to the photo.
    """
    partner = torch.arange(len(images), device=images.device) ^ 1
    partner = torch.where(partner < len(images), partner, partner - 1)
    if rule.mixup == 0 and rule.cutmix == 0:
        return Mixed(images, shown, partner, 1.0)
    cut = rule.mixup == 0 or (rule.cutmix > 0 and rng.random() < 0.5)
    parameter = rule.cutmix if cut else rule.mixup
    share = float(rng.beta(parameter, parameter))
    both = shown & shown[partner]
    if not cut:
        return Mixed(images.lerp(images[partner], 1 - share), both, partner, share)
    height, width = images.shape[-2:]
    top, bottom, left, right = rectangle(height, width, share, rng)
    pasted = images.clone()
    pasted[..., top:bottom, left:right] = images[partner][..., top:bottom, left:right]
    return Mixed(pasted, both, partner, 1 - (bottom - top) * (right - left) / (height * width))


def rectangle(height: int, width: int, share: float, rng: np.random.Generator) -> tuple[int, int, int, int]:
    """Top, bottom, left, right of a rectangle of about ``1 - share`` of the area, clipped to the photo."""
    half = math.sqrt(1 - share) / 2
    y, x = int(rng.integers(height)), int(rng.integers(width))
    rows, columns = int(height * half), int(width * half)
    return max(0, y - rows), min(height, y + rows), max(0, x - columns), min(width, x + columns)


def fuse_views(logits: Tensor, shown: Tensor, fusion: str) -> Tensor:
    """The views' logits to one row of log probabilities a place, as :func:`flaneur.fusion.fuse` does.

    Only ``mean_log_probability`` is not renormalised here: its loss is the mean of the views' own losses, and that of
    ``mean_logits`` the loss of the mean.

    Args:
        logits: ``[B, V, C]``.
        shown: ``[B, V]`` which views count; at least one of each place.
        fusion: of :class:`flaneur.training.recipes.recipe.ViewsRule`.

    Returns:
        ``[B, C]``.

    Raises:
        UsageError: ``attention``, whose weights are learnt afterwards.
    """
    logs = logits.log_softmax(2)
    weights = shown.float()
    match fusion:
        case "mean_log_probability" | "mean_logits":
            pass
        case "confidence":
            entropy = -(logs.exp() * logs).sum(2)
            weights = weights * (1 - entropy / math.log(max(2, logits.shape[2]))).clamp(0, 1)
            weights = torch.where(weights.sum(1, keepdim=True) > 0, weights, shown.float())
        case _:
            raise UsageError(
                f"fusion = {fusion!r} is learnt on cached embeddings, after the network. Train on views = 1, or by "
                "mean_log_probability, mean_logits or confidence."
            )
    weights = weights / weights.sum(1, keepdim=True)
    fused = (weights[..., None] * (logits if fusion == "mean_logits" else logs)).sum(1)
    return fused if fusion == "mean_log_probability" else fused.log_softmax(1)


def targets(labels: Tensor, mixed: Mixed, smoothing: float, spread: Tensor) -> Tensor:
    """What the answers should be: ``[B, C]``, rows that sum to 1.

    Args:
        labels: ``[B]``.
        mixed: who was mixed with whom.
        smoothing: share of each label that is spread.
        spread: ``[C, C]`` where it goes, a row for each label; see :mod:`flaneur.training.networks.smoothing`.
    """
    sharp = one_hot(labels, len(spread)).to(spread.dtype)
    smooth = (1 - smoothing) * sharp + smoothing * spread[labels]
    return mixed.share * smooth + (1 - mixed.share) * smooth[mixed.partner]


def distance_to_teacher(student: Tensor, teacher: Tensor, temperature: float) -> Tensor:
    """``T² · KL(teacher at T ‖ student at T)``, mean over the batch.

    Args:
        student: ``[B, C]`` logits, or log probabilities, which are logits too.
        teacher: ``[B, C]`` likewise.
        temperature: ``T``, by which both are divided.

    Source:
        Hinton, Vinyals and Dean, *Distilling the knowledge in a neural network*, 2015; ``T²`` keeps the size of the
        gradient whatever the temperature.
    """
    ours, theirs = (student / temperature).log_softmax(1), (teacher / temperature).log_softmax(1)
    return temperature**2 * (theirs.exp() * (theirs - ours)).sum(1).mean()


def hits(fused: Tensor, labels: Tensor, mixed: Mixed) -> float:
    """How many answers are right; a mixed photo's counts for each label by its share."""
    answer = fused.argmax(1)
    own, other = (answer == labels).sum().item(), (answer == labels[mixed.partner]).sum().item()
    return mixed.share * own + (1 - mixed.share) * other


@dataclass(frozen=True, slots=True)
class Objective:
    """The loss of a recipe.

    Args:
        recipe: smoothing, views and distillation.
        spread: ``[C, C]`` where smoothed labels go.
        spec: of the pixels.
        teacher: whom to learn from besides, if anybody.
    """

    recipe: Recipe
    spread: Tensor
    spec: PreprocessSpec
    teacher: Teacher | None = None

    def __call__(self, logits: Tensor, labels: Tensor, mixed: Mixed) -> tuple[Tensor, Tensor]:
        """The loss, and the fused answers ``[B, C]``; ``logits`` has a row for each view that is shown."""
        fused = fuse_views(_by_place(logits.float(), mixed.shown), mixed.shown, self.recipe.views.fusion)
        wanted = targets(labels, mixed, self.recipe.training.label_smoothing, self.spread)
        loss = -(wanted * fused).sum(1).mean()
        if self.teacher is None:
            return loss, fused
        pixels = mixed.images[mixed.shown].cpu().numpy()
        theirs = torch.from_numpy(self.teacher(np.ascontiguousarray(pixels), self.spec)).to(fused)
        answer = fuse_views(_by_place(theirs, mixed.shown), mixed.shown, self.recipe.views.fusion)
        rule = self.recipe.distil
        return rule.share * distance_to_teacher(fused, answer, rule.temperature) + (1 - rule.share) * loss, fused


def _by_place(logits: Tensor, shown: Tensor) -> Tensor:
    """``[N, C]``, a row for each view that is shown, to ``[B, V, C]`` with zeros where there is none."""
    placed = logits.new_zeros(*shown.shape, logits.shape[1])
    placed[shown] = logits
    return placed
