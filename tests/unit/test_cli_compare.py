"""``flaneur compare`` from words to files, with real (tiny, untrained) bundles."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bundles import CITIES as TINY
from bundles import tiny_bundle
from flaneur.cli import main
from flaneur.cli.compare import compare
from flaneur.cli.evaluate import evaluate
from flaneur.dataset.store import Dataset
from flaneur.errors import InputError, UsageError
from flaneur.predict import Model
from worlds import make_dataset

PAIR = TINY[:2]  # whose centres are known, so that no gazetteer is opened


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str, Dataset]:
    folder = tmp_path_factory.mktemp("cli")
    one = tiny_bundle(folder / "one", PAIR, name="one").path
    other = tiny_bundle(folder / "other", PAIR, name="other", temperature=0.5).path
    return str(one), str(other), make_dataset(folder, ["paris", "rome"], places=4)


def run(*words: object) -> Result:
    return CliRunner().invoke(compare, [str(word) for word in words], catch_exceptions=False)


def test_models_then_their_answers_again(world: tuple[str, str, Dataset], tmp_path: Path) -> None:
    one, other, dataset = world
    first = run(one, other, "--dataset", dataset.root, "--split", "all", "--out", tmp_path / "a")
    assert first.exit_code == 0
    lines = first.stdout.splitlines()
    assert lines[0].split() == ["model", "accuracy", "macro", "recall", "top", "3", "ECE", "log", "loss", "answered"]
    assert [line.split()[0] for line in lines[1:3]] == ["one", "other"]
    assert "+ one and other are right for exactly the same photos." in lines
    assert "Comparison: " in first.stderr
    made = json.loads((tmp_path / "a" / "compare.json").read_text())
    assert made["command"] == f"flaneur compare {one} {other} --dataset {dataset.root} --split all"
    assert "data:image" not in (tmp_path / "a" / "compare.html").read_text()  # they never differ
    again = run(tmp_path / "a" / "one.parquet", tmp_path / "a" / "other.parquet", "--out", tmp_path / "b", "--json")
    told = json.loads(again.stdout)
    assert told == json.loads((tmp_path / "b" / "compare.json").read_text())
    assert {**told, "command": ""} == {**made, "command": ""}


def test_a_report_is_enough_and_a_table_has_its_photos_shown(world: tuple[str, str, Dataset], tmp_path: Path) -> None:
    one, _, dataset = world
    words = [one, str(dataset.root), "--split", "all", "--out", str(tmp_path / "report"), "--no-photos"]
    assert CliRunner().invoke(evaluate, words, catch_exceptions=False).exit_code == 0
    rows = [f"{photo.original},{photo.city}" for photo in dataset.photos]
    (tmp_path / "theirs.csv").write_text("\n".join(["photo,guess", *rows]))
    made = [tmp_path / "report", tmp_path / "theirs.csv", "--dataset", dataset.root]
    assert run(*made, "--out", tmp_path / "out").exit_code == 0
    page = (tmp_path / "out" / "compare.html").read_text()
    assert "Only theirs is right" in page
    assert "data:image/jpeg" in page
    assert "where positions" not in page
    run(*made, "--out", tmp_path / "out", "--no-photos")
    assert "data:image" not in (tmp_path / "out" / "compare.html").read_text()


def test_an_interrupt_leaves_no_half_comparison(
    world: tuple[str, str, Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = Model.scores

    def scores(model: Model, views: Any) -> Iterator[Any]:
        for number, found in enumerate(real(model, views)):
            if model.card.name == "other" and number == 3:
                raise KeyboardInterrupt
            yield found

    monkeypatch.setattr(Model, "scores", scores)
    words = ["compare", *world[:2], "--dataset", str(world[2].root), "--split", "all", "--out", str(tmp_path / "out")]
    assert main.run(words) == 130
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "flaneur: interrupted.\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.parquet"]


def test_a_folder_that_cannot_be_written_is_told_before_a_model_is_asked(
    world: tuple[str, str, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Model, "scores", lambda *_: pytest.fail("a model was asked"))
    (tmp_path / "file").write_text("")
    words = [*world[:2], "--dataset", world[2].root, "--split", "all", "--out"]
    with pytest.raises(InputError, match=str(tmp_path / "file" / "out")):
        run(*words, tmp_path / "file" / "out")
    with pytest.raises(InputError, match="No model called 'nosuch'"):
        run(world[0], "nosuch", *words[2:], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_part_of_no_dataset_is_refused(world: tuple[str, str, Dataset]) -> None:
    with pytest.raises(UsageError, match="add --dataset"):
        run(world[0], world[1], "--split", "test")
