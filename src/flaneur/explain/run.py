"""A model and a photo in; what in the photo speaks for a city, with how far to trust that, out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypedDict

import numpy as np
from PIL import Image

from flaneur import discover
from flaneur.dataset.store import open_dataset
from flaneur.errors import UsageError, did_you_mean
from flaneur.explain.evidence import KnownPhotos
from flaneur.explain.faithfulness import Relevance, measure_faithfulness
from flaneur.explain.heatmap import Heatmap as Heatmap
from flaneur.explain.method_settings import read_settings
from flaneur.explain.opened import Opened, shown
from flaneur.explain.square import spread
from flaneur.explain.target import Target, target
from flaneur.predict import Model, View, load

METHODS = "flaneur.explain.methods"
DEFAULT_METHOD = "occlusion"
QUICK: Mapping[str, Mapping[str, Any]] = {
    "occlusion": {"sizes": [0.3]},
    "inclusion": {"sizes": [0.3]},
    "rise": {"masks": 100},
}
"""Settings by method that take a third of the time; docs/explanation/maps.md measured how faithful maps are then."""


class How(TypedDict, total=False):
    """What can be said to :func:`explain` by name, and what it is; see there."""

    city: str | None
    against: str | None
    method: str
    settings: Mapping[str, Any] | None
    check: bool
    known: KnownPhotos | str | Path | None


def explain(  # noqa: PLR0913 - what can be said, for all to see
    model: Model | str | Path,
    photo: View | Opened,
    *,
    city: str | None = None,
    against: str | None = None,
    method: str = DEFAULT_METHOD,
    settings: Mapping[str, Any] | None = None,
    check: bool = True,
    known: KnownPhotos | str | Path | None = None,
    **unknown: object,
) -> Heatmap:
    """Show what in a photo speaks for a city, as a model sees it.

    Args:
        model: a name, a folder or file, or what :func:`flaneur.load` returns.
        photo: a path, bytes or picture; or what :func:`flaneur.explain.opened.opened` made of bytes.
        city: slug of the city that is spoken for; the model's first choice by default.
        against: slug of a city, to show what speaks for the one rather than the other; all others by default.
        method: one of :func:`methods`.
        settings: of the method, by name; see its module's ``SETTINGS``.
        check: whether to measure how far to trust the map.
        known: dataset to look for the nearest known photos in; for many photos a
            :class:`flaneur.explain.evidence.KnownPhotos`, made once.
        unknown: anything else is refused, with a hint at what was meant.

    Returns:
        The map; ``map.save("why.png")`` writes a picture of it.

    Raises:
        PhotoError: the photo cannot be read.
        UsageError: no single photo, a city, a method or a setting that there is not, or a method that this model or
            installation lacks something for.

    For a model ``base`` and a photo ``street.jpg``::

        why = flaneur.explain("base", "street.jpg", city="london", against="new-york")
        why.peak, why.faithfulness
        why.save("why.png")
    """
    _check_told(photo, method, unknown)
    model = model if isinstance(model, Model) else load(model)
    settings = dict(settings or {})
    seen = photo if isinstance(photo, Opened) else None
    view = photo.view if isinstance(photo, Opened) else photo
    asked = target(model, view, city, against)
    values, picture = relevance(asked, method, settings), shown(view) if seen is None else seen.shown
    prediction = model.predict(view)
    evidence = _known(model, known)

    def again(other: Target) -> Relevance:
        return relevance(other, method, settings)

    return Heatmap(
        values=spread(values, asked.box, picture.size),
        image=picture,
        box=asked.box,
        city=model.cities[asked.city],
        against=None if asked.against is None else model.cities[asked.against],
        method=method,
        settings=settings,
        score=asked.score,
        prediction=prediction if seen is None else replace(prediction, gps_in_file=seen.gps),
        faithfulness=measure_faithfulness(asked, values, again) if check else None,
        evidence=None if evidence is None else evidence.nearest(asked),
    )


def methods() -> list[str]:
    """Names of the methods that make maps.

    >>> "occlusion" in methods()
    True
    """
    return discover.names(METHODS)


def relevance(asked: Target, method: str, settings: Mapping[str, Any] | None = None) -> Relevance:
    """A method's map of the square that a network sees.

    Args:
        asked: from :func:`flaneur.explain.target.target`.
        method: one of :func:`methods`.
        settings: of the method, by name.

    Returns:
        ``[S, S]``; higher speaks more for the city. 0 throughout where the square is of one colour: no part of it can
        then say more than another, and what a network's border effects would draw is not shown.

    Raises:
        UsageError: no such method or setting, or the model's graph gives out no feature map where one is needed.
    """
    module = discover.load(METHODS, method)
    if module.NEEDS == "feature_map" and "feature_map" not in asked.outputs:
        others = ", ".join(name for name in methods() if not discover.load(METHODS, name).NEEDS)
        raise UsageError(
            f"{method!r} needs a feature map, and model {asked.model.name!r} gives out none. Use {others}, or export "
            "its network again."
        )
    if not np.ptp(asked.picture(), axis=(0, 1)).any():
        read_settings(module.SETTINGS, settings or {}, method)
        return np.zeros((asked.size_px, asked.size_px), np.float32)
    values: Relevance = module.explain(asked, settings or {})
    return values


def _check_told(photo: object, method: str, unknown: Mapping[str, object]) -> None:
    """Refuse what is no photo, and words that :func:`explain` does not know: settings of the method among them."""
    if not isinstance(photo, str | Path | bytes | Image.Image | Opened):
        raise UsageError(
            f"explain() takes one photo, a path, bytes or a PIL picture, and not {type(photo).__name__!r}. For several "
            "call it for each; PIL.Image.fromarray makes a picture of an array."
        )
    for name in sorted(unknown):
        hint = did_you_mean(name, How.__annotations__)
        if method in methods() and name in discover.load(METHODS, method).SETTINGS.__dataclass_fields__:
            hint = f" It is a setting of {method!r}: settings={{{name!r}: {unknown[name]!r}}}."
        raise UsageError(f"explain() knows no {name!r}.{hint}")


def _known(model: Model, known: KnownPhotos | str | Path | None) -> KnownPhotos | None:
    return KnownPhotos(model, open_dataset(known)) if isinstance(known, str | Path) else known
