"""A target in; its score's gradient on the network's maps, times these maps, out."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flaneur.errors import UsageError
from flaneur.explain.gradients.network import Network
from flaneur.explain.gradients.question import Question, asked, to_square
from flaneur.explain.target import Target


def grad_cam(target: Target, *, maps: str, local: bool) -> NDArray[np.float32]:
    """See :func:`flaneur.explain.methods.gradcam.explain`."""
    with asked(target) as question:
        read = maps_read(question.network, question.square())
        if not read:
            raise UsageError(
                f"no map of {target.model.name!r} has a part in its answer, so there is none to show. "
                "Use 'tokens' for a transformer, or 'integrated_gradients' or 'occlusion'."
            )
        chosen = {"all": read, "finest": read[:1], "last": read[-1:]}[maps]
        cells = [_on_map(question, name, local=local) for name in chosen]
    spread = [to_square(values, target.size_px) * (values.numel() / target.size_px**2) for values in cells]
    return np.asarray(np.mean(spread, axis=0), np.float32)


def _on_map(question: Question, name: str, *, local: bool) -> Tensor:
    """Gradient times activation, summed over channels: ``[h, w]``."""
    from captum.attr import LayerGradCam, LayerGradientXActivation

    method = LayerGradientXActivation if local else LayerGradCam
    layer = question.network.layer(name)
    values: Tensor = method(question.score, layer).attribute(question.square().requires_grad_())
    return values.detach()[0].sum(0)


def maps_read(network: Network, image: Tensor) -> list[str]:
    """Names of the maps that the answer is read off, from the input on; the last one is the coarsest.

    A network that pools several stages reads several maps. Each of them but the last is also the way to the next, so
    that everything the answer knows of the photo has come through the first.

    Args:
        network: whose.
        image: ``[1, 3, S, S]``; any.
    """
    names = [name for step in network.steps for name in step.outputs]
    if "feature_map" not in names:
        return []
    with torch.no_grad():
        shapes = {name: value.shape for name, value in network.values(image, names).items()}
    last, onward, answer = shapes["feature_map"], network.leading_to("feature_map"), network.leading_to("logits")
    return [
        name
        for name in names
        if name in onward
        and len(shapes[name]) == 4
        and min(shapes[name][2] - last[2], shapes[name][3] - last[3]) >= 0
        and _is_read(network, name, onward, answer)
    ]


def _is_read(network: Network, name: str, onward: set[str], answer: set[str]) -> bool:
    """Whether something reads a map that is no way to the next map."""
    readers = (step.outputs for step in network.steps if name in step.inputs)
    return any(answer.intersection(made) and not onward.intersection(made) for made in readers)
