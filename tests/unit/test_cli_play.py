"""``flaneur play`` from words to a served game, and its report, with a real (tiny, untrained) bundle."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from flaneur.cli.main import run
from flaneur.cli.play import play
from flaneur.dataset.store import Dataset
from flaneur.evaluation.api import evaluate
from flaneur.evaluation.measures.people import People, PlayedGame
from flaneur.evaluation.section import Findings
from flaneur.files import read_table
from flaneur.game.beside_report import with_people
from flaneur.game.game import Game, new_game, open_game
from flaneur.game.library import games
from flaneur.game.report.page import to_html
from flaneur.game.report.tables import ANSWERS
from flaneur.game.report.words import cautions, summary
from flaneur.game.settings import GameSettings
from flaneur.game.statistics.analysis import analyse
from flaneur.game.store import Store
from flaneur.metrics import Interval
from flaneur.predict import Model
from game_players import play_all
from game_world import game_dataset, game_model


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Model]:
    folder = tmp_path_factory.mktemp("play")
    return game_dataset(folder), game_model(folder)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What the server was given in place of serving; the game is played by two in the meantime."""
    calls: list[dict[str, Any]] = []

    def serve(models: list[Model], settings: Any, *, games: list[Game], told: Callable[[str], None]) -> None:
        (game,) = games
        told("http://127.0.0.1:8420")
        calls.append({"models": models, "settings": settings, "game": game.settings, "codes": play_all(game, 2)})

    monkeypatch.setattr("flaneur.serve.run.serve", serve)
    return calls


def test_a_game_is_served_played_and_reported(
    world: tuple[Dataset, Model], served: list[dict[str, Any]], tmp_path: Path
) -> None:
    dataset, model = world
    words = [str(dataset.root), "--model", str(model.bundle.path), "--rounds", "6", "--no-open", "--port", "0"]
    words += ["--seed", "3"]
    done = CliRunner().invoke(play, words, catch_exceptions=False)
    assert done.exit_code == 0
    assert "http://127.0.0.1:8420/play#join=" in done.stdout
    assert "was not checked" in done.stderr  # whether the model learnt from these photos
    (call,) = served
    assert (call["game"].name, call["game"].test_rounds, call["settings"].port) == ("toy-game", 6, 0)
    assert [one.name for one in call["models"]] == [model.name]
    done = CliRunner().invoke(
        play, ["toy-game", "--no-open", "--port", "0"], catch_exceptions=False
    )  # goes on: two more
    assert done.exit_code == 0
    done = CliRunner().invoke(play, ["toy", "--report", "--out", "out", "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert told == json.loads(Path("out/report.json").read_text("utf-8"))
    assert told["accuracy"]["people"] == 4
    assert told["accuracy"]["guesses"] == 24
    rows = list(csv.DictReader(Path("out/answers.csv").read_text("utf-8").splitlines()))
    table = read_table(Path("out/answers.parquet"))
    assert len(rows) == len(table) == 24
    assert [row["participant"] for row in rows] == [row["participant"] for row in table]
    right = sum(row["correct"] == "true" for row in rows)
    assert right == sum(row["correct"] for row in table)
    assert told["accuracy"]["value"] == pytest.approx(right / 24, abs=1e-6)
    model_right = sum(row["model_correct"] == "true" for row in rows)
    assert told["against_model"]["model"]["value"] == pytest.approx(model_right / 24, abs=1e-6)
    page = Path("out/report.html").read_text("utf-8")
    assert "flaneur play toy-game --report" in page
    assert page.count("data:image/jpeg") > 0


def test_an_experiment_follows_its_protocol_and_goes_on(
    world: tuple[Dataset, Model], served: list[dict[str, Any]], tmp_path: Path
) -> None:
    protocol = tmp_path / "study.toml"
    protocol.write_text("test_rounds = 6\ntraining_rounds = 3\nviews = 2\n", "utf-8")
    words = [str(world[0].root), "--model", "none", "--experiment", str(protocol), "--no-open", "--port", "0"]
    for _ in range(2):
        assert CliRunner().invoke(play, words, catch_exceptions=False).exit_code == 0
    assert [call["game"].name for call in served] == ["study", "study"]
    assert served[0]["models"][0].card.name == "base"  # the page answers with a model even where none plays
    done = CliRunner().invoke(play, ["study", "--report", "--no-photos"], catch_exceptions=False)
    assert "People were right for" in done.stdout
    page = Path("play-study/report.html").read_text("utf-8")
    assert "data:image" not in page
    assert "People beside the model" not in page
    assert {row["phase"] for row in read_table(Path("play-study/answers.parquet"))} == {"training", "test"}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["toy", "--experiment", "x.toml", "--rounds", "3"], 2, "--rounds has no effect with --experiment"),
        (["toy", "--json"], 2, "--json has no effect without --report"),
        (["toyy"], 3, "No dataset called 'toyy'"),
        (["toyy", "--report"], 3, "no game called 'toyy'"),
        (["begun", "--views", "2"], 2, "--views has no effect on 'begun'"),
        (["begun", "--report"], 3, "nobody has answered a test round yet"),
    ],
)
def test_what_makes_no_sense_is_told_in_one_line(
    words: list[str], code: int, said: str, world: tuple[Dataset, Model], capsys: pytest.CaptureFixture[str]
) -> None:
    new_game(world[0], None, GameSettings(name="begun", test_rounds=3)).close()
    assert run(["play", *words]) == code
    told = capsys.readouterr().err
    assert said in told
    assert told.count("\n") == 1


def test_an_experiment_of_that_name_hides_no_dataset(
    world: tuple[Dataset, Model], served: list[dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(world[0].root, tmp_path / "home" / "datasets" / "toy")
    tail = ["--model", "none", "--no-open", "--port", "0"]
    for name, code in (("toy", 2), ("study", 0)):
        (tmp_path / f"{name}.toml").write_text("test_rounds = 3\ntraining_rounds = 0\n", "utf-8")
        assert run(["play", "toy", "--experiment", f"{name}.toml", *tail]) == code
    assert "'toy' is a dataset's name. Give the game another, such as 'toy-game'." in capsys.readouterr().err
    (tmp_path / "study.toml").write_text("test_rounds = 6\ntraining_rounds = 0\n", "utf-8")
    assert run(["play", "toy", "--experiment", "study.toml", *tail]) == 2
    assert "with another dataset, model or settings" in capsys.readouterr().err
    assert len(served) == 1


@pytest.mark.usefixtures("served")
def test_others_are_told_where_to_go_and_what_to_type(
    world: tuple[Dataset, Model], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("a" * 20, "utf-8")
    monkeypatch.setattr("socket.gethostbyname_ex", lambda name: (name, [], ["127.0.1.1", "192.0.2.2"]))
    words = [str(world[0].root), "--model", "none", "--no-open", "--port", "0"]
    done = CliRunner().invoke(play, words, catch_exceptions=False)
    assert "On this computer only." in done.stdout
    words += ["--host", "0.0.0.0", "--token-file", "token", "--allow-host", "school.example"]
    done = CliRunner().invoke(play, words, catch_exceptions=False)
    with open_game("toy-game-2") as game:
        assert game.settings.title == "Guess the city: toy"
        others = done.stdout.splitlines()[1]
        assert "http://192.0.2.2:8420/play" in others
        assert "127." not in others
        assert f"and type {game.join_code}. Report:" in others


@pytest.mark.usefixtures("served")
def test_a_start_that_is_refused_leaves_no_game(
    world: tuple[Dataset, Model], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["play", str(world[0].root), "--model", "none", "--no-open", "--port"]
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert run([*words, str(taken.getsockname()[1])]) == 2
    assert run([*words, "0", "--rounds", "999"]) == 3
    assert run([*words, "0", "--host", "0.0.0.0"]) == 2  # no token
    assert capsys.readouterr().err.count("\n") == 3
    assert not (tmp_path / "home" / "games").exists()
    Store(tmp_path / "home" / "games" / "toy-game").close()  # as an older start left it
    assert games() == []
    assert run([*words, "0"]) == 0
    assert games() == ["toy-game"]


def test_every_column_and_key_is_described() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "json.md").read_text("utf-8")
    described = page.split("\n## Play\n")[1].split("\n## ")[0]
    fields = [item.name for item in dataclasses.fields(GameSettings)]
    for name in [*ANSWERS, "mantel_p", "split_half_ceiling", "agreement_kappa", "permutation_p"]:
        assert f"`{name}`" in described
    protocol = (Path(__file__).parents[2] / "docs" / "how-to" / "play.md").read_text("utf-8")
    assert [name for name in fields if f"`{name}`" not in protocol] == []


def test_several_games_on_a_dataset_are_listed(
    world: tuple[Dataset, Model], capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("one", "two"):
        new_game(world[0], None, GameSettings(name=name, test_rounds=3)).close()
    assert run(["play", "toy", "--report"]) == 2
    assert "several games on toy: one, two. Name one." in capsys.readouterr().err
    assert run(["play", str(world[0].root), "--name", "one"]) == 2
    assert "To go on: flaneur play one" in capsys.readouterr().err


def test_the_report_says_what_it_does_not_show_and_is_the_same_twice(world: tuple[Dataset, Model]) -> None:
    with new_game(*world, GameSettings(title="A <b> game", test_rounds=6)) as game:
        play_all(game, 1)
        found = analyse(game)
        alone = " ".join(cautions(found))
        assert "One person has played" in alone
        assert "could learn from them" in alone
        assert "no training phase" in alone
        assert "other photos before this person; 6 answers at 6 places" in summary(found)[0]
        page = to_html(found)
        assert page == to_html(analyse(game))
        assert "A &lt;b&gt; game" in page
        assert "<b>A" not in page
        play_all(game, 1, seed=1)
        assert "other people and other photos; 12 answers of 2 people at 6 places" in summary(analyse(game))[0]


def test_an_evaluation_tells_how_people_did_on_its_photos(world: tuple[Dataset, Model]) -> None:
    dataset, model = world
    report = evaluate(model, dataset)
    assert with_people(report) is report
    with new_game(dataset, None, GameSettings(test_rounds=12, cities=("paris", "rome", "sao-paulo"))) as game:
        play_all(game, 3)
        hits = [bool(row["correct"]) for row in game.store.played()]
        truths = [row["truth"] for row in game.store.played()]
        photos = [game.places[row["place"]][1].photos[0] for row in game.store.played()]
    with new_game(dataset, None, GameSettings(name="views", test_rounds=12, views=2)) as game:
        play_all(game, 1)  # several photos of a place: not of single photos, as the report is
    found = with_people(report).sections["people"]
    assert isinstance(found, People)
    (told,) = found.games
    assert (told.people, told.accuracy.n, told.accuracy.value) == (3, 36, pytest.approx(sum(hits) / 36))
    said = {photo.id: model.predict(dataset.image_path(photo)).ranking[0].city.slug for photo in dataset.photos}
    right = [said[photo] == truth for photo, truth in zip(photos, truths, strict=True)]
    assert told.model.value == pytest.approx(sum(right) / 36)
    assert told.difference.value == pytest.approx((sum(hits) - sum(right)) / 36)
    (sentence,) = (*found.findings().good, *found.findings().beware)
    assert "3 people (game: 36 answers to 12 photos)" in sentence


def test_whoever_did_better_is_no_strength_of_the_model_unless_it_did() -> None:
    def told(low: float, high: float) -> Findings:
        share = Interval(0.5, 0.4, 0.6, 20, 10)
        gap = Interval((low + high) / 2, low, high, 20, 10)
        return People((PlayedGame("game", 2, 8, share, share, gap, ""),)).findings()

    assert "it does better than these people (−80 to −10 points" in told(-0.8, -0.1).good[0]
    assert "these people do better (10 to 80 points" in told(0.1, 0.8).beware[0]
    assert "cannot be told" in told(-0.1, 0.8).beware[0]
    assert not told(0.1, 0.8).good
