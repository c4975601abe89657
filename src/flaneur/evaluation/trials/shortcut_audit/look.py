"""A photo with its donors, and what it is to be compared with: what goes into the alterations of the shortcut audit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from flaneur.evaluation.trials.shortcut_audit import alterations as alter
from flaneur.evaluation.trials.shortcut_audit.alterations import Area, Pixels, Tables
from flaneur.evaluation.trials.shortcut_audit.donors import CityLook

STRIP = 0.08
_ABOVE = 0.32
_CORNER, _INSET = 0.15, 0.24
_FRAME = 0.19


@dataclass(frozen=True, slots=True)
class Look:
    """A photo, two donors and what their cities' photos share.

    Args:
        pixels: ``[S, S, 3]`` as the network sees it.
        other: of a photo of another city.
        own: of another place of the same city.
        here: the photo's city.
        there: the city of ``other``.
        blank: the colour that says nothing to the network.
        decoded: the photo before it was made ``pixels`` of.
        other_tables: JPEG quantisation tables of the file of ``other``; ``None`` where it has none.
        own_tables: likewise of ``own``.
        square: what makes ``pixels`` of ``decoded``.
    """

    pixels: Pixels
    other: Pixels
    own: Pixels
    here: CityLook
    there: CityLook
    blank: tuple[int, int, int]
    decoded: Image.Image
    other_tables: Tables | None
    own_tables: Tables | None
    square: Callable[[Image.Image], Pixels]

    def saved_like(self, tables: Tables | None) -> Pixels:
        """The photo saved with these tables, as the network sees it then."""
        return self.pixels if tables is None else self.square(alter.saved_with(self.decoded, tables))


Alter = Callable[[Look], Pixels]
"""A photo with its donors to an altered version of it."""
Where = Callable[[int], Area]
"""Side of the photo in pixels to an area of it."""


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way in which the photos are changed before the model sees them.

    Args:
        name: in ``report.json``, such as ``no_sky``.
        title: for people.
        what: what is done to the pixels, in one sentence.
        kind: ``removal`` (something is covered or taken away), ``camera`` (as another camera would have made the same
            photo) or ``transplant`` (something of another city's photos is put onto this one).
        leaning: on what a model leans that fails here, for the end of a sentence; empty where it cannot be told.
    """

    name: str
    title: str
    what: str
    kind: str
    leaning: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """An alteration and what it is compared with.

    Args:
        told: what it is.
        altered: the altered photo.
        controls: equal alterations that cannot be a shortcut.
        elsewhere: transplants of an area only: an equal area elsewhere, from the other city and from the own one.
    """

    told: Alteration
    altered: Alter
    controls: tuple[Alter, ...] = ()
    elsewhere: tuple[Alter, ...] = ()

    @property
    def all(self) -> tuple[Alter, ...]:
        """Every version of a photo that is asked about."""
        return (self.altered, *self.controls, *self.elsewhere)


def bottom(size: int) -> Area:
    """The lowest 8 %."""
    return alter.strip(size, 1 - STRIP, 1)


def band(size: int) -> Area:
    """As much, some way above the lower edge."""
    return np.roll(bottom(size), -round(_ABOVE * size), axis=0)


def centre(size: int) -> Area:
    """A square in the middle, 19 % of the area."""
    return alter.middle(size, _FRAME)


def frame(size: int) -> Area:
    """As much along the four sides."""
    return alter.border(size, _FRAME)


def corners(size: int) -> Area:
    """Four squares in the corners."""
    return alter.corners(size, _CORNER)


def further_in(size: int) -> Area:
    """As large four squares that touch neither edge nor corner."""
    return alter.corners(size, _CORNER, _INSET)
