"""A recipe and labelled photos in; a fine-tuned network out. Plain PyTorch; the same command goes on after a kill."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import cross_entropy

from flaneur.files import atomic_path, read_json, write_json
from flaneur.models.network import AveragedWeights, CityNet, parameter_groups
from flaneur.protocols import PreprocessSpec
from flaneur.training.loader import Batch, LabelledPhoto, epoch_order, plain_batches, training_batches
from flaneur.training.recipe import Recipe, TrainingRule

Log = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Examples:
    """Training and validation photos; the test part never comes here."""

    train: Sequence[LabelledPhoto]
    validation: Sequence[LabelledPhoto]
    classes: int


def fit(network: CityNet, spec: PreprocessSpec, examples: Examples, recipe: Recipe, run: Path, log: Log) -> CityNet:
    """Train, keeping a checkpoint after every epoch in ``run``; a finished run returns its weights at once.

    Args:
        network: starts from its current weights.
        spec: what the finished model sees.
        examples: photos.
        recipe: all settings.
        run: folder of the run; ``log.jsonl``, ``checkpoint-*`` and ``weights.safetensors`` are written there.
        log: is told the figures of each epoch.

    Returns:
        The averaged network, in evaluation mode.
    """
    rule = recipe.training
    torch.set_num_threads(rule.threads or torch.get_num_threads())
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    rates = {"lr_head": rule.lr_head, "lr_backbone": rule.lr_backbone, "lr_decay": rule.lr_decay}
    optimiser = torch.optim.AdamW(parameter_groups(network, **rates, weight_decay=rule.weight_decay))
    average = AveragedWeights(network, rule.ema)
    first = _resume(run, network, average.network, optimiser)
    labels = np.array([photo.label for photo in examples.train], np.int64)
    last = rule.epochs + rule.epochs_finish
    for epoch in range(first, last):
        torch.manual_seed(1_000_003 * rule.seed + epoch)
        rng = np.random.default_rng((rule.seed, epoch))
        seen = replace(spec, size_px=_size_px(rule, epoch) or spec.size_px)
        order = epoch_order(labels, rule.balance, rng)
        batches = training_batches(
            examples.train, seen, recipe.augment, order, batch=rule.batch, seed=int(rng.integers(2**31))
        )
        started = time.monotonic()
        state = _State(network, average, optimiser, epoch, steps=max(1, len(labels) // rule.batch))
        loss = _epoch(state, batches, rule, rng)
        figures = {
            "epoch": epoch + 1,
            "of": last,
            "size_px": seen.size_px,
            "loss": loss,
            "seconds": round(time.monotonic() - started),
        }
        if (epoch + 1) % rule.validate_every == 0 or epoch + 1 == last:
            figures |= validate(
                average.network, plain_batches(examples.validation, spec, batch=rule.batch), examples.classes
            )
        _checkpoint(run, epoch + 1, network, average.network, optimiser, figures)
        log(figures)
    return average.network


def _size_px(rule: TrainingRule, epoch: int) -> int:
    """Side of the square in an epoch; 0 is that of the finished model."""
    if epoch >= rule.epochs:
        return 0
    return rule.size_small_px if epoch < rule.epochs_small else rule.size_large_px


@dataclass(frozen=True, slots=True)
class _State:
    """What one epoch changes, and where in the run it stands."""

    network: CityNet
    average: AveragedWeights[CityNet]
    optimiser: torch.optim.Optimizer
    epoch: int
    steps: int


def _epoch(state: _State, batches: Iterable[Batch], rule: TrainingRule, rng: np.random.Generator) -> float:
    """One pass; the mean loss."""
    state.network.train()
    total = 0.0
    for step, batch in enumerate(batches, state.epoch * state.steps):
        warm = min(1.0, (step + 1) / max(1.0, rule.warmup_epochs * state.steps))
        cosine = 0.5 * (1 + math.cos(math.pi * step / (state.steps * rule.epochs)))
        if state.epoch >= rule.epochs:
            cosine = rule.lr_finish
        for group in state.optimiser.param_groups:
            group["lr"] = group["peak_lr"] * warm * cosine
        loss = _loss(state.network, batch, rule, rng)
        state.optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(state.network.parameters(), rule.clip)
        state.optimiser.step()
        state.average.update(state.network, step)
        total += loss.item()
    return total / state.steps


def _loss(network: CityNet, batch: Batch, rule: TrainingRule, rng: np.random.Generator) -> torch.Tensor:
    images = torch.from_numpy(batch.images).contiguous(memory_format=torch.channels_last)
    labels = torch.from_numpy(batch.labels)
    if rule.mixup == 0:
        return cross_entropy(network(images), labels, label_smoothing=rule.label_smoothing)
    share = float(rng.beta(rule.mixup, rule.mixup))
    other = torch.from_numpy(rng.permutation(len(labels)))
    logits = network(images.lerp(images[other], 1 - share))
    own, mixed = (
        cross_entropy(logits, target, label_smoothing=rule.label_smoothing) for target in (labels, labels[other])
    )
    return share * own + (1 - share) * mixed


@torch.inference_mode()
def validate(network: nn.Module, batches: Iterable[Batch], classes: int) -> dict[str, float]:
    """Accuracy, macro recall and negative log-likelihood on photos as they are."""
    network.eval()
    right, counts, loss = np.zeros(classes), np.zeros(classes), 0.0
    for batch in batches:
        logits = network(torch.from_numpy(batch.images).contiguous(memory_format=torch.channels_last))
        loss += cross_entropy(logits, torch.from_numpy(batch.labels), reduction="sum").item()
        hits = (logits.argmax(1).numpy() == batch.labels).astype(float)
        right += np.bincount(batch.labels, hits, minlength=classes)
        counts += np.bincount(batch.labels, minlength=classes)
    total = max(1.0, counts.sum())
    recalls = right[counts > 0] / counts[counts > 0]
    return {
        "accuracy": round(float(right.sum() / total), 4),
        "macro_recall": round(float(recalls.mean()), 4),
        "nll": round(float(loss / total), 4),
    }


def _checkpoint(
    run: Path,
    epoch: int,
    network: nn.Module,
    average: nn.Module,
    optimiser: torch.optim.Optimizer,
    figures: dict[str, Any],
) -> None:
    """Two alternating safetensors files, then the small file that names the newer: one is always whole."""
    tensors = {f"network/{k}": v for k, v in network.state_dict().items()} | {
        f"average/{k}": v for k, v in average.state_dict().items()
    }
    for index, state in optimiser.state_dict()["state"].items():
        tensors |= {f"optimiser/{index}/{key}": torch.as_tensor(value) for key, value in state.items()}
    name = f"checkpoint-{epoch % 2}.safetensors"
    with atomic_path(run / name) as temporary:
        save_file({key: value.contiguous() for key, value in tensors.items()}, temporary)
    history = read_json(run / "checkpoint.json")["log"] if (run / "checkpoint.json").exists() else []
    write_json(run / "checkpoint.json", {"file": name, "epoch": epoch, "log": [*history, figures]})
    (run / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in [*history, figures]), "utf-8")


def _resume(run: Path, network: nn.Module, average: nn.Module, optimiser: torch.optim.Optimizer) -> int:
    """Load the newest checkpoint, if there is one; the number of finished epochs."""
    if not (run / "checkpoint.json").exists():
        return 0
    state = read_json(run / "checkpoint.json")
    tensors = load_file(run / state["file"])
    for prefix, module in (("network/", network), ("average/", average)):
        module.load_state_dict(
            {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        )
    slots: dict[int, dict[str, torch.Tensor]] = {}
    for key, value in tensors.items():
        if key.startswith("optimiser/"):
            _, index, field = key.split("/")
            slots.setdefault(int(index), {})[field] = value
    optimiser.load_state_dict({"state": slots, "param_groups": optimiser.state_dict()["param_groups"]})
    return int(state["epoch"])
