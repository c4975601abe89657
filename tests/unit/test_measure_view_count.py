"""Accuracy by number of views: every subset of views by hand, the same places throughout, and what is said."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from answers_drawn import CITIES
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures import view_count as measure
from flaneur.evaluation.measures.view_count import view_count
from flaneur.evaluation.measures.views import views as numbers_of_views
from flaneur.evaluation.page.view_count import views_section
from flaneur.evaluation.words import summary
from flaneur.fusion import fuse
from flaneur.metrics import Interval
from flaneur.types import Photo
from reports import drawn_report


def seen(views, skill=0.8, seed=0, fusion="mean_log_probability", bias=0.0):
    """A place for each number of views in the list; the bias misleads all photos of a place alike."""
    rng = np.random.default_rng(seed)
    photos, logits = [], []
    for place, count in enumerate(views):
        truth = place % len(CITIES)
        misled = bias * rng.normal(size=len(CITIES))
        for view in range(count):
            photos.append(Photo(f"t:{place}-{view}", "0", CITIES[truth].slug, f"p{place}", 9, 9, "t"))
            logits.append(skill * np.eye(len(CITIES))[truth] + rng.normal(size=len(CITIES)) + misled)
    return Answers(CITIES, tuple(photos), np.array(logits), np.zeros(len(photos)), fusion=fusion)


@pytest.mark.parametrize("fusion", ["mean_log_probability", "confidence"])
def test_every_number_of_views_agrees_with_all_subsets(fusion, monkeypatch):
    monkeypatch.setattr(measure, "DRAWS", 400)
    known = seen([4, 4, 4, 4, 4, 4, 1, 2], fusion=fusion)
    found = view_count(known)
    assert (found.places, [views for views, _ in found.rows]) == (6, [1, 2, 3, 4])
    for views, accuracy in found.rows:
        right = [
            [
                fuse(known.logits[list(rows)], fusion).argmax() == place % 4
                for rows in itertools.combinations(range(4 * place, 4 * place + 4), views)
            ]
            for place in range(6)
        ]
        assert accuracy.value == pytest.approx(np.mean([np.mean(one) for one in right]), abs=0.03)
        assert (accuracy.n, accuracy.groups) == (24, 6)
    assert found.gain.value == pytest.approx(found.rows[-1][1].value - found.rows[0][1].value)


def test_all_views_together_are_the_models_own_answer():
    known = seen([3] * 40)
    fused = known.fused()
    assert view_count(known).rows[-1][1].value == pytest.approx(fused.correct.mean())


@pytest.mark.parametrize(
    ("views", "most", "places"),
    [([2], 2, 1), ([1, 1, 5], 5, 1), ([2] * 10 + [3] * 4, 2, 14), ([2] * 10 + [9] * 10, 9, 10), ([40] * 3, 12, 3),
     ([2] * 400 + [6] * 100, 6, 100)],
)  # fmt: skip
def test_the_most_views_are_those_of_enough_places(views, most, places):
    found = view_count(seen(views))
    assert (found.rows[-1][0], found.places) == (most, places)


def test_places_with_one_photo_cannot_tell():
    assert view_count(seen([1, 1, 1])) is None


def test_attention_is_taken_along():
    plain = seen([3] * 20, fusion="attention")
    rng = np.random.default_rng(1)
    known = Answers(
        CITIES, plain.photos, plain.logits, plain.novelty, attention=rng.normal(size=60), fusion="attention"
    )
    assert view_count(known).rows[-1][1].value == pytest.approx(known.fused().correct.mean())


def test_findings_tell_the_curve_where_it_rises():
    said = view_count(seen([6] * 150)).findings()
    assert "At 150 places with at least 6 views, one view is right for" in said.good[0]
    assert "6 together for" in said.good[0]
    flat = view_count(seen([4] * 60, skill=50.0)).findings()
    assert (flat.good, flat.beware) == ((), ())


def test_what_one_city_alone_can_tell_is_said_to_be_of_it_and_chance_is_called_chance(tmp_path):
    known = seen([3] * 40)
    assert (view_count(known).only_city, numbers_of_views(known).only_city) == ("", "")
    one = known.where(known.labels == 1)
    found = view_count(one)
    assert found.only_city == numbers_of_views(one).only_city == CITIES[1].name
    assert f"All of these places are in {CITIES[1].name}." in views_section(found)
    report = replace(drawn_report(tmp_path, photos=40), views=numbers_of_views(one))
    assert f"on average 3.0 photos; all of them in {CITIES[1].name}" in " ".join(summary(report))
    rising = replace(found, gain=Interval(0.1, 0.05, 0.15, 30, 10))
    assert f"views, all of them in {CITIES[1].name}, one view" in rising.findings().good[0]
    assert "no clear difference" in views_section(replace(found, gain=Interval(0.03, -0.04, 0.1, 30, 10)))
    assert "no clear difference" not in views_section(rising)


def test_the_draws_are_seeded():
    assert view_count(seen([5] * 20)).to_dict() == view_count(seen([5] * 20)).to_dict()
