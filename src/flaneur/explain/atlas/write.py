"""An atlas in; its page, and on request a still picture of its first map, out. Same input, same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from flaneur.dataset.passing_on import writing
from flaneur.evaluation.plots.figure import save_figure
from flaneur.explain.atlas.atlas import Atlas
from flaneur.explain.atlas.figure import figure
from flaneur.explain.atlas.page.page import to_html
from flaneur.explain.atlas.words import right_on_new
from flaneur.files import write_text


def write_atlas(
    atlas: Atlas, path: Path, *, photos: bool = True, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write the page.

    Args:
        atlas: from :func:`flaneur.explain.atlas.run.atlas`.
        path: of the page; its folder is made if need be.
        photos: whether small pictures of the photos go into it; leave them out where they must not be published.
        progress: told how many pictures are made, of how many.

    Raises:
        InputError: the page cannot be written there.
    """
    page = to_html(atlas, photos=photos, progress=progress)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, page)
    return path


def write_figure(atlas: Atlas, path: Path, colour: str = "city") -> tuple[Path, Path]:
    """Write a still picture of the first map as PNG and SVG beside the page.

    Args:
        atlas: from :func:`flaneur.explain.atlas.run.atlas`.
        path: of the page.
        colour: key of the column that colours it.

    Raises:
        UsageError: matplotlib is not installed, or there is no such column.
        InputError: it cannot be written there.
    """
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        return save_figure(figure(atlas, colour), path.with_suffix(""))


def to_dict(atlas: Atlas) -> dict[str, Any]:
    """The numbers as plain JSON values; positions and answers of single photos are in the page's CSV."""
    right = right_on_new(atlas)
    return {
        "model": atlas.model,
        "dataset": atlas.dataset,
        "content_hash": atlas.content_hash,
        "part": atlas.part,
        "photos": len(atlas.answers.photos),
        "failed": [{"photo": photo.id, "reason": reason} for photo, reason in atlas.answers.failed],
        "maps": [
            {"method": one.method, "neighbours_kept": one.kept.to_dict(), "settings": dict(one.settings)}
            for one in atlas.layouts
        ],
        "right_on_new": None if right is None else right.to_dict(),
        "parts": {key: part.to_dict() for key, part in atlas.parts.items()},
        "not_measured": dict(atlas.not_measured),
    }
