import numpy as np
import onnx
import pytest

from bundles import tiny_encoder, tiny_head, tiny_novelty
from flaneur.errors import InputError
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files import proto as onnx_proto
from flaneur.onnx_files.graph import HeadParams, NoveltyParams


def run(model, images):
    import onnxruntime

    session = onnxruntime.InferenceSession(onnx_graph.to_bytes(model), providers=["CPUExecutionProvider"])
    return dict(zip([o.name for o in session.get_outputs()], session.run(None, {"image": images}), strict=True))


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).normal(size=(5, 3, 32, 32)).astype(np.float32)


def expected_novelty(params, embedding, logits):
    cooled = logits.astype(np.float64) / params.temperature
    if params.method == "energy":
        return -params.temperature * np.log(np.exp(cooled).sum(1))
    if params.method == "max_probability":
        return 1 - (np.exp(cooled) / np.exp(cooled).sum(1, keepdims=True)).max(1)
    projected = (embedding - params.mean) @ params.projection
    projected /= np.linalg.norm(projected, axis=1, keepdims=True)
    return 1 - np.sort(projected @ params.references.T, axis=1)[:, -params.k :].mean(1)


@pytest.mark.parametrize("opset", [17, 18, 21])
@pytest.mark.parametrize("method", onnx_graph.NOVELTY_METHODS)
def test_head_and_novelty_in_the_graph_equal_numpy(method, opset, images):
    head, novelty = tiny_head(3), tiny_novelty(method)
    model = onnx_graph.append_head(tiny_encoder(opset=opset), head, novelty)
    onnx.checker.check_model(onnx.load_from_string(onnx_graph.to_bytes(model)), full_check=True)
    got = run(model, images)
    assert list(got) == ["logits", "embedding", "feature_map", "novelty"]
    np.testing.assert_allclose(got["logits"], got["embedding"] @ head.weight + head.bias, atol=1e-4)
    assert got["novelty"].shape == (5,)
    np.testing.assert_allclose(got["novelty"], expected_novelty(novelty, got["embedding"], got["logits"]), atol=1e-4)


def test_fewer_references_than_k_still_answers(images):
    novelty = tiny_novelty()
    few = NoveltyParams(
        "neighbours", mean=novelty.mean, projection=novelty.projection, references=novelty.references[:2]
    )
    assert run(onnx_graph.append_head(tiny_encoder(), tiny_head(2), few), images)["novelty"].shape == (5,)


def test_strip_head_gives_the_encoder_back_byte_for_byte():
    encoder = tiny_encoder()
    full = onnx_graph.append_head(encoder, tiny_head(3), tiny_novelty())
    assert onnx_graph.to_bytes(onnx_graph.strip_head(full)) == onnx_graph.to_bytes(encoder)
    replaced = onnx_graph.append_head(full, tiny_head(4))
    assert [output.name for output in replaced.graph.output] == ["logits", "embedding", "feature_map"]


def test_encoder_hash_ignores_head_notes_and_documentation_but_not_weights():
    encoder = tiny_encoder()
    known = onnx_graph.encoder_hash(encoder)
    noted = onnx_graph.set_metadata(onnx_graph.append_head(encoder, tiny_head(3), tiny_novelty()), {"a": "b"})
    noted.graph.node[0].doc_string = "File somewhere.py"
    assert onnx_graph.encoder_hash(noted) == known
    assert onnx_graph.encoder_hash(tiny_encoder(seed=1)) != known
    assert onnx_graph.encoder_hash(onnx_graph.compress_weights(encoder)) != known


def test_metadata_round_trip():
    model = onnx_graph.set_metadata(tiny_encoder(), {"card": '{"é": 1}', "a": ""})
    again = onnx_graph.load(onnx_graph.to_bytes(model))
    assert onnx_graph.get_metadata(again) == {"card": '{"é": 1}', "a": ""}


def test_strip_traces_removes_paths():
    model = tiny_encoder()
    model.graph.node[0].doc_string = "/home/someone/secret.py"
    model.graph.node[1].metadata_props.add(key="stack", value="/home/someone/secret.py")
    assert b"someone" in onnx_graph.to_bytes(model)
    assert b"someone" not in onnx_graph.to_bytes(onnx_graph.strip_traces(model))


def test_weights_are_halved_and_the_largest_quartered_until_they_fit():
    encoder = tiny_encoder()
    sizes = {t.name: int(np.prod(t.dims)) for t in encoder.graph.initializer if np.prod(t.dims) >= 1024}
    largest = max(sizes, key=lambda name: (sizes[name], name))
    halves = onnx_graph.compress_weights(encoder)
    assert {t.data_type for t in halves.graph.initializer if t.name.endswith("/half")} == {10}
    assert not any(t.name.endswith("/int8") for t in halves.graph.initializer)
    mixed = onnx_graph.compress_weights(encoder, 2 * sum(sizes.values()) - 1)
    assert [t.name for t in mixed.graph.initializer if t.name.endswith("/int8")] == [f"{largest}/int8"]


def test_halved_weights_are_as_good_as_exact(images):
    model = onnx_graph.append_head(tiny_encoder(), tiny_head(3), tiny_novelty())
    small = onnx_graph.compress_weights(model)
    onnx.checker.check_model(onnx.load_from_string(onnx_graph.to_bytes(small)), full_check=True)
    exact, close = run(model, images), run(small, images)
    assert np.abs(exact["embedding"] - close["embedding"]).max() < 0.001


def test_compressed_weights_are_a_quarter_and_close(images):
    model = onnx_graph.append_head(tiny_encoder(), tiny_head(3), tiny_novelty())
    small = onnx_graph.compress_weights(model, 0)
    onnx.checker.check_model(onnx.load_from_string(onnx_graph.to_bytes(small)), full_check=True)
    packed = {t.name: t.data_type for t in small.graph.initializer}
    assert packed["w1/int8"] == 3
    assert packed["head/weight"] == 1
    encoder = tiny_encoder()
    ratio = len(onnx_graph.to_bytes(onnx_graph.compress_weights(encoder, 0))) / len(onnx_graph.to_bytes(encoder))
    assert ratio < 0.4
    exact, close = run(model, images), run(small, images)
    assert np.corrcoef(exact["embedding"].ravel(), close["embedding"].ravel())[0, 1] > 0.999
    assert np.abs(exact["embedding"] - close["embedding"]).max() < 0.02


def test_packing_error_is_at_most_half_a_step():
    weight = np.random.default_rng(1).normal(size=(8, 5, 3, 3)).astype(np.float32)
    weight[3] = 0
    packed, scale = onnx_graph._pack(weight, 0)
    assert scale.shape == (8, 1, 1, 1)
    assert (np.abs(packed * scale - weight) <= scale / 2 + 1e-7).all()


def test_wrong_width_and_missing_embedding_are_named():
    wide = HeadParams(np.zeros((7, 2), np.float32), np.zeros(2, np.float32))
    with pytest.raises(InputError, match="expects embeddings of 7 numbers, the encoder gives 12"):
        onnx_graph.append_head(tiny_encoder(), wide)
    model = tiny_encoder()
    del model.graph.output[0]
    with pytest.raises(InputError, match="no output 'embedding'"):
        onnx_graph.append_head(model, tiny_head(2))
    with pytest.raises(InputError, match="Did you mean 'energy'"):
        NoveltyParams("enrgy")


def test_opset_is_read():
    assert onnx_graph.opset(onnx_proto.load(onnx_proto.to_bytes(tiny_encoder(opset=19)))) == 19
