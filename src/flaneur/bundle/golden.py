"""A seed in; generated pictures with the answers a model must give to them, replayed wherever the model is moved.

The pictures are drawn, so no photo of anybody travels with a model.
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.bundle.inference import Session, run_batch
from flaneur.decode import decode
from flaneur.errors import IntegrityError
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec

TOLERANCE = 1e-3
"""Largest difference of a logit between the machine that wrote the model and the one that replays it."""


@dataclass(frozen=True, slots=True)
class Golden:
    """Pictures and what the model said of them.

    Args:
        pictures: file name to PNG.
        expected: file name to ``{"logits": [C numbers], "novelty": number or None}``.
    """

    pictures: dict[str, bytes]
    expected: dict[str, dict[str, Any]]


def draw_pictures(count: int = 4, seed: int = 0, size_px: int = 160) -> dict[str, bytes]:
    """Seeded pictures: a sky, a ground and some blocks between them.

    >>> sorted(draw_pictures(2))
    ['picture-1.png', 'picture-2.png']
    """
    rng = np.random.default_rng(seed)
    return {f"picture-{number}.png": _png(_draw(rng, size_px)) for number in range(1, count + 1)}


def _draw(rng: np.random.Generator, size_px: int) -> NDArray[np.uint8]:
    width, horizon = size_px * 4 // 3, int(size_px * rng.uniform(0.4, 0.6))
    picture = np.empty((size_px, width, 3), np.uint8)
    fade = np.linspace(0, 1, size_px)[:, None, None]
    picture[:] = (rng.integers(80, 256, 3) * (1 - fade) + rng.integers(60, 200, 3) * fade).astype(np.uint8)
    picture[horizon:] = rng.integers(40, 160, 3)
    for _ in range(8):
        left, top = rng.integers(0, width - 20), rng.integers(0, horizon)
        right, bottom = left + rng.integers(8, 60), horizon + rng.integers(0, 20)
        picture[top:bottom, left:right] = rng.integers(0, 256, 3)
        picture[top + 3 : bottom : 8, left + 2 : right : 6] = rng.integers(0, 256, 3)
    return picture


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return file.getvalue()


def answers(session: Session, spec: PreprocessSpec, pictures: dict[str, bytes]) -> dict[str, dict[str, Any]]:
    """What a model says of the pictures; the ``expected`` of :class:`Golden`."""
    names = {output.name for output in session.get_outputs()}
    wanted = [name for name in ("logits", "novelty") if name in names]
    found = {}
    for name, data in pictures.items():
        (row,) = run_batch(session, preprocess(decode(data).image, spec)[None], wanted)
        novelty = float(row["novelty"]) if "novelty" in row else None
        found[name] = {"logits": [float(value) for value in row["logits"]], "novelty": novelty}
    return found


def replay(session: Session, spec: PreprocessSpec, golden: Golden) -> list[str]:
    """Differences between the answers now and then, in words; empty if all is well.

    Raises:
        IntegrityError: the expected answers are not readable.
    """
    problems = []
    found = answers(session, spec, golden.pictures)
    for name, now in found.items():
        try:
            then = golden.expected[name]
            values = [*then["logits"], *([] if then["novelty"] is None else [then["novelty"]])]
            expected = np.asarray(values, np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise IntegrityError(f"golden/expected.json has no usable answers for {name} ({error}).") from error
        got = np.array([*now["logits"], *([] if now["novelty"] is None else [now["novelty"]])])
        if got.shape != expected.shape:
            problems.append(f"golden/{name}: {got.size} numbers, expected {expected.size}")
        elif not np.allclose(got, expected, rtol=0, atol=TOLERANCE):
            problems.append(f"golden/{name}: off by {np.abs(got - expected).max():.2g}, more than {TOLERANCE:g}")
    return problems
