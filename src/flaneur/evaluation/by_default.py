"""Answers in; the further sections that every report has out, or for each a line that says why it has not."""

from __future__ import annotations

import numpy as np

from flaneur.evaluation.answers import Answers
from flaneur.evaluation.measures.coverage import Coverage, coverage
from flaneur.evaluation.measures.distance import Distance, distance
from flaneur.evaluation.measures.nearest_train import NearestTrain, nearest_train
from flaneur.evaluation.measures.slices import Slices, slices
from flaneur.evaluation.measures.view_count import ViewCount, view_count
from flaneur.evaluation.overlap import Learnt
from flaneur.evaluation.section import Section

KEYS = (Distance.key, Coverage.key, Slices.key, NearestTrain.key, ViewCount.key)
"""Of the sections."""
_NO_CENTRES = "How far off the answers are was not measured: where the model's cities lie is not known."
_NEAR = "Whether it knows the surroundings of its training photos better was not measured: "


def further_measures(known: Answers, learnt: Learnt | None) -> tuple[dict[str, Section], dict[str, str]]:
    """What answers alone tell, beyond which city and how sure; it costs seconds.

    Args:
        known: answers of photos whose city the model knows.
        learnt: from :func:`flaneur.evaluation.overlap.learnt_from`.

    Returns:
        Sections by key; and sentences, by key, for those that these photos cannot tell. How the number of views and
        the columns of the data matter is left out without a word where there is nothing to compare.
    """
    near, why = _near(known, learnt)
    tried: tuple[Section | None, ...] = (distance(known), coverage(known), slices(known), near, view_count(known))
    sections = {section.key: section for section in tried if section is not None}
    said = {} if Distance.key in sections else {Distance.key: _NO_CENTRES}
    if near is None:
        said[NearestTrain.key] = f"{_NEAR}{why}"
    return sections, said


def _near(known: Answers, learnt: Learnt | None) -> tuple[NearestTrain | None, str]:
    """Accuracy by nearness of the photos that the model did not learn from, or why it cannot be told."""
    if learnt is None:
        return None, "those are not on this computer."
    files = {photo.sha256 for photo in learnt.train}
    new = np.array([photo.sha256 not in files for photo in known.photos], bool)
    if not new.any():
        return None, "it learnt from every one of these."
    return nearest_train(known.where(new), learnt.train), "these photos, or those, have no positions."
