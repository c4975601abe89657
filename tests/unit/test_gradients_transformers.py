"""A ViT and a CLIP as flaneur exports them: the same in torch as in ONNX Runtime, and tokens that can be followed."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if importlib.util.find_spec("open_clip") is None or importlib.util.find_spec("timm") is None:
    pytest.skip("needs the train extra", allow_module_level=True)

import clips  # noqa: E402
from flaneur.bundle.folder import Bundle  # noqa: E402
from flaneur.bundle.golden import Golden  # noqa: E402
from flaneur.errors import UsageError  # noqa: E402
from flaneur.explain.gradients.question import asked  # noqa: E402
from flaneur.explain.methods import gradcam, integrated_gradients, tokens  # noqa: E402
from flaneur.explain.target import target  # noqa: E402
from flaneur.models.backbones import create_backbone  # noqa: E402
from flaneur.models.encoder import Encoder  # noqa: E402
from flaneur.models.shims import load_timm  # noqa: E402
from flaneur.onnx_files import graph as onnx_graph  # noqa: E402
from flaneur.onnx_files.graph import HeadParams  # noqa: E402
from flaneur.predict import Model  # noqa: E402
from flaneur.protocols import PreprocessSpec  # noqa: E402
from flaneur.training.networks.export import export_encoder  # noqa: E402
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402
from marked_city import CITIES, marked_card, marked_photos  # noqa: E402

pytestmark = pytest.mark.train


class PooledVit(torch.nn.Module):
    """A ViT read off its patches after both of its blocks, as flaneur pools stages."""

    def __init__(self):
        super().__init__()
        shape = {"img_size": 32, "patch_size": 8, "embed_dim": 24, "depth": 2, "num_heads": 2, "num_classes": 0}
        self.vit = load_timm().models.vision_transformer.VisionTransformer(**shape, reg_tokens=2)

    def forward(self, images):
        maps = self.vit.forward_intermediates(images, indices=2, intermediates_only=True, norm=False)
        return torch.cat([made.mean((2, 3)) for made in maps], dim=1), maps[-1]


def pooled_vit():
    return PooledVit(), 32


def clip_of_its_own():
    clips.open_clip()
    rule = NetworkRule(f"clip/{clips.NAME}", initial="random", pooling="own")
    return Encoder(create_backbone(rule), rule, clips.SIZE_PX), clips.SIZE_PX


@pytest.fixture(scope="module", params=["vit", "clip"])
def model(request):
    torch.manual_seed(0)
    network, size_px = pooled_vit() if request.param == "vit" else clip_of_its_own()
    encoder = onnx_graph.compress_weights(export_encoder(network, size_px))
    spec = PreprocessSpec(size_px=size_px, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    weight = np.random.default_rng(0).normal(size=(onnx_graph.embedding_dim(encoder), len(CITIES))).astype(np.float32)
    data = onnx_graph.to_bytes(onnx_graph.append_head(encoder, HeadParams(weight, weight[0] * 0)))
    return Model(Bundle(marked_card(spec, encoder, request.param), data, Golden({}, {}), Path(request.param)))


@pytest.fixture
def question(model):
    return target(model, marked_photos(1)[0].image, "bari")


def test_agrees_with_onnx_runtime(question):
    with asked(question) as mine:
        got = mine.network.values(mine.square(), ["logits", "embedding"])
    (theirs,) = question.run([question.picture()], ["logits", "embedding"])
    for name, value in theirs.items():
        assert np.abs(got[name][0].numpy() - value).max() <= 1e-5 * np.abs(value).max()


def test_tokens_are_followed_from_every_layer_that_is_read(question):
    from flaneur.explain.gradients.attention import find_tokens

    with asked(question) as mine:
        names = [name for step in mine.network.steps for name in step.outputs]
        found = find_tokens(mine.network, mine.network.values(mine.square(), names))
    assert found.grid == (4, 4)
    assert len(found.attention) == 2
    assert [depth for _, depth in found.readouts] == ([1, 2] if question.model.card.name == "vit" else [2])
    made = tokens.explain(question, {})
    assert np.isfinite(made).all()
    assert made.max() > made.min() >= 0


def test_other_methods_work_too_or_say_why_not(question):
    assert np.isfinite(integrated_gradients.explain(question, {"steps": 2})).all()
    with asked(question) as mine:
        read = "feature_map" in mine.network.leading_to("logits")
    if read:
        assert np.isfinite(gradcam.explain(question, {})).all()
    else:
        with pytest.raises(UsageError, match="no map of"):
            gradcam.explain(question, {})
