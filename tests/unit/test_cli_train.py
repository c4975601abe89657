"""``flaneur train``: what it prints, which flags it refuses."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

from bundles import SPEC, tiny_bundle, tiny_encoder
from flaneur.bundle import read_bundle
from flaneur.cli import train
from flaneur.cli.main import run
from flaneur.onnx_graph import HeadParams, embedding_dim
from flaneur.training.learn import Tuning
from worlds import make_dataset


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    dataset = make_dataset(home / "made", ["lyon", "oslo", "rome"])
    (home / "datasets").mkdir()
    dataset.root.rename(home / "datasets" / "toy")
    tiny_bundle(home / "models" / "tiny")
    return home


@pytest.fixture(autouse=True)
def at_home(home, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(home))


def test_the_table_ends_with_the_next_command(capsys, home):
    assert run(["train", "--dataset", "toy", "--name", "mine", "--encoder", "tiny"]) == 0
    text = capsys.readouterr()
    assert text.out.splitlines()[0].startswith("mine: 3 cities, learnt from ")
    assert text.out.splitlines()[-1] == "Next:  flaneur evaluate mine toy --split test"
    assert "accuracy" in text.out
    assert "embedding ..." in text.err
    assert (home / "models" / "mine" / "card.json").is_file()


def test_json_holds_cities_thresholds_and_metrics(capsys, tmp_path):
    out = tmp_path / "elsewhere"
    assert run(["train", "--dataset", "toy", "--encoder", "tiny", "-o", str(out), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert [city["slug"] for city in facts["cities"]] == ["lyon", "oslo", "rome"]
    assert facts["name"] == "toy"
    assert facts["model"] == str(out)
    assert facts["abstain"]["novelty_method"] in ("max_probability", "energy", "neighbours", "combined")
    assert 0 <= facts["metrics"]["validation"]["accuracy"]["value"] <= 1


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        ([], 2, "Name what to learn"),
        (["--dataset", "toi"], 3, "Did you mean 'toy'"),
        (["--dataset", "toy", "--encoder", "tinny"], 3, "Did you mean 'tiny'"),
        (["--dataset", "toy", "--name", "base", "--encoder", "tiny"], 2, "'base' is the bundled model"),
        (
            ["--dataset", "toy", "--encoder", "tiny", "--weights", "w.safetensors"],
            2,
            "--weights goes with a timm encoder",
        ),
        (["--dataset", "toy", "--encoder", "tiny", "--split", "other"], 3, "no split called 'other'"),
        (["missing.toml"], 2, "missing.toml: cannot be read"),
        (["missing.toml", "--encoder", "base"], 2, "--encoder has no effect beside a recipe"),
    ],
)
def test_every_mistake_is_one_line(words, code, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["train", *words]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert message in shown.err


def test_a_recipe_goes_from_its_encoder_to_a_model(capsys, tmp_path, monkeypatch):
    """The fine-tuning itself is tested in test_finetune; here its place is taken by an encoder that is ready."""
    seen = []

    def ready(dataset, recipe, run):
        seen.append((recipe.network.weights, run.name))
        head = HeadParams(
            np.zeros((embedding_dim(tiny_encoder()), len(dataset.cities)), np.float32),
            np.zeros(len(dataset.cities), np.float32),
        )
        return SimpleNamespace(
            graph=tiny_encoder(), preprocess=SPEC, tuning=Tuning(head, {"recipe": {"name": recipe.name}})
        )

    monkeypatch.setattr(train, "_finetune", ready)
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('name = "tuned"\n[data]\ndataset = "nowhere"\n[network]\nbackbone = "timm/some"\n')
    words = [str(recipe), "--dataset", "toy", "--weights", "w.safetensors", "-o", str(tmp_path / "out"), "--json"]
    assert run(["train", *words]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["name"], facts["encoder"]["name"]) == ("tuned", "timm/some")
    card = read_bundle(tmp_path / "out").card
    assert card.training["recipe"] == {"name": "tuned"}
    assert seen == [("w.safetensors", "tuned")]
