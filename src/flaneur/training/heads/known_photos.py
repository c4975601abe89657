"""The validation part in; what a model keeps of it out, so that a city can be added later and the cost be measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from flaneur.bundle.known import Known, pack
from flaneur.training.heads.novelty import sample_evenly
from flaneur.training.heads.parts import Part

_MOST = 1000  # photos: 1.4 MB for 704 numbers a photo


def known_photos(validation: Part, cities: Sequence[str], seed: int = 0) -> bytes:
    """What :func:`flaneur.bundle.folder.write_bundle` keeps as ``known``: 1,000 photos at most.

    Args:
        validation: at places that the head was not trained on.
        cities: slugs, in the order of the logits.
        seed: of which are kept where there are more.

    Returns:
        Nothing where the part is empty.
    """
    if not validation.photos:
        return b""
    kept = validation.take(sample_evenly(validation.cities, _MOST, seed))
    _, places = np.unique(kept.places, return_inverse=True)
    return pack(Known(kept.embeddings, kept.labels(cities), places.astype(np.int64)))
