"""What is exported opens elsewhere, comes back as the same dataset, and holds nothing that others may not have."""

import csv
import hashlib
import json
import tarfile
import tomllib
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from flaneur import discover, files
from flaneur.cli.main import run
from flaneur.dataset.curate import curate
from flaneur.dataset.manifest import update_manifest
from flaneur.dataset.passing_on import check_may_pass_on
from flaneur.dataset.store import Dataset, import_photos, link_photos, open_dataset, verify_dataset
from flaneur.errors import InputError, IntegrityError, UsageError
from flaneur.exporters import geojson, geoparquet, imagefolder, webdataset
from flaneur.importers import folder
from flaneur.protocols import FoundPhoto
from photos import drawn, jpeg


@pytest.fixture
def photos(tmp_path: Path) -> list[FoundPhoto]:
    """Eight photos of two cities, each in another form, every second one with a position."""
    kinds = ["JPEG", "PNG", "WEBP", "JPEG"]
    found = []
    for number in range(8):
        path, kind = tmp_path / "in" / f"{number}", kinds[number % 4]
        path.parent.mkdir(exist_ok=True)
        drawn(number).save(path, kind, **({"exif": _turned()} if number == 3 else {}))
        city = ("São Paulo", "Rome")[number % 2]
        facts = {"author": f'Ada "{number}", Æ', "licence": "CC-BY-SA-4.0", "page_url": "https://e.org/p"}
        facts |= {"place": f"p{number // 2}", "sequence": "s", "heading": "123.456", "captured": "2019-07"}
        facts |= {"lat": repr(40 + number / 3), "lon": repr(-20 + number / 7)} if number % 2 else {}
        found.append(FoundPhoto(path, f"{city}/{number}", city, facts | ({"id": f"flickr:{number}"} if number else {})))
    return found


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


@pytest.fixture
def dataset(photos: list[FoundPhoto], tmp_path: Path) -> Dataset:
    import_photos(photos, tmp_path / "d", name="d", source="csv")
    return open_dataset(tmp_path / "d")


def imported(out: Path, root: Path) -> Dataset:
    found = discover.load("flaneur.importers", "imagefolder").find(out)
    import_photos(found, root, name="again", source="imagefolder")
    return open_dataset(root)


def test_exported_and_imported_again_it_is_the_same_dataset(dataset, tmp_path):
    imagefolder.write(dataset, tmp_path / "out")
    again = imported(tmp_path / "out", tmp_path / "again")
    assert again.content_hash == dataset.content_hash
    assert verify_dataset(again) == []

    def known(data: Dataset) -> list[dict]:
        return [{name: getattr(photo, name) for name in photo.__slots__ if name != "original"} for photo in data.photos]

    assert known(again) == known(dataset)
    imagefolder.write(again, tmp_path / "third")
    names = sorted(path.relative_to(tmp_path / "out") for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert names == sorted(p.relative_to(tmp_path / "third") for p in (tmp_path / "third").rglob("*") if p.is_file())
    assert all((tmp_path / "out" / name).read_bytes() == (tmp_path / "third" / name).read_bytes() for name in names)


def test_an_imagefolder_has_one_folder_a_city_and_a_row_a_photo(dataset, tmp_path):
    imagefolder.write(dataset, tmp_path / "out")
    with (tmp_path / "out" / "metadata.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["file_name"].split("/")[0] for row in rows} == {"rome", "sao-paulo"}
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"metadata.csv", "rome", "sao-paulo"}
    assert rows[0]["author"].startswith('Ada "')
    assert all((tmp_path / "out" / row["file_name"]).is_file() for row in rows)


def test_what_curation_dropped_is_not_exported(tmp_path):
    for number in range(3):
        path = tmp_path / "in" / "rome" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg(drawn(number)))
    import_photos(folder.find(tmp_path / "in"), tmp_path / "d", name="d", source="folder")
    curate(open_dataset(tmp_path / "d"))  # drawn blocks are flat
    with pytest.raises(InputError, match="no photo in it"):
        check_may_pass_on(open_dataset(tmp_path / "d"), own=True, pictures=True)


def test_shards_hold_whole_samples_of_all_cities_and_are_the_same_each_time(dataset, tmp_path, monkeypatch):
    monkeypatch.setattr(webdataset, "SHARD", 3)
    webdataset.write(dataset, tmp_path / "one")
    webdataset.write(dataset, tmp_path / "two")
    shards = sorted((tmp_path / "one").glob("*.tar"))
    assert [shard.name for shard in shards] == [f"photos-00000{number}.tar" for number in range(3)]
    cities = (tmp_path / "one" / "cities.txt").read_text().split()
    seen = {}
    for shard in shards:
        assert shard.read_bytes() == (tmp_path / "two" / shard.name).read_bytes()
        with tarfile.open(shard) as file:
            samples: dict[str, dict[str, bytes]] = {}
            order = []
            for member in file:
                key, _, suffix = member.name.partition(".")
                order.append(key)
                samples.setdefault(key, {})[suffix] = file.extractfile(member).read()
            assert order == sorted(order)  # those of one sample lie side by side
        for sample in samples.values():
            facts = json.loads(sample.pop("json"))
            assert cities[int(sample.pop("cls"))] == facts["city"]
            (picture,) = sample.values()
            with Image.open(BytesIO(picture)) as image:
                assert image.size == (facts["width"], facts["height"])
            seen[facts["id"]] = facts["city"]
    assert seen == {photo.id: photo.city for photo in dataset.photos}


def test_geoparquet_by_an_independent_reader_of_points(dataset, tmp_path):
    from arro3.io import read_parquet
    from shapely import from_wkb

    geoparquet.write(dataset, tmp_path / "photos.parquet")
    reader = read_parquet(tmp_path / "photos.parquet")
    geo = json.loads(reader.schema.metadata[b"geo"])
    assert (geo["version"], geo["primary_column"]) == ("1.1.0", "geometry")
    column = geo["columns"]["geometry"]
    assert (column["encoding"], column["geometry_types"]) == ("WKB", ["Point"])
    table = reader.read_all()
    points = from_wkb(table.column("geometry").to_pylist())
    for photo, point in zip(dataset.photos, points, strict=True):
        assert (
            photo.location is None if point is None else (point.y, point.x) == (photo.location.lat, photo.location.lon)
        )
    known = [point for point in points if point is not None]
    assert column["bbox"] == [
        min(p.x for p in known), min(p.y for p in known), max(p.x for p in known), max(p.y for p in known),
    ]  # fmt: skip
    assert table.column("id").to_pylist() == [photo.id for photo in dataset.photos]


def test_geojson_by_an_independent_reader(dataset, tmp_path):
    from shapely.geometry import shape

    geojson.write(dataset, tmp_path / "photos.geojson")
    whole = json.loads((tmp_path / "photos.geojson").read_text("utf-8"))
    assert whole["type"] == "FeatureCollection"
    for photo, feature in zip(dataset.photos, whole["features"], strict=True):
        assert (feature["id"], feature["properties"]["city"]) == (photo.id, photo.city)
        if photo.location is None:
            assert feature["geometry"] is None
        else:
            point = shape(feature["geometry"])
            assert (point.y, point.x) == (photo.location.lat, photo.location.lon)


@pytest.mark.parametrize("exporter", [geojson, geoparquet])
def test_without_any_position_there_is_no_map(photos, tmp_path, exporter):
    import_photos([photo for photo in photos if "lat" not in photo.facts], tmp_path / "d", name="d", source="csv")
    with pytest.raises(InputError, match="no photo has a position"):
        exporter.write(open_dataset(tmp_path / "d"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_linked_photo_leaves_its_metadata_behind(tmp_path):
    path = tmp_path / "in" / "rome" / "a.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(jpeg(drawn(1), lat=41.9, lon=12.5))
    link_photos(folder.find(tmp_path / "in"), tmp_path / "d", name="d", source="folder")
    imagefolder.write(open_dataset(tmp_path / "d"), tmp_path / "out")
    (written,) = (tmp_path / "out").rglob("*.jpg")
    assert b"Telltale" in path.read_bytes()
    assert b"Telltale" not in written.read_bytes()
    assert str(tmp_path) not in (tmp_path / "out" / "metadata.csv").read_text()


def test_a_linked_photo_that_is_named_by_its_hash_does_too(tmp_path):
    data = jpeg(drawn(1), lat=41.9, lon=12.5)
    path = tmp_path / "in" / "rome" / f"{hashlib.sha256(data).hexdigest()}.jpg"
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    link_photos(folder.find(tmp_path / "in"), tmp_path / "d", name="d", source="folder")
    imagefolder.write(open_dataset(tmp_path / "d"), tmp_path / "out")
    (written,) = (tmp_path / "out").rglob("*.jpg")
    assert b"Telltale" not in written.read_bytes()
    assert written.stem == hashlib.sha256(written.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", discover.names("flaneur.exporters"))
def test_a_full_disk_is_one_line_and_leaves_nothing(dataset, tmp_path, monkeypatch, name):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for module, attribute in (
        (files, "_write_parquet"),
        (Path, "write_bytes"),
        (tarfile, "open"),
        (geojson, "_feature"),
    ):
        monkeypatch.setattr(module, attribute, full)
    with pytest.raises(InputError, match="No space left on device"):
        discover.load("flaneur.exporters", name).write(dataset, tmp_path / "out")
    assert {entry.name for entry in tmp_path.iterdir()} == {"in", "d"}


def test_a_photo_that_has_changed_stops_the_export_and_leaves_nothing(dataset, tmp_path):
    path = dataset.image_path(dataset.photos[-1])
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(IntegrityError, match="changed since it was imported"):
        imagefolder.write(dataset, tmp_path / "out")
    path.unlink()
    with pytest.raises(IntegrityError, match="cannot be read"):
        webdataset.write(dataset, tmp_path / "out")
    assert {entry.name for entry in tmp_path.iterdir()} == {"in", "d"}


@pytest.mark.parametrize("name", discover.names("flaneur.exporters"))
def test_nothing_is_overwritten(dataset, tmp_path, name):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="is there already"):
        discover.load("flaneur.exporters", name).write(dataset, tmp_path / "out")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine.txt"]


def test_photos_without_licence_or_author_are_passed_on_only_as_ones_own(photos, tmp_path):
    import_photos([photos[0], FoundPhoto(photos[1].path, "x", "Rome")], tmp_path / "d", name="d", source="csv")
    data = open_dataset(tmp_path / "d")
    with pytest.raises(InputError, match=r"1 photo \(such as csv:x\) came without a licence.*--own"):
        check_may_pass_on(data, own=False, pictures=False)
    check_may_pass_on(data, own=True, pictures=True)
    nameless = FoundPhoto(photos[2].path, "y", "Rome", {"licence": "CC BY 4.0"})
    import_photos([nameless], tmp_path / "e", name="e", source="csv")
    with pytest.raises(InputError, match="only with the author's name"):
        check_may_pass_on(open_dataset(tmp_path / "e"), own=False, pictures=True)


def test_pictures_stay_where_the_terms_say_so(dataset, tmp_path):
    terms = {"flickr": {"provider": "A Provider", "may_store": False}}
    update_manifest(dataset.root, {"collected": terms})
    assert tomllib.loads((dataset.root / "dataset.toml").read_text())["collected"] == terms
    data = open_dataset(dataset.root)
    with pytest.raises(InputError, match="A Provider, whose terms do not let you pass pictures on"):
        check_may_pass_on(data, own=True, pictures=True)
    check_may_pass_on(data, own=False, pictures=False)


def test_positions_that_may_be_kept_for_some_days_only_are_never_exported(dataset, tmp_path, capsys):
    terms = {"flickr": {"provider": "A Provider", "may_store": False, "positions_days": 30}}
    update_manifest(dataset.root, {"collected": terms})
    for layout in ("geojson", "geoparquet", "imagefolder"):
        assert run(["dataset", "export", str(dataset.root), layout, str(tmp_path / "out"), "--own"]) == 3
        assert "A Provider, whose terms do not let you keep positions for more than 30 days" in capsys.readouterr().err
        assert not (tmp_path / "out").exists()


def test_the_command(dataset, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    out = tmp_path / "out"
    assert run(["dataset", "export", str(dataset.root), "imagefoldr", str(out)]) == 2
    assert "Did you mean 'imagefolder'" in capsys.readouterr().err
    assert run(["dataset", "export", str(dataset.root), "imagefolder", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "photos": 8, "format": "imagefolder", "path": str(out), "content_hash": dataset.content_hash,
    }  # fmt: skip
    assert run(["import", "imagefolder", str(out), "--name", "again"]) == 0
    assert open_dataset("again").content_hash == dataset.content_hash
    assert run(["dataset", "export", str(dataset.root), "geojson", str(out)]) == 2
