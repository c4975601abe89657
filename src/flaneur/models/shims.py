"""Makes timm importable beside a CPU build of torch whose torchvision was built for CUDA.

torchvision's registry wheel is linked against CUDA; beside a CPU torch its compiled operators cannot load, and
importing it (timm does) fails with "operator torchvision::nms does not exist". Declaring the two schemas before the
first import is enough, since flaneur calls neither. The library object must stay alive, so it is a module global.
Without the problem this does nothing.
"""

from __future__ import annotations

import sys
from typing import Any

import torch

_library: torch.library.Library | None = None


def declare_torchvision_operators() -> None:
    """Declare ``torchvision::nms`` and ``qnms`` where torchvision's own library cannot load."""
    global _library  # must outlive every caller
    if _library is not None or _torchvision_loads():
        return
    _library = torch.library.Library("torchvision", "DEF")  # type: ignore[no-untyped-call]
    for name in ("nms", "qnms"):
        _library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")  # type: ignore[no-untyped-call]


def load_timm() -> Any:
    """Import timm, but not W&B: that library takes timm two seconds, for a log that flaneur never asks of it."""
    declare_torchvision_operators()
    hidden = "timm" not in sys.modules and "wandb" not in sys.modules
    if hidden:
        sys.modules["wandb"] = None  # type: ignore[assignment]  # importing it now fails, as timm allows for
    try:
        import timm
    finally:
        if hidden:
            del sys.modules["wandb"]
    return timm


def _torchvision_loads() -> bool:
    import importlib.util
    from pathlib import Path

    spec = importlib.util.find_spec("torchvision")  # finds without importing
    if spec is None or spec.origin is None:
        return True
    for library in Path(spec.origin).parent.glob("_C*.so"):
        try:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
        except OSError:
            return False
    return hasattr(torch.ops.torchvision, "nms")
