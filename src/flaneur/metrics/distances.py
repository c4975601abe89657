"""Kilometres between guess and truth in; points of the guessing game out."""

from __future__ import annotations

import numpy as np

from flaneur.metrics.nature import Floats


def game_score(distance_km: Floats) -> Floats:
    """Points a photo, ``[N]`` in 0 to 5000: 5000 at the spot, 1839 at 1,493 km, next to nothing an ocean away.

    Source:
        ``5000 exp(-d / 1492.7 km)``, GeoGuessr's score on its world map as Haas et al. have it (*PIGEON: Predicting
        Image Geolocations*, CVPR 2024); GeoScore of Astruc et al. (*OpenStreetView-5M*, CVPR 2024).

    >>> game_score(np.array([0.0, 1492.7, 20000.0])).round(1).tolist()
    [5000.0, 1839.4, 0.0]
    """
    return np.asarray(5000.0 * np.exp(-distance_km / 1492.7))
