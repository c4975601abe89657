"""``flaneur explain``: where pictures go, what is said, and what is refused."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from PIL import Image

from flaneur import discover
from flaneur.cli.main import run
from flaneur.explain.evidence import Evidence
from flaneur.explain.faithfulness import Faithfulness
from flaneur.explain.run import METHODS
from marked_city import marked_photos, write_built

QUICK = ("--set", "sizes=0.3", "--set", "stride=1", "--no-check")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_built(folder / "built")
    for name, marked in zip(("a", "b", "c"), marked_photos(1), strict=True):
        (folder / name).mkdir()
        marked.image.save(folder / name / "street.png")
    (folder / "bad.jpg").write_bytes(b"GIF89a no")
    return folder


def ask(world, capsys, *words):
    code = run(["explain", "--model", str(world / "built"), *map(str, words)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_one_photo_one_picture_beside_the_prompt(world, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, err = ask(world, capsys, world / "a" / "street.png", "--set", "stride=0.9")
    assert (code, err) == (0, "")
    assert "Why Arles?" in out
    assert "What speaks most for it lies" in out
    assert "Hiding first what speaks most for the city lowers its probability further" in out
    assert out.endswith("Picture: street-why.png\n")
    with Image.open(tmp_path / "street-why.png") as drawn:
        assert drawn.width == 1080


def test_several_photos_into_a_folder_none_over_another(world, capsys, tmp_path):
    folders = [world / name for name in "abc"]
    code, out, _ = ask(world, capsys, *folders, "-o", tmp_path / "new" / "why", *QUICK)
    assert code == 0
    assert sorted(path.name for path in (tmp_path / "new" / "why").iterdir()) == [
        "street-2-why.png", "street-3-why.png", "street-why.png",
    ]  # fmt: skip
    assert [name for name in ("Arles", "Bari", "Cork") if f"Why {name}?" in out] == ["Arles", "Bari", "Cork"]
    assert "Not checked" in out


def test_json_is_a_line_a_photo_and_no_picture(world, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, out, _ = ask(
        world, capsys, world / "b", world / "bad.jpg", "--json", "--city", "bari", "--against", "cork", *QUICK
    )  # fmt: skip
    told, failed = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert (told["city"], told["against"], told["method"]) == ("bari", "cork", "occlusion")
    assert told["settings"] == {"sizes": "0.3", "stride": "1"}
    assert told["picture"] is None
    assert told["faithfulness"] is None
    assert (failed["error"], failed["photo"]) == ("unsupported_format", str(world / "bad.jpg"))
    assert not list(tmp_path.iterdir())


def test_json_with_a_picture(world, capsys, tmp_path):
    made = tmp_path / "why.jpg"
    code, out, _ = ask(world, capsys, world / "a" / "street.png", "--json", "-o", made, *QUICK)
    assert (code, json.loads(out)["picture"], made.is_file()) == (0, str(made), True)


def test_a_photo_that_cannot_be_read_is_one_line(world, capsys, tmp_path):
    code, out, err = ask(world, capsys, world / "bad.jpg", "-o", tmp_path / "why.png")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.startswith(f"flaneur: {world / 'bad.jpg'}")


def test_the_first_choice_of_one_photo_held_against_itself_leaves_the_others(world, capsys, tmp_path):
    photos = [world / name / "street.png" for name in "ab"]
    code, out, err = ask(world, capsys, *photos, "--against", "arles", "-o", tmp_path / "why", *QUICK)
    assert (code, err.count("\n")) == (3, 1)
    assert err.startswith(f"flaneur: {photos[0]}: 'arles', which is the model's first choice")
    assert "Why Bari rather than Arles?" in out
    code, out, _ = ask(world, capsys, *photos, "--against", "arles", "--json", *QUICK)
    failed, told = [json.loads(line) for line in out.splitlines()]
    assert (code, failed["photo"], failed["error"]) == (3, str(photos[0]), "first_choice")
    assert told["city"] == "bari"
    assert ask(world, capsys, *photos, "--city", "arles", "--against", "arles")[0] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--method", "oclusion"], "Did you mean 'occlusion'"),
        (["--city", "bary"], "Did you mean 'bari'"),
        (["--set", "stride"], "NAME=VALUE"),
        (["--set", "strid=1"], "Did you mean 'stride'"),
        (["--set", "sizes=0.2", "--set", "sizes=0.4"], "sizes is set already, to 0.2"),
        (["--known", "nowhere"], "No dataset called 'nowhere'"),
        (["-o", "why.gif"], ".png"),
    ],
)
def test_what_is_refused(world, capsys, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    code, out, err = ask(world, capsys, world / "a" / "street.png", *words)
    assert code in (2, 3)
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


@pytest.mark.parametrize(("photos", "out"), [("a", "why"), ("a/street.png", "why/"), ("a/street.png", "why.d/")])
def test_a_folder_in_or_a_slash_at_the_end_makes_a_folder(world, capsys, tmp_path, photos, out):
    code, told, _ = ask(world, capsys, world / photos, "-o", f"{tmp_path}/{out}", *QUICK)
    assert (code, (tmp_path / out / "street-why.png").is_file()) == (0, True)
    assert str(Path(out) / "street-why.png") in told


def test_a_folder_of_one_photo_into_one_file(world, capsys, tmp_path):
    assert ask(world, capsys, world / "a", "-o", tmp_path / "why.png", *QUICK)[0] == 0
    assert (tmp_path / "why.png").is_file()


def test_one_file_for_several_photos_is_refused(world, capsys, tmp_path):
    code, _, err = ask(world, capsys, world / "a", world / "b", "-o", tmp_path / "why.png")
    assert code == 2
    assert "Name a folder" in err


@pytest.mark.parametrize("out", ["file/why.png", "file/new", "file", "/proc/why.png"])
def test_a_place_that_cannot_be_written_is_told_before_the_model_is_asked(world, capsys, tmp_path, monkeypatch, out):
    monkeypatch.setattr("flaneur.predict.load", lambda _: pytest.fail("asked"))
    (tmp_path / "file").touch()
    photos = [world / "a" / "street.png"] + [world / "b"] * ("." not in out)
    code, told, err = ask(world, capsys, *photos, "-o", tmp_path / out, *QUICK)
    assert (code, told, err.count("\n")) == (3, "", 1)
    assert "cannot be written" in err


def test_no_folder_is_left_where_no_photo_could_be_explained(world, capsys, tmp_path):
    assert ask(world, capsys, world / "bad.jpg", world / "bad.jpg", "-o", tmp_path / "why")[0] == 3
    assert not list(tmp_path.iterdir())


def test_the_photo_is_never_written_over(world, capsys):
    photo = world / "a" / "street.png"
    before = photo.read_bytes()
    code, _, err = ask(world, capsys, photo, "-o", photo)
    assert (code, photo.read_bytes() == before) == (2, True)
    assert "the photo itself" in err


def test_the_page_lists_every_method_with_its_settings():
    page = (Path(__file__).parents[2] / "docs/how-to/explain-a-photo.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", page, flags=re.MULTILINE)
    known = {name: discover.load(METHODS, name).SETTINGS for name in discover.names(METHODS)}
    assert {name: re.findall(r"`(\w+)`", told) for name, told in rows} == {
        name: [field.name for field in dataclasses.fields(settings)] for name, settings in known.items()
    }


def test_keys_of_the_numbers(world, capsys):
    _, out, _ = ask(world, capsys, world / "a" / "street.png", "--json", *QUICK)
    page = (Path(__file__).parents[2] / "docs/reference/json.md").read_text("utf-8")
    told = re.search(r"^## Explain$(.*?)^## ", page, flags=re.MULTILINE | re.DOTALL).group(1)
    assert set(json.loads(out)) == set(re.findall(r"`(\w+)`", "".join(re.findall(r"^\|(.*?)\|", told, re.MULTILINE))))
    keys = {field.name for kind in (Faithfulness, Evidence) for field in dataclasses.fields(kind)}
    assert keys | {"author", "licence", "page_url", "learnt"} <= set(re.findall(r"`(\w+)`", told))
