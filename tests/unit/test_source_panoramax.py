"""Panoramax: one search with no second page, three places for an author, and photos that are not what they seem."""

import pytest

from flaneur.errors import PhotoError, UsageError
from flaneur.protocols import Wish
from flaneur.sources import panoramax as source
from flaneur.types import Location
from provider.panoramax import Panoramax, key_of, sequence_of
from provider.server import NO_FAULTS, Faults, json_response
from provider.session import insist, session
from provider.world import World

CENTRE = (48.8566, 2.3522)
PARIS = World({"paris-fr": CENTRE}, photos=120, seed=11, radius_km=0.6, panoramas=0.5, size_px=64)
SPOT = Location(*CENTRE)
PROVIDER = Panoramax(PARIS)


def opened(tmp_path, provider=None, faults=NO_FAULTS):
    return session("panoramax", [provider or Panoramax(PARIS)], tmp_path, {}, faults)


def usable(photo):
    return not PROVIDER.hidden(photo) and not PROVIDER.part(photo) and not PARIS.lacks(photo, "license")


def test_all_that_may_be_used_is_found_and_the_rest_is_counted(tmp_path):
    with opened(tmp_path) as (server, client):
        found = source.near(SPOT, 300.0, Wish(), client)
        assert source.near(SPOT, 300.0, Wish(), client) == found
    near = PARIS.near(*CENTRE, 300.0)
    assert [one.key for one in found] == sorted(key_of(photo) for photo in near if usable(photo))
    assert {"not_public", "part_of_a_panorama", "no_licence"} <= set(client.dropped)
    assert len(server.trace) == 2


@pytest.mark.parametrize("page", [30, 1000])
def test_without_a_second_page_a_full_reply_is_asked_for_in_quarters(tmp_path, monkeypatch, page):
    monkeypatch.setattr(source, "PAGE", page)
    with opened(tmp_path) as (server, client):
        found = source.near(SPOT, 1000.0, Wish(), client)
    assert len(found) == sum(map(usable, PARIS.all))
    assert (len(server.trace) > 4) is (page == 30)
    assert client.dropped["not_public"] == sum(map(PROVIDER.hidden, PARIS.all)), "each counted once a search"


def test_what_is_said_of_a_photo_and_what_is_missing(tmp_path):
    with opened(tmp_path) as (_, client):
        found = {one.key: one for one in source.near(SPOT, 1000.0, Wish(), client)}
    for photo in filter(usable, PARIS.all):
        one = found[key_of(photo)]
        assert (one.location.lat, one.location.lon) == (photo.lat, photo.lon)
        assert one.author == (photo.author if photo.frame % 4 < 3 else "a Panoramax contributor")
        assert one.licence in ("etalab-2.0", "CC-BY-SA-4.0")
        dated = "" if PARIS.lacks(photo, "datetime") else photo.captured.strftime("%Y-%m-%dT%H:%M:%SZ")
        assert one.captured == dated
        assert one.heading_deg == (None if PARIS.lacks(photo, "view:azimuth") else round(photo.heading_deg) % 360)
        assert one.is_panorama is photo.is_pano
        assert one.sequence == sequence_of(photo)
        assert one.key in one.page_url
        assert one.project == ("osm-fr" if photo.place % 2 else "")


def test_the_page_of_a_photo_is_on_the_catalogue_that_was_asked():
    item = {"id": "7", "geometry": {"coordinates": [2.0, 48.0]}}
    own = [{"rel": "self", "href": "https://photos.example.org/api/collections/1/items/7"}]
    assert source.candidate_of(item).page_url == "https://api.panoramax.xyz/#focus=pic&pic=7"
    assert source.candidate_of(item | {"links": own}).page_url == "https://photos.example.org/#focus=pic&pic=7"


def test_dates_and_panoramas_are_compared_here_since_the_catalogue_ignores_them(tmp_path):
    with opened(tmp_path) as (_, client):
        found = source.near(SPOT, 1000.0, Wish(panoramas="only", since="2018", until="2021-06"), client)
    assert found
    assert all(one.is_panorama and "2018" <= one.captured[:7] <= "2021-06" for one in found)
    assert client.dropped["no_panorama"] > 0
    assert client.dropped["outside_dates"] > 0


def test_pictures_are_followed_to_where_they_lie_today(tmp_path):
    photos = {key_of(photo): photo for photo in PARIS.all}
    with opened(tmp_path) as (server, client):
        had = 0
        for one in source.near(SPOT, 1000.0, Wish(), client)[:40]:
            photo = photos[one.key]
            if PARIS.lacks(photo, "hd", 0.15) and PARIS.lacks(photo, "sd", 0.15):
                with pytest.raises(PhotoError, match="no picture"):
                    source.fetch(one, Wish(), client)
                continue
            ((view, data),) = source.fetch(one, Wish(), client)
            assert data == PARIS.picture(photo)
            assert view.heading_deg == one.heading_deg
            had += 1
    assert len({asked.path for asked in server.trace if "/derivates/" in asked.path}) == had


@pytest.mark.parametrize(("wish", "name"), [(Wish(), "sd"), (Wish(size_px=1280), "hd"), (Wish(fov_deg=60), "hd")])
def test_a_panorama_is_had_as_large_as_its_views_need(tmp_path, wish, name):
    with opened(tmp_path) as (server, client):
        photos = {
            key_of(photo): photo for photo in PARIS.all if not any(PARIS.lacks(photo, n, 0.15) for n in ("hd", "sd"))
        }
        one = next(one for one in source.near(SPOT, 1000.0, Wish(), client) if one.is_panorama and one.key in photos)
        source.fetch(one, wish, client)
    assert {asked.path.rsplit("/", 1)[1] for asked in server.trace if "/pictures/" in asked.path} == {f"{name}.jpg"}


def test_what_was_deleted_or_hidden_since_cannot_be_had(tmp_path):
    provider = Panoramax(PARIS)
    with opened(tmp_path, provider) as (server, client):
        one = source.near(SPOT, 1000.0, Wish(), client)[0]
        provider.deleted = frozenset([one.key])
        before = len(server.trace)
        with pytest.raises(PhotoError) as told:
            source.fetch(one, Wish(), client)
        assert told.value.code == "not_found"
        assert len(server.trace) == before + 1


def test_without_its_sequence_a_photo_is_searched_for_where_absence_is_an_empty_list(tmp_path):
    class Loose(Panoramax):
        def item(self, photo, base):
            return {name: value for name, value in super().item(photo, base).items() if name != "collection"}

    provider = Loose(PARIS)
    with opened(tmp_path, provider) as (_, client):
        first, second = source.near(SPOT, 1000.0, Wish(), client)[:2]
        assert source.fetch(first, Wish(), client)[0][1][:2] == b"\xff\xd8"
        provider.deleted = frozenset([second.key])
        with pytest.raises(PhotoError) as told:
            source.fetch(second, Wish(), client)
    assert told.value.code == "not_found"


def test_across_the_date_line(tmp_path):
    taveuni = World({"taveuni": (-16.8, 180.0)}, photos=30, seed=1, radius_km=0.3)
    with opened(tmp_path, Panoramax(taveuni)) as (_, client):
        found = source.near(Location(-16.8, 179.9999), 400.0, Wish(), client)
    mock = Panoramax(taveuni)
    assert len(found) == sum(not mock.hidden(one) and not taveuni.lacks(one, "license") for one in taveuni.all)


def test_there_are_no_options(tmp_path):
    with opened(tmp_path) as (_, client), pytest.raises(UsageError, match="no such option"):
        source.near(SPOT, 50.0, Wish(options={"via": "tiles"}), client)


ODD = [
    {"id": "5"}, {"id": "5", "geometry": {"coordinates": ["a", None]}, "properties": None},
    {"id": "6", "geometry": {"coordinates": [2.3522, 48.8566]}, "properties": {"providers": ["ada"]}},
    {"id": "7", "geometry": {"coordinates": [2.3522, 48.8566]}, "properties": {"datetime": "soon", "license": "x"}},
]  # fmt: skip


def test_odd_records_never_end_a_search(tmp_path):
    class Odd(Panoramax):
        def _search(self, request):
            return json_response({"features": ODD})

    with opened(tmp_path, Odd(PARIS)) as (_, client):
        assert [one.key for one in source.near(SPOT, 1000.0, Wish(), client)] == ["7"]


def test_faults_change_nothing(tmp_path):
    spots = [Location(photo.lat, photo.lon) for photo in PARIS.all[:12]]
    with opened(tmp_path / "calm") as (_, client):
        calm = [source.near(spot, 60.0, Wish(), client) for spot in spots]
    with opened(tmp_path / "storm", faults=Faults(share=0.2, seed=2)) as (server, client):
        assert [insist(source.near, spot, 60.0, Wish(), client) for spot in spots] == calm
    assert any(asked.fault for asked in server.trace)
