"""Networks as recipes describe them: pooling, hidden layers, normalisation, heads; what trains; what is exported."""

from __future__ import annotations

import copy
from importlib.util import find_spec

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from flaneur.errors import UsageError  # noqa: E402
from flaneur.models.backbones import create_backbone  # noqa: E402
from flaneur.models.network import (  # noqa: E402
    AveragedWeights,
    Encoder,
    build_network,
    linear_head,
    network_preprocess,
    parameter_groups,
)
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402

pytestmark = pytest.mark.train
TINY = "timm/test_efficientnet"
RATES = {"lr_head": 1e-2, "lr_backbone": 1e-3, "lr_decay": 0.5, "weight_decay": 0.1}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def rule(name=TINY, **fields):
    return NetworkRule(name, **{"initial": "random", "standardise": False, **fields})


def build(name=TINY, classes=3, size_px=64, seed=0, device="cpu", mean_image=None, text_head=None, **fields):
    torch.manual_seed(seed)
    with torch.device(device):
        return build_network(rule(name, **fields), classes, size_px=size_px, mean_image=mean_image, text_head=text_head)


def count(module, trained_only=False):
    return sum(p.numel() for p in module.parameters() if p.requires_grad or not trained_only)


def train(network, size_px, steps):
    images = torch.randn(4, 3, size_px, size_px, generator=torch.Generator().manual_seed(0))
    optimiser = torch.optim.AdamW(parameter_groups(network, **RATES))
    for _ in range(steps):
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(network.train()(images), torch.arange(4) % 3).backward()
        optimiser.step()


def test_vgg16_of_paper_000_has_over_17_million_parameters_and_about_2_million_of_them_train():
    head = {"hidden": (100, 100, 100), "dropout": 0.05, "dropouts": 2}
    network = build(
        "timm/vgg16", 16, 224, device="meta", pooling="flatten", trained_stages=0, head_start="random", **head
    )
    assert count(network) == 14_714_688 + 25_088 * 100 + 100 + 2 * (100 * 100 + 100) + 100 * 16 + 16 == 17_245_404
    assert count(network, trained_only=True) == 2_530_716
    assert [type(layer).__name__ for layer in network.encoder.hidden] == [
        "Linear", "ReLU", "Linear", "ReLU", "Dropout", "Linear", "ReLU", "Dropout",
    ]  # fmt: skip
    assert network.dropout.p == 0.0
    assert network.encoder.hidden[-1].p == 0.05


def test_googlenet_of_paper_001_trains_its_last_module_and_the_classifier():
    network = build("torchvision/googlenet", 10, 227, device="meta", pooling="mean", trained_stages=1)
    trained = {name for name, parameter in network.named_parameters() if parameter.requires_grad}
    assert {name.removeprefix("encoder.backbone.network.").partition(".")[0] for name in trained} == {
        "inception5b",
        "head",
    }
    assert network.encoder.dim == 1024


@pytest.mark.parametrize(
    ("pooling", "fields", "dim"),
    [
        ("stages", {"stages": 2}, 2 * (48 + 64)),
        ("stages", {"stages": 5}, 2 * (16 + 24 + 32 + 48 + 64)),
        ("mean", {}, 64),
        ("flatten", {}, 64 * 2 * 2),
        ("own", {}, 256),
        ("mean", {"hidden": (12, 7)}, 7),
    ],
)
def test_pooling_gives_an_embedding_of_the_width_it_says(pooling, fields, dim):
    network = build(pooling=pooling, **fields).eval()
    images = torch.randn(2, 3, 64, 64)
    embedding, last = network.encoder(images)
    assert embedding.shape == (2, network.encoder.dim) == (2, dim)
    assert last.shape == (2, 64, 2, 2)
    assert network(images).shape == (2, 3)
    assert torch.equal(network(images), network.logits_of(embedding))


def test_stages_are_pooled_to_mean_and_deviation():
    encoder = build(stages=1).eval().encoder
    with torch.no_grad():
        embedding, last = encoder(torch.randn(2, 3, 64, 64))
    flat = last.flatten(2).numpy()
    np.testing.assert_allclose(embedding[:, :64], flat.mean(2), atol=1e-5)
    np.testing.assert_allclose(embedding[:, 64:], np.sqrt(flat.var(2) + 1e-6), atol=1e-5)


def test_dropout_stands_before_the_linear_layer_where_nothing_is_hidden():
    assert build(pooling="mean", dropout=0.3).dropout.p == 0.3
    hidden = build(pooling="mean", dropout=0.3, dropouts=0, hidden=(5, 5))
    assert not [layer for layer in hidden.encoder.hidden if isinstance(layer, torch.nn.Dropout)]
    assert hidden.dropout.p == 0.0


def test_impossible_networks_are_one_line():
    with pytest.raises(UsageError, match=r"stages = 6: timm/test_efficientnet has 5. Say 1 to 5."):
        build(stages=6)
    with pytest.raises(UsageError, match=r"stages = 0: timm/test_efficientnet has 5"):
        build(stages=0)
    with pytest.raises(UsageError, match="trained_stages = 9: timm/test_efficientnet has 5 stages to train"):
        build(trained_stages=9)
    with pytest.raises(UsageError, match="size_px = 64: timm/test_vit takes photos of 160 px alone"):
        build("timm/test_vit")
    with pytest.raises(UsageError, match="a mean image goes with"):
        build(normalise="mean_image")
    with pytest.raises(UsageError, match="embedded prompts go with"):
        build(head_start="text")
    with pytest.raises(UsageError, match=r"first weights are \[5, 3\], and \[64, 3\] are needed"):
        build(head_start="text", pooling="mean", text_head=torch.zeros(5, 3))


@pytest.mark.parametrize("size_px", [64, 48])
def test_the_mean_image_is_subtracted_in_the_network(size_px):
    image = np.random.default_rng(0).random((3, 64, 64), np.float32) * 0 + 0.25
    network = build(normalise="mean_image", mean_image=image, pooling="mean").eval()
    plain = build(pooling="mean").eval()
    spec = plain.encoder.backbone.preprocess
    pixels = torch.rand(2, 3, size_px, size_px)
    std = torch.tensor(spec.std)[None, :, None, None]
    with torch.no_grad():
        np.testing.assert_allclose(network(pixels), plain((pixels - 0.25) / std), atol=1e-5)
        np.testing.assert_allclose(network.encoder(pixels)[0], plain.encoder((pixels - 0.25) / std)[0], atol=1e-4)
    assert network_preprocess(rule(normalise="mean_image"), network.encoder.backbone).std == (1.0, 1.0, 1.0)
    assert "encoder.normalise.mean" in network.state_dict()


def test_normalisation_by_name():
    backbone = create_backbone(rule())
    own = backbone.preprocess
    assert network_preprocess(rule(size_px=96), backbone).size_px == 96
    assert network_preprocess(rule(), backbone).mean == own.mean
    assert network_preprocess(rule(normalise="none"), backbone).mean == (0.0, 0.0, 0.0)
    found = network_preprocess(rule(normalise="channels"), backbone, (np.float32([0.5, 0.25, 0]), np.ones(3)))
    assert (found.mean, found.std) == ((0.5, 0.25, 0.0), (1.0, 1.0, 1.0))
    with pytest.raises(UsageError, match="statistics are needed"):
        network_preprocess(rule(normalise="channels"), backbone)


def test_the_heads_start():
    zero, chance = build(), build(head_start="random")
    assert not zero.head.weight.any()
    assert not zero.head.bias.any()
    assert chance.head.weight.any()
    text = torch.randn(64, 3)
    network = build(pooling="mean", head_start="text", text_head=text).eval()
    embedding = torch.randn(5, 64)
    assert torch.allclose(network.logits_of(embedding), embedding @ text, atol=1e-5)
    assert network.head.weight.requires_grad


@pytest.mark.parametrize("standardise", [True, False])
def test_the_linear_head_is_the_network_behind_the_embedding(standardise):
    network = build(pooling="mean", standardise=standardise, head_start="random")
    if standardise:
        network.standardise.running_mean.uniform_(-1, 1)
        network.standardise.running_var.uniform_(0.5, 2)
    head, embedding = linear_head(network.eval()), torch.randn(4, 64)
    with torch.no_grad():
        expected = network.logits_of(embedding)
    np.testing.assert_allclose(embedding.numpy() @ head.weight + head.bias, expected, atol=1e-5)


@pytest.mark.parametrize(
    ("name", "size_px", "fields"),
    [
        (TINY, 64, {"trained_stages": 2, "pooling": "own"}),
        (TINY, 64, {"trained_stages": 0, "hidden": (8,)}),
        ("timm/test_resnet", 64, {"trained_stages": 1}),
        ("timm/test_vit", 160, {"trained_stages": 2, "pooling": "own"}),
        ("timm/resnet18", 32, {"trained_stages": 3}),
        ("torchvision/googlenet", 64, {"trained_stages": 1, "pooling": "mean"}),
        ("seed/cnn3", 32, {"trained_stages": 1, "pooling": "flatten", "hidden": (16,)}),
        ("seed/cnn5", 32, {"trained_stages": 2, "pooling": "mean"}),
        ("seed/cnn8", 32, {"trained_stages": 3, "pooling": "mean"}),
        ("seed/skip10", 32, {"trained_stages": 2, "pooling": "mean"}),
        ("seed/small", 32, {"trained_stages": -1, "pooling": "flatten"}),
        ("seed/alexnet", 67, {"trained_stages": 2, "pooling": "flatten"}),
        ("seed/vgg_s", 64, {"trained_stages": 1, "pooling": "mean"}),
    ],
)
def test_a_step_changes_exactly_what_is_trained(name, size_px, fields):
    network = build(name, size_px=size_px, head_start="random", standardise=True, dropout=0.0, **fields)
    before = copy.deepcopy(network.state_dict())
    train(network, size_px, steps=2)  # a residual branch may start at zero: what is within it moves at the second
    changed = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    parts, stages = network.encoder.backbone.parts(), fields["trained_stages"]
    frozen = parts[: len(parts) - stages] if stages >= 0 else []
    kept = {id(value) for part in frozen for value in part.state_dict(keep_vars=True).values()}
    assert changed == {key for key, value in network.state_dict(keep_vars=True).items() if id(value) not in kept}


def test_parameter_groups_cover_what_trains_once_and_the_head_is_fastest():
    network = build(hidden=(8,), stages=2)
    groups = parameter_groups(network, **RATES)
    grouped = [id(p) for group in groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for p in network.parameters())
    rates = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert {rates[id(p)] for p in (*network.head.parameters(), *network.encoder.hidden.parameters())} == {1e-2}
    for depth, part in enumerate(reversed(network.encoder.backbone.parts())):
        assert {rates[id(p)] for p in part.parameters()} == {1e-3 * 0.5**depth}
    decays = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert all(decays[id(p)] == (0.1 if p.ndim > 1 else 0.0) for p in network.parameters())


def test_frozen_parameters_are_in_no_group():
    network = build(trained_stages=1)
    grouped = {id(p) for group in parameter_groups(network, **RATES) for p in group["params"]}
    assert grouped == {id(p) for p in network.parameters() if p.requires_grad}


def test_the_average_follows_the_weights_and_keeps_what_is_frozen():
    network = torch.nn.Linear(1, 1)
    average = AveragedWeights(network, 0.5)
    start = average.network.weight.item()
    with torch.no_grad():
        network.weight.fill_(start + 1)
    average.update(network, step=1000)
    assert average.network.weight.item() == pytest.approx(start + 0.5)
    real = build(trained_stages=1)
    assert AveragedWeights(real, 0.9).network.encoder.backbone.frozen_parts == 4


def test_an_encoder_takes_any_backbone():
    backbone = create_backbone(rule("seed/cnn5"))
    assert Encoder(backbone, rule("seed/cnn5", pooling="mean"), 64).dim == 256
