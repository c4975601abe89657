"""Guesses for altered photos in; accuracy, change, control and whether the model leans on what was altered, out.

The rule for each kind of alteration stands with the function that applies it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.trials.shortcut_audit.look import Alteration, Versions
from flaneur.metrics import Floats, Interval, always, bootstrap_by_group, means, paired_difference
from flaneur.metrics.nature import Kind

FOLLOWED = 0.10
"""A transplant must surely move more than this share of the answers to be called a shortcut."""
MISSED = 0.05
"""A covered area must surely cost this much more than an equal one elsewhere, a camera's change this much in all."""
FEW_PLACES = 8
"""With fewer places than these, resampling them says too little to accuse anybody."""


@dataclass(frozen=True, slots=True)
class ShortcutRow:
    """What one alteration does to the answers.

    Args:
        alteration: what was done.
        accuracy: on the altered photos.
        change: of accuracy, altered minus whole, paired, by place; -1 to 1.
        control: the change by an equal alteration that cannot be a shortcut: the same area elsewhere; for transplants
            the same from a photo of the same city, or of equal strength away from the other city.
        leans: verdict by the rule of :func:`shortcuts`.
        same_project: of the answers that were right before and wrong after, the share that is still of a city of the
            same project; where projects have cities of their own, and answers changed.
        follows: transplants only: by how much the share of answers that name the city the transplant came from (or a
            city of its project) exceeds the same share under the control; 0 for a model that looks at the city.
        follows_elsewhere: the same for a transplant of equal area elsewhere in the photo, where there is such a thing.
    """

    alteration: Alteration
    accuracy: Interval
    change: Interval
    control: Interval | None
    leans: bool
    same_project: Interval | None = None
    follows: Interval | None = None
    follows_elsewhere: Interval | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What the rules look at, for N photos and V versions of each.

    Args:
        right: ``[N, V]`` whether the guess is the true city.
        towards: ``[N, V]`` whether the guess is a city of the family that the donor is of.
        kin: ``[N, V]`` whether it is a city of the photo's own family.
        places: ``[N]`` place of each photo.
        kin_by_chance: ``[N]`` share of its own family among all cities but its own; not-a-number where no city has
            kin.
    """

    right: NDArray[np.bool_]
    towards: NDArray[np.bool_]
    kin: NDArray[np.bool_]
    places: NDArray[np.intp]
    kin_by_chance: Floats


def measure(seen: Seen, tried: Sequence[Versions]) -> tuple[ShortcutRow, ...]:
    """One row for each alteration.

    Args:
        seen: the first version is the whole photo, then come those of each of ``tried``, in order.
        tried: what was done.
    """
    rows, start = [], 1
    for one in tried:
        columns = list(range(start, start + len(one.all)))
        start += len(columns)
        rows.append(_row(seen, one, columns))
    return tuple(rows)


def _row(seen: Seen, one: Versions, columns: list[int]) -> ShortcutRow:
    """Choose the rule."""
    altered, controls = columns[0], columns[1 : 1 + len(one.controls)]
    accuracy = bootstrap_by_group(always(seen.right[:, altered]), seen.places)[0]
    change = _less(seen, seen.right[:, altered], seen.right[:, 0])
    if not controls:
        kin = _same_project(seen, altered)
        leans = one.told.kind == "camera" and _camera_counts(seen, change, altered, kin)
        return ShortcutRow(one.told, accuracy, change, None, leans, kin)
    right = seen.right.astype(np.float64)
    other = right[:, controls].mean(axis=1)
    control = _mean(seen, other - right[:, 0])
    if len(controls) == 1:
        control = _less(seen, seen.right[:, controls[0]], seen.right[:, 0])
    if one.told.kind == "removal":
        leans = _mean(seen, right[:, altered] - other).high < -MISSED
        return ShortcutRow(one.told, accuracy, change, control, leans)
    return _followed(seen, ShortcutRow(one.told, accuracy, change, control, leans=False), columns)


def _followed(seen: Seen, row: ShortcutRow, columns: list[int]) -> ShortcutRow:
    """A transplant is followed if it surely moves more than one answer in ten to the city it came from.

    Moved are the answers that name a city of the donor's family with the transplant, less those that name one with the
    control: so neither the damage done nor old confusions count. Where the transplant is an area, an equal area
    elsewhere must surely move fewer: what a street shows in a strip of 8 % is evidence, but no more so at the edge than
    further in. Fewer than eight places accuse nobody.
    """
    follows = _less(seen, seen.towards[:, columns[0]], seen.towards[:, columns[1]])
    leans = follows.low > FOLLOWED and follows.groups >= FEW_PLACES
    if len(columns) < 4:
        return replace(row, leans=leans, follows=follows)
    elsewhere = _less(seen, seen.towards[:, columns[2]], seen.towards[:, columns[3]])
    towards = seen.towards[:, columns].astype(np.float64)
    more = _mean(seen, towards[:, 0] - towards[:, 1] - towards[:, 2] + towards[:, 3], "free")  # -2 to 2
    return replace(row, leans=leans and more.low > 0, follows=follows, follows_elsewhere=elsewhere)


def _same_project(seen: Seen, altered: int) -> Interval | None:
    """Of the answers that were right and now are wrong, the share within the family; ``None`` where it says nothing."""
    rows = seen.right[:, 0] & ~seen.right[:, altered] & np.isfinite(seen.kin_by_chance)
    if not rows.any():
        return None
    return bootstrap_by_group(always(seen.kin[rows, altered]), seen.places[rows])[0]


def _camera_counts(seen: Seen, change: Interval, altered: int, kin: Interval | None) -> bool:
    """The camera counts if a change that people hardly see costs surely over 5 points, and answers leave the project.

    That is, of the answers it spoils, surely fewer stay in the project than a blind choice of another city would leave
    there: they go where the cities of another camera are. Where projects do not part the cities, a loss alone shows
    nothing, since any model loses something by a worse picture; then only transplants decide.
    """
    if kin is None:
        return False
    rows = seen.right[:, 0] & ~seen.right[:, altered] & np.isfinite(seen.kin_by_chance)
    return change.high < -MISSED and kin.high < float(seen.kin_by_chance[rows].mean())


def _less(seen: Seen, first: NDArray[np.bool_], second: NDArray[np.bool_]) -> Interval:
    """Share of the first less that of the second, of the same photos."""
    return paired_difference(always(first), always(second), seen.places)[0]


def _mean(seen: Seen, values: Floats, kind: Kind = "difference") -> Interval:
    return bootstrap_by_group(means(values[:, None], kind), seen.places)[0]
