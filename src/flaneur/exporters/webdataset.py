"""A dataset in; WebDataset shards out: tar files of ``KEY.jpg``, ``KEY.json`` and ``KEY.cls``, ready to stream.

``cities.txt`` has one city a line; ``cls`` counts them from 0. The photos are in the order of their hashes, which is as
good as shuffled, so that a shard holds all cities.

Source:
    https://github.com/webdataset/webdataset, README: files of one sample share the name up to its first dot and lie
    next to each other.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Callable
from io import BytesIO
from itertools import islice
from pathlib import Path

from flaneur.dataset.passing_on import new_folder, public_photo
from flaneur.dataset.store import Dataset

PICTURES = True
SHARD = 5_000  # photos: some 500 MB of 640 by 480


def write(dataset: Dataset, out: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write a dataset's photos.

    Args:
        dataset: what curation left of it.
        out: a folder that is not there yet.
        progress: called with 1 after each photo.

    Raises:
        UsageError: there is something already.
        IntegrityError: a stored photo is missing or has changed.
    """
    cities = sorted({photo.city for photo in dataset.photos})
    left = iter(sorted(dataset.photos, key=lambda photo: photo.sha256))
    with new_folder(out) as folder:
        (folder / "cities.txt").write_text("".join(f"{city}\n" for city in cities), encoding="utf-8")
        number = 0
        while photos := list(islice(left, SHARD)):
            with tarfile.open(folder / f"photos-{number:06d}.tar", "w", format=tarfile.USTAR_FORMAT) as shard:
                for photo in photos:
                    data, name, facts = public_photo(dataset, photo)
                    _add(shard, name, data)
                    _add(shard, f"{facts['sha256']}.json", json.dumps(facts, ensure_ascii=False).encode())
                    _add(shard, f"{facts['sha256']}.cls", str(cities.index(photo.city)).encode())
                    if progress is not None:
                        progress(1)
            number += 1


def _add(shard: tarfile.TarFile, name: str, data: bytes) -> None:
    """A member without owner or time, so that equal datasets give equal shards."""
    member = tarfile.TarInfo(name)
    member.size = len(data)
    shard.addfile(member, BytesIO(data))
