"""Random weights: same graph, same stored types, other numbers, and a network that still tells pictures apart."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from flaneur.bundle.folder import read_bundle
from flaneur.errors import InputError
from flaneur.explain.randomised import randomised
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams, append_head
from flaneur.onnx_files.redraw import redraw_weights
from flaneur.predict import Model, load
from marked_city import built_encoder, built_model

FLOAT32, INT8, INT64, FLOAT16 = 1, 3, 7, 10


def _redrawn(model, seed=0, **settings):
    return redraw_weights(model, np.random.default_rng(seed), **settings)


def _tensors(model):
    return {tensor.name: tensor for tensor in model.graph.initializer}


@pytest.fixture(scope="module")
def bundled():
    """Weights in float32, float16 and int8; normalisation folded into them."""
    return onnx_proto.load(read_bundle("base").model)


def test_every_weight_is_drawn_and_nothing_else(bundled):
    before, after = _tensors(bundled), _tensors(_redrawn(bundled))
    assert list(before) == list(after)
    changed = {name for name in before if before[name] != after[name]}
    assert {before[name].data_type for name in changed} == {FLOAT32, FLOAT16, INT8}
    weights = {name.rpartition("/")[0] if name.endswith(("/half", "/int8")) else name for name in changed}
    used = {node.input[1] for node in bundled.graph.node if node.op_type in ("Conv", "Gemm")}
    assert weights == used
    for name in before:
        assert before[name].dims == after[name].dims
        assert before[name].data_type == after[name].data_type


def test_drawn_as_large_as_they_were(bundled):
    before, after = _tensors(bundled), _tensors(_redrawn(bundled))
    for name in before:
        if before[name] != after[name] and before[name].data_type == INT8:
            old, new = (
                np.square(onnx_proto.array(one).astype(float)).mean() ** 0.5 for one in (before[name], after[name])
            )
            assert new == pytest.approx(old, rel=0.15)


def test_two_draws_differ_by_seed_only():
    model = built_encoder()
    assert _redrawn(model, 1) == _redrawn(model, 1)
    assert _redrawn(model, 1) != _redrawn(model, 2)
    assert model == built_encoder()


def test_as_many_times_as_large():
    (once, twice) = (onnx_proto.array(_tensors(_redrawn(built_encoder(), times=times))["tiles"]) for times in (1, 2))
    assert np.allclose(twice, 2 * once)


def test_without_weights():
    model = built_encoder()
    del model.graph.initializer[:]
    with pytest.raises(InputError, match="no convolution and no matrix"):
        _redrawn(model)


def test_random_network_knows_nothing_but_tells_pictures_apart():
    model = load("base")
    before = model.bundle.model
    made = randomised(model)
    assert made is randomised(model)
    assert made is not None
    assert model.bundle.model == before
    assert made.cities == model.cities
    pictures = np.random.default_rng(0).normal(0, 1, (4, 3, 160, 160)).astype(np.float32)
    (logits,) = made.session(1).run(["logits"], {"image": pictures})
    assert np.isfinite(logits).all()
    assert (logits / made.card.temperature).std(axis=0).max() > 0.01


def test_no_random_network_where_answers_do_not_vary():
    head = HeadParams(np.zeros((3, 3), np.float32), np.zeros(3, np.float32))
    bundle = built_model().bundle
    silent = Model(replace(bundle, model=onnx_proto.to_bytes(append_head(built_encoder(), head))))
    assert randomised(silent) is None
