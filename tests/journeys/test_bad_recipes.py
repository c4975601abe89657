"""Recipes that cannot work, through the command line: one line with a way out, before a photo or a weight is loaded."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("torch") is None or find_spec("timm") is None:
    pytest.skip("needs the train extra", allow_module_level=True)

from benchmarks.kill_training import NETWORK, random_weights

from bundles import tiny_bundle
from flaneur.cli.main import run
from flaneur.dataset.audit import split_dataset
from flaneur.dataset.split import SplitRule
from flaneur.dataset.store import import_photos, open_dataset
from flaneur.importers import folder

pytestmark = pytest.mark.train


@dataclass(frozen=True)
class Bad:
    """What is wrong in a recipe, and what must be said of it.

    Args:
        toml: laid over the good recipe: ``table.key`` to a value in TOML, or to ``None`` to leave it out.
        code: exit code.
        says: words that the line must hold.
        flags: more words of the command line.
    """

    toml: dict[str, str]
    code: int
    says: tuple[str, ...]
    flags: tuple[str, ...] = ()


GOOD = {"name": '"mine"', "data.dataset": '"toy"', "network.backbone": f'"timm/{NETWORK}"', "network.size_px": "48"}
MEMBERS = "\n[[members]]\nname = 'a'\n[[members]]\nname = 'b'\n[members.network]\nsize_px = 64\n"

CASES = {
    "a misspelt key": Bad({"training.lable_smoothing": "0.1"}, 2, ("lable_smoothing", "'label_smoothing'")),
    "a misspelt table": Bad({"trainig.epochs": "1"}, 2, ("trainig", "'training'")),
    "a misspelt choice": Bad({"training.optimiser": '"adamwx"'}, 2, ("adamwx", "'adamw'")),
    "an unknown network": Bad({"network.backbone": '"timm/resnet5o"'}, 2, ("resnet5o", "'resnet50'")),
    "an unknown network of the papers": Bad(
        {"network.backbone": '"seed/cnn33"', "network.initial": '"random"'}, 2, ("cnn33", "'cnn3'")
    ),
    "an unknown family": Bad({"network.backbone": '"tim/resnet18"'}, 2, ("'tim'", "'timm'")),
    "no family": Bad({"network.backbone": '"resnet18"'}, 2, ("resnet18", "timm/")),
    "an impossible freeze depth": Bad({"network.trained_stages": "99"}, 2, ("trained_stages", "99", NETWORK)),
    "impossible stages": Bad({"network.stages": "99"}, 2, ("stages", "99", "1 to")),
    "a missing weight file": Bad({"network.weights": '"tests.safetensors"'}, 3, ("no such", "safetensors")),
    "a near weight file": Bad(
        {"network.weights": '"FOLDER/tst_efficientnet.safetensors"'}, 3, (f"'{NETWORK}.safetensors'",)
    ),
    "a broken weight file": Bad({"network.weights": '"FOLDER/empty.safetensors"'}, 3, ("empty.safe", "name another")),
    "a name that is a path": Bad({"name": '"../x"'}, 2, ("'../x'", "--output")),
    "a trained head without training": Bad({"head.kind": '"trained"'}, 2, ("--head logistic",), ("--epochs", "0")),
    "an epoch that changes nothing": Bad(
        {"network.trained_stages": "0", "head.kind": '"logistic"'}, 2, ("epochs = 12", "trained_stages", "--head blend")
    ),
    "a flip by name": Bad({"augment.flip": '"vertical"'}, 2, ("flip", "sky", "left-right")),
    "a pickled weight file": Bad({"network.weights": '"FOLDER/weights.pth"'}, 3, ("pickle", "safetensors")),
    "weights that are none": Bad({"network.weights": '"FOLDER/text.safetensors"'}, 3, ("text.safe", "not readable")),
    "weights of the wrong shape": Bad(
        {"network.weights": '"FOLDER/wide.safetensors"'}, 3, ("conv_stem.weight", "has shape", "needs")
    ),
    "weights of another network": Bad(
        {"network.weights": '"FOLDER/other.safetensors"'}, 3, ("does not fit", NETWORK, "Name a file")
    ),
    "a wrong type": Bad({"training.epochs": '"ten"'}, 2, ("epochs", "a whole number", "'ten'")),
    "a negative number": Bad({"training.lr_head": "-1.0"}, 2, ("lr_head", "negative")),
    "a share above one": Bad({"network.dropout": "1.5"}, 2, ("dropout", "0 to 1")),
    "a vertical flip": Bad({"augment.vertical_flip": "0.5"}, 2, ("vertical_flip", "sky", "flip")),
    "a variant where there are none": Bad({}, 2, ("no variants", "--variant"), ("--variant", "big")),
    "an unknown variant": Bad({"": "\n[[variants]]\nname = 'bigger'\n"}, 2, ("big", "'bigger'"), ("--variant", "big")),
    "members of different sizes": Bad({"": MEMBERS}, 2, ("size_px", "48", "64")),
    "an unknown teacher": Bad({"distil.teacher": '"tinny"'}, 3, ("tinny",)),
    "a teacher of other cities": Bad({"distil.teacher": '"tiny"'}, 2, ("tiny", "aldmoor")),
    "an unknown dataset": Bad({"data.dataset": '"toi"'}, 3, ("toi",)),
    "an unknown split": Bad({"data.split": '"defualt"'}, 3, ("defualt", "default")),
    "momentum without SGD": Bad({"training.momentum": "0.8"}, 2, ("momentum", "sgd")),
    "a smoothing distance without smoothing by distance": Bad(
        {"training.smoothing_km": "100.0"}, 2, ("smoothing_km", "distance")
    ),
    "no backbone": Bad({"network.backbone": None}, 2, ("backbone",)),  # type: ignore[dict-item]
}


def _toml(values: dict[str, str | None]) -> str:
    tables: dict[str, list[str]] = {}
    for name, value in values.items():
        table, _, key = name.rpartition(".")
        if name and value is not None:
            tables.setdefault(table, []).append(f"{key} = {value}")
    head = tables.pop("", [])
    body = [line for table, lines in tables.items() for line in (f"[{table}]", *lines)]
    return "\n".join([*head, *body, values.get("") or ""])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, toy_csv: Path) -> Path:
    """Toy cities, weight files good and bad, a model of other cities."""
    from safetensors.torch import load_file, save_file

    home = tmp_path_factory.mktemp("home")
    import_photos(folder.find(toy_csv), home / "datasets" / "toy", name="toy", source="folder")
    split_dataset(open_dataset(home / "datasets" / "toy"), SplitRule(cell_m=0, gap_m=0))
    tiny_bundle(home / "models" / "tiny")
    good = load_file(random_weights(home / "test.safetensors"))
    stem = good["conv_stem.weight"]
    save_file({**good, "conv_stem.weight": stem.repeat(2, 1, 1, 1)}, home / "wide.safetensors")
    random_weights(home / "other.safetensors", "test_resnet")
    (home / f"{NETWORK}.safetensors").symlink_to(home / "test.safetensors")
    (home / "empty.safetensors").touch()
    (home / "text.safetensors").write_text("no weights at all")
    (home / "weights.pth").write_bytes(b"\x80\x04.")
    return home


@pytest.fixture
def nothing_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever opens a photo or a tensor fails."""
    import safetensors.torch

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was loaded")

    monkeypatch.setattr(safetensors.torch, "load_file", refuse)
    monkeypatch.setattr("flaneur.training.networks.loader.decode", refuse)
    monkeypatch.setattr("flaneur.training.heads.features.decode", refuse)


@pytest.mark.usefixtures("nothing_loads")
@pytest.mark.parametrize("bad", CASES.values(), ids=CASES)
def test_one_line_with_a_way_out(
    bad: Bad, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FLANEUR_HOME", str(home))
    weights = {"network.weights": '"FOLDER/test.safetensors"'} if "network.initial" not in bad.toml else {}
    recipe = tmp_path / "mine.toml"
    recipe.write_text(_toml(GOOD | weights | bad.toml).replace("FOLDER", str(home)))
    for kind in ("runs", "models"):
        shutil.rmtree(home / kind / "mine", ignore_errors=True)
    began = time.process_time()
    code = run(["train", str(recipe), *bad.flags])
    took = time.process_time() - began
    out, err = capfd.readouterr()
    assert (code, out) == (bad.code, ""), err
    assert len(err.splitlines()) == 1, err
    assert all(word in err for word in bad.says), err
    assert "bug in flaneur" not in err
    assert took < 2.5
    assert not (home / "runs" / "mine").exists()
    assert not (home / "models" / "mine").exists()
