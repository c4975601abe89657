"""Street View: what is paid for, what is left out, and what Google's statuses come to."""

import math

import pytest

from flaneur.errors import BudgetError, CredentialsError, PhotoError, UsageError
from flaneur.net import signature
from flaneur.protocols import Candidate, Wish
from flaneur.sources import google_street_view as source
from flaneur.types import Location
from provider.google_street_view import KEY, SECRET, GoogleStreetView, grey_tile, panorama_id
from provider.session import MISBEHAVING, insist, session
from provider.world import World

PARIS = World({"paris-fr": (48.8566, 2.3522)}, photos=60, seed=3, radius_km=0.5)
SECRETS = {"GOOGLE_MAPS_API_KEY": KEY}


def opened(tmp_path, provider=None, **more):
    return session(
        "google_street_view", [provider or GoogleStreetView(PARIS)], tmp_path, more.pop("secrets", SECRETS), **more
    )


def spots():
    return [Location(photo.lat, photo.lon) for photo in PARIS.all]


def everything(client, wish=None):
    found = {}
    for spot in spots():
        found.update({one.key: one for one in insist(source.near, spot, 30.0, wish or Wish(), client)})
    return found


def test_panoramas_are_those_of_google_out_of_doors_with_their_own_position_and_date(tmp_path):
    provider = GoogleStreetView(PARIS)
    with opened(tmp_path, provider) as (server, client):
        found = everything(client)
    expected = {name: photo for name, photo in provider.panoramas.items() if not provider.is_users(photo)}
    assert set(found) <= {name for name, photo in expected.items() if not provider.is_indoor(photo)}
    assert len(found) > 30
    assert client.dropped["user_made"] > 0
    assert set(client.dropped) == {"user_made"}
    for name, candidate in found.items():
        photo = expected[name]
        assert (candidate.location.lat, candidate.location.lon) == (photo.lat, photo.lon)
        assert candidate.captured == ("" if PARIS.lacks(photo, "date") else f"{photo.captured:%Y-%m}")
        assert candidate.author == "Google"
        assert candidate.licence
        assert name in candidate.page_url
        assert not candidate.is_panorama
    assert server.count(r"/streetview$") == 0, "asking costs nothing"
    assert all(asked.params["source"] == "outdoor" for asked in server.trace)


def test_statuses_that_pass_are_asked_again_and_the_others_are_not(tmp_path):
    with opened(tmp_path, GoogleStreetView(PARIS, weary=1.0)) as (server, client):
        spot = spots()[0]
        assert source.near(spot, 30.0, Wish(), client) == source.near(spot, 30.0, Wish(), client)
        assert [asked.status for asked in server.trace] == [200, 200, 200]
    with opened(tmp_path, GoogleStreetView(PARIS, weary=0)) as (server, client):
        assert source.near(Location(0.0, -150.0), 50.0, Wish(), client) == []
        assert len(server.trace) == 1
    wrong = {"GOOGLE_MAPS_API_KEY": "AIzaSyWrong-0123456789"}
    with (
        opened(tmp_path, secrets=wrong) as (server, client),
        pytest.raises(CredentialsError, match="switched on") as told,
    ):
        source.near(spot, 30.0, Wish(), client)
    assert wrong["GOOGLE_MAPS_API_KEY"] not in str(told.value)
    assert len(server.trace) == 1


def test_views_are_evenly_round_from_a_seeded_direction_and_each_is_billed_once(tmp_path):
    prices = []
    with opened(tmp_path, budget=1.0, price=lambda sku, used: prices.append((sku, used)) or 0.007) as (server, client):
        candidate = next(iter(everything(client).values()))
        wish = Wish(views=3, fov_deg=120.0, size_px=640, seed=5)
        pictures = source.fetch(candidate, wish, client)
    headings = [view.heading_deg for view, _ in pictures]
    assert [round((b - a) % 360) for a, b in zip(headings, headings[1:] + headings[:1], strict=True)] == [120] * 3
    assert len({data for _, data in pictures}) == 3
    assert prices == [(source.BILLED["image"], number) for number in range(3)]
    asked = [one.params for one in server.trace if one.path == "/maps/api/streetview"]
    assert all(one["return_error_code"] == "true" and one["size"] == "640x640" and one["fov"] == "120" for one in asked)
    assert [float(one["heading"]) for one in asked] == headings
    assert wish.directions(candidate.key) != Wish(views=3, seed=6).directions(candidate.key)


def test_the_budget_is_kept(tmp_path):
    with opened(tmp_path, budget=0.015, price=lambda sku, used: 0.007) as (server, client):
        candidate = next(iter(everything(client).values()))
        with pytest.raises(BudgetError, match="--budget"):
            source.fetch(candidate, Wish(views=3, fov_deg=120.0), client)
    assert server.count(r"/streetview$") == 2


def test_a_panorama_with_a_new_id_is_found_again_and_one_that_is_gone_costs_nothing(tmp_path):
    provider = GoogleStreetView(PARIS, user_made=0, indoor=0, weary=0)
    with opened(tmp_path, provider) as (server, client):
        known = everything(client)
        first, second, *_ = (name for name, one in known.items() if one.captured)
        provider.renamed.update({first: "a-new-id-of-22-letters", second: ""})
        [(view, data)] = source.fetch(known[first], Wish(), client)
        assert data == PARIS.looking(provider.panoramas[first], view.heading_deg)
        assert server.trace[-1].params["pano"] == "a-new-id-of-22-letters"
        before = server.count(r"/streetview$")
        with pytest.raises(PhotoError, match="no longer there") as told:
            source.fetch(known[second], Wish(), client)
    assert told.value.code == "not_found"
    assert server.count(r"/streetview$") == before


def test_google_sends_a_grey_tile_unless_it_is_asked_for_an_error(tmp_path):
    with opened(tmp_path) as (_, client):
        nowhere = {"pano": "not-there", "size": "64x64"}
        reply = client.get_bytes("maps", "/maps/api/streetview", nowhere)
        assert (reply.status, reply.content) == (200, grey_tile(64))
        with pytest.raises(PhotoError) as told:
            client.get_bytes("maps", "/maps/api/streetview", {**nowhere, "return_error_code": "true"})
    assert told.value.code == "not_found"


def test_requests_are_signed_where_there_is_a_secret(tmp_path):
    # The example of Google's own page on digital signatures.
    example = "/maps/api/geocode/json?address=New+York&client=clientID"
    assert signature(example, SECRET) == "chaRF2hTJKOScPr-RQCEhZbSzIE="
    secrets = {**SECRETS, "GOOGLE_MAPS_SIGNING_SECRET": SECRET}
    with opened(tmp_path, GoogleStreetView(PARIS, secret=SECRET), secrets=secrets) as (server, client):
        candidate = next(iter(everything(client).values()))
        assert source.fetch(candidate, Wish(), client)
    assert all(asked.params["signature"] for asked in server.trace)
    with opened(tmp_path, GoogleStreetView(PARIS, secret=SECRET)) as (_, client), pytest.raises(CredentialsError):
        everything(client)


def test_dates_count_by_the_month_and_undated_panoramas_are_left_out_where_dates_matter(tmp_path):
    with opened(tmp_path) as (_, client):
        dates = {one.captured for one in everything(client, Wish(since="2018-06-15", until="2021-03-02")).values()}
    assert dates
    assert all("2018-06" <= date <= "2021-03" for date in dates)
    assert client.dropped["outside_dates"] > 0


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(size_px=641), "640 pixels"),
        (Wish(fov_deg=121), "120°"),
        (Wish(views=0), "0 views"),
        (Wish(options={"source": "indoor"}), "outdoor"),
        (Wish(options={"sauce": "outdoor"}), "Did you mean 'source'"),
    ],
)
def test_what_google_does_not_render_is_said_before_anything_is_asked(tmp_path, wish, words):
    with opened(tmp_path) as (server, client):
        with pytest.raises(UsageError, match=words):
            source.near(spots()[0], 30.0, wish, client)
        with pytest.raises(UsageError, match=words):
            source.fetch(Candidate("p", spots()[0], "Google", "x", "y"), wish, client)
    assert not server.trace


@pytest.mark.parametrize(
    ("copyright_", "whose"),
    [("© Google", "Google"), ("© 2014 Google", "Google"), ("© Google, Inc.", "Google"), ("© Googleman", "user_made"),
     ("© Ada for Google", "user_made"), ("", "user_made"), (None, "user_made")],
)  # fmt: skip
def test_whose_a_panorama_is(copyright_, whose):
    record = {"pano_id": "p", "location": {"lat": 48.85, "lng": 2.35}, "copyright": copyright_, "status": "OK"}
    found = source.candidate_of(record)
    assert (found if isinstance(found, str) else found.author) == whose
    assert source.candidate_of({**record, "location": {}}) == "no_position"


def test_all_that_is_there_comes_through_faults_once_and_nothing_is_asked_too_early(tmp_path):
    provider = GoogleStreetView(PARIS)
    with opened(tmp_path, provider, faults=MISBEHAVING) as (server, client):
        found = everything(client)
        for candidate in list(found.values())[:10]:
            [(view, data)] = insist(source.fetch, candidate, Wish(seed=1), client)
            assert data == PARIS.looking(provider.panoramas[candidate.key], view.heading_deg)
    assert len(found) > 30
    assert not server.too_early()
    pictures = {address: times for address, times in server.delivered.items() if "/streetview?" in address}
    assert len(pictures) == 10
    assert set(pictures.values()) == {1}


def test_terms_forbid_storing_and_training():
    assert not source.TERMS.may_store
    assert "Forbidden" in source.TERMS.training
    assert math.isclose(source.RADIUS_M, 50)
    assert len(panorama_id(PARIS.all[0])) == 22
