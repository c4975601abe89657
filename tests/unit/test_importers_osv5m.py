"""OSV-5M: Namibia, what a city is, zip files in place, rows without a city or a photo."""

import pytest

from flaneur.dataset.tables import row_of
from flaneur.errors import InputError
from flaneur.importers.osv5m import find
from flaneur.types import slugify
from layouts import osv5m, table


def test_cities_are_told_apart_by_country_and_where_needed_by_region(tmp_path):
    found = {photo.key.rpartition("/")[2].removesuffix(".jpg"): photo.city for photo in find(osv5m(tmp_path))}
    assert found == {
        "11": "Waitangi NZ", "12": "Windhoek NA", "13": "Springfield Missouri US", "14": "Springfield Illinois US",
        "15": "Nan TH",
    }  # fmt: skip
    assert slugify(found["12"]) == "windhoek-na"


def test_both_tables_say_whether_a_city_is_one_of_several(tmp_path):
    osv5m(tmp_path)
    columns = {"latitude": 1, "longitude": 1, "country": "TH", "region": "Phayao", "city": "Nan"}
    table(tmp_path / "train.csv", [{"id": "99"} | columns])
    assert {photo.city for photo in find(tmp_path) if "15" in photo.key} == {"Nan Nan TH"}


def test_zip_files_are_read_in_place_with_and_without_an_inner_folder(tmp_path):
    found = {photo.key: (photo.path.name, photo.member) for photo in find(osv5m(tmp_path))}
    assert found["images/train/00/11.jpg"] == ("00.zip", "00/11.jpg")
    assert found["images/train/01/13.jpg"] == ("01.zip", "13.jpg")
    assert found["images/test/00/15.jpg"] == ("15.jpg", "")


def test_author_licence_and_page_come_along(tmp_path):
    first = next(find(osv5m(tmp_path)))
    row = row_of(first, "osv5m")
    assert (row["author"], row["licence"]) == ("walker", "CC-BY-SA-4.0")
    assert row["page_url"] == "https://www.mapillary.com/app/?pKey=11"
    assert (row["lat"], row["lon"], row["sequence"]) == (-43.8, -176.61, "waitangi-nz/s11")
    assert row["captured_at"] == "2019-01-01T00:00:00+00:00"


def test_rows_without_a_city_or_a_photo_are_counted(tmp_path, caplog):
    osv5m(tmp_path)
    (tmp_path / "images" / "train" / "01.zip").unlink()
    assert len(list(find(tmp_path))) == 3
    assert "since the photo is not there: 2 rows." in caplog.text
    assert "since they name no city: 1 row." in caplog.text


def test_a_part_that_was_not_downloaded_is_no_matter(tmp_path, caplog):
    osv5m(tmp_path)
    (tmp_path / "images" / "train" / "00.zip").unlink()
    (tmp_path / "images" / "train" / "01.zip").unlink()
    (tmp_path / "images" / "train").rmdir()
    assert [photo.city for photo in find(tmp_path)] == ["Nan TH"]
    assert "is not there" not in caplog.text


def test_tables_alone_are_no_dataset(tmp_path):
    osv5m(tmp_path)
    for path in sorted((tmp_path / "images").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    with pytest.raises(InputError, match=r"none of 0 rows has its photo. Images lie in images/train/00.zip"):
        list(find(tmp_path))
