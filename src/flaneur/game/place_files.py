"""A dataset and a game's places in; the files of a place's views, and whom to credit for them, out."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from flaneur.dataset.store import Dataset
from flaneur.errors import InputError
from flaneur.game.places import PlayPlace


class PhotoGone(InputError):  # noqa: N818 - named for what happened
    """A photo of a game that is not there any more."""


class PlaceFiles:
    """The files of a game's photos.

    Args:
        dataset: that they are of.
        places: of the game, by number.
    """

    def __init__(self, dataset: Dataset, places: Sequence[PlayPlace]) -> None:
        self._dataset = dataset
        self._places = places
        self._photos = {photo.id: photo for photo in dataset.all_photos}

    def files(self, place: int) -> tuple[Path, ...]:
        """The files of a place's views.

        Raises:
            PhotoGone: a photo is gone.
        """
        files = []
        for photo in self._places[place].photos:
            file = self._dataset.image_path(self._photos[photo]) if photo in self._photos else None
            if file is None or not file.is_file():
                raise PhotoGone(f"{self._dataset.name}: photo {photo} of this game is gone. Bring it back to go on.")
            files.append(file)
        return tuple(files)

    def credits(self, place: int) -> tuple[str, ...]:
        """Author and licence of each view, where known, else empty."""
        views = [self._photos[photo] for photo in self._places[place].photos]
        return tuple(" · ".join(part for part in (view.author, view.licence) if part) for view in views)
