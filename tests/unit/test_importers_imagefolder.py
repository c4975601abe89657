"""imagefolder: parts or none, zips, metadata in three forms, labels from folders or columns, flaneur's own exports."""

import zipfile

import pytest

from flaneur.dataset.store import import_photos, open_dataset
from flaneur.errors import InputError
from flaneur.files import write_table
from flaneur.importers.imagefolder import find
from layouts import imagefolder, json_lines, photo, table
from photos import drawn, jpeg


def told(found):
    return [(photo.key, photo.city) for photo in found]


def test_parts_are_merged_and_folders_name_the_cities(tmp_path):
    assert told(find(imagefolder(tmp_path))) == [
        ("test/rome/c.jpg", "rome"), ("train/oslo/b.jpg", "oslo"), ("train/rome/a.jpg", "rome"),
    ]  # fmt: skip


def test_without_parts_and_below_data(tmp_path):
    photo(tmp_path / "rome" / "a.jpg", 1)
    photo(tmp_path / "data" / "validation" / "oslo" / "b.jpg", 1)
    assert {city for _, city in told(find(tmp_path))} == {"rome", "oslo"}


def test_each_part_may_be_a_zip_with_or_without_its_own_folder(tmp_path):
    for name, inner in (("train", ""), ("test", "test/")):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as out:
            out.writestr(f"{inner}rome/{name}.jpg", jpeg(drawn(1, 64, 48)))
    found = list(find(tmp_path))
    assert told(found) == [("test/rome/test.jpg", "rome"), ("train/rome/train.jpg", "rome")]
    assert [photo.member for photo in found] == ["test/rome/test.jpg", "rome/train.jpg"]


def test_archives_that_were_unpacked_and_kept_give_nothing_twice(tmp_path, caplog):
    imagefolder(tmp_path)
    with zipfile.ZipFile(tmp_path / "train.zip", "w") as out:
        out.writestr("train/rome/a.jpg", jpeg(drawn(1, 64, 48)))
    (tmp_path / "train.tar.gz").write_bytes(b"\x1f\x8b")
    found = list(find(tmp_path))
    assert len(found) == 3
    assert not any(photo.member for photo in found)
    assert "train.tar.gz: left unopened, as only zip and plain tar" in caplog.text


def metadata(root, kind, rows):
    match kind:
        case "csv":
            table(root / "metadata.csv", rows)
        case "jsonl":
            json_lines(root / "metadata.jsonl", rows)
        case "parquet":
            kinds = {name: "float64" if isinstance(value, float) else "string" for name, value in rows[0].items()}
            write_table(root / "metadata.parquet", kinds, rows)


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_metadata_in_each_form_give_the_same(tmp_path, kind):
    imagefolder(tmp_path)
    rows = [{"file_name": "rome/a.jpg", "city": "Roma", "latitude": 41.9, "longitude": 12.5, "license": "CC0-1.0"},
            {"file_name": "./oslo\\b.jpg", "city": "", "latitude": 59.9, "longitude": 10.5, "license": ""}]  # fmt: skip
    metadata(tmp_path / "train", kind, rows)
    found = list(find(tmp_path))
    assert told(found) == [("train/rome/a.jpg", "Roma"), ("train/oslo/b.jpg", "oslo")]
    assert found[0].facts == {"lat": "41.9", "lon": "12.5", "licence": "CC0-1.0"}
    assert found[0].path == tmp_path / "train/rome/a.jpg"


def test_photos_that_no_row_names_are_counted(tmp_path, caplog):
    imagefolder(tmp_path)
    metadata(tmp_path / "train", "csv", [{"file_name": "rome/a.jpg"}])
    assert told(find(tmp_path)) == [("train/rome/a.jpg", "rome")]
    assert "left out, since no row names them: 2 photos." in caplog.text


def test_metadata_at_the_top_in_a_zip_and_the_label_as_city(tmp_path):
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as out:
        out.writestr("imgs/1.jpg", jpeg(drawn(1, 64, 48)))
        out.writestr("metadata.jsonl", '{"image_file_name": "imgs/1.jpg", "label": "Oslo", "lat": 59.90, "lon": 1e1}\n')
    (found,) = find(tmp_path / "all.zip")
    assert (found.key, found.city, found.member) == ("imgs/1.jpg", "Oslo", "imgs/1.jpg")
    assert found.facts == {"lat": "59.90", "lon": "1e1"}


def test_a_photo_that_is_not_there_is_listed_as_such(tmp_path):
    imagefolder(tmp_path / "given")
    metadata(tmp_path / "given", "csv", [{"file_name": "train/rome/a.jpg"}, {"file_name": "train/rome/gone.jpg"}])
    import_photos(find(tmp_path / "given"), tmp_path / "data", name="data", source="imagefolder")
    assert [row.reason for row in open_dataset(tmp_path / "data").dropped] == ["not_found"]


def test_ids_of_flaneurs_own_exports_come_along_and_others_do_not(tmp_path):
    photo(tmp_path / "rome" / "a.jpg", 1)
    photo(tmp_path / "rome" / "b.jpg", 2)
    own = {"file_name": "rome/a.jpg", "id": "mapillary:77", "city": "rome", "place": "rome/p", "sequence": "rome/s"}
    other = {"file_name": "rome/b.jpg", "id": "17", "city": "rome", "place": "rome/p", "sequence": ""}
    metadata(tmp_path, "csv", [own, other])
    first, second = find(tmp_path)
    assert first.facts == {"place": "p", "sequence": "s", "id": "mapillary:77"}
    assert second.facts == {"place": "rome/p"}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([{"filename": "a.jpg"}], r"metadata.csv: no column 'file_name', which .*Did you mean 'filename'"),
        ([{"file_name": "1.jpg"}], r"line 2: which city\? There is no column city, and 1.jpg lies in no folder"),
        ([{"file_name": "1.jpg", "label": "3"}], r"line 2: which city\? .*the label 3 is a number. Add the column"),
        ([{"file_name": "../1.jpg", "city": "rome"}], r"line 2: ../1.jpg leads out of the table's folder"),
        ([{"file_name": "/etc/passwd", "city": "rome"}], r"line 2: /etc/passwd does not lie below the table's folder"),
        ([{"file_name": "", "city": "rome"}], r"line 2: file_name is empty"),
        ([{"file_name": "a", "city": "x"}, {"file_name": "a", "city": "y"}], r"line 3: a is named again, now as 'y'"),
    ],
)  # fmt: skip
def test_wrong_metadata_are_one_clear_line(tmp_path, rows, message):
    table(tmp_path / "metadata.csv", rows)
    with pytest.raises(InputError, match=message) as error:
        list(find(tmp_path))
    assert "\n" not in str(error.value)


def test_two_metadata_in_one_folder(tmp_path):
    table(tmp_path / "metadata.csv", [{"file_name": "a"}])
    json_lines(tmp_path / "metadata.jsonl", [{"file_name": "a"}])
    with pytest.raises(InputError, match=r"metadata.csv and metadata.jsonl say two things"):
        list(find(tmp_path))


def test_nothing_that_names_a_city(tmp_path):
    photo(tmp_path / "train" / "a.jpg", 1)
    with pytest.raises(InputError, match=r"no folders of cities, and no metadata.csv"):
        list(find(tmp_path))
