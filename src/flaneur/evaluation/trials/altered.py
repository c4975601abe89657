"""A photo and its donors in; every altered version that the shortcut audit asks about, with its controls, out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PIL import Image

from flaneur.evaluation.trials import alterations as alter
from flaneur.evaluation.trials.alterations import Area, Pixels, Tables
from flaneur.evaluation.trials.donors import CityLook, colour_gains, fixed_marks, grain_there, light_gains

_STRIP = 0.08
_CORNER, _INSET = 0.15, 0.24  # as large four squares that touch neither edge nor corner
_FRAME = 0.19
_WARM = (1.08, 1.0, 0.92)
_COOL = (0.92, 1.0, 1.08)
_FALL_OFF = np.array([1.0, 0.99, 0.95, 0.89, 0.8, 0.7], np.float32)


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
_Where = Callable[[int], Area]


@dataclass(frozen=True, slots=True)
class Alteration:
    """One way in which the photos are changed before the model sees them.

    Args:
        name: in ``report.json``, such as ``no_sky``.
        title: for people.
        what: what is done to the pixels, in one sentence.
        kind: ``removal`` (something is covered), ``spoilt`` (all of it says less), ``camera`` (as another camera would
            have made the same photo) or ``transplant`` (something of another city's photos is put onto this one).
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


def versions() -> tuple[Versions, ...]:
    """Everything the audit tries, in the order of the report."""
    return (*_removals(), *_spoilt(), *_cameras(), *_areas_transplanted(), *_cameras_transplanted())


def _removals() -> tuple[Versions, ...]:
    def removal(name: str, title: str, what: str, leaning: str, *areas: _Where) -> Versions:
        first, *rest = [_covered(area) for area in areas]
        return Versions(Alteration(name, title, what, "removal", leaning), first, tuple(rest))

    return (
        removal(
            "no_sky",
            "Without the upper third",
            "The upper third, where the sky is, is covered; the control covers one of the other two.",
            "the sky",
            lambda size: alter.strip(size, 0, 1 / 3),
            lambda size: alter.strip(size, 1 / 3, 2 / 3),
            lambda size: alter.strip(size, 2 / 3, 1),
        ),
        removal(
            "no_bottom",
            "Without the bottom strip",
            "The lowest 8 % are covered, where bonnets and watermarks are; the control covers as much above the road.",
            "the bottom strip",
            _bottom,
            _band,
        ),
        removal(
            "no_centre",
            "Without the centre",
            "A square in the middle, 19 % of the area, is covered; the control covers the border.",
            "the centre",
            _centre,
            _frame,
        ),
        removal(
            "no_border",
            "Without the border",
            "A frame of 19 % of the area is covered; the control covers the middle.",
            "the border",
            _frame,
            _centre,
        ),
        removal(
            "no_corners",
            "Without the corners",
            "Four squares of 15 % of the side are covered; the control covers four such squares further in.",
            "the corners",
            _corners,
            _further_in,
        ),
        Versions(
            Alteration(
                "watermark",
                "A watermark strip added",
                "A dark strip with light letters along the lower edge; the control covers it without letters.",
                "removal",
                "the bottom strip",
            ),
            lambda look: alter.watermarked(look.pixels, _STRIP),
            (_covered(_bottom),),
        ),
    )


def _spoilt() -> tuple[Versions, ...]:
    def spoilt(name: str, title: str, what: str, how: Callable[[Pixels], Pixels]) -> Versions:
        return Versions(Alteration(name, title, what, "spoilt"), lambda look: how(look.pixels))

    return (
        spoilt("grey", "Without colour", "Only brightness is left.", alter.grey),
        spoilt("blurred", "Without fine detail", "Blurred by a fiftieth of the side.", alter.blurred),
        spoilt("outline", "Only the outline", "Dark lines where brightness changes, on white.", alter.outline),
    )


def _cameras() -> tuple[Versions, ...]:
    def camera(name: str, title: str, what: str, leaning: str, how: Callable[[Pixels], Pixels]) -> Versions:
        return Versions(Alteration(name, title, what, "camera", leaning), lambda look: how(look.pixels))

    cast, detail = "the colour cast of the camera", "the grain of the camera"
    return (
        camera("warm", "Warmer", "Red times 1.08, blue times 0.92.", cast, lambda p: alter.tinted(p, _WARM)),
        camera("cool", "Cooler", "Red times 0.92, blue times 1.08.", cast, lambda p: alter.tinted(p, _COOL)),
        camera(
            "vignette",
            "Darker corners",
            "Light falls off to 70 % in the corners.",
            "the fall-off of light of the lens",
            lambda p: alter.shaded(p, _FALL_OFF),
        ),
        camera(
            "recompressed",
            "Compressed again",
            "JPEG of quality 50.",
            "the compression of the files",
            lambda p: alter.recompressed(p, 50),
        ),
        camera("noise", "Noisier", "Noise of 5 grey levels.", detail, lambda p: alter.noisy(p, 5)),
    )


def _areas_transplanted() -> tuple[Versions, ...]:
    def transplant(name: str, title: str, what: str, leaning: str, *areas: _Where) -> Versions:
        told = Alteration(name, title, what, "transplant", leaning)
        (other, own), *rest = [(_from_other(area), _from_own(area)) for area in areas]
        return Versions(told, other, (own,), rest[0])

    return (
        transplant(
            "other_bottom",
            "Bottom strip of another city",
            "The lowest 8 % come from a photo of another city.",
            "the bottom strip",
            _bottom,
            _band,
        ),
        transplant(
            "other_corners",
            "Corners of another city",
            "The corners, 9 % of the area, come from a photo of another city.",
            "the corners",
            _corners,
            _further_in,
        ),
        transplant(
            "other_border",
            "Border of another city",
            "A frame of 19 % of the area comes from a photo of another city.",
            "the border",
            _frame,
            _centre,
        ),
    )


def _cameras_transplanted() -> tuple[Versions, ...]:
    def transplant(name: str, title: str, what: str, leaning: str, towards: Alter, control: Alter) -> Versions:
        return Versions(Alteration(name, title, what, "transplant", leaning), towards, (control,))

    return (
        transplant(
            "other_cast",
            "Colour cast of another city",
            "Each channel is scaled to the mean of the other city's photos; the control scales the opposite way.",
            "the colour cast of the camera",
            lambda look: alter.tinted(look.pixels, colour_gains(look.here, look.there)),
            lambda look: alter.tinted(look.pixels, colour_gains(look.there, look.here)),
        ),
        transplant(
            "other_light",
            "Fall-off of light of another city",
            "Brightness from middle to corners as in the other city's photos; the control goes the opposite way.",
            "the fall-off of light of the lens",
            lambda look: alter.shaded(look.pixels, light_gains(look.here, look.there)),
            lambda look: alter.shaded(look.pixels, light_gains(look.there, look.here)),
        ),
        transplant(
            "other_mark",
            "Fixed marks of another city",
            "What all photos of a city have at the same pixels is taken off, the other city's put on; the control "
            "does the opposite.",
            "a mark that all photos of a city share",
            lambda look: alter.shifted(look.pixels, fixed_marks(look.here, look.there)),
            lambda look: alter.shifted(look.pixels, -fixed_marks(look.here, look.there)),
        ),
        transplant(
            "other_grain",
            "Grain of another city",
            "As much grain (noise) as the other city's photos have in flat parts; the control goes the opposite way.",
            "the grain of the camera",
            lambda look: _regrained(look, look.here, look.there),
            lambda look: _regrained(look, look.there, look.here),
        ),
        transplant(
            "other_compression",
            "Compression of another city",
            "Saved with the JPEG tables of a photo of another city; the control with those of one of its own.",
            "the compression of the files",
            lambda look: look.saved_like(look.other_tables),
            lambda look: look.saved_like(look.own_tables),
        ),
    )


def _regrained(look: Look, here: CityLook, there: CityLook) -> Pixels:
    level = alter.grain_level(look.pixels)
    return alter.with_grain(look.pixels, level, grain_there(level, here, there))


def _bottom(size: int) -> Area:
    return alter.strip(size, 1 - _STRIP, 1)


def _band(size: int) -> Area:
    return alter.strip(size, 0.6, 0.6 + _STRIP)


def _centre(size: int) -> Area:
    return alter.middle(size, _FRAME)


def _frame(size: int) -> Area:
    return alter.border(size, _FRAME)


def _corners(size: int) -> Area:
    return alter.corners(size, _CORNER)


def _further_in(size: int) -> Area:
    return alter.corners(size, _CORNER, _INSET)


def _covered(area: _Where) -> Alter:
    return lambda look: alter.cover(look.pixels, area(len(look.pixels)), look.blank)


def _from_other(area: _Where) -> Alter:
    return lambda look: alter.paste(look.pixels, area(len(look.pixels)), look.other)


def _from_own(area: _Where) -> Alter:
    return lambda look: alter.paste(look.pixels, area(len(look.pixels)), look.own)
