"""A model and a game's places in; what the model says of the very photos that people see out, asked once and kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from flaneur.errors import InputError
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
        self._lock = threading.Lock()

    def ask(self, places: Iterable[int], progress: Callable[[int], None] | None = None) -> dict[int, Prediction]:
        """What it says of each place; it is asked about those only that it has not seen yet.

        Args:
            places: by number.
            progress: called with 1 after each place that it is asked about.

        Raises:
            InputError: a photo cannot be read.
        """
        with self._lock:  # two players at one place must not ask twice
            kept = {place: self._store.prediction(place) for place in dict.fromkeys(places)}
            new = [place for place, prediction in kept.items() if prediction is None]
            asked = ((place, [str(file) for file in self._files(place)]) for place in new)
            for answer in self.model.predict_many(asked, cities=list(self._cities)):
                if answer.failed or answer.prediction is None:
                    raise InputError(f"{answer.failed[0][1]} The game cannot go on without it.")
                values = exact_values(_without_photo(answer.prediction))
                kept[answer.key] = values
                self._store.keep_prediction(answer.key, values)
                if progress is not None:
                    progress(1)
        return {place: from_exact_values(values, self._cities) for place, values in kept.items() if values is not None}


def _without_photo(prediction: Prediction) -> Prediction:
    """Nothing of the photos themselves, whose paths and positions are nobody's business."""
    return replace(prediction, photo="", gps_in_file=None, thumbnail=b"")
