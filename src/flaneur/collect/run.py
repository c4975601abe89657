"""An order and a dataset's folder in; the photos in the dataset, and what came of it, out. The same order goes on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from flaneur.area import Points
from flaneur.collect.budget import budget_of
from flaneur.collect.journal import CityLog, Journal, Log, read_log, writing
from flaneur.collect.order import Errand, Order, begin, folder_of, goes_on, journal_of, new_spots
from flaneur.collect.publish import publish
from flaneur.collect.spot_by_spot import Run
from flaneur.dataset.lock import LOCK, only_one
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
        looked_through: cities with fewer places than wanted all of whose positions were looked at.
    """

    places: dict[str, int]
    wanted: dict[str, int]
    spots: dict[str, int]
    refused: dict[str, int]
    later: int
    looked_through: tuple[str, ...] = ()

    @property
    def problem(self) -> str:
        """Why a run did not do what it should; empty if it did."""
        empty = [city for city, places in self.places.items() if not places]
        if self.later:
            return f"{counted(self.later, 'photo')} could not be had now. The same command goes on."
        if empty:
            looked = counted(sum(self.spots[city] for city in empty), "spot")
            why = f": {listed(self.refused)}" if self.refused else ""
            tries = "" if set(empty) <= set(self.looked_through) else " or --tries"
            return (
                f"Nothing was found for {', '.join(empty)} at {looked}{why}. "
                f"Try a larger --radius{tries}, another --area or source, or wider dates."
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
    with _alone(root, order.name), writing(root), Journal(journal_of(root, order.name)) as journal:
        begin(order, journal, name)
        forget_lost(journal.log, folder, root / "imported.parquet")
        try:
            _work(order, journal, root, open_client, progress or (lambda _: None))
        finally:
            publish(order, journal.log, root, name)
        return _outcome(order, journal.log)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far an order is, by city.

    Args:
        done: places had.
        left: that may still be found: no more than spots that were not looked at, and photos still to be had.
        begun: whether anything was chosen.
    """

    done: dict[str, int]
    left: dict[str, int]
    begun: bool


def standing(order: Order, root: Path, name: str) -> Standing:
    """How far an order is; nothing is written, and nobody asked.

    Args:
        order: what is wanted.
        root: the dataset's folder; there need not be one.
        name: of the dataset, for people.

    Raises:
        UsageError: other photos were collected under this name.
    """
    log, _ = read_log(journal_of(root, order.name))
    if not goes_on(order, log, name):
        log = Log()
    cities = {errand.city.slug: log.cities.get(errand.city.slug, CityLog()) for errand in order.errands}
    done = {slug: _places(order, city) for slug, city in cities.items()}
    left = {errand.city.slug: _left(order, errand, cities[errand.city.slug]) for errand in order.errands}
    return Standing(done, left, log.has_chosen())


def _left(order: Order, errand: Errand, city: CityLog) -> int:
    unseen = max(0, errand.most_spots - city.spots) + len(city.unreachable) + len(_pending(order, city))
    return max(0, min(errand.count - _places(order, city), unseen))


@contextmanager
def _alone(root: Path, source: str) -> Iterator[None]:
    """A run's folder, locked; a run that learnt nothing, for want of a key, say, leaves none that was not there."""
    folder, journal = folder_of(root, source), journal_of(root, source)
    made = [each for each in (folder, *folder.parents) if not each.exists()]
    with writing(root):
        folder.mkdir(parents=True, exist_ok=True)
    try:
        with only_one(folder):
            try:
                yield
            finally:
                if made and not any(city.spots for city in read_log(journal)[0].cities.values()):
                    _remove(journal, budget_of(root, source), folder / LOCK)
    finally:
        for each in made:
            with suppress(OSError):
                each.rmdir()


def _remove(*files: Path) -> None:
    for file in files:
        with suppress(OSError):
            file.unlink()


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
    through = tuple(
        each.city.slug
        for each in order.errands
        if isinstance(each.area, Points)
        and places[each.city.slug] < each.count
        and cities[each.city.slug].spots >= len(each.area.locations)
    )
    spots = {slug: city.spots for slug, city in cities.items()}
    return Collected(places, wanted, spots, dict(refused), later, through)


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
