"""``flaneur evaluate`` from words to files, with a real (tiny, untrained) bundle."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bundles import tiny_bundle
from flaneur.bundle.card import AbstainRule, DatasetInfo
from flaneur.bundle.folder import export_single, verify_bundle
from flaneur.cli.evaluate import evaluate
from flaneur.cli.main import run
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.errors import InputError, UsageError
from flaneur.evaluation import api, write
from flaneur.importers import folder
from flaneur.predict import Model, load
from worlds import make_dataset


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[Model, Path, Dataset]:
    folder = tmp_path_factory.mktemp("cli")
    model = load(tiny_bundle(folder / "tiny").path)
    known = [city.slug for city in model.cities]
    return model, model.bundle.path, make_dataset(folder, [*known, "delft"], places=6)


def test_report_on_stdout_and_in_files(world: tuple[Model, Path, Dataset], tmp_path: Path) -> None:
    model, path, dataset = world
    words = [str(path), str(dataset.root), "--split", "all", "--out", str(tmp_path / "out"), "--json", "--no-photos"]
    result = CliRunner().invoke(evaluate, words, catch_exceptions=False)
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made == json.loads((tmp_path / "out" / "report.json").read_text())
    assert made["cities"] == [city.slug for city in model.cities]
    assert made["origin"]["command"] == f"flaneur evaluate {path} {dataset.root} --split all"
    assert made["unknown_cities"]["cities"] == ["delft"]
    right = 0
    for photo in dataset.photos:
        if photo.city != "delft":
            right += model.predict(dataset.image_path(photo)).ranking[0].city.slug == photo.city
    assert made["accuracy"]["value"] == pytest.approx(right / made["counts"]["photos"], abs=1e-6)
    assert "data:image" not in (tmp_path / "out" / "report.html").read_text()
    assert "Report: " in result.stderr


def test_for_people(world: tuple[Model, Path, Dataset], tmp_path: Path) -> None:
    _, path, dataset = world
    result = CliRunner().invoke(
        evaluate, [str(path), str(dataset.root), "--out", str(tmp_path)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert result.stdout.startswith("accuracy ")
    assert "\n! " in result.stdout


def test_what_could_not_be_measured_says_so_instead_of_a_number(tmp_path: Path) -> None:
    never = tiny_bundle(tmp_path / "never", abstain=AbstainRule("neighbours", -1.0))
    dataset = make_dataset(tmp_path, ["paris"], places=2)
    words = [str(never.path), str(dataset.root), "--split", "all", "--out", str(tmp_path / "out"), "--no-photos"]
    result = CliRunner().invoke(evaluate, words, catch_exceptions=False)
    assert "right if answered  not measured: it answered none of these photos\n" in result.stdout
    page = (tmp_path / "out" / "report.html").read_text()
    assert "not measured: no such photo here" in page
    assert "nan" not in result.stdout
    assert "nan" not in re.sub("<style>.*</style>", "", page, flags=re.DOTALL)


def test_photos_it_learnt_from_are_found_under_any_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    make_dataset(tmp_path / "datasets" / "x", ["paris", "rome"], places=6)
    (tmp_path / "datasets" / "x" / "toy").rename(tmp_path / "datasets" / "toy")
    learnt = open_dataset("toy")
    card = {"dataset": DatasetInfo("toy", learnt.content_hash, 1, 1), "split_hash": learnt.split().hash}
    model = tiny_bundle(tmp_path / "tiny", **card).path

    def evaluated(name: str) -> str:
        words = [str(model), name, "--split", "all", "--out", str(tmp_path / "out"), "--no-photos"]
        return CliRunner().invoke(evaluate, words, catch_exceptions=False).stdout

    (tmp_path / "again" / "paris").mkdir(parents=True)
    parts = learnt.split()
    for number, photo in enumerate(learnt.photos):
        if photo.city == "paris":
            shutil.copy(learnt.image_path(photo), tmp_path / "again" / "paris" / f"{number}.jpg")
    import_photos(folder.find(tmp_path / "again"), tmp_path / "datasets" / "renamed", name="renamed", source="folder")
    seen = sum(photo.city == "paris" and parts.part_of[photo.id] in ("train", "validation") for photo in learnt.photos)
    assert f"! It learnt from {seen} of these 12 photos: the same files" in evaluated("renamed")
    assert "It learnt from" not in evaluated("toy")
    shutil.rmtree(tmp_path / "datasets" / "toy")
    assert "was not checked: the dataset it learnt from (toy) is not on this computer" in evaluated("renamed")


def test_numbers_are_recorded_in_the_card(world: tuple[Model, Path, Dataset], tmp_path: Path) -> None:
    _, _, dataset = world
    path = tiny_bundle(tmp_path / "tiny").path
    words = [str(path), str(dataset.root), "--split", "all", "--out", str(tmp_path / "out"), "--record"]
    assert CliRunner().invoke(evaluate, words, catch_exceptions=False).exit_code == 0
    bundle = load(path).bundle  # reading checks every hash again
    assert verify_bundle(bundle) == []
    kept = bundle.card.metrics["evaluated"][f"{dataset.name}/all"]
    assert kept["accuracy"] == json.loads((tmp_path / "out" / "report.json").read_text())["accuracy"]
    single = tmp_path / "tiny.onnx"
    export_single(bundle, single)
    words[0] = str(single)
    assert isinstance(CliRunner().invoke(evaluate, words).exception, UsageError)


@pytest.mark.parametrize("out", ["a-file/below", "/proc/flaneur"])
def test_a_folder_that_cannot_be_written_is_told_before_the_model_is_asked(
    world: tuple[Model, Path, Dataset], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str
) -> None:
    _, path, dataset = world
    (tmp_path / "a-file").write_bytes(b"")
    monkeypatch.setattr(api, "evaluate", lambda *_, **__: pytest.fail("asked"))
    result = CliRunner().invoke(evaluate, [str(path), str(dataset.root), "--out", str(tmp_path / out)])
    assert isinstance(result.exception, InputError)
    assert f"{tmp_path / out}: cannot be written (" in str(result.exception)


def test_an_interrupt_leaves_no_report_and_one_line(
    world: tuple[Model, Path, Dataset],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    _, path, dataset = world
    words = ["evaluate", str(path), str(dataset.root), "--split", "all", "--out", str(tmp_path / "new" / "out")]

    def interrupted(*_: object, **__: object) -> str:
        raise KeyboardInterrupt

    for module, name in ((api, "measure"), (write, "to_html")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, interrupted)
            assert run(words) == 130
        assert capsys.readouterr().err.splitlines()[-1] == "flaneur: interrupted."
        assert list(tmp_path.iterdir()) == []


def test_what_is_not_there_is_said(world: tuple[Model, Path, Dataset], tmp_path: Path) -> None:
    _, path, dataset = world
    for words, error, text in (
        (["--split", "nights/test"], InputError, "no split called 'nights'"),
        (["--split", "tests"], UsageError, "Did you mean 'test'"),
        (["--unknown", str(tmp_path / "none")], InputError, "No dataset called"),
    ):
        result = CliRunner().invoke(evaluate, [str(path), str(dataset.root), *words, "--out", str(tmp_path)])
        assert isinstance(result.exception, error)
        assert text in str(result.exception)


def test_figures_tables_and_what_was_asked_for(world: tuple[Model, Path, Dataset], tmp_path: Path) -> None:
    _, path, dataset = world
    words = [str(path), str(dataset.root), "--out", str(tmp_path), "--no-photos", "--json"]
    asked = ["--cross", "project", "--leave-one-out", "--slice", "width", "--figures", "--tables"]
    result = CliRunner().invoke(evaluate, [*words, *asked], catch_exceptions=False)
    assert result.exit_code == 0
    made = json.loads(result.stdout)
    assert made["origin"]["command"].endswith(" --cross project --leave-one-out --slice width")
    assert "width" in [table["column"] for table in made["sections"]["slices"]["tables"]]
    assert made["sections"]["cross"]["column"] == "project"
    assert made["not_measured"]["left_out"] in made["cautions"]
    assert "asking the model ..." in result.stderr
    for name in (
        "report.html",
        "report.json",
        "report.tex",
        "report.md",
        "predictions.parquet",
        "figures/confusion.svg",
    ):
        assert (tmp_path / name).stat().st_size
    assert not (tmp_path / "figures" / "top_losses.png").exists()


def test_a_misspelt_column_is_refused(world: tuple[Model, Path, Dataset], tmp_path: Path) -> None:
    _, path, dataset = world
    for flag in ("--cross", "--slice"):
        words = [str(path), str(dataset.root), "--out", str(tmp_path / "out"), flag, "projet"]
        result = CliRunner().invoke(evaluate, words)
        assert isinstance(result.exception, UsageError)
        assert "Did you mean 'project'" in str(result.exception)
    assert not (tmp_path / "out").exists()
