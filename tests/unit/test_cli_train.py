"""``flaneur train``: what it prints, which flags it refuses."""

from __future__ import annotations

import json

import pytest

from bundles import SPEC, tiny_bundle, tiny_card, tiny_model
from flaneur.bundle.folder import read_bundle, write_bundle
from flaneur.cli.main import run
from flaneur.protocols import PreprocessSpec
from flaneur.training import by_recipe
from worlds import make_dataset


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    dataset = make_dataset(home / "made", ["lyon", "oslo", "rome"])
    (home / "datasets").mkdir()
    dataset.root.rename(home / "datasets" / "toy")
    tiny_bundle(home / "models" / "tiny")
    card = tiny_card(preprocess=PreprocessSpec(SPEC.size_px, SPEC.mean, (0.2, 0.2, 0.2)))
    write_bundle(home / "models" / "other", tiny_model(3), card)
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
            "--weights goes with a network",
        ),
        (["--dataset", "toy", "--encoder", "tiny", "--split", "other"], 3, "no split called 'other'"),
        (["missing.toml"], 2, "missing.toml: cannot be read"),
        (["missing.toml", "--encoder", "base"], 2, "--encoder has no effect beside a recipe"),
        (["--dataset", "toy", "--epochs", "3"], 2, "--epochs has no effect without a RECIPE"),
        (["--dataset", "toy", "--log-to", "wandb"], 2, "--log-to has no effect without a RECIPE"),
        (["--dataset", "toy", "--head", "mlpp"], 2, "Did you mean 'mlp'?"),
        (["--dataset", "toy", "--random-weights"], 2, "--random-weights has no effect without a RECIPE"),
        (["--dataset", "toy", "--encoder", "tiny", "--encoder", "tiny"], 2, "--encoder tiny is given twice"),
        (["--dataset", "toy", "--encoder", "tiny", "--encoder", "base"], 2, "tiny has 32, base 160. Name some that"),
        (["--dataset", "toy", "--encoder", "tiny", "--name", "sub/.."], 2, "'sub/..' cannot be the name of a model"),
        (["finetune"], 2, "Name what to learn: --dataset NAME"),
        (["finetune", "--dataset", "toy", "--name", "base"], 2, "'base' is the bundled model"),
        (["small", "--dataset", "toy", "--variant", "x"], 2, "flaneur: small has no variants"),
        (["littleplanett", "--dataset", "toy"], 2, "Did you mean 'littleplanet'?"),
    ],
)
def test_every_mistake_is_one_line(words, code, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["train", *words]) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert message in shown.err


RECIPE = """
name = "tuned"
[data]
dataset = "nowhere"
[network]
backbone = "timm/test_efficientnet"
[training]
epochs = 12
[[variants]]
name = "one"
[[variants]]
name = "two"
"""


@pytest.fixture
def recipe(tmp_path):
    path = tmp_path / "recipe.toml"
    path.write_text(RECIPE)
    return str(path)


@pytest.fixture
def seen(monkeypatch):
    """What the training is called with; the training itself is tested in test_by_recipe."""
    called = []

    def ready(dataset, recipe, run, out, **more):
        called.append((recipe, run, out, more))
        return tiny_bundle(out, name=recipe.name)

    monkeypatch.setattr(by_recipe, "train_by_recipe", ready)
    return called


def test_a_recipe_is_run_as_the_flags_say(capsys, home, recipe, seen):
    words = [recipe, "--dataset", "toy", "--weights", "w.safetensors", "--variant", "two", "--epochs", "3"]
    assert run(["train", *words, "--head", "trained", "--device", "cpu", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["name"] == "tuned-two"
    ((made, folder, out, more),) = seen
    assert (made.network.weights, made.training.epochs, made.head.kind) == ("w.safetensors", 3, "trained")
    assert made.notes == "Run with 3 epochs instead of 12."
    assert (folder, out) == (home / "runs" / "tuned-two", home / "models" / "tuned-two")
    assert (more["device"], more["replace"]) == ("cpu", False)


def test_ctrl_c_is_one_line_that_says_how_to_go_on(capsys, recipe, monkeypatch):
    def stopped(*given, **more):
        raise KeyboardInterrupt

    monkeypatch.setattr(by_recipe, "train_by_recipe", stopped)
    assert run(["train", recipe, "--dataset", "toy"]) == 130
    assert capsys.readouterr().err == "flaneur: stopped. The same command goes on from the last checkpoint.\n"


def test_only_the_first_of_several_processes_talks(capsys, recipe, monkeypatch):
    def helped(*given, log, progress, **more):
        assert progress is None
        log({"epoch": 1, "of": 1, "loss": 1.0})
        raise SystemExit(0)

    monkeypatch.setattr(by_recipe, "train_by_recipe", helped)
    monkeypatch.setenv("RANK", "1")
    with pytest.raises(SystemExit):
        run(["train", recipe, "--dataset", "toy"])
    assert capsys.readouterr() == ("", "")


def test_another_model_gives_way_only_if_told(capsys, home):
    words = ["train", "--dataset", "toy", "--name", "kept", "--encoder", "tiny"]
    assert run(words) == 0
    made = (home / "models" / "kept" / "card.json").stat().st_mtime_ns
    assert run(words) == 0  # the same again is there already
    assert (home / "models" / "kept" / "card.json").stat().st_mtime_ns == made
    capsys.readouterr()
    assert run([*words, "--head", "prototype"]) == 2
    assert "--replace" in capsys.readouterr().err
    assert run([*words, "--head", "prototype", "--replace"]) == 0
    assert read_bundle(home / "models" / "kept").card.training["rule"]["head"]["kind"] == "prototype"


def test_two_encoders_stand_side_by_side(home):
    words = ["train", "--dataset", "toy", "--name", "both", "--encoder", "tiny", "--encoder", "other"]
    assert run(words) == 0
    card = read_bundle(home / "models" / "both").card
    assert (card.encoder.name, card.encoder.dim) == ("tests/tiny + tests/tiny", 24)


def test_a_model_named_by_a_path_has_its_run_beside_it(tmp_path, recipe, seen, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["--dataset", "toy", "--variant", "two", "--name", "sub/mod", "--json"]
    assert run(["train", recipe, *words]) == 0
    ((made, folder, out, _),) = seen
    assert (made.name, str(folder), str(out)) == ("mod", "sub/mod.run", "sub/mod")
    assert run(["train", "--dataset", "toy", "--encoder", "tiny", "--name", "sub/plain"]) == 0
    assert read_bundle(tmp_path / "sub" / "plain").card.name == "plain"


@pytest.mark.parametrize("name", ["../x", "sub/mod", ".hidden", "a b"])
def test_a_recipe_file_names_no_path(name, recipe, tmp_path, capsys):
    path = tmp_path / "other.toml"
    path.write_text(RECIPE.replace('"tuned"', f'"{name}"'))
    assert run(["train", str(path), "--dataset", "toy"]) == 2
    told = capsys.readouterr().err
    assert "cannot be the name of a model" in told
    assert "--output" in told


def test_random_first_weights_by_flag(recipe, seen, capsys):
    assert run(["train", recipe, "--dataset", "toy", "--random-weights"]) == 0
    network, notes = seen[0][0].network, seen[0][0].notes
    assert (network.initial, network.weights) == ("random", "")
    assert notes == "Random first weights instead of pretrained ones."


def test_among_three_cities_the_first_three_are_no_news(capsys):
    assert run(["train", "--dataset", "toy", "--name", "few", "--encoder", "tiny"]) == 0
    assert "right among 3" not in capsys.readouterr().out


def test_what_differs_from_the_model_that_is_there_is_said(capsys):
    words = ["train", "--dataset", "toy", "--name", "there", "--encoder", "tiny"]
    assert run(words) == 0
    assert run([*words, "--head", "logistic"]) == 2
    assert "from toy): head.kind blend → logistic. Choose another --name" in capsys.readouterr().err
