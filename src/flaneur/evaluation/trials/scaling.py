"""Photos a city and accuracies in; the power law through them out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_LEAST_POINTS = 4  # for three unknowns
_MOST_SCALE, _LEAST_POWER, _MOST_POWER = 10.0, 0.05, 3.0  # beyond these no curve of accuracies lies
_RIM = 1e-3  # so near, relatively, to its bound an unknown would have gone beyond it
LEAST_PHOTOS = 20  # a city; of fewer, accuracy grows more slowly than by the law that it follows later


@dataclass(frozen=True, slots=True)
class Fit:
    """``accuracy(n) = ceiling - scale * n ** -power``.

    Args:
        ceiling: what it tends to, 0 to 1.
        scale: what is missing at one photo a city.
        power: how quickly it closes, above 0.
        rmse: of the points about the curve.
    """

    ceiling: float
    scale: float
    power: float
    rmse: float

    @property
    def on_bound(self) -> bool:
        """Whether the search ended at the edge of what it may try, so that the curve is not the nearest one.

        >>> Fit(0.9, 0.5, 0.5, 0.0).on_bound, Fit(0.9, 9.999955, 0.5, 0.0).on_bound
        (False, True)
        """
        least, most = self.power < _LEAST_POWER * (1 + _RIM), self.power > _MOST_POWER * (1 - _RIM)
        return least or most or self.scale > _MOST_SCALE * (1 - _RIM)

    def at(self, count: float) -> float:
        """Accuracy at so many photos a city.

        >>> round(Fit(0.9, 0.5, 0.5, 0.0).at(25), 3)
        0.8
        """
        return float(self.ceiling - self.scale * count**-self.power)


def fit_curve(points: Sequence[tuple[int, float]]) -> Fit | None:
    """The power law nearest to the points from 20 photos a city on; ``None`` where there are fewer than four of them.

    Args:
        points: photos a city and accuracy, fewest first.

    Source:
        Hestness et al., *Deep Learning Scaling is Predictable, Empirically*, 2017: learning curves follow a power law
        once there are more than a few examples.

    >>> fit = fit_curve([(n, 0.9 - 0.6 * n**-0.5) for n in (20, 30, 50, 70)])
    >>> round(fit.ceiling, 3), round(fit.scale, 3), round(fit.power, 3)
    (0.9, 0.6, 0.5)
    """
    later = [point for point in points if point[0] >= LEAST_PHOTOS]
    if len(later) < _LEAST_POINTS:
        return None
    from scipy.optimize import least_squares

    counts, values = np.array(later, np.float64).T

    def miss(at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(at[0] - at[1] * counts ** -at[2] - values)

    best = float(values.max())
    start = (min(0.999, best + 0.02), max(0.02, best - float(values.min())), 0.5)
    bounds = ([0.0, 1e-6, _LEAST_POWER], [1.0, _MOST_SCALE, _MOST_POWER])
    found = least_squares(miss, start, bounds=bounds, xtol=1e-12, ftol=1e-12)
    ceiling, scale, power = (float(value) for value in found.x)
    return Fit(ceiling, scale, power, float(np.sqrt(np.mean(found.fun**2))))
