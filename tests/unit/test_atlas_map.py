"""Planes, how far to trust them, and answers from embeddings: against numpy, hand arithmetic and the model itself."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bundles import CITIES, tiny_bundle, tiny_encoder
from flaneur.encoder import OnnxEncoder
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.answers import collect_answers
from flaneur.explain.atlas.answers import answers_of
from flaneur.explain.atlas.columns import Categories, Numbers, named
from flaneur.explain.atlas.facts import FURTHER, OWN, columns_of
from flaneur.explain.atlas.neighbours import nearest_elsewhere, neighbours_kept
from flaneur.explain.atlas.positions2d import plane, principal
from flaneur.explain.atlas.run import MapSettings, atlas
from flaneur.explain.atlas.words import map_numbers
from flaneur.onnx_files.graph import only_head
from flaneur.predict import Model
from flaneur.training.heads.features import features
from worlds import make_dataset


def islands(each: int = 20, dim: int = 30) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    middles = rng.normal(0, 4, (3, dim))
    which = np.repeat(np.arange(3), each)
    return (middles[which] + rng.normal(0, 0.3, (3 * each, dim))).astype(np.float32), which


def test_components_are_those_of_the_singular_value_decomposition() -> None:
    rows, _ = islands()
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    left, spread, _ = np.linalg.svd(unit - unit.mean(axis=0), full_matrices=False)
    found = principal(rows, 5)
    assert np.abs(np.abs(found) - np.abs(left[:, :5] * spread[:5])).max() < 1e-6
    loadings = np.linalg.lstsq(unit - unit.mean(axis=0), found, rcond=None)[0]
    assert (loadings[np.abs(loadings).argmax(axis=0), np.arange(5)] > 0).all()
    assert principal(rows[:2]).shape == (2, 2)
    assert np.abs(principal(2 * rows) - principal(rows)).max() < 1e-6  # only the direction counts


@pytest.mark.parametrize("method", ["tsne", "pca"])
def test_what_is_alike_lies_together_and_the_same_photos_give_the_same_plane(method: str) -> None:
    rows, which = islands()
    points, settings = plane(principal(rows), method, seed=3)
    again, _ = plane(principal(rows), method, seed=3)
    assert points.tobytes() == again.tobytes()
    assert settings == ({"perplexity": pytest.approx(59 / 3), "seed": 3} if method == "tsne" else {})
    middles = np.array([points[which == island].mean(axis=0) for island in range(3)])
    assert (np.linalg.norm(points[:, None] - middles, axis=2).argmin(axis=1) == which).all()


def test_photos_that_are_all_the_same_break_nothing() -> None:
    same = np.ones((12, 5), np.float32)
    assert np.isfinite(plane(principal(same), "tsne")[0]).all()
    with pytest.raises(InputError, match="A map takes 3 photos at least; there are 2"):
        plane(principal(same[:2]), "pca")


def test_too_few_photos_and_unknown_maps_are_refused_with_a_way_out() -> None:
    with pytest.raises(InputError, match=r"t-SNE needs 10 photos at least; there are 3\. Use --method pca"):
        plane(np.eye(3), "tsne")
    with pytest.raises(UsageError, match="Did you mean 'umap'"):
        MapSettings(methods=["umapp"])
    with pytest.raises(UsageError, match=r"as a list, such as \['tsne', 'pca'\]"):
        MapSettings(methods="tsne")


def test_umap_is_asked_as_told_and_missed_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, Any] = {}

    def fit(**settings: Any) -> Any:
        asked.update(settings)
        return SimpleNamespace(fit_transform=lambda rows: rows[:, :2] * 2)

    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=fit))
    rows = principal(islands()[0])
    points, settings = plane(rows, "umap", seed=7)
    assert np.array_equal(points, rows[:, :2] * 2)
    assert settings == {"neighbours": 15, "seed": 7}
    assert asked["random_state"] == 7
    assert asked["init"].shape == (60, 2)
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UsageError, match=r"extra 'umap'.*Or use --method tsne"):
        MapSettings(methods=["umap"])


def test_neighbours_of_the_same_place_do_not_count() -> None:
    points = np.array([[0.0, 0], [0.01, 0], [1, 0], [2, 0], [9, 0]])
    places = np.array([0, 0, 1, 2, 3])
    assert sorted(nearest_elsewhere(points, places, np.array([0]), 2)[0].tolist()) == [2, 3]
    assert nearest_elsewhere(points[:2], places[:2], np.array([0]), 2).tolist() == [[-1]]
    assert np.isnan(neighbours_kept(points[:2], points[:2], places[:2]).value)


def test_neighbours_kept_is_one_where_nothing_is_torn_and_chance_where_all_is() -> None:
    rng = np.random.default_rng(0)
    rows, places = rng.normal(size=(400, 2)), np.repeat(np.arange(200), 2)
    assert neighbours_kept(rows, 3 * rows, places).value == 1.0
    torn = neighbours_kept(rows, rng.normal(size=(400, 2)), places)
    assert torn.value == pytest.approx(15 / 398, abs=0.01)
    assert torn.low < torn.value < torn.high
    assert (torn.n, torn.groups) == (400, 200)
    assert np.isnan(neighbours_kept(rows[:16], rows[:16], places[:16]).value)  # all are neighbours


@pytest.mark.parametrize("method", ["neighbours", "energy"])
def test_embeddings_alone_give_the_models_own_answers(tmp_path: Path, method: str) -> None:
    rule = tiny_bundle(tmp_path / "x", CITIES).card.abstain
    changed = type(rule)(method, 5.0, 0.0, 0.05)
    model = Model(tiny_bundle(tmp_path / "model", CITIES, abstain=changed))
    dataset = make_dataset(tmp_path, ["paris", "rome"], places=3)
    found = features(dataset, OnnxEncoder.from_bundle(model.bundle))
    direct = collect_answers(model, [(photo, dataset.image_path(photo)) for photo in found.photos])
    ours = answers_of(model, found)
    assert ours.photos == direct.photos
    assert np.abs(ours.logits - direct.logits).max() < 1e-4
    assert np.abs(ours.novelty - direct.novelty).max() < 1e-4
    assert ours.doubt == direct.doubt


def test_a_network_without_a_head_tells_no_answers() -> None:
    with pytest.raises(InputError, match="no head of flaneur's"):
        only_head(tiny_encoder())


def test_an_atlas_from_names_to_numbers(tmp_path: Path) -> None:
    model = tiny_bundle(tmp_path / "model", CITIES[:2])
    dataset = make_dataset(tmp_path, ["paris", "rome", "oslo"], places=4)
    told: list[tuple[str, int, int]] = []
    found = atlas(model.path, dataset, methods=["pca", "tsne", "pca"], progress=lambda *what: told.append(what))
    assert [layout.method for layout in found.layouts] == ["pca", "tsne"]
    assert all(layout.positions.shape == (24, 2) for layout in found.layouts)
    assert found.embeddings.shape == (24, 12)
    assert (found.learnt == -1).all()
    assert found.command == "flaneur atlas tiny toy --method pca --method tsne"
    assert {stage for stage, _, _ in told} >= {"embed", "layout"}
    assert all(0 <= done <= total for _, done, total in told)
    assert {column.key for column in columns_of(found)} <= {*OWN, *FURTHER}
    verdict = named(columns_of(found), "verdict")
    assert isinstance(verdict, Categories)
    assert set(verdict.codes[found.answers.labels < 0].tolist()) == {3}  # of a city that it does not know
    own = named(columns_of(found), "own")
    assert isinstance(own, Numbers)
    assert np.isnan(own.values[found.answers.labels < 0]).all()
    with pytest.raises(UsageError, match="Did you mean 'city'"):
        named(columns_of(found), "citty")
    with pytest.raises(InputError, match="no split called 'nowhere'"):
        atlas(model.path, dataset, "nowhere/test")


def test_an_atlas_of_few_photos_says_what_it_cannot_measure(tmp_path: Path) -> None:
    model = tiny_bundle(tmp_path / "model", CITIES[:2])
    found = atlas(model.path, make_dataset(tmp_path, ["paris"], places=6), methods=["pca"], map_only=True)
    assert not map_numbers(found)
    assert list(found.not_measured.values()) == [
        "Not measured: neighbours kept. It takes more than 16 photos, of several places."
    ]


def test_columns_that_tell_nothing_are_left_out(tmp_path: Path) -> None:
    model = tiny_bundle(tmp_path / "model", CITIES[:2])
    found = atlas(model.path, make_dataset(tmp_path, ["paris", "rome"], places=3), methods=["pca"], map_only=True)
    keys = [column.key for column in columns_of(found)]
    assert keys[0] == "city"
    assert not {"source", "project", "licence", "year", "learnt"} & set(keys)
    with pytest.raises(ValueError, match="not positions in 2 names"):
        Categories("bad", "bad", np.array([0, 2]), ("one", "two"))
