"""Photos in; calibrated answers out, or "none of the cities I know". Views of one place are fused into one answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from flaneur.bundle.card import Card
from flaneur.bundle.folder import Bundle, read_bundle
from flaneur.bundle.inference import Row, Session, cores, open_session, run_batch, run_network
from flaneur.decode import DecodedPhoto, decode
from flaneur.draw import thumbnail_jpeg
from flaneur.encoder import OnnxEncoder as OnnxEncoder
from flaneur.errors import IntegrityError, PhotoError, UsageError, did_you_mean
from flaneur.fusion import log_softmax, view_weights
from flaneur.preprocess import preprocess
from flaneur.protocols import PreprocessSpec
from flaneur.types import City, CityScore, Location, Prediction, slugify

View: TypeAlias = str | Path | bytes | Image.Image
"""One photo: a path, the bytes of a file, or a picture that is already decoded."""

K = TypeVar("K")


@dataclass(frozen=True, slots=True)
class ViewScores:
    """What the network says of one photo, before fusion.

    Args:
        logits: ``[C]``, in the order of the model's cities.
        embedding: ``[D]``.
        novelty: higher is less like the known cities; 0 where the model has no novelty score.
        gps_in_file: a position the file claims.
        thumbnail: small JPEG, where asked for.
        attention: how much the view counts beside others, before the softmax; ``None``: the model has not learnt it.
    """

    logits: NDArray[np.float32]
    embedding: NDArray[np.float32]
    novelty: float
    gps_in_file: Location | None = None
    thumbnail: bytes = field(default=b"", repr=False)
    attention: float | None = None


@dataclass(frozen=True, slots=True)
class Answer(Generic[K]):
    """One place of :meth:`Model.predict_many`.

    Args:
        key: as given.
        prediction: fused over the readable views; ``None`` where there was none.
        failed: the views that could not be read, by name, with the error.
    """

    key: K
    prediction: Prediction | None
    failed: tuple[tuple[str, PhotoError], ...] = ()


class Model:
    """A bundle, ready to answer. Safe to share among threads."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._sessions: dict[int, Session] = {}

    def __repr__(self) -> str:
        names = ", ".join(city.slug for city in self.cities)
        return f"<flaneur model {self.name}: {names}>"

    @property
    def card(self) -> Card:
        """What the model is, learnt from and cannot do."""
        return self.bundle.card

    @property
    def cities(self) -> tuple[City, ...]:
        """The cities it tells apart, in the order of the logits."""
        return self.card.cities

    @property
    def name(self) -> str:
        """Name and version."""
        return f"{self.card.name} {self.card.version}".strip()

    def predict(self, views: View | Sequence[View], *, cities: Sequence[str] | None = None) -> Prediction:
        """One photo, or several views of one place, to one answer.

        Args:
            views: one photo or a sequence of photos of the same place.
            cities: slugs to choose among; all by default.

        Raises:
            PhotoError: a photo cannot be read.
            UsageError: no photo, or a city the model does not know.
        """
        photos = [views] if isinstance(views, str | Path | bytes | Image.Image) else list(views)
        if not photos:
            raise UsageError("predict needs at least one photo.")
        (answer,) = self.predict_many([("", photos)], cities=cities, thumbnails=True)
        if answer.failed or answer.prediction is None:
            raise answer.failed[0][1]
        return answer.prediction

    def predict_many(
        self,
        places: Iterable[tuple[K, Sequence[View]]],
        *,
        cities: Sequence[str] | None = None,
        thumbnails: bool = False,
    ) -> Iterator[Answer[K]]:
        """Answers for any number of places, in order, in bounded memory, on all cores.

        Args:
            places: key and views of each; drawn lazily.
            cities: slugs to choose among; all by default.
            thumbnails: whether predictions carry a small picture of their first view.
        """
        chosen = self.choice(cities)
        return self._answers(places, chosen, thumbnails)

    def _answers(
        self, places: Iterable[tuple[K, Sequence[View]]], chosen: list[int], thumbnails: bool
    ) -> Iterator[Answer[K]]:
        sizes: deque[tuple[K, int]] = deque()

        def views() -> Iterator[_Look]:
            for key, photos in places:
                if not photos:
                    raise UsageError(f"place {key!r} has no photo.")
                sizes.append((key, len(photos)))
                for position, photo in enumerate(photos):
                    yield _Look(photo, thumbnails and position == 0)

        good: list[tuple[str, ViewScores]] = []
        failed: list[tuple[str, PhotoError]] = []
        for look, found in self._looks(views()):
            if isinstance(found, PhotoError):
                failed.append((view_name(look.view), found))
            else:
                good.append((view_name(look.view), found))
            if len(good) + len(failed) == sizes[0][1]:
                yield Answer(sizes.popleft()[0], self._fuse(good, chosen) if good else None, tuple(failed))
                good, failed = [], []

    def scores(self, views: Iterable[View]) -> Iterator[tuple[View, ViewScores | PhotoError]]:
        """What the network says of each photo, unfused, in order; for evaluation and maps of embeddings."""
        for look, found in self._looks(_Look(view) for view in views):
            yield look.view, found

    def fuse(self, scores: Sequence[ViewScores], *, cities: Sequence[str] | None = None, photo: str = "") -> Prediction:
        """Join the views of one place as the card's ``fusion`` says.

        Args:
            scores: at least one.
            cities: slugs to choose among; all by default.
            photo: what was looked at, for people.
        """
        return self._fuse([(photo, score) for score in scores], self.choice(cities))

    def choice(self, cities: Sequence[str] | None) -> list[int]:
        """Positions of the cities to choose among, in the order of the logits.

        Raises:
            UsageError: a city the model does not know, or none.
        """
        if cities is None:
            return list(range(len(self.cities)))
        known = [city.slug for city in self.cities]
        cities = [slugify(name) for name in cities]
        for slug in cities:
            if slug not in known:
                hint = did_you_mean(slug, known) or f" It knows: {', '.join(known)}."
                raise UsageError(f"model {self.name!r} knows no city {slug!r}.{hint}")
        if not cities:
            raise UsageError("no city to choose among.")
        return [index for index, slug in enumerate(known) if slug in cities]

    def score_batch(self, images: NDArray[np.float32], *, threads: int = 1) -> list[ViewScores]:
        """Scores of photos ``[B, 3, S, S]`` that :func:`flaneur.preprocess.preprocess` made, unfused, in one run."""
        session = self.session(threads)
        return [_view_scores(row) for row in run_batch(session, images, _scored(session))]

    def session(self, threads: int) -> Session:
        """The network, ready to run; made when first asked for."""
        if threads not in self._sessions:
            session = open_session(self.bundle.model, threads=threads)
            needed = {"logits", "embedding"} | ({"attention"} if self.card.fusion == "attention" else set())
            if missing := needed - {output.name for output in session.get_outputs()}:
                raise IntegrityError(f"{self.bundle.path}: the graph lacks {sorted(missing)}. Get the model again.")
            self._sessions[threads] = session
        return self._sessions[threads]

    def _looks(self, looks: Iterator[_Look]) -> Iterator[tuple[_Look, ViewScores | PhotoError]]:
        """One photo gets all cores inside the network; several get one core each."""
        head = list(islice(looks, 2))
        session = self.session(cores() if len(head) < 2 else 1)
        spec, outputs = self.card.preprocess, _scored(session)
        for look, row in run_network(session, chain(head, looks), lambda look: look.load(spec), outputs):
            yield look, row if isinstance(row, PhotoError) else _view_scores(row, look.gps, look.thumbnail)

    def _fuse(self, views: Sequence[tuple[str, ViewScores]], chosen: list[int]) -> Prediction:
        logits = np.stack([score.logits for _, score in views]).astype(np.float64)
        heat, place = self.card.temperature, np.zeros(len(views), np.intp)
        heed = np.array([score.attention for _, score in views], np.float64)  # not a number where there is none
        weights = view_weights(logits, place, self.card.fusion, temperature=heat, attention=heed)
        probability = np.exp(log_softmax((weights @ log_softmax(logits / heat))[chosen]))
        raw, order = (weights @ logits)[chosen], np.argsort(-probability, kind="stable")
        ranking = tuple(
            CityScore(self.cities[chosen[index]], float(probability[index]), float(raw[index])) for index in order
        )
        novelty = float(np.mean([score.novelty for _, score in views]))
        reason = self._reason(novelty, ranking)
        gps = next((score.gps_in_file for _, score in views if score.gps_in_file), None)
        names = ", ".join(dict.fromkeys(name for name, _ in views if name))
        return Prediction(
            ranking, bool(reason), reason, novelty, len(views), self.name, names, gps, views[0][1].thumbnail
        )

    def _reason(self, novelty: float, ranking: tuple[CityScore, ...]) -> str:
        rule, best = self.card.abstain, ranking[0]
        if not rule.abstains(best.probability, novelty):
            return ""
        if novelty > rule.novelty_limit:
            return (
                f"It looks unlike the photos of the {len(self.cities)} cities this model knows "
                f"(novelty {novelty:.2f}, limit {rule.novelty_limit:.2f})."
            )
        return (
            f"No city is probable enough: {best.city.name} comes first with {best.probability:.0%}, "
            f"the limit is {rule.probability_threshold:.0%}."
        )


@dataclass(slots=True)
class _Look:
    """One view on its way through the threads, and the facts found while it was loaded."""

    view: View
    thumbnail_wanted: bool = False
    gps: Location | None = None
    thumbnail: bytes = b""

    def load(self, spec: PreprocessSpec) -> NDArray[np.float32]:
        photo = open_view(self.view, spec)
        self.gps = photo.gps
        if self.thumbnail_wanted:
            self.thumbnail = thumbnail_jpeg(photo.image)
        return preprocess(photo.image, spec)


def _scored(session: Session) -> list[str]:
    given = {output.name for output in session.get_outputs()}
    return [name for name in ("logits", "embedding", "novelty", "attention") if name in given]


def _view_scores(row: Row, gps: Location | None = None, thumbnail: bytes = b"") -> ViewScores:
    novelty = float(row["novelty"]) if "novelty" in row else 0.0
    attention = float(row["attention"]) if "attention" in row else None
    return ViewScores(row["logits"], row["embedding"], novelty, gps, thumbnail, attention)


def open_view(view: View, spec: PreprocessSpec) -> DecodedPhoto:
    """Decode a photo no larger than a network needs it.

    Raises:
        PhotoError: it cannot be read.
    """
    if isinstance(view, Image.Image):
        return DecodedPhoto(view.convert("RGB"), view.width, view.height)
    return decode(Path(view) if isinstance(view, str) else view, at_least_px=spec.size_px)


def view_name(view: View) -> str:
    """What to call a photo in an answer: its path as given."""
    return str(view) if isinstance(view, str | Path) else ""


def load(name: str | Path = "base") -> Model:
    """Load a model.

    Args:
        name: ``base`` for the bundled one, a name below ``~/flaneur/models``, a bundle's folder, or an ``.onnx`` file
            written by ``flaneur export``.

    Raises:
        InputError: there is none.
        IntegrityError: tampered with, incomplete, or made by a newer flaneur.
    """
    return Model(read_bundle(name))
