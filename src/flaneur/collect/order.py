"""What a user wants collected, checked and compared with what was collected before under the same name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from flaneur.area import Area, Points, spots
from flaneur.collect.journal import CityLog, Journal, Log, city_entry, settings_entry
from flaneur.errors import UsageError
from flaneur.files import sha256_bytes
from flaneur.protocols import Source, Wish
from flaneur.types import City, Location

TRIES_PER_PLACE = 30
"""How many spots are looked at for each place that is wanted, before a city is given up."""


@dataclass(frozen=True)
class Errand:
    """One city.

    Args:
        city: whose name the photos get.
        area: where they must lie.
        count: places wanted.
        tries: spots to look at; :data:`TRIES_PER_PLACE` for each place by default.
    """

    city: City
    area: Area
    count: int
    tries: int = 0

    @property
    def most_spots(self) -> int:
        """Where the search ends; of a list of positions with its last one."""
        most = self.tries or TRIES_PER_PLACE * self.count
        return min(most, len(self.area.locations)) if isinstance(self.area, Points) else most


@dataclass(frozen=True)
class Order:
    """All that is wanted of one source.

    Args:
        name: of the source.
        source: its module.
        errands: city by city.
        wish: of each place.
        sampling: of :func:`flaneur.area.spots`.
        cell_resolution: likewise.
        radius_m: how far from a spot to look; the source's own by default.
        min_distance_m: between two places of a city.
    """

    name: str
    source: Source
    errands: tuple[Errand, ...]
    wish: Wish = field(default_factory=Wish)
    sampling: str = "uniform"
    cell_resolution: int | None = None
    radius_m: float = 0.0
    min_distance_m: float = 0.0

    @property
    def reach_m(self) -> float:
        """How far from a spot to look."""
        return self.radius_m or self.source.RADIUS_M

    def settings(self) -> dict[str, Any]:
        """All but the cities that decides which photos are chosen."""
        wish = asdict(self.wish) | {"options": dict(self.wish.options)}
        own = ("sampling", "cell_resolution", "min_distance_m")
        return wish | {name: getattr(self, name) for name in own} | {"radius_m": self.reach_m}


def begin(order: Order, journal: Journal, dataset: str) -> None:
    """Note what is wanted, or see that it is what was wanted before. Counts may grow and cities be added.

    Args:
        order: what is wanted.
        journal: of what was collected before; begun anew if nothing was chosen yet.
        dataset: its name, for people.

    Raises:
        UsageError: other photos were collected under this name; the message says what differs.
    """
    if not goes_on(order, journal.log, dataset):
        journal.restart()
        journal.add(settings_entry(order.settings()))
    for errand in order.errands:
        if errand.city.slug not in journal.log.cities:
            journal.add(city_entry(errand.city.slug, name_of(errand.area)))


def goes_on(order: Order, log: Log, dataset: str) -> bool:
    """Whether what was collected before is the beginning of what is wanted; if not, nothing of it is needed.

    Raises:
        UsageError: other photos were collected under this name; the message says what differs.
    """
    if not log.settings:
        return False
    differing = _differing(log.settings, order.settings())
    areas = {errand.city.slug: name_of(errand.area) for errand in order.errands}
    differing += [
        f"the area of {slug}" for slug, area in areas.items() if slug in log.cities and log.cities[slug].area != area
    ]
    if differing and log.has_chosen():
        raise UsageError(
            f"{dataset} was collected from {order.name} with other settings: {'; '.join(differing)}. "
            "Repeat them, or choose another --name."
        )
    return not differing


def spots_of(order: Order, errand: Errand) -> Iterator[Location]:
    """All spots of a city, to the last that will be looked at."""
    every = spots(errand.area, sampling=order.sampling, seed=order.wish.seed, cell_resolution=order.cell_resolution)
    return islice(every, errand.most_spots)


def new_spots(order: Order, errand: Errand, log: CityLog) -> Iterator[tuple[int, Location]]:
    """Spots with their numbers, after those that were decided before."""
    return islice(enumerate(spots_of(order, errand)), log.spots, None)


def folder_of(root: Path, source: str) -> Path:
    """Where a run keeps what it downloads; the journal lies beside it."""
    return root / "collect" / source


def journal_of(root: Path, source: str) -> Path:
    """The journal of a run."""
    return root / "collect" / f"{source}.jsonl"


def name_of(area: Area) -> str:
    """A short name that no other area has."""
    return sha256_bytes(repr(area).encode())[:16]


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    return [f"{_flag(name)} {_told(before.get(name))}, now {_told(now.get(name))}" for name in names]


def _flag(name: str) -> str:
    words = name.removesuffix("_m").removesuffix("_deg").removesuffix("_px")
    return f"--{words.rstrip('s') if words == 'options' else words.replace('_', '-')}"


def _told(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value)
