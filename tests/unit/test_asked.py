"""``flaneur.evaluate`` by names and objects; what is asked for besides, and what cannot be measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import flaneur
from bundles import tiny_bundle
from flaneur.errors import UsageError
from flaneur.evaluation.asked import TRIALS, Asked
from flaneur.evaluation.measures.slices import Slices
from flaneur.evaluation.record import to_json
from worlds import make_dataset


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> tuple[flaneur.Model, flaneur.Dataset]:
    folder = tmp_path_factory.mktemp("asked")
    model = flaneur.load(tiny_bundle(folder / "tiny").path)
    return model, make_dataset(folder, [city.slug for city in model.cities], places=40)


def test_names_and_objects_give_the_same_report(world: tuple[flaneur.Model, flaneur.Dataset]) -> None:
    model, dataset = world
    by_object = flaneur.evaluate(model, dataset)
    by_path = flaneur.evaluate(str(model.bundle.path), dataset.root, "default/test")
    first, second = to_json(by_object), to_json(by_path)
    assert first["origin"].pop("command") == "flaneur evaluate tiny toy --split default/test"
    assert (
        second["origin"].pop("command") == f"flaneur evaluate {model.bundle.path} {dataset.root} --split default/test"
    )
    assert first == second


def test_every_trial_on_a_world_that_is_large_enough(world: tuple[flaneur.Model, flaneur.Dataset]) -> None:
    seen: dict[str, list[tuple[int, int]]] = {}
    model, dataset = world
    report = flaneur.evaluate(
        model, dataset, full=True, progress=lambda stage, done, total: seen.setdefault(stage, []).append((done, total))
    )
    assert set(TRIALS) <= set(report.sections)
    assert report.origin.command.endswith("toy --split default/test --full")
    assert {"photos", "shortcuts", "cross", "left_out"} <= set(seen)
    assert all(done <= total for stages in seen.values() for done, total in stages)
    assert all(seen[stage][-1][0] == seen[stage][-1][1] for stage in ("photos", "shortcuts", "cross", "left_out"))
    json.dumps(to_json(report), allow_nan=False)


def test_what_cannot_be_measured_is_one_plain_line_each(
    world: tuple[flaneur.Model, flaneur.Dataset], tmp_path: Path
) -> None:
    small = make_dataset(tmp_path, [city.slug for city in world[0].cities], places=4)
    report = flaneur.evaluate(world[0], small, full=True, slices=["width", "heading_deg"])
    assert {"shortcuts", "learning_curve", "left_out", "slices"} <= set(report.not_measured)
    told = to_json(report)
    for key in set(TRIALS) - set(report.sections):
        line = report.not_measured[key]
        assert line.startswith("Not measured: ")
        assert "\n" not in line
        assert line in told["cautions"]
    assert "accuracy by heading_deg." in report.not_measured["slices"]
    found = report.sections["slices"]
    assert isinstance(found, Slices)
    assert "width" in [table.column for table in found.tables]


def test_no_split_is_no_obstacle_to_what_needs_none(
    world: tuple[flaneur.Model, flaneur.Dataset], tmp_path: Path
) -> None:
    bare = make_dataset(tmp_path, [city.slug for city in world[0].cities], places=3)
    (bare.root / "splits" / "default.json").unlink()
    report = flaneur.evaluate(world[0], bare, "all", cross="project")
    assert "no split" in report.not_measured["cross"]
    assert "coverage" in report.sections
    everything = flaneur.evaluate(world[0], bare, "all", full=True)
    lines = [text for text in to_json(everything)["cautions"] if "no split" in text]
    assert len(lines) == 1
    assert "what another source costs; how accuracy grows" in lines[0]
    assert everything.not_measured["cross"] == everything.not_measured["random_split"] == lines[0]


def test_trials_can_be_asked_for_one_by_one(world: tuple[flaneur.Model, flaneur.Dataset]) -> None:
    report = flaneur.evaluate(*world, random_split=True, cross="source", slices=["height"])
    assert {"random_split", "cross", "slices"} <= set(report.sections)
    assert not {"shortcuts", "left_out", "learning_curve"} & set(report.sections)
    assert report.origin.command.endswith(" --cross source --random-split --slice height")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"crossed": "project"}, r"knows no 'crossed'.*Did you mean 'cross'\?"),
        ({"cross": "projct"}, r"Did you mean 'project'\?"),
        ({"slices": ["widht"]}, r"Did you mean 'width'\?"),
        ({"slices": "width"}, r"give the columns as a list, such as \['width'\]"),
    ],
)
def test_what_is_misspelt_is_refused_before_any_photo_is_looked_at(
    world: tuple[flaneur.Model, flaneur.Dataset], words: dict[str, object], said: str
) -> None:
    asked: list[str] = []
    with pytest.raises(UsageError, match=said):
        flaneur.evaluate(*world, progress=lambda stage, *_: asked.append(stage), **words)  # type: ignore[arg-type]
    assert asked == []


def test_flags_say_what_was_asked() -> None:
    assert Asked().flags == ""
    assert Asked(full=True, cross="year").flags == " --cross year --full"
