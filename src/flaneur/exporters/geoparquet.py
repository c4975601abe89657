"""A dataset in; where its photos were taken out, as a GeoParquet 1.1 table, which QGIS and GeoPandas open.

Source:
    https://geoparquet.org/releases/v1.1.0: WKB points, longitude first, in OGC:CRS84, the default where no ``crs`` is
    given. A photo without a position has no geometry.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from flaneur.dataset.passing_on import PUBLIC_COLUMNS, bounds, new_file, public_facts
from flaneur.dataset.store import Dataset
from flaneur.files import write_table
from flaneur.types import Location

PICTURES = False


def write(dataset: Dataset, out: Path, progress: Callable[[int], None] | None = None) -> None:
    """Write one row a photo.

    Args:
        dataset: what curation left of it.
        out: a file that is not there yet.
        progress: called with 1 after each photo.

    Raises:
        InputError: no photo has a position.
        UsageError: there is something already.
    """
    column = {"encoding": "WKB", "geometry_types": ["Point"], "bbox": bounds(dataset)}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    with new_file(out):
        write_table(out, {**PUBLIC_COLUMNS, "geometry": "binary"}, _rows(dataset, progress), {"geo": json.dumps(geo)})


def _rows(dataset: Dataset, progress: Callable[[int], None] | None) -> Iterator[dict[str, Any]]:
    for photo in dataset.photos:
        yield public_facts(photo) | {"geometry": photo.location and wkb(photo.location)}
        if progress is not None:
            progress(1)


def wkb(place: Location) -> bytes:
    """A point as well-known binary, little-endian, longitude first.

    >>> wkb(Location(lat=2.0, lon=1.0)).hex()
    '0101000000000000000000f03f0000000000000040'
    """
    return struct.pack("<BIdd", 1, 1, place.lon, place.lat)
