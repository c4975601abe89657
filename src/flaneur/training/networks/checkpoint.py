"""A training under way in; two alternating safetensors files and a JSON file out, from which a killed one goes on."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from flaneur.errors import IntegrityError
from flaneur.files import atomic_path, read_json, write_json, write_text

NOTE = "checkpoint.json"


@dataclass(slots=True)
class Progress:
    """How far a training has come. The rest follows from it: rates, data order, everything random.

    Args:
        epoch: finished epochs.
        step: finished steps of the epoch under way.
        batch: items a step.
        totals: of the epoch under way: loss, right answers, photos, seconds.
        log: figures of the finished epochs.
    """

    epoch: int = 0
    step: int = 0
    batch: int = 0
    totals: dict[str, float] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Parts:
    """The tensors of a training.

    Args:
        network: that is trained.
        kept: the one that is kept in the end: its average, or itself.
        optimiser: over its parameters.
        best: the kept network's state after its best epoch, where training may stop early; empty before.
    """

    network: nn.Module
    kept: nn.Module
    optimiser: torch.optim.Optimizer
    best: dict[str, Tensor] = field(default_factory=dict)


def save(run: Path, parts: Parts, progress: Progress) -> None:
    """Write the file that the note does not name, then the note: at any moment one of the two is whole."""
    note = run / NOTE
    for half_written in run.glob(".checkpoint*.tmp"):  # by a process that was killed
        half_written.unlink(missing_ok=True)
    current = read_json(note)["file"] if note.exists() else ""
    name = "checkpoint-0.safetensors" if current != "checkpoint-0.safetensors" else "checkpoint-1.safetensors"
    with atomic_path(run / name) as temporary:
        save_file({key: value.detach().cpu().contiguous() for key, value in _tensors(parts).items()}, temporary)
    write_json(note, {"file": name, **asdict(progress)})
    write_text(run / "log.jsonl", "".join(json.dumps(line) + "\n" for line in progress.log))


def load(run: Path, parts: Parts) -> Progress:
    """Put the newest checkpoint into ``parts``; a fresh start where there is none.

    Raises:
        IntegrityError: the checkpoint is damaged, or of another network.
    """
    if not (run / NOTE).exists():
        return Progress()
    state = read_json(run / NOTE)
    try:
        _restore(parts, load_file(run / state.pop("file")))
        return Progress(**state)
    except (OSError, SafetensorError, RuntimeError, KeyError, TypeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise IntegrityError(f"{run}: its checkpoint cannot be gone on from ({reason}). Remove that folder.") from error


def _tensors(parts: Parts) -> dict[str, Tensor]:
    tensors = {f"network/{key}": value for key, value in parts.network.state_dict().items()}
    if parts.kept is not parts.network:
        tensors |= {f"kept/{key}": value for key, value in parts.kept.state_dict().items()}
    tensors |= {f"best/{key}": value for key, value in parts.best.items()}
    for index, slots in parts.optimiser.state_dict()["state"].items():
        tensors |= {
            f"optimiser/{index}/{key}": torch.as_tensor(value) for key, value in slots.items() if value is not None
        }
    return tensors


def _restore(parts: Parts, tensors: dict[str, Tensor]) -> None:
    def under(prefix: str) -> dict[str, Tensor]:
        return {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}

    parts.network.load_state_dict(under("network/"))
    if parts.kept is not parts.network:
        parts.kept.load_state_dict(under("kept/"))
    parts.best = under("best/")
    parameters = [parameter for group in parts.optimiser.param_groups for parameter in group["params"]]
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in under("optimiser/").items():
        index, name = key.split("/")
        parameter = parameters[int(index)]
        # laid out in memory as the parameter is, so that the arithmetic is the same to the last bit
        alike = torch.empty_like(parameter).copy_(value) if value.shape == parameter.shape else value
        slots.setdefault(int(index), {})[name] = alike
    parts.optimiser.load_state_dict({"state": slots, "param_groups": parts.optimiser.state_dict()["param_groups"]})
