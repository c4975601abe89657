"""A network, photos and a recipe in; everything that training needs and nothing trained yet out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from flaneur.errors import UsageError
from flaneur.models.network import AveragedWeights, CityNet, parameter_groups
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks.batch_size import largest_batch
from flaneur.training.networks.checkpoint import Parts
from flaneur.training.networks.device import choose_precision, compiled
from flaneur.training.networks.loader import Examples, Item, make_items
from flaneur.training.networks.processes import Group
from flaneur.training.networks.schedule import make_optimiser
from flaneur.training.recipes.recipe import Recipe, TrainingRule


@dataclass(frozen=True, slots=True)
class Setting:
    """What a training works with; the same objects from the first step to the last.

    Args:
        recipe: all settings.
        group: the processes that train together.
        examples: photos.
        items: rows that batches are drawn from.
        network: that is trained.
        forward: it, compiled or as it is.
        average: its averaged weights, or ``None``.
        parts: what checkpoints hold.
        precision: of the network's arithmetic, or ``None`` for float32.
        spread: ``[C, C]`` where a smoothed label goes.
    """

    recipe: Recipe
    group: Group
    examples: Examples
    items: Sequence[Item]
    network: CityNet
    forward: Callable[[Tensor], Tensor]
    average: AveragedWeights[CityNet] | None
    parts: Parts
    precision: torch.dtype | None
    spread: Tensor

    @property
    def rule(self) -> TrainingRule:
        """The recipe's part about training."""
        return self.recipe.training

    @property
    def kept(self) -> CityNet:
        """What is validated and kept: the average, or the network itself."""
        return self.average.network if self.average else self.network


def set_up(network: CityNet, examples: Examples, recipe: Recipe, group: Group) -> Setting:
    """Put the network on its device and make optimiser, average and objective's tables for it.

    Raises:
        UsageError: settings that need photos or positions that are not there.
    """
    rule = recipe.training
    _check(examples, recipe)
    network.to(group.device)
    if rule.channels_last:
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    group.start_alike(network)
    rates = {"lr_head": rule.lr_head, "lr_backbone": rule.lr_backbone, "lr_decay": rule.lr_decay}
    optimiser = make_optimiser(parameter_groups(network, **rates, weight_decay=rule.weight_decay), rule)
    average = AveragedWeights(network, rule.ema) if rule.ema else None
    return Setting(
        recipe,
        group,
        examples,
        make_items(examples.train, recipe.views),
        network,
        compiled(network, group.device) if rule.compile else network,
        average,
        Parts(network, average.network if average else network, optimiser),
        choose_precision(rule.precision, group.device),
        _spread(examples, rule).to(group.device),
    )


def items_a_step(setting: Setting, spec: PreprocessSpec) -> int:
    """The recipe's batch, or the largest that fits all processes together.

    Raises:
        UsageError: it cannot be shared alike.
    """
    rule, group = setting.rule, setting.group
    batch = rule.batch
    if batch == 0:
        side = max(rule.size_small_px if rule.epochs_small else 0, rule.size_large_px, spec.size_px)
        shape, limit = (setting.recipe.views.train, 3, side, side), len(setting.items) // group.size
        batch = group.size * group.from_first(largest_batch(setting.network, shape, group.device, limit))
    if batch % group.size:
        raise UsageError(f"batch = {batch} cannot be shared alike by {group.size} processes. Take a multiple of it.")
    return batch


def _check(examples: Examples, recipe: Recipe) -> None:
    rule, views = recipe.training, recipe.views
    if not examples.train:
        raise UsageError("there are no training photos. Import some, or split again.")
    if not examples.validation and (rule.patience_epochs or rule.schedule == "plateau"):
        raise UsageError('patience_epochs and schedule = "plateau" need validation photos. Split with some.')
    if rule.smoothing == "distance" and examples.similarity is None:
        raise UsageError('smoothing = "distance" needs the positions of the cities. Say smoothing = "uniform".')
    if rule.smoothing == "distance" and np.allclose(_spread(examples, rule), 1 / examples.classes):
        raise UsageError(
            'smoothing = "distance" changes nothing: it needs at least three cities with a position, and some of them '
            'near or of one country. Say smoothing = "uniform".'
        )
    if views.train > 1 and views.fusion == "attention":
        raise UsageError(
            'views.fusion = "attention" is learnt on cached embeddings, after the network. Train with views.train = 1.'
        )


def _spread(examples: Examples, rule: TrainingRule) -> Tensor:
    if rule.smoothing == "distance" and examples.similarity is not None:
        return torch.from_numpy(examples.similarity.astype(np.float32))
    return torch.full((examples.classes, examples.classes), 1 / examples.classes)
