"""A model and a city or a channel in; pictures that the network itself makes up for it, out. Needs torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.errors import UsageError
from flaneur.explain.dream_settings import DreamSettings
from flaneur.explain.gradients.extra import need_torch
from flaneur.explain.method_settings import read_settings
from flaneur.explain.sheet import FAINT, beside, framed, stacked, text
from flaneur.explain.target import Target
from flaneur.predict import Model

_WIDTH, _MARGIN, _GAP = 1000, 40, 28
_CAVEAT = (
    "Nobody took these pictures: they were made from noise to raise one number. They show what the network reacts to, "
    "not what the city looks like, and another seed shows another of its ways."
)


@dataclass(frozen=True)
class Dream:
    """Pictures that a network made up.

    Args:
        model: name of the model.
        goal: what was raised, in words.
        unit: of ``values``, in words.
        pictures: one a seed, RGB, as large as the network sees.
        values: of each as it is written, in 8 bits: by ONNX Runtime for a city.
        grey: of plain grey, to compare with.
        settings: how.
    """

    model: str
    goal: str
    unit: str
    pictures: tuple[Image.Image, ...]
    values: tuple[float, ...]
    grey: float
    settings: DreamSettings

    def sheet(self) -> Image.Image:
        """The pictures with what they reached, 1080 wide."""
        abreast = min(3, len(self.pictures))
        side = (_WIDTH - _GAP * (abreast - 1)) // abreast
        words = [text(f"{value:+.1f} {self.unit}", side, 26, FAINT) for value in self.values]
        drawn = [picture.resize((side, side), Image.Resampling.LANCZOS) for picture in self.pictures]
        cells = [stacked(pair, 6) for pair in zip(drawn, words, strict=True)]
        rows = [beside(cells[start : start + abreast], _GAP) for start in range(0, len(cells), abreast)]
        head = text(f"What {self.model} makes up for {self.goal}", _WIDTH, 48, bold=True)
        foot = text(f"{_CAVEAT} Plain grey: {self.grey:+.1f}.", _WIDTH, 28, FAINT)
        return framed(stacked([head, *rows, foot], _GAP), _MARGIN)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, without the pictures."""
        return {
            "model": self.model,
            "goal": self.goal,
            "unit": self.unit,
            "values": [round(value, 4) for value in self.values],
            "grey": round(self.grey, 4),
            "settings": asdict(self.settings),
        }


def dream_city(
    model: Model,
    city: str,
    against: str | None = None,
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Dream:
    """Pictures that a model takes most surely for a city.

    Args:
        model: any whose network torch can follow.
        city: slug.
        against: raise the city's log-odds against this one rather than against all others.
        settings: by name; see :class:`DreamSettings`.
        progress: told how many steps are done of how many.

    Raises:
        UsageError: no torch; a city that the model does not know; a setting that does not exist.
    """
    from flaneur.explain.target import target

    how = _settings(settings)
    asked = target(model, _grey(model), city, against)
    pictures = _climbed(asked, None, 0, how, progress)
    values = asked.scores([_as_seen(picture) for picture in pictures])
    rival = "" if against is None else f" rather than {model.cities[asked.against or 0].name}"
    goal = f"{model.cities[asked.city].name}{rival}"
    return Dream(model.name, goal, "log-odds", pictures, tuple(map(float, values)), asked.score, how)


def dream_channel(
    model: Model,
    channel: int,
    layer: str = "feature_map",
    settings: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Dream:
    """Pictures that a channel answers to most strongly.

    Args:
        model: any whose network torch can follow.
        channel: its number, from 0.
        layer: a map ``[K, h, w]`` of the network; :func:`flaneur.explain.filters.layers` names them.
        settings: by name; see :class:`DreamSettings`.
        progress: told how many steps are done of how many.

    Raises:
        UsageError: no torch, no such layer or channel; a setting that does not exist.
    """
    from flaneur.explain.filters import layer_of

    how = _settings(settings)
    asked = Target(model, _grey(model), 0)
    found = layer_of(model, layer)
    if not 0 <= channel < found.channels:
        raise UsageError(f"{layer} has channels 0 to {found.channels - 1}; {channel} is none of them.")
    pictures = _climbed(asked, found.name, channel, how, progress)
    from flaneur.explain.gradients.ascent import channel_means

    shown = np.stack([_as_seen(picture) for picture in (*pictures, _grey(model))])
    *values, grey = channel_means(asked, found.name, channel, shown)
    goal = f"channel {channel} of {found.name}"
    return Dream(model.name, goal, "on average", pictures, tuple(map(float, values)), float(grey), how)


def _settings(settings: Mapping[str, Any] | None) -> DreamSettings:
    need_torch("making pictures up")
    return read_settings(DreamSettings, settings or {}, "dream")


def _climbed(
    asked: Target, layer: str | None, channel: int, how: DreamSettings, progress: Callable[[int, int], None]
) -> tuple[Image.Image, ...]:
    from flaneur.explain.gradients.ascent import climb

    made = climb(asked, layer, channel, how, progress)
    return tuple(Image.fromarray(np.rint(picture * 255).astype(np.uint8)) for picture in made)


def _grey(model: Model) -> Image.Image:
    side = model.card.preprocess.size_px
    return Image.new("RGB", (side, side), (128, 128, 128))


def _as_seen(picture: Image.Image) -> NDArray[np.float32]:
    return np.asarray(picture, np.float32) / np.float32(255)
