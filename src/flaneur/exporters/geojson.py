"""A dataset in; where its photos were taken out, as GeoJSON, which any map opens.

Source:
    RFC 7946: WGS84, longitude first; a feature without a position has a null geometry.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flaneur.dataset.passing_on import bounds, new_file, public_facts
from flaneur.dataset.store import Dataset
from flaneur.files import atomic_path
from flaneur.types import Photo

PICTURES = False


def write(dataset: Dataset, out: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write one feature a photo, one line each.

    Args:
        dataset: what curation left of it.
        out: a file that is not there yet.
        progress: called with 1 after each photo.

    Raises:
        InputError: no photo has a position.
        UsageError: there is something already.
    """
    box = json.dumps(bounds(dataset))
    with new_file(out), atomic_path(out) as growing, growing.open("w", encoding="utf-8") as file:
        file.write(f'{{"type": "FeatureCollection", "bbox": {box}, "features": [')
        for number, photo in enumerate(dataset.photos):
            file.write(("," if number else "") + "\n" + json.dumps(_feature(photo), ensure_ascii=False))
            if progress is not None:
                progress(1)
        file.write("\n]}\n")


def _feature(photo: Photo) -> dict[str, Any]:
    facts = {name: value for name, value in public_facts(photo).items() if value is not None}
    place = photo.location
    point = None if place is None else {"type": "Point", "coordinates": [place.lon, place.lat]}
    properties = {name: value for name, value in facts.items() if name not in ("id", "lat", "lon")}
    return {"type": "Feature", "id": photo.id, "geometry": point, "properties": properties}
