"""Flickr: its twelve hours and its 4,000, licences, positions, and photos that were taken away."""

from collections import Counter

import pytest

from flaneur.errors import CredentialsError, PhotoError, UsageError
from flaneur.protocols import Candidate, Wish
from flaneur.sources import flickr as source
from flaneur.types import Location
from provider.flickr import KEY, Flickr, owner
from provider.session import MISBEHAVING, insist, session
from provider.world import World, distance_m

CENTRE = Location(41.9028, 12.4964)
ROME = World({"rome-it": (CENTRE.lat, CENTRE.lon)}, photos=200, seed=1, radius_km=0.5, panoramas=0.1)
CROWDED = World({"rome-it": (CENTRE.lat, CENTRE.lon)}, photos=2400, seed=2, radius_km=0.2)
FREE = {"4", "5", "7", "8", "9", "10", "11", "12"}


def opened(tmp_path, provider, **more):
    return session("flickr", [provider], tmp_path, more.pop("secrets", {"FLICKR_API_KEY": KEY}), **more)


def usable(provider, photo):
    is_good = provider.has_position(photo) and provider.accuracy(photo) == 16 and not provider.is_indoor(photo)
    return is_good and provider.licence(photo) in FREE


def test_free_photos_come_with_licence_author_and_their_own_position(tmp_path):
    provider = Flickr(ROME)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(CENTRE, 300.0, Wish(), client)
    near = ROME.near(CENTRE.lat, CENTRE.lon, 300.0)
    assert [one.key for one in found] == sorted(photo.id for photo in near if usable(provider, photo))
    assert {one.licence for one in found} <= {source.LICENCES[number] for number in FREE}
    for one in found:
        photo = ROME.by_id[one.key]
        assert distance_m(photo.lat, photo.lon, one.location.lat, one.location.lon) < 0.2
        assert one.author == (owner(photo) if ROME.lacks(photo, "ownername") else photo.author)
        assert one.page_url == f"https://www.flickr.com/photos/{owner(photo)}/{photo.id}"
        assert one.is_panorama == (photo.is_pano and not ROME.lacks(photo, "tags"))
        assert one.captured == ("" if ROME.lacks(photo, "date") else f"{photo.captured:%Y-%m-%dT%H:%M:%S}")
    assert {"indoor", "imprecise", "no_position"} <= set(client.dropped)
    assert [asked.params["min_taken_date"] for asked in server.trace] == ["1990-01-01 00:00:00"]


def test_without_a_date_flickr_looks_at_twelve_hours_only(tmp_path):
    with opened(tmp_path, Flickr(ROME)) as (_, client):
        asked = {"method": "flickr.photos.search", "lat": CENTRE.lat, "lon": CENTRE.lon, "radius": 1, "license": "4"}
        assert client.get_json("api", "/services/rest/", asked)["photos"]["photo"] == []


@pytest.mark.parametrize(
    ("option", "there", "never"),
    [("free", "CC-BY-4.0", "-NC"), ("noncommercial", "CC-BY-NC-4.0", "-ND"), ("any-cc", "CC-BY-NC-ND-4.0", "All"),
     ("all", "All Rights Reserved", "none")],
)  # fmt: skip
def test_licences_that_do_not_allow_reuse_are_taken_only_if_wished_for(tmp_path, option, there, never):
    with opened(tmp_path, Flickr(ROME)) as (_, client):
        found = source.near(CENTRE, 500.0, Wish(options={"licences": option}), client)
    licences = {one.licence for one in found}
    assert there in licences
    assert not any(never in licence for licence in licences)


def test_an_answer_beyond_the_most_is_halved_by_date_and_no_page_is_asked_for_that_never_comes(tmp_path, monkeypatch):
    assert (source.MOST, source.PER_PAGE) == (4000, 250)
    monkeypatch.setattr(source, "MOST", 500)
    provider = Flickr(CROWDED, most=500)
    with opened(tmp_path, provider) as (server, client):
        page = source.near(CENTRE, 250.0, Wish(seed=0), client)
        again = source.near(CENTRE, 250.0, Wish(seed=0), client)
        years = Counter(
            one.captured[:4] for seed in range(6) for one in source.near(CENTRE, 250.0, Wish(seed=seed), client)
        )
    assert sum(provider.licence(photo) in FREE for photo in CROWDED.all) > 2 * source.MOST
    assert 100 < len(page) <= source.PER_PAGE
    assert page == again
    assert all(int(asked.params["page"]) <= source.MOST // source.PER_PAGE for asked in server.trace)
    assert len(server.trace) < 8 * 8
    assert len(years) >= 5, "whichever page is read, no year is always left out"


def test_the_same_wish_brings_the_same_page_and_other_seeds_bring_others(tmp_path):
    provider = Flickr(World({"rome-it": (CENTRE.lat, CENTRE.lon)}, photos=1500, seed=4, radius_km=0.2))
    with opened(tmp_path, provider) as (server, client):
        pages = {
            seed: tuple(one.key for one in source.near(CENTRE, 250.0, Wish(seed=seed), client)) for seed in range(6)
        }
        assert pages[3] == tuple(one.key for one in source.near(CENTRE, 250.0, Wish(seed=3), client))
    assert len(set(pages.values())) >= 3
    assert len(server.trace) <= 14


def test_dates_and_panoramas_are_as_wished(tmp_path):
    with opened(tmp_path, Flickr(ROME)) as (server, client):
        wish = Wish(since="2018-03-01", until="2020-12-31", panoramas="only")
        found = source.near(CENTRE, 500.0, wish, client)
    assert found
    assert all("2018-03-01" <= one.captured <= "2020-12-31T23:59:59" and one.is_panorama for one in found)
    assert server.trace[0].params["max_taken_date"] == "2020-12-31 23:59:59"


def test_the_smallest_size_that_is_large_enough_is_fetched_and_the_key_stays_out_of_it(tmp_path):
    provider = Flickr(ROME)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(CENTRE, 500.0, Wish(), client)
        whole = next(one for one in found if one.facts["sizes"] == "zcb")
        small = next(one for one in found if one.facts["sizes"] == "z")
        for one, size_px, letter in ((whole, 500, "z"), (whole, 700, "c"), (whole, 4000, "b"), (small, 4000, "z")):
            [(view, data)] = source.fetch(one, Wish(size_px=size_px), client)
            assert server.trace[-1].path.endswith(f"_{letter}.jpg")
            assert data == ROME.picture(ROME.by_id[one.key])
            assert view.heading_deg is None
            assert not server.trace[-1].params


def test_a_photo_that_was_taken_away_is_not_the_drawing_that_comes_in_its_place(tmp_path):
    provider = Flickr(ROME)
    with opened(tmp_path, provider) as (_, client):
        first, second, *_ = source.near(CENTRE, 500.0, Wish(), client)
        provider.gone.add(first.key)
        with pytest.raises(PhotoError, match="no longer on Flickr") as told:
            source.fetch(first, Wish(), client)
        assert told.value.code == "not_found"
        assert source.fetch(second, Wish(), client)


def test_a_refused_key_is_said_once(tmp_path):
    secrets = {"FLICKR_API_KEY": "wrong-canary-0123456789"}
    refused = pytest.raises(CredentialsError, match="Invalid API Key")
    with opened(tmp_path, Flickr(ROME), secrets=secrets) as (server, client), refused as told:
        source.near(CENTRE, 100.0, Wish(), client)
    assert secrets["FLICKR_API_KEY"] not in str(told.value)
    assert len(server.trace) == 1


@pytest.mark.parametrize(
    "options", [{"licences": "some"}, {"accuracy": "17"}, {"outdoors": "yes"}, {"licence": "free"}]
)
def test_options_are_checked(tmp_path, options):
    with opened(tmp_path, Flickr(ROME)) as (server, client), pytest.raises(UsageError, match="--option"):
        source.near(CENTRE, 100.0, Wish(options=options), client)
    assert not server.trace


def test_a_day_that_is_none_is_said_before_anything_is_asked(tmp_path):
    with opened(tmp_path, Flickr(ROME)) as (server, client), pytest.raises(UsageError, match="2019-07-15"):
        source.near(CENTRE, 100.0, Wish(since="July 2019"), client)
    assert not server.trace


def test_a_record_may_lack_what_is_not_needed_and_is_left_out_for_what_is():
    record = {"id": "1", "owner": "o", "secret": "s", "server": "2", "license": "4", "latitude": "1", "longitude": "2"}
    chosen = dict(source.OPTIONS)
    found = source.candidate_of(record, chosen)
    assert isinstance(found, Candidate)
    assert (found.author, found.captured, found.sequence, found.facts["sizes"]) == ("o", "", "o", "")
    for name, reason in (
        ("id", "incomplete"),
        ("owner", "no_author"),
        ("license", "no_licence"),
        ("latitude", "no_position"),
    ):
        assert source.candidate_of({key: value for key, value in record.items() if key != name}, chosen) == reason


def test_all_that_is_there_comes_through_faults_once_and_nothing_is_asked_too_early(tmp_path):
    provider = Flickr(ROME)
    with opened(tmp_path, provider, faults=MISBEHAVING) as (server, client):
        found = insist(source.near, CENTRE, 500.0, Wish(), client)
        for candidate in found[:25]:
            [(_, data)] = insist(source.fetch, candidate, Wish(), client)
            assert data == ROME.picture(ROME.by_id[candidate.key])
    assert len(found) == sum(usable(provider, photo) for photo in ROME.near(CENTRE.lat, CENTRE.lon, 500.0))
    assert not server.too_early()
    assert {times for address, times in server.delivered.items() if address.endswith(".jpg")} == {1}
