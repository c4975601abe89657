"""Where to look: sizes, what lies in an area, files that people have, and spots that are even by area."""

import itertools
import json
import math
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare

from flaneur.area import Disc, Points, Polygon, area_of, read_area, spots
from flaneur.area.rings import square_km
from flaneur.area.spots import cells_of
from flaneur.errors import InputError, UsageError
from flaneur.geo import EARTH_KM, distance_km
from flaneur.types import City, Location

PARIS = Disc(Location(48.8566, 2.3522), 12.0)
FIJI = Disc(Location(-17.0, 179.97), 40.0)
POLE = Disc(Location(90.0, 0.0), 300.0)
ALERT = Disc(Location(89.2, -62.3), 200.0)  # the pole lies inside, off its centre
DISCS = {"paris": PARIS, "fiji": FIJI, "pole": POLE, "alert": ALERT}


def ring(*corners):
    return (*corners, corners[0])


def box(west, south, east, north):
    return ring((west, south), (east, south), (east, north), (west, north))


def taken(area, count, sampling="uniform", seed=0, **more):
    return list(itertools.islice(spots(area, sampling=sampling, seed=seed, **more), count))


def table(locations):
    return np.array([[here.lat, here.lon] for here in locations])


def bearings(centre, points):
    lat, lon = np.radians(points).T
    start, turn = math.radians(centre.lat), lon - math.radians(centre.lon)
    return np.arctan2(
        np.sin(turn) * np.cos(lat), math.cos(start) * np.sin(lat) - math.sin(start) * np.cos(lat) * np.cos(turn)
    )


@pytest.mark.parametrize("name", DISCS)
def test_spots_of_a_disc_are_even_by_area(name):
    disc = DISCS[name]
    points = table(taken(disc, 6000, seed=3))
    km = distance_km(points, np.array([[disc.centre.lat, disc.centre.lon]]))
    share = np.sin(km / EARTH_KM / 2) ** 2 / math.sin(disc.radius_km / EARTH_KM / 2) ** 2  # of the area within
    ringed = np.minimum((share * 10).astype(int), 9)
    sector = np.floor((bearings(disc.centre, points) / (2 * np.pi) % 1) * 6).astype(int)
    counts = np.bincount(ringed * 6 + sector, minlength=60)
    assert chisquare(counts).pvalue > 1e-3
    assert np.all(disc.inside(points))


def test_the_test_would_notice_a_crowded_centre():
    """Paper 001 drew the distance evenly; the same test refuses that."""
    share = np.random.default_rng(0).random(6000) ** 2
    assert chisquare(np.bincount((share * 10).astype(int), minlength=10)).pvalue < 1e-9


def test_spots_of_a_polygon_with_a_hole_and_an_island_are_even_by_area():
    far_north = Polygon((
        (box(10.0, 69.0, 11.0, 70.0), box(10.2, 69.3, 10.8, 69.6)),
        (ring((12.0, 68.0), (14.0, 68.0), (12.0, 69.0)),),
    ))  # fmt: skip
    points = table(taken(far_north, 6000, seed=1))
    pieces = [box(10.0, 69.0, 11.0, 69.3), box(10.0, 69.3, 10.2, 69.6), box(10.8, 69.3, 11.0, 69.6),
              box(10.0, 69.6, 11.0, 70.0), ring((12.0, 68.0), (13.0, 68.0), (13.0, 68.5), (12.0, 69.0)),
              ring((13.0, 68.0), (14.0, 68.0), (13.0, 68.5))]  # fmt: skip
    counts = [int(Polygon(((piece,),)).inside(points).sum()) for piece in pieces]
    sizes = np.array([square_km(piece) for piece in pieces])
    assert sum(counts) == 6000
    assert sizes.sum() == pytest.approx(far_north.square_km, rel=1e-9)
    assert chisquare(counts, 6000 * sizes / sizes.sum()).pvalue > 1e-3


def test_a_wide_box_is_even_in_longitude_and_sine_of_latitude():
    world = read_area("-180,-90,180,90")
    assert world.square_km == pytest.approx(4 * math.pi * EARTH_KM**2)
    points = table(taken(world, 4000))
    sines, east = np.sin(np.radians(points[:, 0])), points[:, 1] / 180
    counts = np.histogram2d(sines, east, bins=6, range=[[-1, 1], [-1, 1]])[0].ravel()
    assert chisquare(counts).pvalue > 1e-3


@given(
    lat=st.floats(-90, 90), lon=st.floats(-180, 180), radius_km=st.floats(0.01, 2000), seed=st.integers(0, 2**32 - 1)
)
@settings(max_examples=60, deadline=None)
def test_every_spot_lies_in_its_disc_wherever_that_is(lat, lon, radius_km, seed):
    disc = Disc(Location(lat, lon), radius_km)
    assert all(disc.contains(spot) for spot in taken(disc, 20, seed=seed))


@pytest.mark.parametrize("sampling", ["uniform", "grid"])
@pytest.mark.parametrize("area", [PARIS, FIJI, read_area("179.5,-17.5,-179.5,-16.5")], ids=["paris", "fiji", "box"])
def test_the_same_seed_gives_the_same_spots(area, sampling):
    one, two = taken(area, 700, sampling, seed=5), taken(area, 700, sampling, seed=5)
    assert one == two
    assert one != taken(area, 700, sampling, seed=6)
    assert all(area.contains(spot) for spot in one)


@pytest.mark.parametrize("name", DISCS)
def test_a_grid_covers_its_area_in_the_first_round(name):
    h3 = pytest.importorskip("h3")
    disc = DISCS[name]
    cells = cells_of(disc)
    assert {h3.latlng_to_cell(spot.lat, spot.lon, h3.get_resolution(cells[0])) for spot in taken(disc, 800)} <= {*cells}
    spotted = taken(disc, 2000, "grid")
    within = [cell for cell in cells if all(disc.contains(Location(*corner)) for corner in h3.cell_to_boundary(cell))]
    assert len(within) > 60
    visits = [h3.latlng_to_cell(spot.lat, spot.lon, h3.get_resolution(cells[0])) for spot in spotted]
    assert set(within) <= set(visits[: len(cells)])
    counts = [visits.count(cell) for cell in within]
    assert max(counts) - min(counts) <= 1


def test_a_grid_is_even_by_area_at_the_edge_too():
    strip = read_area("2.0,48.0,2.4,48.02")  # narrower than its cells
    points = table(taken(strip, 2000, "grid", cell_resolution=7))
    counts = np.histogram2d(points[:, 0], points[:, 1], bins=(4, 5), range=[[48.0, 48.02], [2.0, 2.4]])[0].ravel()
    assert counts.sum() == 2000
    assert np.all(np.abs(counts / 100 - 1) < 0.45)  # cells differ in size by up to a quarter here and there


def test_positions_are_each_looked_at_once():
    places = tuple(Location(48 + number / 100, 2.0) for number in range(30))
    looked = taken(Points(places), 99, "positions", seed=2)
    assert looked != list(places)
    assert sorted(looked, key=lambda here: here.lat) == list(places)
    assert Points(places).contains(Location(48.001, 2.001))
    assert not Points(places).contains(Location(47.99, 2.0))


def test_sampling_and_area_must_go_together():
    for area, sampling in ((PARIS, "positions"), (Points((PARIS.centre,)), "uniform")):
        with pytest.raises(UsageError, match="positions"):
            spots(area, sampling=sampling, seed=0)
    with pytest.raises(UsageError, match="Did you mean 'grid'"):
        spots(PARIS, sampling="gird", seed=0)
    with pytest.raises(UsageError, match="no effect"):
        spots(PARIS, sampling="uniform", seed=0, cell_resolution=8)
    for resolution in (0, 15, 99):
        with pytest.raises(UsageError, match="do not fit"):
            spots(PARIS, sampling="grid", seed=0, cell_resolution=resolution)


def test_a_polygon_across_the_date_line_is_one_however_it_is_written():
    jumping, running = box(179.0, -18.0, -179.0, -17.0), box(179.0, -18.0, 181.0, -17.0)
    for corners in (jumping, running, box(-181.0, -18.0, -179.0, -17.0)):
        area = Polygon(((corners, box(179.4, -17.6, 179.6, -17.4)),))
        assert area.square_km == pytest.approx(square_km(running) - square_km(box(0, -17.6, 0.2, -17.4)))
        assert area.contains(Location(-17.1, 179.5))
        assert area.contains(Location(-17.1, -179.5))
        assert not area.contains(Location(-17.5, 179.5))
        assert not area.contains(Location(-17.1, 0.0))


def test_what_lies_in_a_ring_agrees_with_shapely():
    shapely = pytest.importorskip("shapely")
    rng = np.random.default_rng(0)
    angle = np.sort(rng.random(60)) * 2 * np.pi
    reach = 0.3 + rng.random(60)
    star = ring(*zip((3 + reach * np.cos(angle)).tolist(), (50 + reach * np.sin(angle)).tolist(), strict=True))
    points = np.stack([50 + rng.uniform(-1.5, 1.5, 5000), 3 + rng.uniform(-1.5, 1.5, 5000)], axis=1)
    expected = shapely.contains_xy(shapely.Polygon(star), points[:, 1], points[:, 0])
    assert np.array_equal(Polygon(((star,),)).inside(points), expected)


def write(folder, name, content):
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_geojson_of_every_kind(tmp_path):
    square, hole = [list(map(list, box(2.0, 48.0, 3.0, 49.0)))], list(map(list, box(2.2, 48.2, 2.4, 48.4)))
    plain = {"type": "Polygon", "coordinates": square}
    holed = {"type": "MultiPolygon", "coordinates": [[square[0], hole], [list(map(list, box(5, 48, 6, 49)))]]}
    collection = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": holed}]}
    size = square_km(box(2.0, 48.0, 3.0, 49.0))
    assert read_area(write(tmp_path, "a.geojson", plain)).square_km == pytest.approx(size)
    many = read_area(write(tmp_path, "b.geojson", collection))
    assert many.square_km == pytest.approx(2 * size - square_km(box(2.2, 48.2, 2.4, 48.4)))
    assert not many.contains(Location(48.3, 2.3))
    points = {"type": "MultiPoint", "coordinates": [[2.0, 48.0, 35.0], [3.0, 49.0]]}
    assert read_area(write(tmp_path, "c.json", points)) == Points((Location(48.0, 2.0), Location(49.0, 3.0)))


def test_what_people_draw_is_made_valid(tmp_path):
    bow_tie = {"type": "Polygon", "coordinates": [[[0, 0], [2, 2], [2, 0], [0, 2], [0, 0]]]}
    area = read_area(write(tmp_path, "tie.geojson", bow_tie))
    assert area.square_km == pytest.approx(square_km(ring((0, 0), (1, 1), (0, 2))) * 2, rel=1e-3)
    twice = {"type": "MultiPolygon", "coordinates": [[list(map(list, box(0, 0, 1, 1)))]] * 2}
    assert read_area(write(tmp_path, "twice.geojson", twice)).square_km == pytest.approx(square_km(box(0, 0, 1, 1)))
    cut = {"type": "MultiPolygon", "coordinates": [[list(map(list, box(179, 0, 180, 1)))],
                                                   [list(map(list, box(-180, 0, -179, 1)))]]}  # fmt: skip
    both = read_area(write(tmp_path, "cut.geojson", cut))
    assert len(both.parts) == 1
    assert both.square_km == pytest.approx(2 * square_km(box(0, 0, 1, 1)))


@pytest.mark.parametrize("text", [
    "\ufefflat,lon,name\n48.1,2.1,a\n48.2,2.2,b\n", "name;Longitude;Latitude\na;2.1;48.1\nb;2.2;48.2\n\n",
    "id\tlng\tlat\r\n1\t2.1\t48.1\r\n2\t2.2\t48.2\r\n",
])  # fmt: skip
def test_positions_in_a_table(tmp_path, text):
    assert read_area(write(tmp_path, "p.csv", text)) == Points((Location(48.1, 2.1), Location(48.2, 2.2)))


@pytest.mark.parametrize(("name", "content", "told"), [
    ("a.csv", "north,east\n1,2\n", "no columns lat and lon"),
    ("a.csv", "lat,lon\n48.1,2.1\n2.1,148.1x\n", "line 3"),
    ("a.csv", "lat,lon\n151.2,-33.8\n", "line 2: .*swapped"),
    ("a.csv", "lat,lon\n", "empty"),
    ("a.geojson", "{", "not readable as GeoJSON"),
    ("a.geojson", {"type": "LineString", "coordinates": [[0, 0], [1, 1]]}, "lines"),
    ("a.geojson", {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]}, "four positions"),
    ("a.geojson", {"type": "Polygon", "coordinates": [[[2e5, 6e6], [3e5, 6e6], [3e5, 5e6], [2e5, 6e6]]]}, "metres"),
    ("a.geojson", {"type": "Polygon", "coordinates": [[[0, 80], [120, 80], [-120, 80], [0, 80]]]}, "pole"),
    ("a.geojson", {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 0], [0, 0]]]}, "no surface"),
    ("a.geojson", {"type": "Topology"}, "no type of GeoJSON"),
    ("a.geojson", {"type": "FeatureCollection", "features": []}, "polygons or points"),
    ("a.geojson", [1, 2], "not readable as GeoJSON"),
])  # fmt: skip
def test_a_file_that_is_no_area_is_one_clear_line(tmp_path, name, content, told):
    with pytest.raises(InputError, match=told) as caught:
        read_area(write(tmp_path, name, content))
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["48,2,49", "2,49,3,48", "2,48,2,49", "48,200,49,3", "nowhere.geojson", "1,2,3,e", "", " "]
)
def test_words_that_are_no_area(text):
    with pytest.raises(UsageError, match=f"^'?{text}.*WEST,SOUTH,EAST,NORTH"):
        read_area(text)


def test_a_folder_is_no_area(tmp_path):
    with pytest.raises(UsageError, match=r"is no area\. Give WEST"):
        read_area(tmp_path)


def test_what_is_not_installed_is_named(tmp_path, monkeypatch):
    for package in ("h3", "shapely"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(UsageError, match=r"pip install '\.\[collect\]'"):
        spots(PARIS, sampling="grid", seed=0)
    polygon = {"type": "Polygon", "coordinates": [list(map(list, box(0, 0, 1, 1)))]}
    with pytest.raises(UsageError, match=r"pip install '\.\[collect\]'"):
        read_area(write(tmp_path, "a.geojson", polygon))
    assert taken(read_area("0,0,1,1"), 3)  # a box and a disc need neither


def test_a_city_is_a_disc():
    porto = City("porto", "Porto", centre=Location(41.15, -8.61))
    assert area_of(porto).radius_km == 5.0
    assert area_of(porto, 1000).radius_km == 1.0
    assert area_of(porto, 30_000_000).radius_km == 25.0
    assert area_of(City("a", "A", centre=porto.centre, radius_km=3.0), 9_000_000) == Disc(porto.centre, 3.0)
    with pytest.raises(InputError, match=r"cities\.toml"):
        area_of(City("a", "A"))
    with pytest.raises(InputError, match="radius"):
        Disc(porto.centre, 0.0)
