"""Words of a command line in: a box in degrees, a GeoJSON file or a CSV of positions; the area they mean out."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flaneur.area.rings import Ring
from flaneur.area.shapes import Area, Points, Polygon, checked
from flaneur.errors import InputError, UsageError, install_extra
from flaneur.types import Location

_BOX = re.compile(r"\s*[-+\d.eE]+\s*(,\s*[-+\d.eE]+\s*){3}")
_LAT, _LON = ("lat", "latitude", "y"), ("lon", "lng", "long", "longitude", "x")
_FORMS = "Give WEST,SOUTH,EAST,NORTH in degrees, a GeoJSON file, or a CSV file with the columns lat and lon."
_MAX_BYTES = 200_000_000


def read_area(text: str | Path) -> Area:
    """The area that is meant.

    Args:
        text: ``west,south,east,north`` in degrees (west of 170 and east of -170 crosses the date line), the path of a
            GeoJSON file (polygons, or points), or of a CSV file of positions.

    Raises:
        UsageError: it is neither, or the box is none.
        InputError: the file cannot be used.

    >>> read_area("2.25,48.81,2.42,48.91").contains(Location(48.8566, 2.3522))
    True
    """
    if _BOX.fullmatch(str(text)):
        return _box(str(text))
    path = Path(text)
    if not str(text).strip() or path.is_dir():
        raise UsageError(f"{str(text)!r} is no area. {_FORMS}")
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= _MAX_BYTES else b""
    except OSError as error:
        raise UsageError(f"{text}: no such area ({error.strerror}). {_FORMS}") from error
    if not data:
        raise InputError(f"{path}: empty, or larger than {_MAX_BYTES // 1_000_000} MB. {_FORMS}")
    try:
        words = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text. {_FORMS}") from error
    try:
        return _geojson(words) if words.lstrip()[:1] in ("{", "[") else _positions(words)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _box(text: str) -> Polygon:
    try:
        west, south, east, north = (float(number) for number in text.split(","))
    except ValueError as error:
        raise UsageError(f"{text!r} is no box. {_FORMS}") from error
    if not (-90 <= south < north <= 90 and -180 <= west <= 180 and -180 <= east <= 180 and west != east):
        raise UsageError(f"{text!r} is no box in the order west,south,east,north. {_FORMS}")
    east += 360 if east < west else 0
    middle = (west + east) / 2  # so that no edge of a wide box is taken for a jump at the date line
    ring = ((west, south), (middle, south), (east, south), (east, north), (middle, north), (west, north), (west, south))
    return Polygon(((ring,),))


def _positions(text: str) -> Points:
    header = text.splitlines()[0] if text.strip() else ""
    delimiter = max(",;\t", key=header.count)
    rows = csv.reader(text.splitlines(), delimiter=delimiter)
    names = [name.strip().lower() for name in next(rows, [])]
    lat = next((names.index(name) for name in _LAT if name in names), None)
    lon = next((names.index(name) for name in _LON if name in names), None)
    if lat is None or lon is None:
        raise InputError(f"no columns lat and lon in its first line ({', '.join(names)[:80]}). {_FORMS}")
    return Points(tuple(_position(row, lat, lon, number) for number, row in enumerate(rows, 2) if any(row)))


def _position(row: list[str], lat: int, lon: int, number: int) -> Location:
    try:
        return Location(float(row[lat]), float(row[lon]))
    except (ValueError, IndexError) as error:
        raise InputError(f"line {number}: no position in {', '.join(row)[:80]!r}.") from error
    except InputError as error:
        raise InputError(f"line {number}: {error}") from error


def _geojson(text: str) -> Area:
    try:
        found = list(_geometries(json.loads(text)))
        points = [Location(lat, lon) for kind, places in found if kind == "Point" for lon, lat in places]
        polygons = [part for kind, part in found if kind == "Polygon"]
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError) as error:
        raise InputError(f"not readable as GeoJSON ({type(error).__name__}: {error}).") from error
    if bool(points) == bool(polygons):
        raise InputError("needs polygons or points, one or the other. Lines and empty files enclose nothing.")
    return Points(tuple(points)) if points else _valid(polygons)


def _geometries(node: Any) -> Iterator[tuple[str, Any]]:
    """Each polygon as ("Polygon", its rings) and points as ("Point", their positions)."""
    match node["type"]:
        case "FeatureCollection" | "GeometryCollection" | "Feature":
            for inner in node.get("features") or node.get("geometries") or [node.get("geometry")]:
                yield from _geometries(inner) if inner else ()
        case "Polygon" | "MultiPolygon":
            coordinates = [node["coordinates"]] if node["type"] == "Polygon" else node["coordinates"]
            yield from (("Polygon", tuple(_ring(ring) for ring in rings)) for rings in coordinates)
        case "Point" | "MultiPoint":
            yield "Point", _ring([node["coordinates"]] if node["type"] == "Point" else node["coordinates"])
        case "LineString" | "MultiLineString":
            raise InputError("holds lines, which enclose nothing. Draw a polygon, or give points.")
        case other:
            raise InputError(f"{other!r} is no type of GeoJSON.")


def _ring(positions: list[list[float]]) -> Ring:
    return tuple((float(position[0]), float(position[1])) for position in positions)


def _valid(polygons: list[tuple[Ring, ...]]) -> Polygon:
    """Polygons that cross neither themselves nor one another, by shapely; what people draw often does."""
    try:
        import shapely
    except ModuleNotFoundError as error:
        raise UsageError(f"GeoJSON polygons are read with shapely: {install_extra('collect')}.") from error
    parts = [checked(part) for part in polygons if part]
    middle = parts[0][0][0][0] if parts else 0.0
    shapes = [shapely.Polygon(*_beside(part, middle)) for part in parts]
    whole = shapely.union_all([shapely.make_valid(shape) for shape in shapes])
    pieces = [piece for piece in shapely.get_parts(whole) if piece.geom_type == "Polygon"]
    if not pieces:
        raise InputError("its polygons have no surface.")
    return Polygon(
        tuple(
            tuple(tuple((x, y) for x, y, *_ in ring.coords) for ring in (piece.exterior, *piece.interiors))
            for piece in pieces
        )
    )


def _beside(part: tuple[Ring, ...], lon: float) -> tuple[Ring, list[Ring]]:
    """Outer ring and holes, moved by whole turns next to a longitude."""
    lons = [here for here, _ in part[0]]
    shift = 360 * round((lon - (min(lons) + max(lons)) / 2) / 360)
    outer, *holes = (tuple((here + shift, lat) for here, lat in ring) for ring in part)
    return outer, holes
