"""A size in, an empty figure out; a figure in, a PNG and an SVG out. Same figure, same bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from flaneur.errors import UsageError, install_extra
from flaneur.files import atomic_path
from flaneur.metrics import Interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, FAINT, MODEL, WRONG = "#1b2422", "#8a958f", "#0d6e68", "#b04a20"  # told apart by the colour-blind, and in grey
DARK = 0.72  # from this share on, white is easier to read on the shade than ink
_PNG_DPI = 200


def new_figure(width_inches: float, height_inches: float) -> Figure:
    """An empty figure, laid out by its contents.

    Args:
        width_inches: 3.5 is a column of a paper, 7 its whole width.
        height_inches: likewise.

    Raises:
        UsageError: matplotlib is not installed.

    >>> new_figure(3.5, 2).get_size_inches().tolist()
    [3.5, 2.0]
    """
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError as error:
        raise UsageError(f"Figures need matplotlib: {install_extra('plots')}.") from error
    return Figure(figsize=(width_inches, height_inches), dpi=120, layout="constrained")


def plain_axes(axes: Axes, *, grid: str = "both") -> Axes:
    """Axes without box, with a faint grid behind the data.

    Args:
        axes: to change.
        grid: ``x``, ``y`` or ``both``.
    """
    axes.spines[["top", "right"]].set_visible(False)
    axes.spines[["left", "bottom"]].set_color(FAINT)
    axes.tick_params(colors=INK, labelsize=8)
    axes.grid(alpha=0.25, axis=grid)  # type: ignore[arg-type]  # one of the three that matplotlib knows
    axes.set_axisbelow(True)
    return axes


def reach(interval: Interval) -> tuple[float, float]:
    """How far the interval reaches below and above its value, as matplotlib's error bars want it.

    >>> [round(end, 3) for end in reach(Interval(0.5, 0.4, 0.7, 10, 5))]
    [0.1, 0.2]
    """
    return max(0.0, interval.value - interval.low), max(0.0, interval.high - interval.value)


def save_figure(figure: Figure, stem: Path) -> tuple[Path, Path]:
    """Write ``stem.png`` and ``stem.svg``, whole or not at all.

    Args:
        figure: from this package.
        stem: path without ending; its folder must be there.

    Returns:
        The two files, PNG first.
    """
    from matplotlib import rc_context

    png, svg = (stem.with_name(f"{stem.name}.{kind}") for kind in ("png", "svg"))
    with atomic_path(png) as temporary:
        figure.savefig(temporary, format="png", dpi=_PNG_DPI, facecolor="white")
    # matplotlib draws the ids of an SVG at random and dates it, unless told
    with rc_context({"svg.hashsalt": "flaneur", "svg.fonttype": "path"}), atomic_path(svg) as temporary:
        figure.savefig(temporary, format="svg", facecolor="white", metadata={"Date": None})
    return png, svg
