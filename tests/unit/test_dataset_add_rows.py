"""Photos that come one by one, as from a collection: stored under their hash, added to the tables."""

from pathlib import Path

import pytest

from flaneur.dataset.ingest import store_photo
from flaneur.dataset.lock import only_one
from flaneur.dataset.store import ImportSummary, add_rows, import_photos, open_dataset, verify_dataset
from flaneur.dataset.tables import row_of
from flaneur.errors import PhotoError
from flaneur.importers import folder
from flaneur.protocols import FoundPhoto
from photos import drawn, jpeg


def row(root: Path, key: str, data: bytes, city: str = "Rome") -> dict:
    stored = store_photo(data, root, key)
    found = FoundPhoto(Path(), key, city, {"author": "Ada", "licence": "CC0-1.0", "page_url": "https://example.org"})
    pixels = {name: getattr(stored, name) for name in ("sha256", "file", "width", "height")}
    return row_of(found, "mapillary") | pixels


@pytest.fixture
def pictures() -> list[bytes]:
    return [jpeg(drawn(number)) for number in range(4)]


def add(root: Path, rows: list[dict]) -> ImportSummary:
    return add_rows(root, name="mine", source="mapillary", rows=rows)


def test_rows_are_added_once_whatever_the_order(tmp_path, pictures):
    root, other = tmp_path / "d", tmp_path / "e"
    rows = [row(root, str(number), data) for number, data in enumerate(pictures)]
    assert add(root, rows[:2]) == ImportSummary(2, 0, {})
    rows += [row(root, "3", pictures[3])]
    assert add(root, rows[2:]) == ImportSummary(2, 0, {})
    before = (root / "photos.parquet").read_bytes()
    assert add(root, rows) == ImportSummary(0, 4, {})
    assert (root / "photos.parquet").read_bytes() == before
    assert add(other, [row(other, str(number), data) for number, data in reversed(list(enumerate(pictures)))]).imported
    assert open_dataset(other).content_hash == open_dataset(root).content_hash
    assert verify_dataset(open_dataset(root)) == []
    assert open_dataset(root).photos[0].author == "Ada"


def test_refused_rows_are_dropped_and_nothing_but_refusals_makes_no_table(tmp_path, pictures):
    root = tmp_path / "d"
    refused = row_of(FoundPhoto(Path(), "x", "Rome"), "mapillary") | {"reason": "no_imagery", "detail": "grey"}
    assert add(root, [refused]) == ImportSummary(0, 0, {"no_imagery": 1})
    assert not (root / "dataset.toml").exists()
    assert add(root, [refused, row(root, "1", pictures[1])]) == ImportSummary(1, 0, {"no_imagery": 1})
    assert [dropped.reason for dropped in open_dataset(root).dropped] == ["no_imagery"]


def test_what_a_collection_under_way_has_stored_is_not_swept_away(tmp_path, pictures):
    root = tmp_path / "d"
    waiting, lost = (store_photo(data, root, "x") for data in pictures[:2])
    add(root, [row(root, "2", pictures[2])])
    assert (root / waiting.file).is_file()
    assert (root / lost.file).is_file()  # it may be on its way into the journal
    (root / "collect").mkdir()
    (root / "collect" / "flickr.jsonl").write_text(f'{{"sha256": "{waiting.sha256}"}}\n{{"sha2')
    (tmp_path / "in" / "rome").mkdir(parents=True)
    (tmp_path / "in" / "rome" / "a.jpg").write_bytes(pictures[3])
    import_photos(folder.find(tmp_path / "in"), root, name="mine", source="folder")
    assert (root / waiting.file).is_file()
    assert not (root / lost.file).exists()
    assert len(open_dataset(root).photos) == 2


def test_a_folder_may_be_locked_again_by_whom_it_belongs_to(tmp_path, pictures):
    (tmp_path / "d").mkdir()
    with only_one(tmp_path / "d"):
        add(tmp_path / "d", [row(tmp_path / "d", "0", pictures[0])])
        add(tmp_path / "d", [row(tmp_path / "d", "1", pictures[1])])
    assert len(open_dataset(tmp_path / "d").photos) == 2


def test_no_photo_is_refused_by_its_name(tmp_path):
    with pytest.raises(PhotoError, match="number 7") as refused:
        store_photo(b"<html>", tmp_path, "number 7")
    assert refused.value.code == "not_an_image"
    assert list(tmp_path.iterdir()) == []
