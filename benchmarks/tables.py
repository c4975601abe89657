"""Rows of figures in; an aligned table for people, and a JSON file, out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.measure import machine
from flaneur.metrics import Interval

Row = Mapping[str, Any]


def text_table(rows: Sequence[Row]) -> str:
    """Rows with the same keys as lines of columns, numbers to the right.

    >>> print(text_table([{"network": "seed/cnn3", "steps": 40}, {"network": "timm/resnet18", "steps": 9}]))
    network        steps
    seed/cnn3         40
    timm/resnet18      9
    """
    if not rows:
        return "(nothing)"
    names = list(rows[0])
    cells = [[shown(row.get(name, "")) for name in names] for row in rows]
    widths = [max(len(line[column]) for line in [names, *cells]) for column in range(len(names))]
    numeric = [not isinstance(rows[0][name], str) for name in names]
    lines = []
    for line in [names, *cells]:
        padded = zip(line, widths, numeric, strict=True)
        lines.append("  ".join(cell.rjust(width) if right else cell.ljust(width) for cell, width, right in padded))
    return "\n".join(line.rstrip() for line in lines)


def shown(value: Any) -> str:
    """A cell for people: four digits; an interval with its ends."""
    match value:
        case Interval():
            return f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
        case bool():
            return "yes" if value else "NO"
        case float():
            return f"{value:.4g}"
        case None:
            return "-"
        case _:
            return str(value)


def publish(title: str, rows: Sequence[Row], out: Path | None, notes: Sequence[str] = ()) -> None:
    """Print the table with its notes; write it as JSON to ``out``, if given."""
    where = machine()
    print(f"\n{title}   ({where['cores']} cores, load {where['load_average']:.1f})\n{text_table(rows)}")
    for note in notes:
        print(f"  {note}")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
        result = {"benchmark": title, "rows": plain, "notes": list(notes), "machine": where}
        out.write_text(json.dumps(result, indent=1) + "\n")
        print(f"  {out}")


def _plain(value: Any) -> Any:
    return value.to_dict() if isinstance(value, Interval) else value
