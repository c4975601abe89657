"""Every source, whatever it is called: what the seam promises, kept against its provider's worst days."""

import dataclasses
import importlib
import inspect
import json
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import date

import pytest

from flaneur import discover
from flaneur.errors import CredentialsError, PhotoError, UsageError
from flaneur.net import open_client
from flaneur.protocols import Candidate, Wish
from flaneur.types import Location
from provider.session import MISBEHAVING, insist, session
from provider.world import World, distance_m

SOURCES = discover.names("flaneur.sources")
WORLD = World({"paris-fr": (48.8566, 2.3522)}, photos=480, seed=21, radius_km=1.0, size_px=64)
SPOTS = [Location(photo.lat, photo.lon) for photo in WORLD.all[::2]]
AT_SEA = Location(-48.0, -123.0)
ISO = re.compile(r"|\d{4}(-\d{2}(-\d{2}(T\d{2}:\d{2}(:\d{2})?Z?)?)?)?")


def provider_of(name):
    """The provider's mock: the class in ``provider.<name>`` that is called like the source."""
    module = importlib.import_module(f"provider.{name}")
    made = next(kind for title, kind in vars(module).items() if title.lower() == name.replace("_", ""))
    return made(WORLD)


def secrets_of(name):
    key = discover.load("flaneur.sources", name).KEY
    return {} if key is None else {key.variable: importlib.import_module(f"provider.{name}").KEY}


def opened(name, home, **more):
    return session(name, [provider_of(name)], home, secrets_of(name), price=lambda sku, used: 0.0, **more)


@pytest.fixture(params=SOURCES)
def name(request):
    return request.param


@pytest.fixture
def source(name):
    return discover.load("flaneur.sources", name)


def test_terms_are_filled_in(source):
    terms = source.TERMS
    assert all(getattr(terms, one) for one in ("provider", "licence", "attribution", "training", "url", "read_on"))
    assert terms.url.startswith("https://")
    assert date.fromisoformat(terms.read_on) <= date.today()  # noqa: DTZ011 - of the machine that runs the test
    assert isinstance(terms.may_store, bool)
    credit = terms.attribution.format(author="Ada", page_url="https://example.org/1")
    assert "Ada" in credit
    assert "https://example.org/1" in credit
    assert all(note.endswith(".") for note in (*terms.notes, terms.training))


def test_bases_limits_and_radius_make_sense(source):
    assert source.BASES
    assert all(re.fullmatch(r"[a-z]+", base) for base in source.BASES)
    assert all(re.fullmatch(r"https://[a-z0-9.-]+", url) for url in source.BASES.values())
    assert "image" in source.LIMITS
    assert all(limit.requests > 0 and limit.seconds > 0 for limit in source.LIMITS.values())
    assert 10 <= source.RADIUS_M <= 1000
    assert 1 <= getattr(source, "AT_ONCE", 8) <= 16
    assert set(getattr(source, "BILLED", {})) <= set(source.LIMITS)
    assert all(isinstance(default, str) for default in source.OPTIONS.values())


def test_a_key_says_what_it_is_called_where_it_goes_and_where_to_get_it(name, source, tmp_path, monkeypatch):
    key = source.KEY
    if key is None:
        return
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", key.variable)
    assert re.fullmatch(r"header:[A-Za-z-]+:.*|query:[a-z_]+", key.where)
    assert key.get_it_at.startswith("https://")
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.delenv(key.variable, raising=False)
    if key.needed:
        with (
            pytest.raises(CredentialsError, match=key.variable) as told,
            open_client(name, key=key, limits=source.LIMITS, bases=source.BASES),
        ):
            pass
        assert key.get_it_at in str(told.value)


def test_near_and_fetch_are_called_as_the_seam_says(source):
    assert list(inspect.signature(source.near).parameters) == ["spot", "radius_m", "wish", "client"]
    assert list(inspect.signature(source.fetch).parameters) == ["candidate", "wish", "client"]
    assert source.near.__doc__
    assert source.fetch.__doc__


def check(candidate: Candidate, spot: Location, radius_m: float) -> None:
    where = candidate.location
    assert distance_m(where.lat, where.lon, spot.lat, spot.lon) <= radius_m * 1.001
    for text in (candidate.key, candidate.author, candidate.licence):
        assert text.strip() == text != ""
    assert candidate.page_url.startswith("https://")
    assert candidate.heading_deg is None or 0 <= candidate.heading_deg < 360
    assert ISO.fullmatch(candidate.captured), candidate.captured
    assert all(isinstance(fact, str) for pair in candidate.facts.items() for fact in pair)
    assert not re.search(r"://[^ ]*\?", " ".join(candidate.facts.values())), "an address with a signature may expire"
    json.dumps(dataclasses.asdict(candidate))


def test_what_is_near_is_near_ordered_credited_and_the_same_again(name, source, tmp_path):
    with opened(name, tmp_path / "one") as (server, client):
        first = [source.near(spot, source.RADIUS_M, Wish(), client) for spot in SPOTS[:12]]
        one = _said(first, server)
        assert set(client.requests) <= set(source.LIMITS)
        assert source.near(AT_SEA, source.RADIUS_M, Wish(), client) == []
    with opened(name, tmp_path / "two") as (server, client):
        again = [source.near(spot, source.RADIUS_M, Wish(), client) for spot in reversed(SPOTS[:12])]
        assert one == _said(again[::-1], server), "whatever was asked before"
    assert any(first)
    for spot, found in zip(SPOTS, first, strict=False):
        keys = [candidate.key for candidate in found]
        assert keys == sorted(set(keys))
        for candidate in found:
            check(candidate, spot, source.RADIUS_M)


def _said(found, server):
    """All that is said of photos, whatever port the server has."""
    told = [[dataclasses.asdict(one) for one in answer] for answer in found]
    return json.dumps(told).replace(server.url, "https://example.org")


def test_no_position_is_that_of_the_spot(name, source, tmp_path):
    moved = [Location(spot.lat + 1e-4, spot.lon) for spot in SPOTS[:8]]
    with opened(name, tmp_path) as (_, client):
        found = [one for spot in moved for one in source.near(spot, source.RADIUS_M, Wish(), client)]
    assert found
    assert not {one.location for one in found} & set(moved)


def test_an_option_it_does_not_know_is_refused(name, source, tmp_path):
    with opened(name, tmp_path) as (server, client), pytest.raises(UsageError):
        source.near(SPOTS[0], 50.0, Wish(options={"colour": "blue"}), client)
    assert server.trace == []


def gather(source, client, count, threads):
    """As many candidates as wished for, each once, and the pictures of each, asked for side by side."""
    wish = Wish(size_px=64)
    found = {}
    with ThreadPoolExecutor(threads) as pool:
        for start in range(0, len(SPOTS), threads):
            some = SPOTS[start : start + threads]
            asked = [pool.submit(insist, source.near, spot, source.RADIUS_M, wish, client) for spot in some]
            found |= {one.key: one for answer in asked for one in answer.result()}
            if len(found) >= count:
                break
        chosen = [found[key] for key in sorted(found)[:count]]
        pictures = {one.key: pool.submit(had, source, one, wish, client) for one in chosen}
        return chosen, {key: one.result() for key, one in pictures.items()}


def had(source, candidate, wish, client):
    """The views of a photo, or none where it cannot be had for good."""
    try:
        return insist(source.fetch, candidate, wish, client)
    except PhotoError:
        return []


class Heard(logging.Handler):
    """All that is logged by anybody, as text."""

    def __init__(self):
        super().__init__(logging.DEBUG)
        self.setFormatter(logging.Formatter("%(name)s %(message)s"))
        self.lines = []

    def emit(self, record):
        self.lines.append(self.format(record))

    @property
    def text(self):
        return "\n".join(self.lines)


@pytest.fixture
def heard():
    root, handler = logging.getLogger(), Heard()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield handler
    root.setLevel(level)
    root.removeHandler(handler)


def test_through_every_kind_of_fault_each_photo_is_had_once_and_no_key_is_told(name, source, tmp_path, heard):
    with opened(name, tmp_path, faults=dataclasses.replace(MISBEHAVING, seed=8)) as (server, client):
        chosen, pictures = gather(source, client, 200, 16)
    there = {key: views for key, views in pictures.items() if views}
    assert len(there) >= 150
    assert all(len(views) == 1 and views[0][1][:2] == b"\xff\xd8" for views in there.values())
    assert {asked.fault for asked in server.trace} >= {"", *server.faults.kinds}
    whole = [asked for asked in server.trace if _is_picture(asked) and server.delivered[asked.address]]
    assert {server.delivered[asked.address] for asked in whole} == {1}, "none twice"
    assert len({asked.address for asked in whole}) == len(there), "every one once"
    with opened(name, tmp_path / "calm") as (_, client):
        lost = [one for one in chosen if one.key not in there]
        assert not any(had(source, one, Wish(size_px=64), client) for one in lost), "nothing was lost to faults"
    assert "http" in heard.text
    for secret in secrets_of(name).values():
        assert secret not in heard.text
        assert not any(secret.encode() in path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def _is_picture(asked):
    return asked.headers.get("accept", "").startswith("image/")
