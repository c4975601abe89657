"""Every family's networks: stages that hold each parameter once, freezing by structure, weights from files."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from safetensors.torch import save_file  # noqa: E402

import clips  # noqa: E402
from flaneur.errors import InputError, UsageError, WeightsError  # noqa: E402
from flaneur.models.backbones import create_backbone, freeze  # noqa: E402
from flaneur.models.network import build_network  # noqa: E402
from flaneur.models.shims import load_timm  # noqa: E402
from flaneur.models.weights import find_weights, read_weights  # noqa: E402
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402

pytestmark = pytest.mark.train
SHARED = Path(__file__).parents[3] / "shared" / "weights"
TINY = "timm/test_efficientnet"
LISTED = {  # of the issue, and one of each other kind: parameters without the classifier, stages
    "timm/resnet18": (11_176_512, 5),
    "timm/resnet50": (23_508_032, 5),
    "timm/densenet121": (6_953_856, 5),
    "timm/densenet169": (12_484_480, 5),
    "timm/vgg16": (14_714_688, 5),
    "timm/tf_efficientnetv2_b0": (5_610_384, 5),
    "timm/mobilenetv2_100": (1_811_712, 5),
    "timm/vit_tiny_patch16_224": (5_524_032, 12),
    "timm/convnext_atto": (3_373_880, 4),
    "timm/swin_tiny_patch4_window7_224": (27_517_818, 4),
    "torchvision/googlenet": (5_599_904, 11),
    "seed/cnn3": (93_696, 3),
    "seed/cnn5": (979_968, 5),
    "seed/cnn8": (1_174_176, 4),
    "seed/skip10": (2_355_360, 5),
    "seed/small": (28_640, 3),
    "seed/alexnet": (2_334_080, 5),
    "seed/vgg_s": (6_528_640, 5),
}


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def ghost(name, **fields):
    """A network without numbers: built at once, whatever its size."""
    with torch.device("meta"):
        return create_backbone(NetworkRule(name, initial="random", **{"pooling": "mean", **fields})).eval()


def real(name=TINY, seed=0, **fields):
    torch.manual_seed(seed)
    return create_backbone(NetworkRule(name, **{"initial": "random", **fields}))


def count(module):
    return sum(parameter.numel() for parameter in module.parameters())


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Weights of a tiny architecture with its classifier, as timm names them."""
    timm = load_timm()
    torch.manual_seed(1)
    path = tmp_path_factory.mktemp("weights") / "test_efficientnet.safetensors"
    save_file(timm.create_model("test_efficientnet").state_dict(), path)
    return path


@pytest.mark.parametrize("name", LISTED)
def test_builds_with_published_parameters_and_maps_of_the_channels_it_says(name):
    backbone = ghost(name)
    parameters, stages = LISTED[name]
    assert count(backbone) == parameters
    assert len(backbone.channels) == stages
    side = backbone.preprocess.size_px
    maps = backbone.maps(torch.empty(2, 3, side, side, device="meta"), stages)
    assert [one.shape[1] for one in maps] == list(backbone.channels)
    assert all(one.ndim == 4 and one.shape[0] == 2 for one in maps)
    assert [one.shape for one in backbone.maps(torch.empty(2, 3, side, side, device="meta"), 2)] == [
        one.shape for one in maps[-2:]
    ]


@pytest.mark.parametrize("pooling", ["mean", "own"])
@pytest.mark.parametrize("name", [*LISTED, "timm/mvitv2_tiny"])
def test_parts_hold_every_parameter_once_in_order(name, pooling):
    backbone = ghost(name, pooling=pooling)
    held = [id(parameter) for part in backbone.parts() for parameter in part.parameters()]
    assert sorted(held) == sorted(id(parameter) for parameter in backbone.parameters())
    assert len(held) == len(set(held))
    assert all(count(part) for part in backbone.parts())


@pytest.mark.parametrize("name", ["timm/resnet18", "timm/densenet121", "timm/vit_tiny_patch16_224", "timm/vgg16"])
def test_the_last_stage_is_what_its_map_needs_and_the_first_has_the_stem(name):
    parts = ghost(name).parts()
    last = {key.replace("/", ".").partition(".")[0] for key in parts[-1].state_dict()}
    first = " ".join(parts[0].state_dict())
    assert last <= {"layer4", "features", "blocks"}
    assert {"timm/resnet18": "conv1", "timm/vgg16": "features/0", "timm/densenet121": "conv0"}.get(
        name, "pos_embed"
    ) in first


def test_only_the_last_inception_module_of_googlenet_is_trained():
    backbone = ghost("torchvision/googlenet")
    freeze(backbone, 1)
    trained = {name for name, parameter in backbone.network.named_parameters() if parameter.requires_grad}
    assert {name.partition(".")[0] for name in trained} == {"inception5b"}
    assert len(trained) == len(list(backbone.network.inception5b.parameters()))


@pytest.mark.parametrize("stages", range(-1, 6))
def test_every_freeze_depth_trains_so_many_parts_from_the_end(stages):
    backbone = ghost("timm/densenet121")
    freeze(backbone, stages)
    trained = [all(parameter.requires_grad for parameter in part.parameters()) for part in backbone.parts()]
    assert trained == [True] * 5 if stages == -1 else [False] * (5 - stages) + [True] * stages


@pytest.mark.parametrize(("name", "stages"), [("timm/resnet18", 6), ("seed/cnn3", 4), ("seed/cnn3", -2)])
def test_an_impossible_depth_is_one_line_that_says_how_many_there_are(name, stages):
    backbone = ghost(name)
    with pytest.raises(UsageError, match=rf"^trained_stages = {stages}: {name} has {len(backbone.channels)} stages"):
        freeze(backbone, stages)


def test_frozen_parts_keep_statistics_in_training_and_others_do_not():
    backbone = real()
    freeze(backbone, 2)
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    backbone.train()
    backbone.maps(torch.randn(4, 3, 64, 64), 1)
    changed = {name for name, value in backbone.state_dict().items() if not torch.equal(value, before[name])}
    moving = {f"network.{key.replace('/', '.')}" for part in backbone.parts()[3:] for key in part.state_dict()}
    assert changed == {name for name in moving if "running" in name or "num_batches" in name}
    assert not any(module.training for part in backbone.parts()[:3] for module in list(part.modules())[1:])
    assert all(module.training for part in backbone.parts()[3:] for module in list(part.modules())[1:])
    assert not backbone.eval().training


def test_own_embedding_is_what_timms_classifier_sees():
    import timm

    for name in ("test_efficientnet", "test_vit", "test_resnet"):
        torch.manual_seed(3)
        network = timm.create_model(name).eval()
        backbone = real(f"timm/{name}", seed=3, pooling="own").eval()
        images = torch.randn(2, 3, 160, 160)
        with torch.no_grad():
            embedding, last = backbone.own(images)
            assert torch.allclose(network.get_classifier()(embedding), network(images), atol=1e-5)
        assert embedding.shape == (2, backbone.own_dim)
        assert last.shape[1] == backbone.channels[-1]


def test_weights_with_a_classifier_without_one_and_in_half_precision(file, tmp_path):
    full = real(weights=str(file), initial="pretrained").state_dict()
    tensors = read_weights(file, torch.device("cpu")).tensors
    bare = {key: value.half() if value.is_floating_point() else value for key, value in tensors.items()}
    bare = {key: value for key, value in bare.items() if not key.startswith("classifier.")}
    save_file(bare, tmp_path / "half.safetensors")
    half = real(weights=str(tmp_path / "half.safetensors"), initial="pretrained").state_dict()
    assert {value.dtype for value in half.values()} == {torch.float32, torch.int64}
    for name, value in full.items():
        assert torch.equal(value, tensors[name.removeprefix("network.")])
        assert torch.allclose(value, half[name], rtol=1e-3, atol=1e-4)


def test_a_folder_of_weights_is_asked_for_the_networks_name(file):
    assert find_weights(file.parent, "test_efficientnet.r160_in1k") == file
    whole = real("timm/test_efficientnet.r160_in1k", weights=str(file.parent), initial="pretrained")
    again = real(weights=str(file), initial="pretrained")
    assert all(torch.equal(a, b) for a, b in zip(whole.parameters(), again.parameters(), strict=True))


def test_what_a_training_left_is_a_start_for_another(tmp_path):
    left = build_network(NetworkRule(TINY, initial="random", size_px=32), 4, size_px=32).eval()
    file = tmp_path / "weights.safetensors"
    save_file({key: value.contiguous() for key, value in left.state_dict().items()}, file)
    with torch.device("meta"):
        create_backbone(NetworkRule(TINY, weights=str(file)))
    again = create_backbone(NetworkRule(TINY, weights=str(file))).eval()
    images = torch.rand(2, 3, 32, 32)
    for one, other in zip(left.encoder.backbone.maps(images, 3), again.maps(images, 3), strict=True):
        assert torch.equal(one, other)
    with pytest.raises(InputError, match="does not fit timm/test_vit"):
        create_backbone(NetworkRule("timm/test_vit", weights=str(file)))


@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_weights_that_do_not_fit_name_the_tensor_and_both_shapes(file, tmp_path, device):
    tensors = dict(read_weights(file, torch.device("cpu")).tensors)
    cases = {
        r"'conv_stem.weight' has shape \[1, 2\] and needs \[24, 3, 3, 3\]\. Name": tensors
        | {"conv_stem.weight": torch.zeros(1, 2)},
        r"'bn1.bias' is missing\. ": {key: value for key, value in tensors.items() if key != "bn1.bias"},
        r"'stranger' is not of this network\. ": tensors | {"stranger": torch.zeros(1)},
        r"is missing \(\d+ tensors differ\)": {"stranger": torch.zeros(1)},
    }
    for says, state in cases.items():
        save_file(state, tmp_path / "wrong.safetensors")
        with torch.device(device), pytest.raises(InputError, match=says) as caught:
            create_backbone(NetworkRule(TINY, weights=str(tmp_path / "wrong.safetensors")))
        assert "\n" not in str(caught.value)
        assert f"does not fit {TINY}" in str(caught.value)


def test_looking_at_weights_reads_no_numbers(file):
    found = read_weights(file, torch.device("meta"))
    assert {value.device.type for value in found.tensors.values()} == {"meta"}
    with torch.device("meta"):
        backbone = create_backbone(NetworkRule(TINY, weights=str(file)))
    assert {parameter.device.type for parameter in backbone.parameters()} == {"meta"}


def test_files_that_are_none_are_one_line(file, tmp_path):
    with pytest.raises(InputError, match=r"no such weight file\. Did you mean 'test_efficientnet.safetensors'"):
        find_weights(file.parent / "test_eficientnet.safetensors", "test_efficientnet")
    with pytest.raises(WeightsError, match=r"has no test_efficientne\.safetensors\. Name the weight file itself"):
        find_weights(file.parent, "test_efficientne")  # never the file of another network
    with pytest.raises(WeightsError, match=r"neither resnet18\.b\.safetensors nor resnet18\.safetensors\. Name"):
        find_weights(file.parent, "resnet18.b")
    (tmp_path / "resnet18.tv_in1k.safetensors").touch()
    (tmp_path / "resnet34.b.safetensors").touch()
    with pytest.raises(WeightsError, match=r"Did you mean 'resnet18.tv_in1k.safetensors'\?"):
        find_weights(tmp_path, "resnet18.b")
    with pytest.raises(InputError, match="a pickled weight file runs code"):
        find_weights(tmp_path / "resnet18.pth", "resnet18")
    (tmp_path / "text.safetensors").write_text("no weights at all")
    for device in ("cpu", "meta"):
        for name in ("text.safetensors", "resnet18.tv_in1k.safetensors"):
            with pytest.raises(InputError, match=r"not readable as safetensors .*Get the file again, or name another"):
                read_weights(tmp_path / name, torch.device(device))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("resnet18", "'resnet18' names no network: say FAMILY/NAME, such as timm/resnet18"),
        ("timm/", "'timm/' names no network"),
        ("tim/resnet18", "there is no family 'tim'. Did you mean 'timm'"),
        ("zzz/resnet18", "there is no family 'zzz'. There are: clip, seed, timm, torchvision."),
        ("timm/resnet5o", "timm has no network called 'resnet5o'. Did you mean 'resnet50'"),
        ("timm/resnet18.foo", "timm/resnet18 has no weights called 'foo'"),
        ("seed/cnn4", "seed has no network called 'cnn4'. Did you mean"),
        ("seed/resnet18", "seed has no network called 'resnet18'. It has: cnn3, cnn5"),
        ("torchvision/googlnet", "Did you mean 'googlenet'"),
    ],
)
def test_unknown_names_are_one_line_with_a_way_out(name, says):
    with pytest.raises(UsageError) as caught:
        create_backbone(NetworkRule(name, initial="random"))
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("seed/cnn3", 'nobody publishes weights of it. Say initial = "random"'),
        ("timm/efficientnet_b8", 'nobody publishes weights of it. Say initial = "random"'),
        ("torchvision/googlenet", "torchvision publishes its weights pickled"),
        ("timm/legacy_seresnet18", "its weights are published pickled alone"),
    ],
)
def test_networks_without_weights_on_a_hub_say_what_to_do(name, says):
    with torch.device("meta"), pytest.raises(UsageError, match=says):
        create_backbone(NetworkRule(name))


def test_the_hubs_weights_are_safetensors_or_none(file, tmp_path, monkeypatch, capfd):
    name, where = f"{TINY}.r160_in1k", "timm/test_efficientnet.r160_in1k"
    with clips.hub({f"{where}/model.safetensors": file.read_bytes()}) as (address, _):
        clips.use_hub(monkeypatch, address, tmp_path / "one")
        fetched = create_backbone(NetworkRule(name)).state_dict()
    local = real(name, weights=str(file), initial="pretrained").state_dict()
    assert all(torch.equal(fetched[key], value) for key, value in local.items())
    with clips.hub({f"{where}/pytorch_model.bin": b"pickled"}) as (address, seen):
        clips.use_hub(monkeypatch, address, tmp_path / "two")
        with pytest.raises(WeightsError, match=r"has no model\.safetensors on the hub, and pickled .*--weights FILE"):
            create_backbone(NetworkRule(name))
        assert not any("pytorch_model" in line for line in seen)
    capfd.readouterr()
    with pytest.raises(WeightsError, match=r"could not be fetched from the hub .*with --weights FILE"):
        create_backbone(NetworkRule(name))  # the server is gone
    assert capfd.readouterr().err == ""


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared/weights, pretrained backbones, is not beside this checkout")
@pytest.mark.parametrize(
    "name", ["densenet169", "mobilenetv2_100", "tf_efficientnetv2_b0", "tf_mobilenetv3_large_minimal_100"]
)
def test_real_weights_load(name):
    backbone = create_backbone(NetworkRule(f"timm/{name}", weights=str(SHARED)))
    assert all(torch.isfinite(value).all() for value in backbone.state_dict().values())
    with torch.device("meta"):
        create_backbone(NetworkRule(f"timm/{name}", weights=str(SHARED)))
