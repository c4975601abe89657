"""A head's parameters in; the nodes that turn ``embedding`` into ``logits`` (and into ``attention``) out.

Heads besides the linear one. All of them read only the embedding, so any of them stands on any encoder, and all their
names begin with ``head/``. :func:`flaneur.training.heads.head_logits` computes the same in numpy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.novelty import HEAD, Parts

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeadParams:
    """The linear layer from embedding to cities.

    Args:
        weight: ``[D, C]`` float32.
        bias: ``[C]`` float32.
    """

    weight: Floats
    bias: Floats

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[1:]:
            raise InputError(f"A head needs weight [D, C] and bias [C], not {self.weight.shape} and {self.bias.shape}.")


@dataclass(frozen=True, slots=True)
class MlpParams:
    """Two linear layers with a ReLU between them: ``relu(embedding @ inner.weight + inner.bias) @ outer.weight + …``.

    Args:
        inner: ``[D, H]`` and ``[H]``.
        outer: ``[H, C]`` and ``[C]``.
    """

    inner: HeadParams
    outer: HeadParams

    def __post_init__(self) -> None:
        if len(self.inner.bias) != len(self.outer.weight):
            raise InputError(f"{len(self.inner.bias)} hidden numbers do not fit {len(self.outer.weight)} weights.")


@dataclass(frozen=True, slots=True)
class PrototypeParams:
    """Cosine to the middle of each city: ``scale * unit((embedding - mean) / spread) @ prototypes.T``.

    Args:
        mean: ``[D]``.
        spread: ``[D]``, all positive.
        prototypes: ``[C, D]`` rows of length 1.
        scale: cosines times this are the logits.
    """

    mean: Floats
    spread: Floats
    prototypes: Floats
    scale: float

    def __post_init__(self) -> None:
        if self.prototypes.ndim != 2 or not self.mean.shape == self.spread.shape == self.prototypes.shape[1:]:
            raise InputError(
                f"prototypes need mean [D], spread [D] and prototypes [C, D], not {self.mean.shape}, "
                f"{self.spread.shape} and {self.prototypes.shape}."
            )


@dataclass(frozen=True, slots=True)
class NeighbourParams:
    """Vote of the nearest known photos.

    The cosines of ``unit((embedding - mean) @ projection)`` to its ``k`` nearest references, divided by ``warmth``,
    plus each reference's log weight, go through a softmax: the votes. The logits are the log of each city's share of
    the votes, of which ``floor`` is spread over all cities, since no city is impossible.

    Args:
        mean: ``[D]``.
        projection: ``[D, P]``; the graph stores it as float16.
        references: ``[N, P]`` rows of length 1, likewise.
        labels: ``[N]`` column of each reference's city.
        log_weights: ``[N]``; 0 counts every photo alike.
        cities: C.
        k: how many vote.
        warmth: in units of cosine: the smaller, the more the very nearest decide.
        floor: above 0, below 1.
    """

    mean: Floats
    projection: Floats
    references: Floats
    labels: NDArray[np.int64]
    log_weights: Floats
    cities: int
    k: int = 20
    warmth: float = 0.1
    floor: float = 0.02

    def __post_init__(self) -> None:
        rows, dims = len(self.references), self.projection.shape
        if self.references.shape != (rows, dims[1]) or self.mean.shape != dims[:1]:
            raise InputError(f"neighbours: {self.references.shape} references do not fit a projection of {dims}.")
        if len(self.labels) != rows or len(self.log_weights) != rows or not rows:
            raise InputError(f"neighbours: {rows} references need as many labels and weights, and at least one.")
        if self.k < 1 or self.warmth <= 0 or not 0 < self.floor < 1:
            raise InputError("neighbours: k must be 1 or more, warmth above 0, floor between 0 and 1.")


@dataclass(frozen=True, slots=True)
class AttentionParams:
    """How much a view counts beside others of its place: ``embedding @ weight + bias``, then a softmax over the views.

    Args:
        weight: ``[D]``.
        bias: keeps the numbers small; it changes no answer.
    """

    weight: Floats
    bias: float = 0.0


Head: TypeAlias = HeadParams | MlpParams | PrototypeParams | NeighbourParams


def head_sizes(head: Head) -> tuple[int, int]:
    """Width of the embedding a head expects, and how many cities it tells apart."""
    match head:
        case HeadParams():
            return len(head.weight), len(head.bias)
        case MlpParams():
            return len(head.inner.weight), len(head.outer.bias)
        case PrototypeParams():
            return len(head.mean), len(head.prototypes)
        case NeighbourParams():
            return len(head.mean), head.cities


def add_logits(parts: Parts, head: Head) -> None:
    """Add the nodes that compute ``logits`` ``[B, C]`` from ``embedding``."""
    match head:
        case HeadParams():
            _linear(parts, head, "embedding", "", "logits")
        case MlpParams():
            inner = _linear(parts, head.inner, "embedding", "inner_", HEAD + "inner")
            hidden = parts.node("Relu", inner, to=HEAD + "hidden")
            _linear(parts, head.outer, hidden, "outer_", "logits")
        case PrototypeParams():
            _prototypes(parts, head)
        case NeighbourParams():
            _neighbours(parts, head)


def add_attention(parts: Parts, attention: AttentionParams) -> None:
    """Add the nodes that compute ``attention`` ``[B]`` from ``embedding``."""
    product = parts.node("MatMul", "embedding", parts.constant("attention_weight", attention.weight), to=HEAD + "heed")
    parts.node("Add", product, parts.scalar("attention_bias", attention.bias), to="attention")


def _linear(parts: Parts, layer: HeadParams, source: str, name: str, to: str) -> str:
    weight, bias = parts.constant(f"{name}weight", layer.weight), parts.constant(f"{name}bias", layer.bias)
    return parts.node("Gemm", source, weight, bias, to=to)


def _unit(parts: Parts, source: str, name: str) -> str:
    length = parts.reduce("ReduceL2", source, to=f"{HEAD}{name}length", keep=True, name=f"{name}axes")
    safe = parts.node("Max", length, parts.scalar(f"{name}tiny", 1e-12), to=f"{HEAD}{name}safe")
    return parts.node("Div", source, safe, to=f"{HEAD}{name}unit")


def _prototypes(parts: Parts, head: PrototypeParams) -> None:
    centred = parts.node("Sub", "embedding", parts.constant("city_mean", head.mean), to=HEAD + "city_centred")
    scaled = parts.node("Div", centred, parts.constant("city_spread", head.spread), to=HEAD + "city_scaled")
    prototypes = parts.constant("prototypes", head.scale * head.prototypes.T)
    parts.node("MatMul", _unit(parts, scaled, "city_"), prototypes, to="logits")


def _neighbours(parts: Parts, head: NeighbourParams) -> None:
    k = min(head.k, len(head.references))
    centred = parts.node("Sub", "embedding", parts.constant("vote_mean", head.mean), to=HEAD + "vote_centred")
    projection, references = parts.half("vote_projection", head.projection), parts.half("voters", head.references.T)
    projected = parts.node("MatMul", centred, projection, to=HEAD + "vote_projected")
    cosines = parts.node("MatMul", _unit(parts, projected, "vote_"), references, to=HEAD + "vote_cosines")
    nearest, index = HEAD + "voting", HEAD + "voting_index"
    count = parts.constant("votes", np.array([k]))
    parts.model.graph.node.append(onnx_proto.node("TopK", [cosines, count], [nearest, index], axis=1))
    warm = parts.node("Div", nearest, parts.scalar("warmth", head.warmth), to=HEAD + "vote_warm")
    own = parts.node("Gather", parts.constant("voter_weight", head.log_weights), index, to=HEAD + "vote_weight", axis=0)
    votes = parts.node("Softmax", parts.node("Add", warm, own, to=HEAD + "vote_log"), to=HEAD + "vote", axis=-1)
    city = parts.node("Gather", parts.constant("voter_city", head.labels), index, to=HEAD + "vote_city", axis=0)
    ends = parts.constant("vote_or_not", np.array([0.0, 1.0], np.float32))
    given = parts.node(
        "OneHot", city, parts.constant("vote_cities", np.array([head.cities])), ends, to=HEAD + "vote_for"
    )
    row = parts.node("Reshape", votes, parts.constant("vote_row", np.array([-1, 1, k])), to=HEAD + "vote_rows")
    sums = parts.node("MatMul", row, given, to=HEAD + "vote_sums")
    flat = parts.constant("vote_flat", np.array([-1, head.cities]))
    shares = parts.node("Reshape", sums, flat, to=HEAD + "vote_shares")
    kept = parts.node("Mul", shares, parts.scalar("vote_kept", 1 - head.floor), to=HEAD + "vote_kept_share")
    spread = parts.node("Add", kept, parts.scalar("vote_floor", head.floor / head.cities), to=HEAD + "vote_floored")
    parts.node("Log", spread, to="logits")
