"""An encoder's ONNX graph in; the same graph with a city head, a novelty score and smaller weights out.

The convention all models keep: input ``image`` ``[B, 3, H, W]`` float32; the encoder's outputs are ``embedding``
``[B, D]`` and, where the network has one, ``feature_map`` ``[B, K, h, w]``. The head adds ``logits`` ``[B, C]`` and
``novelty`` ``[B]`` (higher = less like the known cities). Everything the head adds is named ``head/…``, so it can be
taken off again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import onnx_proto
from flaneur.errors import InputError, IntegrityError, did_you_mean
from flaneur.onnx_proto import Proto

load = onnx_proto.load
save = onnx_proto.save
to_bytes = onnx_proto.to_bytes

HEAD = "head/"
NOVELTY_METHODS = ("max_probability", "energy", "neighbours")
_COMPRESS_FROM = 1024  # elements: below it the scales and nodes outweigh what is saved


@dataclass(frozen=True, slots=True)
class HeadParams:
    """The linear layer from embedding to cities.

    Args:
        weight: ``[D, C]`` float32.
        bias: ``[C]`` float32.
    """

    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[1:]:
            raise InputError(f"A head needs weight [D, C] and bias [C], not {self.weight.shape} and {self.bias.shape}.")


@dataclass(frozen=True, slots=True)
class NoveltyParams:
    """How unlike the known cities a photo is; higher is stranger.

    Args:
        method: ``max_probability``: 1 - largest of softmax(logits / temperature), in [0, 1];
            ``energy``: -temperature * log sum exp(logits / temperature);
            ``neighbours``: 1 - mean of the ``k`` largest cosines between the photo's projected embedding,
            normalised((embedding - mean) @ projection), and the references, in [0, 2].
        temperature: of the first two.
        mean: ``[D]``, for ``neighbours``.
        projection: ``[D, P]``, likewise.
        references: ``[N, P]`` rows of length 1, likewise.
        k: how many nearest references count.
    """

    method: str
    temperature: float = 1.0
    mean: NDArray[np.float32] | None = None
    projection: NDArray[np.float32] | None = None
    references: NDArray[np.float32] | None = None
    k: int = 5

    def __post_init__(self) -> None:
        if self.method not in NOVELTY_METHODS:
            raise InputError(f"no novelty method {self.method!r}.{did_you_mean(self.method, NOVELTY_METHODS)}")
        if self.method == "neighbours" and any(part is None for part in (self.mean, self.projection, self.references)):
            raise InputError("novelty by neighbours needs mean, projection and references.")


def append_head(model: Proto, head: HeadParams, novelty: NoveltyParams | None = None) -> Proto:
    """A copy of an encoder with a head; a head that is there already is replaced.

    Args:
        model: with output ``embedding``.
        head: adds output ``logits``.
        novelty: adds output ``novelty``.

    Raises:
        InputError: the model has no ``embedding``, or one of another width than the head.
    """
    made = strip_head(model)
    width = embedding_dim(made)
    if width != head.weight.shape[0]:
        raise InputError(f"the head expects embeddings of {head.weight.shape[0]} numbers, the encoder gives {width}.")
    parts = _Parts(made)
    weight, bias = parts.constant("weight", head.weight), parts.constant("bias", head.bias)
    parts.node("Gemm", "embedding", weight, bias, to="logits")
    batch = _batch_name(made)
    made.graph.output.insert(0, onnx_proto.float_value("logits", [batch, head.weight.shape[1]]))
    if novelty is not None:
        _NOVELTY_GRAPHS[novelty.method](parts, novelty)
        made.graph.output.append(onnx_proto.float_value("novelty", [batch]))
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


def compress_weights(model: Proto) -> Proto:
    """A copy a quarter as large: large weights are stored as int8 with one scale per output channel.

    They are multiplied out again when the runtime loads the model (it folds constants), so the speed is that of
    float32. The head keeps its float32, as its parity is checked. Embeddings move a little, so the encoder hash
    changes: compress first, embed then.
    """
    made = _copy(model)
    weights = {tensor.name: tensor for tensor in made.graph.initializer if tensor.data_type == 1}
    unpacked: list[Any] = []
    for node in made.graph.node:
        axis = None if node.name.startswith(HEAD) else _output_axis(node)
        tensor = weights.get(node.input[1]) if axis is not None else None
        if axis is None or tensor is None or int(np.prod(tensor.dims)) < _COMPRESS_FROM:
            continue
        name = tensor.name
        del weights[name]  # a weight that two nodes share is packed once
        packed, scale = _pack(onnx_proto.array(tensor), axis)
        tensor.CopyFrom(onnx_proto.tensor(f"{name}/int8", packed))
        made.graph.initializer.append(onnx_proto.tensor(f"{name}/scale", scale))
        unpacked += [
            onnx_proto.node("Cast", [f"{name}/int8"], [f"{name}/cast"], to=1),
            onnx_proto.node("Mul", [f"{name}/cast", f"{name}/scale"], [name]),
        ]
    nodes = [*unpacked, *made.graph.node]
    del made.graph.node[:]
    made.graph.node.extend(nodes)
    return made


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


@dataclass(frozen=True, slots=True)
class _Parts:
    """Adds nodes and constants under ``head/`` to a graph."""

    model: Proto

    def constant(self, name: str, values: NDArray[Any]) -> str:
        kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float32
        self.model.graph.initializer.append(onnx_proto.tensor(HEAD + name, np.asarray(values, kind)))
        return HEAD + name

    def scalar(self, name: str, value: float) -> str:
        return self.constant(name, np.array(value, np.float32))

    def node(self, op_type: str, *inputs: str, to: str, **attributes: int | list[int]) -> str:
        node = onnx_proto.node(op_type, list(inputs), [to], **attributes)
        if not node.name.startswith(HEAD):
            node.name = HEAD + node.name
        self.model.graph.node.append(node)
        return to

    def reduce(self, op_type: str, source: str, *, to: str, keep: bool = False) -> str:
        """Reduce ``[B, N]`` over N; opset 18 turned the axes from an attribute into an input."""
        if opset(self.model) >= 18:
            axes = self.constant(f"{op_type}_axes", np.array([1]))
            return self.node(op_type, source, axes, to=to, keepdims=int(keep))
        return self.node(op_type, source, to=to, axes=[1], keepdims=int(keep))


def opset(model: Proto) -> int:
    """The version of standard ONNX operators a model asks for."""
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            return int(entry.version)
    raise IntegrityError("the model names no ONNX operator version; export it again.")


def _cooled_logits(parts: _Parts, novelty: NoveltyParams) -> str:
    return parts.node("Div", "logits", parts.scalar("temperature", novelty.temperature), to=HEAD + "cooled")


def _max_probability(parts: _Parts, novelty: NoveltyParams) -> None:
    softmax = parts.node("Softmax", _cooled_logits(parts, novelty), to=HEAD + "softmax", axis=-1)
    best = parts.reduce("ReduceMax", softmax, to=HEAD + "best")
    parts.node("Sub", parts.scalar("one", 1), best, to="novelty")


def _energy(parts: _Parts, novelty: NoveltyParams) -> None:
    free = parts.reduce("ReduceLogSumExp", _cooled_logits(parts, novelty), to=HEAD + "free_energy")
    parts.node("Mul", free, parts.scalar("minus_temperature", -novelty.temperature), to="novelty")


def _neighbours(parts: _Parts, novelty: NoveltyParams) -> None:
    if novelty.mean is None or novelty.projection is None or novelty.references is None:
        raise InputError("novelty by neighbours needs mean, projection and references.")
    centred = parts.node("Sub", "embedding", parts.constant("mean", novelty.mean), to=HEAD + "centred")
    projected = parts.node("MatMul", centred, parts.constant("projection", novelty.projection), to=HEAD + "projected")
    length = parts.reduce("ReduceL2", projected, to=HEAD + "length", keep=True)
    safe = parts.node("Max", length, parts.scalar("tiny", 1e-12), to=HEAD + "safe_length")
    unit = parts.node("Div", projected, safe, to=HEAD + "unit")
    references = parts.constant("references", np.ascontiguousarray(novelty.references.T))
    cosines = parts.node("MatMul", unit, references, to=HEAD + "cosines")
    count = parts.constant("k", np.array([min(novelty.k, len(novelty.references))]))
    nearest = onnx_proto.node("TopK", [cosines, count], [HEAD + "nearest", HEAD + "nearest_index"], axis=1)
    parts.model.graph.node.append(nearest)
    mean = parts.reduce("ReduceMean", HEAD + "nearest", to=HEAD + "mean_cosine")
    parts.node("Sub", parts.scalar("one", 1), mean, to="novelty")


_NOVELTY_GRAPHS = {"max_probability": _max_probability, "energy": _energy, "neighbours": _neighbours}


def _batch_name(model: Proto) -> str:
    return next((dim.dim_param for dim in model.graph.input[0].type.tensor_type.shape.dim), "") or "batch"


def _copy(model: Proto) -> Proto:
    made = type(model)()
    made.CopyFrom(model)
    return made
