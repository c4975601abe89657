"""Peak memory of bulk prediction for few and for many photos: flat. The photos are some hundred files, repeated.

Each size runs in a process of its own, which drops the answers as they come, as writing them to a file would.
"""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import child, drawn_photos, need, parser, ratio, report, summary


def answer(model: str, folder: Path, count: int) -> None:
    """What the processes do."""
    from benchmarks.measure import repeated
    from flaneur.predict import load

    paths = repeated(drawn_photos(folder), count)
    answered = sum(1 for _ in load(model).predict_many((str(path), [path]) for path in paths))
    assert answered == count


def main() -> None:
    options = parser(__doc__)
    options.set_defaults(repeats=1)
    options.add_argument("--counts", type=int, nargs=2, default=(1000, 20_000), help="photos (1000 20000)")
    options.add_argument("--answer", type=int, help="for the processes of this benchmark")
    chosen = options.parse_args()
    if chosen.answer:
        answer(chosen.model, chosen.photos, chosen.answer)
        return
    drawn_photos(chosen.photos)
    fixed = [sys.executable, "-m", "benchmarks.memory", "--model", chosen.model, "--photos", str(chosen.photos)]
    found: dict[int, list[float]] = {count: [] for count in chosen.counts}
    for _ in range(chosen.repeats):
        for count in chosen.counts:
            found[count].append(child([*fixed, "--answer", str(count)])["rss_mb"])
    few, many = chosen.counts
    growth = ratio(found[many], found[few])
    claims = [need(f"peak MB, {count} photos", summary(found[count])["median"]) for count in chosen.counts]
    claims.append(need(f"peak with {many} over peak with {few}", growth["median"], at_most=1.1))
    figures = {"peak_mb": {str(count): summary(values) for count, values in found.items()}, "growth": growth}
    report("memory", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
