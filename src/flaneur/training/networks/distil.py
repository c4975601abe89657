"""A finished model in; a teacher out, which says what that model makes of the very pixels that a student trains on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.folder import Bundle
from flaneur.bundle.inference import open_session
from flaneur.errors import UsageError
from flaneur.protocols import PreprocessSpec

if TYPE_CHECKING:
    from flaneur.training.networks.loss import Teacher


def teacher_of(bundle: Bundle, cities: Sequence[str], *, threads: int = 1) -> Teacher:
    """A model as a teacher.

    Args:
        bundle: the model.
        cities: slugs in the order of the student's logits.
        threads: that it may use.

    Returns:
        A function of ``[B, 3, H, W]`` and the spec these were normalised by, to calibrated logits ``[B, C]``. The
        pixels are brought to the teacher's own size and statistics.

    Raises:
        UsageError: it knows other cities.
    """
    refuse_other_cities(bundle, cities)
    known = [city.slug for city in bundle.card.cities]
    order = [known.index(city) for city in cities]
    session, own, temperature = (
        open_session(bundle.model, threads=threads),
        bundle.card.preprocess,
        bundle.card.temperature,
    )

    def answer(images: NDArray[np.float32], spec: PreprocessSpec) -> NDArray[np.float32]:
        (logits,) = session.run(["logits"], {"image": translate(images, spec, own)})
        return np.asarray(logits[:, order] / temperature, np.float32)

    return answer


def refuse_other_cities(bundle: Bundle, cities: Sequence[str]) -> None:
    """Check that a teacher tells exactly these cities apart; costs nothing.

    Raises:
        UsageError: it knows others.
    """
    card = bundle.card
    known = [city.slug for city in card.cities]
    if missing := sorted(set(cities) - set(known)):
        raise UsageError(f"distil.teacher {card.name!r} does not know {', '.join(missing)}. Teach it first.")
    if further := sorted(set(known) - set(cities)):
        raise UsageError(
            f"distil.teacher {card.name!r} also knows {', '.join(further)}, which the dataset lacks. "
            "Both must tell the same cities apart."
        )


def translate(images: NDArray[np.float32], spec: PreprocessSpec, own: PreprocessSpec) -> NDArray[np.float32]:
    """Images that were normalised for one network, as another is used to them.

    Args:
        images: ``[B, 3, H, W]``.
        spec: by which they were normalised.
        own: of the other network.
    """
    import torch
    from torch.nn.functional import interpolate

    pixels: Any = torch.from_numpy(images * _column(spec.std) + _column(spec.mean))
    if pixels.shape[-1] != own.size_px:
        pixels = interpolate(pixels, size=(own.size_px, own.size_px), mode="bilinear", antialias=True)
    made: NDArray[np.float32] = ((pixels.numpy() - _column(own.mean)) / _column(own.std)).astype(np.float32)
    return made


def _column(values: Sequence[float]) -> NDArray[np.float32]:
    return np.asarray(values, np.float32).reshape(1, 3, 1, 1)
