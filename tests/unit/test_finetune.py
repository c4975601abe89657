"""Fine-tuning on a tiny network: it learns, resumes to the same weights, and exports what torch computes."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from PIL import Image  # noqa: E402

from flaneur import onnx_graph  # noqa: E402
from flaneur.errors import InputError, UsageError  # noqa: E402
from flaneur.models.encoders.timm_encoder import PooledStages, create_backbone, preprocess_of  # noqa: E402
from flaneur.models.network import AveragedWeights, CityNet, parameter_groups  # noqa: E402
from flaneur.training.augment import augment  # noqa: E402
from flaneur.training.export import export_encoder, frozen_encoder  # noqa: E402
from flaneur.training.loader import LabelledPhoto, epoch_order, training_batches  # noqa: E402
from flaneur.training.loop import Examples, fit  # noqa: E402
from flaneur.training.recipe import AugmentRule, DataRule, NetworkRule, Recipe, TrainingRule  # noqa: E402

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


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> list[LabelledPhoto]:
    """Reddish against bluish noise."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    found = []
    for number in range(32):
        label = number % 2
        pixels = rng.integers(0, 120, (SIZE_PX, SIZE_PX, 3))
        pixels[..., 2 * label] += 100
        path = folder / f"{number}.png"
        Image.fromarray(pixels.astype(np.uint8)).save(path)
        found.append(LabelledPhoto(path, label))
    return found


def _recipe(epochs: int = 5) -> Recipe:
    sizes = {"epochs_small": 1, "size_small_px": 48, "size_large_px": 80, "epochs_finish": 1, "lr_finish": 0.1}
    rule = TrainingRule(epochs=epochs, batch=4, lr_head=0.03, lr_backbone=3e-3, ema=0.5, threads=1, **sizes)
    return Recipe(
        "tiny",
        DataRule("none"),
        NetworkRule(f"timm/{NETWORK}"),
        rule,
        AugmentRule(crop_area_min=0.8, colour=0.1, grey=0),
    )


def _train(
    weights: Path, photos: list[LabelledPhoto], run: Path, stop_after: int = 99
) -> tuple[CityNet, list[dict[str, float]]]:
    class StopError(Exception):
        pass

    lines: list[dict[str, float]] = []

    def log(line: dict[str, float]) -> None:
        lines.append(line)
        if len(lines) == stop_after:
            raise StopError

    run.mkdir(exist_ok=True)
    torch.manual_seed(1)
    backbone = create_backbone(NETWORK, weights)
    network = CityNet(PooledStages(backbone, 2), 2, dropout=0.1)
    try:
        return fit(network, preprocess_of(backbone, SIZE_PX), Examples(photos, photos, 2), _recipe(), run, log), lines
    except StopError:
        return network, lines


def test_learns_and_resumes_to_the_same_weights(weights: Path, photos: list[LabelledPhoto], tmp_path: Path) -> None:
    whole, lines = _train(weights, photos, tmp_path / "whole")
    assert lines[-1]["accuracy"] >= 0.9
    _train(weights, photos, tmp_path / "broken", stop_after=2)
    resumed, later = _train(weights, photos, tmp_path / "broken")
    assert [line["epoch"] for line in later] == [3, 4, 5, 6]
    assert [line["size_px"] for line in lines] == [48, 80, 80, 80, 80, SIZE_PX]
    for (name, one), other in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


def test_every_layer_changes(weights: Path, photos: list[LabelledPhoto], tmp_path: Path) -> None:
    before = PooledStages(create_backbone(NETWORK, weights), 2).state_dict()
    trained, _ = _train(weights, photos, tmp_path / "run")
    after = trained.encoder.state_dict()
    frozen = [key for key, value in before.items() if key.endswith("weight") and torch.equal(value, after[key])]
    assert frozen == []


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


def test_batches_are_the_same_for_a_seed_and_differ_between_seeds(photos: list[LabelledPhoto]) -> None:
    spec = preprocess_of(create_backbone_stub(), SIZE_PX)
    order = np.arange(16)
    one, again, other = (
        next(training_batches(photos, spec, AugmentRule(), order, batch=8, seed=seed)).images for seed in (1, 1, 2)
    )
    assert one.shape == (8, 3, SIZE_PX, SIZE_PX)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def create_backbone_stub() -> object:
    """Only the configuration that preprocessing is read from."""

    config = {"mean": (0.5,) * 3, "std": (0.5,) * 3, "input_size": (3, 64, 64), "interpolation": "bicubic"}
    return SimpleNamespace(pretrained_cfg=config)


@pytest.mark.parametrize("balance", [0.0, 0.5, 1.0])
def test_epoch_order_is_one_epoch_long_and_balances(balance: float) -> None:
    labels = np.array([0] * 90 + [1] * 10)
    order = epoch_order(labels, balance, np.random.default_rng(0))
    assert len(order) == 100
    rare = (labels[order] == 1).sum()
    assert rare == {0.0: 10, 0.5: 25, 1.0: 50}[balance]


def test_augmenting_keeps_size_and_varies() -> None:
    photo = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 160, 3)).astype(np.uint8))
    rng = np.random.default_rng(0)
    seen = [augment(photo, 48, AugmentRule(erase=1, jpeg=1, blur=1, shrink=1, flip=1, grey=1), rng) for _ in range(3)]
    assert {image.size for image in seen} == {(48, 48)}
    assert len({image.tobytes() for image in seen}) == 3
