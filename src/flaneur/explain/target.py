"""A model, a photo and a question (why this city, or why this one rather than that) in; a score to explain out.

Every map asks the same: how does this one number change when the square that the network sees is altered? The number
is the log-odds of a city against all others, by the model's own calibrated probabilities, or against one other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.bundle.inference import Row, run_network
from flaneur.errors import UsageError
from flaneur.predict import Model, View, open_view
from flaneur.preprocess import resize
from flaneur.protocols import PreprocessSpec

Picture = NDArray[np.float32]
"""``[S, S, 3]`` RGB in 0..1: the square that a network sees."""


class FirstChoiceError(UsageError):
    """The model's first choice for this photo is the city that it was to be held against; for others it need not be."""

    code = "first_choice"


@dataclass(frozen=True)
class Target:
    """What is to be explained; made by :func:`target`. It changes neither model nor photo.

    Args:
        model: that answers.
        image: the photo, RGB, as :meth:`flaneur.predict.Model.predict` decodes it; perhaps smaller than its file says.
        city: position in ``model.cities`` of the city that is spoken for.
        against: of the one that is spoken against; ``None``: all others together.
    """

    model: Model
    image: Image.Image
    city: int
    against: int | None = None

    @property
    def spec(self) -> PreprocessSpec:
        """How the photo became the square."""
        return self.model.card.preprocess

    @property
    def size_px(self) -> int:
        """S: side of the square."""
        return self.spec.size_px

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Where the square lies in the photo: left, top, right, bottom as shares of its width and height, 0 to 1."""
        width, height = self.image.size
        if self.spec.crop != "centre":
            return 0.0, 0.0, 1.0, 1.0
        side = min(width, height)
        left, top = (1 - side / width) / 2, (1 - side / height) / 2
        return left, top, 1 - left, 1 - top

    def picture(self) -> Picture:
        """The square that the network sees, ``[S, S, 3]`` in 0..1; a fresh copy."""
        return self._picture.copy()

    @cached_property
    def _picture(self) -> Picture:
        return np.asarray(resize(self.image, self.spec), np.float32) / np.float32(255)

    @cached_property
    def score(self) -> float:
        """Of the photo as it is."""
        return float(self.scores([self._picture])[0])

    def scores(self, pictures: Iterable[Picture]) -> NDArray[np.float64]:
        """Of altered squares, on all cores, without torch.

        Args:
            pictures: any number of ``[S, S, 3]`` in 0..1, drawn lazily.

        Returns:
            ``[N]``; see :func:`score`.
        """
        rows = [row["logits"] for row in self.run(pictures, ["logits"])]
        return self.score_of(np.array(rows).reshape(-1, len(self.model.cities)))

    def score_of(self, logits: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
        """The score by logits ``[N, C]``, for methods that run the network themselves; see :func:`score`."""
        return score(logits, self.city, self.against, temperature=self.model.card.temperature)

    def run(self, pictures: Iterable[Picture], outputs: Sequence[str]) -> Iterator[Row]:
        """What the network says of altered squares, in order, in bounded memory, on all cores.

        Args:
            pictures: any number of ``[S, S, 3]`` in 0..1, drawn lazily.
            outputs: of the graph; see :attr:`outputs`.
        """
        stream = run_network(self.model.session(1), pictures, lambda picture: as_input(picture, self.spec), outputs)
        for _, row in stream:
            assert isinstance(row, dict)  # noqa: S101 - as_input raises no PhotoError
            yield row

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of what the network gives out, such as ``logits`` and ``feature_map``."""
        return tuple(output.name for output in self.model.session(1).get_outputs())


def target(model: Model, photo: View, city: str | None = None, against: str | None = None) -> Target:
    """Ask why a model takes a photo for a city.

    Args:
        model: from :func:`flaneur.load`.
        photo: a path, bytes or picture.
        city: slug; the model's first choice by default.
        against: slug of the city it is held against; all others by default.

    Raises:
        PhotoError: the photo cannot be read.
        FirstChoiceError: no city was named, and the model's first choice is the one to hold it against.
        UsageError: a city that the model does not know, one held against itself, or a model of a single city.
    """
    if len(model.cities) < 2:
        raise UsageError(f"model {model.name!r} knows one city only, so nothing in a photo can speak for it.")
    spoken = None if city is None else _position(model, city)
    other = None if against is None else _position(model, against)
    image = open_view(photo, model.card.preprocess).image
    if spoken is None:
        (row,) = Target(model, image, 0).run([Target(model, image, 0).picture()], ["logits"])
        spoken = int(row["logits"].argmax())
    if spoken == other:
        first = "" if city is not None else ", which is the model's first choice,"
        kind = UsageError if city is not None else FirstChoiceError
        raise kind(f"{model.cities[spoken].slug!r}{first} cannot be held against itself. Name another city.")
    return Target(model, image, spoken, other)


def _position(model: Model, city: str) -> int:
    return model.choice([city])[0]


def score(
    logits: NDArray[np.floating[Any]], city: int, against: int | None = None, *, temperature: float = 1.0
) -> NDArray[np.float64]:
    """How much a network speaks for a city, in nats.

    With ``z`` the logits over the temperature it is ``z[city] - log sum exp(z of the others)``, which is
    ``log(p / (1 - p))`` of the calibrated probability ``p``, or, against one city, ``z[city] - z[against]``. Unlike
    ``p`` it does not saturate: where a model is sure it still tells what makes it surer.

    Args:
        logits: ``[N, C]``.
        city: column.
        against: column; ``None``: all others.
        temperature: of the model's card.

    Returns:
        ``[N]``; 0 is undecided, 2.2 is nine to one.

    >>> score(np.log([[0.9, 0.06, 0.04]]), 0).round(3), score(np.log([[0.9, 0.06, 0.04]]), 1, 2).round(3)
    (array([2.197]), array([0.405]))
    """
    z = np.asarray(logits, np.float64) / temperature
    if against is not None:
        return np.asarray(z[:, city] - z[:, against])
    others = np.delete(z, city, axis=1)
    highest = others.max(axis=1)
    return np.asarray(z[:, city] - highest - np.log(np.exp(others - highest[:, None]).sum(axis=1)))


def as_input(picture: Picture, spec: PreprocessSpec) -> NDArray[np.float32]:
    """A square to a network's input; on one that was not altered the same as :func:`flaneur.preprocess.preprocess`.

    Args:
        picture: ``[S, S, 3]`` in 0..1.
        spec: of the model.

    Returns:
        ``[3, S, S]``.

    Raises:
        ValueError: another shape.

    >>> spec = PreprocessSpec(size_px=2, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
    >>> as_input(np.ones((2, 2, 3), np.float32), spec).tolist()[0]
    [[2.0, 2.0], [2.0, 2.0]]
    """
    if picture.shape != (spec.size_px, spec.size_px, 3):
        raise ValueError(f"a picture of {picture.shape} is not the [{spec.size_px}, {spec.size_px}, 3] the model sees.")
    made = np.ascontiguousarray(picture.transpose(2, 0, 1), np.float32)
    made -= np.asarray(spec.mean, np.float32)[:, None, None]
    made /= np.asarray(spec.std, np.float32)[:, None, None]
    return made
