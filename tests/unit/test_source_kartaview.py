"""KartaView: two interfaces of one host, whose refusals come as good replies and whose storage has gone."""

import pytest

from flaneur.errors import CredentialsError, InputError, PhotoError, UsageError
from flaneur.net import Unreachable
from flaneur.protocols import Wish
from flaneur.sources import kartaview as source
from flaneur.types import Location
from provider.kartaview import KartaView, _status
from provider.server import NO_FAULTS, Faults, json_response
from provider.session import insist, session
from provider.world import World

CENTRE = (48.8566, 2.3522)
PARIS = World({"paris-fr": CENTRE}, photos=120, seed=13, radius_km=0.4, panoramas=0.3, size_px=64)
SPOT = Location(*CENTRE)
ONE = Wish(options={"api": "1.0"})
TWO = Wish(options={"api": "2.0"})


def opened(tmp_path, provider=None, faults=NO_FAULTS):
    return session("kartaview", [provider or KartaView(PARIS)], tmp_path, {}, faults)


def public(photo):
    return not KartaView(PARIS).private(photo)


def test_a_crowded_disc_is_asked_for_in_four_and_nothing_is_left_out(tmp_path):
    with opened(tmp_path, KartaView(PARIS, crowded=30)) as (server, client):
        found = source.near(SPOT, 250.0, TWO, client)
    near = PARIS.near(*CENTRE, 250.0)
    assert [one.key for one in found] == [photo.id for photo in near if public(photo)]
    assert len(near) > 40
    assert len({asked.params["radius"] for asked in server.trace}) > 1
    assert client.dropped["not_public"] > 0


def test_pages_are_followed_to_the_last(tmp_path):
    with opened(tmp_path, KartaView(PARIS, crowded=10**6, page=13)) as (server, client):
        found = source.near(SPOT, 500.0, TWO, client)
    assert len(found) == sum(map(public, PARIS.all))
    assert {asked.params["page"] for asked in server.trace} == {str(page) for page in range(1, 11)}


def test_what_timed_out_is_asked_once_more_before_it_is_cut_up(tmp_path):
    spots = [Location(photo.lat, photo.lon) for photo in PARIS.all[:40]]
    with opened(tmp_path, KartaView(PARIS, crowded=10**6)) as (server, client):
        for spot in spots:
            source.near(spot, 20.0, TWO, client)
    addresses = {asked.address for asked in server.trace}
    assert len(addresses) == len(spots)
    assert len(spots) < len(server.trace) < 2 * len(spots)


def test_both_interfaces_know_the_same_photos(tmp_path):
    with opened(tmp_path) as (server, client):
        one = source.near(SPOT, 200.0, ONE, client)
        assert {asked.method for asked in server.trace} == {"POST"}
        two = source.near(SPOT, 200.0, TWO, client)
    private = {photo.id for photo in PARIS.all if not public(photo)}
    assert [a.key for a in one if a.key not in private] == [b.key for b in two]
    names = {a.key: a for a in one}
    for b in two:
        a, photo = names[b.key], PARIS.by_id[b.key]
        assert a.location == b.location
        assert a.author == ("a KartaView contributor" if PARIS.lacks(photo, "username") else photo.author)
        assert b.author.endswith(f"contributor {50 + photo.place % 7}") or PARIS.lacks(photo, "sequence")
        assert b.is_panorama is photo.is_pano
        expected = photo.captured.strftime("%Y-%m-%dT%H:%M:%S")
        assert b.captured == ("" if PARIS.lacks(photo, "shotDate") else expected), "of no stated zone"
        assert a.captured == ("" if PARIS.lacks(photo, "shot_date") else expected)
        unknown = PARIS.lacks(photo, "compass") or PARIS.lacks(photo, "heading")
        assert b.heading_deg == (None if unknown else photo.heading_deg)
        assert a.page_url.startswith("https://kartaview.org/")


def test_where_a_login_is_asked_for_auto_turns_to_the_open_interface(tmp_path):
    with opened(tmp_path, KartaView(PARIS, login=True)) as (server, client):
        found = source.near(SPOT, 200.0, Wish(), client)
        assert found == source.near(SPOT, 200.0, Wish(), client) == source.near(SPOT, 200.0, ONE, client)
        assert server.count("^/2.0/") == 1, "refused once, not asked again"
        with pytest.raises(CredentialsError, match=r"api=1\.0"):
            source.near(SPOT, 200.0, TWO, client)
    with opened(tmp_path) as (server, client):
        source.near(SPOT, 200.0, Wish(), client)
        assert server.count("^/1.0/") == 0


def test_nothing_here_is_no_error(tmp_path):
    with opened(tmp_path) as (server, client):
        assert source.near(Location(-50.0, -140.0), 50.0, TWO, client) == []
        assert source.near(Location(-50.0, -140.0), 50.0, ONE, client) == []
    assert len(server.trace) == 2


@pytest.mark.parametrize("wish", [ONE, TWO])
def test_pictures_come_through_the_proxy_the_large_thumbnail_where_the_whole_one_has_gone(tmp_path, wish):
    gone = had = 0
    with opened(tmp_path) as (_, client):
        for one in source.near(SPOT, 400.0, wish, client)[:40]:
            photo = PARIS.by_id[one.key]
            gone += PARIS.lacks(photo, "large picture")
            if wish is ONE and PARIS.lacks(photo, "large picture") and PARIS.lacks(photo, "lth_name"):
                with pytest.raises(PhotoError) as told:
                    source.fetch(one, wish, client)
                assert told.value.code == "not_found"
                continue
            ((view, data),) = source.fetch(one, wish, client)
            assert data == PARIS.picture(photo)
            assert view.heading_deg == one.heading_deg
            had += 1
    assert gone
    assert had > 30


def test_the_address_a_reply_names_is_kept_the_others_go_through_the_proxy():
    base = {"id": "1", "lat": "48.0", "lng": "2.0"}
    named = source.candidate_of(base | {"imageProcUrl": "https://cdn.kartaview.org/pr:sharp/abc", "name": "x/y.jpg"})
    assert named.facts["pictures"].split()[0] == "/pr:sharp/abc"
    path = source.proxied("https://storage13.openstreetcam.org/files/a.jpg")
    for told in ({"name": "storage13/files/a.jpg"}, {"lth_name": "/storage13/files/a.jpg"}):
        assert source.candidate_of(base | told).facts["pictures"] == path


@pytest.mark.parametrize("status", [500, 0, None])
def test_any_other_status_is_one_for_now(tmp_path, status):
    class Broken(KartaView):
        def _nearby_2(self, request):
            return _status(status, "Something went wrong")

    with opened(tmp_path, Broken(PARIS)) as (_, client), pytest.raises(Unreachable):
        source.near(SPOT, 50.0, TWO, client)


def test_a_search_it_does_not_understand_is_not_repeated(tmp_path):
    class Changed(KartaView):
        def _nearby_2(self, request):
            return _status(400, "The value of radius is not valid")

    with opened(tmp_path, Changed(PARIS)) as (server, client), pytest.raises(InputError, match="has changed"):
        source.near(SPOT, 50.0, TWO, client)
    assert len(server.trace) == 1


def test_a_disc_that_is_always_too_slow_is_for_later(tmp_path):
    with (
        opened(tmp_path, KartaView(PARIS, crowded=-1)) as (server, client),
        pytest.raises(Unreachable, match="takes too long"),
    ):
        source.near(SPOT, 50.0, TWO, client)
    assert len(server.trace) == 8


def test_across_the_date_line(tmp_path):
    taveuni = World({"taveuni": (-16.8, 180.0)}, photos=30, seed=1, radius_km=0.2)
    with opened(tmp_path, KartaView(taveuni, crowded=12)) as (_, client):
        found = source.near(Location(-16.8, 179.9999), 300.0, TWO, client)
    assert len(found) == sum(not KartaView(taveuni).private(photo) for photo in taveuni.all)


def test_options_are_checked(tmp_path):
    with opened(tmp_path) as (_, client), pytest.raises(UsageError, match=r"'2\.0' and '1\.0'"):
        source.near(SPOT, 50.0, Wish(options={"api": "3.0"}), client)


ODD = [
    {}, {"id": "1"}, {"id": "2", "lat": "x", "lng": "2", "name": "storage1/a.jpg"},
    {"id": "3", "lat": "48.8566", "lng": "2.3522"},
    {"id": "4", "lat": "48.8566", "lng": "2.3522", "name": "storage1/a.jpg", "sequence": "17"},
    {"id": "5", "lat": "48.8566", "lng": "2.3522", "name": "storage1/a.jpg", "heading": "", "shot_date": None},
]  # fmt: skip


def test_odd_records_never_end_a_search(tmp_path):
    class Odd(KartaView):
        def _nearby_2(self, request):
            return json_response({"status": {"apiCode": 600}, "result": {"data": ODD}})

    with opened(tmp_path, Odd(PARIS)) as (_, client):
        assert [one.key for one in source.near(SPOT, 50.0, TWO, client)] == ["5"]
    assert client.dropped == {"no_picture": 3, "unreadable": 2}


@pytest.mark.parametrize("wish", [ONE, TWO])
def test_faults_change_nothing(tmp_path, wish):
    spots = [Location(photo.lat, photo.lon) for photo in PARIS.all[:12]]
    with opened(tmp_path / "calm") as (_, client):
        calm = [source.near(spot, 60.0, wish, client) for spot in spots]
    with opened(tmp_path / "storm", faults=Faults(share=0.2, seed=5)) as (server, client):
        assert [insist(source.near, spot, 60.0, wish, client) for spot in spots] == calm
    assert any(asked.fault for asked in server.trace)
