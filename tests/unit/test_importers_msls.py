"""MSLS: unnamed index, sequence_id or sequence_key, missing raw.csv, folder codes, panoramas, patches, zip files."""

import zipfile
from collections import Counter

import pytest

from flaneur.dataset.tables import row_of
from flaneur.errors import InputError
from flaneur.importers.msls import find
from layouts import msls, photo, table
from photos import drawn, jpeg


def test_query_and_database_are_merged_and_codes_are_names(tmp_path, caplog):
    found = list(find(msls(tmp_path)))
    # Two halves of four; where raw.csv says so, one of the four is a panorama.
    assert Counter(photo.city for photo in found) == {"Copenhagen": 6, "São Paulo": 6, "Miami": 8}
    assert "left out: 4 panoramas." in caplog.text


def test_both_names_of_the_sequence_are_read(tmp_path):
    found = list(find(msls(tmp_path)))
    assert all(photo.facts["sequence"] for photo in found)
    rows = {row_of(photo, "msls")["sequence"] for photo in found if photo.city == "São Paulo"}
    assert rows == {f"sao-paulo/{half}-{late}" for half in ("query", "database") for late in (True, False)}


def test_miami_has_no_positions_and_is_imported_all_the_same(tmp_path):
    for found in find(msls(tmp_path)):
        placed = "lat" in found.facts
        assert placed == (found.city != "Miami")
        assert ("heading" in found.facts) == placed
        if placed:
            assert (found.facts["heading"], found.facts["captured"]) == ("350.5", "2017-08-16T00:00:00+00:00")


def test_clusters_keep_places_together_within_their_half(tmp_path):
    found = [photo for photo in find(msls(tmp_path)) if photo.city == "Copenhagen"]
    assert {photo.facts["place"] for photo in found} == {
        f"{half}-{n}" for half in ("query", "database") for n in range(3)
    }


def test_a_cluster_column_that_is_a_flag_is_no_place(tmp_path):
    msls(tmp_path)
    flags = [{"key": f"cp-q_{number}", "unique_cluster": number == 0} for number in range(4)]
    table(tmp_path / "train_val" / "cph" / "query" / "postprocessed.csv", flags, index=True)
    assert not any("place" in photo.facts for photo in find(tmp_path) if "/cph/query/" in photo.key)


def test_a_city_with_nothing_but_photos(tmp_path):
    photo(tmp_path / "test" / "kampala" / "query" / "images" / "a_-b.jpg", 1)
    assert [(found.city, found.facts.get("sequence")) for found in find(tmp_path)] == [("Kampala", None)]


def test_zip_files_side_by_side_and_the_patch_counts_first(tmp_path):
    msls(tmp_path / "unpacked")
    zips = tmp_path / "downloads"
    zips.mkdir()
    files = [path for path in sorted((tmp_path / "unpacked").rglob("*")) if path.is_file()]
    with (
        zipfile.ZipFile(zips / "metadata.zip", "w") as metadata,
        zipfile.ZipFile(zips / "images_vol_1.zip", "w") as images,
    ):
        for path in files:
            (images if path.suffix == ".jpg" else metadata).write(path, path.relative_to(tmp_path / "unpacked"))
    mended = "train_val/cph/query/images/cp-q_0.jpg"
    with zipfile.ZipFile(zips / "patch_v1.1.zip", "w") as patch:
        patch.writestr(mended, jpeg(drawn(99, 64, 48)))
    found = {photo.key: photo for photo in find(zips)}
    assert len(found) == 20
    assert found[mended].path.name == "patch_v1.1.zip"
    assert found["train_val/cph/query/images/cp-q_1.jpg"].path.name == "images_vol_1.zip"
    assert [(key, photo.facts) for key, photo in found.items()] == [
        (photo.key, photo.facts) for photo in find(tmp_path / "unpacked")
    ]


def test_rows_without_a_photo_are_counted(tmp_path, caplog):
    msls(tmp_path)
    (tmp_path / "train_val" / "cph" / "query" / "images" / "cp-q_0.jpg").unlink()
    assert len(list(find(tmp_path))) == 19
    assert "since the photo is not there: 1 row." in caplog.text


def test_metadata_alone_are_no_dataset(tmp_path):
    table(tmp_path / "train_val" / "cph" / "query" / "raw.csv", [{"key": "a", "lat": 1, "lon": 1, "pano": "False"}])
    with pytest.raises(InputError, match=r"no photo found \(1 row without one\)"):
        list(find(tmp_path))
