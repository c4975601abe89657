"""A tiny timm network: it exports what torch computes, and wrong names and weights are one clear line."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from flaneur import onnx_graph  # noqa: E402
from flaneur.errors import InputError, UsageError  # noqa: E402
from flaneur.models.encoders.timm_encoder import PooledStages, create_backbone  # noqa: E402
from flaneur.models.network import AveragedWeights, CityNet, parameter_groups  # noqa: E402
from flaneur.training.export import export_encoder, frozen_encoder  # noqa: E402

pytestmark = pytest.mark.train
NETWORK = "test_efficientnet"
SIZE_PX = 64


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weight file of a tiny architecture, random."""
    from safetensors.torch import save_file

    from flaneur.models.shims import declare_torchvision_operators

    declare_torchvision_operators()
    import timm

    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_file(timm.create_model(NETWORK).state_dict(), path)
    return path


def test_export_agrees_with_torch_and_names_its_outputs(weights: Path) -> None:
    encoder = PooledStages(create_backbone(NETWORK, weights), 2)
    graph = export_encoder(encoder, SIZE_PX)  # compares at batch 1, 2 and 7 itself
    assert [output.name for output in graph.graph.output] == ["embedding", "feature_map"]
    assert onnx_graph.embedding_dim(graph) == encoder.dim


def test_frozen_encoder_is_an_encoder(weights: Path) -> None:
    encoder = frozen_encoder(NETWORK, weights, stages=2)
    size_px = encoder.preprocess.size_px
    images = np.random.default_rng(0).standard_normal((3, 3, size_px, size_px)).astype(np.float32)
    embedding = encoder.embed(images)
    assert embedding.shape == (3, encoder.dim)
    assert np.allclose(encoder.embed(images[1:2])[0], embedding[1], atol=1e-4)
    assert encoder.hash != frozen_encoder(NETWORK, weights, stages=1).hash


def test_wrong_weights_and_names_are_one_clear_line(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Did you mean 'resnet50'"):
        create_backbone("resnet5o", weights)
    with pytest.raises(InputError, match="does not fit timm's test_resnet"):
        create_backbone("test_resnet", weights)
    with pytest.raises(InputError, match="not readable as safetensors"):
        create_backbone(NETWORK, tmp_path / "absent.safetensors")
    (tmp_path / "text.safetensors").write_text("no weights at all")
    with pytest.raises(InputError, match="not readable as safetensors"):
        create_backbone(NETWORK, tmp_path / "text.safetensors")
    with pytest.raises(UsageError, match="has 1 to"):
        PooledStages(create_backbone(NETWORK, weights), 99)


def test_parameter_groups_cover_every_parameter_once(weights: Path) -> None:
    network = CityNet(PooledStages(create_backbone(NETWORK, weights), 2), 3, 0.0)
    groups = parameter_groups(network, lr_head=1e-2, lr_backbone=1e-3, lr_decay=0.5, weight_decay=0.1)
    grouped = [id(p) for group in groups for p in group["params"]]  # type: ignore[attr-defined]
    assert sorted(grouped) == sorted(id(p) for p in network.parameters())
    assert groups[0]["lr"] == 1e-2
    assert min(group["lr"] for group in groups) < 5e-4  # type: ignore[type-var]


def test_average_follows_the_weights() -> None:
    network = torch.nn.Linear(1, 1)
    average = AveragedWeights(network, 0.5)
    start = average.network.weight.item()
    with torch.no_grad():
        network.weight.fill_(start + 1)
    average.update(network, step=1000)
    assert average.network.weight.item() == pytest.approx(start + 0.5)
