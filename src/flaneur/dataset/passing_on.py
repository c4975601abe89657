"""A dataset in; what of it others may have out: bytes of photos without metadata, and what is known of them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flaneur.dataset.store import Dataset
from flaneur.dataset.strip import strip
from flaneur.errors import InputError, IntegrityError, UsageError, counted
from flaneur.files import ColumnType, sha256_bytes
from flaneur.types import Photo

PUBLIC_COLUMNS: dict[str, ColumnType] = {
    "id": "string", "source": "string", "city": "string", "place": "string", "sequence": "string", "lat": "float64",
    "lon": "float64", "heading_deg": "float64", "captured_at": "string", "project": "string", "author": "string",
    "licence": "string", "page_url": "string", "width": "int64", "height": "int64", "sha256": "string",
}  # fmt: skip


def check_may_pass_on(dataset: Dataset, *, own: bool, pictures: bool) -> None:
    """Whether others may have this dataset.

    Args:
        dataset: to be passed on.
        own: whether the user says that photos without a licence are theirs.
        pictures: whether pixels are passed on, not only where they were taken.

    Raises:
        InputError: it is empty, photos have no licence or lack the author that theirs asks to name, or a source's
            terms forbid to pass pixels, or even positions, on.
    """
    photos = dataset.photos
    if not photos:
        raise InputError(f"{dataset.name}: there is no photo in it. See: flaneur dataset info {dataset.name} --dropped")
    if not own:
        _check_licences(dataset.name, photos)
    _check_terms(dataset, photos, pictures=pictures)


def public_photo(dataset: Dataset, photo: Photo) -> tuple[bytes, str, dict[str, Any]]:
    """A photo for others: its bytes, never with metadata, a file name by their hash, and what is known of it.

    Raises:
        PhotoError: a linked photo cannot be read.
        IntegrityError: a photo is missing or has changed.
    """
    path = dataset.image_path(photo)
    try:
        data = path.read_bytes()
    except OSError as error:
        reason, hint = error.strerror or error, f"See: flaneur dataset verify {dataset.name}"
        raise IntegrityError(f"{path}: cannot be read ({reason}). {hint}") from error
    if sha256_bytes(data) != photo.sha256:
        raise IntegrityError(f"{path}: changed since it was imported. See: flaneur dataset verify {dataset.name}")
    suffix, digest = path.suffix, photo.sha256
    if dataset.is_linked(photo):  # as the user has it
        data, suffix, _ = strip(data)
        digest = sha256_bytes(data)
    return data, f"{digest}{suffix}", public_facts(photo) | {"sha256": digest}


def public_facts(photo: Photo) -> dict[str, Any]:
    """What others may know of a photo, by column; the user's own file name stays here."""
    facts = {name: getattr(photo, name) for name in PUBLIC_COLUMNS if name not in ("lat", "lon")}
    place = photo.location
    return facts | {"lat": place and place.lat, "lon": place and place.lon}


def bounds(dataset: Dataset) -> tuple[float, float, float, float]:
    """West, south, east and north of all positions, in degrees.

    Raises:
        InputError: there are none.
    """
    places = [photo.location for photo in dataset.photos if photo.location is not None]
    if not places:
        raise InputError(f"{dataset.name}: no photo has a position. Export it as imagefolder or webdataset.")
    lats, lons = [place.lat for place in places], [place.lon for place in places]
    return min(lons), min(lats), max(lons), max(lats)


@contextmanager
def writing(out: Path) -> Iterator[None]:
    """Say in one line why ``out`` cannot be written.

    Raises:
        InputError: a full disk, missing permissions and the like.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror or error}). Mend that and try again.") from error


@contextmanager
def new_file(out: Path) -> Iterator[None]:
    """Write ``out`` where nothing is yet.

    Raises:
        UsageError: there is something already.
    """
    check_new(out)
    with writing(out):
        yield


@contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """A folder to write into that becomes ``out`` when all is there, and vanishes on failure.

    Raises:
        UsageError: there is something already.
    """
    growing = out.with_name(f".{out.name}.tmp")
    with new_file(out):
        try:
            shutil.rmtree(growing, ignore_errors=True)  # of a kill
            growing.mkdir(parents=True)
            yield growing
            if out.is_dir():
                out.rmdir()  # it is empty
            growing.rename(out)
        finally:
            shutil.rmtree(growing, ignore_errors=True)


def check_new(out: Path) -> None:
    """Refuse to write where something is.

    Raises:
        UsageError: there is something.
    """
    if out.is_dir() and not any(out.iterdir()):
        return
    if out.exists():
        raise UsageError(f"{out} is there already. Choose another name, or remove it.")


def _check_licences(name: str, photos: Sequence[Photo]) -> None:
    without = [photo for photo in photos if not photo.licence]
    if without:
        raise InputError(
            f"{name}: {_with_example(without)} came without a licence, so others may not use them. Import a table that "
            "has the columns licence and author; or, if they are yours to give away, say --own."
        )
    nameless = [photo for photo in photos if not photo.author and _names_authors(photo.licence)]
    if nameless:
        raise InputError(
            f"{name}: {_with_example(nameless)} may be passed on only with the author's name, which is not known. "
            "Import a table that has the column author; or, if they are yours to give away, say --own."
        )


def _names_authors(licence: str | None) -> bool:
    return (licence or "").upper().replace(" ", "-").startswith("CC-BY")


def _check_terms(dataset: Dataset, photos: Sequence[Photo], *, pictures: bool) -> None:
    collected = dataset.manifest.get("collected", {})
    for source, terms in sorted(collected.items()):
        here = [photo for photo in photos if photo.source == source]
        whose = f"came from {terms.get('provider', source)}, whose terms do not let you"
        days = terms.get("positions_days", 0)
        if here and days:
            raise InputError(
                f"{dataset.name}: {_with_example(here)} {whose} keep positions for more than {days} days, nor pass "
                f"them or pictures on. Others can collect them anew: flaneur collect {source}"
            )
        if here and pictures and not terms.get("may_store", True):
            raise InputError(
                f"{dataset.name}: {_with_example(here)} {whose} pass pictures on. Export where they were taken: "
                "geoparquet or geojson."
            )


def _with_example(photos: Sequence[Photo]) -> str:
    return f"{counted(len(photos), 'photo')} (such as {photos[0].id})"
