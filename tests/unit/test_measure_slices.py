"""Accuracy by columns against scikit-learn and a plain loop; columns as people read them; what the words say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, recall_score

from answers_drawn import CITIES, draw
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.columns import column_values, in_order
from flaneur.evaluation.measures.slices import ALL_OTHERS, MOST_SLICES, slices
from flaneur.types import Location, Photo


def table(known, column):
    return next(one for one in slices(known, [column]).tables if one.column == column)


def beside_others(known, values, value):
    """City by city: recall here minus recall in the other slices, weighted by how often the city occurs here."""
    values, gaps, weights = np.array(values, object), [], []
    for city in range(len(known.cities)):
        here = (known.labels == city) & (values == value)
        there = (known.labels == city) & (values != value) & (values != None)  # noqa: E711
        if here.any() and there.any():
            gaps.append(known.correct[here].mean() - known.correct[there].mean())
            weights.append(here.sum())
    return np.average(gaps, weights=weights) if gaps else math.nan


@pytest.mark.parametrize("photos", [2, 15, 300])
@pytest.mark.parametrize("column", ["year", "project", "heading_deg", "width"])
def test_slices_agree_with_scikit_learn_and_a_loop(photos, column):
    known = draw(photos, seed=photos)
    values = column_values(known.photos, column)
    found = table(known, column)
    assert found.without == values.count(None)
    assert [one.value for one in found.slices] == in_order(set(values) - {None}, column)
    for one in found.slices:
        rows = np.array(values, object) == one.value
        truth, guess = known.labels[rows], known.guesses[rows]
        recall = recall_score(truth, guess, average="macro", labels=np.unique(truth), zero_division=0)
        assert one.accuracy.value == pytest.approx(accuracy_score(truth, guess))
        assert one.macro_recall.value == pytest.approx(recall)
        assert one.beside_others.value == pytest.approx(beside_others(known, values, one.value), nan_ok=True)
        assert (one.accuracy.n, one.accuracy.groups) == (rows.sum(), len(set(known.places[rows])))
        assert one.cities == len(set(truth))


def test_a_slice_whose_cities_occur_in_no_other_cannot_be_compared():
    known = draw(80)
    photos = tuple(replace(photo, project=photo.city) for photo in known.photos)
    found = table(Answers(known.cities, photos, known.logits, known.novelty), "project")
    assert all(math.isnan(one.beside_others.value) and one.beside_others.n == 0 for one in found.slices)
    assert found.slices[0].cities == 1


def test_by_default_only_columns_with_something_to_compare():
    found = slices(draw(60))
    assert [one.column for one in found.tables] == ["year", "season", "project"]  # all are of one source
    plain = draw(60)
    photos = tuple(replace(photo, project=None, captured_at=None) for photo in plain.photos)
    assert slices(Answers(plain.cities, photos, plain.logits, plain.novelty)) is None


def test_unknown_columns_are_suggested_and_empty_ones_refused():
    with pytest.raises(UsageError, match="Did you mean 'project'"):
        slices(draw(5), ["projct"])
    with pytest.raises(UsageError, match="'id' is no column"):
        slices(draw(5), ["id"])
    with pytest.raises(InputError, match="no author of any of these photos"):
        slices(draw(5), ["author"])


def test_of_very_many_values_the_commonest_are_shown():
    known = draw(200)
    photos = tuple(replace(photo, author=f"a{min(row, 60):02}") for row, photo in enumerate(known.photos))
    found = table(Answers(known.cities, photos, known.logits, known.novelty), "author")
    assert len(found.slices) == MOST_SLICES
    assert found.slices[-1].value == ALL_OTHERS
    assert sum(one.accuracy.n for one in found.slices) == 200


def shot(captured_at, lat=None, city="rome", **more):
    where = None if lat is None else Location(lat, 10.0)
    return Photo("t:1", "0", city, "p", 640, 480, "t", location=where, captured_at=captured_at, **more)


@pytest.mark.parametrize(
    ("captured_at", "lat", "season"),
    [
        ("2019-03", 45.0, "spring"), ("2019-05-31", 45.0, "spring"), ("2019-06-01T12:00", 45.0, "summer"),
        ("2019-11", 45.0, "autumn"), ("2019-12", 45.0, "winter"), ("2019-01", 45.0, "winter"),
        ("2019-03", -30.0, "autumn"), ("2019-12", -30.0, "summer"), ("2019-06", -30.0, "winter"),
        ("2019-09", -30.0, "spring"), ("2019", 45.0, None), (None, 45.0, None), ("2019-07", None, None),
    ],
)  # fmt: skip
def test_seasons_of_both_hemispheres(captured_at, lat, season):
    assert column_values([shot(captured_at, lat)], "season") == [season]


def test_a_photo_without_a_position_lies_in_the_hemisphere_of_its_city():
    photos = [shot("2019-07"), shot("2019-07", -33.0), shot("2019-07", -34.0), shot("2019-07", city="lima")]
    assert column_values(photos, "season") == ["winter", "winter", "winter", None]


def test_headings_are_sectors_and_numbers_are_bins():
    headings = [0.0, 22.4, 22.5, 90.0, 337.4, 337.5, 359.9, None]
    sectors = ["north", "north", "north-east", "east", "north-west", "north", "north", None]
    assert column_values([shot(None, heading_deg=heading) for heading in headings], "heading_deg") == sectors
    widths = [replace(shot(None), width=width) for width in range(100, 900)]
    binned = column_values(widths, "width")
    assert list(dict.fromkeys(binned)) == ["100 to 299", "300 to 499", "500 to 699", "700 to 899"]
    assert column_values(widths[:3], "width") == ["100", "101", "102"]
    assert column_values([*[widths[0]] * 90, *widths[:10]], "width")[0] == "100"


def slanted(gap):
    """Photos of one year are told worse by so much, in every city alike."""
    rng = np.random.default_rng(1)
    known = draw(1600, seed=3)
    year = rng.integers(2015, 2019, 1600)
    right = rng.random(1600) < np.where(year == 2016, 0.9 - gap, 0.9)
    guess = np.where(right, known.labels, (known.labels + 1) % len(CITIES))
    photos = tuple(
        replace(photo, captured_at=str(one), project=None, place=f"p{row}")
        for row, (photo, one) in enumerate(zip(known.photos, year, strict=True))
    )
    return slices(Answers(known.cities, photos, np.eye(len(CITIES))[guess], known.novelty))


def test_a_weak_year_is_called_out_and_an_even_model_is_not():
    weak = slanted(0.3).findings()
    assert [line.startswith("Year 2016: ") for line in weak.beware] == [True]
    assert ") less than on other photos of the same cities." in weak.beware[0]
    even = slanted(0.0).findings()
    assert even.beware == ()
    assert "By year, no group of photos is clearly told worse" in even.good[0]
