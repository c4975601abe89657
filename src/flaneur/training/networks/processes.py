"""torchrun's environment in; a group of processes that train one network together out. One process is a group too."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, distributed, nn

from flaneur.errors import UsageError


@dataclass(frozen=True, slots=True)
class Group:
    """Who trains together.

    Args:
        device: of this process.
        rank: of this process; 0 writes and talks.
        size: how many there are.
    """

    device: torch.device
    rank: int = 0
    size: int = 1

    def share_step(self, network: nn.Module) -> None:
        """Give every process the mean of all gradients and of all batch norms' statistics, in one message.

        Batch norms themselves see their own process's share of the batch.
        """
        if self.size > 1:
            gradients = [p.grad for p in network.parameters() if p.grad is not None]
            self._mean(gradients + [b for b in network.buffers() if b.is_floating_point()])

    def start_alike(self, network: nn.Module) -> None:
        """Give every process the weights of the first."""
        if self.size > 1:
            for tensor in network.state_dict().values():
                distributed.broadcast(tensor, 0)

    def sums(self, values: Sequence[float]) -> list[float]:
        """The sums over all processes."""
        if self.size == 1:
            return list(values)
        kind = torch.float32 if self.device.type == "mps" else torch.float64
        total = torch.tensor(values, dtype=kind, device=self.device)
        distributed.all_reduce(total)
        return [float(value) for value in total.tolist()]

    def from_first(self, value: int) -> int:
        """The first process's value."""
        if self.size == 1:
            return value
        held = torch.tensor([value], device=self.device)
        distributed.broadcast(held, 0)
        return int(held.item())

    def _mean(self, tensors: Iterable[Tensor]) -> None:
        chosen = list(tensors)
        if not chosen:
            return
        flat = torch.cat([tensor.detach().reshape(-1) for tensor in chosen])
        distributed.all_reduce(flat)
        flat /= self.size
        for tensor, mean in zip(chosen, torch.split(flat, [tensor.numel() for tensor in chosen]), strict=True):
            tensor.detach().copy_(mean.view(tensor.shape))


def own_rank() -> int:
    """This process's number among those that torchrun started; 0 without torchrun."""
    return int(os.environ.get("RANK", 0))


@contextmanager
def process_group(device: torch.device) -> Iterator[Group]:
    """Join the processes that torchrun started, over NCCL on GPUs and gloo on CPUs; leave them at the end.

    Raises:
        UsageError: an environment that is only half torchrun's, or a device that cannot train together.
    """
    size = int(os.environ.get("WORLD_SIZE", 1))
    if size == 1:
        yield Group(device)
        return
    missing = [name for name in ("RANK", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]
    if missing:
        raise UsageError(f"WORLD_SIZE is {size}, but {', '.join(missing)} is not set. Start with torchrun.")
    if device.type == "mps":
        raise UsageError("--device mps: several processes cannot train together on it. Use --device cpu.")
    if device.type == "cuda":
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Group(device, own_rank(), size)
    finally:
        distributed.destroy_process_group()
