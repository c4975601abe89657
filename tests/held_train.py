"""``flaneur train`` that stands still at a chosen moment, to be struck there: no watcher can come too late."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import safetensors.torch
import torch.onnx  # noqa: F401  what every training imports is imported once, before it is copied

from flaneur.cli.main import run
from flaneur.models.shims import load_timm
from flaneur.training import by_recipe  # noqa: F401
from flaneur.training.networks import checkpoint, export, loop  # noqa: F401

load_timm()
MOMENTS: dict[str, tuple[Any, str]] = {
    "checkpoint": (checkpoint, "save_file"),
    "weights": (safetensors.torch, "save_file"),
    "step": (loop, "_step"),
}


def train(held: str, moment: str, count: str, *words: str) -> int:
    """``flaneur train``, with a checkpoint after every step.

    Args:
        held: file that is there as soon as it stands still.
        moment: one of :data:`MOMENTS`, or nothing: then it runs to its end.
        count: the how-maniest of these moments.
        words: of the command line.
    """
    loop.CHECKPOINT_SECONDS = 0.0
    if moment:
        module, name = MOMENTS[moment]
        setattr(module, name, _held(getattr(module, name), int(count), Path(held)))
    return run(["train", *words])


def _held(function: Callable[..., Any], count: int, held: Path) -> Callable[..., Any]:
    calls: list[object] = []

    def counted(*given: Any) -> Any:
        calls.append(None)
        result = function(*given)
        if len(calls) == count:
            for path in (one for one in given if isinstance(one, Path)):
                os.truncate(path, path.stat().st_size // 2)  # as a kill in the middle of the write leaves it
            held.touch()
            while True:
                time.sleep(0.05)
        return result

    return counted
