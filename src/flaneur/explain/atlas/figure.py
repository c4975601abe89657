"""An atlas in; a still picture of one of its maps, for a paper, out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flaneur.errors import counted
from flaneur.evaluation.phrases import percent, span
from flaneur.evaluation.plots.figure import FAINT, INK, new_figure
from flaneur.explain.atlas.atlas import Atlas, Layout
from flaneur.explain.atlas.columns import Categories, named
from flaneur.explain.atlas.facts import columns_of
from flaneur.explain.atlas.positions2d import METHODS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_FEW = ("#0072b2", "#d55e00", "#009e73", "#c2609a", "#b8860b", "#4aa3df", "#6a4fb3", "#7f7f2a")
_VERDICT = ("#0d6e68", "#b04a20", "#8a958f", "#6a4fb3")  # as on the page
_NAMED = 24  # a legend of more cities would be longer than the map


def figure(atlas: Atlas, colour: str = "city", layout: int = 0) -> Figure:
    """One map, coloured by one column.

    Args:
        atlas: from :func:`flaneur.explain.atlas.run.atlas`.
        colour: key of a column, such as ``city``, ``verdict``, ``guess``, ``source``, ``project`` or ``year``.
        layout: which of its maps.

    Raises:
        UsageError: matplotlib is not installed, or there is no such column.
    """
    made = new_figure(7, 5.6)
    axes = made.add_subplot()
    column, points = named(columns_of(atlas), colour), atlas.layouts[layout].positions
    order = np.random.default_rng(0).permutation(len(points))  # so that no city always lies on top
    size = float(np.clip(12_000 / max(1, len(points)), 1.5, 30))
    if isinstance(column, Categories):
        _categories(axes, points[order], column.codes[order], column, size)
    else:
        values = column.values[order]
        across, up = points[order].T
        drawn = axes.scatter(across, up, size, values, cmap="viridis", lw=0, rasterized=True)
        made.colorbar(drawn, ax=axes, shrink=0.6, label=column.title)
    axes.set_aspect("equal")
    axes.set_xticks([])
    axes.set_yticks([])
    axes.spines[:].set_visible(False)
    axes.set_title(_title(atlas, atlas.layouts[layout]), fontsize=10, color=INK, loc="left")
    return made


def _title(atlas: Atlas, layout: Layout) -> str:
    """What is drawn, of which photos, and how far to trust it."""
    name = METHODS.get(layout.method, layout.method)
    photos = counted(len(atlas.answers.photos), "photo")
    part = f"all {photos}" if atlas.part == "all" else f"part {atlas.part}, {photos}"
    kept = (
        "" if np.isnan(layout.kept.value) else f", neighbours kept {percent(layout.kept.value)} ({span(layout.kept)})"
    )
    return f"{atlas.dataset} as {atlas.model} sees it\n{part}; {name}{kept}"


def _categories(axes: Axes, points: np.ndarray, codes: np.ndarray, column: Categories, size: float) -> None:
    colours = _colours(column)
    shades = np.array([*colours, FAINT])[codes]  # -1, not known, is the last
    axes.scatter(points[:, 0], points[:, 1], size, shades.tolist(), lw=0, rasterized=True)
    counts = np.bincount(codes[codes >= 0], minlength=len(column.names))
    shown = [code for code in np.argsort(-counts, kind="stable")[:_NAMED].tolist() if counts[code]]
    for code in sorted(shown):
        axes.scatter([], [], color=colours[code], s=25, label=f"{column.names[code]} ({counts[code]:,})")
    axes.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=8, title=column.title)


def _colours(column: Categories) -> list[str]:
    if column.kind == "verdict":
        return list(_VERDICT)
    if len(column.names) <= len(_FEW):
        return list(_FEW[: len(column.names)])
    from matplotlib.colors import to_hex

    count = len(column.names)
    return [to_hex(_hue(code / count, (0.75, 0.55)[code % 2])) for code in range(count)]


def _hue(share: float, value: float) -> tuple[float, float, float]:
    from colorsys import hsv_to_rgb

    return hsv_to_rgb(share, 0.75, value)
