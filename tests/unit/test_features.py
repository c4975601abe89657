"""Embeddings are computed once, survive a kill, and belong to the photo they are filed under."""

from __future__ import annotations

import logging

import numpy as np
import pytest
from PIL import Image

from bundles import SIZE_PX, tiny_encoder
from flaneur.dataset import store
from flaneur.decode import decode
from flaneur.errors import InputError, IntegrityError, PhotoError
from flaneur.importers import folder
from flaneur.predict import OnnxEncoder
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.training.heads import features as module
from flaneur.training.heads.features import embed_paths, features

SPEC = PreprocessSpec(SIZE_PX, (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))


@pytest.fixture(scope="module")
def encoder():
    return OnnxEncoder("tiny", tiny_encoder(), SPEC)


@pytest.fixture
def dataset(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(11):
        city = tmp_path / "photos" / ("rome" if index % 2 else "oslo")
        city.mkdir(parents=True, exist_ok=True)
        Image.fromarray(rng.integers(0, 256, (64, 80, 3), np.uint8)).save(city / f"{index}.png")
    store.import_photos(folder.find(tmp_path / "photos"), tmp_path / "data", name="data", source="folder")
    return store.open_dataset(tmp_path / "data")


@pytest.fixture
def small_pieces(monkeypatch):
    monkeypatch.setattr(module, "_PIECE", 3)


def _one_by_one(dataset, encoder):
    return np.stack(
        [
            encoder.embed(preprocess(decode(dataset.image_path(photo), at_least_px=SIZE_PX).image, SPEC)[None])[0]
            for photo in dataset.photos
        ]
    )


def test_rows_belong_to_their_photos(dataset, encoder, small_pieces):
    found = features(dataset, encoder)
    assert found.ids == tuple(photo.id for photo in dataset.photos)
    assert found.computed == 11
    np.testing.assert_allclose(found.embeddings, _one_by_one(dataset, encoder), atol=1e-5)
    some = features(dataset, encoder, dataset.photos[::-3])
    np.testing.assert_array_equal(some.embeddings, found.embeddings[::-3])


def test_nothing_is_computed_twice_and_pieces_are_joined(dataset, encoder, small_pieces, monkeypatch):
    first = features(dataset, encoder)
    (cache,) = (dataset.root / "features").iterdir()
    assert sorted(path.suffix for path in cache.iterdir() if path.suffix in (".npy", ".parquet")) == [
        ".npy",
        ".parquet",
    ]
    monkeypatch.setattr(module, "embed_paths", lambda *_: pytest.fail("embedded again"))
    again = features(dataset, encoder)
    assert again.computed == 0
    np.testing.assert_array_equal(again.embeddings, first.embeddings)


def test_only_new_photos_are_embedded_and_progress_counts_all(dataset, encoder, small_pieces):
    features(dataset, encoder, dataset.photos[:4])
    told = []
    found = features(dataset, encoder, progress=lambda done, total: told.append((done, total)))
    assert found.computed == 7
    assert told == [(7, 11), (10, 11), (11, 11)]


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_stop_in_the_middle_keeps_whole_pieces_and_the_end_is_the_same(
    dataset, encoder, small_pieces, monkeypatch, calls
):
    with monkeypatch.context() as patch:
        real, left = embed_paths, [calls]

        def stops(*arguments):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
            return real(*arguments)

        patch.setattr(module, "embed_paths", stops)
        with pytest.raises(KeyboardInterrupt):
            features(dataset, encoder)
    found = features(dataset, encoder)
    assert found.computed == 11 - 3 * calls
    np.testing.assert_allclose(found.embeddings, _one_by_one(dataset, encoder), atol=1e-5)


def test_a_piece_without_its_table_does_not_count(dataset, encoder):
    features(dataset, encoder)
    (cache,) = (dataset.root / "features").iterdir()
    for table in cache.glob("*.parquet"):
        table.unlink()
    assert features(dataset, encoder).computed == 11


def test_another_encoder_has_another_cache(dataset, encoder):
    one = features(dataset, encoder).embeddings
    other = features(dataset, OnnxEncoder("other", tiny_encoder(seed=5), SPEC)).embeddings
    assert len(list((dataset.root / "features").iterdir())) == 2
    assert not np.allclose(one, other)


def test_an_unreadable_photo_is_named_and_the_others_go_on(dataset, encoder, caplog):
    lost = dataset.photos[4]
    dataset.image_path(lost).unlink()
    with caplog.at_level(logging.WARNING):
        found = features(dataset, encoder)
    assert len(found.photos) == 10
    assert [(photo.id, error.code) for photo, error in found.failed] == [(lost.id, "not_found")]
    assert lost.id in caplog.text


def test_a_photo_that_changed_is_not_filed_under_what_it_was(dataset, encoder, caplog):
    changed, other = dataset.photos[4], dataset.photos[7]
    dataset.image_path(changed).write_bytes(dataset.image_path(other).read_bytes())
    with caplog.at_level(logging.WARNING):
        found = features(dataset, encoder)
    assert changed.id not in found.ids
    assert [photo.id for photo, _ in found.failed] == [changed.id]
    assert "changed since it was imported" in caplog.text
    verdicts = embed_paths([dataset.image_path(photo) for photo in (other, changed)], encoder)
    assert [isinstance(verdict, PhotoError) for verdict in verdicts] == [False, True]


def test_no_readable_photo_is_one_line(dataset, encoder):
    for photo in dataset.photos:
        dataset.image_path(photo).write_bytes(b"")
    with pytest.raises(InputError, match="none of 11 photos could be embedded"):
        features(dataset, encoder)


def test_a_damaged_cache_says_what_to_remove(dataset, encoder):
    features(dataset, encoder)
    (piece,) = (dataset.root / "features").glob("*/*.npy")
    piece.write_bytes(piece.read_bytes()[:40])
    with pytest.raises(IntegrityError, match="it is made again"):
        features(dataset, encoder)


def test_paths_in_order_with_errors_in_place(dataset, encoder, tmp_path):
    paths = [dataset.image_path(dataset.photos[0]), tmp_path / "absent.jpg", dataset.image_path(dataset.photos[1])]
    rows = embed_paths(paths, encoder)
    assert isinstance(rows[1], PhotoError)
    np.testing.assert_allclose(np.stack([rows[0], rows[2]]), _one_by_one(dataset, encoder)[:2], atol=1e-5)


@pytest.mark.parametrize("gone", range(1, 8))
def test_a_kill_while_pieces_are_joined_costs_nothing(dataset, encoder, small_pieces, monkeypatch, gone):
    """Killed after so many files were removed."""
    left = [gone]
    unlink = module.Path.unlink

    def kill(path, missing_ok=False):
        if path.suffix in (".npy", ".parquet"):
            left[0] -= 1
            if left[0] < 0:
                raise KeyboardInterrupt
        unlink(path, missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(module.Path, "unlink", kill)
        with pytest.raises(KeyboardInterrupt):
            features(dataset, encoder)
    found = features(dataset, encoder)
    assert found.computed == 0
    np.testing.assert_allclose(found.embeddings, _one_by_one(dataset, encoder), atol=1e-5)
