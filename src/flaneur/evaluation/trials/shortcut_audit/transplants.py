"""A photo and its donors in; the photo with a strip, a cast or grain of another city, with its control, out."""

from __future__ import annotations

from flaneur.evaluation.trials.shortcut_audit import alterations as alter
from flaneur.evaluation.trials.shortcut_audit.alterations import Pixels
from flaneur.evaluation.trials.shortcut_audit.donors import (
    CityLook,
    colour_gains,
    fixed_marks,
    grain_there,
    light_gains,
)
from flaneur.evaluation.trials.shortcut_audit.look import (
    Alter,
    Alteration,
    Look,
    Versions,
    Where,
    band,
    bottom,
    centre,
    corners,
    frame,
    further_in,
)


def areas_transplanted() -> tuple[Versions, ...]:
    """Areas, each beside an equal area elsewhere."""

    def transplant(name: str, title: str, what: str, leaning: str, *areas: Where) -> Versions:
        told = Alteration(name, title, what, "transplant", leaning)
        (other, own), *rest = [(_from_other(area), _from_own(area)) for area in areas]
        return Versions(told, other, (own,), rest[0])

    return (
        transplant(
            "other_bottom",
            "Bottom strip of another city",
            "The lowest 8 % come from a photo of another city.",
            "the bottom strip",
            bottom,
            band,
        ),
        transplant(
            "other_corners",
            "Corners of another city",
            "The corners, 9 % of the area, come from a photo of another city.",
            "the corners",
            corners,
            further_in,
        ),
        transplant(
            "other_border",
            "Border of another city",
            "A frame of 19 % of the area comes from a photo of another city.",
            "the border",
            frame,
            centre,
        ),
    )


def cameras_transplanted() -> tuple[Versions, ...]:
    """What a camera or a provider does to all its photos."""

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


def _from_other(area: Where) -> Alter:
    return lambda look: alter.paste(look.pixels, area(len(look.pixels)), look.other)


def _from_own(area: Where) -> Alter:
    return lambda look: alter.paste(look.pixels, area(len(look.pixels)), look.own)
