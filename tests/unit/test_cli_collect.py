"""``flaneur collect``: what it says, what it refuses, and its exit codes."""

import json

import pytest

from flaneur.cli.main import run
from flaneur.dataset.store import open_dataset
from provider.mapillary import KEY, Mapillary
from provider.server import ProviderServer
from provider.world import World

CENTRE = (38.7223, -9.1393)
BOX = "-9.1463,38.7169,-9.1323,38.7277"
HERE = ["collect", "mapillary", "--city", "lisbon-pt", "--area", BOX]


@pytest.fixture
def server(tmp_path, monkeypatch):
    world = World({"lisbon-pt": CENTRE}, photos=300, seed=3, radius_km=0.6, size_px=96)
    (tmp_path / "cities.toml").write_text(
        f'[lisbon-pt]\nname = "Lisbon"\ncountry = "PT"\nlat = {CENTRE[0]}\nlon = {CENTRE[1]}\n'
        '[twin-a]\nname = "Twin"\n[twin-b]\nname = "Twin"\n'
    )
    with ProviderServer([Mapillary(world)]) as server:
        there = {"FLANEUR_HOME": str(tmp_path), "FLANEUR_NET_WAIT_SCALE": "0.01", "MAPILLARY_TOKEN": KEY}
        for name, value in {**there, **server.environment("mapillary", "graph", "tiles")}.items():
            monkeypatch.setenv(name, value)
        yield server


def test_terms_then_photos_then_what_came_of_it(server, capsys):
    assert run([*HERE, "--count", "4", "--name", "mine"]) == 0
    said = capsys.readouterr()
    assert said.err.startswith("Mapillary, terms read on 2026-")
    assert "licence: CC-BY-SA-4.0; pictures may be kept" in said.err
    assert "credit: " in said.err
    assert "training: " in said.err
    assert "lisbon-pt: 4 of 4 places, " in said.out
    assert said.out.endswith("Next: flaneur dataset curate mine\n")
    data = open_dataset("mine")
    assert {photo.city for photo in data.photos} == {"lisbon-pt"}
    assert all(photo.author and photo.licence and photo.page_url for photo in data.photos)
    assert data.manifest["collected"]["mapillary"]["settings"]["sampling"] == "uniform"

    asked = len(server.trace)
    assert run([*HERE, "--count", "4", "--name", "mine", "--json"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert json.loads(said.out)["places"] == {"lisbon-pt": 4}
    assert len(server.trace) == asked
    assert run([*HERE, "--count", "4", "--name", "mine", "--seed", "7", "--min-distance", "5"]) == 2
    assert "--min-distance 0, now 5; --seed 0, now 7. Repeat them, or choose another --name." in capsys.readouterr().err
    assert len(server.trace) == asked


def test_a_dry_run_asks_nobody_and_knows_what_is_there(server, tmp_path, capsys):
    assert run([*HERE, "--count", "4", "--dry-run"]) == 0
    assert "4 photos, if all places are found" in capsys.readouterr().out
    assert not (tmp_path / "datasets").exists()
    assert server.trace == []
    assert run([*HERE, "--count", "2", "--name", "mine"]) == 0
    capsys.readouterr()
    assert run([*HERE, "--count", "4", "--name", "mine", "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["places"] == {"lisbon-pt": 2}


def test_nothing_found_is_said_and_the_exit_code(server, capsys):
    nowhere = ["collect", "mapillary", "--city", "lisbon-pt", "--area", "-9.6,38.4,-9.5,38.5"]
    assert run([*nowhere, "--count", "1", "--name", "sea", "--tries", "5"]) == 3
    said = capsys.readouterr()
    assert "lisbon-pt: 0 of 1 place, 5 spots looked at" in said.out
    assert "Nothing was found for lisbon-pt at 5 spots: 5 nothing_there. Try a larger --radius" in said.err


def test_no_key_is_exit_code_4_and_leaves_nothing_to_hold_on_to(server, capsys, monkeypatch):
    monkeypatch.delenv("MAPILLARY_TOKEN")
    assert run([*HERE, "--count", "1", "--name", "mine"]) == 4
    assert "MAPILLARY_TOKEN" in capsys.readouterr().err
    monkeypatch.setenv("MAPILLARY_TOKEN", KEY)
    assert run([*HERE, "--count", "1", "--name", "mine", "--seed", "5"]) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["collect", "mapilary"], "Did you mean 'mapillary'?"),
        (["collect", "mapillary"], "Say which city and how many places"),
        (["collect", "mapillary", "--city", "twin", "--count", "1", "--name", "x"], "'twin' is the name of 2 cities"),
        (["collect", "mapillary", "--city", "lisbon-pt", "--city", "lisbon-pt", "--count", "1"], "named twice"),
        ([*HERE, "--count", "1"], "--name NAME"),
        ([*HERE, "--city", "twin-a", "--count", "1"], "--area is of one city"),
        ([*HERE, "--count", "1", "--since", "yesterday"], "--since 'yesterday' is no date"),
        ([*HERE, "--count", "1", "--since", "2020", "--until", "2019"], "comes after --until 2019"),
        ([*HERE, "--count", "1", "--option", "x"], "write it like --option NAME=VALUE"),
        ([*HERE, "--count", "1", "--name", "x", "--option", "x=1"], "no such option"),
        ([*HERE, "--count", "1", "--name", "x", "--budget", "5"], "--budget has no effect here"),
        (["collect", "mapillary", "--city", "Rome", "--area", BOX, "--count", "1"], "more than 50 km from"),
        (["collect", "mapillary", "--materialise", "x", "--views", "2"], "--views has no effect with --materialise"),
    ],
)  # fmt: skip
def test_wrong_words_are_one_clear_line(server, capsys, words, said):
    assert run(words) == 2
    err = capsys.readouterr().err
    assert said in err
    assert "Traceback" not in err
    assert server.trace == []


def test_a_city_of_ones_own_needs_only_an_area(server, capsys):
    words = ["collect", "mapillary", "--city", "Quinta do Zé", "--area", BOX, "--count", "2", "--name", "own"]
    assert run(words) == 0
    assert {photo.city for photo in open_dataset("own").photos} == {"quinta-do-ze"}
