"""Simulated participants in; how often the game's intervals hold the truth, and how often its tests cry wolf, out.

People differ in skill, places in how hard they are, on the scale of log-odds. The truth is the mean over all
people and all places: what an experiment would find with no end of either.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from flaneur.game.dealing import deal
from flaneur.game.settings import Deal
from flaneur.game.statistics.crossed import crossed_difference, crossed_share
from flaneur.game.statistics.guesses import Guesses
from flaneur.game.statistics.learning import learning
from flaneur.game.statistics.mistakes import mantel_p
from flaneur.metrics import confusion_matrix, wilson
from flaneur.types import City

CITIES, GRID = 8, np.linspace(-8, 8, 8001)
DESIGNS = ((3, 20, 200), (6, 50, 400), (12, 25, 200), (20, 50, 400))
"""People, rounds of each, places in the pool."""
SPREADS = ((0.0, 0.6, 1.2), (1.5, 0.6, 1.2), (0.0, 0.0, 0.0), (0.0, 0.3, 1.5))
"""Log-odds of a right guess in the middle, and standard deviations over people and over places."""


def share(log_odds: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-log_odds)))


def truth(middle: float, spread: float) -> float:
    weight = np.exp(-(GRID**2) / 2)
    return float((weight * share(middle + spread * GRID)).sum() / weight.sum())


def coverage(
    how: Deal, design: tuple[int, int, int], spreads: tuple[float, float, float], repeats: int
) -> dict[str, float]:
    people, rounds, pool = design
    middle, skill_sd, ease_sd = spreads
    rng = np.random.default_rng([people, rounds, round(10 * middle), round(10 * skill_sd)])
    pools = {str(city): list(range(city * pool // CITIES, (city + 1) * pool // CITIES)) for city in range(CITIES)}
    where = np.concatenate([deal(pools, rounds, number, how, 3) for number in range(people)])
    who = np.repeat(np.arange(people), rounds)
    seen = truth(middle, math.hypot(skill_sd, ease_sd))
    beside = seen - truth(2.0, ease_sd)  # a model that finds the same places hard
    held, held_beside, naive, widths = 0, 0, 0, []
    for _ in range(repeats):
        ease, skill = rng.normal(0, ease_sd, pool), rng.normal(0, skill_sd, people)
        hits = rng.random(len(who)) < share(middle + skill[who] + ease[where])
        model = (rng.random(pool) < share(2.0 + ease))[where]
        ends = crossed_share(hits, who, where).both
        gap = crossed_difference(hits.astype(np.float64) - model, who, where).both
        low, high = wilson(int(hits.sum()), len(hits))
        held += ends.low <= seen <= ends.high
        held_beside += gap.low <= beside <= gap.high
        naive += low <= seen <= high
        widths.append(ends.high - ends.low)
    return {
        "held": held / repeats, "held_beside_model": held_beside / repeats, "wilson_held": naive / repeats,
        "mean_width": float(np.mean(widths)),
    }  # fmt: skip


def cries(repeats: int) -> dict[str, float]:
    """Share of p below 0.05 where nothing is learnt, and where mistakes are unlike."""
    rng = np.random.default_rng(5)
    cities = tuple(City(f"c{number}", f"C{number}") for number in range(CITIES))
    nothing = np.zeros(0, np.intp)
    who, labels = np.repeat(np.arange(8), 40), np.tile(np.arange(CITIES), 40)
    position, learnt, alike = np.tile(np.arange(1, 41), 8), 0, 0
    blank = np.full(320, math.nan)
    for number in range(repeats):
        hits = rng.random(320) < share(rng.normal(0, 0.6, 8)[who] + rng.normal(0, 1.2, 320))
        own = Guesses(
            cities, tuple("abcdefgh"), tuple(map(str, range(320))), who, np.arange(320), labels,
            np.where(hits, labels, (labels + 1) % CITIES), hits, position, blank, blank,
        )  # fmt: skip
        none = own.where(np.zeros(320, bool))
        assert len(none) == len(nothing)
        learnt += learning(own, none, seed=number).p < 0.05
        shares = rng.dirichlet(np.full(CITIES, 0.4), size=(2, CITIES))
        counts = [
            confusion_matrix(labels, np.array([rng.choice(CITIES, p=one[label]) for label in labels]), CITIES)
            for one in shares
        ]
        alike += mantel_p(counts[0], counts[1], rng) < 0.05
    return {"learning": learnt / repeats, "mantel": alike / repeats}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--repeats", type=int, default=1000)
    options = parser.parse_args()
    rows = []
    hows: tuple[Deal, ...] = ("spread", "same")
    for how in hows:
        for design in DESIGNS:
            for spreads in SPREADS:
                row = {"deal": how, "people": design[0], "rounds": design[1], "spreads": spreads}
                rows.append(row | coverage(how, design, spreads, options.repeats))
                print(json.dumps(rows[-1]))
    found = {"repeats": options.repeats, "intervals": rows, "p_below_5_percent": cries(options.repeats // 5)}
    print(json.dumps(found["p_below_5_percent"]))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=2), "utf-8")


if __name__ == "__main__":
    main()
