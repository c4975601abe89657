"""Importing: what is kept, what is refused and why, and that doing it again changes nothing."""

import hashlib
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flaneur import files
from flaneur.dataset import tables
from flaneur.dataset.ingest import JOURNAL
from flaneur.dataset.staging import STAGING, Staging
from flaneur.dataset.store import ImportSummary, import_photos, open_dataset, verify_dataset
from flaneur.errors import InputError, IntegrityError, UsageError
from flaneur.importers import folder
from flaneur.protocols import FoundPhoto
from flaneur.types import Location


def jpeg(seed: int) -> bytes:
    rng = np.random.default_rng(seed)
    out = BytesIO()
    Image.fromarray(rng.integers(0, 255, (12, 16, 3), np.uint8)).resize((64, 48)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two cities of three photos each."""
    for number in range(6):
        file = tmp_path / "photos" / ("rome" if number < 3 else "Oslo") / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(number))
    return tmp_path / "photos"


def take(path: Path, root: Path, **more: str) -> ImportSummary:
    return import_photos(folder.find(path), root, name="mine", source="folder", **more)


def snapshot(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def test_photos_come_in_under_the_names_of_their_hashes(photos, tmp_path):
    before = snapshot(photos)
    assert take(photos, tmp_path / "d") == ImportSummary(6, 0, {})
    data = open_dataset(tmp_path / "d")
    assert [(photo.id, photo.city, photo.place) for photo in data.photos[:1]] == [
        ("folder:Oslo/3.jpg", "oslo", "oslo/Oslo/3.jpg")
    ]
    for photo in data.photos:
        stored = data.image_path(photo).read_bytes()
        assert hashlib.sha256(stored).hexdigest() == photo.sha256 == data.image_path(photo).stem
        assert (photo.width, photo.height) == (64, 48)
    assert snapshot(photos) == before
    assert not (tmp_path / "d" / JOURNAL).exists()
    assert str(tmp_path).encode() not in b"".join(path.read_bytes() for path in (tmp_path / "d").glob("*.*"))


def test_importing_again_changes_no_byte(photos, tmp_path):
    take(photos, tmp_path / "d")
    before = snapshot(tmp_path / "d")
    assert take(photos, tmp_path / "d") == ImportSummary(0, 6, {})
    assert snapshot(tmp_path / "d") == before


def test_the_order_of_importing_does_not_matter(photos, tmp_path):
    take(photos, tmp_path / "whole")
    take(photos, tmp_path / "parts", only="rome/*")
    assert take(photos, tmp_path / "parts", only="Oslo/*") == ImportSummary(3, 0, {})
    one, other = open_dataset(tmp_path / "whole"), open_dataset(tmp_path / "parts")
    assert one.content_hash == other.content_hash
    assert one.photos == other.photos


@pytest.mark.parametrize("prefix", ["a", "z"])
def test_of_equal_files_the_one_that_came_first_stays(photos, tmp_path, prefix):
    take(photos, tmp_path / "d")
    before = open_dataset(tmp_path / "d")
    copies = tmp_path / "copies"
    for number in range(3):
        (copies / "rome").mkdir(parents=True, exist_ok=True)
        (copies / "rome" / f"{prefix}{number}.jpg").write_bytes(jpeg(number))
    tables = None
    for _ in range(2):  # the second time nothing changes
        assert take(copies, tmp_path / "d") == ImportSummary(0, 0, {"exact_duplicate": 3})
        after = open_dataset(tmp_path / "d")
        assert after.photos == before.photos
        assert [row.detail for row in after.dropped] == [f"the same file as rome/{n}.jpg" for n in range(3)]
        now = {path.name: path.read_bytes() for path in (tmp_path / "d").glob("*.parquet")}
        assert tables in (None, now)
        tables = now
    assert take(photos, tmp_path / "d") == ImportSummary(0, 6, {})


def test_who_came_first_is_known_after_a_stop_between_two_tables(photos, tmp_path, monkeypatch):
    copies = tmp_path / "copies" / "rome" / "a.jpg"
    copies.parent.mkdir(parents=True)
    copies.write_bytes(jpeg(0))
    for name in ("whole", "stopped"):
        take(photos, tmp_path / name)
    take(tmp_path / "copies", tmp_path / "whole")
    with monkeypatch.context() as patched:
        patched.setattr("flaneur.dataset.tables.write_ties", lambda *_: 1 / 0)  # photos.parquet is written by then
        with pytest.raises(ZeroDivisionError):
            take(tmp_path / "copies", tmp_path / "stopped")
    take(tmp_path / "copies", tmp_path / "stopped")
    for table in ("photos", "dropped", "ties"):
        whole, stopped = (tmp_path / name / f"{table}.parquet" for name in ("whole", "stopped"))
        assert whole.read_bytes() == stopped.read_bytes()


def test_each_refusal_has_its_reason(photos, tmp_path):
    (photos / "rome/0.jpg").write_bytes(jpeg(0)[:300])
    (photos / "rome/7.jpg").write_bytes(b"")
    (photos / "rome/8.jpg").write_bytes(b"<html>not found</html>")
    (photos / "rome/9.jpg").write_bytes(jpeg(1))
    (photos / "Oslo/a.jpg").write_bytes(jpeg(2))
    summary = take(photos, tmp_path / "d")
    assert summary.dropped == {
        "truncated": 1, "empty": 1, "not_an_image": 1, "exact_duplicate": 1, "label_conflict": 2,
    }  # fmt: skip
    data = open_dataset(tmp_path / "d")
    reasons = {dropped.original: dropped for dropped in data.dropped}
    assert reasons["rome/9.jpg"].detail == "the same file as rome/1.jpg"
    assert reasons["rome/2.jpg"].detail == "the same file claims to be oslo and rome; correct the wrong one"
    assert "rome/8.jpg" in reasons["rome/8.jpg"].detail
    assert ("rome/rome/1.jpg", "rome/rome/9.jpg") in data.ties
    assert [photo.original for photo in data.photos] == ["Oslo/3.jpg", "Oslo/4.jpg", "Oslo/5.jpg", "rome/1.jpg"]
    used = {data.image_path(photo) for photo in data.photos}
    assert used <= set((tmp_path / "d/images").glob("*/*"))


def test_a_mended_photo_replaces_the_broken_one(photos, tmp_path):
    (photos / "rome/0.jpg").write_bytes(b"x")
    assert take(photos, tmp_path / "d").dropped == {"not_an_image": 1}
    (photos / "rome/0.jpg").write_bytes(jpeg(0))
    assert take(photos, tmp_path / "d") == ImportSummary(1, 5, {})
    take(photos, tmp_path / "fresh")
    assert open_dataset(tmp_path / "d").content_hash == open_dataset(tmp_path / "fresh").content_hash


def test_an_interrupted_import_is_taken_over_but_a_torn_line_or_file_is_not(photos, tmp_path):
    take(photos, tmp_path / "whole")
    root = tmp_path / "d"

    def stop_after_four(_: int, calls: list[int] = []) -> None:  # noqa: B006
        calls.append(1)
        if len(calls) == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_photos(folder.find(photos), root, name="mine", source="folder", progress=stop_after_four)
    lines = (root / JOURNAL).read_text().splitlines()
    assert len(lines) >= 4
    spoilt = root / json.loads(lines[0])["file"]
    spoilt.write_bytes(b"")  # a power cut after the rename
    (root / JOURNAL).write_text("\n".join(lines) + '\n{"key": "rome/')
    (root / "images/ab").mkdir(exist_ok=True)
    (root / "images/ab/.left.tmp").write_bytes(b"x")
    take(photos, root)
    assert open_dataset(root).content_hash == open_dataset(tmp_path / "whole").content_hash
    assert verify_dataset(open_dataset(root)) == []
    assert len([path for path in (root / "images").rglob("*") if path.is_file()]) == 6


def test_facts_become_columns_and_bad_rows_are_dropped(photos, tmp_path):
    (photos / "photos.csv").write_text(
        "file,city,lat,lon,heading,captured,place,sequence,project,author,licence,page_url\n"
        "rome/0.jpg,Rome,41.9,12.5,-90,202203,forum,s1,walk,Ada,CC-BY-4.0,https://example.org/0\n"
        "rome/1.jpg,Rome,41.9,12.5,,last summer,forum,,,,,\n"
        "rome/2.jpg,Rome,91,12.5,,,,,,,,\n"
        "rome/gone.jpg,Rome,,,,,,,,,,\n"
    )
    assert take(photos / "photos.csv", tmp_path / "d").dropped == {"bad_row": 1, "not_found": 1}
    first, second = open_dataset(tmp_path / "d").photos
    assert (first.location, first.heading_deg, first.captured_at) == (Location(41.9, 12.5), 270.0, "2022-03")
    assert (first.place, first.sequence, first.project) == ("rome/forum", "rome/s1", "walk")
    assert (first.author, first.licence, first.page_url) == ("Ada", "CC-BY-4.0", "https://example.org/0")
    assert (second.captured_at, second.sequence, second.heading_deg) == (None, None, None)
    (city,) = open_dataset(tmp_path / "d").cities
    assert (city.slug, city.name, city.centre, city.radius_km) == ("rome", "Rome", Location(41.9, 12.5), 0.0)


def test_another_folder_under_the_same_names_is_refused(photos, tmp_path):
    take(photos, tmp_path / "d")
    moved = shutil.copytree(photos, tmp_path / "moved")
    assert take(moved, tmp_path / "d") == ImportSummary(0, 6, {})
    (moved / "rome/0.jpg").write_bytes(jpeg(99))
    before = open_dataset(tmp_path / "d").content_hash
    with pytest.raises(UsageError, match=r"another photo called 'rome/0.jpg'.*--name"):
        take(shutil.copytree(moved, tmp_path / "third"), tmp_path / "d")
    assert open_dataset(tmp_path / "d").content_hash == before


def test_nothing_found_makes_nothing(photos, tmp_path):
    with pytest.raises(InputError, match="that match 'paris/"):
        take(photos, tmp_path / "d", only="paris/*")
    assert not (tmp_path / "d").exists()


def test_verify_names_each_changed_file(photos, tmp_path):
    take(photos, tmp_path / "d")
    data = open_dataset(tmp_path / "d")
    assert verify_dataset(data) == []
    for photo in data.photos[:3]:
        spoilt = bytearray(data.image_path(photo).read_bytes())
        spoilt[len(spoilt) // 2] ^= 1
        data.image_path(photo).write_bytes(spoilt)
    data.image_path(data.photos[3]).unlink()
    problems = verify_dataset(data)
    assert Counter(problem.split(": ")[1].split(" (")[0] for problem in problems) == {
        "changed since it was imported": 3, "missing": 1,
    }  # fmt: skip


def test_a_dataset_of_the_future_and_a_spoilt_one(photos, tmp_path):
    take(photos, tmp_path / "d")
    manifest = tmp_path / "d/dataset.toml"
    manifest.write_text(manifest.read_text().replace("format = 1", "format = 2"))
    with pytest.raises(InputError, match="made by a newer flaneur"):
        open_dataset(tmp_path / "d")
    manifest.write_text("format = ")
    with pytest.raises(IntegrityError, match="not readable as TOML"):
        open_dataset(tmp_path / "d")


def test_toml_survives_any_name():
    import tomllib

    values = {"name": 'a "b" \\ ü', "n": 1, "t": True, "split": {"x.y": {"cell_m": 0.5}}}
    assert tomllib.loads(tables.toml_text(values)) == values


def test_city_names_that_are_no_names(photos, tmp_path):
    found = [FoundPhoto(photos / "rome/0.jpg", "a", "???"), FoundPhoto(photos / "rome/1.jpg", "b", "Rome")]
    assert import_photos(found, tmp_path / "d", name="x", source="folder").dropped == {"bad_row": 1}


def test_a_full_disk_is_one_line_and_the_import_goes_on_later(photos, tmp_path, monkeypatch):
    whole = Path.write_bytes

    def full(path: Path, data: bytes) -> int:
        if path.suffix == ".tmp":
            raise OSError(28, "No space left on device")
        return whole(path, data)

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"No space left on device.*goes on"):
        take(photos, tmp_path / "d")
    monkeypatch.undo()
    assert take(photos, tmp_path / "d") == ImportSummary(6, 0, {})


@pytest.mark.parametrize("table", ["photos", "dropped", "imported"])
def test_a_disk_that_is_full_only_for_the_tables(photos, tmp_path, monkeypatch, table):
    whole = files._write_parquet

    def full(path: Path, *arguments: object) -> None:
        if path.name.startswith(f".{table}."):
            raise OSError(28, "No space left on device")
        whole(path, *arguments)

    monkeypatch.setattr(files, "_write_parquet", full)
    with pytest.raises(InputError, match=r"No space left on device.*goes on"):
        take(photos, tmp_path / "d")
    monkeypatch.undo()
    take(photos, tmp_path / "d")
    take(photos, tmp_path / "whole")
    same, whole_too = snapshot(tmp_path / "d"), snapshot(tmp_path / "whole")
    assert {name: sha for name, sha in same.items() if name != "dataset.toml"} == {
        name: sha for name, sha in whole_too.items() if name != "dataset.toml"
    }
    assert open_dataset(tmp_path / "d").content_hash == open_dataset(tmp_path / "whole").content_hash


def test_a_database_on_a_full_disk_is_one_line(photos, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(Staging, "put", full)
    with pytest.raises(InputError, match=r"database or disk is full.*goes on"):
        take(photos, tmp_path / "d")
    monkeypatch.undo()
    assert take(photos, tmp_path / "d") == ImportSummary(6, 0, {})
    assert not (tmp_path / "d" / STAGING).exists()


def test_tables_of_many_pieces_are_like_those_of_one(photos, tmp_path, monkeypatch):
    take(photos, tmp_path / "one")
    monkeypatch.setattr(files, "_PIECE", 2)
    take(photos, tmp_path / "many")
    assert open_dataset(tmp_path / "many").photos == open_dataset(tmp_path / "one").photos


def test_found_photos_are_taken_as_they_come(photos, tmp_path, monkeypatch):
    given, taken = [], []

    def find() -> Iterator[FoundPhoto]:
        for number in range(400):
            given.append(number)
            yield FoundPhoto(photos / "rome/0.jpg", str(number), "Rome")

    def look(_: int) -> None:
        taken.append(len(given) - len(taken))

    import_photos(find(), tmp_path / "d", name="d", source="x", progress=look)
    assert len(taken) == 400
    assert max(taken) <= 70


def test_eight_at_once_make_one_dataset(photos, tmp_path):
    with ThreadPoolExecutor(8) as pool:
        summaries = list(pool.map(lambda _: take(photos, tmp_path / "d"), range(8)))
    assert sum(summary.imported for summary in summaries) == 6
    assert verify_dataset(open_dataset(tmp_path / "d")) == []
    assert len(list((tmp_path / "d/images").glob("*/*"))) == 6
