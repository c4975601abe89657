"""Hostile archives and wrong tables through the command line: one line each, exit 3, nothing written anywhere."""

import re
import subprocess
import sys

import pytest

import hostile
from flaneur.cli.main import run
from flaneur.dataset.store import open_dataset
from layouts import folder, osv5m, photo
from photos import drawn, jpeg

TABLES = {
    "missing column": (b"file,place\na.jpg,p\n", "no column 'city'; file and city are needed"),
    "misspelt column": (b"fil,city\na.jpg,rome\n", "no column 'file'.*Did you mean 'fil'"),
    "column twice": (b"file,city,city\na.jpg,rome,rome\n", "column 'city' occurs twice"),
    "semicolons": (b"file;city\na.jpg;rome\n", "separated by ';': use ','"),
    "swapped": (b"file,city,lat,lon\na.jpg,tokyo,139.7,35.6\n", r"line 2: \(139.7, 35.6\) is not .*swapped"),
    "latitude alone": (b"file,city,lat\na.jpg,tokyo,35.6\n", "lat and lon only work together"),
    "two cities": (b"file,city\na.jpg,rome\na.jpg,oslo\n", "line 3: a.jpg is named again, now as 'oslo'"),
    "no city": (b"file,city\na.jpg,\n", "line 2: city is empty"),
    "unknown city": (b"file,city\na.jpg,???\n", r"'\?\?\?' cannot be the name of a city"),
    "too many cells": (b"file,city\na.jpg,Washington, D.C.\n", "line 2: 3 cells, but 2 columns"),
    "elsewhere": (b"file,city\n../secret.jpg,rome\n", "line 2: ../secret.jpg leads out of the table's folder"),
    "absolute": (b"file,city\n/etc/hostname,rome\n", "line 2: /etc/hostname does not lie below the table's folder"),
    "spreadsheet": (b"PK\3\4\0\0\0\0", "not a CSV file in UTF-8 or Latin-1"),
    "empty": (b"", "no column 'file'.*It has: none"),
    "no photo there": (b"file,city\nnone.jpg,rome\n", "No photo could be used.*1 not_found"),
}


@pytest.fixture
def desk(tmp_path, monkeypatch):
    """A folder to work in, with flaneur's home in it."""
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def everything(desk):
    return {path: path.stat().st_mtime_ns for path in desk.rglob("*") if path.is_file()}


def refused(desk, capsys, layout, path):
    """The one line that is said; nothing may have been written."""
    before = everything(desk)
    assert run(["import", layout, str(path), "--name", "mine"]) == 3
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err
    assert everything(desk) == before
    assert not list((desk / "home").rglob("*.jpg")) if (desk / "home").exists() else True
    (line,) = [line for line in err.splitlines() if not line.startswith("warning")]
    return line


def test_hostile_archives(desk, capsys):
    for path, said in hostile.write(desk / "given"):
        line = refused(desk, capsys, "folder", path)
        assert re.search(said, line), line
        assert str(path) in line
    assert not hostile.EVIL.exists()


@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("layout", ["csv", "folder"])
def test_wrong_tables(desk, capsys, kind, layout):
    data, said = TABLES[kind]
    photo(desk / "given" / "a.jpg", 1)
    photo(desk / "secret.jpg", 2)
    (desk / "given" / "photos.csv").write_bytes(data)
    line = refused(desk, capsys, layout, desk / "given" / "photos.csv")
    assert re.search(said, line), line


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "latin-1"])
def test_tables_of_spreadsheets_are_read(desk, encoding):
    photo(desk / "given" / "a.jpg", 1)
    (desk / "given" / "photos.csv").write_bytes("file,city\r\na.jpg,Málaga\r\n".encode(encoding))
    assert run(["import", "csv", "given/photos.csv", "--name", "mine"]) == 0
    assert [photo.city for photo in open_dataset("mine").photos] == ["malaga"]


def test_a_zip_is_imported_without_being_unpacked(desk, capsys):
    files = {path.relative_to(desk).as_posix(): path.read_bytes() for path in folder(desk / "photos").rglob("*.jpg")}
    (desk / "photos.zip").write_bytes(
        hostile.zipped(files | {"photos/rome/notes.txt": b"x", "photos/rome/t.jpg": b"no photo"})
    )
    assert run(["import", "folder", "photos.zip", "--name", "mine", "--json"]) == 0
    (desk / "photos.zip").unlink()
    data = open_dataset("mine")
    assert sorted(photo.city for photo in data.photos) == ["rome", "rome", "sao-paulo"]
    assert [row.reason for row in data.dropped] == ["not_an_image"]
    assert not list(desk.rglob("t.jpg"))
    assert run(["dataset", "verify", "mine"]) == 0


def test_one_damaged_photo_in_a_zip_costs_itself_only(desk):
    good, bad = jpeg(drawn(1, 64, 48)), jpeg(drawn(2, 64, 48))
    data = hostile.zipped({"rome/a.jpg": good, "rome/b.jpg": bad})
    at = data.index(bad) + 400
    (desk / "p.zip").write_bytes(data[:at] + b"\0\0\0\0" + data[at + 4 :])
    assert run(["import", "folder", "p.zip", "--name", "mine"]) == 0
    data = open_dataset("mine")
    assert [(photo.original, data.dropped[0].reason) for photo in data.photos] == [("rome/a.jpg", "corrupt")]


def test_osv5m_from_its_zips_in_another_process(desk):
    osv5m(desk / "osv5m")
    command = [sys.executable, "-m", "flaneur", "import", "osv5m", "osv5m", "--name", "mine"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=desk, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "5 photos imported" in done.stdout
    assert "since they name no city: 1 row." in done.stderr
