"""Several encoders' graphs in; one graph out that runs them side by side on one photo and joins their embeddings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flaneur.errors import UsageError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import embedding_dim, strip_head, strip_traces
from flaneur.onnx_files.proto import Proto
from flaneur.protocols import PreprocessSpec

_SHARED = ("size_px", "crop", "interpolation")


def join_encoders(graphs: Sequence[Proto], specs: Sequence[PreprocessSpec]) -> tuple[Proto, PreprocessSpec]:
    """One encoder of several.

    All see the same square of the same photo. It is normalised as the first one wants it; nodes before each other one
    turn that into what it wants.

    Args:
        graphs: encoders; a head is taken off.
        specs: pixels to the input of each.

    Returns:
        The graph and its preprocessing: ``embedding`` is all embeddings in order, ``feature_map`` the first one's.

    Raises:
        UsageError: fewer than two, or they cannot share photos or operators.
    """
    if len(graphs) < 2 or len(graphs) != len(specs):
        raise UsageError(f"joining takes two encoders or more, each with its preprocessing, not {len(graphs)}.")
    refuse_different_photos(specs)
    bare = [strip_traces(strip_head(graph)) for graph in graphs]
    opsets = _common_opsets(bare)
    batch = next((dim.dim_param for dim in bare[0].graph.input[0].type.tensor_type.shape.dim), "") or "batch"
    image = onnx_proto.float_value("image", [batch, 3, specs[0].size_px, specs[0].size_px])
    joined = onnx_proto.message("GraphProto", name="joined", input=[image])
    for number, (model, spec) in enumerate(zip(bare, specs, strict=True)):
        _add(joined, model, f"encoder-{number}/", _normalised(joined, specs[0], spec, number))
    ends = [f"encoder-{number}/embedding" for number in range(len(bare))]
    joined.node.append(onnx_proto.node("Concat", ends, ["embedding"], axis=1))
    width = sum(embedding_dim(model) for model in bare)
    joined.output.append(onnx_proto.float_value("embedding", [batch, width]))
    for output in bare[0].graph.output:
        if output.name == "feature_map":
            joined.node.append(onnx_proto.node("Identity", ["encoder-0/feature_map"], ["feature_map"]))
            joined.output.append(output)
    made = onnx_proto.message(
        "ModelProto",
        ir_version=max(model.ir_version for model in bare),
        producer_name="flaneur",
        graph=joined,
        opset_import=[onnx_proto.message("OperatorSetIdProto", domain=d, version=v) for d, v in opsets.items()],
    )
    return made, specs[0]


def refuse_different_photos(specs: Sequence[PreprocessSpec], names: Sequence[str] = ()) -> None:
    """Nothing, if encoders can share photos.

    Args:
        specs: preprocessing of each.
        names: of each, for the message.

    Raises:
        UsageError: they see squares of different sizes, or cut or scale them differently.
    """
    for number, spec in enumerate(specs[1:], 1):
        for name in _SHARED:
            one, other = getattr(specs[0], name), getattr(spec, name)
            if one != other:
                whose = f": {names[0]} has {one}, {names[number]} {other}" if names else f" ({one} and {other})"
                raise UsageError(
                    f"encoders side by side look at the same square, but their {name} differ{whose}. Name some that "
                    "agree, or networks as [[members]] of a recipe, where size_px is set for all."
                )


def _common_opsets(models: Sequence[Proto]) -> dict[str, int]:
    found: dict[str, int] = {}
    for model in models:
        for entry in model.opset_import:
            domain, version = "" if entry.domain == "ai.onnx" else entry.domain, entry.version
            if found.setdefault(domain, version) != version:
                raise UsageError(
                    f"the encoders use ONNX opset {found[domain]} and {version}; one file can have but one. "
                    "Export them by the same version of flaneur."
                )
    return found


def _normalised(joined: Proto, first: PreprocessSpec, own: PreprocessSpec, number: int) -> str:
    """Name of the input normalised as ``own`` says, made from ``image``, which is normalised as ``first`` says."""
    if (own.mean, own.std) == (first.mean, first.std):
        return "image"
    mean, std = np.array(first.mean), np.array(first.std)
    values = {"scale": std / own.std, "shift": (mean - own.mean) / own.std}
    names = {name: f"join-{number}/{name}" for name in values}
    for name, value in values.items():
        joined.initializer.append(onnx_proto.tensor(names[name], value.astype(np.float32).reshape(1, 3, 1, 1)))
    joined.node.append(onnx_proto.node("Mul", ["image", names["scale"]], [f"join-{number}/scaled"]))
    joined.node.append(onnx_proto.node("Add", [f"join-{number}/scaled", names["shift"]], [f"join-{number}/image"]))
    return f"join-{number}/image"


def _add(joined: Proto, model: Proto, prefix: str, image: str) -> None:
    """Copy an encoder's nodes and weights under a prefix; every name of it, in inner graphs too, so none collides."""
    graph = model.graph
    own = graph.input[0].name

    def renamed(name: str) -> str:
        return image if name == own else prefix + name if name else ""

    for inner in onnx_proto.graphs(graph):
        for node in inner.node:
            node.name = prefix + node.name
            for names in (node.input, node.output):
                names[:] = [renamed(name) for name in names]
        for item in (*inner.initializer, *(() if inner is graph else (*inner.input, *inner.output))):
            item.name = renamed(item.name)
    joined.node.extend(graph.node)
    joined.initializer.extend(graph.initializer)
