"""``flaneur doctor``: what is there and what is wrong; nobody is asked unless told to; no key is ever shown."""

import json
import re
import socket

import pytest

from flaneur import discover
from flaneur.cli import doctor
from flaneur.cli.main import run
from provider.server import ProviderServer, Response

CANARY = "canary-0123456789-key"
SOURCES = {name: discover.load("flaneur.sources", name) for name in discover.names("flaneur.sources")}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(doctor, "_PATIENCE_S", 1.5)
    for variable in ("MAPILLARY_TOKEN", "FLICKR_API_KEY", "GOOGLE_MAPS_API_KEY", "GOOGLE_MAPS_SIGNING_SECRET"):
        monkeypatch.setenv(variable, CANARY)
    return tmp_path / "home"


def ask(capsys, *words):
    code = run(["doctor", *words])
    shown = capsys.readouterr()
    assert CANARY not in shown.out + shown.err
    return code, shown.out, shown.err


def test_a_healthy_computer_and_not_one_connection(capsys, monkeypatch):
    monkeypatch.setattr(socket, "socket", None)
    code, out, err = ask(capsys)
    assert (code, err) == (0, "")
    assert re.search(r"packages  .*numpy \d", out)
    assert re.search(r"computer  \d+ cores?", out)
    assert "extra     collect: " in out
    assert "(not made yet): 0 datasets, 0 models" in out
    assert "key       MAPILLARY_TOKEN: environment" in out
    assert "FLANEUR_HOME" in out
    assert out.splitlines()[-1] == "problem   none"


def test_json_is_one_object(capsys, home, monkeypatch):
    monkeypatch.delenv("FLICKR_API_KEY")
    code, out, _ = ask(capsys, "--json")
    told = json.loads(out)
    assert code == 0
    assert told["problems"] == []
    assert told["keys"]["FLICKR_API_KEY"] == "absent"
    assert told["keys"]["GOOGLE_MAPS_SIGNING_SECRET"] == "environment"
    assert told["home"]["folder"] == str(home)
    assert "train" in told["extras"]
    assert "dev" not in told["extras"]
    assert all(told["packages"].values())


def test_what_is_wrong_is_said_and_ends_non_zero(capsys, home):
    home.mkdir()
    (home / "prices.toml").write_text("[")
    (home / "cities.toml").write_text("[a]\nnaame = 'A'\n")
    (home / "keys.toml").write_text("")
    (home / "keys.toml").chmod(0o644)
    code, out, err = ask(capsys, "--json")
    assert code == 3
    assert len(json.loads(out)["problems"]) == 2  # keys come from the environment, so nobody looks into the file
    assert "prices.toml" in out
    assert "cities.toml" in out
    assert err.startswith("flaneur: 2 problems;")


def test_a_key_file_that_others_can_read(capsys, home, monkeypatch):
    monkeypatch.delenv("MAPILLARY_TOKEN")
    home.mkdir()
    (home / "keys.toml").write_text(f'mapillary_token = "{CANARY}"\n')
    (home / "keys.toml").chmod(0o644)
    code, out, _ = ask(capsys)
    assert code == 3
    assert out.count("chmod 600") == 1
    assert "key       MAPILLARY_TOKEN: not to be used, see below" in out


def test_a_contact_is_said_to_be_there_and_names_are_wrapped(capsys, monkeypatch):
    monkeypatch.setenv("FLANEUR_CONTACT", "ada@example.org")
    for number in range(30):
        monkeypatch.setenv(f"FLANEUR_SOURCE_{number:02d}_API_URL", "x")
    _, out, _ = ask(capsys)
    assert "contact   FLANEUR_CONTACT: environment (needed by wikimedia_commons)" in out
    assert "ada@example.org" not in out
    assert max(len(line) for line in out.splitlines() if "FLANEUR_SOURCE" in line) <= 110
    monkeypatch.delenv("FLANEUR_CONTACT")
    assert "contact   FLANEUR_CONTACT: absent" in ask(capsys)[1]


class Anything:
    """Answers whatever is asked with an error page: the provider is there, all the same."""

    def handle(self, request):
        return Response(b"<html>no</html>", 503, {"Content-Type": "text/html"})


def point_at(monkeypatch, url):
    for name, module in SOURCES.items():
        for base in module.BASES:
            monkeypatch.setenv(f"FLANEUR_{name}_{base}_URL".upper(), url)


def test_online_each_provider_is_asked_once_and_without_a_key(capsys, monkeypatch):
    with ProviderServer([Anything()]) as server:
        point_at(monkeypatch, server.url)
        code, out, _ = ask(capsys, "--online")
        asked = list(server.trace)
    assert code == 0
    assert len(asked) == sum(len(module.BASES) for module in SOURCES.values())
    assert CANARY not in str(asked)
    assert "provider  mapillary graph: reached" in out


def test_online_but_nobody_is_there(capsys, monkeypatch):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        point_at(monkeypatch, f"http://127.0.0.1:{taken.getsockname()[1]}")
        code, out, err = ask(capsys, "--online")
    assert code == 3
    assert "mapillary graph: not reached" in out
    assert "Is this computer online" in out
    assert err == "flaneur: 1 problem; what to do is said above.\n"


def test_online_only_what_is_named_must_be_there(capsys, monkeypatch):
    with ProviderServer([Anything()]) as server, socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        point_at(monkeypatch, server.url)
        monkeypatch.setenv("FLANEUR_PANORAMAX_API_URL", f"http://127.0.0.1:{taken.getsockname()[1]}")
        everybody = ask(capsys, "--online")
        asked = len(server.trace)
        one = ask(capsys, "--online", "flickr")
        assert len(server.trace) == asked + len(SOURCES["flickr"].BASES)
        another = ask(capsys, "--online", "flickr", "panoramax")
    assert "panoramax api: not reached" in everybody[1]
    assert [code for code, *_ in (everybody, one, another)] == [0, 0, 3]
    assert "Not reached: panoramax api." in another[1]
    assert ask(capsys, "flickr")[0] == 2
    assert "Did you mean 'flickr'" in ask(capsys, "--online", "flicker")[2]


def test_online_without_the_extra_is_one_line(capsys, monkeypatch):
    monkeypatch.setattr("flaneur.net.client.find_spec", lambda name: None)
    code, out, err = ask(capsys, "--online")
    assert code == 3
    assert out.count("pip install 'flaneur[collect]'") == 1
    assert "online, and its proxy" not in out + err
