"""A tree of cities in; its drawing as SVG out: cities at the left, joints as far to the right as they are apart."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from flaneur.evaluation.page.axes import WIDTH, Axis, bottom_labels, number_axis, picture, symbol
from flaneur.evaluation.phrases import percent
from flaneur.explain.atlas.cities.tree import Merge, leaves

_ROW, _TOP, _RIGHT, _FOOT = 26.0, 16.0, 16.0, 42.0
_MOST_LETTERS = 24
FIRM = 0.8
_NARROW = 6.6  # width of a letter of a name, on average, generously


def dendrogram(merges: tuple[Merge, ...], names: Sequence[str], title: str) -> str:
    """The tree; every joint but the last, which all share, is marked as firm or not.

    Args:
        merges: nearest first.
        names: C of them.
        title: of the axis of distances.
    """
    short = [name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…" for name in names]
    left = 10 + _NARROW * max(map(len, short))
    axis = number_axis(title, [0.0, *(merge.distance for merge in merges)])
    order, bottom = leaves(merges), _TOP + _ROW * len(names)

    def across(value: float) -> float:
        return left + 8 + (WIDTH - _RIGHT - left - 8) * axis.share(value)

    at: dict[tuple[int, ...], tuple[float, float]] = {
        (leaf,): (across(0.0), _TOP + _ROW * number) for number, leaf in enumerate(order)
    }
    made = [
        f'<text class="row name" x="{left:.1f}" y="{y + 4:.1f}" text-anchor="end">{escape(short[leaf[0]])}'
        f"<title>{escape(names[leaf[0]])}</title></text>"
        for leaf, (_, y) in at.items()
    ]
    for merge in merges:
        ends = [at[part] for part in merge.parts]
        x, middle = across(merge.distance), sum(y for _, y in ends) / 2
        at[merge.members] = (x, middle)
        made.append(_joint(ends, x, ", ".join(names[row] for row in merge.members), merge))
        if merge is not merges[-1]:
            made.append(symbol(x, middle, 1 if merge.support >= FIRM else 2))
    label = "Tree of cities, the nearest joined first: " + "; ".join(
        f"{' and '.join(', '.join(names[row] for row in part) for part in merge.parts)} at {merge.distance:.2f}"
        for merge in merges
    )
    return picture(_axis(axis, across, bottom) + "".join(made), bottom + _FOOT, label)


def _joint(ends: Sequence[tuple[float, float]], x: float, members: str, merge: Merge) -> str:
    (left, top), (other, bottom) = ends
    title = escape(f"{members}: {merge.distance:.2f} apart, a branch in {percent(merge.support)} of resamples")
    return (
        f'<g><title>{title}</title><polyline class="key-1" fill="none" points="{left:.1f},{top:.1f} {x:.1f},{top:.1f} '
        f'{x:.1f},{bottom:.1f} {other:.1f},{bottom:.1f}"/></g>'
    )


def _axis(axis: Axis, across: Callable[[float], float], bottom: float) -> str:
    grid = "".join(
        f'<line class="grid" x1="{across(value):.1f}" y1="{_TOP - 8:.1f}" x2="{across(value):.1f}" y2="{bottom:.1f}"/>'
        for value, _ in axis.ticks
    )
    title = (
        f'<text class="axis" x="{WIDTH / 2:.0f}" y="{bottom + 35:.1f}" text-anchor="middle">{escape(axis.title)}</text>'
    )
    return grid + bottom_labels(axis, across, bottom) + title
