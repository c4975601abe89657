import json

import numpy as np

from bundles import DIM, SPEC, tiny_bundle, tiny_encoder, tiny_model
from flaneur.encoder import OnnxEncoder
from flaneur.onnx_files import proto as onnx_proto
from flaneur.protocols import Encoder, PreprocessSpec


def test_embeds_what_the_whole_model_embeds(tmp_path):
    bundle = tiny_bundle(tmp_path / "m")
    encoder = OnnxEncoder.from_bundle(bundle)
    satisfied: Encoder = encoder
    images = np.random.default_rng(0).normal(size=(3, 3, 32, 32)).astype(np.float32)
    embedded = satisfied.embed(images)
    assert embedded.shape == (3, DIM)
    assert (encoder.name, encoder.dim, encoder.preprocess) == ("tests/tiny", DIM, SPEC)
    from flaneur.bundle.inference import open_session

    whole = open_session(bundle.model).run(["embedding"], {"image": images})[0]
    np.testing.assert_allclose(embedded, whole, atol=1e-6)
    assert encoder.embed(images[:0]).shape == (0, DIM)


def test_the_hash_names_weights_and_preprocessing_only():
    plain = OnnxEncoder("a", tiny_encoder(), SPEC)
    assert OnnxEncoder("b", onnx_proto.to_bytes(tiny_model(3)), SPEC).hash == plain.hash
    assert OnnxEncoder("a", tiny_encoder(seed=5), SPEC).hash != plain.hash
    squashed = PreprocessSpec(SPEC.size_px, SPEC.mean, SPEC.std, crop="squash")
    assert OnnxEncoder("a", tiny_encoder(), squashed).hash != plain.hash


def test_the_hash_survives_a_card_on_disk(tmp_path):
    bundle = tiny_bundle(tmp_path / "m")
    from flaneur.bundle.folder import read_bundle

    assert json.loads((tmp_path / "m" / "card.json").read_text())["preprocess"]["mean"] == [0.5, 0.5, 0.5]
    again = OnnxEncoder.from_bundle(read_bundle(tmp_path / "m"))
    assert again.hash == OnnxEncoder.from_bundle(bundle).hash == OnnxEncoder("x", tiny_encoder(), SPEC).hash
