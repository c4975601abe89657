import json

import pytest

from bundles import tiny_bundle
from flaneur.cli.main import run


@pytest.fixture
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.setattr("flaneur.bundle.folder.bundled_base", lambda: tmp_path / "none")
    return tmp_path


def test_models_lists_what_is_there_and_names_what_is_broken(home, capsys):
    tiny_bundle(home / "models" / "good")
    broken = tiny_bundle(home / "models" / "broken")
    (broken.path / "model.onnx").write_bytes(b"x")
    assert run(["models"]) == 0
    bad, good = capsys.readouterr().out.splitlines()
    assert good == "good: 3 cities (paris, rome, sao-paulo), made 2026-11-21"
    assert bad.startswith("broken: ")
    assert "changed since" in bad
    assert run(["models", "--json"]) == 0
    bad, good = map(json.loads, capsys.readouterr().out.splitlines())
    assert good["cities"] == ["paris", "rome", "sao-paulo"]
    assert "error" in bad


def test_no_models_says_how_to_make_one(home, capsys):
    assert run(["models"]) == 3
    assert "flaneur train" in capsys.readouterr().err


def test_verify_a_whole_model(home, capsys):
    tiny_bundle(home / "models" / "good")
    assert run(["verify", "good"]) == 0
    assert capsys.readouterr().out == (
        "tiny 1.0: whole. 4 generated pictures gave the answers expected, for 3 cities.\n"
    )


def test_verify_a_spoilt_model_is_exit_6(home, capsys):
    bundle = tiny_bundle(home / "models" / "bad")
    (bundle.path / "golden" / "expected.json").write_text("{}")
    assert run(["verify", "bad"]) == 6
    shown = capsys.readouterr()
    assert shown.err.startswith("flaneur: ")
    assert shown.err.count("\n") == 1


def test_export_then_verify_the_file(home, capsys):
    tiny_bundle(home / "models" / "good")
    assert run(["export", "good", "-o", str(home / "one.onnx")]) == 0
    assert run(["verify", str(home / "one.onnx")]) == 0
    assert "whole" in capsys.readouterr().out
    assert run(["export", "good", "-o", str(home / "one.bin")]) == 2


def test_export_writes_over_nothing_unless_told_to(home, capsys):
    tiny_bundle(home / "models" / "good")
    target = home / "one.onnx"
    target.write_bytes(b"mine")
    assert run(["export", "good", "-o", str(target)]) == 2
    assert "--replace" in capsys.readouterr().err
    assert target.read_bytes() == b"mine"
    assert run(["export", "good", "-o", str(target), "--replace"]) == 0
    assert run(["verify", str(target)]) == 0
