"""What participants, and perhaps the model, scored in the test rounds in; a leaderboard out, best first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flaneur.game.shapes import Score, Standing
from flaneur.game.store import Store


def leaderboard(store: Store, rounds: int, model: str, model_scores: Sequence[Score]) -> list[Standing]:
    """One line for each participant, and one for the model.

    Args:
        store: of the game.
        rounds: test rounds that there are.
        model: its name.
        model_scores: in the test rounds; none: it has no line.
    """
    played = [row for row in store.played() if row["phase"] == "test"]
    lines = []
    for person in store.participants():
        own = [row for row in played if row["participant"] == person["number"]]
        points, correct = sum(row["points"] for row in own), sum(row["correct"] for row in own)
        lines.append(Standing(0, person["name"], points, correct, len(own), rounds, number=person["number"]))
    if model_scores:
        points, correct = sum(one.points for one in model_scores), sum(one.correct for one in model_scores)
        lines.append(Standing(0, model, points, correct, len(model_scores), rounds, is_model=True))
    return ranked(lines)


def ranked(lines: Sequence[Standing]) -> list[Standing]:
    """Best first; equal points share a rank.

    >>> a, b, c = (Standing(0, name, points, 0, 1, 1) for name, points in (("a", 5), ("b", 9), ("c", 5)))
    >>> [(one.rank, one.name) for one in ranked([a, b, c])]
    [(1, 'b'), (2, 'a'), (2, 'c')]
    """
    best = sorted(lines, key=lambda one: -one.points)
    return [replace(one, rank=1 + sum(other.points > one.points for other in best)) for one in best]
