"""A photo and its donors in; every altered version that the shortcut audit asks about, with its controls, out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from flaneur.evaluation.trials.shortcut_audit import alterations as alter
from flaneur.evaluation.trials.shortcut_audit.alterations import Pixels
from flaneur.evaluation.trials.shortcut_audit.look import (
    STRIP,
    Alter,
    Alteration,
    Versions,
    Where,
    band,
    bottom,
    centre,
    corners,
    frame,
    further_in,
)
from flaneur.evaluation.trials.shortcut_audit.transplants import areas_transplanted, cameras_transplanted

_WARM = (1.08, 1.0, 0.92)
_COOL = (0.92, 1.0, 1.08)
_FALL_OFF = np.array([1.0, 0.99, 0.95, 0.89, 0.8, 0.7], np.float32)


def versions() -> tuple[Versions, ...]:
    """Everything the audit tries, in the order of the report."""
    return (*_removals(), *_whole(), *_cameras(), *areas_transplanted(), *cameras_transplanted())


def _removals() -> tuple[Versions, ...]:
    def removal(name: str, title: str, what: str, leaning: str, *areas: Where) -> Versions:
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
            bottom,
            band,
        ),
        removal(
            "no_centre",
            "Without the centre",
            "A square in the middle, 19 % of the area, is covered; the control covers the border.",
            "",
            centre,
            frame,
        ),
        removal(
            "no_border",
            "Without the border",
            "A frame of 19 % of the area is covered; the control covers the middle.",
            "the border",
            frame,
            centre,
        ),
        removal(
            "no_corners",
            "Without the corners",
            "Four squares of 15 % of the side are covered; the control covers four such squares further in.",
            "the corners",
            corners,
            further_in,
        ),
        Versions(
            Alteration(
                "watermark",
                "A watermark strip added",
                "A dark strip with light letters along the lower edge; the control covers it without letters.",
                "removal",
                "the bottom strip",
            ),
            lambda look: alter.watermarked(look.pixels, STRIP),
            (_covered(bottom),),
        ),
    )


def _whole() -> tuple[Versions, ...]:
    def taken(name: str, title: str, what: str, how: Callable[[Pixels], Pixels]) -> Versions:
        return Versions(Alteration(name, title, what, "removal"), lambda look: how(look.pixels))

    return (
        taken("grey", "Without colour", "Only brightness is left.", alter.grey),
        taken("blurred", "Without fine detail", "Blurred by a fiftieth of the side.", alter.blurred),
        taken("outline", "Only the outline", "Dark lines where brightness changes, on white.", alter.outline),
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


def _covered(area: Where) -> Alter:
    return lambda look: alter.cover(look.pixels, area(len(look.pixels)), look.blank)
