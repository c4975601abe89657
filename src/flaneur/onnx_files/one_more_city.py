"""A model's graph, a linear column and embeddings of one more city in; the graph that scores that city, too, out."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.heads import HeadParams
from flaneur.onnx_files.novelty import HEAD, Parts
from flaneur.onnx_files.proto import Proto

Floats = NDArray[np.float32]
_REFERENCES, _PROJECTION, _MEAN = HEAD + "references/half", HEAD + "projection/half", HEAD + "mean"


def add_column(model: Proto, column: HeadParams, embeddings: Floats) -> Proto:
    """A copy whose last logit is ``embedding @ column.weight + column.bias`` above the mean of the others, which stay.

    Above their mean, since what all logits of a photo have in common says nothing, and heads have it or have it not. A
    linear head stays one, with a column more. What novelty compares photos with gets the city's own photos, too.

    Args:
        model: a whole model, or its :func:`flaneur.onnx_files.graph.only_head`.
        column: ``[D, 1]`` and ``[1]``.
        embeddings: ``[N, D]`` of the city's photos.

    Raises:
        InputError: the model has no head that flaneur put there, or embeddings of another width.
    """
    made = type(model)()
    made.CopyFrom(model)
    graph = made.graph
    makers = [place for place, node in enumerate(graph.node) if "logits" in node.output]
    if not makers or not graph.node[makers[0]].name.startswith(HEAD):
        raise InputError("the model has no head of flaneur's, so no city can be added to it.")
    if column.weight.shape[1] != 1 or embeddings.shape[1] != len(column.weight):
        raise InputError(f"a column {column.weight.shape} does not fit embeddings {embeddings.shape}.")
    weights = {item.name: item for item in graph.initializer}
    if not _widen(graph.node[makers[0]], weights, column):
        _beside(made, makers[0], column)
    for output in graph.output:
        if output.name == "logits":
            output.type.tensor_type.shape.dim[1].dim_value += 1
    if _REFERENCES in weights:
        _set(weights[_REFERENCES], _with_references(weights, embeddings))
    return made


def _widen(node: Proto, weights: dict[str, Proto], column: HeadParams) -> bool:
    """Give the linear layer that makes the logits one more column, if it is one and looks at the embedding."""
    plain = node.op_type == "Gemm" and not node.attribute and node.input[0] == "embedding"
    if not plain or not set(node.input[1:]) <= weights.keys():
        return False
    for name, more in zip(node.input[1:], (column.weight, column.bias), strict=True):
        others = onnx_proto.array(weights[name])
        own = (others.mean(axis=-1, keepdims=True, dtype=np.float64) + more).astype(np.float32)
        _set(weights[name], np.concatenate([others, own], axis=-1))
    return True


def _beside(model: Proto, place: int, column: HeadParams) -> None:
    """Put the column beside a head of any other kind."""
    graph = model.graph
    number = sum(node.op_type == "Concat" and node.name.startswith(f"{HEAD}one_more") for node in graph.node) + 1
    name = f"one_more_{number}"
    nodes, before = list(graph.node), graph.node[place]
    before.output[list(before.output).index("logits")] = f"{HEAD}{name}_others"
    head = [_copy(node) for node in nodes[: place + 1]]
    tail = [_copy(node) for node in nodes[place + 1 :]]
    del graph.node[:]
    graph.node.extend(head)
    parts = Parts(model)
    weight = parts.constant(f"{name}_weight", column.weight)
    bias = parts.constant(f"{name}_bias", column.bias)
    above = parts.node("Gemm", "embedding", weight, bias, to=f"{HEAD}{name}_above")
    mean = parts.reduce("ReduceMean", f"{HEAD}{name}_others", to=f"{HEAD}{name}_mean", keep=True, name=f"{name}_axes")
    own = parts.node("Add", above, mean, to=f"{HEAD}{name}")
    parts.node("Concat", f"{HEAD}{name}_others", own, to="logits", axis=1)
    graph.node[-1].name = f"{HEAD}{name}_joined"
    graph.node.extend(tail)


def _copy(node: Proto) -> Proto:
    made = type(node)()
    made.CopyFrom(node)
    return made


def _with_references(weights: dict[str, Proto], embeddings: Floats) -> NDArray[np.float16]:
    """``[P, N]``: what novelty compares with, and the new photos projected as it projects any."""
    mean = onnx_proto.array(weights[_MEAN])
    projected = (embeddings[:, : len(mean)] - mean) @ onnx_proto.array(weights[_PROJECTION]).astype(np.float32)
    unit = projected / np.maximum(np.linalg.norm(projected, axis=1, keepdims=True), 1e-12)
    return np.concatenate([onnx_proto.array(weights[_REFERENCES]), unit.T.astype(np.float16)], axis=1)


def _set(tensor: Proto, values: NDArray[np.generic]) -> None:
    tensor.CopyFrom(onnx_proto.tensor(tensor.name, np.ascontiguousarray(values)))
