"""Peak memory and rate of importing few and many small photos: copied, imported once more, and linked.

The photos are drawn: 32 by 32 pixels, each another, in one folder a city. Each import runs in a process of its own, the
command line and all. What half a million photos would need is a straight line through both counts, no more than that;
that many rows without photos are written to tables as well, which is the part that could grow.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.measure import child, need, parser, report
from flaneur.files import sha256_bytes

SIDE_PX, CITIES, MANY = 32, 25, 500_000
COMMAND = "import sys; from flaneur.cli.main import run; sys.exit(run(sys.argv[1:]))"
RUNS = {"copied": (), "again": (), "linked": ("--link",)}


def write_rows(count: int) -> None:
    """What a process of its own does: tables of so many photos that do not exist."""
    from flaneur.dataset.store import add_rows

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(count):
            city, name = f"city-{number % CITIES:02d}", sha256_bytes(str(number).encode())
            facts = {"author": f"author {number % 999}", "licence": "CC-BY-SA-4.0", "page_url": f"https://e.org/{name}"}
            pixels = {"sha256": name, "file": f"images/{name[:2]}/{name}.jpg", "width": SIDE_PX, "height": SIDE_PX}
            place = {"city": city, "place": f"{city}/{number}", "lat": number / count, "lon": 12.0}
            yield {"id": f"x:{city}/{number}", "source": "x", "original": str(number), **place, **facts, **pixels}

    with tempfile.TemporaryDirectory() as scratch:
        add_rows(Path(scratch) / "d", name="d", source="x", rows=rows())


def draw(folder: Path, count: int) -> Path:
    """So many small photos; those that are there already are left."""
    for number in range(count):
        file = folder / f"city-{number % CITIES:02d}" / f"{number:07d}.jpg"
        if not file.is_file():
            file.parent.mkdir(parents=True, exist_ok=True)
            out = BytesIO()
            pixels = np.random.default_rng(number).integers(0, 256, (4, 4, 3), np.uint8)
            Image.fromarray(pixels).resize((SIDE_PX, SIDE_PX)).save(out, "JPEG")
            file.write_bytes(out.getvalue())
    return folder


def measured(photos: Path, count: int) -> dict[str, dict[str, float]]:
    """Peak memory and photos a second of each way to import, by the clock and by what the machine gave."""
    found = {}
    with tempfile.TemporaryDirectory() as scratch:
        for run, flags in RUNS.items():
            home = Path(scratch) / ("linked" if flags else "copied")
            words = ["import", "folder", str(photos), "--name", str(home), "--json", *flags]
            cost = child([sys.executable, "-c", COMMAND, *words])
            speed = {"photos_per_s": count / cost["wall_s"], "photos_per_core_s": count / cost["cpu_s"]}
            found[run] = {"rss_mb": cost["rss_mb"], **speed}
            print(f"  {count:,} {run}: {found[run]}", file=sys.stderr)
    return found


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--counts", type=int, nargs=2, default=(5_000, 50_000), help="photos (5000 50000)")
    options.add_argument("--rows", type=int, help="for the processes of this benchmark")
    chosen = options.parse_args()
    if chosen.rows:
        write_rows(chosen.rows)
        return
    few, many = chosen.counts
    found = {count: measured(draw(chosen.photos / f"small-{count}", count), count) for count in (few, many)}
    claims = []
    for run in RUNS:
        low, high = (found[count][run]["rss_mb"] for count in (few, many))
        per_photo = (high - low) * 1e6 / (many - few)
        claims += [need(f"{run}: peak MB, {count:,} photos", found[count][run]["rss_mb"]) for count in (few, many)]
        claims.append(need(f"{run}: bytes more for each photo more", per_photo, at_most=500))
        claims.append(need(f"{run}: MB for {MANY:,}, were it a straight line", high + per_photo * (MANY - many) / 1e6))
        claims.append(need(f"{run}: photos a second, {many:,} photos", found[many][run]["photos_per_s"]))
        claims.append(need(f"{run}: photos a second of one core", found[many][run]["photos_per_core_s"]))
    again = [sys.executable, "-m", "benchmarks.import_memory", "--rows"]
    rows = {count: child([*again, str(count)]) for count in (many, MANY)}
    claims.append(need(f"tables only: peak MB, {many:,} rows", rows[many]["rss_mb"]))
    most = 1.2 * rows[many]["rss_mb"]
    claims.append(need(f"tables only: peak MB, {MANY:,} rows", rows[MANY]["rss_mb"], at_most=most))
    claims.append(need(f"tables only: seconds of one core, {MANY:,} rows", rows[MANY]["cpu_s"]))
    figures = {str(count): values for count, values in found.items()} | {"rows": rows}
    report("import_memory", figures, claims, chosen.out)
    for count in (few, many):
        shutil.rmtree(chosen.photos / f"small-{count}")


if __name__ == "__main__":
    main()
