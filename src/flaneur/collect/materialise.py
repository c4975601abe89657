"""A dataset's recipes in; their pictures, fetched under the user's own key into the user's own cache, out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from flaneur.area import Disc
from flaneur.collect.journal import CityLog, Journal, Log, read_log, writing
from flaneur.collect.order import Errand, Order, folder_of
from flaneur.collect.pictures import Outcome
from flaneur.collect.publish import RECIPES, candidate_of, photo_rows, write_recipes
from flaneur.collect.run import OpenClient, forget_lost
from flaneur.collect.spot_by_spot import Run
from flaneur.dataset.folder import sweep_halves
from flaneur.dataset.lock import only_one
from flaneur.dataset.store import Dataset, add_rows
from flaneur.errors import InputError, IntegrityError
from flaneur.files import read_table
from flaneur.protocols import Source, Wish
from flaneur.settings import home
from flaneur.types import City


@dataclass(frozen=True, slots=True)
class Materialised:
    """What came of a dataset's recipes.

    Args:
        photos: in the dataset now.
        refused: pictures that showed nothing, or are gone.
        changed: pictures that are no longer the file they were when a recipe was first used.
        later: places that could not be had now.
        folder: where the pictures lie.
    """

    photos: int
    refused: int
    changed: int
    later: int
    folder: str


@dataclass(frozen=True, slots=True)
class Recipes:
    """How far the fetching of a dataset's pictures is.

    Args:
        order: that the recipes were made by, without its cities.
        pictures: that the recipes are of.
        places: that they show.
        left: places whose pictures are still to be fetched.
        begun: whether any was asked for.
    """

    order: Order
    pictures: int
    places: int
    left: int
    begun: bool


def recipes_of(source: Source, name: str, dataset: Dataset) -> Recipes:
    """How far the fetching of a dataset's pictures is; nothing is written, and nobody asked.

    Raises:
        InputError: there are no recipes of this source.
    """
    rows = _own_recipes(dataset, name)
    log, length = read_log(_journal_of(dataset.root, name), _log(rows))
    cache = _cache(name)
    there = [
        all((cache / picture.file).is_file() for picture in outcome.pictures)
        for city in log.cities.values()
        for outcome in city.results.values()
    ]
    places = sum(len(city.chosen) for city in log.cities.values())
    order = Order(name, source, (), _wish(dataset, name))
    return Recipes(order, len(rows), places, places - sum(there), length > 0)


def materialise(
    source: Source, name: str, dataset: Dataset, open_client: OpenClient, progress: Callable[[int], None] | None = None
) -> Materialised:
    """Fetch the pictures of a dataset's recipes; the dataset then names their files. Again, nothing is asked.

    Args:
        source: that made the recipes.
        name: of the source.
        dataset: that holds them.
        open_client: makes the client, once something is to be asked.
        progress: called with 1 for each place.

    Raises:
        InputError: there are no recipes of this source, or the provider or the disk fails.
        BudgetError: the next picture would cost more than the budget; what was fetched is in the dataset.
    """
    root = dataset.root
    recipes = _own_recipes(dataset, name)
    order = Order(name, source, (), _wish(dataset, name))
    cache = _cache(name)
    with writing(root):
        folder_of(root, name).mkdir(parents=True, exist_ok=True)
    with only_one(folder_of(root, name)), writing(root), Journal(_journal_of(root, name), _log(recipes)) as journal:
        forget_lost(journal.log, cache, root / "imported.parquet")
        try:
            _fetch(order, journal, cache, open_client, progress or (lambda _: None))
        finally:
            _publish(dataset, name, journal.log, cache, recipes)
        return _outcome(journal.log, recipes, cache)


def _fetch(
    order: Order, journal: Journal, cache: Path, open_client: OpenClient, progress: Callable[[int], None]
) -> None:
    errands = [_errand(slug, city) for slug, city in journal.log.cities.items() if city.pending]
    if not errands:
        return
    with open_client() as client:
        run = Run(order, journal, client, cache, progress)
        try:
            for errand in errands:
                run.fetch(errand)
        finally:
            run.stop()


def _errand(slug: str, city: CityLog) -> Errand:
    first = city.pending[0].location
    return Errand(City(slug, slug), Disc(first, 1.0), 0)


def _log(recipes: list[dict[str, Any]]) -> Log:
    log = Log()
    for row in recipes:
        city = log.cities.setdefault(row["city"], CityLog())
        city.chosen.setdefault(row["key"], candidate_of(row))
    return log


def _publish(dataset: Dataset, name: str, log: Log, cache: Path, recipes: list[dict[str, Any]]) -> None:
    rows: list[dict[str, Any]] = []
    for slug, city in log.cities.items():
        for key, outcome in city.results.items():
            rows += photo_rows(name, slug, city.chosen[key], outcome, str(cache.absolute()))
    if not rows:
        return
    add_rows(dataset.root, name=dataset.name, source=name, rows=rows)
    known = {row["id"]: row.get("sha256") for row in rows}
    with only_one(dataset.root):
        sweep_halves(dataset.root)
        write_recipes(dataset.root, name, [{**row, "sha256": row["sha256"] or known.get(row["id"])} for row in recipes])


def _outcome(log: Log, recipes: list[dict[str, Any]], cache: Path) -> Materialised:
    outcomes: list[Outcome] = [each for city in log.cities.values() for each in city.results.values()]
    before = {row["id"].partition(":")[2]: row["sha256"] for row in recipes}
    pictures = [picture for outcome in outcomes for picture in outcome.pictures]
    changed = sum(before.get(picture.key) not in (None, picture.sha256) for picture in pictures)
    later = sum(len(city.pending) for city in log.cities.values())
    refused = sum(len(outcome.refused) for outcome in outcomes)
    return Materialised(len(pictures), refused, changed, later, str(cache))


def _wish(dataset: Dataset, name: str) -> Wish:
    """What was wished for when the recipes were made."""
    settings = dataset.manifest.get("collected", {}).get(name, {}).get("settings")
    if settings is None:
        raise IntegrityError(f"{dataset.root}: dataset.toml has no [collected.{name}], which recipes need. Restore it.")
    return Wish(**{each.name: settings[each.name] for each in fields(Wish) if each.name in settings})


def _own_recipes(dataset: Dataset, name: str) -> list[dict[str, Any]]:
    path = dataset.root / RECIPES
    recipes = [row for row in (read_table(path) if path.is_file() else []) if row["source"] == name]
    if not recipes:
        command = f"flaneur collect {name} --name {dataset.name} --city CITY --count N"
        raise InputError(f"{dataset.name} has no recipes of {name}. Make some: {command}")
    return recipes


def _journal_of(root: Path, name: str) -> Path:
    return root / "collect" / f"{name}.pictures.jsonl"


def _cache(name: str) -> Path:
    return home() / "cache" / name
