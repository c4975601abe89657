"""A target and its transformer in; how attention carries the answer back to the patches of the photo, out.

Attention is found by its shape: a softmax that gives ``[heads, N, N]`` for one photo, where N tokens are a grid of
patches and perhaps a class token or registers before them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flaneur.errors import UsageError
from flaneur.explain.gradients.network import Network
from flaneur.explain.gradients.question import asked, score, to_square
from flaneur.explain.target import Target

_MOST_EXTRA = 16  # tokens beside the patches


@dataclass(frozen=True)
class Tokens:
    """Where a transformer's values are.

    Args:
        attention: names of its softmaxes, input to output.
        grid: rows and columns of patches.
        readouts: names of the values in which the answer is read off the tokens, each with how many of the softmaxes
            come before it.
    """

    attention: tuple[str, ...]
    grid: tuple[int, int]
    readouts: tuple[tuple[str, int], ...]

    @property
    def patches(self) -> int:
        """How many."""
        return math.prod(self.grid)


def attributed_tokens(target: Target) -> NDArray[np.float32]:
    """See :func:`flaneur.explain.methods.tokens.explain`."""
    with asked(target) as question:
        network = question.network
        names = [name for step in network.steps for name in step.outputs]
        values = network.values(question.square().requires_grad_(), names)
        tokens = find_tokens(network, values)
        if tokens is None:
            raise UsageError(
                f"{target.model.name!r} has no attention between all parts of a photo, so there are no tokens to "
                "follow. Use 'gradcam', 'integrated_gradients' or 'occlusion'."
            )
        looked_at = [*tokens.attention, *(name for name, _ in tokens.readouts)]
        speaks = score(values["logits"], target)[0]
        found = torch.autograd.grad(speaks, [values[name] for name in looked_at], materialize_grads=True)
    slopes = dict(zip(looked_at, found, strict=True))
    values = {name: value.detach() for name, value in values.items()}
    count = values[tokens.attention[0]].shape[-1]
    relevance = torch.zeros(count)
    for depth, name in reversed(list(enumerate(tokens.attention, start=1))):
        for readout in (readout for readout, after in tokens.readouts if after == depth):
            relevance = relevance + _read(values[readout], slopes[readout], count, tokens.patches)
        carried = (values[name] * slopes[name]).clamp(min=0).reshape(-1, count, count).mean(0)
        relevance = relevance + relevance @ carried
    return to_square(relevance[-tokens.patches :].reshape(tokens.grid), target.size_px)


def _read(value: Tensor, slope: Tensor, count: int, patches: int) -> Tensor:
    """How much each token gives the answer where it is read off: ``[count]``, at least 0."""
    if value.ndim == 4:  # a map of the patches alone
        given = torch.zeros(count)
        given[-patches:] = (value * slope).sum(1).reshape(-1)
        return given.clamp(min=0)
    value, slope = value[0], slope[0]
    strength = torch.linalg.vector_norm(slope, dim=-1)
    if not strength[-patches:].any() and strength.any():  # a class token: how it was filled is up to attention
        return torch.div(strength, strength.sum())
    return (value * slope).sum(-1).clamp(min=0)


def find_tokens(network: Network, values: dict[str, Tensor]) -> Tokens | None:
    """Where a transformer keeps its tokens; ``None`` where a network is none.

    Args:
        network: whose.
        values: all that it computes for one photo, by name.
    """
    softmaxes = [step.outputs[0] for step in network.steps if step.kind == "Softmax"]
    square = [name for name in softmaxes if _is_attention(values[name])]
    if not square:
        return None
    count = values[square[0]].shape[-1]
    attention = tuple(name for name in square if values[name].shape[-1] == count)
    order = [name for step in network.steps for name in step.outputs]
    grid = _grid([values[name] for name in order[: order.index(attention[0])]], count)
    if grid is None:
        return None
    maps = _maps_read(network, values, grid)
    if not maps:
        streams = [name for name in order if values[name].ndim == 3 and values[name].shape[:2] == (1, count)]
        maps = streams[-1:]
    return Tokens(attention, grid, tuple((name, _depth(network, name, attention)) for name in maps))


def _is_attention(value: Tensor) -> bool:
    return value.ndim in (3, 4) and value.shape[-1] == value.shape[-2] and value.shape[-1] > 1


def _grid(before: Sequence[Tensor], count: int) -> tuple[int, int] | None:
    """Rows and columns of the patches: the last map before attention that has about as many cells as tokens."""
    for value in reversed(before):
        if value.ndim == 4 and len(value) == 1 and 0 <= count - math.prod(value.shape[2:]) <= _MOST_EXTRA:
            return int(value.shape[2]), int(value.shape[3])
    return None


def _maps_read(network: Network, values: dict[str, Tensor], grid: tuple[int, int]) -> list[str]:
    """Maps ``[1, K, rows, columns]`` that tokens were laid out as again and that lead to the answer."""
    after, found, laid_out = False, [], set[str]()
    leading = network.leading_to("logits")
    for step in network.steps:
        name = step.outputs[0]
        after = after or (step.kind == "Softmax" and _is_attention(values[name]))
        if not after or values[name].ndim != 4 or values[name].shape[2:] != grid or len(values[name]) != 1:
            continue
        if not laid_out.intersection(step.inputs) and name in leading:
            found.append(name)
        laid_out.add(name)
    return found


def _depth(network: Network, name: str, attention: Sequence[str]) -> int:
    """How many of the softmaxes a value depends on."""
    return len(network.leading_to(name).intersection(attention))
