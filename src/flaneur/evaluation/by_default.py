"""Answers in; the further sections that every report has out, or for each a line that says why it has not."""

from __future__ import annotations

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


def further_measures(known: Answers, learnt: Learnt | None, part: str) -> tuple[dict[str, Section], dict[str, str]]:
    """What answers alone tell, beyond which city and how sure; it costs seconds.

    Args:
        known: answers of photos whose city the model knows.
        learnt: from :func:`flaneur.evaluation.overlap.learnt_from`.
        part: of the split that they are of.

    Returns:
        Sections by key; and sentences, by key, for those that these photos cannot tell. How the number of views and
        the columns of the data matter is left out without a word where there is nothing to compare.
    """
    near = nearest_train(known, learnt.train) if learnt is not None and part != "train" else None
    tried: tuple[Section | None, ...] = (distance(known), coverage(known), slices(known), near, view_count(known))
    sections = {section.key: section for section in tried if section is not None}
    said = {} if "distance" in sections else {"distance": _NO_CENTRES}
    if "nearest_train" not in sections and part != "train":
        why = "those are not on this computer." if learnt is None else "these photos, or those, have no positions."
        said["nearest_train"] = f"{_NEAR}{why}"
    return sections, said
