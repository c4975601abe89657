"""Where datasets and models live, and how their names resolve."""

from pathlib import Path

import pytest

from flaneur.errors import InputError, UsageError
from flaneur.settings import home, new_folder, resolve


def test_home_is_the_environments_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "x"))
    assert home() == tmp_path / "x"
    monkeypatch.delenv("FLANEUR_HOME")
    assert home() == Path.home() / "flaneur"


def test_names_and_paths_resolve_and_near_names_are_suggested(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    made = tmp_path / "datasets" / "lisbon"
    made.mkdir(parents=True)
    (made / "dataset.toml").write_text("")
    assert resolve("datasets", "lisbon", "dataset.toml") == made
    assert resolve("datasets", str(made), "dataset.toml") == made
    with pytest.raises(InputError, match=r"No dataset called 'lisbn'\. Did you mean 'lisbon'\? Known: lisbon\."):
        resolve("datasets", "lisbn", "dataset.toml")
    with pytest.raises(InputError, match="Known: lisbon"):
        resolve("datasets", "zzz", "dataset.toml")


def test_a_new_name_cannot_leave_the_home(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    assert new_folder("datasets", "a.b-c") == tmp_path / "datasets" / "a.b-c"
    assert new_folder("datasets", "./here/x") == Path("here/x")
    for bad in ("..", ".hidden", "", "a b"):
        with pytest.raises(UsageError, match="cannot be the name of a dataset"):
            new_folder("datasets", bad)


def test_what_is_not_there_is_answered_with_what_is(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    with pytest.raises(InputError, match="datasets holds none yet"):
        resolve("datasets", "x", "dataset.toml")
    for number in range(15):
        (tmp_path / "models" / f"m{number:02}").mkdir(parents=True)
        (tmp_path / "models" / f"m{number:02}" / "card.json").touch()
    with pytest.raises(InputError, match=r"Known: base, m00, .*, m10 and 4 more\."):
        resolve("models", "x", "card.json", beside=["base"])
