"""Heads refitted in worlds where the truth is known: what crossing, leaving out and dealing anew must find."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from bundles import tiny_card
from embedded import EmbeddedWorld, city_signal, drawn_photos, embedded_world
from flaneur.bundle.folder import read_bundle
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.measures.columns import column_values
from flaneur.evaluation.page.cross import cross_section
from flaneur.evaluation.page.learning_curve import curve_section
from flaneur.evaluation.page.random_split import random_split_section
from flaneur.evaluation.page.section_parts import ends, signed
from flaneur.evaluation.phrases import points_span
from flaneur.evaluation.trials.cross import ALL, ALL_OTHERS, cross
from flaneur.evaluation.trials.learning_curve import CurvePoint, Fit, LearningCurve, learning_curve
from flaneur.evaluation.trials.left_out import left_out, novelty_of
from flaneur.evaluation.trials.random_split import random_split
from flaneur.evaluation.trials.refit import drawn_order, encoder_saw, first_of_each, set_up
from flaneur.evaluation.trials.scaling import fit_curve
from flaneur.evaluation.trials.source_probe import source_probe
from flaneur.metrics import Interval
from flaneur.training.heads.inflation import random_split_inflation
from flaneur.training.heads.novelty import NoveltyRule
from flaneur.types import City
from section_examples import share

BOTH = ("north", "south")
NEAR = NoveltyRule(methods=("neighbours",))
CITIES = {"arles": BOTH, "bari": BOTH, "cork": BOTH}


def plain(section) -> str:
    """As ``report.json`` has it: no NaN, no numpy."""
    return json.dumps(section.to_dict(), allow_nan=False)


@pytest.fixture(scope="module")
def shortcut(tmp_path_factory) -> EmbeddedWorld:
    """Each project names the city in a code of its own, far louder than what the city itself looks like."""
    photos = drawn_photos(CITIES, places=60)
    X = city_signal(photos, strength=1.0)
    names, projects = sorted(CITIES), sorted(BOTH)
    for row, photo in enumerate(photos):
        X[row, 3 + 3 * projects.index(photo.project) + names.index(photo.city)] += 6
    return embedded_world(tmp_path_factory.mktemp("shortcut"), photos, X)


@pytest.fixture(scope="module")
def honest(tmp_path_factory) -> EmbeddedWorld:
    """Cities look the same in every project."""
    photos = drawn_photos(CITIES, places=60)
    return embedded_world(tmp_path_factory.mktemp("honest"), photos, city_signal(photos, strength=3.0))


@pytest.fixture(scope="module")
def alone(tmp_path_factory) -> EmbeddedWorld:
    """Each city has a project of its own."""
    photos = drawn_photos({"arles": ("a",), "bari": ("b",), "cork": ("c",)}, places=60)
    return embedded_world(tmp_path_factory.mktemp("alone"), photos, city_signal(photos, strength=3.0))


def test_crossing_finds_what_only_one_project_shows(shortcut):
    found = cross(*shortcut.all, "project")
    assert found.rows == ("north", "south", ALL_OTHERS, ALL)
    assert found.cells["north", "north"].accuracy.value > 0.95
    assert found.cells["north", "south"].accuracy.high < 0.8
    assert found.cells["north", "south"].chance == pytest.approx(1 / 3)
    assert found.cells[ALL_OTHERS, "south"] == found.cells["north", "south"]  # there is but one other
    assert found.drop.low > 0.2
    for one in found.drops:
        assert one.drop.value == pytest.approx(one.with_it.value - one.without.value)
        assert one.share == pytest.approx(0.5, abs=0.05)
    photos = sum(one.drop.n for one in found.drops)
    assert found.drop.n == photos == len(shortcut.split.ids("test"))
    assert found.drop.value == pytest.approx(sum(one.drop.value * one.drop.n for one in found.drops) / photos)
    assert "never learnt from are told right less often" in found.findings().beware[0]
    plain(found)


def test_crossing_costs_nothing_where_cities_look_alike_everywhere(honest):
    found = cross(*honest.all, "project")
    assert found.drop.low < 0 < found.drop.high < 0.1
    said = " ".join((*found.findings().good, *found.findings().beware))
    assert f"project that it never learnt from (drop in points: {points_span(found.drop)})" in said
    assert "No clear drop" in said
    page = cross_section(found)
    assert "Drop<small>points lost" in page
    assert ends(found.drop, signed) in page
    assert found == cross(*honest.all, "project")


def test_where_project_and_city_coincide_nothing_is_claimed(alone):
    found = cross(*alone.all, "project")
    assert found.drop is None
    assert found.bound == ("a", "b", "c")
    assert found.cells["a", "b"].why == "its photos show one city only"
    assert found.cells[ALL_OTHERS, "a"].why == "the tested photos show none of its cities"
    assert found.cells[ALL, "a"].accuracy.value > 0.8
    assert "cannot be told apart here" in found.findings().beware[0]
    plain(found)


def test_groups_that_are_too_small_are_set_aside_and_counted(tmp_path):
    photos = drawn_photos({"arles": ("a", "b"), "bari": ("a", "b")}, places=50)
    photos += drawn_photos({"arles": ("rare",)}, places=4)
    photos = [type(p)(**{f: getattr(p, f) for f in p.__slots__} | {"id": f"a:{n}", "sha256": f"{n:064x}"})
              for n, p in enumerate(photos)]  # fmt: skip
    photos = [type(p)(**{f: getattr(p, f) for f in p.__slots__} | {"project": None}) if n < 3 else p
              for n, p in enumerate(photos)]  # fmt: skip
    world = embedded_world(tmp_path / "w", photos, city_signal(photos, 3.0))
    found = cross(*world.all, "project")
    assert (found.groups, found.small, found.bound, found.few) == (("a", "b"), ("rare",), (), ())
    asked = {*world.split.ids("train"), *world.split.ids("test")}
    assert found.without == len([photo for photo in photos[:3] if photo.id in asked])


def test_a_misspelt_column_is_refused(honest):
    with pytest.raises(UsageError, match="Did you mean 'project'"):
        cross(*honest.all, "projct")


def test_the_older_half_is_of_each_city(honest):
    photos = honest.dataset.photos
    halves = column_values(photos, "period")
    for city in CITIES:
        dates = [(photo.captured_at, half) for photo, half in zip(photos, halves, strict=True) if photo.city == city]
        assert max(date for date, half in dates if half == "earlier half") < min(
            date for date, half in dates if half == "later half"
        )
    assert cross(*honest.all, "period").drop.low < 0.05


def test_draws_take_whole_places(tmp_path):
    photos = drawn_photos({"arles": ("a",), "bari": ("a",)}, places=20, views=4)
    bench = set_up(*embedded_world(tmp_path / "w", photos, city_signal(photos, 3.0)).all)
    order = drawn_order(bench.train, np.random.default_rng(3))
    rows = first_of_each(bench.train.cities, order, 8)
    assert len(rows) == 16
    assert len(set(bench.train.places[rows])) == 4  # eight photos of a city are its first two places
    assert sorted(order) == list(range(len(bench.train.photos)))


def test_more_photos_help_and_more_cities_do_not(tmp_path):
    photos = drawn_photos(dict.fromkeys(("arles", "bari", "cork", "delft"), ("a",)), places=150)
    world = embedded_world(tmp_path / "w", photos, city_signal(photos, 2.0))
    found = learning_curve(*world.all)
    assert [point.count for point in found.by_photos] == [5, 10, 20, 30, 50, 70, 90]
    assert [point.count for point in found.by_cities] == [2, 3, 4]
    assert found.by_photos[-1].accuracy.value > found.by_photos[0].accuracy.value
    assert found.by_cities[0].accuracy.value > found.by_cities[-1].accuracy.value
    assert found.by_cities[0].chance == 0.5
    assert found.by_cities[-1].accuracy.n == found.by_photos[0].accuracy.n == len(world.split.ids("test"))
    assert found.fit is not None
    assert (found.even, found.uneven) == (90, ())
    assert found == learning_curve(*world.all)
    assert "photos of each city" in found.findings().good[0]
    told = learning_curve(*world.all, encoder_saw_them=True).findings()
    assert not told.good
    assert "flatters" in told.beware[-1]
    plain(found)


def test_cities_with_few_photos_do_not_end_the_curve(tmp_path):
    photos = drawn_photos({"arles": ("a",), "bari": ("a",)}, places=100) + drawn_photos({"cork": ("c",)}, places=8)
    photos = [type(p)(**{f: getattr(p, f) for f in p.__slots__} | {"id": f"a:{n}", "sha256": f"{n:064x}"})
              for n, p in enumerate(photos)]  # fmt: skip
    found = learning_curve(*embedded_world(tmp_path / "w", photos, city_signal(photos, 3.0)).all)
    assert found.by_cities[-1].count == 2
    assert found.by_photos[-1].count == 60


def test_how_many_photos_are_needed_is_read_off_the_curve_or_refused_with_the_reason():
    fit = Fit(0.9, 0.8, 0.5, 0.0)
    curve = LearningCurve((), (), fit, even=100)
    assert curve.needed(0.8) == 64
    assert fit.at(64) == pytest.approx(0.8)
    assert curve.needed(0.9) is None
    assert curve.why_not(0.9) == "not reached: the curve flattens near 90 %"
    assert curve.needed(0.89) is None
    assert "more than 10 times" in curve.why_not(0.89)
    assert fit_curve([(20, 0.5), (50, 0.6), (100, 0.7)]) is None
    assert "so few points" in LearningCurve((), (), None).why_not(0.8)


def test_a_curve_on_the_edge_of_what_is_tried_names_no_number_of_photos():
    steep = fit_curve([(count, 0.94 - 60 * count**-1.8) for count in (20, 30, 50, 70, 100, 142)])
    assert steep.on_bound
    points = tuple(CurvePoint(count, share(0.9), share(0.9), 0.5) for count in (10, 142, 300))
    for fit, told in ((steep, ""), (Fit(0.92, 0.8, 0.5, 0.01), "95 % is not reached: the curve flattens near 92 %.")):
        found = LearningCurve(points, (), fit, uneven=(City("new-york", "New York"),), even=142)
        said, page = found.findings().good[0], curve_section(found)
        assert said.endswith(told or "with 300 for 90 % (87 to 93 %).")
        assert ("For so many right answers" in page) == bool(told)
        assert "Beyond 142 photos some cities have no more to bring: New York." in page
    assert LearningCurve(points, (), steep, even=142).needed(0.8) is None


def test_a_left_out_city_that_looks_like_nothing_else_is_strange_and_a_twin_is_not(tmp_path):
    photos = drawn_photos(dict.fromkeys(("arles", "bari", "cork", "twin"), ("a",)), places=60)
    X = city_signal(photos, 4.0, noise=0.5)
    for row, photo in enumerate(photos):
        if photo.city == "twin":  # as bari, but for a little
            X[row, 3] = 0.6 + X[row, 3] - 4
            X[row, 1] += 4
    world = embedded_world(tmp_path / "w", photos, X)
    found = left_out(*world.all, novelty=NEAR)
    by_slug = {one.city.slug: one for one in found.cities}
    assert by_slug["cork"].auroc.value > 0.95
    assert by_slug["cork"].false_accept.value < 0.2
    assert by_slug["twin"].taken_for == "bari"
    assert by_slug["twin"].false_accept.value > 0.7
    assert found.auroc.value == pytest.approx(np.mean([one.auroc.value for one in found.cities]))
    assert found.false_accept.value == pytest.approx(np.mean([one.false_accept.value for one in found.cities]))
    assert found.refused.value < 0.3
    assert by_slug["cork"].auroc.n == 12
    said = found.findings().beware[0]
    assert re.search(
        r"; of (Twin|Bari), the worst, \d+ % \(\d+ to \d+ %\) of the photos, most often named as (Bari|Twin)", said
    )
    told = left_out(*world.all, novelty=NEAR, encoder_saw_them=True)
    assert "fare worse" in told.findings().beware[0]
    assert told.cities == found.cities
    plain(found)


def test_two_cities_are_too_few_to_leave_one_out(tmp_path):
    photos = drawn_photos({"arles": ("a",), "bari": ("a",)}, places=30)
    with pytest.raises(InputError, match=r"takes 3 cities with 10 or more training photos each \(there: Arles, Bari\)"):
        left_out(*embedded_world(tmp_path / "w", photos, city_signal(photos, 3.0)).all)


def test_novelty_is_measured_as_the_model_learnt_it():
    rule = novelty_of(read_bundle("base").card)
    assert (rule.methods, rule.columns, rule.dims) == (("combined",), 320, 320)
    assert novelty_of(tiny_card()).methods == ("neighbours",)


def test_a_random_split_flatters_where_places_have_many_photos(tmp_path):
    photos = drawn_photos(CITIES, places=30, views=6)
    rng = np.random.default_rng(0)
    offset = {place: rng.normal(0, 2, 12) for place in sorted({(photo.city, photo.place) for photo in photos})}
    X = city_signal(photos, 1.0, noise=0.3) + np.array([offset[photo.city, photo.place] for photo in photos])
    world = embedded_world(tmp_path / "w", photos, X)
    found = random_split(*world.all)
    assert found.inflation.low > 0.02
    assert found.same_place > 0.95
    assert found.inflation.value == pytest.approx(found.random.value - found.honest.value)
    known = random_split_inflation(*world.all)
    assert found.honest.value == pytest.approx(known["honest_accuracy"]["value"], abs=1e-6)
    assert found.random.value == pytest.approx(known["random_accuracy"]["value"], abs=1e-6)
    assert [one.city.slug for one in found.cities] == sorted(CITIES)
    share = [one.honest.n for one in found.cities]
    assert np.average([one.honest.value for one in found.cities], weights=share) == pytest.approx(found.honest.value)
    said = found.findings().beware[0]
    assert "on the validation photos (so the honest figure is not the accuracy above)" in said
    digits = [float(share) for share in re.findall(r"(\d+\.\d)(?: %| points too many)", said)[:3]]
    assert digits[1] - digits[0] == pytest.approx(digits[2], abs=0.11)
    assert "no clear difference" not in random_split_section(found)
    plain(found)


def test_a_random_split_does_not_flatter_where_every_photo_is_its_own_place(honest):
    found = random_split(*honest.all)
    assert found.inflation.low < 0.02
    assert found.same_place == 0
    assert "no clear difference" in found.findings().good[0]
    tiny = replace(found, inflation=Interval(0.031, -0.001, 0.061, 100, 90)).findings().good[0]
    assert "(difference in points: −0.1 to +6.1)" in tiny
    assert "no clear difference" in random_split_section(found)
    assert "not the accuracy above" in random_split_section(found)


def test_the_probe_reads_a_project_that_is_there_and_none_that_is_not(shortcut, honest, alone):
    loud = source_probe(*shortcut.all)
    assert [one.city.slug for one in loud.cities] == sorted(CITIES)
    assert loud.accuracy.value > 0.95
    assert loud.cities[0].sources == BOTH
    assert "can be read from its embedding" in loud.findings().beware[0]
    silent = source_probe(*honest.all)
    assert silent.accuracy.low < 0.5 < silent.accuracy.high
    assert silent.accuracy.value == pytest.approx(np.mean([one.accuracy.value for one in silent.cities]))
    assert silent.findings().good
    nothing = source_probe(*alone.all)
    assert (nothing.accuracy, nothing.single) == (None, ("arles", "bari", "cork"))
    assert "cannot be told" in nothing.findings().beware[0]
    for found in (loud, silent, nothing):
        plain(found)


def test_an_encoder_saw_the_cities_that_it_was_tuned_on():
    base = read_bundle("base").card
    assert encoder_saw(base, ["london"])
    assert not encoder_saw(base, ["oslo"])
    assert not encoder_saw(tiny_card(), ["paris"])
    assert encoder_saw(tiny_card(training={"log": [{"epoch": 1}]}), ["paris"])
    assert encoder_saw(tiny_card(encoder=base.encoder), ["london"])  # a new head on the bundled encoder
