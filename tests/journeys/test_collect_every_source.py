"""Photos of every provider through a server that misbehaves one time in five, by the command, up to a dataset.

Thirty of each; ``FLANEUR_JOURNEY_PHOTOS=200`` makes it two hundred.
"""

import json
import os
from pathlib import Path

import pytest

from flaneur import discover
from flaneur.cli.main import run
from flaneur.dataset.store import open_dataset
from provider.flickr import KEY as FLICKR_KEY
from provider.flickr import Flickr
from provider.google_places import KEY as PLACES_KEY
from provider.google_places import GooglePlaces
from provider.google_street_view import KEY as STREET_VIEW_KEY
from provider.google_street_view import SECRET, GoogleStreetView
from provider.kartaview import KartaView
from provider.mapillary import KEY as MAPILLARY_KEY
from provider.mapillary import Mapillary
from provider.panoramax import Panoramax
from provider.server import ALL, Faults, ProviderServer
from provider.session import MISBEHAVING, WAIT_SCALE, be_patient
from provider.wikimedia_commons import WikimediaCommons
from provider.world import World, distance_m

COUNT = int(os.environ.get("FLANEUR_JOURNEY_PHOTOS", "30"))
CENTRE = (38.7223, -9.1393)
LISBON = World({"lisbon-pt": CENTRE}, photos=1200, seed=1, radius_km=1.2)
BOX = "-9.1531,38.7115,-9.1255,38.7331"
PROVIDERS = {
    "google_street_view": GoogleStreetView(LISBON, secret=SECRET),
    "google_places": GooglePlaces(LISBON),
    "flickr": Flickr(LISBON),
    "wikimedia_commons": WikimediaCommons(LISBON, piece=500),
    "mapillary": Mapillary(LISBON),
    "panoramax": Panoramax(LISBON),
    "kartaview": KartaView(LISBON),
}
SECRETS = {
    "google_street_view": {"GOOGLE_MAPS_API_KEY": STREET_VIEW_KEY, "GOOGLE_MAPS_SIGNING_SECRET": SECRET},
    "google_places": {"GOOGLE_MAPS_API_KEY": PLACES_KEY},
    "flickr": {"FLICKR_API_KEY": FLICKR_KEY},
    "mapillary": {"MAPILLARY_TOKEN": MAPILLARY_KEY},
}


@pytest.fixture
def started(request, tmp_path, monkeypatch):
    """A provider's server, and a home for the command; rates are a hundred times the real ones."""
    name = request.param
    source = discover.load("flaneur.sources", name)
    kinds = ALL if name == "mapillary" else MISBEHAVING.kinds  # a slow drip takes two seconds, whoever does it
    faults = Faults(share=0.2, seed=2, kinds=kinds, retry_after_s=12, wait_scale=float(WAIT_SCALE))
    be_patient(monkeypatch, faults)
    with ProviderServer([PROVIDERS[name]], faults) as server:
        there = {
            "FLANEUR_HOME": str(tmp_path),
            "FLANEUR_NET_WAIT_SCALE": WAIT_SCALE,
            "FLANEUR_CONTACT": "ada@example.org",
        }
        for variable, value in {**there, **server.environment(name, *source.BASES), **SECRETS.get(name, {})}.items():
            monkeypatch.setenv(variable, value)
        fast = {group: type(limit)(limit.requests * 100, limit.seconds) for group, limit in source.LIMITS.items()}
        monkeypatch.setattr(source, "LIMITS", fast)
        yield name, source, server


@pytest.mark.parametrize("started", sorted(PROVIDERS), indirect=True)
def test_every_photo_comes_once_with_author_licence_and_place_and_no_key_stays(started, tmp_path, capsys):
    name, source, server = started
    collect = ["collect", name, "--city", "lisbon-pt", "--area", BOX, "--count", str(COUNT), "--name", "mine"]
    while (code := run([*collect, "--json"])) == 3:
        assert "could not be had now" in capsys.readouterr().err
    assert code == 0
    refused = materialised(name, capsys) if not source.TERMS.may_store else 0
    asked = len(server.trace)
    assert run([*collect, "--json"]) == 0
    assert len(server.trace) == asked, "a finished run asks for nothing"
    shown = capsys.readouterr()

    photos = open_dataset("mine").photos
    assert len({photo.id for photo in photos}) == len(photos) == COUNT - refused
    assert refused <= max(1, COUNT // 50), "a drawn street now and then has a bottom of one colour"
    for photo in photos:
        assert photo.author
        assert photo.licence
        assert photo.page_url.startswith("https://")
        assert distance_m(*CENTRE, photo.location.lat, photo.location.lon) < 1600
    pictures = [times for address, times in server.delivered.items() if is_picture(address)]
    assert len(pictures) >= COUNT
    # On a crowded machine a reply can come after the client has given it up.
    assert sum(pictures) - len(pictures) <= max(1, COUNT // 50)
    # Threads that ask about one place do so at once, and beside other tests one of them may have to wait for a core.
    assert not server.too_early(on_its_way_s=0.3)
    for secret in SECRETS.get(name, {}).values():
        assert secret not in shown.out + shown.err
        kept = (path for path in Path(tmp_path).rglob("*") if path.is_file())
        assert not any(secret.encode() in path.read_bytes() for path in kept)
    assert json.loads(shown.out.splitlines()[-1])


def materialised(name, capsys):
    """Fetches a dataset's recipes until none is left; how many pictures were refused by their looks."""
    while (code := run(["collect", name, "--materialise", "mine", "--json"])) == 3:
        capsys.readouterr()
    assert code == 0
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert told["photos"] + told["refused"] == COUNT
    return told["refused"]


def is_picture(address):
    path = address.split("?")[0]
    return path.endswith((".jpg", "/streetview")) or path.startswith(("/lh3/", "/picture/", "/pr:sharp/"))
