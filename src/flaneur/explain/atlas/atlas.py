"""What a model makes of a dataset's photos, as values: embeddings, answers, planes, and further parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from flaneur.evaluation.answers import Answers
from flaneur.evaluation.section import Section
from flaneur.explain.atlas.cells import Cells
from flaneur.explain.atlas.columns import Column
from flaneur.metrics import Interval

Progress = Callable[[str, int, int], None]
"""Told stage, how much is done, of how much."""


@dataclass(frozen=True)
class Layout:
    """The photos on a plane.

    Args:
        method: ``tsne``, ``pca`` or ``umap``.
        positions: ``[N, 2]``, right and up, in the method's own unit.
        kept: share of a photo's nearest photos from other places that are among its nearest on the plane too.
        settings: that made it.
    """

    method: str
    positions: NDArray[np.float64]
    kept: Interval
    settings: Mapping[str, Any] = field(default_factory=dict)


class Part(Section, Protocol):
    """Further numbers of an atlas: a section of its page, and perhaps something to colour the map by."""

    def columns(self) -> tuple[Column, ...]:
        """Row-aligned with the photos of the atlas; often none."""
        ...


@dataclass(frozen=True)
class Atlas:
    """Made by :func:`flaneur.explain.atlas.run.atlas`.

    Args:
        model: name and version.
        dataset: its name.
        content_hash: of the dataset.
        part: ``all``, or ``NAME/PART`` of a split.
        answers: cities, N photos, logits, novelty, places.
        embeddings: ``[N, D]`` of the model's encoder, row-aligned with ``answers.photos``.
        learnt: ``[N]`` 0 new to the model, 1 trained on, 2 used to choose its settings (validation); all -1 where the
            photos that it learnt from are not on this computer.
        layouts: at least one; the page opens with the first.
        paths: the file of every photo, by id.
        cells: makes the feature map's cells of all photos, told to whom to say how far it is; raises ``InputError``
            where the model gives none out.
        parts: by key; each satisfies :class:`Part`.
        not_measured: key to why, in a sentence.
        command: that makes it again.
    """

    model: str
    dataset: str
    content_hash: str
    part: str
    answers: Answers
    embeddings: NDArray[np.float32]
    learnt: NDArray[np.int64]
    layouts: tuple[Layout, ...] = ()
    paths: Mapping[str, Path] = field(default_factory=dict)
    cells: Callable[[Callable[[int, int], None] | None], Cells] | None = None
    parts: Mapping[str, Part] = field(default_factory=dict)
    not_measured: Mapping[str, str] = field(default_factory=dict)
    command: str = ""
