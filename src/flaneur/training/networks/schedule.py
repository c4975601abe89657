"""A recipe and a step in; the share of the peak learning rates out. Pure functions, so nothing is lost by a kill."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from flaneur.training.recipes.recipe import TrainingRule

if TYPE_CHECKING:
    import torch


def make_optimiser(groups: Sequence[Mapping[str, Any]], rule: TrainingRule) -> torch.optim.Optimizer:
    """The recipe's optimiser over groups that each hold ``params``, ``lr``, ``peak_lr`` and ``weight_decay``.

    Weight decay is decoupled with AdamW (Loshchilov and Hutter 2019) and an L2 penalty with the others.
    """
    import torch

    chosen = [dict(group) for group in groups]
    match rule.optimiser:
        case "adamw":
            return torch.optim.AdamW(chosen)
        case "adam":
            return torch.optim.Adam(chosen)
        case "sgd":
            return torch.optim.SGD(chosen, momentum=rule.momentum)
        case _:
            raise ValueError(f"no optimiser {rule.optimiser!r}")


def set_rates(optimiser: torch.optim.Optimizer, share: float) -> None:
    """Give every group its own peak learning rate times ``share``."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak_lr"] * share


def share_of_peak(rule: TrainingRule, step: int, steps: int, drops: int = 0) -> float:
    """What part of its peak each learning rate has at a step.

    Args:
        rule: of the training.
        step: of the whole run, from 0.
        steps: in an epoch.
        drops: how often ``plateau`` has fallen; see :func:`plateau_drops`.

    Returns:
        Linear warm-up times the schedule; ``lr_finish`` in the finishing epochs, whatever the schedule.

    Source:
        Cosine without restarts: Loshchilov and Hutter, *SGDR*, 2017.

    >>> rule = TrainingRule(epochs=2, warmup_epochs=0.0)
    >>> [round(share_of_peak(rule, step, 2), 3) for step in range(4)]
    [1.0, 0.854, 0.5, 0.146]
    """
    warm = min(1.0, (step + 1) / max(1.0, rule.warmup_epochs * steps))
    if step >= rule.epochs * steps:
        return warm * rule.lr_finish
    match rule.schedule:
        case "cosine":
            return warm * 0.5 * (1 + math.cos(math.pi * step / (steps * rule.epochs)))
        case "step":
            return warm * rule.step_factor ** (step // steps // max(1, rule.step_epochs))
        case "plateau":
            return float(warm * rule.step_factor**drops)
        case "constant":
            return warm
        case _:
            raise ValueError(f"no schedule {rule.schedule!r}")


def plateau_drops(log: Sequence[Mapping[str, Any]], patience: int) -> int:
    """How often the validation loss has stood still for ``patience`` epochs, so far.

    Args:
        log: figures of the epochs up to now; those that looked at the validation photos have ``nll``.
        patience: epochs without a smaller loss before a step down; each step starts the count anew.

    >>> losses = [1.0, 0.8, 0.9, 0.8, 0.7]
    >>> plateau_drops([{"epoch": epoch, "nll": loss} for epoch, loss in enumerate(losses, 1)], 2)
    1
    """
    best, since, drops = math.inf, 0, 0
    for line in (line for line in log if "nll" in line):
        if line["nll"] < best:
            best, since = line["nll"], line["epoch"]
        elif line["epoch"] - since >= max(1, patience):
            drops, since = drops + 1, line["epoch"]
    return drops


def best_epoch(log: Sequence[Mapping[str, Any]]) -> int:
    """The first epoch with the highest validation accuracy; 0 if none was looked at.

    >>> best_epoch([{"epoch": 1, "accuracy": 0.5}, {"epoch": 2, "accuracy": 0.7}, {"epoch": 3, "accuracy": 0.7}])
    2
    """
    best = max((line for line in log if "accuracy" in line), key=lambda line: line["accuracy"], default={"epoch": 0})
    return int(best["epoch"])


def is_over(rule: TrainingRule, log: Sequence[Mapping[str, Any]]) -> bool:
    """Whether the last epoch is done, or ``patience_epochs`` have passed since the best one."""
    done = int(log[-1]["epoch"]) if log else 0
    if done >= rule.epochs + rule.epochs_finish:
        return True
    best = best_epoch(log)
    return bool(rule.patience_epochs and best and done - best >= rule.patience_epochs)
