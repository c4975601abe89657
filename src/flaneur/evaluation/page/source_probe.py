"""How well the source of a photo can be read from its embedding, in; its section of the page out."""

from __future__ import annotations

from flaneur.evaluation.measures.columns import column_title
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.figures import number_row
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    dotted,
    facts,
    figure,
    full,
    points_table,
    section,
    share_cells,
    side_by_side,
    told,
)
from flaneur.evaluation.phrases import percent
from flaneur.evaluation.trials.source_probe import SourceProbe

TITLE = "Can it tell the camera?"
_HEADS = ("city", "source told", "95 % interval", "photos", "places", "blind guess", "sources")


def probe_section(found: SourceProbe) -> str:
    """Sources told apart within each city."""
    column = column_title(found.column).lower()
    hint = (
        f"Within one city, can the {column} of a photo be read from what the model sees in it? The further right "
        "of the dotted tick, the better it can, and the more a camera could stand in for a city."
    )
    if found.single:
        hint += f" One {column} only, so nothing to tell apart: {', '.join(found.single)}."
    if not found.cities:
        hint = (
            f"This cannot be measured here: every city comes from one {column} only, so whether the model sees the "
            f"{column} cannot be told from whether it sees the city."
        )
        return section(found.key, TITLE, hint)
    rows = [
        Row(
            one.city.name,
            told(one.accuracy),
            (Mark(1, one.accuracy, _words(one.city.name, full(one.accuracy), one.sources)),),
            one.chance,
        )
        for one in sorted(found.cities, key=lambda one: -one.accuracy.value)
    ]
    ends = [*reach(*(one.accuracy for one in found.cities)), *(one.chance for one in found.cities)]
    label = f"Share whose {column} is told, by city: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    picture = forest(rows, share_axis(f"{column} told right (mean over them)", ends), label)
    chart = figure(f"Share whose {column} is told", picture, dotted("a blind guess"))
    cells = [
        (one.city.name, *share_cells(one.accuracy), percent(one.chance, 1), ", ".join(one.sources))
        for one in found.cities
    ]
    mean = (
        ""
        if found.accuracy is None
        else number_row("Source told", "mean over these cities", found.accuracy, found.chance)
    )
    table = points_table("Sources told as a table", _HEADS, cells)
    return section(found.key, TITLE, hint, side_by_side(chart + table, facts(mean)))


def _words(name: str, share: str, sources: tuple[str, ...]) -> str:
    return f"{name}, {', '.join(sources)}: {share}"
