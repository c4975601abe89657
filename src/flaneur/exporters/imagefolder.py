"""A dataset in; Hugging Face's imagefolder out: a folder a city, and ``metadata.csv`` with what is known of each photo.

``flaneur import imagefolder`` makes the same dataset of it again. With the ``datasets`` package:
``load_dataset("imagefolder", data_dir=OUT)``; the city is a column, since metadata make it forget the folders' labels.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from flaneur.dataset.passing_on import PUBLIC_COLUMNS, new_folder, public_photo
from flaneur.dataset.store import Dataset

PICTURES = True


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
    with new_folder(out) as folder, (folder / "metadata.csv").open("w", encoding="utf-8", newline="") as table:
        rows = csv.DictWriter(table, ("file_name", *PUBLIC_COLUMNS), lineterminator="\n")
        rows.writeheader()
        for photo in dataset.photos:
            data, name, facts = public_photo(dataset, photo)
            (folder / photo.city).mkdir(exist_ok=True)
            (folder / photo.city / name).write_bytes(data)
            rows.writerow({"file_name": f"{photo.city}/{name}", **facts})
            if progress is not None:
                progress(1)
