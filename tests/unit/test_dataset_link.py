"""Photos that stay where they are, photos inside archives, and photos that bring the id they had."""

import hashlib
import io
import json
import sys
import zipfile
from pathlib import Path

import pytest

from bundles import tiny_bundle
from flaneur.cli.main import run
from flaneur.cli.progress import bar
from flaneur.dataset.curate import curate
from flaneur.dataset.store import import_photos, link_photos, open_dataset, verify_dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import InputError, PhotoError, UsageError
from flaneur.importers import folder
from flaneur.protocols import FoundPhoto
from flaneur.training.heads.features import features
from photos import drawn, jpeg


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    for number in range(6):
        file = tmp_path / "in" / ("rome" if number < 3 else "oslo") / f"{number}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(jpeg(drawn(number), lat=41.9, lon=12.5))
    return tmp_path / "in"


def link(path: Path, root: Path):
    return link_photos(folder.find(path), root, name="d", source="folder")


def test_linked_photos_stay_where_they_are(photos, tmp_path):
    before = {path: path.read_bytes() for path in photos.rglob("*.jpg")}
    assert link(photos, tmp_path / "d").imported == 6
    assert link(photos, tmp_path / "d").unchanged == 6
    data = open_dataset(tmp_path / "d")
    for photo in data.photos:
        path = data.image_path(photo)
        assert path == photos / photo.original
        assert photo.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
        assert photo.location is None
    assert not (tmp_path / "d" / "images").exists()
    assert verify_dataset(data) == []
    assert curate(data).dropped == {"flat": 6}  # they were looked at
    assert {path: path.read_bytes() for path in photos.rglob("*.jpg")} == before


def test_a_linked_photo_that_was_moved_or_changed_is_one_clear_line(photos, tmp_path):
    link(photos, tmp_path / "d")
    data = open_dataset(tmp_path / "d")
    (photos / "rome" / "0.jpg").rename(photos / "0.jpg")
    (photos / "rome" / "1.jpg").write_bytes(jpeg(drawn(77)))
    problems = verify_dataset(data)
    assert [problem.split(": ")[1].split(" (")[0] for problem in problems] == [
        "missing", "changed since it was imported",
    ]  # fmt: skip
    found = features(data, OnnxEncoder.from_bundle(tiny_bundle(tmp_path / "tiny")))
    assert [(photo.original, error.code) for photo, error in found.failed] == [
        ("rome/0.jpg", "not_found"), ("rome/1.jpg", "corrupt"),
    ]  # fmt: skip
    with pytest.raises(PhotoError, match=r"rome/0.jpg: the linked photo is not there any more. Put it back"):
        curate(data)
    assert (photos / "rome" / "1.jpg").is_file()
    (photos / "0.jpg").rename(photos / "rome" / "0.jpg")
    assert link(photos, tmp_path / "d").imported == 1
    assert verify_dataset(open_dataset(tmp_path / "d")) == []


def test_a_copied_dataset_can_become_a_linked_one_and_back(photos, tmp_path):
    root = tmp_path / "d"
    take = {"name": "d", "source": "folder"}
    import_photos(folder.find(photos), root, **take)
    copied = open_dataset(root).content_hash
    link(photos, root)
    assert list((root / "images").glob("*/*")) == []
    import_photos(folder.find(photos), root, **take)
    assert open_dataset(root).content_hash == copied
    assert len(list(photos.rglob("*.jpg"))) == 6


def test_an_interrupted_linking_never_removes_the_users_file(photos, tmp_path):
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        link_photos(folder.find(photos), tmp_path / "d", name="d", source="folder", progress=stop)
    (photos / "oslo" / "3.jpg").write_bytes(jpeg(drawn(55)))
    link(photos, tmp_path / "d")
    assert len(list(photos.rglob("*.jpg"))) == 6
    assert verify_dataset(open_dataset(tmp_path / "d")) == []


def test_photos_inside_an_archive_are_copied_never_linked(photos, tmp_path):
    archive = tmp_path / "photos.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in sorted(photos.rglob("*.jpg")):
            file.write(path, path.relative_to(photos).as_posix())
    names = [path.relative_to(photos).as_posix() for path in sorted(photos.rglob("*.jpg"))]
    found = [FoundPhoto(archive, name, name.split("/")[0], member=name) for name in names]
    take = {"name": "d", "source": "folder"}
    assert import_photos(found, tmp_path / "d", **take).imported == 6
    assert import_photos(found, tmp_path / "d", **take).unchanged == 6
    import_photos(folder.find(photos), tmp_path / "e", **take)
    assert open_dataset(tmp_path / "d").content_hash == open_dataset(tmp_path / "e").content_hash
    with pytest.raises(UsageError, match="inside an archive cannot be linked"):
        link_photos(found, tmp_path / "f", **take)


def test_an_id_that_comes_along_wins(photos, tmp_path):
    found = [
        FoundPhoto(photos / "rome/0.jpg", "a", "Rome", {"id": "mapillary:7"}),
        FoundPhoto(photos / "rome/1.jpg", "b", "Rome", {"id": "7"}),
    ]
    import_photos(found, tmp_path / "d", name="d", source="imagefolder")
    assert [(photo.id, photo.source, photo.original) for photo in open_dataset(tmp_path / "d").photos] == [
        ("imagefolder:7", "imagefolder", "b"), ("mapillary:7", "mapillary", "a"),
    ]  # fmt: skip
    assert import_photos(found, tmp_path / "d", name="d", source="imagefolder").unchanged == 2
    twice = [*found, FoundPhoto(photos / "rome/2.jpg", "c", "Rome", {"id": "mapillary:7"})]
    with pytest.raises(InputError, match="another photo of this import has the id 'mapillary:7'"):
        import_photos(twice, tmp_path / "d", name="d", source="imagefolder")


def test_a_name_that_is_no_unicode_is_a_name(photos, tmp_path):
    file = photos / "rome" / b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    try:
        file.write_bytes(jpeg(drawn(9)))
    except OSError:
        pytest.skip("this file system knows only Unicode names")
    import_photos(folder.find(photos), tmp_path / "d", name="d", source="folder")
    assert "rome/caf\\xe9.jpg" in {photo.original for photo in open_dataset(tmp_path / "d").photos}
    assert link(photos, tmp_path / "e").dropped == {"unreadable": 1}


def test_the_flag(photos, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    assert run(["import", "folder", str(photos), "--name", "mine", "--link", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["imported"] == 6
    assert open_dataset("mine").image_path(open_dataset("mine").photos[0]).is_relative_to(photos)


def test_verify_never_advises_to_remove_a_linked_photo(photos, tmp_path, capsys):
    link(photos, tmp_path / "d")
    (photos / "rome" / "1.jpg").write_bytes(jpeg(drawn(77)))
    assert run(["dataset", "verify", str(tmp_path / "d")]) == 6
    said = capsys.readouterr().err
    assert "Import again, from where they are now." in said
    assert "Remove" not in said


def test_the_progress_line_says_its_rate(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TQDM_MININTERVAL", "0")
    with bar("import") as advance:
        for _ in range(3):
            advance(1)
    assert "photos/s" in shown.getvalue()


@pytest.mark.parametrize("name", ["0-first.jpg", "9-last.jpg"])
def test_a_linked_photo_that_moved_is_found_where_it_is_now(photos, tmp_path, name):
    link(photos, tmp_path / "d")
    (photos / "rome" / "1.jpg").rename(photos / "rome" / name)
    for done in (1, 0):
        summary = link(photos, tmp_path / "d")
        assert (summary.imported, summary.dropped) == (done, {})
        data = open_dataset(tmp_path / "d")
        assert f"rome/{name}" in [photo.original for photo in data.photos]
        assert [row.original for row in data.dropped] == ["rome/1.jpg"]
        assert verify_dataset(data) == []
