"""The embeddings that a bundle keeps: written, read, refused where they are damaged or of another model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from bundles import DIM, tiny_bundle, tiny_card, tiny_model
from flaneur.bundle.folder import bundled_base, export_single, read_bundle, verify_bundle, write_bundle
from flaneur.bundle.known import KNOWN, Known, pack, read_known, unpack
from flaneur.errors import InputError, IntegrityError
from flaneur.evaluation.keep import keep_in_card
from flaneur.metrics import Interval


def some(cities: int = 3, dim: int = DIM) -> Known:
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(9, dim)).astype(np.float16).astype(np.float32)
    return Known(embeddings, np.arange(9) % cities, np.arange(9) // 2)


def test_what_is_kept_is_read_back(tmp_path: Path) -> None:
    kept = some()
    made = write_bundle(tmp_path / "m", tiny_model(3), tiny_card(), known=pack(kept))
    read = read_bundle(tmp_path / "m")
    assert read == made
    assert verify_bundle(read) == []
    found = read_known(read.card, read.known, "m")
    assert found is not None
    np.testing.assert_array_equal(found.embeddings, kept.embeddings)
    np.testing.assert_array_equal(found.labels, kept.labels)
    np.testing.assert_array_equal(found.places, kept.places)
    (tmp_path / "m" / KNOWN).write_bytes(pack(some())[:-1])
    with pytest.raises(IntegrityError, match="changed since"):
        read_bundle(tmp_path / "m")


def test_a_model_may_keep_none(tmp_path: Path) -> None:
    bundle = tiny_bundle(tmp_path / "m")
    assert read_known(bundle.card, bundle.known, "m") is None


def test_one_file_leaves_them_out(tmp_path: Path) -> None:
    made = write_bundle(tmp_path / "m", tiny_model(3), tiny_card(), known=pack(some()))
    export_single(made, tmp_path / "one.onnx")
    assert read_bundle(tmp_path / "one.onnx") == replace(made, known=b"", path=tmp_path / "one.onnx")


def test_recording_numbers_in_the_card_keeps_them(tmp_path: Path) -> None:
    half = Interval(0.5, 0.4, 0.6, 10, 5)
    report: Any = SimpleNamespace(
        origin=SimpleNamespace(command="flaneur evaluate", dataset="toy", part="test"),
        which=SimpleNamespace(accuracy=half, macro_recall=half, top_3=half),
        sure=SimpleNamespace(ece=half), all_groups=None, groups=(), novelty=None,
    )  # fmt: skip
    made = write_bundle(tmp_path / "m", tiny_model(3), tiny_card(metrics={}), known=pack(some()))
    assert keep_in_card(report, made).known == read_bundle(tmp_path / "m").known == made.known


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"none of ours", "not readable"),
        (pack(some())[:-4], "not readable"),
        (pack(some(dim=5)), "does not belong"),
        (pack(some(cities=4)), "does not belong"),
        (pack(replace(some(), embeddings=np.full((9, DIM), np.nan, np.float32))), "numbers that are none"),
    ],
)
def test_what_does_not_fit_is_refused(data: bytes, words: str) -> None:
    with pytest.raises(IntegrityError, match=words):
        unpack(data, DIM, 3, "here")


def test_rows_must_agree() -> None:
    with pytest.raises(InputError, match="known photos need"):
        Known(np.zeros((2, 3), np.float32), np.array([0]), np.array([0, 1]))


def test_the_bundled_model_keeps_some_in_little_room_and_its_cities_have_a_place_on_the_map() -> None:
    bundle = read_bundle(bundled_base())
    known = read_known(bundle.card, bundle.known, "base")
    assert known is not None
    assert len(bundle.known) <= 1 << 20
    assert set(known.labels.tolist()) == set(range(len(bundle.card.cities)))
    assert all(city.centre is not None and city.country for city in bundle.card.cities)
