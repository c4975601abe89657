"""What several systems said of different photos in; the photos that all can be judged by, row by row, out."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from flaneur.errors import InputError, counted
from flaneur.evaluation.comparison.guesses import Guesses

_SHOWN = 5


def in_common(said: Sequence[Guesses]) -> tuple[tuple[Guesses, ...], tuple[str, ...]]:
    """Only the photos that all have answered and whose city all know, sorted by id.

    Args:
        said: two systems or more.

    Returns:
        The systems with aligned rows, and sentences about what is left out.

    Raises:
        InputError: there is no such photo, one occurs twice, or the systems differ about where it was taken.
    """
    shared = _shared_cities(said)
    found = [_rows_by_id(one, shared) for one in said]
    ids = sorted(set.intersection(*(set(rows) for rows in found)))
    if not ids:
        raise InputError(_nothing_shared(said))
    aligned = tuple(one.rows([rows[name] for name in ids]) for one, rows in zip(said, found, strict=True))
    for other in aligned[1:]:
        _same_photos(aligned[0], other)
    strange = {one.name: len(one.photos) - len(rows) for one, rows in zip(said, found, strict=True)}
    alone = {one.name: len(rows) - len(ids) for one, rows in zip(said, found, strict=True)}
    notes = {"photos of cities that not all know": strange, "photos that not all have answered": alone}
    return aligned, tuple(_note(what, counts) for what, counts in notes.items() if any(counts.values()))


def _shared_cities(said: Sequence[Guesses]) -> set[str] | None:
    """Slugs that all can answer with; ``None`` where no system says what it chooses among."""
    known = [{city.slug for city in one.cities} for one in said if one.cities]
    return set.intersection(*known) if known else None


def _rows_by_id(one: Guesses, shared: set[str] | None) -> dict[str, int]:
    rows: dict[str, int] = {}
    for row, photo in enumerate(one.photos):
        if shared is None or photo.city in shared:
            if photo.id in rows:
                raise InputError(f"{one.name}: photo {photo.id!r} occurs twice, so that it is not clear what was said.")
            rows[photo.id] = row
    return rows


def _same_photos(one: Guesses, other: Guesses) -> None:
    for mine, theirs in zip(one.photos, other.photos, strict=True):
        files = {mine.sha256, theirs.sha256} - {""}
        if mine.city != theirs.city or len(files) > 1:
            what = f"taken in {theirs.city}, not in {mine.city}" if mine.city != theirs.city else "another picture"
            raise InputError(
                f"photo {mine.id!r} is {what}, by {other.name}. {one.name} and {other.name} were measured on different "
                "data; measure both on the same dataset."
            )


def _note(what: str, counts: dict[str, int]) -> str:
    return f"{what} ({', '.join(f'{count:,} of {name}' for name, count in counts.items() if count)})."


def _nothing_shared(said: Sequence[Guesses]) -> str:
    told = []
    for one in said:
        if not one.photos:
            told.append(f"{one.name}: none of a city that it knows ({_first({city.slug for city in one.cities})})")
            continue
        where = f" of dataset {one.origin['dataset']}" if one.origin.get("dataset") else ""
        told.append(
            f"{one.name}: {counted(len(one.photos), 'photo')}{where} ({_first({photo.city for photo in one.photos})})"
        )
    return f"no photo in common whose city all know. {'; '.join(told)}. Measure them on the same dataset and part."


def _first(cities: Collection[str]) -> str:
    return ", ".join(sorted(cities)[:_SHOWN]) + (" …" if len(cities) > _SHOWN else "")
