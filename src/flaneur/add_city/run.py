"""A model, a city's name and a handful of its photos in; a new model that knows the city, and what it costs, out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur import settings
from flaneur.add_city.answers import ask
from flaneur.add_city.cost import Cost, Evaluated, EvaluatedNew, measure_cost
from flaneur.add_city.known import FromDataset, Progress, of_dataset
from flaneur.add_city.new_card import Addition, with_city
from flaneur.add_city.prototype import LEAST_PHOTOS
from flaneur.add_city.same import KnownCityError, refuse_the_same
from flaneur.add_city.teach import crossed, teach
from flaneur.bundle.folder import CARD, Bundle, refuse_other_files, write_bundle
from flaneur.bundle.known import Known, pack, read_known
from flaneur.cities import located
from flaneur.dataset.store import open_dataset
from flaneur.errors import InputError, PhotoError, UsageError, counted
from flaneur.onnx_files import graph as onnx_graph
from flaneur.onnx_files.proto import Proto
from flaneur.predict import Model, View, ViewScores, load, view_name
from flaneur.training.heads.model_card import readme, validation_metrics
from flaneur.types import City, Location, slugify

Failed = tuple[tuple[str, PhotoError], ...]
_LONGEST = 100  # letters of a slug; file systems take 255 bytes
_KEPT = "photos that the model keeps"


@dataclass(frozen=True, slots=True)
class AddedCity:
    """A model that was taught a city.

    Args:
        bundle: the new model.
        city: that was added.
        photos: how many its prototype is the mean of.
        costs: what it costs the other cities: on photos that the model keeps, and on a dataset, where one was named.
        failed: photos that could not be read, by name, with what is wrong.
        repeated: photos that were left out since they are others' copies.
    """

    bundle: Bundle
    city: City
    photos: int
    costs: tuple[Cost, ...]
    failed: Failed = ()
    repeated: int = 0

    def to_dict(self) -> dict[str, Any]:
        """What was measured, as plain JSON values."""
        city, centre = self.city, self.city.centre
        return {
            "model": self.bundle.card.name,
            "city": city.slug,
            "name": city.name,
            "country": city.country,
            "lat": None if centre is None else centre.lat,
            "lon": None if centre is None else centre.lon,
            "photos": self.photos,
            "repeated": self.repeated,
            "failed": [{"photo": name, "error": error.code, "message": str(error)} for name, error in self.failed],
            "costs": [cost.to_dict() for cost in self.costs],
        }


def add_city(  # noqa: PLR0913 - what can be said, for all to see
    model: Model | str | Path,
    name: str,
    photos: Sequence[View],
    *,
    out: str | Path = "",
    centre: tuple[float, float] | None = None,
    check: str | Path = "",
    replace: bool = False,
    even_so: bool = False,
    progress: Progress | None = None,
) -> AddedCity:
    """Teach a model one more city from a handful of photos, in seconds, and measure what that costs the others.

    The model so far stays as it is; a new one is written.

    Args:
        model: a name, a folder or file, or what :func:`flaneur.load` returns.
        name: of the city.
        photos: of it, at different places; 3 or more, 10 are better.
        out: name or folder of the new model; by default the model's name with the city's.
        centre: latitude and longitude of the city, in degrees; from the gazetteer by default, where it is installed.
        check: a dataset with photos of the model's cities, to measure the cost on; a model that keeps no photos needs
            it.
        replace: whether a model of that name may be written over.
        even_so: whether to teach it even if its name or its photos are like a city's that the model knows.
        progress: told how many photos of the dataset are embedded.

    Raises:
        UsageError: too few photos, a city that the model knows or may know, or a name that is taken.
        InputError: no such model or dataset, or nothing to measure the cost on.
        PhotoError: no photo can be read.

    For a model ``base`` and photos of Jakarta::

        added = flaneur.add_city("base", "Jakarta", ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg"])
        added.costs[0].before, added.costs[0].after
        flaneur.load(added.bundle.path).predict("street.jpg")
    """
    model = model if isinstance(model, Model) else load(model)
    city = new_city(model, name, centre)
    folder = new_model(model, city, out, replace=replace)
    if isinstance(photos, str | Path | bytes):
        raise UsageError("add_city takes a list of photos: one alone teaches no city.")
    read: list[ViewScores] = []
    failed: list[tuple[str, PhotoError]] = []
    for view, found in model.scores(photos):
        if isinstance(found, PhotoError):
            failed.append((view_name(view), found))
        else:
            read.append(found)
    if failed and not read:
        raise failed[0][1]
    if not even_so:
        refuse_the_same(model, city, read)
    checked = of_dataset(model.bundle, open_dataset(check), city.slug, progress) if check else None
    made = add_embeddings(model, city, [one.embedding for one in read], folder, checked)
    return AddedCity(made.bundle, city, made.photos, made.costs, tuple(failed), made.repeated)


def new_city(model: Model, name: str, centre: tuple[float, float] | None = None) -> City:
    """The city that is to be added, with country and centre where they are known.

    Raises:
        UsageError: no name, one that is too long, or a city that the model knows already.
        InputError: a centre outside the world.
    """
    shown = " ".join(name.split())
    slug = slugify(shown)
    if not slug or not shown.isprintable():
        raise UsageError("the city needs a name of letters or digits.")
    if len(slug) > _LONGEST:
        raise UsageError("the city's name is too long. Shorten it.")
    if slug in [city.slug for city in model.cities]:
        raise KnownCityError(
            f"model {model.name!r} knows {slug!r} already. To teach it more of that city, train on a dataset of all."
        )
    return located(City(slug, shown, centre=None if centre is None else Location(*centre)))


def new_model(model: Model, city: City, out: str | Path = "", *, replace: bool = False) -> Path:
    """The folder that the new model goes to.

    Raises:
        UsageError: a name that cannot be, that is too long, the bundled model's, or taken.
    """
    name = out or f"{model.card.name}-{city.slug}"
    if str(name) == "base":
        raise UsageError("'base' is the bundled model. Choose another --name.")
    if len(str(name).rpartition("/")[2].encode()) > 2 * _LONGEST:
        raise UsageError(f"{str(name)[:20]}… is too long for a model's name. Choose a shorter --name.")
    folder = settings.new_folder("models", name)
    refuse_other_files(folder)
    if (folder / CARD).exists() and not replace:
        raise UsageError(f"{folder}: is there already. Choose another name, or add --replace.")
    return folder


def add_embeddings(
    model: Model, city: City, rows: Sequence[NDArray[np.float32]], folder: Path, checked: FromDataset | None = None
) -> AddedCity:
    """Teach a model a city from embeddings by its own network, and write the new model.

    Args:
        model: so far.
        city: from :func:`new_city`.
        rows: ``[D]`` each.
        folder: from :func:`new_model`.
        checked: photos of a dataset to measure the cost on.

    Raises:
        UsageError: fewer than three different photos.
        InputError: the model keeps no photos, and there is no dataset to take their place.
    """
    new = np.unique(np.stack(rows), axis=0) if rows else np.zeros((0, model.card.encoder.dim), np.float32)
    if len(new) < LEAST_PHOTOS:
        raise UsageError(
            f"{city.name}: {counted(len(new), 'different photo')} can be read. Give {LEAST_PHOTOS} or more, of "
            "different places."
        )
    bundle, card = model.bundle, model.card
    kept = read_known(card, bundle.known, str(bundle.path))
    known = kept or _instead(model, checked)
    graph = onnx_graph.load(bundle.model)
    head = onnx_graph.only_head(graph)
    asked, own = crossed(head, known, new, card.temperature)
    cost = measure_cost(
        _KEPT if kept else checked.where if checked else "", model.cities, asked, own,
        temperature=card.temperature, rule=card.abstain,
    )  # fmt: skip
    taught = teach(graph, head, known, new, card.temperature)
    costs = [cost]
    if kept and checked:
        costs.append(_on_dataset(model, head, onnx_graph.only_head(taught), checked))
    validation = validation_metrics(
        asked.after.logits.astype(np.float32), asked.labels, [str(place) for place in asked.places], card.temperature
    )
    made = with_city(card, folder.name, Addition(city, len(new), costs, validation))
    bundle = write_bundle(folder, taught, made, readme=readme(made), known=pack(_more(known, new, len(model.cities))))
    return AddedCity(bundle, city, len(new), tuple(costs), repeated=len(rows) - len(new))


def _instead(model: Model, checked: FromDataset | None) -> Known:
    """Photos of a dataset where the model keeps none."""
    if checked is None:
        raise InputError(
            f"model {model.name!r} keeps no photos of its cities, so what a new one costs them cannot be measured. "
            "Name a dataset of them with --check, or train the model again."
        )
    lacking = [city.slug for number, city in enumerate(model.cities) if number not in checked.known.labels]
    if lacking:
        raise InputError(f"{checked.where}: has no photos of {', '.join(lacking)}, which the model knows. Add some.")
    return checked.known


def _on_dataset(model: Model, head: Proto, taught: Proto, checked: FromDataset) -> Cost:
    known, card = checked.known, model.card
    before, after = ask(head, known.embeddings), ask(taught, known.embeddings)
    new = EvaluatedNew(checked.new_places, ask(taught, checked.new)) if len(checked.new) else None
    asked = Evaluated(known.labels, known.places, before, after)
    return measure_cost(checked.where, model.cities, asked, new, temperature=card.temperature, rule=card.abstain)


def _more(known: Known, new: NDArray[np.float32], label: int) -> Known:
    """With the new city's photos, so that a further city is held against them, too."""
    places = int(known.places.max()) + 1 + np.arange(len(new))
    return Known(
        np.concatenate([known.embeddings, new]),
        np.concatenate([known.labels, np.full(len(new), label)]),
        np.concatenate([known.places, places]),
    )
