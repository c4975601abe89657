"""The papers' own networks: their sizes by hand arithmetic, their shapes, and that each can learn."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from flaneur.errors import UsageError  # noqa: E402
from flaneur.models.backbones import create_backbone, freeze  # noqa: E402
from flaneur.models.encoders.seed_cnns import names  # noqa: E402
from flaneur.models.network import build_network  # noqa: E402
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402

pytestmark = pytest.mark.train


def convolution(narrow, wide, side, *, norm=0, groups=1):
    """Weights and biases of one convolution; with batch norm, two more numbers a channel."""
    return narrow // groups * wide * side**2 + wide + norm * 2 * wide


def full(narrow, wide):
    return narrow * wide + wide


def ghost(name, **fields):
    with torch.device("meta"):
        return create_backbone(NetworkRule(f"seed/{name}", initial="random", **{"pooling": "mean", **fields})).eval()


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


ARITHMETIC = {
    "cnn3": sum(convolution(*pair, 3, norm=1) for pair in ((3, 32), (32, 64), (64, 128))),
    "cnn5": sum(convolution(*pair, 3, norm=1) for pair in ((3, 32), (32, 64), (64, 128), (128, 256), (256, 256))),
    "cnn8": sum(
        convolution(narrow, wide, 3, norm=1) + convolution(wide, wide, 3, norm=1)
        for narrow, wide in ((3, 32), (32, 64), (64, 128), (128, 256))
    ),
    "skip10": sum(
        convolution(narrow, wide, 3, norm=1) + convolution(wide, wide, 3, norm=1)
        for narrow, wide in ((3, 32), (32, 64), (64, 128), (128, 256), (256, 256))
    ),
    "small": sum(convolution(*pair, 3) for pair in ((3, 32), (32, 32), (32, 64))),
    "alexnet": convolution(3, 96, 11)
    + convolution(96, 256, 5, groups=2)
    + convolution(256, 384, 3)
    + convolution(384, 384, 3, groups=2)
    + convolution(384, 256, 3, groups=2),
    "vgg_s": convolution(3, 96, 7) + convolution(96, 256, 5) + convolution(256, 512, 3) + 2 * convolution(512, 512, 3),
}
LAST_MAPS = {  # at the size each is made for
    "cnn3": (128, 16, 16),
    "cnn5": (256, 4, 4),
    "cnn8": (256, 8, 8),
    "skip10": (256, 4, 4),
    "small": (64, 26, 26),
    "alexnet": (256, 6, 6),
    "vgg_s": (512, 6, 6),
}


@pytest.mark.parametrize("name", names())
def test_parameters_by_hand_arithmetic(name):
    assert count(ghost(name)) == ARITHMETIC[name]
    assert f"{ARITHMETIC[name]:,} parameters" in _source(name).__doc__ or name in ("alexnet", "vgg_s")


def _source(name):
    from flaneur.models.encoders import seed_cnns

    return getattr(seed_cnns, name)


@pytest.mark.parametrize("name", names())
def test_every_plan_cites_its_source_and_makes_the_map_it_says(name):
    backbone = ghost(name)
    side = backbone.preprocess.size_px
    assert backbone.maps(torch.empty(2, 3, side, side, device="meta"), 1)[0].shape == (2, *LAST_MAPS[name])
    text = " ".join(_source(name).__doc__.split())
    assert "Source:" in text
    assert f"[B, 3, {side}, {side}]" in text or name == "skip10"


@pytest.mark.parametrize(
    ("name", "convolutions"), [("cnn3", 3), ("cnn5", 5), ("cnn8", 8), ("skip10", 10), ("small", 3), ("alexnet", 5)]
)
def test_as_many_convolutions_as_the_papers_say(name, convolutions):
    assert sum(isinstance(module, torch.nn.Conv2d) for module in ghost(name).modules()) == convolutions


@pytest.mark.parametrize(
    ("name", "published", "flat"), [("alexnet", 60_965_224, 9_216), ("vgg_s", 102_908_520, 18_432)]
)
def test_with_a_thousand_classes_the_published_count(name, published, flat):
    rule = NetworkRule(f"seed/{name}", initial="random", pooling="own", standardise=False)
    backbone = ghost(name, pooling="own")
    assert count(backbone) == ARITHMETIC[name] + full(flat, 4096) + full(4096, 4096)
    with torch.device("meta"):
        network = build_network(rule, 1000, size_px=backbone.preprocess.size_px)
    assert count(network) == published
    assert network.encoder.dim == 4096
    assert len(backbone.parts()) == 7
    freeze(backbone, 1)
    assert sum(p.numel() for p in backbone.parameters() if p.requires_grad) == full(4096, 4096)


def test_the_cnn_of_paper_003_flattens_32768_numbers_to_512():
    rule = NetworkRule("seed/cnn3", initial="random", pooling="flatten", hidden=(512,), standardise=False)
    with torch.device("meta"):
        network = build_network(rule, 23, size_px=128)
    assert network.encoder.hidden[0].in_features == 32_768
    assert count(network) == ARITHMETIC["cnn3"] + full(32_768, 512) + full(512, 23)


def test_own_embedding_only_where_there_is_one_and_at_one_size():
    assert ghost("cnn3", pooling="own").own_dim == 0
    assert ghost("alexnet", pooling="own").fixed_size_px == 227
    assert ghost("alexnet").fixed_size_px == 0
    with pytest.raises(UsageError, match='pooling = "own": seed/small has no embedding of its own'):
        build_network(NetworkRule("seed/small", initial="random", pooling="own"), 2, size_px=64)


def test_a_skip_adds_its_input():
    torch.manual_seed(0)
    stage = create_backbone(NetworkRule("seed/skip10", initial="random")).eval().parts()[0][0]
    for parameter in stage.second.parameters():
        torch.nn.init.zeros_(parameter)
    images = torch.rand(1, 3, 8, 8)
    assert torch.equal(stage(images)[:, :3], images)
    assert not stage(images)[:, 3:].any()


@pytest.mark.parametrize("name", ["cnn3", "cnn5", "cnn8", "skip10", "small"])
def test_learns_32_photos_by_heart(name):
    torch.set_num_threads(1)
    torch.manual_seed(0)
    hidden = (32,) if name == "small" else ()
    rule = NetworkRule(
        f"seed/{name}",
        initial="random",
        pooling="flatten",
        hidden=hidden,
        dropout=0.0,
        standardise=False,
        head_start="random",
    )
    images, labels = torch.randn(32, 3, 48, 48), torch.arange(32) % 4
    network = build_network(rule, 4, size_px=48).train()
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    right = 0
    for _ in range(60):
        logits = network(images)
        right = int((logits.argmax(1) == labels).sum())
        if right == 32:
            break
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(logits, labels).backward()
        optimiser.step()
    assert right == 32
