from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flaneur.geo import distance_km
from flaneur.nearby import boxes_round, metres_between, quarters, sift, unwanted
from flaneur.protocols import Candidate, Wish
from flaneur.types import Location

latitudes = st.floats(-89.9, 89.9)
longitudes = st.floats(-180, 180)


@given(latitudes, longitudes, latitudes, longitudes)
def test_metres_are_those_of_geo(lat, lon, other_lat, other_lon):
    here, there = Location(lat, lon), Location(other_lat, other_lon)
    vectors = distance_km(np.array([[lat, lon]]), np.array([[other_lat, other_lon]]))
    assert metres_between(here, there) == pytest.approx(float(vectors[0]) * 1000, abs=0.01)


@given(latitudes, longitudes, st.floats(1, 5000), st.floats(0, 1), st.floats(0, 6.2831))
def test_a_disc_lies_in_its_boxes(lat, lon, radius_m, away, bearing):
    north = lat + radius_m * away * np.cos(bearing) / 111_200
    east = lon + radius_m * away * np.sin(bearing) / 111_200 / max(np.cos(np.radians(lat)), 1e-4)
    there = Location(float(np.clip(north, -90, 90)), float((east + 180) % 360 - 180))
    spot = Location(lat, lon)
    boxes = boxes_round(spot, radius_m)
    assert all(west <= right and south <= top for west, south, right, top in boxes)
    if metres_between(spot, there) <= radius_m:
        assert any(w <= there.lon <= e and s <= there.lat <= n for w, s, e, n in boxes)


def test_quarters_fill_the_box():
    box = (2.0, 48.0, 3.0, 49.0)
    assert sum((e - w) * (n - s) for w, s, e, n in quarters(box)) == pytest.approx(1.0)


def candidate(key, lat=48.0, **more):
    fields = {"author": "ada", "licence": "CC0-1.0", "page_url": "https://example.org"} | more
    return Candidate(key, Location(lat, 2.0), **fields)


def test_sift_keeps_each_once_ordered_and_counts_the_rest():
    dropped = Counter()
    found = [candidate("b"), None, candidate("a"), candidate("b"), candidate("far", 48.1), candidate("n", licence="")]
    kept = sift([*found, candidate("p", is_panorama=True)], Location(48.0, 2.0), 100, Wish(panoramas="no"), dropped)
    assert [one.key for one in kept] == ["a", "b"]
    assert dropped == {"unreadable": 1, "no_licence": 1, "panorama": 1}


def test_dates_are_compared_as_far_as_both_are_known():
    wish = Wish(since="2019-07-15", until="2020-12-31")
    days = ["2019-07", "2019-07-14T23:00:00", "2019-07-15T00:00:00Z", "2020-12-31T23:59:59Z", "2021-01", "2019", ""]
    reasons = [unwanted(wish, day, is_panorama=False) for day in days]
    assert reasons == ["", "outside_dates", "", "", "outside_dates", "", "outside_dates"]
    assert unwanted(Wish(panoramas="only"), "", is_panorama=False) == "no_panorama"
