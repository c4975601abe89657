"""A model in; the same graph with its learnt weights drawn anew out: a network that knows nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.novelty import HEAD
from flaneur.onnx_files.proto import Proto

_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_FLOAT32, _INT8, _FLOAT16 = 1, 3, 10


def redraw_weights(model: Proto, rng: np.random.Generator, *, times: float = 1.0) -> Proto:
    """A copy whose convolutions and matrices, those of the city head too, hold normal noise of the weights' own size.

    Each tensor keeps its shape and the type it is stored in, so that nothing else in the graph changes. Its size is the
    root mean square, for a convolution of each output channel's weights. Biases and what normalises stay.

    Args:
        model: an encoder, or a whole model.
        rng: of the noise.
        times: the noise's size as a multiple of the weights'.

    Raises:
        InputError: the graph holds no weights that are known to be such.
    """
    made = type(model)()
    made.CopyFrom(model)
    weights = _weights(made.graph)
    if not weights:
        raise InputError("the graph holds no convolution and no matrix whose weights could be drawn anew.")
    for tensor in weights:
        tensor.CopyFrom(onnx_proto.tensor(tensor.name, _noise(onnx_proto.array(tensor), rng, times)))
    return made


def _weights(graph: Proto) -> list[Proto]:
    """The stored tensors that nodes multiply by, whatever turns them into float32 first, each once."""
    made_of = {tensor.name: [tensor] for tensor in graph.initializer}  # all that does not depend on the photo
    found: dict[str, Proto] = {}
    for node in graph.node:
        sources = [name for name in node.input if name]
        if sources and all(name in made_of for name in sources):
            parts = [tensor for name in sources for tensor in made_of[name]]
            made_of.update((output, parts) for output in node.output)
        elif node.op_type in _WEIGHTED and (not node.name.startswith(HEAD) or "logits" in node.output):
            for name in node.input[:2]:
                if stored := [tensor for tensor in made_of.get(name, []) if _is_drawn(tensor)]:
                    largest = max(stored, key=lambda tensor: int(np.prod(tensor.dims)))
                    found[largest.name] = largest
    return list(found.values())


def _is_drawn(tensor: Proto) -> bool:
    return len(tensor.dims) > 1 and tensor.data_type in (_FLOAT32, _INT8, _FLOAT16)


def _noise(values: NDArray[Any], rng: np.random.Generator, times: float) -> NDArray[Any]:
    real = values.astype(np.float32)
    axes = tuple(range(1, real.ndim)) if real.ndim > 2 else None
    size = np.sqrt(np.square(real).mean(axis=axes, keepdims=True))
    drawn = rng.standard_normal(real.shape, np.float32) * size * np.float32(times)
    if values.dtype == np.int8:
        drawn = np.clip(np.rint(drawn), -127, 127)
    return np.asarray(drawn, values.dtype)
