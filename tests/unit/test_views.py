"""A view of a panorama against known geometry: directions by another library, seam, poles, edges, fine patterns."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from flaneur.dataset.views import perspective
from flaneur.errors import PhotoError, UsageError


def sphere(rows):
    """A panorama whose colour says where each pixel looks: east, up, north (the middle column) as 10 to 245."""
    lon = ((np.arange(2 * rows) + 0.5) / (2 * rows) - 0.5) * 2 * np.pi
    lat = (0.5 - (np.arange(rows) + 0.5) / rows) * np.pi
    east = np.cos(lat)[:, None] * np.sin(lon)
    north = np.cos(lat)[:, None] * np.cos(lon)
    up = np.broadcast_to(np.sin(lat)[:, None], east.shape)
    return np.rint(127.5 + 117.5 * np.stack([east, up, north], axis=2)).astype(np.uint8)


def expected(heading, pitch, fov, width, height):
    """The same for a pinhole camera, by scipy's rotations."""
    focal = width / 2 / np.tan(np.radians(fov) / 2)
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2, np.arange(height) + 0.5 - height / 2)
    rays = np.stack([x, -y, np.full(x.shape, focal)], axis=-1).reshape(-1, 3)  # east, up, north
    turned = Rotation.from_euler("xy", [-pitch, heading], degrees=True).apply(rays)
    turned /= np.linalg.norm(turned, axis=1, keepdims=True)
    return (127.5 + 117.5 * turned).reshape(height, width, 3)


@pytest.mark.parametrize("heading", [0, 45, 90, 179.9, 180, 270, 359.5, -30, 725])
@pytest.mark.parametrize("pitch", [-90, -40, 0, 17.5, 88, 90])
def test_every_pixel_shows_what_lies_in_its_direction(heading, pitch):
    for fov, width, height in ((90, 60, 45), (120, 48, 48), (30, 40, 60)):
        seen = perspective(
            sphere(256), heading_deg=heading, pitch_deg=pitch, fov_deg=fov, size_px=(width, height)
        ).astype(float)
        assert np.abs(seen - expected(heading, pitch, fov, width, height)).max() <= 1.5


def test_headings_are_compass_directions():
    panorama = sphere(128)
    north_at_the_seam = np.roll(panorama, 128, axis=1)
    one = perspective(panorama, heading_deg=200, size_px=50)
    two = perspective(north_at_the_seam, heading_deg=200, pano_heading_deg=180, size_px=50)
    assert np.array_equal(one, two)


def test_the_seam_is_not_seen():
    """Noise, where a wrong neighbour would show: turned by whole columns, the view stays as it is."""
    noise = np.random.default_rng(0).integers(0, 256, (90, 180, 3), dtype=np.uint8)
    for columns in (1, 45, 90, 137):
        for pitch in (0, 60, -90):
            turned = perspective(
                np.roll(noise, columns, axis=1), heading_deg=10 + 2 * columns, pitch_deg=pitch, size_px=101
            ).astype(int)
            still = perspective(noise, heading_deg=10, pitch_deg=pitch, size_px=101).astype(int)
            assert np.abs(turned - still).max() <= 1  # rounding of the angles


@pytest.mark.parametrize("pitch", [90, -90])
def test_a_pole_is_smooth(pitch):
    """Interpolation goes over the pole to the row on its other side."""
    seen = perspective(sphere(64), heading_deg=33, pitch_deg=pitch, fov_deg=20, size_px=81).astype(int)
    assert np.abs(np.diff(seen, axis=0)).max() <= 2
    assert np.abs(np.diff(seen, axis=1)).max() <= 2


def test_a_line_stands_where_it_should():
    panorama = np.zeros((512, 1024, 3), dtype=np.uint8)
    column = 512 + round(1024 * 30 / 360)
    panorama[:, column - 1 : column + 1] = 255  # 30° right of the middle
    seen = perspective(panorama, heading_deg=0, fov_deg=90, size_px=400)
    focal = 200
    assert abs(seen[200, :, 0].argmax() + 0.5 - (200 + focal * np.tan(np.radians(column / 1024 * 360 - 180)))) <= 1
    upright = seen[:, :, 0].argmax(axis=1)
    assert np.ptp(upright) <= 1  # a meridian is a straight upright line


@pytest.mark.parametrize("columns", [1024, 1022, 2 * 509])
def test_fine_patterns_do_not_shimmer(columns):
    panorama = np.zeros((columns // 2, columns, 3), dtype=np.uint8)
    panorama[:, ::2] = 255
    panorama[::2] = 255 - panorama[::2]
    seen = perspective(panorama, heading_deg=12, fov_deg=90, size_px=40)
    assert np.abs(seen.astype(int) - 127).max() <= 40  # one ray a pixel shows 0 and 255


def test_shrinking_keeps_the_geometry():
    large, small = sphere(1024), sphere(128)
    for pitch in (0, 55):
        one = perspective(large, heading_deg=77, pitch_deg=pitch, size_px=32).astype(int)
        two = perspective(small, heading_deg=77, pitch_deg=pitch, size_px=32).astype(int)
        assert np.abs(one - two).max() <= 2


def test_what_is_no_panorama_or_no_view():
    for shape in ((100, 150, 3), (100, 200, 4)):
        with pytest.raises(PhotoError, match="twice as wide") as caught:
            perspective(np.zeros(shape, dtype=np.uint8), heading_deg=0, size_px=10)
        assert caught.value.code == "unsupported_format"
    for wrong in ({"fov_deg": 180}, {"pitch_deg": 91}, {"size_px": 0}):
        with pytest.raises(UsageError, match="No view"):
            perspective(sphere(16), **{"heading_deg": 0, "size_px": 10, **wrong})
