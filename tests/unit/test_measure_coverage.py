"""Accuracy of the surest photos against sorting by hand, ties against every order of them, and degenerate answers."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from answers_drawn import CITIES, draw
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.coverage import coverage


def of_confidences(probabilities, right):
    """Answers of two cities with these probabilities for the guess."""
    drawn = draw(len(right), cities=CITIES[:2])
    logits = np.zeros((len(right), 2))
    guess = np.where(right, drawn.labels, 1 - drawn.labels)
    logits[np.arange(len(right)), guess] = np.log(probabilities) - np.log(1 - np.array(probabilities))
    return Answers(drawn.cities, drawn.photos, logits, drawn.novelty)


@pytest.mark.parametrize("photos", [1, 3, 20, 151])
def test_points_are_those_of_sorting(photos):
    known = draw(photos, seed=photos)
    found = coverage(known)
    order = np.argsort(-known.confidence)
    assert [one.share for one in found.points] == [step / 20 for step in range(1, 21)]
    for step, one in enumerate(found.points, start=1):
        count = math.ceil(photos * step / 20)
        assert one.accuracy.value == pytest.approx(known.correct[order[:count]].mean())
        assert one.confidence == known.confidence[order[count - 1]]
        assert one.accuracy.n == count
        assert one.accuracy.low <= one.accuracy.value <= one.accuracy.high
    risks = [1 - known.correct[order[:count]].mean() for count in range(1, photos + 1)]
    assert found.aurc.value == pytest.approx(np.mean(risks))
    assert dict(found.at) == {one.share: one.accuracy for one in found.points if one.share in (0.5, 0.8, 0.9, 0.95)}


def test_equally_sure_answers_are_taken_in_every_order():
    probabilities, right = [0.9, 0.7, 0.7, 0.7, 0.7, 0.6], np.array([True, False, True, True, False, False])
    found = coverage(of_confidences(probabilities, right))
    orders = [(0, *order, 5) for order in itertools.permutations((1, 2, 3, 4))]
    half = np.mean([right[list(order[:3])].mean() for order in orders])
    assert dict(found.at)[0.5].value == pytest.approx(half)
    risks = np.mean([[1 - right[list(order[:n])].mean() for n in range(1, 7)] for order in orders])
    assert found.aurc.value == pytest.approx(risks)


def test_the_order_of_the_photos_does_not_matter():
    known = draw(90)
    turned = Answers(known.cities, known.photos[::-1], known.logits[::-1], known.novelty[::-1])
    a, b = coverage(known), coverage(turned)
    assert [one.accuracy.value for one in a.points] == pytest.approx([one.accuracy.value for one in b.points])
    assert a.aurc.value == pytest.approx(b.aurc.value)


def test_findings_say_whether_doubt_means_anything():
    sure = np.linspace(0.55, 0.99, 400)
    rng = np.random.default_rng(0)
    honest = coverage(of_confidences(sure, rng.random(400) < sure)).findings()
    assert "when it is sure, it is right more often" in honest.good[0]
    assert not honest.beware
    blind = coverage(of_confidences(sure, rng.random(400) < 0.6)).findings()
    assert "hardly tells right answers from wrong" in blind.beware[0]
    assert not blind.good
    few = coverage(of_confidences(sure[::20], sure[::20] > 0.6)).findings()
    assert "too few photos to tell" in few.beware[0]
    assert not any(coverage(of_confidences(sure, np.ones(400, bool))).findings().good)


def test_all_numbers_are_plain_json():
    told = coverage(draw(30)).to_dict()
    assert set(told) == {"points", "aurc", "at"}
    assert set(told["points"][0]) == {"share", "confidence", "accuracy"}
    assert [one["share"] for one in told["at"]] == [0.5, 0.8, 0.9, 0.95]
