"""Further sections of a report in; their charts, in a sensible order, out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flaneur.evaluation.page import (
    coverage,
    cross,
    distance,
    learning_curve,
    left_out,
    nearest_train,
    people,
    random_split,
    shortcuts,
    slices,
    source_probe,
    view_count,
)
from flaneur.evaluation.section import Section

# What the answers mean first, then leaks, cameras, and what more data would bring.
RENDERERS: dict[str, Callable[[Any], str]] = {
    "distance": distance.distance_section,
    "people": people.people_section,
    "coverage": coverage.coverage_section,
    "left_out": left_out.left_out_section,
    "nearest_train": nearest_train.nearest_section,
    "random_split": random_split.random_split_section,
    "cross": cross.cross_section,
    "source_probe": source_probe.probe_section,
    "shortcuts": shortcuts.shortcuts_section,
    "slices": slices.slices_section,
    "view_count": view_count.views_section,
    "learning_curve": learning_curve.curve_section,
}


def further_sections(sections: Mapping[str, Section]) -> str:
    """Each section that has a renderer, in the renderers' order.

    Args:
        sections: by key, as in :class:`flaneur.evaluation.report.Report`.
    """
    return "".join(render(sections[key]) for key, render in RENDERERS.items() if key in sections)
