"""Guesses with their rounds in; whether people get better and quicker as they go on, out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.game.statistics.crossed import Crossed, crossed_share
from flaneur.game.statistics.guesses import Guesses
from flaneur.metrics import Z95, Interval

_BLOCKS, _LEAST = 5, 4
_SHUFFLES = 2000


@dataclass(frozen=True, slots=True)
class Block:
    """Some rounds on end.

    Args:
        phase: that they belong to.
        first: number of the first one in the phase.
        last: of the last one.
        accuracy: of everybody in them.
        seconds: median response time; not a number where none was measured.
    """

    phase: str
    first: int
    last: int
    accuracy: Crossed
    seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        seconds = None if np.isnan(self.seconds) else round(self.seconds, 2)
        facts = {"phase": self.phase, "first": self.first, "last": self.last, "median_seconds": seconds}
        return facts | {"accuracy": self.accuracy.to_dict()}


@dataclass(frozen=True, slots=True)
class Learning:
    """How accuracy changes over the test rounds.

    Args:
        blocks: training first.
        slope: change of accuracy over ten test rounds, each person beside themselves. The interval is that of orders
            shuffled within persons, so it covers these people and photos in another order. Undefined below two rounds.
        p: share of shuffled orders with a slope at least as steep; 1 where there is nothing to shuffle.
    """

    blocks: tuple[Block, ...]
    slope: Interval
    p: float

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        slope = {"per_ten_rounds": self.slope.to_dict(), "permutation_p": round(self.p, 6)}
        return slope | {"blocks": [block.to_dict() for block in self.blocks]}


def learning(test: Guesses, training: Guesses, seed: int = 0) -> Learning:
    """Accuracy block by block, and its slope over the test rounds.

    The order of each person's photos was drawn at random. So, if nothing is learnt, every order of the person's right
    and wrong guesses is as likely: an exact permutation test (Fisher, *The Design of Experiments*, 1935), sampled.

    Args:
        test: guesses that count.
        training: guesses before them, whose answers were told.
        seed: of the shuffling.
    """
    blocks = [*_blocks("training", training), *_blocks("test", test)]
    slope, p = _slope(test, np.random.default_rng(seed))
    return Learning(tuple(blocks), slope, p)


def _blocks(phase: str, guesses: Guesses) -> list[Block]:
    if not len(guesses):
        return []
    rounds = int(guesses.position.max())
    edges = np.linspace(0, rounds, min(_BLOCKS, max(1, rounds // _LEAST)) + 1).round().astype(int)
    made = []
    for first, last in zip(edges[:-1] + 1, edges[1:], strict=True):
        own = guesses.where((guesses.position >= first) & (guesses.position <= last))
        if len(own):
            timed = own.seconds[np.isfinite(own.seconds)]
            seconds = float(np.median(timed)) if len(timed) else float("nan")
            share = crossed_share(own.correct, own.people, own.places)
            made.append(Block(phase, int(first), int(last), share, seconds))
    return made


def _slope(guesses: Guesses, rng: np.random.Generator) -> tuple[Interval, float]:
    """Change over ten rounds, and the share of shuffles as steep; one slope, each person with a level of their own."""
    rows = [np.flatnonzero(guesses.people == number) for number in guesses.persons]
    away = np.concatenate([_centred(guesses.position[own]) for own in rows]) if rows else np.zeros(0)
    spread = float((away**2).sum())
    places = len(np.unique(guesses.places))
    nothing = Interval(np.nan, np.nan, np.nan, len(guesses), places)
    if not spread:
        return nothing, 1.0
    hits = [guesses.correct[own].astype(np.float64) for own in rows]
    seen = float(away @ np.concatenate(hits)) / spread
    orders = [rng.permuted(np.tile(own, (_SHUFFLES, 1)), axis=1) for own in hits]
    shuffled = np.hstack(orders) @ away / spread
    half = Z95 * float(np.sqrt((shuffled**2).mean()))
    steep = int((np.abs(shuffled) >= abs(seen) - 1e-12).sum())
    ends = (10 * seen, 10 * (seen - half), 10 * (seen + half))
    return Interval(*ends, len(guesses), places), (1 + steep) / (1 + _SHUFFLES)


def _centred(positions: NDArray[np.intp]) -> NDArray[np.float64]:
    return np.asarray(positions - positions.mean(), np.float64)
