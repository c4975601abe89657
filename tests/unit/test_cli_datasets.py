"""The dataset commands: results on stdout, exit codes that mean something, JSON for machines."""

import json
import re
import shutil
from pathlib import Path

import pytest

from bundles import tiny_bundle
from flaneur.cli.main import run
from flaneur.dataset.split import PARTS, Split, SplitRule, write_split
from flaneur.dataset.store import open_dataset
from flaneur.files import read_json
from photos import save


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    return tmp_path


def result(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict:
    assert run([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_from_photos_to_an_audited_split(home, toy_csv, capsys):
    made = result(capsys, "import", "folder", str(toy_csv), "--name", "toy")
    assert (made["imported"], made["unchanged"], made["cities"]) == (made["photos"], 0, 3)
    assert sum(made["dropped"].values()) == 3
    assert result(capsys, "import", "folder", str(toy_csv), "--name", "toy")["imported"] == 0

    curated = result(capsys, "dataset", "curate", "toy")
    assert curated["dropped"]["near_duplicate"] >= 3
    assert curated["dropped"]["blank"] == 2
    assert curated["kept"] >= 0.95 * 72

    split = result(capsys, "dataset", "split", "toy", "--cell-m", "200", "--seed", "3")
    assert split["ok"]
    assert all(min(parts["train"], parts["validation"], parts["test"]) > 0 for parts in split["counts"].values())
    audited = result(capsys, "dataset", "audit", "toy")
    assert audited["hash"] == split["hash"] == open_dataset("toy").split().hash

    facts = result(capsys, "dataset", "info", "toy")
    assert facts["photos"] == curated["kept"]
    assert facts["splits"] == ["default"]
    assert facts["content_hash"] == open_dataset("toy").content_hash


def test_the_same_for_people(home, toy_csv, capsys):
    assert run(["import", "folder", str(toy_csv), "--name", "toy", "--only", "*/*0*.jpg"]) == 0
    assert "photos imported" in capsys.readouterr().out
    for command in (["info"], ["curate"], ["split", "--gap-m", "20"], ["audit"], ["verify"]):
        assert run(["dataset", command[0], "toy", *command[1:]]) == 0
    out = capsys.readouterr().out
    assert "No leak found in split 'default'" in out
    assert "photos, each what it was" in out


def test_a_leaking_split_exits_with_six_and_the_leak(home, toy_csv, capsys):
    run(["import", "folder", str(toy_csv), "--name", "toy"])
    data = open_dataset("toy")
    parts = {photo.id: PARTS[number % 3] for number, photo in enumerate(data.photos)}
    write_split(data.root / "splits", Split("bad", SplitRule(name="bad"), parts, {photo: photo for photo in parts}), {})
    capsys.readouterr()
    assert run(["dataset", "audit", "toy", "--split", "bad"]) == 6
    line = capsys.readouterr().err.splitlines()[-1]
    assert line.startswith("flaneur: toy: the split 'bad' leaks.")
    assert "places in several parts" in line


def test_how_much_a_random_split_flatters_is_said_and_kept(home, toy_csv, capsys):
    tiny_bundle(home / "tiny")
    for command in (
        ["import", "folder", str(toy_csv), "--name", "toy"],
        ["dataset", "split", "toy", "--cell-m", "200"],
    ):
        assert run(command) == 0
    capsys.readouterr()
    assert run(["dataset", "audit", "toy", "--encoder", str(home / "tiny")]) == 0
    assert "A random split would have claimed" in capsys.readouterr().out
    kept = read_json(home / "datasets/toy/splits/default.json")
    assert 0 <= kept["random_split"]["honest_accuracy"]["value"] <= 1
    assert kept["audit"]["ok"]
    assert open_dataset("toy").split().hash == kept["hash"]


def test_a_flipped_bit_exits_with_six_and_the_file(home, toy_csv, capsys):
    run(["import", "folder", str(toy_csv), "--name", "toy"])
    data = open_dataset("toy")
    path = data.image_path(data.photos[0])
    path.write_bytes(path.read_bytes()[:-3] + b"x\xff\xd9")
    capsys.readouterr()
    assert run(["dataset", "verify", "toy"]) == 6
    captured = capsys.readouterr()
    assert captured.out.splitlines() == [f"{path}: changed since it was imported ({data.photos[0].id})"]
    assert "changed or missing: 1 stored photo. Remove the changed files and import again." in captured.err
    path.unlink()
    assert run(["import", "folder", str(toy_csv), "--name", "toy"]) == 0
    assert run(["dataset", "verify", "toy"]) == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["import", "foldr", ".", "--name", "x"], 2, "Did you mean 'folder'"),
        (["import", "folder", "nowhere", "--name", "x"], 3, "no such folder or CSV file"),
        (["import", "folder", ".", "--name", "../x y"], 3, ""),
        (["import", "folder", ".", "--name", "a b"], 2, "cannot be the name of a dataset"),
        (["dataset", "info", "nothing"], 3, "No dataset called 'nothing'"),
        (["dataset", "audit", "nothing"], 3, "No dataset called 'nothing'"),
    ],
)
def test_mistakes_are_one_line_and_a_code(home, tmp_path, monkeypatch, capsys, arguments, code, words):
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path / "empty")
    assert run(arguments) == code
    captured = capsys.readouterr()
    assert words in captured.err
    assert len(captured.err.strip().splitlines()) == 1
    assert captured.out == ""


def test_a_missing_split_says_how_to_make_it(home, toy_csv, capsys):
    run(["import", "folder", str(toy_csv), "--name", "toy"])
    capsys.readouterr()
    assert run(["dataset", "audit", "toy"]) == 3
    assert "flaneur dataset split toy" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["curate", "toy", "--near-duplicate", "0.5"], "--near-duplicate 0.5 between it and 1"),
        (["curate", "toy", "--look-alike", "nan"], "--look-alike nan must lie above 0"),
        (["split", "toy", "--cell-m", "-5"], "--cell-m -5 must be 0 or more"),
        (["split", "toy", "--gap-m", "nan"], "--gap-m nan must be 0 or more"),
        (["split", "toy", "--seed", "-1"], "--seed -1 must be 0 or more"),
        (["split", "toy", "--train", "nan"], "--train nan, --validation 0.15 and --test 0.15 must each be above 0"),
    ],
)
def test_values_out_of_range_are_called_by_their_option(home, toy_csv, capsys, command, words):
    run(["import", "folder", str(toy_csv), "--name", "toy", "--only", "*/p000*"])
    capsys.readouterr()
    assert run(["dataset", *command]) == 2
    assert words in capsys.readouterr().err


def test_dropped_photos_are_listed_with_their_reasons(home, toy_csv, capsys):
    run(["import", "folder", str(toy_csv), "--name", "toy"])
    assert "dropped (see: flaneur dataset info toy --dropped)." in capsys.readouterr().out
    facts = result(capsys, "dataset", "info", "toy", "--dropped")
    rows = facts["dropped_photos"]
    assert len(rows) == sum(facts["dropped"].values()) == 3
    assert set(rows[0]) == {"id", "original", "city", "stage", "reason", "detail"}
    assert run(["dataset", "info", "toy", "--dropped"]) == 0
    out = capsys.readouterr().out
    for row in rows:
        assert f"  {row['original']}  {row['reason']}: " in out
    assert "dropped_photos" not in result(capsys, "dataset", "info", "toy")


@pytest.mark.parametrize("broken", ["folder", "table", "labels"])
def test_an_import_of_nothing_leaves_nothing(home, tmp_path, monkeypatch, capsys, broken):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home" / "deep"))
    source = tmp_path / "in"
    save(source / "rome" / "a.jpg")
    if broken == "folder":
        (source / "rome" / "a.jpg").write_bytes(b"no picture")
    elif broken == "table":
        source = source / "photos.csv"
        source.write_text("file,city\ngone.jpg,rome\nrome,rome\n")
    else:
        save(source / "paris" / "a.jpg")
    assert run(["import", "folder", str(source), "--name", "x"]) == 3
    captured = capsys.readouterr()
    assert captured.out == ""
    (line,) = captured.err.splitlines()
    assert line.startswith("flaneur: No photo could be used, so nothing was imported. Refused: ")
    assert not (tmp_path / "home").exists()


def test_one_is_not_several(home, toy_folder, tmp_path, capsys):
    (tmp_path / "in" / "rome").mkdir(parents=True)
    shutil.copy(next(toy_folder.glob("*/p000-0.jpg")), tmp_path / "in" / "rome")
    said = ""
    for command in (
        ["import", "folder", str(tmp_path / "in"), "--name", "one"],
        ["dataset", "curate", "one"],
        ["dataset", "info", "one"],
        ["dataset", "verify", "one"],
    ):
        assert run(command) == 0
        said += capsys.readouterr().out
    assert said.count("1 photo of 1 city") == 2
    assert "1 photo imported" in said
    assert "1 photo kept" in said
    assert "1 photo, each what it was" in said
    assert not re.search(r"\b1 \w+s\b", said)


def test_a_split_by_photo_is_written_with_its_leaks_and_only_where_it_is_asked_for(home, toy_csv, capsys):
    run(["import", "folder", str(toy_csv), "--name", "toy"])
    assert run(["dataset", "split", "toy", "--by", "photo"]) == 2
    assert "--split as-published" in capsys.readouterr().err
    assert run(["dataset", "split", "toy", "--by", "photo", "--split", "as-published", "--gap-m", "5"]) == 2
    assert "--gap-m has no effect" in capsys.readouterr().err
    assert run(["dataset", "split", "toy", "--by", "photo", "--split", "as-published"]) == 0
    told = capsys.readouterr()
    assert "leak: " in told.err
    assert "places are on both sides" in told.err
    assert "No leak" not in told.out
    kept = read_json(home / "datasets/toy/splits/as-published.json")
    assert not kept["audit"]["ok"]
    assert "places are on both sides" in kept["note"]
    assert open_dataset("toy").split("as-published").rule.by == "photo"
    assert run(["dataset", "audit", "toy", "--split", "as-published"]) == 6


def test_where_curation_leaves_nothing_there_is_nothing_to_split(home, tmp_path, capsys):
    for seed, city in enumerate(("rome", "oslo")):
        save(tmp_path / "in" / city / "a.jpg", seed=seed)  # blocks of colour, which no street is
    assert run(["import", "folder", str(tmp_path / "in"), "--name", "flat"]) == 0
    capsys.readouterr()
    for json_too in ([], ["--json"]):
        assert run(["dataset", "curate", "flat", *json_too]) == 3
        shown = capsys.readouterr()
        assert "Next" not in shown.out
        assert shown.err == (
            "flaneur: flat: no photo is left; dropped: 2 flat. See: flaneur dataset info flat --dropped\n"
        )
    assert json.loads(shown.out)["kept"] == 0
    assert run(["dataset", "split", "flat"]) == 3
    assert "there is no photo in it" in capsys.readouterr().err
