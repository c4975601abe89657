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


def draw_curves(rows: Sequence[Mapping[str, Any]], path: Path, title: str = "") -> None:
    """Draw the curves of one run as a PNG.

    Args:
        rows: one an epoch; see :func:`flaneur.training.networks.loop.fit`. Figures that were not taken are left out.
        path: of the picture.
        title: above it.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.4), dpi=120, layout="constrained")
    for axes, (name, lines) in zip(figure.subplots(1, len(_PANELS)), _PANELS, strict=True):
        for key, label in lines:
            points = [(row["epoch"], row[key]) for row in rows if row.get(key) is not None]
            if points:
                x, y = zip(*points, strict=True)
                line = "--" if label == "macro recall" else "-"
                axes.plot(x, y, line, marker="o", markersize=3, color=_COLOURS[label], label=label)
        axes.set_title(name, loc="left", fontsize=10)
        axes.locator_params(axis="x", integer=True)
        axes.set_xlabel("epoch", fontsize=9)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        if len(axes.lines) > 1:
            axes.legend(frameon=False, fontsize=8)
    figure.suptitle(title, fontsize=11)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png")
