"""A reproduction: two splits, two trainings, one table; what is finished is not done again."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.util import find_spec

import pytest

from flaneur.cli.main import run
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import open_dataset
from flaneur.metrics import Interval
from flaneur.training.paper_table import rows, to_markdown
from flaneur.training.recipes.paper import PaperResult
from flaneur.training.recipes.recipe_file import read_recipe
from flaneur.training.recipes.shipped import recipe_path
from flaneur.training.reproduce import published_split
from worlds import make_dataset

needs_torch = pytest.mark.skipif(
    not all(find_spec(name) for name in ("torch", "timm", "safetensors")), reason="needs the train extra"
)
TINY = """
name = "tiny"

[network]
backbone = "seed/small"
initial = "random"
size_px = 32
pooling = "mean"
standardise = false
head_start = "random"

[training]
epochs = 2
batch = 8
threads = 1
channels_last = false

[head]
kind = "trained"

[novelty]
methods = ["energy"]

[paper]
title = "A study"
cite = "Somebody 2020"
photos = "few"
protocol = "at random"
unsaid = ["much"]
differs = ["the photos"]

[[variants]]
name = "one"
[[variants.paper.results]]
what = "accuracy"
value = 0.9
note = "table 1"
[[variants.paper.results]]
what = "accuracy"
value = 0.8
note = "the text"

[[variants]]
name = "other"
[variants.network]
backbone = "seed/googlenet9000"
"""


@pytest.fixture(scope="module", autouse=True)
def quick():
    """An export takes seconds, and here nobody asks what a network answers."""
    if find_spec("torch") is None:
        yield
        return
    from exports import exported_once

    with exported_once():
        yield


@pytest.fixture
def world(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    made = make_dataset(tmp_path / "data", ["rome", "oslo"], places=8)
    split_dataset(made, SplitRule(cell_m=0, gap_m=0))
    (tmp_path / "tiny.toml").write_text(TINY, "utf-8")
    return made


def ends(value, half=0.05):
    return Interval(value, value - half, value + half, 100, 50).to_dict()


def test_rows_put_the_papers_number_beside_both_of_ours():
    runs = {
        "published": {"measures": {"accuracy": ends(0.8), "top3": ends(0.9)}},
        "honest": {"measures": {"accuracy": ends(0.6), "top3": ends(0.8)}},
    }
    made = rows([PaperResult("accuracy", 0.77), PaperResult("accuracy", 0.7), PaperResult("human", 0.3)], runs)
    assert [(row["what"], row["published"]) for row in made] == [
        ("accuracy", 0.77), ("accuracy", 0.7), ("human", 0.3), ("top3", None),
    ]  # fmt: skip
    assert made[0]["difference"]["value"] == pytest.approx(0.2)
    assert made[0]["difference"]["low"] < 0.2 < made[0]["difference"]["high"]
    assert made[1]["honest"] is None  # a contradiction, not a second measurement
    assert made[2]["as_published"] is None


def test_among_three_cities_the_first_three_are_no_news():
    runs = {"honest": {"measures": {"accuracy": ends(0.6), "top3": ends(1.0)}}}
    assert [row["what"] for row in rows([], runs, 3)] == ["accuracy"]
    assert [row["what"] for row in rows([], runs, 4)] == ["accuracy", "top3"]
    (_, published) = rows([PaperResult("top3", 0.9)], runs, 3)[::-1]
    assert (published["published"], published["honest"]) == (0.9, None)


def test_splits_as_published_are_kept_and_made_again_when_the_honest_one_changes(world):
    honest = world.split()
    made = published_split(world, honest, "photo")
    assert (made.name, made.rule.by) == ("as-published", "photo")
    assert [len(made.ids(part)) for part in ("train", "validation", "test")] == [
        len(honest.ids(part)) for part in ("train", "validation", "test")
    ]
    assert published_split(world, honest, "photo") == made
    assert set(open_dataset(world.root).manifest["split"]) == {"default", "as-published"}
    other, _ = split_dataset(world, SplitRule(cell_m=0, gap_m=0, train=0.5, validation=0.25, test=0.25))
    assert published_split(world, other, "photo").hash != made.hash
    whole = published_split(world, other, "place")
    assert (whole.name, whole.rule.cell_m, whole.rule.by) == ("as-published-places", 0.0, "place")


def test_a_split_by_photo_that_the_user_made_is_taken(world):
    mine, _ = split_dataset(world, SplitRule("as-published", 0.8, 0.1, 0.1, by="photo"))
    assert published_split(world, world.split(), "photo") == mine


def test_a_recipe_without_a_paper_is_refused(world, capsys):
    assert run(["reproduce", "probe", "--dataset", str(world.root)]) == 2
    assert "follows no paper" in capsys.readouterr().err


@pytest.mark.train
@needs_torch
def test_the_whole_way(world, tmp_path, capsys):
    command = ["reproduce", str(tmp_path / "tiny.toml"), "--dataset", str(world.root), "--epochs", "1", "--json"]
    assert run(command) == 0
    found = json.loads(capsys.readouterr().out)
    one, other = found["variants"]["one"], found["variants"]["other"]
    assert "no network called 'googlenet9000'" in other["not_run"]
    assert one["said"] == ["1 epoch instead of 2."]
    assert set(one["runs"]) == {"published", "honest"}
    assert one["runs"]["published"]["photos"] == one["runs"]["honest"]["photos"]
    row = one["rows"][0]
    assert row["difference"]["value"] == pytest.approx(row["as_published"]["value"] - row["honest"]["value"], abs=1e-4)
    folder = tmp_path / "home" / "runs" / "reproduce-tiny"
    card = json.loads((folder / "one/published/model/card.json").read_text("utf-8"))
    assert any("places are on both sides" in limit for limit in card["limits"])
    page = (folder / "reproduce.md").read_text("utf-8")
    assert page == to_markdown(json.loads((folder / "reproduce.json").read_text("utf-8")))
    for told in (
        "| one | accuracy | 90 % |",
        "as published (by photo)",
        "the text",
        "seed has no network called",
        "[other]",
    ):
        assert told in page
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.suffix in (".onnx", ".safetensors")}
    assert run(command) == 0
    assert json.loads(capsys.readouterr().out) == found
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert run([*command, "--variant", "other"]) == 2
    capsys.readouterr()
    weights = ["--encoder", "timm/test_efficientnet", "--weights", str(tmp_path)]
    pretrained = (tmp_path / "tiny.toml").read_text("utf-8").replace('initial = "random"', "")
    (tmp_path / "other.toml").write_text(pretrained, "utf-8")
    assert run(["reproduce", str(tmp_path / "other.toml"), *command[2:4], *weights]) == 3
    assert "has no test_efficientnet.safetensors" in (told := capsys.readouterr().err)
    assert "Or start at random: --random-weights." in told
    assert run([*command[:-3], "--variant", "one"]) == 2  # other epochs: another run lies there
    assert "another" in capsys.readouterr().err


@pytest.mark.train
@needs_torch
@pytest.mark.parametrize(
    ("name", "variant"),
    [
        ("city-guesser", "vgg16"), ("littleplanet", "last-inception"), ("three-views", "ensemble"),
        ("gsv-cities-23", "cnn"), ("urban-characteristics", "alexnet"),
    ],
)  # fmt: skip
def test_each_papers_recipe_trains_on_a_tiny_network(name, variant, world, tmp_path):
    from flaneur.training.by_recipe import train_by_recipe

    recipe = read_recipe(recipe_path(name), variant)
    pooling = "mean" if recipe.network.pooling == "own" else recipe.network.pooling
    network = replace(
        recipe.network, backbone="seed/small", initial="random", size_px=32, pooling=pooling, trained_stages=-1
    )
    training = replace(recipe.training, epochs=1, batch=8, threads=1)
    told = []
    bundle = train_by_recipe(
        world,
        replace(recipe, network=network, training=training),
        tmp_path / "run",
        tmp_path / "model",
        log=told.append,
    )
    assert len(told) == 1
    assert told[0]["loss"] > 0
    assert len(bundle.card.cities) == 2


@pytest.mark.train
@needs_torch
@pytest.mark.skipif(find_spec("open_clip") is None, reason="needs the train extra")
@pytest.mark.parametrize("variant", ["clip-zero-shot", "clip-probe"])
def test_clip_without_training(variant, world, tmp_path):
    import clips
    from flaneur.training.by_recipe import train_by_recipe

    weights = clips.save_clip(clips.tiny_clip(), tmp_path / "tiny.safetensors")
    recipe = read_recipe(recipe_path("gsv-cities-23"), variant)
    network = replace(recipe.network, backbone=f"clip/{clips.NAME}", weights=str(weights), size_px=clips.SIZE_PX)
    bundle = train_by_recipe(
        world, replace(recipe, network=network), tmp_path / "run", tmp_path / "model", log=lambda row: None
    )
    assert bundle.card.training["head"]["kind"] == ("logistic" if variant == "clip-probe" else "trained")
