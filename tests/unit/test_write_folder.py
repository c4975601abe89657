"""A folder written whole: replaced with all that is in it, or left as it is."""

from __future__ import annotations

import pytest

from flaneur import files
from flaneur.files import write_folder


def listed(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_is_replaced_with_all_that_is_in_it(tmp_path):
    folder = tmp_path / "made" / "here"
    write_folder(folder, {"a.txt": b"1", "below/b.txt": b"2"})
    assert listed(folder) == {"a.txt": b"1", "below/b.txt": b"2"}
    write_folder(folder, {"a.txt": b"3"})
    assert listed(folder) == {"a.txt": b"3"}
    assert [path.name for path in folder.parent.iterdir()] == ["here"]


def test_a_full_disk_leaves_the_old_folder_as_it_is(tmp_path, monkeypatch):
    folder = tmp_path / "here"
    write_folder(folder, {"a.txt": b"1", "b.txt": b"2"})
    real = files.write_bytes

    def full(path, data):
        if path.name == "b.txt":
            raise OSError(28, "No space left on device")
        real(path, data)

    monkeypatch.setattr(files, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_folder(folder, {"a.txt": b"3", "b.txt": b"4"})
    assert listed(folder) == {"a.txt": b"1", "b.txt": b"2"}
    assert [path.name for path in tmp_path.iterdir()] == ["here"]
