"""A recipe and labelled photos in; a trained network out. Plain PyTorch; the same command goes on after a kill.

Everything random in a step comes from the seed, the epoch and the step; learning rates come from the step and the log.
So a checkpoint is the weights, the optimiser's memory and two numbers, and going on from it is exact.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from flaneur.errors import UsageError
from flaneur.models.network import CityNet
from flaneur.protocols import PreprocessSpec
from flaneur.training.networks import checkpoint
from flaneur.training.networks.checkpoint import Progress
from flaneur.training.networks.device import choose_device
from flaneur.training.networks.loader import Batch, Feed, epoch_order, steps_of, training_batches
from flaneur.training.networks.loader import Examples as Examples
from flaneur.training.networks.loss import Objective, hits, mix
from flaneur.training.networks.loss import Teacher as Teacher
from flaneur.training.networks.processes import process_group
from flaneur.training.networks.schedule import best_epoch, is_over, plateau_drops, set_rates, share_of_peak
from flaneur.training.networks.start import Setting, items_a_step, set_up
from flaneur.training.networks.validate import validate
from flaneur.training.recipes.recipe import Recipe, TrainingRule

Log = Callable[[dict[str, Any]], None]
Step = Callable[[int, int], None]
CHECKPOINT_SECONDS = 180.0
"""A kill loses no more work than this."""
_ORDER, _STEP = 1, 2  # keeps their random numbers, and those of photos, apart


def fit(  # noqa: PLR0913  none of these follows from another
    network: CityNet,
    spec: PreprocessSpec,
    examples: Examples,
    recipe: Recipe,
    run: Path,
    log: Log,
    *,
    device: str = "auto",
    teacher: Teacher | None = None,
    step: Step | None = None,
) -> CityNet:
    """Train, with checkpoints in ``run``; a finished run returns its weights at once.

    Args:
        network: starts from its current weights.
        spec: what the finished model sees.
        examples: photos.
        recipe: all settings.
        run: folder of the run; ``log.jsonl`` and ``checkpoint*`` are written there. Processes on several machines need
            one that all of them see.
        log: is told the figures of each epoch, in the first process.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        teacher: whose answers to the very same pixels are learnt from.
        step: is told after each step how many of the epoch's are done, and how many there are.

    Returns:
        The averaged, best or last network, on the CPU and in evaluation mode.

    Raises:
        UsageError: a device that is not here, settings that need what is not there, a loss that is no number any more.
        IntegrityError: a damaged checkpoint.
    """
    rule = recipe.training
    torch.set_num_threads(rule.threads or torch.get_num_threads())
    with process_group(choose_device(device)) as group:
        setting = set_up(network, examples, recipe, group)
        progress = checkpoint.load(run, setting.parts)
        progress.batch = progress.batch or items_a_step(setting, spec)
        while not is_over(rule, progress.log):
            seen = replace(spec, size_px=_size_px(rule, progress.epoch) or spec.size_px)
            _epoch(setting, progress, Objective(recipe, setting.spread, seen, teacher), run, step)
            _close(setting, progress, seen, spec)
            if group.rank == 0:
                checkpoint.save(run, setting.parts, progress)
                log(progress.log[-1])
    kept = setting.kept
    kept.load_state_dict(setting.parts.best or kept.state_dict())
    kept.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    return kept.cpu().eval()


def _size_px(rule: TrainingRule, epoch: int) -> int:
    """Side of the square in an epoch; 0 is that of the finished model."""
    if epoch >= rule.epochs:
        return 0
    return rule.size_small_px if epoch < rule.epochs_small else rule.size_large_px


def _epoch(setting: Setting, progress: Progress, objective: Objective, run: Path, told_step: Step | None) -> None:
    """The steps of an epoch that are still to be made."""
    rule, group, parts = setting.rule, setting.group, setting.parts
    labels = np.array([item.label for item in setting.items], np.int64)
    order = epoch_order(labels, rule.balance, np.random.default_rng((_ORDER, rule.seed, progress.epoch)))
    steps = len(steps_of(len(order), progress.batch, group.size))
    feed = Feed(progress.batch, rule.seed, progress.epoch, progress.step, group.rank, group.size, setting.recipe.views)
    drops = plateau_drops(progress.log, rule.step_epochs)
    _learning_mode(setting.network, rule)
    saved = before = time.monotonic()
    for batch in training_batches(setting.items, order, objective.spec, setting.recipe.augment, feed):
        step = progress.epoch * steps + progress.step
        set_rates(parts.optimiser, share_of_peak(rule, step, steps, drops))
        told = _step(setting, progress, batch, objective)
        if setting.average:
            setting.average.update(setting.network, step)
        now = time.monotonic()
        told["seconds"], before = now - before, now
        progress.step += 1
        progress.totals = {key: progress.totals.get(key, 0.0) + value for key, value in told.items()}
        if group.rank == 0 and now - saved > CHECKPOINT_SECONDS:
            checkpoint.save(run, parts, progress)
            saved = time.monotonic()
        if told_step:
            told_step(progress.step, steps)


def _step(setting: Setting, progress: Progress, batch: Batch, objective: Objective) -> dict[str, float]:
    """One step of the optimiser; what it adds to the epoch's totals."""
    rule, group, optimiser = setting.rule, setting.group, setting.parts.optimiser
    rng = np.random.default_rng((_STEP, rule.seed, progress.epoch, progress.step))
    torch.manual_seed(int(rng.integers(2**62)) + group.rank)
    images, shown, labels = (torch.from_numpy(x).to(group.device) for x in (batch.images, batch.shown, batch.labels))
    mixed = mix(images, shown, rule, rng)
    photos = mixed.images.flatten(0, 1)[mixed.shown.flatten()]
    if rule.channels_last:
        photos = photos.contiguous(memory_format=torch.channels_last)
    with torch.autocast(group.device.type, setting.precision, enabled=setting.precision is not None):
        logits = setting.forward(photos)
    loss, fused = objective(logits, labels, mixed)
    optimiser.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    group.share_step(setting.network)
    if rule.clip:
        nn.utils.clip_grad_norm_(setting.network.parameters(), rule.clip)
    optimiser.step()
    if not np.isfinite(loss.item()):
        raise UsageError(
            f"the loss is no number any more in epoch {progress.epoch + 1}, step {progress.step + 1}. "
            "Lower lr_head and lr_backbone, or set clip."
        )
    return {"loss": loss.item(), "right": hits(fused, labels, mixed), "items": len(labels), "photos": len(photos)}


def _learning_mode(network: CityNet, rule: TrainingRule) -> None:
    """Training mode; batch norms of the encoder keep their statistics where the recipe says so."""
    network.train()
    for module in network.encoder.modules() if rule.freeze_norm else ():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            module.eval()


def _close(setting: Setting, progress: Progress, seen: PreprocessSpec, spec: PreprocessSpec) -> None:
    """Note the figures of an epoch, keep its weights if they are the best, and go on to the next."""
    rule, group = setting.rule, setting.group
    names = ("loss", "right", "items", "photos", "seconds")
    loss, right, items, photos, seconds = group.sums([progress.totals[name] for name in names])
    number, last = progress.epoch + 1, rule.epochs + rule.epochs_finish
    figures: dict[str, Any] = {
        "epoch": number,
        "of": last,
        "size_px": seen.size_px,
        "loss": loss / (progress.step * group.size),
        "train_accuracy": round(right / items, 4),
        "lr": setting.parts.optimiser.param_groups[0]["lr"],
        "seconds": round(seconds / group.size, 1),
        "photos_per_second": round(photos * group.size / max(seconds, 1e-9), 1),
    }
    if number % rule.validate_every == 0 or number == last:
        figures |= validate(setting.kept, setting.examples, spec, batch=progress.batch, group=group)
    progress.log.append(figures)
    if rule.patience_epochs and best_epoch(progress.log) == number:
        setting.parts.best = {key: value.clone() for key, value in setting.kept.state_dict().items()}
    progress.epoch, progress.step, progress.totals = number, 0, {}
