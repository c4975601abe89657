"""A Mapbox vector tile in; its points with their properties out.

Source:
    Mapbox Vector Tile Specification 2.1, ``vector_tile.proto`` and section 4.3, "Geometry Encoding". Tiles are those of
    the web map: Mercator's projection, a square cut into ``2**zoom`` columns and rows, counted from the north-west.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.proto_messages import message_classes

NORTHERNMOST = 85.0511287798066
"""Latitude where the square ends: ``atan(sinh(pi))`` in degrees."""

_MESSAGES = {
    "Value": """string string_value=1; float float_value=2; double double_value=3; int64 int_value=4;
        uint64 uint_value=5; sint64 sint_value=6; bool bool_value=7""",
    "Feature": "uint64 id=1; *uint32 tags=2; int32 type=3; *uint32 geometry=4",
    "Layer": "string name=1; *Feature features=2; *string keys=3; *Value values=4; uint32 extent=5; uint32 version=15",
    "Tile": "*Layer layers=3",
}
_POINT, _MOVE_TO, _EXTENT = 1, 1, 4096


@dataclass(frozen=True, slots=True)
class Points:
    """The points of one layer; their properties are decoded only when asked for, since a tile may hold 100,000.

    Args:
        positions: ``[N, 2]`` latitude, longitude in degrees.
        owners: ``[N]`` number of the feature each point belongs to.
        layer: the message it came from, or ``None`` where there is no such layer.
    """

    positions: NDArray[np.float64]
    owners: NDArray[np.int64]
    layer: Any

    def properties(self, point: int) -> dict[str, Any]:
        """What the tile says of one point, by name; a tag that points nowhere is left out."""
        layer = self.layer
        tags = layer.features[int(self.owners[point])].tags
        pairs = zip(tags[::2], tags[1::2], strict=False)
        known = ((key, value) for key, value in pairs if key < len(layer.keys) and value < len(layer.values))
        return {layer.keys[key]: _plain(layer.values[value]) for key, value in known}


def points(data: bytes, layer: str, tile: tuple[int, int, int]) -> Points:
    """The points of one layer of a tile.

    Args:
        data: the tile, not compressed; empty is a tile without layers.
        layer: name of the layer.
        tile: zoom, column and row, that the tile was asked for by; it does not know them itself.

    Raises:
        InputError: not a vector tile.

    >>> len(points(b"", "image", (14, 8514, 5504)).positions)
    0
    """
    from google.protobuf.message import DecodeError

    try:
        message = _classes()["Tile"].FromString(data)
    except (DecodeError, UnicodeDecodeError) as error:
        raise InputError(f"Tile {'/'.join(map(str, tile))} is no vector tile ({error}).") from error
    found = next((one for one in message.layers if one.name == layer), None)
    if found is None:
        return Points(np.empty((0, 2)), np.empty(0, dtype=np.int64), None)
    placed = [
        (number, x, y)
        for number, feature in enumerate(found.features)
        if feature.type == _POINT
        for x, y in _moves(feature.geometry)
    ]
    cells = np.array(placed, dtype=np.float64).reshape(-1, 3)
    return Points(_degrees(cells[:, 1:] / (found.extent or _EXTENT), tile), cells[:, 0].astype(np.int64), found)


def tiles_over(box: tuple[float, float, float, float], zoom: int) -> list[tuple[int, int, int]]:
    """Zoom, column and row of all tiles that a box touches, column by column.

    Args:
        box: west, south, east and north in degrees, west not above east.
        zoom: 0 is the whole world in one tile.

    >>> tiles_over((2.3500, 48.8570, 2.3530, 48.8580), 14)
    [(14, 8298, 5636), (14, 8299, 5636)]
    """
    west, south, east, north = box
    left, top = _tile_of(north, west, zoom)
    right, bottom = _tile_of(south, east, zoom)
    return [(zoom, column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]


@cache
def _classes() -> dict[str, Any]:
    return message_classes("flaneur_vector_tile", _MESSAGES)


def _plain(value: Any) -> Any:
    return next((content for _, content in value.ListFields()), None)


def _moves(geometry: Any) -> Iterator[tuple[int, int]]:
    """Pen positions of a point feature: one MoveTo, how often, then that many zigzag-coded steps."""
    if len(geometry) < 3 or geometry[0] & 7 != _MOVE_TO:
        return
    x = y = 0
    count = min(geometry[0] >> 3, (len(geometry) - 1) // 2)
    for step in range(count):
        x += _unzigzag(geometry[1 + 2 * step])
        y += _unzigzag(geometry[2 + 2 * step])
        yield x, y


def _unzigzag(value: int) -> int:
    return (value >> 1) ^ -(value & 1)


def _degrees(share: NDArray[np.float64], tile: tuple[int, int, int]) -> NDArray[np.float64]:
    zoom, column, row = tile
    lon = (column + share[:, 0]) / 2**zoom * 360 - 180
    lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * (row + share[:, 1]) / 2**zoom))))
    return np.stack([lat, lon], axis=1)


def _tile_of(lat: float, lon: float, zoom: int) -> tuple[int, int]:
    last = 2**zoom - 1
    north = math.asinh(math.tan(math.radians(min(max(lat, -NORTHERNMOST), NORTHERNMOST)))) / math.pi
    column, row = math.floor((lon + 180) / 360 * 2**zoom), math.floor((1 - north) / 2 * 2**zoom)
    return min(max(column, 0), last), min(max(row, 0), last)
