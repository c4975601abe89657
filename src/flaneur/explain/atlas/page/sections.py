"""Further parts of an atlas in; their sections of the page, in a sensible order, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.explain.atlas.atlas import Part
from flaneur.explain.atlas.page.cities import cities_section
from flaneur.explain.atlas.page.clusters import clusters_section
from flaneur.explain.atlas.page.galleries import galleries_section
from flaneur.explain.atlas.page.patches import patches_section
from flaneur.explain.atlas.page.where import where_section

Renderer = Callable[[Any, Thumbnails], str]
"""A part, and pictures of the page's photos by id, to HTML."""

RENDERERS: dict[str, Renderer] = {
    "cities": cities_section,
    "clusters": clusters_section,
    "galleries": galleries_section,
    "where": where_section,
    "patches": patches_section,
}


def further_sections(parts: Mapping[str, Part], thumbnails: Thumbnails) -> str:
    """Each part that has a renderer, in the renderers' order.

    Args:
        parts: by key, as in :class:`flaneur.explain.atlas.atlas.Atlas`.
        thumbnails: what the page may hold of photos; those who come first take first.
    """
    return "".join(render(parts[key], thumbnails) for key, render in RENDERERS.items() if key in parts)
