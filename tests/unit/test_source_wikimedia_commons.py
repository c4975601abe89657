"""Wikimedia Commons: full answers, answers in pieces, what is no street photo, authors and licences out of HTML."""

import pytest

from flaneur.errors import CredentialsError, PhotoError, UsageError
from flaneur.net import open_client
from flaneur.protocols import Candidate, Wish
from flaneur.sources import wikimedia_commons as source
from flaneur.types import Location
from provider.session import MISBEHAVING, insist, session
from provider.wikimedia_commons import WikimediaCommons, page_of
from provider.world import World

CENTRE = Location(52.5200, 13.4050)
BERLIN = World({"berlin-de": (CENTRE.lat, CENTRE.lon)}, photos=150, seed=1, radius_km=0.4, panoramas=0.1)
CROWDED = World({"berlin-de": (CENTRE.lat, CENTRE.lon)}, photos=2000, seed=2, radius_km=0.25)
DATE_LINE = World({"taveuni-fj": (-16.8, 180.0)}, photos=700, seed=3, radius_km=0.2)
NEEDED = ("Artist", "LicenseShortName", "Credit")


def opened(tmp_path, provider, **more):
    return session("wikimedia_commons", [provider], tmp_path, {}, **more)


def usable(provider, photo):
    world = provider.world
    mime, categories = provider.kind(photo)
    is_street = mime == "image/jpeg" and "maps of" not in categories and "Interiors" not in categories
    is_told = not world.lacks(photo, "extmetadata", 0.03) and not world.lacks(photo, "LicenseShortName", 0.05)
    is_credited = not (world.lacks(photo, "Artist", 0.05) and world.lacks(photo, "Credit", 0.05))
    return is_street and is_told and is_credited and provider.has_camera(photo)


def test_photos_come_with_author_licence_and_where_the_camera_stood(tmp_path):
    provider = WikimediaCommons(BERLIN)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(CENTRE, 250.0, Wish(), client)
    near = BERLIN.near(CENTRE.lat, CENTRE.lon, 250.0)
    assert [one.key for one in found] == sorted(str(page_of(photo)) for photo in near if usable(provider, photo))
    for one in found:
        photo = provider.by_page[int(one.key)]
        assert (one.location.lat, one.location.lon) == (photo.lat, photo.lon)
        assert one.author == ("Own work" if BERLIN.lacks(photo, "Artist", 0.05) else photo.author)
        assert one.licence == source.licence_of(provider.licence(photo))
        assert one.page_url.startswith("https://commons.wikimedia.org/wiki/File:")
        assert one.is_panorama == photo.is_pano
        assert one.captured[:4] in ("", f"{photo.captured:%Y}")
    assert {"not_photo", "indoor", "no_position"} <= set(client.dropped)
    assert len(near) > provider.piece, "an answer in several pieces"
    assert all(asked.params["ggsnamespace"] == "6" for asked in server.trace)
    assert all("ada@example.org" in asked.headers["user-agent"] for asked in server.trace)


def test_a_full_answer_is_asked_for_again_in_quarters_until_nothing_is_missing(tmp_path):
    provider = WikimediaCommons(CROWDED, piece=500)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(CENTRE, 200.0, Wish(), client)
    near = CROWDED.near(CENTRE.lat, CENTRE.lon, 200.0)
    assert len(near) > 2 * source.MOST
    assert [one.key for one in found] == sorted(str(page_of(photo)) for photo in near if usable(provider, photo))
    assert len(server.trace) < 80


def test_the_date_line_does_not_hide_half_of_a_disc(tmp_path):
    provider = WikimediaCommons(DATE_LINE, piece=500, lagging=0)
    with opened(tmp_path, provider) as (server, client):
        found = source.near(Location(-16.8, 180.0), 150.0, Wish(), client)
    near = DATE_LINE.near(-16.8, 180.0, 150.0)
    assert len(server.trace) > 1
    assert [one.key for one in found] == sorted(str(page_of(photo)) for photo in near if usable(provider, photo))
    assert {one.location.lon > 0 for one in found} == {True, False}


def test_the_picture_comes_in_a_width_that_wikimedia_keeps(tmp_path):
    provider = WikimediaCommons(BERLIN)
    with opened(tmp_path, provider) as (server, client):
        [first, *_] = source.near(CENTRE, 250.0, Wish(size_px=640), client)
        [(view, data)] = source.fetch(first, Wish(size_px=640), client)
        assert server.trace[-1].path.endswith("/960px-Street.jpg")
        assert data == BERLIN.picture(provider.by_page[int(first.key)])
        assert view.heading_deg is None
        gone = Candidate("1", CENTRE, "a", "CC0-1.0", "p", facts={"picture": f"{server.url}/wikipedia/commons/1/x.jpg"})
        with pytest.raises(PhotoError) as told:
            source.fetch(gone, Wish(), client)
    assert told.value.code == "not_found"


def test_dates_and_panoramas_are_as_wished(tmp_path):
    with opened(tmp_path, WikimediaCommons(BERLIN)) as (_, client):
        found = source.near(CENTRE, 400.0, Wish(since="2018-01-01", until="2021-12-31", panoramas="no"), client)
    assert found
    assert all("2018" <= one.captured[:4] <= "2021" and not one.is_panorama for one in found)
    assert client.dropped["panorama"] > 0
    assert client.dropped["outside_dates"] > 0


def test_commons_turns_away_who_cannot_be_reached(tmp_path, monkeypatch):
    with opened(tmp_path, WikimediaCommons(BERLIN)) as (server, _):
        monkeypatch.setattr("flaneur.net.client.user_agent", lambda contact: "flaneur/0")
        limits, bases = source.LIMITS, source.BASES
        nameless = open_client("wikimedia_commons", key=None, limits=limits, bases=bases, contact="ada")
        with nameless as client, pytest.raises(CredentialsError, match=r"turns you away.* by ada"):
            source.near(CENTRE, 100.0, Wish(), client)
        assert len(server.trace) == 1


def test_without_a_contact_commons_is_not_asked_at_all(tmp_path, monkeypatch):
    monkeypatch.delenv("FLANEUR_CONTACT", raising=False)
    with opened(tmp_path, WikimediaCommons(BERLIN)) as (server, told):
        photo = source.near(CENTRE, 100.0, Wish(), told)[0]
        asked = len(server.trace)
        with open_client("wikimedia_commons", key=None, limits=source.LIMITS, bases=source.BASES) as client:
            with pytest.raises(CredentialsError, match="set FLANEUR_CONTACT"):
                source.near(CENTRE, 100.0, Wish(), client)
            with pytest.raises(CredentialsError, match="set FLANEUR_CONTACT"):
                source.fetch(photo, Wish(), client)
        assert len(server.trace) == asked


def test_databases_that_lag_behind_are_given_the_time_they_ask_for(tmp_path):
    with opened(tmp_path, WikimediaCommons(BERLIN, lagging=1.0)) as (server, client):
        assert source.near(CENTRE, 50.0, Wish(), client) == source.near(CENTRE, 50.0, Wish(), client)
    assert len(server.trace) == 3
    assert server.trace[0].not_before
    assert not server.too_early(any_address=True)


def test_requests_run_one_after_another_and_options_there_are_none(tmp_path):
    assert source.AT_ONCE == 1
    with opened(tmp_path, WikimediaCommons(BERLIN)) as (_, client), pytest.raises(UsageError, match="no such option"):
        source.near(CENTRE, 100.0, Wish(options={"licences": "free"}), client)


@pytest.mark.parametrize(
    ("categories", "kept"),
    [
        ("Pages with maps|Streets in Berlin", True),  # set by every file that shows where it was taken
        ("Maps of Berlin", False),
        ("Old maps of Berlin by author", False),
        ("Interior of Berlin Cathedral", False),
        ("Aerial photographs of Berlin", False),
        ("Paintings in the Gemäldegalerie", False),
        ("Mapmaking street in Berlin|Plan B (band)", True),
    ],
)
def test_categories_tell_what_is_a_street_photo(categories, kept):
    said = {"Categories": categories, "Artist": "Ada", "LicenseShortName": "CC0"}
    info = {
        "mime": "image/jpeg",
        "url": "https://u",
        "extmetadata": {name: {"value": text} for name, text in said.items()},
    }
    page = {"pageid": 1, "imageinfo": [info], "coordinates": [{"lat": 52.5, "lon": 13.4, "primary": True}]}
    assert isinstance(source.candidate_of(page), Candidate) == kept
    assert source.candidate_of({**page, "imageinfo": [{**info, "mime": "image/svg+xml"}]}) == "not_photo"
    assert source.candidate_of({**page, "imageinfo": [{**info, "extmetadata": []}]}) == "no_author"
    assert source.candidate_of({"pageid": 1}) == "not_photo"
    moon = {**page["coordinates"][0], "globe": "moon"}
    assert not isinstance(source.candidate_of({**page, "coordinates": [moon]}), Candidate)


def test_html_becomes_plain_text():
    artist = (
        '<span class="vcard"><style>.x{a:b}</style><bdi><a href="https://x">Ren&eacute;&nbsp;M. &lt;r@x&gt;</a></bdi>'
        "</span>,\n Paris"
    )
    assert source.plain(artist) == "René M. <r@x>, Paris"


def test_all_that_is_there_comes_through_faults_once_and_nothing_is_asked_too_early(tmp_path):
    provider = WikimediaCommons(BERLIN)
    with opened(tmp_path, provider, faults=MISBEHAVING) as (server, client):
        found = insist(source.near, CENTRE, 400.0, Wish(), client)
        for candidate in found[:25]:
            [(_, data)] = insist(source.fetch, candidate, Wish(), client)
            assert data == BERLIN.picture(provider.by_page[int(candidate.key)])
    near = BERLIN.near(CENTRE.lat, CENTRE.lon, 400.0)
    assert [one.key for one in found] == sorted(str(page_of(photo)) for photo in near if usable(provider, photo))
    assert not server.too_early()
    assert {times for address, times in server.delivered.items() if address.endswith(".jpg")} == {1}
