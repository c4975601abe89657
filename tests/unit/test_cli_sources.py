"""``flaneur sources``: every source with what it needs; keys are said to be there, never said."""

import json

import pytest

from flaneur import discover
from flaneur.cli.main import run

NAMES = discover.names("flaneur.sources")
CANARY = "MLY-canary-0123456789"


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    keys = ("MAPILLARY_TOKEN", "FLICKR_API_KEY", "GOOGLE_MAPS_API_KEY", "GOOGLE_MAPS_SIGNING_SECRET")
    for variable in ("FLANEUR_CONTACT", *keys):
        monkeypatch.delenv(variable, raising=False)
    return tmp_path


def ask(capsys, *words):
    code = run(["sources", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_table_for_people(capsys):
    code, out, _ = ask(capsys)
    lines = out.splitlines()
    assert code == 0
    assert [line.split()[0] for line in lines[1:-1]] == NAMES
    assert "MAPILLARY_TOKEN: absent" in out
    assert "none needed" in out
    assert "7 USD for 1,000" in out
    assert max(map(len, lines)) <= 130


@pytest.mark.parametrize("name", NAMES)
def test_all_that_is_to_be_known_of_one(capsys, name):
    module = discover.load("flaneur.sources", name)
    code, out, _ = ask(capsys, name)
    assert code == 0
    assert sum("Read in copies stored elsewhere" in note for note in module.TERMS.notes) == 1
    for text in (module.TERMS.provider, module.TERMS.licence, module.TERMS.training, module.TERMS.url, *module.LIMITS):
        assert text in out
    assert ("contact    FLANEUR_CONTACT, needed: absent" in out) == (name == "wikimedia_commons")
    assert ("positions  30 days at most; not exported" in out) == (name == "google_places")
    if module.KEY is not None:
        assert module.KEY.variable in out
        assert module.KEY.get_it_at in out


def test_where_a_key_is_but_not_which(capsys, home, monkeypatch):
    monkeypatch.setenv("MAPILLARY_TOKEN", CANARY)
    (home / "keys.toml").write_text(f'flickr_api_key = "{CANARY}"\n')
    (home / "keys.toml").chmod(0o600)
    told = [ask(capsys), ask(capsys, "--json"), *(ask(capsys, name) for name in NAMES)]
    assert CANARY not in str(told)
    found = {facts["source"]: facts for facts in map(json.loads, told[1][1].splitlines())}
    assert list(found) == NAMES
    assert found["mapillary"]["key"]["from"] == "environment"
    assert found["flickr"]["key"]["from"] == "keys.toml"
    assert found["google_street_view"]["key"]["from"] == "absent"
    assert found["google_street_view"]["key"]["secret"]["from"] == "absent"
    assert found["google_street_view"]["costs"][0]["free_a_month"] == 10_000
    assert found["panoramax"]["key"] is None


def test_a_key_file_that_others_can_read_is_said(capsys, home):
    (home / "keys.toml").write_text(f'mapillary_token = "{CANARY}"\n')
    (home / "keys.toml").chmod(0o644)
    code, out, err = ask(capsys, "mapillary")
    assert code == 0
    assert "chmod 600" in out
    assert CANARY not in out + err


def test_a_misspelt_source(capsys):
    code, _, err = ask(capsys, "mapilary")
    assert code == 2
    assert "Did you mean 'mapillary'?" in err
