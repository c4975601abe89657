"""An order and a dataset's folder in; the photos in the dataset, and what came of it, out. The same order goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flaneur.collect.journal import CityLog, Journal, Log, read_log, writing
from flaneur.collect.order import Errand, Order, begin, folder_of, journal_of, new_spots
from flaneur.collect.publish import publish
from flaneur.collect.spot_by_spot import Run
from flaneur.dataset.lock import only_one
from flaneur.errors import counted, listed
from flaneur.files import read_rows, sha256_file
from flaneur.protocols import Candidate

if TYPE_CHECKING:
    from flaneur.net import Client

OpenClient = Callable[[], AbstractContextManager["Client"]]


@dataclass(frozen=True, slots=True)
class Collected:
    """What a dataset has of one source now.

    Args:
        places: had, by city.
        wanted: places, by city.
        spots: that were looked at, by city.
        refused: candidates that were refused, and spots without imagery, by reason.
        later: photos and spots that could not be had now.
    """

    places: dict[str, int]
    wanted: dict[str, int]
    spots: dict[str, int]
    refused: dict[str, int]
    later: int

    @property
    def problem(self) -> str:
        """Why a run did not do what it should; empty if it did."""
        empty = [city for city, places in self.places.items() if not places]
        if self.later:
            return f"{counted(self.later, 'photo')} could not be had now. The same command goes on."
        if empty:
            looked = counted(sum(self.spots[city] for city in empty), "spot")
            why = f": {listed(self.refused)}" if self.refused else ""
            return (
                f"Nothing was found for {', '.join(empty)} at {looked}{why}. "
                "Try a larger --radius or --tries, another --area or source, or wider dates."
            )
        return ""


def collect(
    order: Order, root: Path, *, name: str, open_client: OpenClient, progress: Callable[[int], None] | None = None
) -> Collected:
    """Collect what is wanted, or what is left of it; a finished collection asks for nothing.

    Which photos are chosen depends on the order and the provider's answers alone: a run that was killed, interrupted or
    met a full disk ends, when it is called again, with the same tables as one that was left alone.

    Args:
        order: what is wanted.
        root: the dataset's folder, made if need be.
        name: of the dataset.
        open_client: makes the client, once something is to be asked.
        progress: called with 1 for each new place.

    Raises:
        UsageError: other photos were collected under this name.
        LaterError: the provider cannot be reached; what there is, is in the dataset.
        CredentialsError: likewise, the key is missing or refused.
        BudgetError: likewise, the next photo would cost more than the budget.
        InputError: the disk is full.
    """
    folder = folder_of(root, order.name)
    with writing(root):
        folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder), writing(root), Journal(journal_of(root, order.name)) as journal:
        begin(order, journal, name)
        forget_lost(journal.log, folder, root / "imported.parquet")
        try:
            _work(order, journal, root, open_client, progress or (lambda _: None))
        finally:
            publish(order, journal.log, root, name)
        return _outcome(order, journal.log)


def places_had(order: Order, root: Path) -> dict[str, int]:
    """What a dataset has of an order's source already: places by city."""
    log, _ = read_log(journal_of(root, order.name))
    return {slug: _places(order, city) for slug, city in log.cities.items()}


def unfinished(order: Order, log: Log) -> list[Errand]:
    """The cities that something may still be found for."""
    return [errand for errand in order.errands if _is_unfinished(order, errand, log)]


def _work(order: Order, journal: Journal, root: Path, open_client: OpenClient, progress: Callable[[int], None]) -> None:
    errands = unfinished(order, journal.log)
    if not errands:
        return
    store = folder_of(root, order.name) if order.source.TERMS.may_store else None
    with open_client() as client:
        run = Run(order, journal, client, store, progress)
        try:
            for errand in errands:
                run.collect(errand)
        finally:
            run.stop()


def _is_unfinished(order: Order, errand: Errand, log: Log) -> bool:
    city = log.cities.get(errand.city.slug)
    if city is None:
        return True
    waiting = city.unreachable or _pending(order, city)
    return _places(order, city) < errand.count and (
        bool(waiting) or next(new_spots(order, errand, city), None) is not None
    )


def _places(order: Order, city: CityLog) -> int:
    """Places had; where pixels may not be kept, those that are known how to fetch."""
    return city.places if order.source.TERMS.may_store else len(city.chosen)


def _pending(order: Order, city: CityLog) -> list[Candidate]:
    return city.pending if order.source.TERMS.may_store else []


def _outcome(order: Order, log: Log) -> Collected:
    cities = {errand.city.slug: log.cities[errand.city.slug] for errand in order.errands}
    refused: Counter[str] = Counter()
    for city in cities.values():
        refused += city.refused
        refused.update(refusal.reason for outcome in city.results.values() for refusal in outcome.refused)
    places = {slug: _places(order, city) for slug, city in cities.items()}
    wanted = {errand.city.slug: errand.count for errand in order.errands}
    short = [city for slug, city in cities.items() if places[slug] < wanted[slug]]
    later = sum(len(_pending(order, city)) + len(city.unreachable) for city in short)
    return Collected(places, wanted, {slug: city.spots for slug, city in cities.items()}, dict(refused), later)


def forget_lost(log: Log, folder: Path, table: Path) -> None:
    """Have those fetched again whose files are gone or torn.

    Args:
        log: of what was stored.
        folder: where.
        table: of a dataset; what it names was on disk before it was written, and is not read again.
    """
    settled = {row["sha256"] for row in read_rows(table, ["sha256"])} if table.is_file() else set()
    for city in log.cities.values():
        for key, outcome in list(city.results.items()):
            if not all(_is_whole(folder / each.file, each.sha256, settled) for each in outcome.pictures):
                city.forget(key)


def _is_whole(path: Path, sha256: str, settled: set[str]) -> bool:
    whole = path.is_file() and (sha256 in settled or sha256_file(path) == sha256)
    if not whole:
        path.unlink(missing_ok=True)
    return whole
