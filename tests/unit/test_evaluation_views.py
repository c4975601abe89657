"""Single views and every fusion side by side: numbers by hand, the model's own marked, attention only where learnt."""

from __future__ import annotations

import numpy as np
import pytest

from flaneur.bundle.card import Card
from flaneur.evaluation.answers import Answers, Doubt
from flaneur.evaluation.measures.views import views
from flaneur.evaluation.record import _views
from flaneur.evaluation.words import fusion_rows
from flaneur.fusion import FUSIONS, fuse
from flaneur.types import City, Photo

CITIES = (City("arles", "Arles"), City("bari", "Bari"), City("cork", "Cork"))


def photo(number, city, place):
    return Photo(f"folder:{number}", "0" * 64, city, place, 64, 48, "folder")


@pytest.fixture
def known():
    """Two of the four views of ``square`` are far too sure of the wrong city; attention knows them."""
    photos = [photo(n, "arles", "square") for n in range(4)] + [photo(4 + n, "bari", "bridge") for n in range(2)]
    photos.append(photo(9, "cork", "alone"))
    logits = np.array([[2, 0, 0], [2, 0, 0], [0, 9, 0], [0, 9, 0], [0, 1, 0], [0.5, 0, 0], [0, 0, 5]], np.float64)
    attention = np.array([0, 0, -9, -9, 0, 0, 0], np.float64)
    return Answers(CITIES, tuple(photos), logits, np.zeros(7), Doubt(1.5), (), attention, "attention")


def test_each_fusion_is_that_of_the_module(known):
    for fusion in FUSIONS:
        fused = known.fused(fusion)
        rows = {answer.place: row for row, answer in enumerate(fused.photos)}
        square = fuse(known.logits[:4], fusion, temperature=1.5, attention=known.attention[:4])
        np.testing.assert_allclose(fused.log_probabilities[rows["square"]], square, atol=1e-12)
    np.testing.assert_allclose(known.fused().logits, known.fused("attention").logits)


def test_numbers_of_single_views_and_of_every_fusion(known):
    found = views(known)
    assert (found.single.value, found.single.n, found.single.groups) == (0.5, 6, 2)
    assert list(found.joined) == list(FUSIONS)
    accuracy = {fusion: numbers.accuracy.value for fusion, numbers in found.joined.items()}
    assert accuracy == {"mean_log_probability": 0.5, "mean_logits": 0.5, "confidence": 0.5, "attention": 1.0}
    assert found.fused == found.joined["attention"].accuracy
    assert found.alone.macro_recall.value == pytest.approx(0.5)
    assert found.joined["attention"].macro_recall.value == 1.0
    assert found.views_mean == 3.0


def test_without_attention_there_is_no_row_of_it(known):
    plain = Answers(CITIES, known.photos, known.logits, known.novelty)
    found = views(plain)
    assert list(found.joined) == ["mean_log_probability", "mean_logits", "confidence"]
    assert [(own, name) for name, own, _ in fusion_rows(found)] == [
        (True, "mean of logits or log probabilities"), (False, "mean weighted by how sure each view is"),
    ]  # fmt: skip


def test_json_lists_the_ways_and_marks_the_models_own(known):
    class Report:
        views = views(known)

    made = _views(Report())
    assert [way["fusion"] for way in made["ways"]] == [None, *FUSIONS]
    assert [way["fusion"] for way in made["ways"] if way["own"]] == ["attention"]
    assert made["fused"] == made["ways"][-1]["accuracy"]
    assert made["single"] == made["ways"][0]["accuracy"]
    assert set(made["ways"][0]["ece"]) == {"value", "low", "high", "n", "places"}


def test_rows_of_some_photos_keep_their_attention(known):
    some = known.where(np.array([True, False, True, False, True, True, True]))
    assert some.attention.tolist() == [0, -9, 0, 0, 0]
    none = Answers(CITIES, (), known.logits[:0], known.novelty[:0])
    assert Card.__dataclass_fields__["fusion"].default == none.fusion
