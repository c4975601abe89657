import json
import subprocess
import sys

import pytest

import photos
from bundles import tiny_bundle
from flaneur.bundle.card import AbstainRule
from flaneur.cli.main import run
from flaneur.cli.predict import expand, prediction_text
from flaneur.predict import load

KEYS = ["photo", "city", "abstained", "reason", "novelty", "ranking", "gps_in_file", "views", "model"]


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    tiny_bundle(folder / "tiny")
    tiny_bundle(folder / "doubting", abstain=AbstainRule("neighbours", -1.0))
    for seed in range(4):
        photos.save(folder / "street" / "deep" / f"{seed}.JPG", seed)
    photos.save(folder / "gps.jpg", 7, lat=48.8566, lon=2.3522)
    (folder / "street" / "notes.txt").write_text("not a photo")
    photos.save(folder / "street" / ".hidden.jpg")
    (folder / "empty").mkdir()
    (folder / "bad.jpg").write_bytes(b"GIF89a no")
    return folder


def ask(world, capsys, *words, model="tiny"):
    code = run(["predict", "--model", str(world / model), *map(str, words)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_json_has_the_promised_shape(world, capsys):
    code, out, err = ask(world, capsys, world / "gps.jpg", "--json")
    (line,) = lines(out)
    assert (code, err) == (0, "")
    assert list(line) == KEYS
    assert line["photo"] == str(world / "gps.jpg")
    assert line["gps_in_file"] == pytest.approx({"lat": 48.8566, "lon": 2.3522}, abs=1e-4)
    assert [list(score) for score in line["ranking"]] == [["city", "name", "probability", "lat", "lon"]] * 3
    assert line["city"] == line["ranking"][0]["city"]
    assert line["model"] == "tiny 1.0"


def test_folders_are_several_photos_in_order(world, capsys):
    code, out, _ = ask(world, capsys, world / "street", world / "gps.jpg", "--json", "--top", 1)
    found = lines(out)
    assert code == 0
    names = [str(world / "street" / "deep" / f"{seed}.JPG") for seed in range(4)]
    assert [line["photo"] for line in found] == [*names, str(world / "gps.jpg")]
    assert all(len(line["ranking"]) == 1 for line in found)


def test_views_are_one_place(world, capsys):
    code, out, _ = ask(world, capsys, world / "street", "--views", "--json")
    (line,) = lines(out)
    assert code == 0
    assert line["views"] == 4
    direct = load(world / "tiny").predict(list(expand([str(world / "street")])))
    assert line["ranking"][0]["probability"] == pytest.approx(direct.probability, abs=1e-5)


def test_views_of_a_folder_are_called_by_the_folder(world, capsys):
    code, out, _ = ask(world, capsys, world / "street", "--views")
    assert code == 0
    assert out.splitlines()[0].startswith(f"{world / 'street'} (4 views): ")
    several = [world / "gps.jpg"] * 5
    _, out, _ = ask(world, capsys, *several, "--views")
    assert out.startswith(f"{', '.join(map(str, several[:3]))} and 2 more (5 views): ")


def test_unreadable_photos_are_lines_and_exit_3_and_the_others_are_answered(world, capsys):
    words = [world / "bad.jpg", world / "gps.jpg", world / "none.jpg", world / "empty"]
    code, out, err = ask(world, capsys, *words, "--json")
    found = lines(out)
    assert code == 3
    assert err == ""
    assert [line["photo"] for line in found] == [str(word) for word in words]
    assert list(found[0]) == ["photo", "error", "message"]
    assert found[0]["error"] in ("unsupported_format", "not_an_image")
    assert found[2]["error"] == "not_found"
    assert "error" in found[3]
    assert found[1]["city"]


def test_unreadable_photos_for_people_go_to_stderr(world, capsys):
    code, out, err = ask(world, capsys, world / "bad.jpg", world / "gps.jpg")
    assert code == 3
    assert err.startswith(f"flaneur: {world / 'bad.jpg'}: ")
    assert err.count("\n") == 1
    assert out.startswith(f"{world / 'gps.jpg'}: ")


def test_a_bad_view_leaves_the_good_ones(world, capsys):
    code, out, _ = ask(world, capsys, world / "bad.jpg", world / "gps.jpg", "--views", "--json")
    error, answer = lines(out)
    assert code == 3
    assert "error" in error
    assert answer["views"] == 1


def test_people_see_name_bars_and_gps(world, capsys):
    code, out, _ = ask(world, capsys, world / "gps.jpg", "--top", 2)
    title, first, second, gps = out.splitlines()
    best = load(world / "tiny").predict(world / "gps.jpg").ranking[0]
    assert code == 0
    assert title == f"{world / 'gps.jpg'}: {best.city.name} ({100 * best.probability:.1f} %)"
    assert best.city.name in first
    assert first.endswith(f"{100 * best.probability:5.1f} %")
    assert len(first) == len(second)
    assert gps == "  GPS in the file: 48.85660, 2.35220 (not used for the answer)"


def test_people_see_why_it_abstains(world, capsys):
    code, out, _ = ask(world, capsys, world / "gps.jpg", model="doubting")
    assert code == 0
    assert "none of the cities I know" in out.splitlines()[0]
    assert "looks unlike the photos of the 3 cities" in out.splitlines()[1]


def test_choosing_among_cities(world, capsys):
    code, out, _ = ask(world, capsys, world / "gps.jpg", "--cities", "rome, paris", "--json")
    assert code == 0
    assert {score["city"] for score in lines(out)[0]["ranking"]} == {"rome", "paris"}
    code, out, err = ask(world, capsys, world / "gps.jpg", "--cities", "rom")
    assert (code, out) == (2, "")
    assert "Did you mean 'rome'" in err


def test_unknown_models_are_one_line(world, capsys, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(world / "home"))
    assert run(["predict", "--model", "nothing", str(world / "gps.jpg")]) == 3
    assert capsys.readouterr().err.startswith("flaneur: No model called 'nothing'. Known: base")


def test_no_photo_is_a_usage_error(capsys):
    assert run(["predict"]) == 2
    assert "PHOTOS" in capsys.readouterr().err


def test_terminals_without_unicode_get_ascii(world):
    text = prediction_text(load(world / "tiny").predict(world / "gps.jpg"), 3, unicode=False)
    assert text.isascii()
    assert "#" in text


def test_file_names_cannot_steer_the_terminal(world, capsys):
    evil = photos.save(world / "evil\x1b[2J\n.jpg", 3)
    code, out, _ = ask(world, capsys, evil)
    assert code == 0
    assert "\x1b" not in out


def test_file_names_that_are_no_text_are_answered(world):
    import os

    photos.save(world / "x.jpg", 3)
    odd = os.fsdecode(os.fsencode(world) + b"/odd\xff.jpg")
    (world / "x.jpg").rename(odd)
    command = [sys.executable, "-m", "flaneur", "predict", "--model", str(world / "tiny")]
    for extra in ([], ["--json"]):
        done = subprocess.run([*command, *extra, odd], capture_output=True, check=False)
        assert (done.returncode, done.stderr) == (0, b"")
