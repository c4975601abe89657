"""Two encoders in one graph say what they say apart, whatever their names, statistics and heads."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import onnx
import pytest

from bundles import DIM, SIZE_PX, SPEC, tiny_encoder, tiny_head, tiny_novelty
from flaneur.bundle.inference import open_session
from flaneur.encoder import OnnxEncoder, joined
from flaneur.errors import UsageError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.join import join_encoders, refuse_different_photos

OTHER = replace(SPEC, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


@pytest.fixture(scope="module")
def pixels():
    return np.random.default_rng(0).random((5, 3, SIZE_PX, SIZE_PX)).astype(np.float32)


def normalised(pixels, spec):
    mean, std = (np.array(values, np.float32)[:, None, None] for values in (spec.mean, spec.std))
    return (pixels - mean) / std


def run(model, images):
    session = open_session(onnx_graph.to_bytes(model))
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(names, {"image": images}), strict=True))


@pytest.mark.parametrize("opset", [17, 21])
@pytest.mark.parametrize("second", [SPEC, OTHER], ids=["same statistics", "other statistics"])
def test_joined_embeddings_are_both_side_by_side(second, opset, pixels):
    one, other = tiny_encoder(seed=1, opset=opset), tiny_encoder(seed=2, opset=opset)
    model, spec = join_encoders([one, other], [SPEC, second])
    onnx.checker.check_model(onnx.load_from_string(onnx_graph.to_bytes(model)), full_check=True)
    assert spec == SPEC
    found = run(model, normalised(pixels, spec))
    apart = [run(graph, normalised(pixels, own)) for graph, own in ((one, SPEC), (other, second))]
    expected = np.concatenate([outputs["embedding"] for outputs in apart], axis=1)
    np.testing.assert_allclose(found["embedding"], expected, atol=1e-5)
    np.testing.assert_allclose(found["feature_map"], apart[0]["feature_map"], atol=1e-6)
    assert onnx_graph.embedding_dim(model) == 2 * DIM


def test_the_joined_one_takes_a_head_compresses_and_joins_again(pixels):
    model, _ = join_encoders([tiny_encoder(seed=1), tiny_encoder(seed=2)], [SPEC, OTHER])
    thrice, _ = join_encoders([model, tiny_encoder(seed=3)], [SPEC, OTHER])
    assert onnx_graph.embedding_dim(thrice) == 3 * DIM
    images = normalised(pixels, SPEC)
    np.testing.assert_allclose(run(thrice, images)["embedding"][:, : 2 * DIM], run(model, images)["embedding"])
    weight = np.concatenate([tiny_head(3).weight] * 2)
    full = onnx_graph.append_head(model, onnx_graph.HeadParams(weight, tiny_head(3).bias), tiny_novelty())
    assert onnx_graph.to_bytes(onnx_graph.strip_head(full)) == onnx_graph.to_bytes(model)
    exact, small = (run(graph, images) for graph in (full, onnx_graph.compress_weights(full)))
    np.testing.assert_allclose(exact["logits"], exact["embedding"] @ weight + tiny_head(3).bias, atol=1e-4)
    assert np.abs(exact["embedding"] - small["embedding"]).max() < 0.01


def test_heads_are_taken_off_and_a_bundle_joins_with_an_encoder(pixels):
    full = onnx_graph.append_head(tiny_encoder(seed=1), tiny_head(3), tiny_novelty())
    model, _ = join_encoders([full, tiny_encoder(seed=2)], [SPEC, SPEC])
    assert [output.name for output in model.graph.output] == ["embedding", "feature_map"]
    assert not any(node.name.startswith("head/") for node in model.graph.node)


def test_inner_graphs_are_renamed_too(pixels):
    """An If whose branches use weights of the outer graph: a name left behind would make the model unreadable."""
    inner = [
        onnx_proto.message(
            "GraphProto",
            name=name,
            node=[onnx_proto.node("Mul", ["pooled", factor], [f"{name}_out"])],
            output=[onnx_proto.float_value(f"{name}_out", ["batch", DIM, 1, 1])],
        )
        for name, factor in (("yes", "two"), ("no", "three"))
    ]
    encoder = tiny_encoder(seed=1)
    branch = onnx_proto.message("NodeProto", op_type="If", input=["flag"], output=["chosen"], name="chosen")
    for name, graph in zip(("then_branch", "else_branch"), inner, strict=True):
        branch.attribute.add(name=name, type=5).g.CopyFrom(graph)
    zero = onnx_proto.tensor("zero", np.array(0, np.int64))
    one = onnx_proto.tensor("one", np.array(1, np.int64))
    factors = [onnx_proto.tensor(n, np.array(v, np.float32)) for n, v in (("two", 2), ("three", 3))]
    encoder.graph.initializer.extend([zero, one, *factors])
    flatten = encoder.graph.node[-1]
    encoder.graph.node.insert(len(encoder.graph.node) - 1, branch)
    encoder.graph.node.insert(len(encoder.graph.node) - 2, onnx_proto.node("Less", ["zero", "one"], ["flag"]))
    flatten = encoder.graph.node[-1]
    flatten.input[0] = "chosen"
    plain = run(tiny_encoder(seed=1), pixels)["embedding"]
    np.testing.assert_allclose(run(encoder, pixels)["embedding"], 2 * plain, atol=1e-5)
    model, _ = join_encoders([encoder, encoder], [SPEC, SPEC])
    np.testing.assert_allclose(run(model, pixels)["embedding"], np.concatenate([2 * plain] * 2, axis=1), atol=1e-5)


def test_what_cannot_be_joined_is_named():
    encoder = tiny_encoder()
    with pytest.raises(UsageError, match="two encoders or more"):
        join_encoders([encoder], [SPEC])
    with pytest.raises(UsageError, match=r"size_px differ \(32 and 64\)"):
        join_encoders([encoder, encoder], [SPEC, replace(SPEC, size_px=64)])
    with pytest.raises(UsageError, match=r"size_px differ: base has 32, timm/x 64\. .*\[\[members\]\].*size_px"):
        refuse_different_photos([SPEC, replace(SPEC, size_px=64)], ["base", "timm/x"])
    with pytest.raises(UsageError, match="a and b are the same encoder"):
        joined([OnnxEncoder("a", encoder, SPEC), OnnxEncoder("b", encoder, SPEC)])
    with pytest.raises(UsageError, match="crop differ"):
        join_encoders([encoder, encoder], [SPEC, replace(SPEC, crop="squash")])
    with pytest.raises(UsageError, match="opset 17 and 21"):
        join_encoders([encoder, tiny_encoder(opset=21)], [SPEC, SPEC])


def test_joined_encoders_embed_side_by_side(pixels):
    one, other = OnnxEncoder("a", tiny_encoder(seed=1), SPEC), OnnxEncoder("b", tiny_encoder(seed=2), OTHER)
    both = joined([one, other])
    assert (both.name, both.dim, both.preprocess) == ("a + b", 2 * DIM, SPEC)
    expected = np.hstack([one.embed(normalised(pixels, SPEC)), other.embed(normalised(pixels, OTHER))])
    np.testing.assert_allclose(both.embed(normalised(pixels, SPEC)), expected, atol=1e-5)
    assert both.hash not in (one.hash, other.hash)
    assert joined([one, other]).hash == both.hash
