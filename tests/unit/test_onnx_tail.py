"""A graph cut at its feature map: what follows, run by itself, says what the whole says."""

from __future__ import annotations

import numpy as np
import pytest

from bundles import SPEC, tiny_encoder, tiny_model
from flaneur.bundle.folder import read_bundle
from flaneur.bundle.inference import open_session
from flaneur.errors import InputError
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import append_head, compress_weights
from flaneur.onnx_files.heads import HeadParams
from flaneur.onnx_files.join import join_encoders
from flaneur.onnx_files.tail import tail, with_outputs


def _agrees(graph, size_px=32):
    cut = tail(graph, "feature_map")
    image = np.random.default_rng(0).normal(size=(2, 3, size_px, size_px)).astype(np.float32)
    names = [cut.start, *cut.sides]
    logits, *values = open_session(onnx_proto.to_bytes(with_outputs(graph, names))).run(
        ["logits", *names], {"image": image}
    )
    rest = open_session(onnx_proto.to_bytes(cut.model))
    (alone,) = rest.run(["logits"], dict(zip(names, values, strict=True)))
    assert np.allclose(alone, logits, atol=1e-4)
    return cut


def test_of_a_plain_network_nothing_goes_round_the_map():
    cut = _agrees(tiny_model(3))
    assert cut.sides == ()
    assert [node.op_type for node in cut.model.graph.node] == ["GlobalAveragePool", "Flatten", "Gemm"]
    assert {item.name for item in cut.model.graph.initializer} == {"head/weight", "head/bias"}


def test_of_compressed_weights_what_unpacks_them_comes_along():
    cut = _agrees(compress_weights(tiny_model(3), 0))
    assert cut.sides == ()


def test_of_joined_encoders_the_second_goes_round():
    joined, _ = join_encoders([tiny_encoder(0), tiny_encoder(1)], [SPEC, SPEC])
    head = HeadParams(np.random.default_rng(0).normal(size=(24, 3)).astype(np.float32), np.zeros(3, np.float32))
    cut = _agrees(append_head(joined, head))
    assert cut.start == "encoder-0/feature_map"
    assert cut.sides == ("encoder-1/embedding",)


def test_of_the_bundled_model_earlier_stages_go_round():
    bundle = read_bundle("base")
    cut = _agrees(onnx_proto.load(bundle.model), bundle.card.preprocess.size_px)
    assert len(cut.sides) == 4


def test_a_tensor_that_the_answer_does_not_rest_on():
    with pytest.raises(InputError, match="does not depend on 'head/weight'"):
        tail(tiny_model(3), "head/weight")
    with pytest.raises(InputError, match="does not depend on 'nowhere'"):
        tail(tiny_model(3), "nowhere")
    with pytest.raises(InputError, match="does not depend on 'novelty'"):
        tail(tiny_model(3), "novelty")
