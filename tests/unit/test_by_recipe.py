"""A recipe to a model on drawn cities: plain, members, distilled, views, frozen, gone on with, refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")
if find_spec("timm") is None:  # not importorskip: importing timm needs flaneur's own declarations first
    pytest.skip("needs the train extra", allow_module_level=True)

from exports import exported_once  # noqa: E402
from flaneur.bundle.folder import Bundle, verify_bundle  # noqa: E402
from flaneur.dataset.audit import split_dataset  # noqa: E402
from flaneur.dataset.split import SplitRule  # noqa: E402
from flaneur.dataset.store import Dataset, import_photos, open_dataset  # noqa: E402
from flaneur.decode import decode  # noqa: E402
from flaneur.errors import UsageError  # noqa: E402
from flaneur.files import read_json  # noqa: E402
from flaneur.importers import folder  # noqa: E402
from flaneur.training import run_folder  # noqa: E402
from flaneur.training.by_recipe import train_by_recipe  # noqa: E402
from flaneur.training.heads.rule import HeadRule  # noqa: E402
from flaneur.training.networks import finetune  # noqa: E402
from flaneur.training.networks.finetune import labelled_photos  # noqa: E402
from flaneur.training.networks.statistics import photo_statistics  # noqa: E402
from flaneur.training.recipes.recipe import (  # noqa: E402
    AugmentRule,
    DataRule,
    DistilRule,
    NetworkRule,
    Recipe,
    TrainingRule,
    ViewsRule,
)  # fmt: skip

pytestmark = pytest.mark.train
SIZE_PX = 64
NETWORK = NetworkRule("timm/test_efficientnet", initial="random", size_px=SIZE_PX, stages=2, dropout=0.1)
TRAINING = TrainingRule(epochs=2, batch=8, precision="float32", threads=1, ema=0.5)
RECIPE = Recipe("tiny", NETWORK, DataRule("toy"), TRAINING, AugmentRule(crop_area_min=0.8), head=HeadRule(folds=2))


@pytest.fixture(scope="module", autouse=True)
def quick() -> Iterator[None]:
    """An export takes seconds: networks of one shape share the first one's graph here. Weights are compared as such."""
    torch.set_num_threads(1)
    with exported_once():
        yield


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory, toy_csv: Path) -> Dataset:
    root = tmp_path_factory.mktemp("data") / "toy"
    import_photos(folder.find(toy_csv), root, name="toy", source="folder")
    split_dataset(open_dataset(root), SplitRule(cell_m=0, gap_m=0))
    return open_dataset(root)


@pytest.fixture(scope="module")
def plain(dataset: Dataset, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    """The plain recipe's model; its run lies beside it."""
    return _train(dataset, RECIPE, tmp_path_factory.mktemp("plain"))


def _train(dataset: Dataset, recipe: Recipe, at: Path, **more: Any) -> Bundle:
    rows = more.pop("rows", [])
    return train_by_recipe(dataset, recipe, at / "run", at / "model", device="cpu", log=rows.append, **more)


def test_a_recipe_becomes_a_model_that_tells_how_it_was_made(plain: Bundle) -> None:
    assert verify_bundle(plain) == []
    told = plain.card.training
    assert [row["epoch"] for row in told["log"]] == [1, 2]
    assert told["recipe"]["network"]["backbone"] == "timm/test_efficientnet"
    assert plain.card.encoder.name == "timm/test_efficientnet"
    assert (plain.path.parent / "run" / "weights.safetensors").is_file()


def test_the_same_again_returns_what_is_there(plain: Bundle, dataset: Dataset) -> None:
    before = (plain.path / "card.json").stat().st_mtime_ns
    rows: list[dict[str, Any]] = []
    again = _train(dataset, RECIPE, plain.path.parent, rows=rows)
    assert (again.card.files, again.path) == (plain.card.files, plain.path)
    assert (plain.path / "card.json").stat().st_mtime_ns == before
    assert rows == []


def test_another_recipe_is_refused_where_a_run_or_a_model_is(plain: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    other = replace(RECIPE, training=replace(TRAINING, epochs=1))
    with pytest.raises(UsageError, match=r"holds another model .*--replace"):
        _train(dataset, other, plain.path.parent)
    with pytest.raises(UsageError, match=r"holds another run: training\.epochs 2 → 1\. .*--replace"):
        train_by_recipe(dataset, other, plain.path.parent / "run", tmp_path / "m", device="cpu", log=print)


def test_folders_are_looked_at_before_anything_is_trained(plain: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "notes.txt").write_text("mine")
    for run, out, told in (
        (tmp_path / "run", tmp_path / "full", "holds files that are no model"),
        (tmp_path / "same", tmp_path / "same", "neither may lie in the other"),
        (tmp_path / "same", tmp_path / "same" / "model", "neither may lie in the other"),
        (plain.path, tmp_path / "model", "holds a model, and a run would go there"),
    ):
        with pytest.raises(UsageError, match=told):
            train_by_recipe(dataset, RECIPE, run, out, device="cpu", log=print)
    assert not (tmp_path / "run").exists()


def test_a_run_without_a_trained_step_gives_way(tmp_path: Path) -> None:
    run_folder.claim(tmp_path / "run", "one", {"name": "a"})
    run_folder.claim(tmp_path / "run", "other", {"name": "b"})
    assert read_json(tmp_path / "run" / "run.json")["identity"] == "other"


def test_replace_gives_run_and_model_up(dataset: Dataset, tmp_path: Path) -> None:
    one = replace(RECIPE, training=replace(TRAINING, epochs=1))
    _train(dataset, one, tmp_path)
    made = _train(dataset, replace(one, training=replace(one.training, seed=1)), tmp_path, replace=True)
    assert made.card.training["recipe"]["training"]["seed"] == 1
    assert len(read_json(tmp_path / "run" / "checkpoint.json")["log"]) == 1


def test_notes_and_weight_limits_ask_for_no_other_training(plain: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    told = replace(RECIPE, notes="Said later.", network=replace(NETWORK, weights_mb=0.05))
    rows: list[dict[str, Any]] = []
    made = train_by_recipe(dataset, told, plain.path.parent / "run", tmp_path / "model", device="cpu", log=rows.append)
    assert rows == []
    assert made.card.training["recipe"]["notes"] == "Said later."
    assert len(made.model) < len(plain.model)


def test_stopped_in_between_it_goes_on_to_the_same_weights(plain: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    class StopError(Exception):
        pass

    def stop(row: dict[str, Any]) -> None:
        raise StopError

    with pytest.raises(StopError):
        train_by_recipe(dataset, RECIPE, tmp_path / "run", tmp_path / "model", device="cpu", log=stop)
    rows: list[dict[str, Any]] = []
    made = _train(dataset, RECIPE, tmp_path, rows=rows)
    assert [row["epoch"] for row in rows] == [2]
    weights = [at / "run" / "weights.safetensors" for at in (tmp_path, plain.path.parent)]
    assert weights[0].read_bytes() == weights[1].read_bytes()
    assert made.card.training["log"][0]["loss"] == plain.card.training["log"][0]["loss"]


def test_members_stand_side_by_side(dataset: Dataset, tmp_path: Path) -> None:
    one = replace(RECIPE, training=replace(TRAINING, epochs=1))
    other = replace(one, network=replace(NETWORK, normalise="none"), augment=AugmentRule())
    rows: list[dict[str, Any]] = []
    made = _train(dataset, replace(one, members=(one, other)), tmp_path, rows=rows)
    assert verify_bundle(made) == []
    assert [row["member"] for row in rows] == ["1 of 2", "2 of 2"]
    assert made.card.encoder.name == "timm/test_efficientnet + timm/test_efficientnet"
    assert [row["member"] for row in made.card.training["log"]] == ["1 of 2", "2 of 2"]
    assert sorted(path.name for path in (tmp_path / "run").iterdir()) == ["member-1", "member-2"]


def test_members_that_see_different_squares_are_refused_before_training(dataset: Dataset, tmp_path: Path) -> None:
    small = replace(RECIPE, network=replace(NETWORK, size_px=48))
    with pytest.raises(UsageError, match="member 2 of tiny sees 48 px, the first one 64 px"):
        _train(dataset, replace(RECIPE, members=(RECIPE, small)), tmp_path)
    assert not (tmp_path / "run").exists()


def test_no_epochs_is_a_frozen_network(dataset: Dataset, tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = []
    made = _train(dataset, replace(RECIPE, training=replace(TRAINING, epochs=0)), tmp_path, rows=rows)
    assert verify_bundle(made) == []
    assert rows == []
    assert not (tmp_path / "run" / "checkpoint.json").exists()


def test_views_are_trained_together(dataset: Dataset, tmp_path: Path) -> None:
    recipe = replace(
        RECIPE, training=replace(TRAINING, epochs=1, batch=4), views=ViewsRule("mean_logits", train=2, random=True)
    )
    made = _train(dataset, recipe, tmp_path)
    assert made.card.fusion == "mean_logits"
    assert len(made.card.training["log"]) == 1


def test_statistics_of_the_training_photos_are_taken_once(dataset: Dataset, tmp_path: Path) -> None:
    told: list[str] = []
    recipe = replace(RECIPE, network=replace(NETWORK, normalise="channels"), training=replace(TRAINING, epochs=0))
    made = _train(dataset, recipe, tmp_path, progress=lambda stage, done, total: told.append(stage))
    assert "statistics" in told
    assert all(0.2 < one < 0.8 for one in made.card.preprocess.mean)
    told.clear()
    _train(dataset, recipe, tmp_path, replace=True, progress=lambda stage, done, total: told.append(stage))
    assert "statistics" not in told


def test_a_mean_image_is_that_of_the_training_photos_alone(dataset: Dataset, tmp_path: Path) -> None:
    photos = labelled_photos(dataset, RECIPE).train
    found = photo_statistics(photos, 32, tmp_path)
    shown = [np.asarray(decode(photo.path).image.resize((32, 32)), np.float64) / 255 for photo in photos]
    assert found.image.shape == (3, 32, 32)
    assert found.mean == pytest.approx(np.mean(shown, axis=(0, 1, 2)), abs=0.02)
    assert found.std == pytest.approx(np.std(shown, axis=(0, 1, 2)), abs=0.05)
    assert {photo.label for photo in photos} == {0, 1, 2}


def test_in_a_helping_process_nothing_is_written(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr(finetune, "_fit", lambda *given: given[0])
    with pytest.raises(SystemExit) as left:
        _train(dataset, RECIPE, tmp_path)
    assert left.value.code == 0
    assert list(tmp_path.iterdir()) == []


def test_a_student_learns_from_a_larger_model(plain: Bundle, dataset: Dataset, tmp_path: Path) -> None:
    small = replace(
        RECIPE,
        network=replace(NETWORK, normalise="none"),
        training=replace(TRAINING, epochs=1, label_smoothing=0.0),
        distil=DistilRule(str(plain.path), share=1.0),
    )
    made = _train(dataset, small, tmp_path)
    assert made.card.training["recipe"]["distil"]["teacher"] == "model"
    assert verify_bundle(made) == []
