"""The graph's novelty score against the same sums in numpy."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest

from flaneur.errors import InputError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams, NoveltyParams
from flaneur.training.heads.novelty import novelty_scores, unit_rows

DIM, CITIES = 6, 3


def _encoder():
    """image [B, 3, 1, 2] to embedding [B, 6]: a reshape."""
    graph = onnx_proto.message(
        "GraphProto",
        name="flat",
        node=[onnx_proto.node("Flatten", ["image"], ["embedding"], axis=1)],
        input=[onnx_proto.float_value("image", ["batch", 3, 1, 2])],
        output=[onnx_proto.float_value("embedding", ["batch", DIM])],
    )
    opset = onnx_proto.message("OperatorSetIdProto", domain="", version=17)
    return onnx_proto.message("ModelProto", ir_version=8, graph=graph, opset_import=[opset])


@pytest.mark.parametrize("method", onnx_graph.NOVELTY_METHODS)
def test_graph_and_numpy_agree(method):
    rng = np.random.default_rng(0)
    head = HeadParams(rng.normal(size=(DIM, CITIES)).astype(np.float32), rng.normal(size=CITIES).astype(np.float32))
    references = unit_rows(rng.normal(size=(9, 4)).astype(np.float32)).astype(np.float16).astype(np.float32)
    novelty = NoveltyParams(
        method=method,
        temperature=0.7,
        mean=rng.normal(size=DIM - 1).astype(np.float32),
        projection=rng.normal(size=(DIM - 1, 4)).astype(np.float16).astype(np.float32),
        references=references,
        k=3,
        energy_weight=0.3,
    )
    model = onnx_graph.append_head(_encoder(), head, novelty)
    session = onnxruntime.InferenceSession(onnx_graph.to_bytes(model), providers=["CPUExecutionProvider"])
    images = rng.normal(size=(5, 3, 1, 2)).astype(np.float32)
    logits, scores = session.run(["logits", "novelty"], {"image": images})
    embeddings = images.reshape(5, DIM)
    np.testing.assert_allclose(logits, embeddings @ head.weight + head.bias, atol=1e-5)
    np.testing.assert_allclose(scores, novelty_scores(novelty, embeddings, logits), atol=1e-5)


def test_combined_is_neighbours_plus_weighted_energy():
    rng = np.random.default_rng(1)
    parts = {
        "mean": np.zeros(DIM, np.float32),
        "projection": np.eye(DIM, dtype=np.float32),
        "references": unit_rows(rng.normal(size=(7, DIM)).astype(np.float32)),
    }
    embeddings, logits = rng.normal(size=(4, DIM)).astype(np.float32), rng.normal(size=(4, CITIES)).astype(np.float32)
    near, energy, both = (
        novelty_scores(NoveltyParams(method=method, energy_weight=0.25, **parts), embeddings, logits)
        for method in ("neighbours", "energy", "combined")
    )
    np.testing.assert_allclose(both, near + 0.25 * energy, rtol=1e-5)


def test_neighbours_without_references_is_refused():
    with pytest.raises(InputError, match="novelty by combined needs mean, projection and references"):
        NoveltyParams(method="combined")
