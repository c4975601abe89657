"""Tiny models for tests: a two-convolution encoder with random weights, and a bundle around it."""

from __future__ import annotations

from typing import Any

import numpy as np

from flaneur import onnx_proto
from flaneur.onnx_graph import HeadParams, NoveltyParams

DIM = 12
SIZE_PX = 32


def tiny_encoder(seed: int = 0, opset: int = 17) -> Any:
    """``image [B, 3, 32, 32]`` to ``embedding [B, 12]`` and ``feature_map [B, 12, 8, 8]``."""
    rng = np.random.default_rng(seed)
    first = rng.normal(0, 0.3, (16, 3, 5, 5)).astype(np.float32)
    second = rng.normal(0, 0.1, (DIM, 16, 3, 3)).astype(np.float32)
    graph = onnx_proto.message(
        "GraphProto",
        name="tiny",
        node=[
            onnx_proto.node("Conv", ["image", "w1"], ["c1"], strides=[2, 2], pads=[2, 2, 2, 2]),
            onnx_proto.node("Relu", ["c1"], ["r1"]),
            onnx_proto.node("Conv", ["r1", "w2"], ["c2"], strides=[2, 2], pads=[1, 1, 1, 1]),
            onnx_proto.node("Relu", ["c2"], ["feature_map"]),
            onnx_proto.node("GlobalAveragePool", ["feature_map"], ["pooled"]),
            onnx_proto.node("Flatten", ["pooled"], ["embedding"], axis=1),
        ],
        initializer=[onnx_proto.tensor("w1", first), onnx_proto.tensor("w2", second)],
        input=[onnx_proto.float_value("image", ["batch", 3, SIZE_PX, SIZE_PX])],
        output=[
            onnx_proto.float_value("embedding", ["batch", DIM]),
            onnx_proto.float_value("feature_map", ["batch", DIM, 8, 8]),
        ],
    )
    return onnx_proto.message(
        "ModelProto",
        ir_version=8,
        producer_name="flaneur-tests",
        graph=graph,
        opset_import=[onnx_proto.message("OperatorSetIdProto", domain="", version=opset)],
    )


def tiny_head(cities: int, seed: int = 1) -> HeadParams:
    """A random head, sharp enough that photos differ."""
    rng = np.random.default_rng(seed)
    weight = rng.normal(0, 6, (DIM, cities)).astype(np.float32)
    return HeadParams(weight, rng.normal(0, 0.1, cities).astype(np.float32))


def tiny_novelty(method: str = "neighbours", seed: int = 2) -> NoveltyParams:
    """Novelty parameters of any method, with 30 random references in 4 dimensions."""
    rng = np.random.default_rng(seed)
    references = rng.normal(size=(30, 4)).astype(np.float32)
    references /= np.linalg.norm(references, axis=1, keepdims=True)
    return NoveltyParams(
        method,
        temperature=1.5,
        mean=rng.normal(0, 0.1, DIM).astype(np.float32),
        projection=rng.normal(size=(DIM, 4)).astype(np.float32),
        references=references,
    )
