"""A model that learnt a hidden mark of the camera is called out; one that learnt the streets is not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from cheats import make_world
from flaneur.bundle.folder import read_bundle
from flaneur.dataset.store import Dataset
from flaneur.encoder import OnnxEncoder
from flaneur.evaluation.run import What, photos_of
from flaneur.evaluation.trials.shortcut_audit.altered import versions
from flaneur.evaluation.trials.shortcut_audit.look import Versions
from flaneur.evaluation.trials.shortcuts import Shortcuts, shortcuts
from flaneur.predict import load
from flaneur.training.heads.learn import LearnRule, learn

TRANSPLANTS = [one for one in versions() if one.told.kind == "transplant"]


@pytest.fixture(scope="module")
def encoder() -> OnnxEncoder:
    return OnnxEncoder.from_bundle(read_bundle("base"))


def audited(world: Dataset, encoder: OnnxEncoder, tried: Sequence[Versions]) -> Shortcuts:
    model = world.root.parent / "model"
    learn(world, encoder, LearnRule("toy"), model)
    return shortcuts(load(model), world, photos_of(world, What("test")), tried=tried)


def test_a_model_that_learnt_a_tint_is_called_out(tmp_path: Path, toy_csv: Path, encoder: OnnxEncoder) -> None:
    some = [one for one in TRANSPLANTS if one.told.name in ("other_cast", "other_bottom")]
    found = audited(make_world(tmp_path, toy_csv, "tint", telling=0), encoder, some)
    leans = [row.alteration.name for row in found.rows if row.leans]
    assert found.called_out
    assert leans == ["other_cast"]
    assert "leans on the colour cast of the camera" in found.findings().beware[0]


def test_a_model_that_learnt_streets_is_not(tmp_path: Path, toy_csv: Path, encoder: OnnxEncoder) -> None:
    found = audited(make_world(tmp_path, toy_csv, "none"), encoder, TRANSPLANTS)
    assert found.whole.value > 0.6
    assert not found.called_out
    assert not any(row.leans for row in found.rows)
    assert "leans on" not in " ".join(found.findings().beware)
