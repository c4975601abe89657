"""Tables of others: encodings, separators, digits kept, wrong ones in one line, and little memory for many rows."""

import tracemalloc

import pytest

from flaneur.csv_table import columns, on_disk, rows
from flaneur.errors import InputError
from flaneur.files import write_table
from flaneur.importers.csv import find


def written(folder, name, text):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return on_disk(path)


def test_texts_stay_as_they_are_and_an_unnamed_index_goes(tmp_path):
    made = written(tmp_path, "t.csv", ',Key ,lat,country\n0,a,1.50,NA\n\n1,"b\nc",-0,\n')
    assert columns(made) == ["key", "lat", "country"]
    assert list(rows(made)) == [
        (2, {"key": "a", "lat": "1.50", "country": "NA"}), (5, {"key": "b\nc", "lat": "-0", "country": ""}),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_encodings(tmp_path, encoding):
    made = written(tmp_path, "t.csv", "a,b\nMálaga,x\n".encode(encoding))
    assert [row["a"] for _, row in rows(made)] == ["Málaga"]


def test_latin_1_far_down_is_seen(tmp_path):
    made = written(tmp_path, "t.csv", b"a\n" + b"x\n" * 60_000 + b"M\xe1laga\n")
    *_, (_, last) = rows(made)
    assert last == {"a": "Málaga"}


def test_json_lines_tabs_and_parquet(tmp_path):
    lines = written(
        tmp_path, "t.jsonl", '{"lat": 1.50, "n": 12, "ok": true, "none": null, "list": [1]}\n\n{"lat": "x"}\n'
    )
    assert list(rows(lines)) == [
        (1, {"lat": "1.50", "n": "12", "ok": "True", "none": "", "list": ""}), (3, {"lat": "x"}),
    ]  # fmt: skip
    assert list(rows(written(tmp_path, "t.tsv", "a\tb\n1,5\t2\n"))) == [(2, {"a": "1,5", "b": "2"})]
    write_table(tmp_path / "t.parquet", {"a": "string", "b": "float64"}, [{"a": "x", "b": 0.5}, {"a": None, "b": None}])
    made = on_disk(tmp_path / "t.parquet")
    assert columns(made) == ["a", "b"]
    assert list(rows(made)) == [(1, {"a": "x", "b": "0.5"}), (2, {"a": "", "b": ""})]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "a,b\n1,2,3\n", r"t.csv, line 2: 3 cells, but 2 columns. Put texts with a comma in quotes"),
        ("t.csv", "b\n", r"no column 'a'; a are needed. It has: b"),
        ("t.csv", "a\tb\n", r"separated by tabs: use ','"),
        ("t.csv", b"a\n" + b"x" * 200_000, r"t.csv, line 2: not readable as CSV \(field larger"),
        ("t.csv", b"a\n\0\n", r"not a CSV file in UTF-8"),
        ("t.csv", b"\xff\xfea\0\n\0x", r"not readable as CSV \(.*truncated data"),
        ("t.jsonl", '{"a": 1}\n{"a"', r"t.jsonl, line 2: not readable as JSON"),
        ("t.jsonl", "[1]\n", r"t.jsonl, line 1: must be an object"),
        ("t.jsonl", '{"b": 1}\n', r"t.jsonl, line 1: no 'a'. It has: b"),
        ("t.parquet", "PAR1", r"t.parquet: not readable as Parquet"),
    ],
)
def test_wrong_tables_are_one_clear_line(tmp_path, name, text, message):
    made = written(tmp_path, name, text)
    with pytest.raises(InputError, match=message) as error:
        list(rows(made, ("a",)))
    assert "\n" not in str(error.value)


def test_a_city_spelt_nearly_like_another_is_mentioned(tmp_path, caplog):
    lines = [f"{number}.jpg,Lisbon" for number in range(40)] + ["x.jpg,Lisbonn", "y.jpg,Porto"]
    written(tmp_path, "photos.csv", "\n".join(["file,city", *lines]))
    assert len(list(find(tmp_path / "photos.csv"))) == 42
    assert "1 photo of 'Lisbonn', and 40 of 'Lisbon'. Are they one city?" in caplog.text
    assert "Porto" not in caplog.text


def test_memory_does_not_grow_with_the_rows(tmp_path, monkeypatch):
    monkeypatch.setattr("flaneur.photo_positions.geonames_places", lambda: ())  # some 50 MB, however long the table
    count = 20_000
    lines = (f"rome/walk-{number:09d}/photo.jpg,rome,41.{number},12.5" for number in range(count))
    written(tmp_path, "photos.csv", "\n".join(["file,city,lat,lon", *lines]))
    tracemalloc.start()
    assert sum(1 for _ in find(tmp_path / "photos.csv")) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100 * count, f"{peak / count:.0f} bytes a row; a row held as texts takes some 700"
