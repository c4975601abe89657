"""An atlas in; what the page's script draws, as JSON, out: numbers packed, texts told once."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.phrases import percent, span
from flaneur.explain.atlas.atlas import Atlas, Layout
from flaneur.explain.atlas.columns import Categories, Column
from flaneur.explain.atlas.facts import coded, columns_of
from flaneur.explain.atlas.page.sheets import Sheets
from flaneur.explain.atlas.positions2d import METHODS

_GRID = 65535


def page_data(atlas: Atlas, sheets: Sheets | None) -> str:
    """JSON that is safe inside a script element.

    Args:
        atlas: of N photos.
        sheets: their squares, if they are shown.
    """
    photos = atlas.answers.photos
    words = {
        "place": (photo.place for photo in photos),
        "captured_at": (photo.captured_at or "" for photo in photos),
        "author": (photo.author or "" for photo in photos),
        "page_url": (_link(photo.page_url) for photo in photos),
        "original": (photo.original or "" for photo in photos),
    }
    value: dict[str, Any] = {
        "count": len(photos),
        "dataset": atlas.dataset,
        "layouts": [_layout(one) for one in atlas.layouts],
        "columns": [_column(one) for one in columns_of(atlas)],
        "ids": [photo.id for photo in photos],
        "words": {key: _words(values) for key, values in words.items()},
    }
    if sheets is not None:
        value["sheets"] = {"px": sheets.px, "across": sheets.across, "missing": list(sheets.missing)}
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _layout(layout: Layout) -> dict[str, Any]:
    kept = layout.kept
    return {
        "method": layout.method,
        "title": METHODS.get(layout.method, layout.method),
        "xy": _packed(_gridded(layout.positions), "<u2"),
        "kept": "" if np.isnan(kept.value) else f"{percent(kept.value)} ({span(kept)})",
    }


def _gridded(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """``[N, 2]`` right and down, 0 to 65,535 on the wider axis, the other in the middle."""
    if not len(positions):
        return positions
    low, high = positions.min(axis=0), positions.max(axis=0)
    width = max(float((high - low).max()), 1e-12)
    unit = (positions - (low + high) / 2) / width * np.array([1.0, -1.0]) + 0.5
    return np.asarray(np.rint(unit * _GRID))


def _column(column: Column) -> dict[str, Any]:
    head = {"key": column.key, "title": column.title, "hint": column.hint, "kind": column.kind}
    if isinstance(column, Categories):
        return head | {"names": list(column.names), "codes": _packed(column.codes, "<i2")}
    return head | {"values": _packed(column.values, "<f4")}


def _words(values: Iterable[str]) -> dict[str, Any]:
    codes, names = coded(values)
    return {"names": list(names), "codes": _packed(codes, "<i4")}


def _packed(values: NDArray[Any], kind: str) -> str:
    return base64.b64encode(np.ascontiguousarray(values).astype(kind).tobytes()).decode()


def _link(address: str | None) -> str:
    """Only an address on the web becomes a link."""
    return address if address and address.startswith(("https://", "http://")) else ""
