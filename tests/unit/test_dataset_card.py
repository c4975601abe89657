"""A dataset's card: whom to thank, what the sources ask for, and a Croissant description that holds together."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from flaneur.cli.main import run
from flaneur.dataset.card import FILES, write_card
from flaneur.dataset.croissant import VERSION
from flaneur.dataset.manifest import update_manifest
from flaneur.dataset.store import Dataset, import_photos, open_dataset
from flaneur.errors import InputError
from flaneur.exporters import imagefolder
from flaneur.files import read_json, read_rows, sha256_file
from flaneur.protocols import FoundPhoto
from photos import drawn, jpeg

TERMS = {
    "provider": "Mapillary", "licence": "CC-BY-SA-4.0", "attribution": "{author} on Mapillary ({page_url})",
    "may_store": True, "training": "Allowed.", "url": "https://example.org/terms", "read_on": "2026-07-01",
    "notes": ["Keep the id."],
}  # fmt: skip
NAMES = ["Ada", "Ada", "](https://evil.example) <script>alert(1)</script> | x", ""]


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    found = []
    for number, author in enumerate(NAMES):
        path = tmp_path / "in" / f"{number}.jpg"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(jpeg(drawn(number)))
        facts = {"author": author, "licence": "CC BY-SA 4.0" if author else "", "captured": f"20{10 + number}-05"}
        facts |= {
            "page_url": f"https://example.org/{number}",
            "lat": "41.9",
            "lon": "12.5",
            "id": f"mapillary:{number}",
        }
        found.append(FoundPhoto(path, f"{number}.jpg", ("Rome", "Oslo")[number % 2], facts))
    import_photos(found, tmp_path / "d", name="mine", source="csv")
    update_manifest(tmp_path / "d", {"collected": {"mapillary": TERMS}})
    return open_dataset(tmp_path / "d")


def check_croissant(folder: Path) -> dict:
    """What a reader relies on: required properties, unique ids, references that lead somewhere, files there."""
    made = read_json(folder / "croissant.json")
    needed = {"@context", "name", "description", "license", "url", "creator", "datePublished", "distribution"}
    assert needed <= made.keys()
    assert (made["@type"], made["conformsTo"]) == ("sc:Dataset", VERSION)
    date.fromisoformat(made["datePublished"])
    nodes = [*made["distribution"], *made["recordSet"], *(f for records in made["recordSet"] for f in records["field"])]
    kinds = {node["@id"]: node["@type"] for node in nodes}
    assert len(kinds) == len(nodes)

    def check_references(value: object) -> None:
        if isinstance(value, dict):
            if value.keys() == {"@id"}:
                assert value["@id"] in kinds
            for name, inner in value.items():
                assert name.startswith("@") or ":" in name or "/" in name or name in KNOWN | made["@context"].keys(), (
                    name
                )
                check_references(inner)
        elif isinstance(value, list):
            for inner in value:
                check_references(inner)

    check_references({name: value for name, value in made.items() if name != "@context"})
    table, files = made["distribution"]
    assert table["sha256"] == sha256_file(folder / table["contentUrl"])
    named = {path for pattern in files["includes"] for path in folder.glob(pattern)}
    assert named == {path for path in folder.rglob("*") if path.suffix in (".jpg", ".png", ".webp")}
    return made


KNOWN = {
    "name", "description", "license", "url", "creator", "datePublished", "version", "keywords", "distribution",
    "contentUrl", "encodingFormat", "sha256",
}  # fmt: skip


def columns_of(folder: Path, table: dict) -> set[str]:
    path = folder / table["contentUrl"]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return set(next(csv.reader(file)))
    return set(next(read_rows(path)))


@pytest.mark.parametrize("exported", [False, True])
def test_croissant_describes_the_files_that_are_there(dataset, tmp_path, exported):
    folder = dataset.root
    if exported:
        folder = tmp_path / "out"
        imagefolder.write(dataset, folder)
    write_card(dataset, folder, creator="Ada", url="https://example.org/mine")
    made = check_croissant(folder)
    assert (made["creator"]["name"], made["url"]) == ("Ada", "https://example.org/mine")
    assert made["license"] == [
        "https://spdx.org/licenses/CC-BY-SA-4.0.html",
        {"@type": "sc:CreativeWork", "name": "not stated"},
    ]
    cities, photos, _ = made["recordSet"]
    assert [row["cities/slug"] for row in cities["data"]] == ["oslo", "rome"]
    taken = {field["source"]["extract"]["column"] for field in photos["field"]}
    assert taken <= columns_of(folder, made["distribution"][0])
    assert made["description"] == "4 street photos of 4 places in 2 cities, taken 2010 to 2013."


def test_each_photo_is_credited_in_the_providers_words(dataset):
    write_card(dataset, dataset.root)
    with (dataset.root / "attribution.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["id"]: row for row in csv.DictReader(file)}
    assert set(rows) == {photo.id for photo in dataset.photos}
    assert rows["mapillary:0"]["credit"] == "Ada on Mapillary (https://example.org/0)"
    assert rows["mapillary:0"]["licence"] == "CC BY-SA 4.0"
    assert rows["mapillary:3"]["credit"] == "not stated on Mapillary (https://example.org/3)"


def test_the_readme_names_every_author_and_renders_no_ones_words(dataset):
    write_card(dataset, dataset.root)
    text = (dataset.root / "README.md").read_text("utf-8")
    assert text.startswith('---\npretty_name: "mine"\nlicense: other\n')
    assert "| rome | 2 | 2 | 2 |" in text
    assert "- [Ada](https://example.org/0): 2 photos, CC BY-SA 4.0, mapillary" in text
    assert "](https://evil" not in text.replace("\\]", "")
    assert "<script>" not in text.replace("\\<", "")
    assert "Mapillary**: Pictures may be kept. Allowed. Keep the id. Terms: https://example.org/terms" in text
    assert dataset.content_hash in text
    assert str(dataset.root.parent) not in text
    assert "pypi.org" not in text


def test_made_again_it_is_the_same_and_an_empty_dataset_has_none(dataset, tmp_path):
    write_card(dataset, dataset.root)
    before = {name: (dataset.root / name).read_bytes() for name in FILES}
    write_card(open_dataset(dataset.root), dataset.root)
    assert {name: (dataset.root / name).read_bytes() for name in FILES} == before
    rows = list(read_rows(dataset.root / "dropped.parquet"))
    assert rows == []
    path = tmp_path / "in" / "0.jpg"
    twice = [FoundPhoto(path, "a", "Rome"), FoundPhoto(path, "b", "Oslo"), FoundPhoto(path, "c", "Oslo")]
    twice.append(FoundPhoto(tmp_path / "in" / "1.jpg", "d", "Oslo"))
    import_photos(twice, tmp_path / "e", name="e", source="csv")
    (tmp_path / "in" / "1.jpg").write_bytes(path.read_bytes())
    import_photos(twice, tmp_path / "e", name="e", source="csv")
    with pytest.raises(InputError, match="no photo in it"):
        write_card(open_dataset(tmp_path / "e"), tmp_path / "e")


def test_the_command(dataset, tmp_path, capsys):
    assert run(["dataset", "card", str(dataset.root), "--creator", "Ada"]) == 0
    assert "README.md, attribution.csv, croissant.json" in capsys.readouterr().out
    made = json.loads((dataset.root / "croissant.json").read_text())
    assert made["creator"] == {"@type": "sc:Person", "name": "Ada"}
    assert run(["dataset", "card", str(dataset.root), "--creator", "City of Rome", "--organisation"]) == 0
    made = json.loads((dataset.root / "croissant.json").read_text())
    assert made["creator"] == {"@type": "sc:Organization", "name": "City of Rome"}
    assert run(["dataset", "card", str(dataset.root), "--organisation"]) == 2
    assert "name it with --creator" in capsys.readouterr().err
    assert run(["dataset", "card", str(dataset.root), "--folder", str(tmp_path / "in")]) == 3
    assert "Make one with: flaneur dataset export" in capsys.readouterr().err
