"""A model and a dataset in; the photos, and the places in them, that excite channels of its last map most, out.

No torch is needed: the map is one of the network's outputs, and is kept beside the dataset as embeddings are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from flaneur.dataset.store import Dataset
from flaneur.decode import decode
from flaneur.errors import InputError, UsageError
from flaneur.evaluation.run import What, photos_of
from flaneur.explain.atlas.cells import cells_of
from flaneur.explain.sheet import FAINT, PAPER, beside, fitted, framed, stacked, text
from flaneur.explain.square import Box, pixels
from flaneur.explain.words import city_name
from flaneur.predict import Model
from flaneur.types import Photo

SHOWN = 6
_WIDTH, _MARGIN, _GAP = 1000, 40, 10
_LEAST_PX = 400
_FOOT = (
    "Each channel's strongest photos, one a place, with the cell where it is strongest and half a cell round it, and "
    "below that part alone. A cell knows of more of the photo than its frame. For a city: the channel that tells its "
    "photos best from all others in half of the places; shown are photos of the other half, of any city."
)


@dataclass(frozen=True, slots=True)
class Excited:
    """A photo that excites a channel.

    Args:
        photo: it.
        path: its file.
        value: the channel's highest.
        box: where that is, as shares of the photo's width and height.
    """

    photo: Photo
    path: Path
    value: float
    box: Box


@dataclass(frozen=True, slots=True)
class Channel:
    """What excites one channel.

    Args:
        number: from 0.
        city: slug of the city for which it was chosen; empty where it was asked for.
        strongest: photos of different places, strongest first.
    """

    number: int
    city: str
    strongest: tuple[Excited, ...]


@dataclass(frozen=True)
class Exciting:
    """What excites channels of a model's last map.

    Args:
        model: its name.
        dataset: of the photos.
        looked_at: how many photos.
        channels: as asked for, or one a city.
    """

    model: str
    dataset: str
    looked_at: int
    channels: tuple[Channel, ...]

    def sheet(self) -> Image.Image:
        """A row of photos and a row of their parts for each channel, 1080 wide."""
        blocks = [text(f"What excites {self.model}", _WIDTH, 48, bold=True)]
        for channel in self.channels:
            chosen = f", chosen for {city_name(channel.city)}" if channel.city else ""
            blocks.append(text(f"Channel {channel.number}{chosen}", _WIDTH, 32))
            side = (_WIDTH - _GAP * (SHOWN - 1)) // SHOWN
            blocks.append(beside([_cell(one, side) for one in channel.strongest], _GAP))
        blocks.append(text(f"{_FOOT} {self.looked_at:,} photos of {self.dataset}.", _WIDTH, 26, FAINT))
        return framed(stacked(blocks, 20), _MARGIN)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; files are not told."""
        return {
            "model": self.model,
            "dataset": self.dataset,
            "photos": self.looked_at,
            "channels": [
                {
                    "channel": channel.number,
                    "chosen_for": channel.city or None,
                    "strongest": [
                        {
                            "photo": one.photo.id,
                            "city": one.photo.city,
                            "value": round(one.value, 4),
                            "box": [round(share, 4) for share in one.box],
                            "author": one.photo.author,
                            "licence": one.photo.licence,
                            "page_url": one.photo.page_url,
                        }
                        for one in channel.strongest
                    ],
                }
                for channel in self.channels
            ],
        }


def exciting(
    model: Model,
    dataset: Dataset,
    split: str = "test",
    channels: Sequence[int] = (),
    progress: Callable[[int, int], None] | None = None,
) -> Exciting:
    """The photos that excite channels most.

    Args:
        model: that gives out a feature map.
        dataset: whose photos are looked at; the map is kept beside it.
        split: ``test``, ``validation``, ``train``, ``NAME/PART``, or ``all``.
        channels: of the map, from 0; by default one a city: that which tells its photos best from all others, by the
            difference of its highest values in standard deviations, in every other place, none of which is shown.
        progress: told how many photos are done of how many.

    Raises:
        InputError: no such split, no feature map, a photo that cannot be read, or places too few to choose by.
        UsageError: no such channel.
    """
    photos = photos_of(dataset, What.parse(split))
    cells = cells_of(model, dataset, photos, progress)
    flat = cells.values.reshape(*cells.values.shape[:2], -1)
    peaks, where = flat.max(axis=2), flat.argmax(axis=2)
    unknown = [channel for channel in channels if not 0 <= channel < peaks.shape[1]]
    if unknown:
        raise UsageError(f"{model.name!r} has channels 0 to {peaks.shape[1] - 1}; {unknown[0]} is none of them.")
    places = np.unique([f"{photo.city}\0{photo.place}" for photo in photos], return_inverse=True)[1]
    wanted, shown = [(channel, "") for channel in channels], np.arange(len(photos))
    if not wanted:
        half = places % 2 == 0  # they are in the order of cities: half of each city's
        wanted, shown = _telling(peaks[half], np.array([photo.city for photo in photos])[half]), np.flatnonzero(~half)

    def excited(row: int, channel: int) -> Excited:
        photo = photos[row]
        box = cells.box(photo, int(where[row, channel]))
        return Excited(photo, dataset.image_path(photo), float(peaks[row, channel]), box)

    found = [
        Channel(channel, city, tuple(excited(row, channel) for row in _strongest(peaks[:, channel], places, shown)))
        for channel, city in wanted
    ]
    return Exciting(model.name, dataset.name, len(photos), tuple(found))


def _telling(peaks: NDArray[np.float32], cities: NDArray[np.str_]) -> list[tuple[int, str]]:
    """The channel of each city that tells it best from all others."""
    known = sorted(set(cities.tolist()))
    if len(known) < 2:
        raise InputError("there are too few cities or places to choose channels by. Name some: --channel N.")
    spread = np.maximum(peaks.std(axis=0), np.float32(1e-12))
    gaps = [(peaks[cities == city].mean(axis=0) - peaks[cities != city].mean(axis=0)) / spread for city in known]
    return [(int(gap.argmax()), city) for gap, city in zip(gaps, known, strict=True)]


def _strongest(peaks: NDArray[np.float32], places: NDArray[np.intp], rows: NDArray[np.intp]) -> list[int]:
    """Rows with the highest peaks, one a place."""
    found: dict[int, int] = {}
    for row in rows[np.argsort(-peaks[rows], kind="stable")].tolist():
        if len(found) == SHOWN:
            break
        found.setdefault(int(places[row]), row)
    return list(found.values())


def _cell(one: Excited, side: int) -> Image.Image:
    """A photo with the exciting part framed, that part below it, and its city."""
    image = decode(one.path, at_least_px=_LEAST_PX).image
    part = fitted(image.crop(pixels(one.box, image.size)), side, side)
    photo = fitted(image, side, side)
    left, top, right, bottom = pixels(one.box, photo.size)
    ImageDraw.Draw(photo).rectangle((left, top, right - 1, bottom - 1), outline=PAPER, width=3)
    column = Image.new("RGB", (side, 2 * side + _GAP), PAPER)
    column.paste(photo, (0, side - photo.height))
    column.paste(part, (0, side + _GAP))
    return stacked([column, text(f"{city_name(one.photo.city)} {one.value:.2f}", side, 22, FAINT)], 4)
