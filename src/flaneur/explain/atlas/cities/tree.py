"""Distances of things, and the same for resamples, in; a tree of them with the support of every branch, out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from flaneur.metrics import Floats


@dataclass(frozen=True, slots=True)
class Merge:
    """A joint of a tree.

    Args:
        parts: numbers of the things in its two branches, each ascending.
        distance: mean distance of those of one branch from those of the other.
        support: share of resamples in which exactly the things below it form a branch.
    """

    parts: tuple[tuple[int, ...], tuple[int, ...]]
    distance: float
    support: float

    @property
    def members(self) -> tuple[int, ...]:
        """Numbers of all things below it, ascending."""
        return tuple(sorted(self.parts[0] + self.parts[1]))


def tree(distances: Floats, resampled: Floats) -> tuple[Merge, ...]:
    """Average linkage, and how often each branch comes up again.

    Args:
        distances: ``[C (C - 1) / 2]`` of all pairs, in the order of :func:`itertools.combinations`; C of 2 or more.
        resampled: ``[R, C (C - 1) / 2]`` of resamples; those with an undefined distance do not count.

    Returns:
        ``C - 1`` joints, nearest first.

    Source:
        Average linkage: Sokal and Michener, *A statistical method for evaluating systematic relationships*, 1958.
        Support: Felsenstein, *Confidence limits on phylogenies*, Evolution 39(4), 1985.

    >>> [(merge.members, merge.support) for merge in tree(np.array([1.0, 5.0, 7.0]), np.array([[1.0, 4.0, 4.0]]))]
    [((0, 1), 1.0), ((0, 1, 2), 1.0)]
    """
    again = [{merge.members for merge in _joints(row)} for row in resampled if np.isfinite(row).all()]
    return tuple(
        Merge(joint.parts, joint.distance, sum(joint.members in branches for branches in again) / max(1, len(again)))
        for joint in _joints(distances)
    )


def leaves(merges: tuple[Merge, ...]) -> list[int]:
    """Numbers of the things in an order in which no lines of the tree cross; the branch with the lowest first.

    >>> leaves(tree(np.array([5.0, 1.0, 7.0]), np.zeros((0, 3))))
    [0, 2, 1]
    """
    of = {merge.members: merge for merge in merges}

    def below(members: tuple[int, ...]) -> list[int]:
        return list(members) if len(members) == 1 else [leaf for part in of[members].parts for leaf in below(part)]

    return below(merges[-1].members)


def _joints(distances: Floats) -> list[Merge]:
    from scipy.cluster.hierarchy import linkage

    count = round((1 + np.sqrt(1 + 8 * len(distances))) / 2)
    below: list[tuple[int, ...]] = [(number,) for number in range(count)]
    made = []
    for left, right, distance, _ in linkage(distances, "average").tolist():
        one, other = sorted((below[int(left)], below[int(right)]))
        made.append(Merge((one, other), distance, 0.0))
        below.append(made[-1].members)
    return made
