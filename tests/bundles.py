"""Tiny models for tests: a two-convolution encoder with random weights, and a bundle around it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from flaneur.bundle.card import AbstainRule, Card, DatasetInfo, EncoderInfo
from flaneur.bundle.folder import Bundle, write_bundle
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams, NoveltyParams
from flaneur.protocols import PreprocessSpec
from flaneur.types import City, Location

DIM = 12
SIZE_PX = 32
SPEC = PreprocessSpec(size_px=SIZE_PX, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
CITIES = (
    City("paris", "Paris", "FR", Location(48.8566, 2.3522), 12.5, ("Lutetia",)),
    City("rome", "Rome", "IT", Location(41.9028, 12.4964)),
    City("sao-paulo", "São Paulo"),
)


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


def tiny_model(cities: int, method: str = "neighbours") -> Any:
    """Encoder, head and novelty in one graph."""
    return onnx_graph.append_head(tiny_encoder(), tiny_head(cities), tiny_novelty(method))


def tiny_card(cities: tuple[City, ...] = CITIES, **changes: Any) -> Card:
    """The card of :func:`tiny_model`."""
    facts: dict[str, Any] = {
        "name": "tiny",
        "version": "1.0",
        "created": "2026-11-21",
        "cities": cities,
        "encoder": EncoderInfo("tests/tiny", onnx_graph.encoder_hash(tiny_encoder()), DIM),
        "preprocess": SPEC,
        "temperature": 1.5,
        "abstain": AbstainRule("neighbours", 5.0, 0.0, 0.05),
        "dataset": DatasetInfo("toy", "0" * 64, 120, 40, ("folder",)),
        "split_hash": "1" * 64,
        "metrics": {"accuracy": {"value": 0.9, "low": 0.85, "high": 0.95}},
        "licences": ("CC0-1.0",),
        "training": {"strength": 1.0},
        "limits": ("It is a test.",),
    }
    return Card(**(facts | changes))


def tiny_bundle(folder: Path, cities: tuple[City, ...] = CITIES, **changes: Any) -> Bundle:
    """Write a whole model of random weights.

    Args:
        folder: where to.
        cities: that it answers with.
        changes: fields of the card to set otherwise.
    """
    card = tiny_card(cities, **changes)
    return write_bundle(folder, tiny_model(len(cities), card.abstain.novelty_method), card)
