"""How often the 95 % intervals hold the truth: in simulations where it is known, by place and by photo.

A photo is right with its place's own chance. These chances follow a beta distribution about the accuracy that the
interval should hold; its correlation says how alike the photos of a place are (0: independent, 1: all right or all
wrong together). Places hold 1 to 11 photos evenly, or geometrically or log-normally many: a few of them most. For
comparison, ``percentile`` is the plain percentile bootstrap by place with Wilson's interval where there is no spread.

Besides accuracy: the difference of two models on the same photos, macro recall of four uneven cities, an AUROC, and
the mean of a loss, which has no upper end.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from benchmarks.tables import Row, publish
from flaneur.metrics import (
    Interval,
    always,
    balanced_accuracy,
    bootstrap_by_group,
    means,
    paired_difference,
    ranking_power,
    wilson,
)

Draw = Callable[[np.random.Generator, int], NDArray[np.int64]]
SIZES: dict[str, Draw] = {
    "even 1-11": lambda rng, places: rng.integers(1, 12, places),
    "geometric": lambda rng, places: rng.geometric(1 / 6, places),
    "log-normal": lambda rng, places: np.maximum(1, np.exp(rng.normal(1.5, 1, places)).round()).astype(np.int64),
}
PLACES = (20, 50, 100, 200)
ACCURACIES = (0.5, 0.8, 0.9, 0.97)
CORRELATIONS = (0.2, 0.6)
UNITS = ("by place", "percentile", "by photo")
ASKED, SLACK = 0.95, 0.02


@dataclass(frozen=True)
class Case:
    """One simulated world.

    Args:
        sizes: how many photos a place has, a key of SIZES.
        places: how many places.
        accuracy: the truth.
        correlation: of the photos of a place.
    """

    sizes: str
    places: int
    accuracy: float
    correlation: float

    def draw(self, rng: np.random.Generator) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
        """Whether each photo is right, and its place."""
        index = np.repeat(np.arange(self.places), SIZES[self.sizes](rng, self.places))
        return rng.random(len(index)) < self.chances(rng)[index], index

    def chances(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Of each place."""
        spread = 1 / self.correlation - 1
        return rng.beta(self.accuracy * spread, (1 - self.accuracy) * spread, self.places)


def cases() -> Iterator[Case]:
    for sizes in SIZES:
        for places in PLACES:
            for accuracy in ACCURACIES:
                for correlation in CORRELATIONS:
                    yield Case(sizes, places, accuracy, correlation)


def holds(interval: Interval, truth: float) -> bool:
    return interval.low <= truth <= interval.high


def percentile(right: NDArray[np.bool_], index: NDArray[np.intp], repeats: int) -> tuple[float, float]:
    """The plain percentile bootstrap, written out once more."""
    hits, photos = np.bincount(index, right), np.bincount(index)
    drawn = np.random.default_rng(0).integers(0, len(photos), (repeats, len(photos)))
    found = hits[drawn].sum(axis=1) / photos[drawn].sum(axis=1)
    if np.ptp(found) == 0:
        return wilson(right.mean() * len(photos), len(photos))
    return tuple(np.quantile(found, [0.025, 0.975]))


def accuracy_row(case: Case, simulations: int, by_photo: int, repeats: int) -> Row:
    """Shares of the simulations whose interval holds the truth; those by photo are slow, and fewer."""
    rng = np.random.default_rng([case.places, round(100 * case.accuracy), round(100 * case.correlation)])
    held, below, width = {"place": 0, "percentile": 0, "photo": 0}, 0, 0.0
    for number in range(simulations):
        right, index = case.draw(rng)
        interval = bootstrap_by_group(always(right), index, repeats=repeats)[0]
        held["place"] += holds(interval, case.accuracy)
        below += interval.low > case.accuracy
        width += interval.high - interval.low
        low, high = percentile(right, index, repeats)
        held["percentile"] += low <= case.accuracy <= high
        if number < by_photo:
            photos = bootstrap_by_group(always(right), np.arange(len(right)), repeats=repeats)[0]
            held["photo"] += holds(photos, case.accuracy)
    return {
        "sizes": case.sizes,
        "places": case.places,
        "accuracy": case.accuracy,
        "correlation": case.correlation,
        "by place": held["place"] / simulations,
        "too high": below / simulations,
        "width": width / simulations,
        "percentile": held["percentile"] / simulations,
        "by photo": held["photo"] / max(1, min(simulations, by_photo)),
    }


def difference(case: Case, rng: np.random.Generator) -> tuple[Interval, float]:
    """A model against a copy that is wrong on a tenth of the places more."""
    index = np.repeat(np.arange(case.places), SIZES[case.sizes](rng, case.places))
    chances = case.chances(rng)
    other = chances * (rng.random(case.places) > 0.1)
    one, two = (rng.random(len(index)) < chance[index] for chance in (chances, other))
    return paired_difference(always(one), always(two), index, repeats=1000)[0], 0.1 * case.accuracy


def macro(case: Case, rng: np.random.Generator) -> tuple[Interval, float]:
    """Four cities of which one has four tenths of the places, one a tenth."""
    right, index = case.draw(rng)
    cities = rng.choice(4, case.places, p=[0.4, 0.3, 0.2, 0.1])[index]
    return bootstrap_by_group(balanced_accuracy(cities, right, 4), index)[0], case.accuracy


def novelty(case: Case, rng: np.random.Generator) -> tuple[Interval, float]:
    """A fifth of the places are strange; scores of a place vary together."""
    index = np.repeat(np.arange(case.places), SIZES[case.sizes](rng, case.places))
    strange = np.arange(case.places) < case.places // 5
    own = rng.normal(size=case.places) * case.correlation**0.5
    scores = own[index] + rng.normal(size=len(index)) * (1 - case.correlation) ** 0.5
    shift = NormalDist().inv_cdf(case.accuracy) * 2**0.5
    return bootstrap_by_group(ranking_power(scores + shift * strange[index], strange[index]), index)[0], case.accuracy


def loss(case: Case, rng: np.random.Generator) -> tuple[Interval, float]:
    """The mean of a skewed value without an upper end, such as a negative log likelihood; here about the accuracy."""
    index = np.repeat(np.arange(case.places), SIZES[case.sizes](rng, case.places))
    losses = rng.gamma(2, case.accuracy / 2, case.places)[index] * rng.exponential(size=len(index))
    return bootstrap_by_group(means(losses[:, None]), index)[0], case.accuracy


OTHERS: dict[str, Callable[[Case, np.random.Generator], tuple[Interval, float]]] = {
    "difference": difference,
    "macro recall": macro,
    "AUROC": novelty,
    "mean of a loss": loss,
}


def other_rows(simulations: int) -> Iterator[Row]:
    for name, simulate in OTHERS.items():
        for places in PLACES:
            for accuracy in (0.8, 0.95):
                case = Case("geometric", places, accuracy, 0.4)
                rng = np.random.default_rng(2)
                found = [holds(*simulate(case, rng)) for _ in range(simulations)]
                yield {"value": name, "places": places, "about": accuracy, "by place": float(np.mean(found))}


def summary(rows: list[Row]) -> list[str]:
    """What to remember of the accuracy rows."""
    lines = []
    for name in UNITS:
        held = np.array([row[name] for row in rows])
        near = (np.abs(held - ASKED) <= SLACK).sum()
        lines.append(
            f"{name}: {held.mean():.1%} on average, {held.min():.1%} to {held.max():.1%}; "
            f"93 to 97 % in {near} of {len(held)} cases, below in {(held < ASKED - SLACK).sum()}"
        )
    return lines


def pooled(rows: list[Row]) -> list[Row]:
    """By places and accuracy, over sizes and correlations: their means vary less than single cases do."""
    made = []
    for places in PLACES:
        for accuracy in ACCURACIES:
            own = [row for row in rows if (row["places"], row["accuracy"]) == (places, accuracy)]
            means_of = {name: float(np.mean([row[name] for row in own])) for name in UNITS}
            made.append({"places": places, "accuracy": accuracy, **means_of})
    return made


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--simulations", type=int, default=1000, help="of each case (1000)")
    options.add_argument("--by-photo", type=int, default=200, help="of them by photo as well, which is slow (200)")
    options.add_argument("--repeats", type=int, default=1000, help="resamples of each interval (1000)")
    options.add_argument("--out", type=Path, help="folder for the results as JSON")
    chosen = options.parse_args()
    rows = [accuracy_row(case, chosen.simulations, chosen.by_photo, chosen.repeats) for case in cases()]
    out = chosen.out
    publish("interval coverage: accuracy", rows, out and out / "interval_coverage.json", summary(rows))
    few = pooled(rows)
    publish("interval coverage: accuracy, pooled", few, out and out / "interval_coverage_pooled.json", summary(few))
    others = list(other_rows(chosen.simulations))
    publish("interval coverage: other values", others, out and out / "interval_coverage_others.json")


if __name__ == "__main__":
    main()
