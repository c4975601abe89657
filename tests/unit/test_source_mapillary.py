"""Mapillary by search and by tiles: the same photos, whatever is crowded, cut off, expired, missing or failing."""

import re

import pytest

from flaneur.errors import CredentialsError, PhotoError, UsageError
from flaneur.net import Unreachable
from flaneur.protocols import Wish
from flaneur.sources import mapillary as source
from flaneur.types import Location
from provider import mapillary
from provider.mapillary import KEY, Mapillary
from provider.server import NO_FAULTS, Faults, json_response
from provider.session import insist, session
from provider.world import World, distance_m

CENTRE = (48.8566, 2.3522)
PARIS = World({"paris-fr": CENTRE}, photos=120, seed=7, radius_km=0.6, panoramas=0.3, size_px=64)
SPOT = Location(*CENTRE)
SECRETS = {"MAPILLARY_TOKEN": KEY}
TILES = Wish(options={"via": "tiles"})


def opened(tmp_path, provider=None, faults=NO_FAULTS, secrets=SECRETS):
    return session("mapillary", [provider or Mapillary(PARIS)], tmp_path, secrets, faults)


def keys(found):
    return [one.key for one in found]


def test_a_search_finds_what_lies_near_however_crowded_the_box(tmp_path):
    with opened(tmp_path, Mapillary(PARIS, crowded=20)) as (server, client):
        found = source.near(SPOT, 400.0, Wish(), client)
        again = source.near(SPOT, 400.0, Wish(), client)
    assert found == again
    assert keys(found) == [photo.id for photo in PARIS.near(*CENTRE, 400.0)]
    assert len(found) > 40
    refused = [asked for asked in server.trace if asked.status in (400, 500)]
    assert {asked.status for asked in refused} == {400, 500}, "both refusals of crowded boxes were met"
    assert len({asked.address for asked in refused}) == len(refused) / 2, "and none was repeated within a search"


def test_a_search_that_is_cut_off_is_continued_in_quarters(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "PAGE", 25)
    with opened(tmp_path, Mapillary(PARIS, crowded=10**6)) as (server, client):
        assert len(source.near(SPOT, 500.0, Wish(), client)) == len(PARIS.near(*CENTRE, 500.0))
    assert len(server.trace) > 4


def test_a_box_too_large_for_mapillary_is_never_sent(tmp_path):
    with opened(tmp_path, Mapillary(PARIS, crowded=10**6)) as (server, client):
        assert len(source.near(SPOT, 9000.0, Wish(), client)) == 120
    assert {asked.status for asked in server.trace} == {200}


def test_what_is_said_of_a_photo_and_what_is_missing(tmp_path):
    with opened(tmp_path) as (_, client):
        found = {one.key: one for one in source.near(SPOT, 1000.0, Wish(), client)}
    assert len(found) == 120
    for key, one in found.items():
        photo = PARIS.by_id[key]

        def said(what, value, photo=photo):
            return "" if PARIS.lacks(photo, what) else value

        assert (one.location.lat, one.location.lon) == (photo.lat, photo.lon), "not half a degree away"
        assert one.captured == said("captured_at", photo.captured.strftime("%Y-%m-%dT%H:%M:%SZ"))
        assert one.sequence == said("sequence", photo.sequence)
        assert one.author == (said("creator", photo.author) or "a Mapillary contributor")
        assert one.is_panorama is photo.is_pano
        unknown = PARIS.lacks(photo, "compass_angle") and PARIS.lacks(photo, "computed_compass_angle")
        assert one.heading_deg == (None if unknown else photo.heading_deg)
        assert key in one.page_url
        assert one.licence == "CC-BY-SA-4.0"


def test_tiles_know_the_same_photos_and_are_asked_for_once(tmp_path):
    with opened(tmp_path) as (server, client):
        by_tiles = source.near(SPOT, 300.0, TILES, client)
        source.near(Location(48.857, 2.353), 300.0, TILES, client)
        by_search = source.near(SPOT, 300.0, Wish(), client)
    assert server.count("/maps/vtp/") == len({asked.path for asked in server.trace if "/vtp/" in asked.path})
    edge = {photo.id for photo in PARIS.all if 299 < distance_m(photo.lat, photo.lon, *CENTRE) < 301}
    assert set(keys(by_tiles)) ^ set(keys(by_search)) <= edge
    known = {one.key: one for one in by_search}
    for one in by_tiles:
        assert one.is_panorama is PARIS.by_id[one.key].is_pano
        assert re.fullmatch(r"a Mapillary contributor|Mapillary contributor \d+", one.author)
        if one.key in known:
            there = known[one.key].location
            assert distance_m(one.location.lat, one.location.lon, there.lat, there.lon) < 1


def test_an_empty_tile_is_believed_the_third_time(tmp_path):
    with opened(tmp_path) as (server, client):
        assert source.near(Location(-50.0, -140.0), 50.0, TILES, client) == []
        assert source.near(Location(-50.0, -140.0), 50.0, TILES, client) == []
    assert len(server.trace) == 3


def test_no_more_tiles_are_kept_than_memory_allows(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_POINTS_KEPT", 100)
    towns = World({f"town-{n}": (48.0 + n, 2.0) for n in range(8)}, photos=30, radius_km=0.2)
    with opened(tmp_path, Mapillary(towns)) as (_, client):
        for lat, lon in towns.centres.values():
            assert source.near(Location(lat, lon), 300.0, TILES, client)
            kept = client.memo["mapillary tiles"].values()
            assert sum(len(one.positions) for one in kept) <= 100 + 30
        assert len(kept) >= 3


@pytest.mark.parametrize("lon", [-180.0, 179.9999, 180.0])
@pytest.mark.parametrize("via", ["api", "tiles"])
def test_across_the_date_line(tmp_path, lon, via):
    taveuni = World({"taveuni": (-16.8, 180.0)}, photos=30, seed=1, radius_km=0.3)
    with opened(tmp_path, Mapillary(taveuni)) as (_, client):
        found = source.near(Location(-16.8, lon), 400.0, Wish(options={"via": via}), client)
    assert len(found) == 30


def test_what_the_wish_leaves_out_is_counted(tmp_path):
    with opened(tmp_path) as (_, client):
        flat = source.near(SPOT, 1000.0, Wish(panoramas="no", since="2019-01-01", until="2021-12-31"), client)
    photos = [PARIS.by_id[one.key] for one in flat]
    assert photos
    assert all(2019 <= photo.captured.year <= 2021 and not photo.is_pano for photo in photos)
    assert client.dropped["panorama"] == sum(photo.is_pano for photo in PARIS.all)
    assert client.dropped["panorama"] + client.dropped["outside_dates"] + len(flat) == 120


def test_the_picture_is_asked_for_anew_and_again_where_its_address_has_expired(tmp_path):
    provider = Mapillary(PARIS)
    with opened(tmp_path, provider) as (server, client):
        for one in source.near(SPOT, 1000.0, Wish(), client)[:30]:
            ((view, data),) = source.fetch(one, Wish(), client)
            assert data == PARIS.picture(PARIS.by_id[one.key])
            assert view.heading_deg == one.heading_deg
            stale = PARIS.lacks(PARIS.by_id[one.key], "fresh address", 0.2)
            assert provider.asked[one.key] >= 1 + stale
    assert server.count("/expired$") > 0
    pictures = [asked for asked in server.trace if asked.path.startswith("/picture/")]
    assert not any("authorization" in asked.headers or KEY in str(asked.params) for asked in pictures)


@pytest.mark.parametrize(
    ("panorama", "wish", "best"),
    [
        (False, Wish(size_px=200), "thumb_256_url"),
        (False, Wish(size_px=640), "thumb_1024_url"),
        (False, Wish(size_px=1600), "thumb_2048_url"),
        (False, Wish(size_px=4000), "thumb_original_url"),
        (True, Wish(size_px=640, fov_deg=90), "thumb_2048_url"),
        (True, Wish(size_px=640, fov_deg=60), "thumb_original_url"),
    ],
)
def test_the_smallest_picture_that_is_large_enough(panorama, wish, best):
    one = source.candidate_of(
        {"id": "1", "geometry": {"coordinates": [2.0, 48.0]}, "camera_type": "spherical" * panorama}
    )
    names = source._sizes(one, wish)
    assert names[0] == best
    assert sorted(names) == sorted(source.THUMBS.values())


def test_a_deleted_photo_cannot_be_had_for_good(tmp_path):
    provider = Mapillary(PARIS)
    with opened(tmp_path, provider) as (server, client):
        one = source.near(SPOT, 1000.0, Wish(), client)[0]
        provider.deleted = frozenset([one.key])
        before = len(server.trace)
        with pytest.raises(PhotoError, match="does not exist"):
            source.fetch(one, Wish(), client)
    assert len(server.trace) == before + 1, "asked once, not again"


def test_a_photo_without_any_picture(tmp_path):
    class Bare(Mapillary):
        def _thumbs(self, photo, base):
            return {"thumb_256_url": ""}

    with opened(tmp_path, Bare(PARIS)) as (_, client), pytest.raises(PhotoError) as told:
        source.fetch(source.near(SPOT, 1000.0, Wish(), client)[0], Wish(), client)
    assert told.value.code == "not_found"


def test_a_wrong_token_is_said_once_and_never_shown(tmp_path):
    wrong = "MLY|999|other-canary-77"
    with (
        opened(tmp_path, secrets={"MAPILLARY_TOKEN": wrong}) as (server, client),
        pytest.raises(CredentialsError) as told,
    ):
        source.near(SPOT, 50.0, Wish(), client)
    assert wrong not in str(told.value)
    assert len(server.trace) == 1


def test_asked_too_often_by_the_graphs_own_words_is_asked_again(tmp_path):
    class Weary(Mapillary):
        def _search(self, params):
            self.asked["search"] += 1
            if self.asked["search"] == 1:
                return mapillary._error(403, 4, "(#4) Application request limit reached")
            return json_response([]) if self.asked["search"] == 2 else super()._search(params)

    with opened(tmp_path, Weary(PARIS)) as (server, client):
        assert source.near(SPOT, 200.0, Wish(), client)
    assert [asked.status for asked in server.trace][:3] == [403, 200, 200]


def test_a_spot_that_stays_crowded_is_for_later(tmp_path):
    with opened(tmp_path, Mapillary(PARIS, crowded=-1)) as (_, client), pytest.raises(Unreachable, match="box"):
        source.near(SPOT, 1.0, Wish(), client)


def test_options_are_checked(tmp_path):
    with opened(tmp_path) as (_, client):
        with pytest.raises(UsageError, match="'api' or 'tiles'"):
            source.near(SPOT, 50.0, Wish(options={"via": "pigeon"}), client)
        with pytest.raises(UsageError, match="Did you mean 'via'"):
            source.near(SPOT, 50.0, Wish(options={"vai": "api"}), client)


ODD = [
    None, "photo", {}, {"id": "5"}, {"id": "5", "geometry": None}, {"id": "5", "geometry": {"coordinates": []}},
    {"id": "5", "geometry": {"coordinates": [200, 95]}}, {"id": "5", "geometry": "POINT(2 48)"},
    {"id": "", "geometry": {"coordinates": [2.3522, 48.8566]}},
    {"id": "5", "geometry": {"coordinates": [2.3522, 48.8566]}, "creator": "ada"},
]  # fmt: skip


def test_odd_records_never_end_a_search(tmp_path):
    class Odd(Mapillary):
        def _search(self, params):
            good = self.item(PARIS.all[0]) | {"captured_at": "soon", "compass_angle": None, "sequence": None}
            return json_response({"data": [*ODD, good]})

    with opened(tmp_path, Odd(PARIS)) as (_, client):
        assert keys(source.near(SPOT, 1000.0, Wish(), client)) == [PARIS.all[0].id]
    assert client.dropped["unreadable"] == len(ODD)


@pytest.mark.parametrize("via", ["api", "tiles"])
def test_faults_change_nothing(tmp_path, via):
    wish = Wish(options={"via": via})
    with opened(tmp_path / "calm") as (_, client):
        calm = source.near(SPOT, 250.0, wish, client)
    with opened(tmp_path / "storm", faults=Faults(share=0.3, seed=4)) as (server, client):
        assert insist(source.near, SPOT, 250.0, wish, client) == calm
    assert len(calm) > 10
    assert any(asked.fault for asked in server.trace) or via == "tiles"
