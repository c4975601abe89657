"""Places by city and a participant's number in; which places, in which order, out: balanced, seeded, none twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import InputError
from flaneur.game.settings import Deal


def deal(pools: Mapping[str, Sequence[int]], rounds: int, number: int, how: Deal, seed: int) -> list[int]:
    """The places of one participant, in the order they are shown.

    Every city comes up equally often, give or take one, and no place twice. With ``spread`` each participant goes on
    in the pool of a city where the one before stopped, so that places are seen equally often; with ``same`` all get
    what the first gets. The order is another one for each participant.

    Args:
        pools: numbers of places by city.
        rounds: how many are wanted.
        number: of the participant, from 0.
        how: ``same`` or ``spread``.
        seed: of the game; equal seeds deal alike, whoever joins when.

    Raises:
        InputError: a city has too few places.

    >>> pools = {"oslo": [0, 1, 2, 3], "rome": [4, 5, 6, 7]}
    >>> first, second = (deal(pools, 4, number, "spread", 0) for number in (0, 1))
    >>> sorted(first + second)
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    cities = sorted(pools)
    counts = _counts(len(cities), rounds, number if how == "spread" else 0, seed)
    dealt: list[int] = []
    for index, city in enumerate(cities):
        pool = np.asarray(pools[city], np.intp)
        most = -(-rounds // len(cities))
        if len(pool) < most:
            raise InputError(
                f"{rounds} rounds need {most} places of each of {len(cities)} cities, and {city} has {len(pool)}. Play "
                "fewer rounds, or name the cities to play with."
            )
        mixed = np.random.default_rng([seed, 1, index]).permutation(pool)
        start, size = int(counts[:-1, index].sum()), int(counts[-1, index])
        dealt += mixed[(start + np.arange(size)) % len(mixed)].tolist()
    order = np.random.default_rng([seed, 2, number]).permutation(len(dealt))
    return [dealt[place] for place in order]


def _counts(cities: int, rounds: int, number: int, seed: int) -> NDArray[np.intp]:
    """Places of each city for everybody up to a participant, ``[number + 1, cities]``; the odd ones in turn."""
    turn = np.random.default_rng([seed, 0]).permutation(cities)
    base, odd = divmod(rounds, cities)
    counts = np.full((number + 1, cities), base, np.intp)
    for participant in range(number + 1):
        counts[participant, turn[(participant * odd + np.arange(odd)) % cities]] += 1
    return counts
