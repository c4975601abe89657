"""Google Places: names that expire, authors to be shown, what is billed, and keys refused with 400."""

import pytest

from flaneur.errors import BudgetError, CredentialsError, InputError, PhotoError, UsageError
from flaneur.protocols import Wish
from flaneur.sources import google_places as source
from flaneur.types import Location
from provider.google_places import KEY, NAMES_KEPT, GooglePlaces, place_id
from provider.session import MISBEHAVING, insist, session
from provider.world import World, distance_m

CENTRE = Location(40.4168, -3.7038)
MADRID = World({"madrid-es": (CENTRE.lat, CENTRE.lon)}, photos=150, seed=1, radius_km=0.6)


def opened(tmp_path, provider, **more):
    return session("google_places", [provider], tmp_path, more.pop("secrets", {"GOOGLE_MAPS_API_KEY": KEY}), **more)


def usable(provider, radius_m):
    """Photos of the twenty nearest places whose position and author are known."""
    first = [photos[0] for photos in provider.places.values()]
    away = {place_id(one): distance_m(CENTRE.lat, CENTRE.lon, one.lat, one.lon) for one in first}
    nearest = sorted((metres, name) for name, metres in away.items() if metres <= radius_m)[: source.MAX_PLACES]
    found = []
    for _, name in nearest:
        photos = provider.places[name]
        if not MADRID.lacks(photos[0], "location", 0.05) and not MADRID.lacks(photos[0], "photos", 0.1):
            found += [photo for photo in photos if provider.has_author(photo)]
    return found


def test_photos_of_the_nearest_sights_come_with_author_and_page(tmp_path):
    provider = GooglePlaces(MADRID)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(CENTRE, 500.0, Wish(), client)
        again = source.near(CENTRE, 500.0, Wish(), client)
    expected = usable(provider, 500.0)
    assert len(found) == len({one.key for one in found}) == len(expected) > 40
    assert found == again, "whatever Google calls its photos this time"
    assert {one.author for one in found} == {photo.author for photo in expected}
    places = {name: photos[0] for name, photos in provider.places.items()}
    for one in found:
        first = places[one.sequence]
        assert (one.location.lat, one.location.lon) == (first.lat, first.lon)
        assert one.page_url.startswith("https://")
        assert one.captured == ""
    assert client.dropped["no_author"] > 0
    [asked, _] = server.trace
    assert asked.params == {}, "the key goes into the header"


def test_names_expire_and_are_asked_for_anew_for_nothing(tmp_path):
    prices = []
    provider = GooglePlaces(MADRID)
    with opened(tmp_path, provider, price=lambda sku, used: prices.append(sku) or 0.01) as (server, client):
        found = source.near(CENTRE, 500.0, Wish(), client)
        provider.names.update({photo.id: 2 * NAMES_KEPT for photo in MADRID.all})
        pictures = {one.key: source.fetch(one, Wish(size_px=800), client)[0][1] for one in found[:6]}
    assert prices == [source.BILLED["search"], *[source.BILLED["media"]] * 6]
    drawn = {MADRID.picture(photo): photo for photo in usable(provider, 500.0)}
    for key, data in pictures.items():
        assert place_id(drawn[data]) == key.split(".")[0]
    assert len(set(pictures.values())) == 6
    media = [asked.params for asked in server.trace if asked.path.endswith("/media")]
    assert all(one == {"maxWidthPx": "800", "maxHeightPx": "800", "skipHttpRedirect": "true"} for one in media)
    assert all("x-goog-api-key" not in asked.headers for asked in server.trace if asked.path.startswith("/lh3/"))


def test_a_photo_that_was_taken_away_is_not_paid_for(tmp_path):
    provider = GooglePlaces(MADRID)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(CENTRE, 500.0, Wish(), client)
        provider.gone.update(photo.id for photo in MADRID.all)
        with pytest.raises(PhotoError, match="no longer has") as told:
            source.fetch(found[0], Wish(), client)
    assert told.value.code == "not_found"
    assert server.count("/media$") == 0


def test_asking_costs_and_the_budget_is_kept(tmp_path):
    assert source.ASKING_COSTS
    with opened(tmp_path, GooglePlaces(MADRID), budget=0.05, price=lambda sku, used: 0.032) as (server, client):
        source.near(CENTRE, 500.0, Wish(), client)
        with pytest.raises(BudgetError, match="--budget"):
            source.near(CENTRE, 400.0, Wish(), client)
    assert len(server.trace) == 1


def test_a_refused_key_comes_as_400_and_is_said_to_be_one(tmp_path):
    secrets = {"GOOGLE_MAPS_API_KEY": "AIzaSyWrong-0123456789"}
    refused = pytest.raises(CredentialsError, match=r"Places API \(New\)")
    with opened(tmp_path, GooglePlaces(MADRID), secrets=secrets) as (server, client), refused as told:
        source.near(CENTRE, 100.0, Wish(), client)
    assert secrets["GOOGLE_MAPS_API_KEY"] not in str(told.value)
    assert len(server.trace) == 1


def test_kinds_of_places_that_google_does_not_know_are_its_own_words(tmp_path):
    refused = pytest.raises(InputError, match="Unsupported types")
    with opened(tmp_path, GooglePlaces(MADRID)) as (_, client), refused:
        source.near(CENTRE, 100.0, Wish(options={"types": "plaza, nonsense"}), client)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Wish(since="2019-01-01"), "does not say when"),
        (Wish(panoramas="only"), "no panoramas"),
        (Wish(size_px=4801), "4800"),
        (Wish(options={"types": " , "}), "table A"),
        (Wish(options={"types": "Plaza!"}), "table A"),
        (Wish(options={"type": "plaza"}), "Did you mean 'types'"),
    ],
)
def test_what_places_does_not_know_is_said_before_anything_is_asked(tmp_path, wish, words):
    with opened(tmp_path, GooglePlaces(MADRID)) as (server, client), pytest.raises(UsageError, match=words):
        source.near(CENTRE, 100.0, wish, client)
    assert not server.trace


def test_like_photos_of_one_author_are_numbered():
    like = {"authorAttributions": [{"displayName": "Ada"}], "widthPx": 10, "heightPx": 20}
    keys = [key for key, _ in source.keyed("place", [like, {**like, "widthPx": 11}, like])]
    assert keys[2] == keys[0] + ".2"
    assert len(set(keys)) == 3


def test_all_that_is_there_comes_through_faults_once_and_nothing_is_asked_too_early(tmp_path):
    provider = GooglePlaces(MADRID)
    with opened(tmp_path, provider, faults=MISBEHAVING) as (server, client):
        found = insist(source.near, CENTRE, 500.0, Wish(), client)
        pictures = {insist(source.fetch, candidate, Wish(), client)[0][1] for candidate in found[:25]}
    assert len(found) == len(usable(provider, 500.0))
    assert len(pictures) == 25
    assert not server.too_early()
    assert {times for address, times in server.delivered.items() if address.startswith("/lh3/")} == {1}
