"""The score that maps explain, and the square they alter."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from bundles import CITIES, tiny_bundle
from flaneur.errors import PhotoError, UsageError
from flaneur.explain.target import as_input, score, target
from flaneur.predict import Model
from flaneur.preprocess import preprocess
from marked_city import built_model, marked_photos


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return Model(tiny_bundle(tmp_path_factory.mktemp("bundle") / "tiny"))


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8))


def test_score_is_the_log_odds_of_the_calibrated_answer(model, photo):
    said = model.predict(photo)
    asked = target(model, photo)
    assert model.cities[asked.city] == said.ranking[0].city
    assert asked.score == pytest.approx(np.log(said.probability / (1 - said.probability)), abs=1e-4)


def test_contrast_is_the_log_ratio_of_two_probabilities(model, photo):
    probability = {line.city.slug: line.probability for line in model.predict(photo).ranking}
    asked = target(model, photo, "rome", "sao-paulo")
    assert asked.score == pytest.approx(np.log(probability["rome"] / probability["sao-paulo"]), abs=1e-4)
    assert target(model, photo, "sao-paulo", "rome").score == pytest.approx(-asked.score)


def test_against_all_others_is_against_the_other_of_two():
    logits = np.random.default_rng(1).normal(0, 9, (5, 2))
    assert np.allclose(score(logits, 1), score(logits, 1, 0))


def test_score_stays_finite_where_a_probability_would_be_one():
    assert score(np.array([[900.0, 1.0, -900.0]]), 0)[0] == pytest.approx(899.0)


def test_square_and_box_are_what_the_network_sees(model, photo):
    asked = target(model, photo)
    assert asked.box == pytest.approx((1 / 6, 0, 5 / 6, 1))
    assert asked.picture().shape == (32, 32, 3)
    assert np.allclose(as_input(asked.picture(), asked.spec), preprocess(photo, asked.spec), atol=1e-5)
    tall = target(model, photo.transpose(Image.Transpose.ROTATE_90))
    assert tall.box == pytest.approx((0, 1 / 6, 1, 5 / 6))


def test_picture_is_a_copy(model, photo):
    asked = target(model, photo)
    before = asked.score
    asked.picture()[:] = 0
    assert float(asked.scores([asked.picture()])[0]) == before


def test_scores_keep_order_over_many_batches_and_take_none(model, photo):
    asked = target(model, photo)
    pictures = list(np.random.default_rng(2).random((23, 32, 32, 3)).astype(np.float32))
    alone = [float(asked.scores([picture])[0]) for picture in pictures]
    assert np.allclose(asked.scores(iter(pictures)), alone, atol=1e-4)
    assert asked.scores([]).shape == (0,)


def test_names_of_cities_are_taken_as_elsewhere(model, photo):
    assert target(model, photo, "São Paulo").city == 2
    with pytest.raises(UsageError, match=r"'romm'\. Did you mean 'rome'"):
        target(model, photo, "romm")
    with pytest.raises(UsageError, match="'rome' cannot be held against itself"):
        target(model, photo, "rome", "rome")
    first = model.predict(photo).ranking[0].city.slug
    with pytest.raises(UsageError, match="which is the model's first choice, cannot be held against itself"):
        target(model, photo, against=first)


def test_a_model_of_one_city_has_nothing_to_explain(photo, tmp_path):
    alone = Model(tiny_bundle(tmp_path / "alone", CITIES[:1]))
    with pytest.raises(UsageError, match="knows one city only"):
        target(alone, photo)


def test_unreadable_photos_and_wrong_squares_are_refused(model, photo, tmp_path):
    (tmp_path / "broken.jpg").write_bytes(b"no photo")
    with pytest.raises(PhotoError):
        target(model, tmp_path / "broken.jpg")
    with pytest.raises(ValueError, match="is not the"):
        target(model, photo).scores([np.zeros((8, 8, 3), np.float32)])


def test_the_hand_built_model_knows_the_tile_and_nothing_else():
    for photo in marked_photos(4, seed=6):
        asked = target(built_model(), photo.image)
        picture = asked.picture()
        left, top, right, bottom = photo.box
        picture[top:bottom, left:right] = 0.5
        assert asked.city == photo.city
        assert asked.score > 5
        assert asked.scores([picture])[0] == pytest.approx(-np.log(2), abs=1e-4)
