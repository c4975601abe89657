"""A head's graph and novelty settings in; the nodes that compute ``novelty`` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError, IntegrityError, did_you_mean
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.proto import Proto

HEAD = "head/"
NOVELTY_METHODS = ("max_probability", "energy", "neighbours", "combined")


@dataclass(frozen=True, slots=True)
class NoveltyParams:
    """How unlike the known cities a photo is; higher is stranger.

    Args:
        method: ``max_probability``: 1 - largest of softmax(logits / temperature), in [0, 1];
            ``energy``: -temperature * log sum exp(logits / temperature);
            ``neighbours``: 1 - mean of the ``k`` largest cosines between the photo's projected embedding,
            normalised((embedding[:E] - mean) @ projection), and the references, in [0, 2];
            ``combined``: that of ``neighbours`` plus ``energy_weight`` times that of ``energy``.
        temperature: of the logits, wherever they count.
        mean: ``[E]``, for ``neighbours`` and ``combined``; E is how many of the embedding's first numbers they look at.
        projection: ``[E, P]``, likewise; the graph stores it as float16.
        references: ``[N, P]`` rows of length 1, likewise.
        k: how many nearest references count.
        energy_weight: of ``combined``.
    """

    method: str
    temperature: float = 1.0
    mean: NDArray[np.float32] | None = None
    projection: NDArray[np.float32] | None = None
    references: NDArray[np.float32] | None = None
    k: int = 5
    energy_weight: float = 0.0

    def __post_init__(self) -> None:
        if self.method not in NOVELTY_METHODS:
            raise InputError(f"no novelty method {self.method!r}.{did_you_mean(self.method, NOVELTY_METHODS)}")
        near = self.method in ("neighbours", "combined")
        if near and any(part is None for part in (self.mean, self.projection, self.references)):
            raise InputError(f"novelty by {self.method} needs mean, projection and references.")


@dataclass(frozen=True, slots=True)
class Parts:
    """Adds nodes and constants under ``head/`` to a graph."""

    model: Proto

    def constant(self, name: str, values: NDArray[Any]) -> str:
        """Add an initializer; its name in the graph is given back."""
        kind = np.int64 if np.issubdtype(values.dtype, np.integer) else np.float32
        self.model.graph.initializer.append(onnx_proto.tensor(HEAD + name, np.asarray(values, kind)))
        return HEAD + name

    def half(self, name: str, values: NDArray[np.float32]) -> str:
        """Add an initializer that takes half the room; the runtime turns it into float32 when it loads the model."""
        stored = np.ascontiguousarray(values).astype(np.float16)
        self.model.graph.initializer.append(onnx_proto.tensor(f"{HEAD}{name}/half", stored))
        self.model.graph.node.append(onnx_proto.node("Cast", [f"{HEAD}{name}/half"], [HEAD + name], to=1))
        return HEAD + name

    def scalar(self, name: str, value: float) -> str:
        """Add a float32 scalar."""
        return self.constant(name, np.array(value, np.float32))

    def node(self, op_type: str, *inputs: str, to: str, **attributes: int | list[int]) -> str:
        """Add a node; the name of its output is given back."""
        node = onnx_proto.node(op_type, list(inputs), [to], **attributes)
        if not node.name.startswith(HEAD):
            node.name = HEAD + node.name
        self.model.graph.node.append(node)
        return to

    def reduce(self, op_type: str, source: str, *, to: str, keep: bool = False, name: str = "") -> str:
        """Reduce ``[B, N]`` over N; opset 18 turned the axes from an attribute into an input, called ``name``."""
        if opset(self.model) >= 18:
            axes = self.constant(name or f"{op_type}_axes", np.array([1]))
            return self.node(op_type, source, axes, to=to, keepdims=int(keep))
        return self.node(op_type, source, to=to, axes=[1], keepdims=int(keep))


def opset(model: Proto) -> int:
    """The version of standard ONNX operators a model asks for."""
    for entry in model.opset_import:
        if entry.domain in ("", "ai.onnx"):
            return int(entry.version)
    raise IntegrityError("the model names no ONNX operator version; export it again.")


def add_novelty(parts: Parts, novelty: NoveltyParams) -> None:
    """Add the nodes that compute ``novelty`` ``[B]`` from ``logits`` and ``embedding``."""
    _NOVELTY_GRAPHS[novelty.method](parts, novelty)


def _cooled_logits(parts: Parts, novelty: NoveltyParams) -> str:
    return parts.node("Div", "logits", parts.scalar("temperature", novelty.temperature), to=HEAD + "cooled")


def _max_probability(parts: Parts, novelty: NoveltyParams) -> None:
    softmax = parts.node("Softmax", _cooled_logits(parts, novelty), to=HEAD + "softmax", axis=-1)
    best = parts.reduce("ReduceMax", softmax, to=HEAD + "best")
    parts.node("Sub", parts.scalar("one", 1), best, to="novelty")


def _energy(parts: Parts, novelty: NoveltyParams, to: str = "novelty") -> None:
    free = parts.reduce("ReduceLogSumExp", _cooled_logits(parts, novelty), to=HEAD + "free_energy")
    parts.node("Mul", free, parts.scalar("minus_temperature", -novelty.temperature), to=to)


def _neighbours(parts: Parts, novelty: NoveltyParams, to: str = "novelty") -> None:
    if novelty.mean is None or novelty.projection is None or novelty.references is None:
        raise InputError("novelty by neighbours needs mean, projection and references.")
    ends = [parts.constant(name, np.array([value])) for name, value in (("from", 0), ("until", len(novelty.mean)))]
    looked_at = parts.node("Slice", "embedding", *ends, parts.constant("along", np.array([1])), to=HEAD + "looked_at")
    centred = parts.node("Sub", looked_at, parts.constant("mean", novelty.mean), to=HEAD + "centred")
    projected = parts.node("MatMul", centred, parts.half("projection", novelty.projection), to=HEAD + "projected")
    length = parts.reduce("ReduceL2", projected, to=HEAD + "length", keep=True)
    safe = parts.node("Max", length, parts.scalar("tiny", 1e-12), to=HEAD + "safe_length")
    unit = parts.node("Div", projected, safe, to=HEAD + "unit")
    references = parts.half("references", novelty.references.T)
    cosines = parts.node("MatMul", unit, references, to=HEAD + "cosines")
    count = parts.constant("k", np.array([min(novelty.k, len(novelty.references))]))
    nearest = onnx_proto.node("TopK", [cosines, count], [HEAD + "nearest", HEAD + "nearest_index"], axis=1)
    parts.model.graph.node.append(nearest)
    mean = parts.reduce("ReduceMean", HEAD + "nearest", to=HEAD + "mean_cosine")
    parts.node("Sub", parts.scalar("one", 1), mean, to=to)


def _combined(parts: Parts, novelty: NoveltyParams) -> None:
    _neighbours(parts, novelty, to=HEAD + "distance")
    _energy(parts, novelty, to=HEAD + "energy")
    weight = parts.scalar("energy_weight", novelty.energy_weight)
    weighted = parts.node("Mul", HEAD + "energy", weight, to=HEAD + "weighted_energy")
    parts.node("Add", HEAD + "distance", weighted, to="novelty")


_NOVELTY_GRAPHS = {
    "max_probability": _max_probability,
    "energy": _energy,
    "neighbours": _neighbours,
    "combined": _combined,
}
