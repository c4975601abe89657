import math
import time

import numpy as np
import pytest

from flaneur.errors import InputError
from flaneur.vector_tile import points, tiles_over
from provider import mapillary
from provider.world import World

TILE = (14, 8298, 5636)


def test_the_specifications_own_example_of_a_point():
    # Section 4.3.5.1: a point at (25, 17) is [9 50 34]; the whole tile written down byte by byte.
    feature = bytes([0x18, 1, 0x22, 3, 9, 50, 34])
    layer = bytes([0x0A, 1, ord("p"), 0x12, len(feature)]) + feature + bytes([0x28, 0x80, 0x20, 0x78, 2])
    read = points(bytes([0x1A, len(layer)]) + layer, "p", (0, 0, 0))
    lat, lon = read.positions[0]
    assert lon == pytest.approx(25 / 4096 * 360 - 180)
    assert lat == pytest.approx(math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * 17 / 4096)))))


def test_the_specifications_own_example_of_two_points():
    # Section 4.3.5.2: (5, 7) and (3, 2) are [17 10 14 3 9]: the second is a step from the first.
    feature = bytes([0x18, 1, 0x22, 5, 17, 10, 14, 3, 9])
    layer = bytes([0x0A, 1, ord("p"), 0x12, len(feature)]) + feature + bytes([0x28, 0x80, 0x20, 0x78, 2])
    read = points(bytes([0x1A, len(layer)]) + layer, "p", (0, 0, 0))
    np.testing.assert_allclose((read.positions[:, 1] + 180) / 360 * 4096, [5, 3])
    assert read.owners.tolist() == [0, 0]


def test_every_kind_of_property_comes_back():
    told = {"id": 2**60, "is_pano": True, "compass_angle": 12.25, "sequence_id": "ärger", "captured_at": 1507560881000}
    read = points(mapillary.layer("other", []) + mapillary.layer("image", [(1, 2, told)]), "image", TILE)
    assert read.properties(0) == told


def test_photos_lie_where_they_were_put_to_within_a_cell():
    world = World({"paris": (48.857, 2.352)}, photos=40, radius_km=1.0)
    tiles = tiles_over((2.33, 48.84, 2.37, 48.87), 14)
    seen = {}
    for tile in tiles:
        read = points(mapillary.Mapillary(world).tile(*tile), "image", tile)
        for index, (lat, lon) in enumerate(read.positions):
            seen[str(read.properties(index)["id"])] = (lat, lon)
    assert set(seen) == set(world.by_id)
    for key, (lat, lon) in seen.items():
        assert lat == pytest.approx(world.by_id[key].lat, abs=6e-6)
        assert lon == pytest.approx(world.by_id[key].lon, abs=6e-6)


@pytest.mark.parametrize("data", [b"<!DOCTYPE html>", b"\x1a\xff", b"\x1a\x05\x0a\x02\xff\xfe\x78"])
def test_what_is_no_tile_says_so(data):
    with pytest.raises(InputError, match="14/8298/5636 is no vector tile"):
        points(data, "image", TILE)


def test_odd_features_are_passed_over():
    line = bytes([0x18, 2, 0x22, 3, 9, 50, 34])
    short = bytes([0x18, 1, 0x22, 1, 9])
    layer = bytes([0x0A, 1, ord("p")]) + b"".join(bytes([0x12, len(one)]) + one for one in (line, short))
    assert len(points(bytes([0x1A, len(layer)]) + layer, "p", TILE).positions) == 0


def test_a_tag_that_points_nowhere_is_left_out():
    feature = bytes([0x12, 2, 7, 9, 0x18, 1, 0x22, 3, 9, 50, 34])
    layer = bytes([0x0A, 1, ord("p"), 0x12, len(feature)]) + feature
    assert points(bytes([0x1A, len(layer)]) + layer, "p", TILE).properties(0) == {}


def test_tiles_over_a_box_at_the_edges_of_the_map():
    assert tiles_over((-180.0, -90.0, 180.0, 90.0), 1) == [(1, 0, 0), (1, 0, 1), (1, 1, 0), (1, 1, 1)]
    assert tiles_over((179.99, 0.001, 180.0, 0.002), 14) == [(14, 16383, 8191)]


def test_a_crowded_tile_is_read_in_a_second():
    features = [(number % 4096, number // 4096, {"id": number}) for number in range(500)]
    one = mapillary.layer("image", features)
    started = time.process_time()
    for _ in range(40):
        points(one, "image", TILE)
    assert time.process_time() - started < 1.0
