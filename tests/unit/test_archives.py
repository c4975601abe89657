"""Archives: what is sound is read in place, what is hostile is refused in one line, and nothing else is ever raised."""

import io
import tarfile
import threading
import tracemalloc
import zipfile
from contextlib import suppress

import numpy as np
import pytest

import hostile
from flaneur import archives
from flaneur.archives import checks
from flaneur.errors import InputError, PhotoError
from hostile import GOOD, PHOTO, tarred, zipped


def saved(folder, name, data):
    path = folder / name
    path.write_bytes(data)
    return path


def read_all(path, limit=10**6):
    return {member.name: archives.read(path, member.name, limit) for member in archives.members(path)}


def streamed_zip():
    """As written into a pipe: sizes follow the data."""

    class Pipe(io.BytesIO):
        def seekable(self):
            return False

        def tell(self):
            raise OSError

        def seek(self, *_):
            raise OSError

    file = Pipe()
    with zipfile.ZipFile(file, "w") as out:
        for name, data in GOOD.items():
            out.writestr(name, data)
    return file.getvalue()


def wide_zip():
    """With eight-byte sizes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as out:
        for name, data in GOOD.items():
            with out.open(zipfile.ZipInfo(name), "w", force_zip64=True) as entry:
                entry.write(data)
        out.comment = b"a comment"
    return hostile.claiming(2, file.getvalue())


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("stored.zip", zipped(GOOD)), ("deflated.zip", zipped(GOOD, zipfile.ZIP_DEFLATED)),
        ("piped.zip", streamed_zip()), ("wide.zip", wide_zip()),
        ("program.zip", b"PK" + b"#!/bin/sh" * 100 + zipped(GOOD)),
        ("a.tar", tarred(*((f"./{name}", data, {}) for name, data in GOOD.items()))),
    ],
    ids=["stored", "deflated", "piped", "wide", "program", "tar"],
)  # fmt: skip
def test_sound_archives_are_read(tmp_path, name, data):
    assert read_all(saved(tmp_path, name, data)) == GOOD


def test_folders_are_no_members_and_long_and_foreign_names_are_kept(tmp_path):
    names = ["rome/" + "x" * 200 + ".jpg", "São Paulo/ü.jpg", "東京/a.jpg"]
    packed = saved(tmp_path, "a.tar", tarred(("rome", b"", {"type": tarfile.DIRTYPE}), *((n, b"1", {}) for n in names)))
    assert [member.name for member in archives.members(packed)] == names
    packed = saved(tmp_path, "a.zip", zipped({"rome/": b"", **dict.fromkeys(names, b"1")}))
    assert [member.name for member in archives.members(packed)] == names


def test_names_of_old_programs(tmp_path):
    dos = zipped({"rome/caf#.jpg": b"1"}).replace(b"caf#", b"caf\x82")
    assert list(read_all(saved(tmp_path, "a.zip", dos))) == ["rome/café.jpg"]
    assert list(read_all(saved(tmp_path, "b.zip", zipped({"rome\\a.jpg": b"1"})))) == ["rome/a.jpg"]


HOSTILE = list(hostile.hostile())


@pytest.mark.parametrize(("name", "data", "said"), HOSTILE, ids=[f"{name}-{said[-30:]}" for name, _, said in HOSTILE])
def test_hostile_archives_are_refused_in_one_line(tmp_path, name, data, said):
    path = saved(tmp_path, name, data)
    with pytest.raises(InputError, match=said) as error:
        next(archives.members(path))
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)
    assert list(tmp_path.iterdir()) == [path]


def test_entries_are_counted_whatever_the_end_claims(tmp_path, monkeypatch):
    monkeypatch.setattr(checks, "MAX_ENTRIES", 30)
    names = {f"rome/{number}.jpg": b"1" for number in range(40)}
    lying = saved(tmp_path, "a.zip", hostile.claiming(3, zipped(names)))
    plain = saved(tmp_path, "a.tar", tarred(*((name, b"1", {}) for name in names)))
    for path in (lying, plain):
        with pytest.raises(InputError, match="more than 30 entries"):
            archives.members(path)


def test_no_more_is_unpacked_than_was_claimed_or_is_wanted(tmp_path):
    data = zipped({"rome/a.jpg": bytes(40_000_000)}, zipfile.ZIP_DEFLATED)
    small = (1000).to_bytes(4, "little")
    lying = saved(tmp_path, "a.zip", data.replace((40_000_000).to_bytes(4, "little"), small))
    tracemalloc.start()
    with pytest.raises(PhotoError) as error:
        archives.read(lying, "rome/a.jpg", 10**6)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert error.value.code == "corrupt"
    assert peak < 2_000_000
    with pytest.raises(PhotoError) as error:
        archives.read(saved(tmp_path, "b.zip", zipped(GOOD)), "rome/a.jpg", 100)
    assert error.value.code == "too_large"


def test_damaged_members_cost_themselves_only(tmp_path):
    data = bytearray(zipped(GOOD))
    data[data.index(PHOTO) + 300] ^= 1
    path = saved(tmp_path, "a.zip", bytes(data))
    with pytest.raises(PhotoError) as error:
        archives.read(path, "rome/a.jpg", 10**6)
    assert error.value.code == "corrupt"
    assert archives.read(path, "oslo/b.jpg", 10**6) == GOOD["oslo/b.jpg"]
    with pytest.raises(PhotoError, match=r"not in .*a\.zip") as error:
        archives.read(path, "oslo/none.jpg", 10**6)
    assert error.value.code == "not_found"


def test_ways_of_packing_that_are_not_read(tmp_path):
    path = saved(tmp_path, "a.zip", zipped(GOOD, zipfile.ZIP_LZMA))
    with pytest.raises(PhotoError, match="not read") as error:
        archives.read(path, "rome/a.jpg", 10**6)
    assert error.value.code == "unsupported_format"


def test_a_file_that_changes_is_looked_at_anew(tmp_path):
    path = saved(tmp_path, "a.zip", zipped({"rome/a.jpg": b"1"}))
    assert read_all(path) == {"rome/a.jpg": b"1"}
    saved(tmp_path, "a.zip", zipped({"rome/bb.jpg": b"22"}))
    assert read_all(path) == {"rome/bb.jpg": b"22"}
    assert archives.has(path, "rome/bb.jpg")
    assert not archives.has(path, "rome/a.jpg")
    path.unlink()
    with pytest.raises(InputError, match="cannot be opened"):
        archives.members(path)


def test_threads_read_in_any_order(tmp_path):
    names = {f"rome/{number}.jpg": str(number).encode() * 50 for number in range(200)}
    for path in (
        saved(tmp_path, "a.zip", zipped(names, zipfile.ZIP_DEFLATED)),
        saved(tmp_path, "a.tar", tarred(*((name, data, {}) for name, data in names.items()))),
    ):
        wrong = []

        def work(seed, path=path, wrong=wrong):
            for name in np.random.default_rng(seed).permutation(list(names)):
                if archives.read(path, str(name), 10**4) != names[str(name)]:
                    wrong.append(name)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_damage_of_any_kind_raises_nothing_else(tmp_path, kind):
    sound = zipped(GOOD, zipfile.ZIP_DEFLATED) if kind == "zip" else tarred(*((n, d, {}) for n, d in GOOD.items()))
    rng = np.random.default_rng(0)
    for number in range(250):
        data = bytearray(sound)
        for at in rng.integers(0, len(data), rng.integers(1, 6)):
            data[at] = rng.integers(256)
        # Most damage would fall on pixels: half of it is put where the structure is.
        ends = (np.array([len(data)]) - rng.integers(1, 250, 3)) if kind == "zip" else rng.integers(0, 512, 3)
        for at in ends if number % 2 else ():
            data[at] = rng.integers(256)
        cut = data[: rng.integers(len(data))] if number % 5 == 0 else data
        path = saved(tmp_path, f"{number}.{kind}", bytes(cut))
        with suppress(InputError):  # of which PhotoError is one
            names = [member.name for member in archives.members(path)]
            for name in names:
                with suppress(PhotoError):
                    archives.read(path, name, 10**6)


def test_a_member_takes_few_bytes(tmp_path):
    count = 5000
    path = saved(
        tmp_path, "a.zip", zipped({f"London/London_{number:09d}_panorama.jpg": b"1" for number in range(count)})
    )
    tracemalloc.start()
    assert sum(1 for _ in archives.members(path)) == count
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 120 * count, f"{peak / count:.0f} bytes a member; zipfile takes some 600"
