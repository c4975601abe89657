"""The figures of each epoch in; a picture of loss, accuracy and learning rate out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from flaneur.files import atomic_path

_PANELS = (
    ("loss", (("loss", "training"), ("nll", "validation"))),
    ("accuracy", (("train_accuracy", "training"), ("accuracy", "validation"), ("macro_recall", "macro recall"))),
    ("learning rate", (("lr", "head"),)),
)
_COLOURS = {"training": "#8a958f", "validation": "#0d6e68", "macro recall": "#b04a20", "head": "#1b2422"}

_DOTS: dict[str, Any] = {"marker": "o", "markersize": 3, "linewidth": 2.2}
# rings around the dots of a line that it may coincide with
_RINGS: dict[str, Any] = {
    "linestyle": "--",
    "marker": "o",
    "markersize": 8,
    "markerfacecolor": "none",
    "linewidth": 1.2,
}


def draw_curves(rows: Sequence[Mapping[str, Any]], path: Path, title: str = "") -> None:
    """Draw the curves of one run as a PNG.

    Args:
        rows: one an epoch; see :func:`flaneur.training.networks.loop.fit`. Figures that were not taken are left out.
        path: of the picture.
        title: above it.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    figure = Figure(figsize=(11, 3.4), dpi=120, layout="constrained")
    for axes, (name, lines) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
        for key, label in lines:
            points = [(row["epoch"], row[key]) for row in rows if row.get(key) is not None]
            if points:
                x, y = zip(*points, strict=True)
                axes.plot(x, y, color=_COLOURS[label], label=label, **(_RINGS if label == "macro recall" else _DOTS))
        axes.set_title(name, loc="left", fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True, min_n_ticks=1))
        axes.set_xlim(min(row["epoch"] for row in rows) - 0.4, max(row["epoch"] for row in rows) + 0.4)
        axes.set_xlabel("epoch", fontsize=9)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if len(axes.lines) > 1:
            axes.legend(frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=11)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
