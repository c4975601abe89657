"""What a game tells in; accuracy and response time as rounds go by, out."""

from __future__ import annotations

import math

from flaneur.evaluation.comparison.words import chance
from flaneur.evaluation.page.axes import Chart, band, line, number_axis, reach, share_axis, svg, whiskered
from flaneur.evaluation.page.section_parts import (
    dotted,
    fact,
    facts,
    figure,
    lined,
    points_table,
    section,
    side_by_side,
    told,
)
from flaneur.evaluation.phrases import signed
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.learning import Block

_HINT = (
    "Rounds in order, in blocks. Orders were drawn at random for each person, so a change over rounds is none of "
    "photos. The slope compares each person with themselves; its interval and p come from shuffling each person’s "
    "rounds, and cover these people and photos."
)


def learning_section(found: Analysis) -> str:
    """Accuracy and response time as rounds go by."""
    blocks, slope, row = found.learning.blocks, found.learning.slope, ""
    if math.isfinite(slope.value):
        ends = f"{signed(slope.low)} to {signed(slope.high)}; p {chance(found.learning.p)}"
        row = fact("Change over ten test rounds", "in points; above 0, people got better", signed(slope.value), ends)
    cells = [
        (_block_name(one), told(one.accuracy.widest, 1), f"{one.accuracy.both.n:,}", _seconds(one)) for one in blocks
    ]
    table = points_table("Blocks as a table", ("rounds", "right", "answers", "seconds (median)"), cells)
    return section("rounds", "As rounds go by", _HINT, side_by_side(_curve(found), facts(row)), table)


def _curve(found: Analysis) -> str:
    before = found.settings.training_rounds
    points = [
        (one.phase, (before if one.phase == "test" else 0) + (one.first + one.last) / 2, one.accuracy.widest, one)
        for one in found.learning.blocks
    ]
    seen = [interval for _, _, interval, _ in points]
    axis = number_axis("round", [1, *(x for _, x, _, _ in points)])
    chart = Chart(axis, share_axis("right", [*reach(*seen), found.chance]))
    marks = line(chart, [(axis.low, found.chance), (axis.high, found.chance)], 4)
    for key, phase in ((2, "training"), (1, "test")):
        own = [(x, interval) for name, x, interval, _ in points if name == phase]
        marks += band(chart, own, key) + line(chart, [(x, interval.value) for x, interval in own], key)
        marks += "".join(
            whiskered(chart, x, interval, key, f"{_block_name(one)}: {told(interval)}")
            for name, x, interval, one in points
            if name == phase
        )
    label = "Right by block: " + ", ".join(f"{_block_name(one)} {told(interval)}" for _, _, interval, one in points)
    legend = [lined(1, "test"), *([lined(2, "training, answers told")] if before else []), dotted("blind guessing")]
    return figure("Right, as rounds go by", svg(chart, marks, label), *legend)


def _block_name(one: Block) -> str:
    return f"{one.phase} {one.first} to {one.last}"


def _seconds(one: Block) -> str:
    return "–" if math.isnan(one.seconds) else f"{one.seconds:.1f}"
