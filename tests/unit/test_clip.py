import importlib.util

import numpy as np
import pytest
from PIL import Image

torch = pytest.importorskip("torch", reason="needs the train extra")
if importlib.util.find_spec("open_clip") is None:  # not importorskip: it needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

import clips  # noqa: E402
from flaneur.errors import InputError, UsageError  # noqa: E402
from flaneur.models.average import average_states  # noqa: E402
from flaneur.models.backbones import create_backbone, freeze  # noqa: E402
from flaneur.models.encoder import Encoder  # noqa: E402
from flaneur.models.encoders import clip_encoder  # noqa: E402
from flaneur.preprocess import preprocess  # noqa: E402
from flaneur.training.networks.export import export_encoder  # noqa: E402
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402

pytestmark = pytest.mark.train
torch.set_num_threads(1)
BOTH = (clips.NAME, "tiny-resnet-clip")


@pytest.fixture(scope="module", autouse=True)
def known():
    clips.open_clip()


@pytest.fixture(scope="module")
def network():
    return clips.tiny_clip()


@pytest.fixture(scope="module")
def file(network, tmp_path_factory):
    return clips.save_clip(network, tmp_path_factory.mktemp("weights") / f"{clips.NAME}.safetensors")


def images(count=2):
    return torch.rand(count, 3, clips.SIZE_PX, clips.SIZE_PX, generator=torch.Generator().manual_seed(3)) * 4 - 2


def backbone(name=clips.NAME, **rule):
    torch.manual_seed(0)
    return create_backbone(NetworkRule(f"clip/{name}", **{"initial": "random", "pooling": "own", **rule}))


@pytest.mark.parametrize(
    ("name", "tower", "whole"),
    [("ViT-B-32", 87_849_216, 151_277_313), ("RN50", 38_316_896, 102_007_137), ("ViT-L-14", 303_966_208, 427_616_513)],
)
def test_published_counts_of_weights(name, tower, whole):
    with torch.device("meta"):
        assert sum(p.numel() for p in backbone(name).parameters()) == tower
        assert sum(p.numel() for p in clip_encoder.create_whole(name, "random").network.parameters()) == whole


def test_own_is_the_embedding_that_is_compared_with_texts(network, file):
    made = backbone(initial="pretrained", weights=str(file)).eval()
    with torch.inference_mode():
        embedding, last = made.own(images())
        expected = network.encode_image(images(), normalize=True)
    assert torch.allclose(embedding, expected, atol=1e-6)
    assert made.own_dim == clips.DIM == embedding.shape[1]
    assert last.shape == (2, 32, 4, 4)


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("pooling", ["own", "stages"])
def test_stages_hold_every_weight_once_and_freeze(name, pooling):
    made = backbone(name, pooling=pooling)
    parts = made.parts()
    assert len(parts) == len(made.channels)
    held = [id(p) for part in parts for p in part.parameters()]
    assert len(held) == len(set(held))
    assert set(held) == {id(p) for p in made.parameters()}
    freeze(made, 1)
    assert [any(p.requires_grad for p in part.parameters()) for part in parts] == [False] * (len(parts) - 1) + [True]
    freeze(made, 0)  # a linear probe
    assert not any(p.requires_grad for p in made.parameters())


@pytest.mark.parametrize("name", BOTH)
def test_maps_are_those_of_the_last_stages_and_every_weight_serves_them(name):
    made = backbone(name, pooling="stages")
    found = made.maps(images(), 2)
    assert [one.shape[1] for one in found] == list(made.channels[-2:])
    sum(one.square().sum() for one in found).backward()
    assert all(p.grad is not None for p in made.parameters())


def test_the_export_agrees_with_torch_at_any_batch():
    made = backbone("tiny-resnet-clip")
    rule = NetworkRule("clip/tiny-resnet-clip", pooling="own", size_px=clips.SIZE_PX)
    export_encoder(Encoder(made, rule, clips.SIZE_PX), clips.SIZE_PX)  # raises where it does not


def test_preprocessing_is_open_clips_own():
    spec = backbone().preprocess
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8))
    theirs = clips.open_clip().image_transform(clips.SIZE_PX, is_train=False)(picture).numpy()
    assert np.allclose(preprocess(picture, spec), theirs, atol=1e-5)
    assert (spec.size_px, spec.crop, spec.interpolation) == (clips.SIZE_PX, "centre", "bicubic")


@pytest.mark.parametrize(("tag", "activation"), [("openai", "QuickGELU"), ("laion2b_s34b_b79k", "GELU")])
def test_a_tag_brings_the_activation_its_weights_were_trained_with(tag, activation):
    with torch.device("meta"):
        made = backbone(f"ViT-B-32:{tag}")
    assert type(made.network.transformer.resblocks[0].mlp.gelu).__name__ == activation


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("tiny-clib", "Did you mean 'tiny-clip'?"), ("ViT-B-32:openia", "Did you mean 'openai'?"),
        ("ViT-B-32:x", "It has: openai"), ("tiny-clip:x", "It has none"),
        ("ViT-B-16-SigLIP", "this one is built otherwise"),
        ("ViT-B-32", "say whose weights: clip/ViT-B-32:TAG, TAG one of openai,"),
        ("tiny-clip", "say whose weights: a local file with --weights"),
    ],
)  # fmt: skip
def test_names_that_cannot_be_are_one_line_before_anything_is_loaded(name, told):
    with torch.device("meta"), pytest.raises(UsageError) as caught:
        backbone(name, initial="pretrained")
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_names_are_those_that_are_taken():
    names = clip_encoder.names()
    assert {"ViT-B-32", "RN50", "ViT-L-14", *BOTH} <= set(names)
    assert "ViT-B-16-SigLIP" not in names


def test_weights_that_do_not_fit_name_the_tensor(network, tmp_path):
    state = network.state_dict()
    from safetensors.torch import save_file

    save_file({**state, "visual.proj": torch.zeros(32, 25)}, tmp_path / "other.safetensors")
    save_file({key: value for key, value in state.items() if "ln_post" not in key}, tmp_path / "less.safetensors")
    with pytest.raises(InputError, match=r"'proj' has shape \[32, 25\] and needs \[32, 24\]"):
        backbone(initial="pretrained", weights=str(tmp_path / "other.safetensors"))
    with pytest.raises(InputError, match=r"'ln_post\.weight' is missing"):
        backbone(initial="pretrained", weights=str(tmp_path / "less.safetensors"))


def test_weights_come_from_the_hub_once_and_are_offline_after(file, tmp_path, monkeypatch, caplog):
    name = f"{clips.NAME}:own"
    with clips.hub({"someone/tiny/open_clip_model.safetensors": file.read_bytes()}) as (address, seen):
        clips.use_hub(monkeypatch, address, tmp_path)
        asked = []

        def refuse(what):
            asked.append(what)
            return False

        with pytest.raises(UsageError, match="were not fetched, as you said"):
            clip_encoder.create_whole(name, "hub", refuse)
        assert asked == [f"clip/{name}: open_clip_model.safetensors of someone/tiny takes 7 MB, fetched once."]
        assert not any(line.startswith("GET /someone/tiny") for line in seen)
        first = backbone(name, initial="pretrained")
        assert "takes 7 MB" in caplog.text
    with torch.inference_mode():  # the server is gone
        second = backbone(name, initial="pretrained").eval()
        assert torch.equal(first.eval().own(images())[0], second.own(images())[0])
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "other"))
    with pytest.raises(InputError, match=r"could not be fetched from the hub \(ConnectError\).* with --weights FILE"):
        backbone(name, initial="pretrained")


def test_averaged_weights_lie_between_the_first_and_the_last():
    first = {"w": torch.tensor([0.0, 4.0]), "seen": torch.tensor(1)}
    last = {"w": torch.tensor([1.0, 0.0]), "seen": torch.tensor(7)}
    assert average_states(first, last, 0.25)["w"].tolist() == [0.75, 1.0]
    assert average_states(first, last, 0.25)["seen"] == 7
    assert average_states(first, last, 1.0)["w"].tolist() == first["w"].tolist()
    assert average_states(first, last, 0.0)["w"].tolist() == last["w"].tolist()


@pytest.mark.parametrize(
    ("other", "share", "told"),
    [({"w": torch.zeros(2)}, 1.5, "0 to 1"), ({"v": torch.zeros(2)}, 0.5, "'v'"), ({"w": torch.zeros(3)}, 0.5, "'w'")],
)
def test_averages_of_what_cannot_be_averaged(other, share, told):
    with pytest.raises(UsageError, match=told):
        average_states({"w": torch.zeros(2)}, other, share)


def test_without_open_clip_it_says_what_to_install(monkeypatch):
    import sys

    clip_encoder._open_clip.cache_clear()
    monkeypatch.setitem(sys.modules, "open_clip", None)
    try:
        with pytest.raises(UsageError, match=r"pip install '\.\[train\]'"):
            backbone()
    finally:
        monkeypatch.undo()
        clip_encoder._open_clip.cache_clear()
