"""Encoders as ONNX graphs that give torch's numbers at every batch, and run without it."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from safetensors.torch import save_file  # noqa: E402

from flaneur.errors import IntegrityError  # noqa: E402
from flaneur.models.backbones import create_backbone  # noqa: E402
from flaneur.models.network import build_network  # noqa: E402
from flaneur.onnx_files import graph as onnx_graph  # noqa: E402
from flaneur.training.networks.export import export_encoder, frozen_encoder  # noqa: E402
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402

pytestmark = pytest.mark.train


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)
    torch.manual_seed(0)


@pytest.mark.parametrize(
    ("name", "size_px", "fields"),
    [
        ("timm/test_vit", 160, {"pooling": "own"}),
        ("seed/cnn3", 32, {"pooling": "flatten", "hidden": (16,), "normalise": "mean_image"}),
        ("seed/skip10", 32, {"pooling": "stages", "stages": 2}),
        ("seed/alexnet", 67, {"pooling": "mean"}),
        ("seed/vgg_s", 64, {"pooling": "mean"}),
    ],
)
def test_exports_what_torch_computes(name, size_px, fields):
    image = np.full((3, size_px, size_px), 0.4, np.float32) if "normalise" in fields else None
    rule = NetworkRule(name, initial="random", **fields)
    encoder = build_network(rule, 3, size_px=size_px, mean_image=image).encoder
    graph = export_encoder(encoder, size_px)  # compares at batch 1, 2 and 7 itself
    assert [output.name for output in graph.graph.output] == ["embedding", "feature_map"]
    assert onnx_graph.embedding_dim(graph) == encoder.dim


def test_a_frozen_timm_network_is_an_encoder(tmp_path):
    whole = create_backbone(NetworkRule("timm/test_efficientnet", initial="random", pooling="own"))
    save_file(whole.network.state_dict(), tmp_path / "test_efficientnet.safetensors")
    encoder = frozen_encoder("test_efficientnet", tmp_path, stages=2)
    size_px = encoder.preprocess.size_px
    images = np.random.default_rng(0).standard_normal((3, 3, size_px, size_px)).astype(np.float32)
    embedding = encoder.embed(images)
    assert embedding.shape == (3, encoder.dim) == (3, 2 * (48 + 64))
    assert encoder.name == "timm/test_efficientnet"
    assert np.allclose(encoder.embed(images[1:2])[0], embedding[1], atol=1e-4)


def test_a_frozen_network_of_any_family_is_an_encoder_and_its_stages_make_it_another(tmp_path):
    whole = create_backbone(NetworkRule("seed/cnn3", initial="random"))
    save_file(whole.network.state_dict(), tmp_path / "mine.safetensors")
    three, two = (frozen_encoder("seed/cnn3", tmp_path / "mine.safetensors", stages=count) for count in (3, 2))
    assert (three.dim, two.dim) == (2 * (32 + 64 + 128), 2 * (64 + 128))
    assert three.hash != two.hash


def test_a_graph_that_differs_from_torch_is_refused(monkeypatch):
    from flaneur.training.networks import export

    monkeypatch.setattr(export, "_TOLERANCE", -1.0)
    encoder = build_network(NetworkRule("seed/cnn3", initial="random"), 2, size_px=16).encoder
    with pytest.raises(IntegrityError, match=r"differs from torch by .* at batch 1"):
        export_encoder(encoder, 16)
