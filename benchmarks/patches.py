"""A model and the dataset that it learnt from in; how much patches alone tell of new places, and how soon, out.

    python -m benchmarks.patches base cities --out runs/patches.json

The first run makes a pass over the photos; their cells are then in the dataset's cache.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

from flaneur.explain.atlas.patches.patches import patches
from flaneur.explain.atlas.run import atlas


def main() -> None:
    """Read the command line, measure, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("dataset")
    parser.add_argument("--out", type=Path, required=True, help="JSON that is written")
    asked = parser.parse_args()
    made = atlas(asked.model, asked.dataset, map_only=True, methods=["pca"])
    started = time.perf_counter()
    found = patches(made).to_dict()
    seconds = round(time.perf_counter() - started, 1)
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(
        json.dumps({"model": made.model, "dataset": made.dataset, **found}, indent=1), encoding="utf-8"
    )
    alone, within = found["told_by_patches_alone"], found["told_within_projects"]
    print(f"{made.model} on {made.dataset}, {seconds} s, feature maps that were not cached included")
    print(f"all cities:      {alone['value']} ({alone['low']} to {alone['high']}), chance {found['chance']}")
    chance = found["chance_within_projects"]
    print(f"within projects: {within['value']} ({within['low']} to {within['high']}), chance {chance}")


if __name__ == "__main__":
    main()
