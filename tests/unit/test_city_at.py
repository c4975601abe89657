"""Which city a position lies in: discs by population, the most populous first, the user's own before all."""

import pytest

from flaneur.city_at import city_at
from flaneur.types import Location


@pytest.mark.parametrize(
    ("lat", "lon", "slug"),
    [
        (48.853, 2.3499, "paris-fr"),  # Notre-Dame: the nearest entry is a district
        (40.69, -73.97, "new-york-city-us"),  # Brooklyn
        (37.8044, -122.2712, "oakland-us"),  # beyond San Francisco's disc
        (35.6895, 139.70, "tokyo-jp"),
        (-36.85, 174.76, "auckland-nz"),
    ],
)
def test_cities(lat, lon, slug):
    assert city_at(Location(lat, lon)).slug == slug


@pytest.mark.parametrize(("lat", "lon"), [(0.0, -30.0), (27.98, 86.92), (-90.0, 0.0), (0.0, 180.0)])
def test_nowhere(lat, lon):
    assert city_at(Location(lat, lon)) is None


def test_own_cities_come_first(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    own = '[old-harbour]\nname = "Old Harbour"\nlat = 48.853\nlon = 2.3499\nradius_km = 0.5\n'
    (tmp_path / "cities.toml").write_text(own)
    assert city_at(Location(48.853, 2.3499)).slug == "old-harbour"
    assert city_at(Location(48.88, 2.35)).slug == "paris-fr"
