"""A journal in; the rows of a dataset's tables, and the recipes of photos that may not be kept, out."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flaneur.collect.journal import CityLog, Log
from flaneur.collect.order import Order, folder_of
from flaneur.collect.pictures import Outcome
from flaneur.dataset.folder import sweep, sweep_halves
from flaneur.dataset.lock import only_one
from flaneur.dataset.manifest import DATASET_FORMAT, MANIFEST, read_manifest, update_manifest
from flaneur.dataset.store import add_rows
from flaneur.dataset.tables import DROPPED_COLUMNS, IMPORTED_COLUMNS, PHOTO_COLUMNS, TIE_COLUMNS, row_of
from flaneur.files import ColumnType, read_table, write_table
from flaneur.protocols import Candidate, FoundPhoto, View
from flaneur.types import Location

RECIPES = "recipes.parquet"
RECIPE_COLUMNS: dict[str, ColumnType] = {
    "id": "string", "source": "string", "key": "string", "city": "string", "place": "string", "lat": "float64",
    "lon": "float64", "heading_deg": "float64", "pitch_deg": "float64", "fov_deg": "float64", "size_px": "int64",
    "captured_at": "string", "sequence": "string", "author": "string", "licence": "string", "page_url": "string",
    "facts": "string", "sha256": "string",
}  # fmt: skip


def photo_rows(
    source: str, city: str, candidate: Candidate, outcome: Outcome, folder: str = ""
) -> Iterator[dict[str, Any]]:
    """Rows of ``imported.parquet`` for what became of one candidate.

    Args:
        source: the provider's name.
        city: slug.
        candidate: that was chosen.
        outcome: its pictures and refusals.
        folder: that the pictures' files lie in.
    """
    for picture in outcome.pictures:
        pixels = {name: getattr(picture, name) for name in ("sha256", "width", "height")}
        view = View(picture.heading_deg, picture.pitch_deg, picture.fov_deg)
        file = f"{folder}/{picture.file}"
        yield known_row(source, city, candidate, picture.key, view) | pixels | {"file": file}
    for refusal in outcome.refused:
        said = {"reason": refusal.reason, "detail": refusal.detail}
        yield known_row(source, city, candidate, refusal.key, View()) | said


def known_row(source: str, city: str, candidate: Candidate, key: str, view: View) -> dict[str, Any]:
    """What is known of a picture without its pixels."""
    facts = {
        "lat": repr(candidate.location.lat),
        "lon": repr(candidate.location.lon),
        "heading": "" if view.heading_deg is None else repr(view.heading_deg),
        "captured": candidate.captured,
        "place": candidate.key,
        "sequence": candidate.sequence,
        "project": candidate.project,
        "author": candidate.author,
        "licence": candidate.licence,
        "page_url": candidate.page_url,
    }
    return row_of(FoundPhoto(Path(), key, city, {name: value for name, value in facts.items() if value}), source)


def recipe_rows(order: Order, log: Log) -> Iterator[dict[str, Any]]:
    """Rows of ``recipes.parquet``: where each picture looks that may be fetched, but not kept."""
    for slug, city in log.cities.items():
        for candidate in city.chosen.values():
            views = order.wish.directions(candidate.key) if getattr(order.source, "RENDERS", False) else (View(),)
            for number, view in enumerate(views, 1):
                key = candidate.key if len(views) == 1 else f"{candidate.key}-{number}"
                row = known_row(order.name, slug, candidate, key, view)
                own = {"pitch_deg": view.pitch_deg, "fov_deg": view.fov_deg, "size_px": order.wish.size_px}
                facts = json.dumps(dict(candidate.facts), sort_keys=True)
                yield {name: row.get(name) for name in RECIPE_COLUMNS} | own | {"key": candidate.key, "facts": facts}


def write_recipes(root: Path, source: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Replace one source's recipes; hashes that are known stay."""
    path = root / RECIPES
    before = read_table(path) if path.is_file() else []
    known = {row["id"]: row["sha256"] for row in before}
    new = [row for row in before if row["source"] != source]
    new += [{**row, "sha256": known.get(row["id"]) or row["sha256"]} for row in rows]
    new.sort(key=lambda row: str(row["id"]))
    if new != before:
        write_table(path, RECIPE_COLUMNS, new)


def candidate_of(recipe: Mapping[str, Any]) -> Candidate:
    """What a source needs to fetch a recipe's pictures."""
    author, licence, page_url, captured = (
        str(recipe[name] or "") for name in ("author", "licence", "page_url", "captured_at")
    )
    location, facts = Location(recipe["lat"], recipe["lon"]), json.loads(recipe["facts"] or "{}")
    return Candidate(recipe["key"], location, author, licence, page_url, captured=captured, facts=facts)


def publish(order: Order, log: Log, root: Path, name: str) -> None:
    """Bring the dataset's tables up to what the journal says; again, nothing changes.

    Args:
        order: what was wanted.
        log: what was done.
        root: the dataset's folder.
        name: of the dataset.
    """
    if not log.has_chosen():
        return
    if order.source.TERMS.may_store:
        folder = folder_of(root, order.name)
        rows = (row for slug, city in log.cities.items() for row in _rows(order.name, slug, city))
        add_rows(root, name=name, source=order.name, rows=rows)
        needed = {picture.sha256 for outcome in _outcomes(log) for picture in outcome.pictures}
        sweep(folder, lambda _: needed)
    else:
        with only_one(root):
            write_recipes(root, order.name, list(recipe_rows(order, log)))
            _begin_tables(root, name, order.name)
    with only_one(root):
        sweep_halves(root)
        if (root / MANIFEST).is_file():
            before = read_manifest(root)
            collected = {**before.get("collected", {}), order.name: _facts(order, log)}
            update_manifest(root, {"collected": collected, "cities": {**before.get("cities", {}), **_names(order)}})


def _rows(source: str, slug: str, city: CityLog) -> Iterator[dict[str, Any]]:
    for key, candidate in city.chosen.items():
        if key in city.results:
            yield from photo_rows(source, slug, candidate, city.results[key], f"collect/{source}")


def _outcomes(log: Log) -> Iterator[Outcome]:
    for city in log.cities.values():
        yield from city.results.values()


def _begin_tables(root: Path, name: str, source: str) -> None:
    """The tables of a dataset that has only recipes yet."""
    tables = {"photos": PHOTO_COLUMNS, "imported": IMPORTED_COLUMNS, "dropped": DROPPED_COLUMNS, "ties": TIE_COLUMNS}
    for table, columns in tables.items():
        if not (root / f"{table}.parquet").is_file():
            write_table(root / f"{table}.parquet", columns, [])
    if not (root / MANIFEST).is_file():
        update_manifest(root, {"format": DATASET_FORMAT, "name": name, "importer": source})


def _names(order: Order) -> dict[str, dict[str, str]]:
    """What people call the cities; photos hold slugs only."""
    cities = [errand.city for errand in order.errands]
    return {city.slug: {"name": city.name, "country": city.country} for city in cities}


def _facts(order: Order, log: Log) -> dict[str, Any]:
    """What ``dataset.toml`` says of a collection: the terms as they were, what was asked for, what came of it."""
    settings = {name: value for name, value in order.settings().items() if value is not None}
    refused = sum((city.refused for city in log.cities.values()), Counter[str]())
    terms = asdict(order.source.TERMS)
    return {
        **{name: list(value) if isinstance(value, tuple) else value for name, value in terms.items()},
        "settings": settings,
        "places": {slug: _places(order, city) for slug, city in log.cities.items()},
        "refused": dict(sorted(refused.items())),
    }


def _places(order: Order, city: CityLog) -> int:
    return city.places if order.source.TERMS.may_store else len(city.chosen)
