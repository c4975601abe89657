"""An atlas in; its further parts out: what is measured, by key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flaneur.errors import InputError
from flaneur.explain.atlas.atlas import Atlas, Part, Progress
from flaneur.explain.atlas.cities.points import city_points
from flaneur.explain.atlas.clusters.clusters import clusters
from flaneur.explain.atlas.galleries import galleries
from flaneur.explain.atlas.patches.patches import patches
from flaneur.explain.atlas.where import where

Measure = Callable[[Atlas, Progress | None], Part]

MEASURES: dict[str, tuple[str, Measure]] = {
    "cities": ("how far apart cities are", city_points),
    "clusters": ("sub-clusters inside cities", clusters),
    "galleries": ("typical and untypical photos", galleries),
    "where": ("where in a city the model succeeds", where),
    "patches": ("what makes each city look like itself", patches),
}
"""By key: what is said where it could not be measured, and how it is measured. Earlier parts are in the atlas given."""


def with_parts(atlas: Atlas, progress: Progress | None = None) -> Atlas:
    """The atlas with every further part; what cannot be measured on these photos is said in it.

    Args:
        atlas: photos, embeddings and layouts.
        progress: told stage, how much is done, of how much.
    """
    for key, (what, measure) in MEASURES.items():
        try:
            atlas = replace(atlas, parts={**atlas.parts, key: measure(atlas, progress)})
        except InputError as error:
            atlas = replace(atlas, not_measured={**atlas.not_measured, key: f"Not measured: {what}. {error}"})
    return atlas
