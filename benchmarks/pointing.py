"""Photos whose city one object tells, in; how often each method's map points at that object, out.

Two models: one built by hand, which looks for the object and nothing else, so that the right map is known; and one
learnt (the bundled encoder, frozen, and a linear head), which may well look at more than the object.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))  # where the marked cities are drawn

import numpy as np

from benchmarks.tables import publish
from flaneur import discover
from flaneur.errors import UsageError
from flaneur.explain.target import target
from flaneur.predict import Model
from marked_city import MarkedPhoto, built_model, hits, learnt_model, learnt_photos, marked_photos, mass_on

PACKAGE = "flaneur.explain.methods"


def played(
    model: Model, photos: Sequence[MarkedPhoto], names: Sequence[str], tolerance_px: int
) -> list[dict[str, Any]]:
    """One row a method; methods that the model has no use for are left out."""
    rows = []
    for name in names:
        method, start = discover.load(PACKAGE, name), time.process_time()
        try:
            maps = [method.explain(target(model, photo.image, photo.slug), {}) for photo in photos]
        except UsageError as error:
            print(f"  {name}: {error}", file=sys.stderr)
            continue
        spent = (time.process_time() - start) / len(photos)
        pairs = list(zip(maps, photos, strict=True))
        rows.append(
            {
                "model": model.card.name,
                "method": name,
                "photos": len(photos),
                "points at it": np.mean([hits(made, photo.box, tolerance_px=tolerance_px) for made, photo in pairs]),
                "mass on it": np.mean([mass_on(made, photo.box, tolerance_px=tolerance_px) for made, photo in pairs]),
                "mass on the decoy": np.mean([mass_on(made, photo.decoy) for made, photo in pairs]),
                "core s a photo": spent,
            }
        )
    return rows


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--scenes", type=int, default=10, help="each is there once a city, of three (10)")
    options.add_argument("--learnt-scenes", type=int, default=4, help="for the learnt model, which is slower (4)")
    options.add_argument("--methods", nargs="*", default=discover.names(PACKAGE))
    options.add_argument("--out", type=Path, help="file for the result as JSON")
    chosen = options.parse_args()
    rows = played(built_model(), marked_photos(chosen.scenes, seed=3), chosen.methods, 2)
    if chosen.learnt_scenes:
        rows += played(learnt_model(), learnt_photos(chosen.learnt_scenes, seed=2), chosen.methods, 5)
    publish("pointing game", rows, chosen.out, ["tolerance: 2 of 96 pixels, and 5 of 160"])


if __name__ == "__main__":
    main()
