"""Found photos in; a dataset on disk out, and the dataset read back: photos, cities, splits, files by content."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from fnmatch import fnmatchcase
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from flaneur import geo
from flaneur.dataset import tables
from flaneur.dataset.folder import collected, make_folder, sweep, take_back
from flaneur.dataset.ingest import JOURNAL, Ingested, ingest, read_journal
from flaneur.dataset.lock import only_one
from flaneur.dataset.manifest import DATASET_FORMAT, MANIFEST, read_manifest
from flaneur.dataset.merge import ImportSummary, merge, why_none
from flaneur.dataset.split import Split, missing_split, read_split
from flaneur.dataset.staging import Staging, staging
from flaneur.dataset.tables import Dropped, id_of, readable
from flaneur.errors import InputError, UsageError
from flaneur.files import read_rows, read_table, sha256_file, sha256_json
from flaneur.protocols import FoundPhoto
from flaneur.settings import resolve
from flaneur.types import City, Location, Photo

_INGESTED = tuple(field.name for field in fields(Ingested) if field.name != "key")


@dataclass(frozen=True)
class Dataset:
    """A folder of photos that does not change under its reader.

    Args:
        root: the folder.
        name: of the dataset.
    """

    root: Path
    name: str

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """``dataset.toml``: name, format, how it was imported, curated and split."""
        return read_manifest(self.root)

    @cached_property
    def all_photos(self) -> tuple[Photo, ...]:
        """Everything imported, sorted by id."""
        return tuple(tables.photo_of(row) for row in read_rows(self.root / "photos.parquet"))

    @cached_property
    def photos(self) -> tuple[Photo, ...]:
        """What curation left of them."""
        gone = {dropped.id for dropped in self.dropped}
        return tuple(photo for photo in self.all_photos if photo.id not in gone)

    @cached_property
    def dropped(self) -> tuple[Dropped, ...]:
        """Every refusal with its reason."""
        return tuple(Dropped(**row) for row in read_table(self.root / "dropped.parquet"))

    @cached_property
    def ties(self) -> tuple[tuple[str, ...], ...]:
        """Places that share a photo or a near-duplicate, and so must not be split."""
        return tables.read_ties(self.root)

    @cached_property
    def cities(self) -> tuple[City, ...]:
        """The cities of :attr:`photos` by slug; centre and radius from the positions, where there are any."""
        locations: dict[str, list[Location | None]] = {}
        for photo in self.photos:
            locations.setdefault(photo.city, []).append(photo.location)
        called = self.manifest.get("cities", {})
        return tuple(_city(slug, locations[slug], called.get(slug, {})) for slug in sorted(locations))

    @cached_property
    def content_hash(self) -> str:
        """Names the photos and their labels: equal hash, equal data."""
        return sha256_json([(photo.id, photo.sha256, photo.city) for photo in self.photos])

    def image_path(self, photo: Photo) -> Path:
        """The file of a photo: stored in the dataset, or elsewhere where it was linked."""
        return self.root / self._files[photo.id]

    def is_linked(self, photo: Photo) -> bool:
        """Whether its file lies outside the dataset, where others may change it."""
        return Path(self._files[photo.id]).is_absolute()

    def split(self, name: str = "default") -> Split:
        """A split that was made before.

        Raises:
            InputError: there is none of that name.
        """
        if not (self.root / "splits" / f"{name}.json").is_file():
            raise missing_split(self.root / "splits", self.name, name)
        return read_split(self.root / "splits", name)

    @cached_property
    def _files(self) -> dict[str, str]:
        return {row["id"]: row["file"] for row in read_rows(self.root / "photos.parquet", ("id", "file"))}


def open_dataset(name_or_path: str | Path) -> Dataset:
    """A dataset by name or folder.

    Raises:
        InputError: there is none, or a newer flaneur made it.
    """
    root = resolve("datasets", name_or_path, MANIFEST)
    manifest = read_manifest(root)
    if manifest.get("format") != DATASET_FORMAT:
        raise InputError(f"{root}: made by a newer flaneur (format {manifest.get('format')}). Update flaneur.")
    return Dataset(root, str(manifest.get("name", root.name)))


def import_photos(
    found: Iterable[FoundPhoto],
    root: Path,
    *,
    name: str,
    source: str,
    only: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportSummary:
    """Copy photos into a dataset, without their metadata. The user's files are only read.

    Killed at any moment, the same call goes on where it was. Importing again changes nothing; importing more adds. Of
    photos that are the same file, the one that the dataset has already stays.
    Photos are taken as they come, so that memory does not grow with their number.

    Args:
        found: what an importer found.
        root: the dataset's folder, made if need be.
        name: of the dataset.
        source: the importer's name, first half of each photo's id.
        only: a glob on the photos' keys, such as ``cities/*``; ``*`` matches slashes too.
        progress: called with 1 after each photo.

    Raises:
        InputError: there was nothing to import, or no photo of a new dataset could be used; nothing is left then.
        UsageError: the dataset has photos of the same names from another folder.
    """
    return _import(_wanted(found, only), root, (name, source, False), progress)


def link_photos(
    found: Iterable[FoundPhoto],
    root: Path,
    *,
    name: str,
    source: str,
    only: str | None = None,
    progress: Callable[[int], None] | None = None,
) -> ImportSummary:
    """Like :func:`import_photos`, but photos stay where they are, and the dataset names their files.

    Their hash is of the file as it is: where one is moved or changed, :func:`verify_dataset` says so.

    Raises:
        UsageError: also for a photo inside an archive, which has no file to name.
    """
    return _import(_wanted(found, only), root, (name, source, True), progress)


def _wanted(found: Iterable[FoundPhoto], only: str | None) -> Iterator[FoundPhoto]:
    """Those that match; at least one, or it is an error before anything is made."""
    wanted = (readable(photo) for photo in found)
    matching = wanted if only is None else (photo for photo in wanted if fnmatchcase(photo.key, only))
    first = next(matching, None)
    if first is None:
        pattern = f" that match {only!r}" if only else ""
        raise InputError(f"No photos{pattern} found, so nothing was imported. Check the path.")
    return chain([first], matching)


def _import(
    wanted: Iterator[FoundPhoto], root: Path, how: tuple[str, str, bool], progress: Callable[[int], None] | None
) -> ImportSummary:
    name, source, link = how
    made = make_folder(root)
    why = ""
    with only_one(root), staging(root) as rows:
        for result in read_journal(root):
            rows.note(result.key, asdict(result))
        for photo, result in ingest(_with_past(wanted, rows, how), root, link=link):
            rows.put(_row(photo, result, source, rows))
            if progress is not None:
                progress(1)
        summary = merge(root, rows, name, source)
        if summary is None:
            why = why_none(rows)
            rows.forget()
        rows.spare(collected(root))
        sweep(root, rows.stored)
        (root / JOURNAL).unlink(missing_ok=True)
    if summary is None:
        take_back(root, made)
        raise InputError(f"No photo could be used, so nothing was imported. {why}")
    return summary


def _with_past(
    wanted: Iterable[FoundPhoto], rows: Staging, how: tuple[str, str, bool]
) -> Iterator[tuple[FoundPhoto, Ingested | None]]:
    """Each photo with what an import before, or this one before it was killed, made of it."""
    _, source, link = how
    for photo in wanted:
        if link and photo.member:
            raise UsageError(f"{photo.path}: photos inside an archive cannot be linked. Leave out --link.")
        noted = rows.noted(photo.key)
        row = None if noted else rows.get(id_of(photo, source)[0])
        facts = noted or (row and {name: row[name] for name in _INGESTED} | {"key": photo.key})
        yield photo, Ingested(**facts) if facts else None


def add_rows(root: Path, *, name: str, source: str, rows: Iterable[Mapping[str, Any]]) -> ImportSummary:
    """Add photos whose files are stored already, as a collection has them; adding them again changes nothing.

    Args:
        root: the dataset's folder.
        name: of the dataset.
        source: the provider's name.
        rows: of ``imported.parquet``, as :func:`flaneur.dataset.tables.row_of` makes them, with ``sha256``, ``file``
            (absolute for a photo outside the dataset), ``width`` and ``height`` or, for a photo that is refused,
            ``reason`` and ``detail``. One that has the id of an older one replaces it.

    Returns:
        What was done. Where the dataset would be empty, no table is written.
    """
    make_folder(root)
    usual = asdict(Ingested(key="", path_hash="", size=0, mtime_ns=0))
    with only_one(root), staging(root) as staged:
        for row in rows:
            staged.put(usual | dict(row))
        return merge(root, staged, name, source, own=source) or ImportSummary(0, 0, staged.count_refused())


def verify_dataset(dataset: Dataset, progress: Callable[[int], None] | None = None) -> list[str]:
    """Compare each photo with its hash.

    Returns:
        One line for each file that is missing or changed; none if all is well.
    """
    problems = []
    for photo in dataset.all_photos:
        path = dataset.image_path(photo)
        if not path.is_file():
            problems.append(f"{path}: missing ({photo.id})")
        elif sha256_file(path) != photo.sha256:
            problems.append(f"{path}: changed since it was imported ({photo.id})")
        if progress is not None:
            progress(1)
    return problems


def _row(photo: FoundPhoto, result: Ingested, source: str, rows: Staging) -> dict[str, Any]:
    """The row of ``imported.parquet``."""
    pixels = {name: getattr(result, name) for name in _INGESTED}
    row_id, own = id_of(photo, source)
    before = rows.get(row_id)
    if before is not None and before["is_new"]:
        raise InputError(f"{photo.path}: another photo of this import has the id {row_id!r}. Give each its own.")
    if before is not None and _is_another(before, result):
        raise UsageError(
            f"{photo.path}: the dataset has another photo called {photo.key!r}, from another folder. "
            "Import this folder under another --name."
        )
    try:
        return tables.row_of(photo, source) | pixels
    except InputError as error:
        row = {"id": row_id, "city": photo.city, "place": "", "source": own, "original": photo.key}
        return row | pixels | {"reason": "bad_row", "detail": f"{photo.key}: {error}"}


def _is_another(before: dict[str, Any], now: Ingested) -> bool:
    refused = before["reason"] or now.reason
    return not refused and before["path_hash"] != now.path_hash and before["sha256"] != now.sha256


def _city(slug: str, locations: list[Location | None], called: Mapping[str, str]) -> City:
    points = np.array([(place.lat, place.lon) for place in locations if place is not None], dtype=np.float64)
    name, country = called.get("name", slug.replace("-", " ").title()), called.get("country", "")
    if len(points) == 0:
        return City(slug, name, country)
    centre = np.median(points, axis=0)
    radius = float(np.quantile(geo.distance_km(points, centre[None]), 0.95))
    middle = Location(round(float(centre[0]), 5), round(float(centre[1]), 5))
    return City(slug, name, country, centre=middle, radius_km=round(radius, 3))
