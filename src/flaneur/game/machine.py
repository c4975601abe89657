"""A model and a game's places in; what the model says of the very photos that people see out, asked once and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from flaneur.game.place_files import PhotoGone
from flaneur.game.store import Store
from flaneur.predict import Model
from flaneur.types import City, Prediction, exact_values, from_exact_values


class Machine:
    """The model as a player: it chooses among the same cities.

    Args:
        model: from :func:`flaneur.predict.load`.
        store: that keeps what it says.
        cities: there are to choose among.
        files: the files of a place's views.
    """

    def __init__(
        self, model: Model, store: Store, cities: Sequence[City], files: Callable[[int], Sequence[Path]]
    ) -> None:
        self.model = model
        self._store = store
        self._cities = {city.slug: city for city in cities}
        self._files = files
        self._unreadable: set[int] = set()
        self._lock = threading.Lock()

    def ask(self, places: Iterable[int], progress: Callable[[int], None] | None = None) -> dict[int, Prediction]:
        """What it says of each place, by the views that can be read; nothing of a place where none can.

        It is asked about those only that it has not seen yet.

        Args:
            places: by number.
            progress: called with 1 after each place that it is asked about.
        """
        with self._lock:  # two players at one place must not ask twice
            kept = {place: self._store.prediction(place) for place in dict.fromkeys(places)}
            new = [place for place, prediction in kept.items() if prediction is None and place not in self._unreadable]
            for answer in self.model.predict_many(self._views(new), cities=list(self._cities)):
                if answer.prediction is None:
                    self._unreadable.add(answer.key)
                else:
                    values = exact_values(_without_photo(answer.prediction))
                    kept[answer.key] = values
                    self._store.keep_prediction(answer.key, values)
                if progress is not None:
                    progress(1)
        return {place: from_exact_values(values, self._cities) for place, values in kept.items() if values is not None}

    def _views(self, places: Iterable[int]) -> Iterator[tuple[int, list[str]]]:
        """Places with their files, but for those of which one is gone: it may come back."""
        for place in places:
            with suppress(PhotoGone):
                yield place, [str(file) for file in self._files(place)]


def _without_photo(prediction: Prediction) -> Prediction:
    """Nothing of the photos themselves, whose paths and positions are nobody's business."""
    return replace(prediction, photo="", gps_in_file=None, thumbnail=b"")
