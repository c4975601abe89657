"""A table under its own name: beside its photos, inside an archive with them, and the real one."""

import zipfile
from collections import Counter
from pathlib import Path

import pytest

from flaneur.errors import InputError
from flaneur.importers import csv, folder
from layouts import csv_file, packed
from photos import drawn, jpeg

PHOTOS = Path(__file__).resolve().parents[3] / "shared" / "photos"


def test_the_layout_folder_reads_the_same_table(tmp_path, caplog):
    path = csv_file(tmp_path)
    assert list(csv.find(path)) == list(folder.find(path))
    assert "ignored columns: shoe" in caplog.text


def test_tabs_and_absolute_names_below_the_table(tmp_path):
    (tmp_path / "photos.tsv").write_text(f"file\tcity\n{tmp_path / 'rome/a.jpg'}\tRome, Italy\n")
    (found,) = csv.find(tmp_path / "photos.tsv")
    assert (found.key, found.city, found.path) == ("rome/a.jpg", "Rome, Italy", tmp_path / "rome/a.jpg")


def test_a_table_inside_an_archive_one_folder_down(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("mine/photos.csv", "file,city\nrome/a.jpg,rome\nrome/gone.jpg,rome\n")
        out.writestr("mine/rome/a.jpg", jpeg(drawn(1, 64, 48)))
    found = list(csv.find(tmp_path / "a.zip"))
    assert [(photo.key, photo.member) for photo in found] == [
        ("rome/a.jpg", "mine/rome/a.jpg"), ("rome/gone.jpg", "rome/gone.jpg"),
    ]  # fmt: skip


def test_what_holds_no_table_or_two(tmp_path):
    csv_file(tmp_path / "given")
    with pytest.raises(InputError, match=r"a folder. Name the table itself"):
        csv.find(tmp_path / "given")
    (tmp_path / "given" / "second.csv").write_text("file,city\n")
    with pytest.raises(InputError, match=r"2 tables \(photos.csv, second.csv\). Keep one"):
        csv.find(packed(tmp_path / "given", tmp_path / "two.zip"))
    with zipfile.ZipFile(tmp_path / "none.zip", "w") as out:
        out.writestr("rome/a.jpg", b"x")
    with pytest.raises(InputError, match=r"none.zip: no CSV file in it"):
        csv.find(tmp_path / "none.zip")


@pytest.mark.shared
@pytest.mark.skipif(not PHOTOS.is_dir(), reason="../shared/photos, the measuring photos, is not beside this checkout")
def test_the_real_photos_are_all_found(caplog):
    found = list(csv.find(PHOTOS / "photos.csv"))
    assert caplog.text == ""
    assert all(photo.path.is_file() for photo in found)
    main = Counter(photo.city for photo in found if photo.key.startswith("cities/"))
    assert (main.total(), len(main)) == (3978, 8)
    assert len({photo.key for photo in found}) == len(found)
