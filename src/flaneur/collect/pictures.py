"""A chosen candidate in; its pictures, checked, cut and stored, or the reasons why not, out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.collect.refuse import refusal
from flaneur.dataset.ingest import store_photo
from flaneur.dataset.views import perspective
from flaneur.decode import decode
from flaneur.errors import InputError, PhotoError
from flaneur.protocols import Candidate, Source, View, Wish

if TYPE_CHECKING:
    from flaneur.net import Client

_JPEG_QUALITY = 92


class LaterError(InputError):
    """A provider cannot be reached, or not for this; later perhaps."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One stored picture.

    Args:
        key: of the candidate, or with a number where there are several.
        sha256: of the stored bytes.
        file: where it lies below the folder it was stored in.
        width: in pixels.
        height: likewise.
        heading_deg: where it looks, where known.
        pitch_deg: likewise.
        fov_deg: its horizontal field of view, where known.
    """

    key: str
    sha256: str
    file: str
    width: int
    height: int
    heading_deg: float | None
    pitch_deg: float
    fov_deg: float | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One picture that is not used.

    Args:
        key: as in :class:`Picture`.
        reason: stable code, such as ``no_imagery``.
        detail: one line for people.
    """

    key: str
    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a candidate; for good.

    Args:
        key: of the candidate.
        pictures: stored.
        refused: the others.
    """

    key: str
    pictures: tuple[Picture, ...] = ()
    refused: tuple[Refusal, ...] = ()


def obtain(source: Source, candidate: Candidate, wish: Wish, client: Client, root: Path) -> Outcome:
    """Fetch the pictures of one candidate, cut a panorama into views, refuse what shows nothing, store the rest.

    Args:
        source: that offers it.
        candidate: chosen.
        wish: what is wanted of each place.
        client: to ask with.
        root: folder to store in, below ``images``.

    Raises:
        LaterError: it cannot be had now, but perhaps later.
        InputError: it cannot be written.
    """
    try:
        fetched = source.fetch(candidate, wish, client)
        views = list(_cut(fetched, candidate, wish)) if candidate.is_panorama else fetched
    except PhotoError as error:
        return Outcome(candidate.key, refused=(Refusal(candidate.key, error.code, str(error)),))
    except InputError as error:
        raise LaterError(str(error)) from error
    pictures: list[Picture] = []
    refused: list[Refusal] = []
    for number, (view, data) in enumerate(views, 1):
        key = candidate.key if len(views) == 1 else f"{candidate.key}-{number}"
        try:
            pictures.append(_store(key, view, data, root))
        except PhotoError as error:
            refused.append(Refusal(key, error.code, str(error)))
    return Outcome(candidate.key, tuple(pictures), tuple(refused))


def _cut(fetched: list[tuple[View, bytes]], candidate: Candidate, wish: Wish) -> Iterator[tuple[View, bytes]]:
    """Views of the panorama, as many as are wished for."""
    for _, data in fetched:
        panorama = np.asarray(_decoded(candidate.key, data))
        for view in wish.directions(candidate.key):
            pixels = perspective(
                panorama,
                heading_deg=view.heading_deg or 0.0,
                pitch_deg=view.pitch_deg,
                fov_deg=wish.fov_deg,
                size_px=wish.size_px,
                pano_heading_deg=candidate.heading_deg or 0.0,
            )
            known = view if candidate.heading_deg is not None else View(None, view.pitch_deg, view.fov_deg)
            yield known, _jpeg(pixels)


def _store(key: str, view: View, data: bytes, root: Path) -> Picture:
    found = refusal(_decoded(key, data))
    if found is not None:
        raise PhotoError(found[0], f"{key}: {found[1]}")
    stored = store_photo(data, root, key)
    return Picture(
        key, stored.sha256, stored.file, stored.width, stored.height, view.heading_deg, view.pitch_deg, view.fov_deg
    )


def _decoded(key: str, data: bytes) -> Image.Image:
    try:
        return decode(data).image
    except PhotoError as error:
        raise PhotoError(error.code, str(error).replace("this photo", key, 1)) from error


def _jpeg(pixels: NDArray[np.uint8]) -> bytes:
    out = BytesIO()
    Image.fromarray(pixels).save(out, "JPEG", quality=_JPEG_QUALITY)
    return out.getvalue()
