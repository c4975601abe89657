"""A model and a dataset in; its atlas out: embeddings, answers, planes, and further parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.card import Card
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.encoder import OnnxEncoder
from flaneur.errors import UsageError
from flaneur.evaluation.overlap import learnt_from
from flaneur.evaluation.run import What, photos_of
from flaneur.explain.atlas.answers import answers_of
from flaneur.explain.atlas.atlas import Atlas as Atlas
from flaneur.explain.atlas.atlas import Layout, Progress
from flaneur.explain.atlas.cells import cells_of
from flaneur.explain.atlas.neighbours import NEAREST, neighbours_kept
from flaneur.explain.atlas.parts import with_parts
from flaneur.explain.atlas.positions2d import check_method, plane, principal
from flaneur.predict import Model, load
from flaneur.training.heads.features import features
from flaneur.types import Photo

_FEW = f"Not measured: neighbours kept. It takes more than {NEAREST + 1} photos, of several places."
NEW, TRAINED_ON, CHOSEN_ON, NOT_TOLD = 0, 1, 2, -1


@dataclass(frozen=True, slots=True)
class MapSettings:
    """Which maps are made.

    Args:
        methods: ``tsne``, ``pca``, ``umap``; the page opens with the first.
        seed: of what they and their intervals draw; equal seeds give equal atlases.

    Raises:
        UsageError: no such map, or its package is not installed.
    """

    methods: Sequence[str] = ("tsne", "pca")
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.methods, str) or not self.methods:
            raise UsageError(f"methods={self.methods!r}: give maps as a list, such as ['tsne', 'pca'].")
        for method in self.methods:
            check_method(method)


class MapWords(TypedDict, total=False):
    """The same as keywords."""

    methods: Sequence[str]
    seed: int


def atlas(
    model: str | Path | Model,
    dataset: str | Path | Dataset,
    split: str = "all",
    *,
    map_only: bool = False,
    progress: Progress | None = None,
    **settings: Unpack[MapWords],
) -> Atlas:
    """Lay out a dataset's photos as a model sees them. Embeddings that are in the cache are not computed again.

    Args:
        model: a name, a folder or file, or what :func:`flaneur.load` returns.
        dataset: a name, a folder, or what :func:`flaneur.open_dataset` returns.
        split: ``all`` photos, or ``test``, ``validation``, ``train``; ``NAME/PART`` for another split than ``default``.
        map_only: leave out everything else.
        progress: told stage, how much is done, of how much.
        settings: ``methods`` and ``seed``; see :class:`MapSettings`.

    Raises:
        InputError: no such model, dataset or split; no photo can be read, or too few for a map.
        UsageError: no such map or part.

    For a model ``base`` and a dataset ``cities``::

        found = flaneur.atlas("base", "cities")
        found.layouts[0].positions            # [N, 2]
        found.answers.photos                  # N photos, in the same order
    """
    wanted = MapSettings(**settings)
    what = What.parse(split)
    asked = model if isinstance(model, Model) else load(model)
    data = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    photos = photos_of(data, what)

    def embedded(done: int, total: int) -> None:
        if progress is not None:
            progress("embed", done, total)

    found = features(data, OnnxEncoder.from_bundle(asked.bundle), photos, embedded)
    answers = answers_of(asked, found)
    layouts = _layouts(found.embeddings, answers.places, wanted, progress)
    made = Atlas(
        model=asked.name,
        dataset=data.name,
        content_hash=data.content_hash,
        part="all" if what.part == "all" else f"{what.split}/{what.part}",
        answers=answers,
        embeddings=found.embeddings,
        learnt=_learnt(asked.card, data, found.photos),
        layouts=layouts,
        paths={photo.id: data.image_path(photo) for photo in found.photos},
        cells=partial(cells_of, asked, data, found.photos),
        not_measured={"neighbours_kept": _FEW} if any(np.isnan(one.kept.value) for one in layouts) else {},
        command=_command(asked, data, what, wanted),
    )
    return made if map_only else with_parts(made, progress)


def _layouts(
    embeddings: NDArray[np.float32], places: NDArray[np.intp], wanted: MapSettings, progress: Progress | None
) -> tuple[Layout, ...]:
    components, methods = principal(embeddings), list(dict.fromkeys(wanted.methods))
    made = []
    for number, method in enumerate(methods):
        if progress is not None:
            progress("layout", number, len(methods))
        positions, settings = plane(components, method, wanted.seed)
        kept = neighbours_kept(components, positions, places, wanted.seed)
        made.append(Layout(method, positions, kept, settings))
    if progress is not None:
        progress("layout", len(methods), len(methods))
    return tuple(made)


def _command(model: Model, dataset: Dataset, what: What, wanted: MapSettings) -> str:
    """The command that makes the same atlas."""
    usual, asked = MapSettings(), tuple(dict.fromkeys(wanted.methods))
    part = "" if what.part == "all" else f" --split {what.split}/{what.part}"
    methods = "" if asked == usual.methods else "".join(f" --method {one}" for one in asked)
    seed = "" if wanted.seed == usual.seed else f" --seed {wanted.seed}"
    return f"flaneur atlas {model.card.name} {dataset.name}{part}{methods}{seed}"


def _learnt(card: Card, dataset: Dataset, photos: Sequence[Photo]) -> NDArray[np.int64]:
    """``[N]`` see :class:`flaneur.explain.atlas.atlas.Atlas`."""
    learnt = learnt_from(card, dataset)
    if learnt is None:
        return np.full(len(photos), NOT_TOLD, np.int64)
    known = {photo.sha256: CHOSEN_ON for photo in learnt.validation}
    known |= {photo.sha256: TRAINED_ON for photo in learnt.train}
    return np.array([known.get(photo.sha256, NEW) for photo in photos], np.int64)
