"""A network and a device in; the largest batch that a training step has memory for out."""

from __future__ import annotations

import copy
import os
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

LARGEST = 256
"""Where the search ends: larger batches train no faster, and worse without other learning rates."""
_SMALLEST = 2  # a batch norm needs two
_MEMORY_SHARE = 0.5


def largest_batch(network: nn.Module, shape: tuple[int, ...], device: torch.device, limit: int) -> int:
    """The largest power of two of items that fits, 2 to 256.

    On CUDA by trying steps; elsewhere from what a step of two items keeps for its backward pass, within half the free
    memory, since a process that asks for too much there is killed without a word. The network itself is not changed.

    Args:
        network: on ``device``; a copy of it makes the steps, in float32.
        shape: of one item, ``[V, 3, H, W]``.
        device: where.
        limit: not more than this either: the items that there are.
    """
    trial = copy.deepcopy(network).train()
    views, *pixels = shape
    wanted = max(_SMALLEST, min(limit, LARGEST))
    if device.type == "cuda":
        size = _SMALLEST
        while 2 * size <= wanted and _fits(trial, (2 * size * views, *pixels), device):
            size *= 2
        return size
    each = kept_bytes(trial, torch.zeros(_SMALLEST * views, *pixels, device=device)) / _SMALLEST
    room = min(float(wanted), _MEMORY_SHARE * _free_bytes() / max(1.0, each))
    return int(max(_SMALLEST, 2 ** (int(room).bit_length() - 1)))


def _fits(network: nn.Module, shape: tuple[int, ...], device: torch.device) -> bool:
    """Whether a step goes through and leaves 15 % of the memory, for the optimiser and for fragments."""
    try:
        network(torch.zeros(shape, device=device)).square().sum().backward()
        fits = torch.cuda.max_memory_allocated(device) < 0.85 * torch.cuda.mem_get_info(device)[1]
    except torch.OutOfMemoryError:
        fits = False
    network.zero_grad(set_to_none=True)
    torch.cuda.empty_cache()
    return fits


def kept_bytes(network: nn.Module, images: Tensor) -> int:
    """Memory that one forward pass keeps for the backward pass, without the weights."""
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept: dict[int, int] = {}

    def note(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    with saved_tensors_hooks(note, lambda tensor: tensor):
        network(images)
    return sum(kept.values()) + images.nbytes


def _free_bytes() -> int:
    """Memory that is free or can be freed; half of all where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text("utf-8").splitlines()
        return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
