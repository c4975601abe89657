"""What cannot be in a recipe is one clear line before anything is loaded: no weights, no photos, no network."""

from __future__ import annotations

import socket
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from safetensors.torch import save_file  # noqa: E402

from flaneur.errors import FlaneurError, InputError, UsageError  # noqa: E402
from flaneur.models import weights as weights_module  # noqa: E402
from flaneur.models.backbones import create_backbone  # noqa: E402
from flaneur.training.recipes.check import check_recipe  # noqa: E402
from flaneur.training.recipes.recipe import (  # noqa: E402
    DistilRule,
    HeadRule,
    NetworkRule,
    Recipe,
    TrainingRule,
    ViewsRule,
)

pytestmark = pytest.mark.train
CNN = NetworkRule("seed/cnn3", initial="random", pooling="mean")
TINY = NetworkRule("timm/test_efficientnet", initial="random")


def recipe(network=CNN, **tables):
    return Recipe("mine", network=network, **tables)


def complaint(made):
    with pytest.raises(FlaneurError) as caught:
        check_recipe(made)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def no_network_no_weights(monkeypatch):
    def refuse(*_args, **_keywords):
        raise AssertionError("checking a recipe must not load anything")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr("safetensors.torch.load_file", refuse)


@pytest.mark.parametrize(
    "network",
    [
        CNN,
        TINY,
        NetworkRule("timm/resnet50"),
        NetworkRule("timm/densenet121.tv_in1k", trained_stages=2),
        NetworkRule("timm/vgg16", pooling="flatten", hidden=(100, 100, 100), dropouts=2, trained_stages=0, size_px=224),
        NetworkRule("torchvision/googlenet", initial="random", pooling="mean", trained_stages=1, size_px=227),
        NetworkRule("timm/vit_tiny_patch16_224", pooling="own", size_px=224, trained_stages=4),
        NetworkRule("seed/alexnet", initial="random", pooling="own", size_px=227),
        NetworkRule("seed/vgg_s", initial="random", pooling="own", size_px=224),
    ],
)
def test_good_recipes_pass_without_any_weights(network):
    check_recipe(recipe(network))


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({"backbone": "seed/cnn33"}, "seed has no network called 'cnn33'. Did you mean 'cnn3'?"),
        ({"backbone": "timm/resnet5o"}, "Did you mean 'resnet50'?"),
        ({"trained_stages": 4}, "trained_stages = 4: seed/cnn3 has 3 stages to train. Say 0 to 3, or -1"),
        ({"pooling": "stages", "stages": 4}, "stages = 4: seed/cnn3 has 3. Say 1 to 3."),
        ({"pooling": "own"}, "has no embedding of its own. Say stages, mean or flatten."),
        ({"initial": "pretrained"}, "nobody publishes weights of it"),
        ({"size_px": 4}, "size_px = 4: seed/cnn3 cannot take photos of that size"),
        ({"size_px": 4, "pooling": "flatten"}, "size_px = 4: seed/cnn3 cannot take photos of that size"),
        ({"backbone": "timm/vit_tiny_patch16_224"}, "takes photos of 224 px alone"),
        ({"hidden": (8,), "dropouts": 2}, "dropouts = 2: the recipe has 1 hidden layer. Say 0 to 1."),
        ({"stages": 2}, 'network.stages has no effect without pooling = "stages"'),
        ({"dropouts": 2}, "network.dropouts has no effect without hidden layers"),
        ({"hidden": (8,), "dropouts": 0, "dropout": 0.5}, "network.dropout has no effect without dropouts"),
        ({"weights": "x.safetensors"}, 'network.weights has no effect without initial = "pretrained"'),
        ({"initial_share": 0.5}, 'network.initial_share has no effect without initial = "pretrained"'),
        ({"head_start": "text"}, 'head_start = "text": seed/cnn3 knows no text. Choose a network of clip/.'),
        (
            {"backbone": "clip/ViT-B-32", "head_start": "text"},
            'compares embeddings with prompts as they are: say pooling = "own"',
        ),
        (
            {"backbone": "clip/ViT-B-32", "head_start": "text", "pooling": "own"},
            "compares embeddings with prompts as they are: say standardise = false",
        ),
    ],
)
def test_impossible_networks(fields, says):
    assert says in complaint(recipe(replace(CNN, **fields)))


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        ({"training": TrainingRule(momentum=0.5)}, 'training.momentum has no effect without optimiser = "sgd"'),
        ({"training": TrainingRule(step_epochs=3)}, "training.step_epochs has no effect without schedule"),
        ({"training": TrainingRule(size_small_px=96)}, "training.size_small_px has no effect without epochs_small"),
        ({"training": TrainingRule(lr_finish=0.5)}, "training.lr_finish has no effect without epochs_finish"),
        (
            {"training": TrainingRule(smoothing="distance", label_smoothing=0.0)},
            "training.smoothing has no effect without label_smoothing",
        ),
        ({"training": TrainingRule(smoothing_km=9.0)}, "training.smoothing_km has no effect without smoothing"),
        ({"views": ViewsRule(random=True)}, "views.random has no effect without train = 2 or more"),
        ({"head": HeadRule(hidden=8)}, 'head.hidden has no effect without kind = "mlp"'),
        ({"head": HeadRule(k=8)}, 'head.k has no effect without kind = "neighbours"'),
        ({"distil": DistilRule(temperature=8.0)}, "distil.temperature has no effect without a teacher"),
    ],
)
def test_settings_without_effect(tables, says):
    assert says in complaint(recipe(**tables))


@pytest.mark.parametrize(
    ("stages", "rule", "says"),
    [
        (0, TrainingRule(lr_backbone=1e-3), "training.lr_backbone has no effect with trained_stages = 0"),
        (0, TrainingRule(freeze_norm=True), "training.freeze_norm has no effect with trained_stages = 0"),
        (1, TrainingRule(lr_decay=0.5), "training.lr_decay has no effect with trained_stages = 1"),
    ],
)
def test_rates_of_what_is_frozen_have_no_effect(stages, rule, says):
    assert says in complaint(recipe(replace(CNN, trained_stages=stages), training=rule))
    check_recipe(recipe(replace(CNN, trained_stages=stages), training=replace(rule, epochs=0)))


@pytest.mark.parametrize(
    ("network", "training", "setting"),
    [
        (replace(CNN, pooling="flatten", size_px=64), {"epochs_small": 2, "size_small_px": 48}, "size_small_px = 48"),
        (replace(CNN, pooling="flatten", size_px=64), {"size_large_px": 96}, "size_large_px = 96"),
        (replace(TINY, backbone="timm/test_vit", size_px=160), {"size_large_px": 192}, "size_large_px = 192"),
    ],
)
def test_networks_of_one_size_see_no_other(network, training, setting):
    said = complaint(recipe(network, training=TrainingRule(**training)))
    assert f"training.{setting}" in said
    assert f"or say {network.size_px}" in said


def test_small_epochs_must_not_be_too_small_either():
    said = complaint(recipe(training=TrainingRule(epochs_small=2, size_small_px=4)))
    assert said.startswith("size_px = 4: seed/cnn3 cannot take photos of that size")


def test_weights_are_compared_by_their_header(tmp_path, monkeypatch):
    monkeypatch.setattr(weights_module, "load_file", None, raising=False)
    tensors = create_backbone(replace(TINY, pooling="own")).network.state_dict()
    path = tmp_path / "test_efficientnet.safetensors"
    save_file(tensors, path)
    network = NetworkRule("timm/test_efficientnet", weights=str(path))
    check_recipe(recipe(network))
    check_recipe(recipe(replace(network, weights=str(tmp_path))))
    save_file(tensors | {"bn1.weight": torch.zeros(7)}, path)
    said = complaint(recipe(network))
    assert "'bn1.weight' has shape [7] and needs [24]" in said
    with pytest.raises(InputError, match=r"no such weight file\. Did you mean 'test_efficientnet.safetensors'"):
        check_recipe(recipe(replace(network, weights=str(tmp_path / "test_efficientnt.safetensors"))))
    with pytest.raises(InputError, match="a pickled weight file runs code"):
        check_recipe(recipe(replace(network, weights=str(Path("model.pth")))))


def test_every_member_is_looked_at():
    with pytest.raises(UsageError, match="trained_stages = 7"):
        check_recipe(Recipe("both", CNN, members=(recipe(), recipe(replace(CNN, trained_stages=7)))))
