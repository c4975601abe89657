"""A model in; its first filters, the maps on its way to the answer, and what they hold for a photo, out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flaneur.errors import UsageError
from flaneur.explain.gradients.network import Network, network_of
from flaneur.explain.target import Target, as_input
from flaneur.predict import Model

_COLOURS = 3


def first_weights(model: Model) -> NDArray[np.float32]:
    """Weights of the first convolution, per unit of red, green and blue.

    Returns:
        ``[K, 3, h, w]``.

    Raises:
        UsageError: no convolution looks at colours.
    """
    network = network_of(model)
    for step in network.steps:
        weights = network.constant(step.inputs[1]) if step.kind == "Conv" else None
        if weights is not None and weights.ndim == 4 and weights.shape[1] == _COLOURS:
            deviation = torch.tensor(model.card.preprocess.std)[:, None, None]
            return np.asarray((weights / deviation).numpy(), np.float32)
    raise UsageError(
        f"no convolution of {model.name!r} looks at the colours of a photo, so there are no filters to show."
    )


def map_shapes(target: Target) -> tuple[dict[str, tuple[int, int, int]], list[str]]:
    """Which maps a network computes.

    Returns:
        Channels, rows and columns of each map by its name, input to output; and those of them that all the rest is
        computed from, so that nothing of the photo goes past them.
    """
    network = network_of(target.model)
    names = [name for step in network.steps for name in step.outputs if name]
    values = _values(network, target, names)
    shapes = {
        name: (int(value.shape[1]), int(value.shape[2]), int(value.shape[3]))
        for name, value in values.items()
        if value.ndim == 4 and len(value) == 1 and value.shape[2] * value.shape[3] > 1
    }
    return shapes, [name for name in _bottlenecks(network, names) if name in shapes]


def map_values(target: Target, names: Sequence[str]) -> list[NDArray[np.float32]]:
    """What maps hold for a photo: ``[K, h, w]`` each."""
    values = _values(network_of(target.model), target, names)
    return [np.asarray(values[name][0].numpy(), np.float32) for name in names]


def _values(network: Network, target: Target, names: Sequence[str]) -> dict[str, Tensor]:
    with torch.inference_mode(False), torch.no_grad():
        image = torch.from_numpy(as_input(target.picture(), target.spec).copy())[None]
        return {name: value for name, value in network.values(image, names).items() if isinstance(value, Tensor)}


def _bottlenecks(network: Network, names: Sequence[str]) -> list[str]:
    """Values after which nothing that was computed before is looked at again on the way to the last map."""
    end = next(name for name in ("feature_map", "embedding", "logits") if name in names)
    needed = network.leading_to(end)
    steps = [step for step in network.steps if needed.intersection(step.outputs)]
    last_use = {name: number for number, step in enumerate(steps) for name in step.inputs}
    found, until = [], last_use.get(network.image, -1)
    for number, step in enumerate(steps):
        if until <= number:
            found.append(step.outputs[0])
        until = max(until, last_use.get(step.outputs[0], -1))
    return found
