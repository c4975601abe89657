"""Peak memory and rate of importing few and many small photos: copied, imported once more, and linked.

The photos are drawn: 32 by 32 pixels, each another, in one folder a city. Each import runs in a process of its own, the
command line and all. What half a million photos would need is a straight line through both counts, no more than that.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from benchmarks.measure import child, need, parser, report

SIDE_PX, CITIES, MANY = 32, 25, 500_000
COMMAND = "import sys; from flaneur.cli.main import run; sys.exit(run(sys.argv[1:]))"
RUNS = {"copied": (), "again": (), "linked": ("--link",)}


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
    chosen = options.parse_args()
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
    report("import_memory", {str(count): values for count, values in found.items()}, claims, chosen.out)
    for count in (few, many):
        shutil.rmtree(chosen.photos / f"small-{count}")


if __name__ == "__main__":
    main()
