"""An encoder's ONNX graph in; the same graph with a city head, a novelty score and smaller weights out.

The convention all models keep: input ``image`` ``[B, 3, H, W]`` float32; the encoder's outputs are ``embedding``
``[B, D]`` and, where the network has one, ``feature_map`` ``[B, K, h, w]``. The head adds ``logits`` ``[B, C]``,
``novelty`` ``[B]`` (higher = less like the known cities) and, where views are weighed by it, ``attention`` ``[B]``.
Everything the head adds is named ``head/…``, so it can be taken off again.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.heads import AttentionParams as AttentionParams
from flaneur.onnx_files.heads import Head as Head
from flaneur.onnx_files.heads import HeadParams as HeadParams
from flaneur.onnx_files.heads import add_attention, add_logits, head_sizes
from flaneur.onnx_files.novelty import HEAD, Parts, add_novelty
from flaneur.onnx_files.novelty import NOVELTY_METHODS as NOVELTY_METHODS
from flaneur.onnx_files.novelty import NoveltyParams as NoveltyParams
from flaneur.onnx_files.novelty import opset as opset
from flaneur.onnx_files.proto import Proto

load = onnx_proto.load
save = onnx_proto.save
to_bytes = onnx_proto.to_bytes

_COMPRESS_FROM = 1024  # elements: below it the scales and nodes outweigh what is saved


def append_head(
    model: Proto, head: Head, novelty: NoveltyParams | None = None, attention: AttentionParams | None = None
) -> Proto:
    """A copy of an encoder with a head; a head that is there already is replaced.

    Args:
        model: with output ``embedding``.
        head: adds output ``logits``.
        novelty: adds output ``novelty``.
        attention: adds output ``attention``.

    Raises:
        InputError: the model has no ``embedding``, or one of another width than the head.
    """
    made = strip_head(model)
    width, (expected, cities) = embedding_dim(made), head_sizes(head)
    for wanted in (expected, width if attention is None else len(attention.weight)):
        if width != wanted:
            raise InputError(f"the head expects embeddings of {wanted} numbers, the encoder gives {width}.")
    parts, batch = Parts(made), _batch_name(made)
    add_logits(parts, head)
    made.graph.output.insert(0, onnx_proto.float_value("logits", [batch, cities]))
    if novelty is not None:
        add_novelty(parts, novelty)
        made.graph.output.append(onnx_proto.float_value("novelty", [batch]))
    if attention is not None:
        add_attention(parts, attention)
        made.graph.output.append(onnx_proto.float_value("attention", [batch]))
    return made


def strip_head(model: Proto) -> Proto:
    """A copy without the head: what :func:`append_head` added is gone, everything else is as it was."""
    made = _copy(model)
    graph = made.graph
    gone = {name for node in graph.node if node.name.startswith(HEAD) for name in node.output}
    for items, leaves in (
        (graph.node, lambda item: item.name.startswith(HEAD)),
        (graph.initializer, lambda item: item.name.startswith(HEAD)),
        (graph.output, lambda item: item.name in gone),
        (graph.value_info, lambda item: item.name in gone),
    ):
        kept = [item for item in items if not leaves(item)]
        del items[:]
        items.extend(kept)
    return made


def only_head(model: Proto) -> Proto:
    """A copy of what :func:`append_head` added alone: from input ``embedding`` ``[B, D]`` to ``logits`` and its like.

    Raises:
        InputError: the model has no head that :func:`append_head` added.
    """
    made, width, batch = _copy(model), embedding_dim(model), _batch_name(model)
    graph = made.graph
    for items in (graph.node, graph.initializer):
        kept = [item for item in items if item.name.startswith(HEAD)]
        del items[:]
        items.extend(kept)
    given = {name for node in graph.node for name in node.output}
    outputs = [output for output in graph.output if output.name in given]
    if "logits" not in given:
        raise InputError("the model has no head of flaneur's, so embeddings alone do not tell its answers.")
    for field in ("input", "output", "value_info"):
        graph.ClearField(field)
    graph.input.append(onnx_proto.float_value("embedding", [batch, width]))
    graph.output.extend(outputs)
    return made


def encoder_hash(model: Proto) -> str:
    """SHA-256 of what decides the embedding: nodes and weights outside the head, whatever they are documented as."""
    bare = strip_traces(strip_head(model)).graph
    digest = hashlib.sha256()
    for item in (*bare.input, *bare.node, *bare.initializer):
        data = onnx_proto.to_bytes(item)
        digest.update(len(data).to_bytes(8, "little"))
        digest.update(data)
    return digest.hexdigest()


def strip_traces(model: Proto) -> Proto:
    """A copy without the notes that exporters leave (stack traces, paths of the machine, shapes in between)."""
    made = _copy(model)
    made.ClearField("doc_string")
    for graph in onnx_proto.graphs(made.graph):
        for field in ("doc_string", "metadata_props", "value_info"):
            graph.ClearField(field)
        for item in (*graph.node, *graph.input, *graph.output, *graph.initializer):
            item.ClearField("doc_string")
            item.ClearField("metadata_props")
    return made


def embedding_dim(model: Proto) -> int:
    """Width of the output ``embedding``.

    Raises:
        InputError: no such output, or no fixed width.
    """
    for output in model.graph.output:
        if output.name == "embedding":
            dims = output.type.tensor_type.shape.dim
            if len(dims) == 2 and dims[1].dim_value > 0:
                return int(dims[1].dim_value)
            raise InputError("the encoder's 'embedding' is not [batch, fixed width]; export it with a fixed width.")
    names = ", ".join(output.name for output in model.graph.output)
    raise InputError(f"the encoder has no output 'embedding' (it has: {names}); flaneur's export names it so.")


def get_metadata(model: Proto) -> dict[str, str]:
    """The model's own key-value notes."""
    return {entry.key: entry.value for entry in model.metadata_props}


def set_metadata(model: Proto, values: Mapping[str, str]) -> Proto:
    """A copy with exactly these key-value notes."""
    made = _copy(model)
    del made.metadata_props[:]
    for key in sorted(values):
        made.metadata_props.add(key=key, value=values[key])
    return made


def compress_weights(model: Proto, most_bytes: float = math.inf) -> Proto:
    """A smaller copy: large weights are stored as float16 and, largest first until they fit, as int8.

    int8 has one scale per output channel. Both are turned back when the runtime loads the model (it folds constants),
    so the speed is that of float32. float16 is as good as exact; int8 weights add a little noise, so few are better.
    The head keeps its float32, as its parity is checked. Embeddings move a little, so the encoder hash changes:
    compress first, embed then.

    Args:
        model: an encoder, or a whole model.
        most_bytes: that the large weights may take together. 0 stores all of them as int8, a quarter of float32.
    """
    made = _copy(model)
    weights = {tensor.name: tensor for tensor in made.graph.initializer if tensor.data_type == 1}
    axes: dict[str, int] = {}
    for node in made.graph.node:
        axis = None if node.name.startswith(HEAD) else _output_axis(node)
        if axis is not None and node.input[1] in weights and _size(weights[node.input[1]]) >= _COMPRESS_FROM:
            axes.setdefault(node.input[1], axis)  # a weight that two nodes share is packed once
    total = sum(2 * _size(weights[name]) for name in axes)
    unpacked: list[Any] = []
    for name in sorted(axes, key=lambda name: (-_size(weights[name]), name)):
        halve = total <= most_bytes
        total -= 0 if halve else _size(weights[name])
        unpacked += _store_half(weights[name]) if halve else _store_int8(made, weights[name], axes[name])
    nodes = [*unpacked, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


def _store_half(tensor: Proto) -> list[Proto]:
    name = tensor.name
    tensor.CopyFrom(onnx_proto.tensor(f"{name}/half", onnx_proto.array(tensor).astype(np.float16)))
    return [onnx_proto.node("Cast", [f"{name}/half"], [name], to=1)]


def _store_int8(model: Proto, tensor: Proto, axis: int) -> list[Proto]:
    name = tensor.name
    packed, scale = _pack(onnx_proto.array(tensor), axis)
    tensor.CopyFrom(onnx_proto.tensor(f"{name}/int8", packed))
    model.graph.initializer.append(onnx_proto.tensor(f"{name}/scale", scale))
    return [
        onnx_proto.node("Cast", [f"{name}/int8"], [f"{name}/cast"], to=1),
        onnx_proto.node("Mul", [f"{name}/cast", f"{name}/scale"], [name]),
    ]


def _size(tensor: Proto) -> int:
    return int(np.prod(tensor.dims))


def _output_axis(node: Proto) -> int | None:
    if node.op_type == "Conv":
        return 0
    if node.op_type == "Gemm":
        return 0 if any(attribute.name == "transB" and attribute.i for attribute in node.attribute) else 1
    return 1 if node.op_type == "MatMul" else None


def _pack(weight: NDArray[np.float32], axis: int) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    others = tuple(index for index in range(weight.ndim) if index != axis)
    largest = np.abs(weight).max(axis=others, keepdims=True)
    scale = np.where(largest > 0, largest / 127, 1).astype(np.float32)
    return np.clip(np.rint(weight / scale), -127, 127).astype(np.int8), scale


def _batch_name(model: Proto) -> str:
    return next((dim.dim_param for dim in model.graph.input[0].type.tensor_type.shape.dim), "") or "batch"


def _copy(model: Proto) -> Proto:
    made = type(model)()
    made.CopyFrom(model)
    return made
