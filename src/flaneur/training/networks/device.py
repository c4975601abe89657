"""What a user or a recipe asks of the machine in; a device, a precision and a compiled network out."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn

from flaneur.errors import UsageError, did_you_mean

DEVICES = ("auto", "cpu", "cuda", "mps")
_BFLOAT16_FLAGS = ("avx512_bf16", "amx_bf16")


def choose_device(name: str) -> torch.device:
    """The device of that name; ``auto`` takes CUDA, then Apple's MPS, then the CPU.

    With torchrun, each process of a machine takes the GPU of its own number.

    Raises:
        UsageError: no such device here.

    >>> choose_device("cpu")
    device(type='cpu')
    """
    found = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name not in DEVICES:
        raise UsageError(f"--device {name}: no such device.{did_you_mean(name, DEVICES)} Use {', '.join(DEVICES)}.")
    if name == "auto":
        name = next(one for one in ("cuda", "mps", "cpu") if found[one])
    if not found[name]:
        here = ", ".join(one for one, there in found.items() if there)
        raise UsageError(f"--device {name}: this torch ({torch.__version__}) finds none. Use {here}, or auto.")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0))) if name == "cuda" else torch.device(name)


def choose_precision(asked: str, device: torch.device, cpu_flags: frozenset[str] | None = None) -> torch.dtype | None:
    """bfloat16 for the arithmetic of the network, or ``None`` for float32 throughout.

    Weights and optimiser stay float32 either way. ``auto`` takes bfloat16 on GPUs that calculate in it and on CPUs with
    instructions for it (1.5 times as fast for EfficientNetV2-B0 on two cores of such a CPU).

    Args:
        asked: ``float32``, ``bfloat16`` or ``auto``.
        device: where.
        cpu_flags: of the processor; read from the system if ``None``.

    Raises:
        UsageError: bfloat16 on a GPU without it.
    """
    if asked == "float32":
        return None
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        flags = _cpu_flags() if cpu_flags is None else cpu_flags
        able = device.type == "cpu" and any(flag in flags for flag in _BFLOAT16_FLAGS)
    if asked == "bfloat16" and device.type == "cuda" and not able:
        raise UsageError('precision = "bfloat16": this GPU has no bfloat16. Say "float32" or "auto".')
    return torch.bfloat16 if able or asked == "bfloat16" else None


def _cpu_flags() -> frozenset[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:  # not Linux
        return frozenset()
    return frozenset(next((line.partition(":")[2] for line in lines if line.startswith("flags")), "").split())


def compiled(network: nn.Module, device: torch.device) -> Callable[[Tensor], Tensor]:
    """The network, compiled by torch for this device.

    Raises:
        UsageError: what torch compiles with is not installed.
    """
    compilers = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
    if device.type == "cpu" and not any(name and shutil.which(name) for name in compilers):
        raise UsageError("compile = true needs a C++ compiler on the path. Install one, or say compile = false.")
    if device.type == "cuda" and find_spec("triton") is None:
        raise UsageError("compile = true needs triton on a GPU. Install it, or say compile = false.")
    made: Callable[[Tensor], Tensor] = torch.compile(network)
    return made
