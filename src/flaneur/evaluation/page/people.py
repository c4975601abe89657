"""How people did on the same photos; its section of the page out."""

from __future__ import annotations

from flaneur.evaluation.measures.people import People, PlayedGame
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.section_parts import (
    figure,
    pointed,
    points_table,
    section,
    side_by_side,
    told,
    told_points,
)

TITLE = "And people?"
_HEADS = ("game", "people", "answers", "cities", "people right", "model right", "these people less model, points",
    "interval of people covers",
)  # fmt: skip
_HINT = (
    "People who played flaneur’s game with photos of this report, beside this model’s first choice at the same photos "
    "and among the same cities. The interval of people covers what the table says, that of the difference "
    "other photos before these people; how they were chosen none covers."
)


def people_section(found: People) -> str:
    """A row a game: people, and the model at the same photos."""
    rows = [
        Row(
            game.name,
            f"{told(game.accuracy)} · {told(game.model)}",
            (
                Mark(1, game.accuracy, f"{game.name}, people: {told(game.accuracy)}"),
                Mark(2, game.model, f"{game.name}, the model: {told(game.model)}"),
            ),
        )
        for game in found.games
    ]
    ends = reach(*(seen for game in found.games for seen in (game.accuracy, game.model)))
    label = "Right, people and model: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    picture = forest(rows, share_axis("share that is right", ends), label)
    chart = figure("Right, game by game", picture, pointed(1, "people"), pointed(2, "this model"))
    table = points_table("The games as a table", _HEADS, map(_cells, found.games))
    return section(found.key, TITLE, _HINT, side_by_side(chart + table))


def _cells(game: PlayedGame) -> tuple[str, ...]:
    counts = (f"{game.people:,}", f"{game.accuracy.n:,}", f"{game.cities:,}")
    return (game.name, *counts, told(game.accuracy), told(game.model), told_points(game.difference), game.covers)
