"""What every importer must do, on a small copy of its layout. A new one is found by itself and needs a layout."""

from pathlib import Path

import pytest

from flaneur import archives, discover
from flaneur.cli.imports import import_command
from flaneur.dataset.store import import_photos, open_dataset
from flaneur.dataset.tables import row_of
from flaneur.errors import InputError
from flaneur.photo_table import FACTS
from layouts import LAYOUTS, packed

NAMES = discover.names("flaneur.importers")
KNOWN = {*FACTS, "id", "source", "refused"}


@pytest.fixture(params=NAMES)
def layout(request, tmp_path):
    """Its name, its ``find``, and a path that it reads."""
    assert request.param in LAYOUTS, "write a small copy of the layout, traps included, in tests/layouts.py"
    path = LAYOUTS[request.param](tmp_path / "given")
    return request.param, discover.load("flaneur.importers", request.param).find, path


def told(found):
    return [(photo.key, photo.city, photo.facts) for photo in found]


def test_photos_are_found_one_by_one_in_a_stable_order(layout):
    _, find, path = layout
    found = find(path)
    assert iter(found) is found, "an iterator: half a million photos are not held at once"
    first = list(found)
    assert first
    assert first == list(find(path))


def test_keys_are_unique_and_name_nothing_of_this_machine(layout, tmp_path):
    _, find, path = layout
    found = list(find(path))
    assert len({photo.key for photo in found}) == len(found)
    for photo in found:
        assert photo.key == photo.key.strip("/")
        assert "\\" not in photo.key
        assert ".." not in photo.key.split("/")
        assert str(tmp_path) not in repr((photo.key, photo.city, photo.facts))


def test_facts_are_texts_that_a_row_understands(layout):
    name, find, path = layout
    for photo in find(path):
        assert set(photo.facts) <= KNOWN
        assert all(isinstance(value, str) and value for value in photo.facts.values())
        if photo.city:
            row_of(photo, name)
        else:
            assert photo.facts["refused"]
            with pytest.raises(InputError):
                row_of(photo, name)


def test_every_photo_can_be_read(layout):
    _, find, path = layout
    for photo in find(path):
        data = archives.read(photo.path, photo.member, 10**6) if photo.member else photo.path.read_bytes()
        assert data.startswith(b"\xff\xd8")


def test_finding_changes_nothing(layout):
    _, find, path = layout
    root = path if path.is_dir() else path.parent
    before = {file: (file.stat().st_mtime_ns, file.stat().st_size) for file in root.rglob("*")}
    list(find(path))
    assert before == {file: (file.stat().st_mtime_ns, file.stat().st_size) for file in root.rglob("*")}


@pytest.mark.parametrize("suffix", [".zip", ".tar"])
def test_an_archive_gives_what_its_folder_gives(layout, tmp_path, suffix):
    _, find, path = layout
    root = path if path.is_dir() else path.parent
    archive = packed(root, tmp_path / f"packed{suffix}")
    assert sorted(told(find(archive)), key=repr) == sorted(told(find(path)), key=repr)


def test_importing_stores_each_once_and_again_changes_nothing(layout, tmp_path):
    name, find, path = layout
    summary = import_photos(find(path), tmp_path / "data", name="data", source=name)
    usable = [photo for photo in find(path) if photo.city]
    assert summary.imported == len(usable) == len(open_dataset(tmp_path / "data").photos)
    hashed = open_dataset(tmp_path / "data").content_hash
    again = import_photos(find(path), tmp_path / "data", name="data", source=name)
    assert (again.imported, again.unchanged) == (0, summary.imported)
    assert open_dataset(tmp_path / "data").content_hash == hashed


def test_nothing_there_is_one_line_that_names_it(layout, tmp_path):
    _, find, _ = layout
    (tmp_path / "empty").mkdir()
    for nowhere in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(InputError, match=nowhere.name) as error:
            list(find(nowhere))
        assert "\n" not in str(error.value)


def test_every_layout_has_an_importer():
    assert set(LAYOUTS) == set(NAMES)


def test_every_layout_is_documented():
    docs = Path(__file__).parents[2] / "docs"
    for page in ("how-to/import-photos.md", "reference/commands.md"):
        text = (docs / page).read_text("utf-8")
        assert [name for name in NAMES if f"`{name}`" not in text and f"import {name} " not in text] == [], page
    assert [name for name in NAMES if name not in (import_command.help or "")] == []
