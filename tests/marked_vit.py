"""A transformer, hand-built, that knows the photos of :mod:`marked_city` by what its class token attends to."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from flaneur.bundle.folder import Bundle
from flaneur.bundle.golden import Golden
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams
from flaneur.predict import Model
from marked_city import CITIES, SPEC, built_encoder, marked_card

_SHARPNESS = 24.0  # of attention: a tile that fits wins against 143 patches that do not
_GAIN = 14.0


@cache
def built_transformer() -> Model:
    """Shared: do not change it."""
    encoder = attending_encoder()
    head = HeadParams(_GAIN * np.eye(len(CITIES), dtype=np.float32), np.zeros(len(CITIES), np.float32))
    card = marked_card(SPEC, encoder, "built-transformer")
    return Model(Bundle(card, onnx_proto.to_bytes(onnx_graph.append_head(encoder, head)), Golden({}, {}), Path("vit")))


def attending_encoder() -> Any:
    """144 patches that hold how well each city's tile fits, and a class token that attends to what fits best.

    ``image [B, 3, 96, 96]`` to ``embedding [B, 3]``, the class token, and ``feature_map [B, 3, 12, 12]``, the patches
    laid out again, which have no part in it.
    """
    model = built_encoder()
    graph = model.graph
    patches = [node for node in graph.node if node.output[0] in ("fit", "fits", "feature_map")]
    patches[-1].output[0] = patches[-1].name = "cells"
    steps = [
        *patches,
        onnx_proto.node("Reshape", ["cells", "flat"], ["columns"]),
        onnx_proto.node("Transpose", ["columns"], ["patches"], perm=[0, 2, 1]),
        onnx_proto.node("Slice", ["patches", "zero", "one", "one"], ["first"]),
        onnx_proto.node("Mul", ["first", "nothing"], ["class"]),
        onnx_proto.node("Concat", ["class", "patches"], ["tokens"], axis=1),
        onnx_proto.node("Add", ["tokens", "sharpness"], ["queries"]),
        onnx_proto.node("Transpose", ["tokens"], ["keys"], perm=[0, 2, 1]),
        onnx_proto.node("MatMul", ["queries", "keys"], ["fitting"]),
        onnx_proto.node("Softmax", ["fitting"], ["attention"], axis=-1),
        onnx_proto.node("MatMul", ["attention", "tokens"], ["found"]),
        onnx_proto.node("Add", ["tokens", "found"], ["stream"]),
        onnx_proto.node("Gather", ["stream", "index"], ["embedding"], axis=1),
        onnx_proto.node("Slice", ["stream", "one", "end", "one"], ["rest"]),
        onnx_proto.node("Transpose", ["rest"], ["back"], perm=[0, 2, 1]),
        onnx_proto.node("Reshape", ["back", "square"], ["feature_map"]),
    ]
    kept = [onnx_proto.message("NodeProto") for _ in steps]
    for copy, step in zip(kept, steps, strict=True):
        copy.CopyFrom(step)
    del graph.node[:]
    graph.node.extend(kept)
    for name, values in (
        ("flat", np.array([0, 3, 144])),
        ("square", np.array([0, 3, 12, 12])),
        ("zero", np.array([0])),
        ("one", np.array([1])),
        ("end", np.array([145])),
        ("index", np.array(0)),
        ("nothing", np.zeros(1, np.float32)),
        ("sharpness", np.full(3, _SHARPNESS, np.float32)),
    ):
        graph.initializer.append(onnx_proto.tensor(name, values))
    return model
