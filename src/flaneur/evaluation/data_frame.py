"""A report in; a pandas table out, one row a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from flaneur.errors import UsageError, install_extra

if TYPE_CHECKING:
    from pandas import DataFrame

    from flaneur.evaluation.answers import Answers
    from flaneur.evaluation.report import Report


def to_frame(report: Report) -> DataFrame:
    """One row a photo: first those of cities that the model knows, then those of others.

    Args:
        report: from :func:`flaneur.evaluate`.

    Returns:
        Columns ``photo``, ``city``, ``known`` (whether the model knows that city), ``guess``, ``correct``,
        ``probability`` (of the guess), ``answered``, ``novelty``, ``place``, ``project``, ``source``, ``captured_at``,
        ``lat``, ``lon``, ``path``, and ``p_CITY`` for each of the model's cities.

    Raises:
        UsageError: pandas is not installed.
    """
    try:
        import pandas as pd
    except ModuleNotFoundError as error:
        raise UsageError(f"A table of photos needs pandas: {install_extra('plots')}.") from error
    both = [_columns(report, said, known=known) for said, known in ((report.known, True), (report.unknown, False))]
    joined = {name: np.concatenate([part[name] for part in both]) for name in both[0]}
    return pd.DataFrame(joined)


def _columns(report: Report, said: Answers, *, known: bool) -> dict[str, Any]:
    photos, slugs = said.photos, np.array([city.slug for city in said.cities], dtype=object)
    where = [photo.location for photo in photos]
    texts = {
        name: np.array([getattr(photo, name) for photo in photos], dtype=object)
        for name in ("id", "city", "place", "project", "source", "captured_at")
    }
    return {
        "photo": texts["id"],
        "city": texts["city"],
        "known": np.full(len(photos), known),
        "guess": slugs[said.guesses],
        "correct": said.correct,
        "probability": said.confidence,
        "answered": said.answered,
        "novelty": said.novelty,
        **{name: texts[name] for name in ("place", "project", "source", "captured_at")},
        "lat": np.array([np.nan if spot is None else spot.lat for spot in where]),
        "lon": np.array([np.nan if spot is None else spot.lon for spot in where]),
        "path": np.array([str(report.paths[photo.id]) for photo in photos], dtype=object),
        **{f"p_{slug}": column for slug, column in zip(slugs, np.exp(said.log_probabilities).T, strict=True)},
    }
