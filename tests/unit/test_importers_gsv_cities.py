"""GSV-Cities: positions as strings, directions above 360, places that repeat, codes, panorama ids, missing photos."""

import zipfile

import pytest

from flaneur.dataset.tables import row_of
from flaneur.errors import InputError
from flaneur.importers.gsv_cities import find
from layouts import gsv_cities, photo, table


def by_pano(root):
    return {photo.facts["page_url"].rpartition("=")[2]: photo for photo in find(gsv_cities(root))}


def test_every_spelling_of_a_file_name_is_found(tmp_path):
    found = by_pano(tmp_path)
    assert set(found) == {"a-_b__", "-c_d", "odd", "e"}
    assert found["-c_d"].path.suffix == ".JPG"
    assert found["odd"].path.name == "PRS_0000008_2016_01_000_48.8600_2.3600_odd.jpg"


def test_codes_become_names_and_facts_are_as_the_table_has_them(tmp_path):
    found = by_pano(tmp_path)
    assert {photo.city for photo in found.values()} == {"Paris", "Buenos Aires"}
    assert found["a-_b__"].facts | {"page_url": ""} == {
        "lat": "48.85", "lon": "2.35", "heading": "224", "captured": "2019-05", "place": "7",
        "licence": "CC-BY-NC-ND-4.0", "page_url": "",
    }  # fmt: skip
    assert found["-c_d"].facts["heading"] == "46"


def test_place_numbers_repeat_from_city_to_city(tmp_path):
    found = by_pano(tmp_path)
    places = {row_of(found[pano], "gsv_cities")["place"] for pano in ("a-_b__", "-c_d", "e")}
    assert places == {"paris/7", "buenos-aires/7"}


def test_place_numbers_above_100000_and_ambiguous_files(tmp_path):
    row = {"city_id": "Rome", "place_id": 300007, "year": 2019, "month": 5, "northdeg": 5, "lat": 41.9, "lon": 12.5,
           "panoid": "p"}  # fmt: skip
    table(tmp_path / "Dataframes" / "Rome.csv", [row, row | {"panoid": "twice"}])
    photo(tmp_path / "Images" / "Rome" / "Rome_0000007_2019_05_005_41.9_12.5_p.jpg", 1)
    for lat in ("1", "2"):
        photo(tmp_path / "Images" / "Rome" / f"Rome_0000007_2019_05_005_{lat}_12.5_twice.jpg", 2)
    assert [found.facts["place"] for found in find(tmp_path)] == ["300007"]


def test_a_folder_above_and_zips_of_single_cities(tmp_path):
    gsv_cities(tmp_path / "archive" / "GSV-Cities")
    inner = tmp_path / "archive" / "GSV-Cities" / "Images"
    with zipfile.ZipFile(inner / "PRS.zip", "w") as out:
        for file in sorted((inner / "PRS").iterdir()):
            out.write(file, f"PRS/{file.name}")
            file.unlink()
    (inner / "PRS").rmdir()
    found = list(find(tmp_path))
    assert len(found) == 4
    assert sum(bool(photo.member) for photo in found) == 3


def test_rows_without_a_photo_are_counted(tmp_path, caplog):
    gsv_cities(tmp_path)
    next((tmp_path / "Images" / "PRS").glob("*odd.jpg")).unlink()
    assert len(list(find(tmp_path))) == 3
    assert "left out, since the photo is not there: 1 row." in caplog.text


def test_tables_alone_are_no_dataset(tmp_path):
    table(tmp_path / "Dataframes" / "Rome.csv", [{"place_id": 1, "year": 1, "month": 1, "northdeg": 1, "lat": 1,
                                                  "lon": 1, "panoid": "x"}])  # fmt: skip
    with pytest.raises(InputError, match=r"none of 1 row has its photo. Images/<City>/ is needed"):
        list(find(tmp_path))


def test_a_table_that_lacks_a_column(tmp_path):
    table(tmp_path / "Dataframes" / "Rome.csv", [{"place_id": 1, "year": 1, "month": 1, "north": 1, "lat": 1, "lon": 1,
                                                  "panoid": "x"}])  # fmt: skip
    with pytest.raises(InputError, match=r"Rome.csv: no column 'northdeg'.*Did you mean 'north'"):
        list(find(tmp_path))
