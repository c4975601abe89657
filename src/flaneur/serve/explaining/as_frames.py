"""A heat map in; JSON values and blocks of bytes out, and back without loss. Nothing in them is code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from PIL import Image

from flaneur.explain.faithfulness import Faithfulness
from flaneur.explain.heatmap import Heatmap
from flaneur.serve.children.frames import Frame
from flaneur.types import City, exact_values, from_exact_values


def to_frame(heatmap: Heatmap) -> Frame:
    """What :func:`from_frame` makes the same heat map of, given the cities; without evidence."""
    against, faithfulness = heatmap.against, heatmap.faithfulness
    header = {
        "box": list(heatmap.box),
        "shape": list(heatmap.values.shape),
        "size": list(heatmap.image.size),
        "city": heatmap.city.slug,
        "against": None if against is None else against.slug,
        "method": heatmap.method,
        "settings": dict(heatmap.settings),
        "score": heatmap.score,
        "prediction": exact_values(heatmap.prediction),
        "faithfulness": None if faithfulness is None else asdict(faithfulness),
    }
    return header, [np.ascontiguousarray(heatmap.values, np.float32).tobytes(), heatmap.image.tobytes()]


def from_frame(header: Mapping[str, Any], blocks: Sequence[bytes], cities: Sequence[City]) -> Heatmap:
    """The heat map of a frame.

    Args:
        header: of :func:`to_frame`.
        blocks: likewise.
        cities: of the model.

    Raises:
        ValueError: it is not whole.
        KeyError: a value lacks, or a city is not the model's.
        TypeError: a value is of another kind.
    """
    by_slug = {city.slug: city for city in cities}
    values, pixels = blocks
    width, height = header["size"]
    left, top, right, bottom = (float(share) for share in header["box"])
    faithfulness = header["faithfulness"]
    return Heatmap(
        values=np.frombuffer(values, np.float32).reshape(header["shape"]),
        image=Image.frombytes("RGB", (width, height), pixels),
        box=(left, top, right, bottom),
        city=by_slug[header["city"]],
        against=None if header["against"] is None else by_slug[header["against"]],
        method=header["method"],
        settings=header["settings"],
        score=header["score"],
        prediction=from_exact_values(header["prediction"], by_slug),
        faithfulness=None if faithfulness is None else Faithfulness(**faithfulness),
    )
