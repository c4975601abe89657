"""Further sections of a report in; their charts out, in a sensible order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flaneur.evaluation.section import Section

RENDERERS: dict[str, Callable[[Any], str]] = {}


def further_sections(sections: Mapping[str, Section]) -> str:
    """Each section that has a renderer, in the renderers' order.

    Args:
        sections: by key, as in :class:`flaneur.evaluation.report.Report`.
    """
    return "".join(render(sections[key]) for key, render in RENDERERS.items() if key in sections)
