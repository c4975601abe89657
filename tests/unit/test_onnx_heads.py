"""Every head in the graph says what numpy says; all of it comes off again."""

from __future__ import annotations

import numpy as np
import onnx
import pytest

from bundles import DIM, SIZE_PX, tiny_encoder, tiny_head, tiny_novelty
from flaneur.bundle.inference import open_session
from flaneur.errors import InputError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.heads import (
    AttentionParams,
    HeadParams,
    MlpParams,
    NeighbourParams,
    PrototypeParams,
    head_sizes,
)
from flaneur.training.heads.logits import head_logits

RNG = np.random.default_rng(5)


def floats(*shape, scale=1.0):
    return RNG.normal(0, scale, shape).astype(np.float32)


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def half(values):
    return values.astype(np.float16).astype(np.float32)


def heads(cities=3):
    labels = np.arange(40) % cities
    return {
        "linear": tiny_head(cities),
        "mlp": MlpParams(HeadParams(floats(DIM, 7), floats(7)), HeadParams(floats(7, cities), floats(cities))),
        "prototype": PrototypeParams(
            floats(DIM, scale=0.1), np.abs(floats(DIM)) + 0.1, unit(floats(cities, DIM)), scale=9.0
        ),
        "neighbours": NeighbourParams(
            floats(DIM, scale=0.1), half(floats(DIM, 4)), half(unit(floats(40, 4))), labels.astype(np.int64),
            floats(40, scale=0.3), cities, k=6, warmth=0.2, floor=0.05,
        ),
    }  # fmt: skip


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(5, 3, SIZE_PX, SIZE_PX)).astype(np.float32)


def run(model, images):
    session = open_session(onnx_graph.to_bytes(model))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": images}), strict=True))


@pytest.mark.parametrize("opset", [17, 18, 21])
@pytest.mark.parametrize("kind", list(heads()))
def test_the_graph_equals_numpy_and_comes_off(kind, opset, images):
    encoder, head = tiny_encoder(opset=opset), heads()[kind]
    attention = AttentionParams(floats(DIM), 0.7)
    model = onnx_graph.append_head(encoder, head, tiny_novelty("combined"), attention)
    onnx.checker.check_model(onnx.load_from_string(onnx_graph.to_bytes(model)), full_check=True)
    found = run(model, images)
    assert list(found) == ["logits", "embedding", "feature_map", "novelty", "attention"]
    np.testing.assert_allclose(found["logits"], head_logits(head, found["embedding"]), atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(found["attention"], found["embedding"] @ attention.weight + 0.7, atol=1e-5)
    np.testing.assert_allclose(run(model, images[:1])["logits"], found["logits"][:1], atol=1e-4)
    assert onnx_graph.to_bytes(onnx_graph.strip_head(model)) == onnx_graph.to_bytes(encoder)
    assert onnx_graph.to_bytes(onnx_graph.strip_head(onnx_graph.compress_weights(model, 0))) == onnx_graph.to_bytes(
        onnx_graph.compress_weights(encoder, 0)
    )


def test_mlp_by_hand():
    head = heads()["mlp"]
    x = floats(4, DIM)
    hidden = np.maximum(x @ head.inner.weight + head.inner.bias, 0)
    np.testing.assert_allclose(head_logits(head, x), hidden @ head.outer.weight + head.outer.bias, atol=1e-5)


def test_prototype_logits_are_scaled_cosines():
    head = heads()["prototype"]
    x = floats(4, DIM)
    z = (x - head.mean) / head.spread
    cosines = np.array([[a @ b / np.linalg.norm(a) / np.linalg.norm(b) for b in head.prototypes] for a in z])
    np.testing.assert_allclose(head_logits(head, x), 9 * cosines, atol=1e-4)


def test_neighbours_by_hand():
    """The definition, one photo at a time."""
    head = heads()["neighbours"]
    x = floats(4, DIM)
    logits = head_logits(head, x)
    for row, photo in zip(logits, x, strict=True):
        cosines = unit((photo - head.mean) @ head.projection) @ head.references.T
        near = np.argsort(-cosines)[:6]
        votes = np.exp(cosines[near] / 0.2 + head.log_weights[near])
        shares = np.bincount(head.labels[near], votes / votes.sum(), minlength=3)
        np.testing.assert_allclose(np.exp(row), 0.95 * shares + 0.05 / 3, atol=1e-4)
        assert np.exp(row).sum() == pytest.approx(1, abs=1e-5)


def test_fewer_references_than_k_still_vote(images):
    few = NeighbourParams(
        np.zeros(DIM, np.float32), half(floats(DIM, 4)), half(unit(floats(2, 4))), np.array([0, 2]),
        np.zeros(2, np.float32), 3, k=20,
    )  # fmt: skip
    assert run(onnx_graph.append_head(tiny_encoder(), few), images)["logits"].shape == (5, 3)


@pytest.mark.parametrize("kind", list(heads()))
def test_sizes_and_wrong_widths(kind):
    head = heads(4)[kind]
    assert head_sizes(head) == (DIM, 4)
    wide = AttentionParams(floats(DIM + 1))
    with pytest.raises(InputError, match=f"expects embeddings of {DIM + 1} numbers, the encoder gives {DIM}"):
        onnx_graph.append_head(tiny_encoder(), head, attention=wide)


def test_parts_that_do_not_fit_are_refused():
    with pytest.raises(InputError, match="7 hidden numbers"):
        MlpParams(HeadParams(floats(4, 7), floats(7)), tiny_head(3))
    with pytest.raises(InputError, match="prototypes need"):
        PrototypeParams(floats(4), floats(5), floats(3, 4), 1.0)
    with pytest.raises(InputError, match="as many labels"):
        NeighbourParams(floats(4), floats(4, 2), floats(9, 2), np.zeros(8, np.int64), floats(9), 3)
    with pytest.raises(InputError, match="warmth above 0"):
        NeighbourParams(floats(4), floats(4, 2), floats(1, 2), np.zeros(1, np.int64), floats(1), 3, warmth=0.0)
