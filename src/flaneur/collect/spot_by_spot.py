"""An order and a journal in; photos chosen and fetched out. Which ones does not depend on timing or interruptions."""

from __future__ import annotations

import copy
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flaneur.collect.choose import Apart, choose, refusal_of
from flaneur.collect.crew import Crew
from flaneur.collect.journal import (
    CHOSEN,
    NOTHING,
    UNREACHABLE,
    CityLog,
    Journal,
    result_entry,
    spot_entry,
)  # fmt: skip
from flaneur.collect.order import Errand, Order, new_spots, spots_of
from flaneur.collect.pictures import LaterError, Outcome, obtain
from flaneur.collect.unanswered import Unanswered, turned_away
from flaneur.errors import InputError, PhotoError
from flaneur.protocols import Candidate
from flaneur.types import Location

if TYPE_CHECKING:
    from flaneur.net import Client

AT_ONCE = 8
"""Requests side by side, where a source does not say."""
WINDOW = 32
"""Candidates that are being fetched or wait for it."""
AHEAD = 16
"""Spots that are asked for before their turn, where asking costs nothing."""
ASKED_AT_LEAST, ASKED_AT_MOST = 3, 6
"""How often one spot is asked for before it is gone round; before the provider, silent all the while, is given up."""
MISSED, OUTAGE = 4, 20
"""So many photos in a row that cannot be had, and none is tried once more; the provider is given up for now."""
DRAIN_S = 8.0
"""How long requests under way may take to end when a run is stopped."""

Answer = tuple[list[Candidate], Counter[str]]


@dataclass
class _Spot:
    """One spot that is asked for."""

    number: int
    location: Location
    answer: Future[Answer]
    asked: int = 1
    failed_at: float = 0.0  # first


@dataclass
class _City:
    """One city under way."""

    errand: Errand
    log: CityLog
    apart: Apart
    spots: deque[_Spot] = field(default_factory=deque)
    chosen: deque[Candidate] = field(default_factory=deque)
    fetching: dict[Future[Outcome], Candidate] = field(default_factory=dict)
    late: list[Candidate] = field(default_factory=list)


class Run:
    """One collecting run: asks ahead, decides spot by spot, fetches side by side.

    Args:
        order: what is wanted.
        journal: what was done; what is done is noted there.
        client: to ask with.
        store: folder for pictures, or ``None`` where the source forbids to keep them: then choosing is all.
        progress: called with 1 for each place.
    """

    def __init__(
        self, order: Order, journal: Journal, client: Client, store: Path | None, progress: Callable[[int], None]
    ) -> None:
        self._order, self._journal, self._client, self._store = order, journal, client, store
        self._progress = progress
        at_once = getattr(order.source, "AT_ONCE", AT_ONCE)
        self._askers, self._fetchers = Crew(at_once, "ask"), Crew(at_once, "fetch")
        self._ahead = 1 if getattr(order.source, "ASKING_COSTS", False) else AHEAD
        self._missed = 0  # photos in a row that could not be had
        self._heard_at = 0.0  # when the latest call began that brought something
        self._city: _City | None = None
        self._unanswered = Unanswered()

    def collect(self, errand: Errand) -> None:
        """Collect one city as far as it can be had now.

        Raises:
            LaterError: the provider cannot be reached at all.
            FlaneurError: key refused, budget spent, disk full.
        """
        log = self._journal.log.cities[errand.city.slug]
        city = self._fetch_chosen(errand, new_spots(self._order, errand, log))
        if log.unreachable:
            gone_round = frozenset(log.unreachable)
            every = enumerate(spots_of(self._order, errand))
            self._work_off(city, [], (spot for spot in every if spot[0] in gone_round))

    def fetch(self, errand: Errand) -> None:
        """Fetch what was chosen in a city, and choose nothing more; raises as :meth:`collect` does."""
        self._fetch_chosen(errand, iter(()))

    def stop(self) -> None:
        """Begin nothing more, but note what is under way and may have been paid for."""
        self._askers.stop()
        self._fetchers.stop()
        if self._city is not None:
            self._drain(self._city)
        self._unanswered.tell()

    def _drain(self, city: _City) -> None:
        wait(city.fetching, timeout=DRAIN_S)
        self._client.stop()
        for future in [future for future in city.fetching if future.done() and not future.cancelled()]:
            if future.exception() is None:
                self._take(city, future)

    def _fetch_chosen(self, errand: Errand, fresh: Iterator[tuple[int, Location]]) -> _City:
        """Fetch what was chosen but not had; more if that is not enough; at the end once more what failed."""
        log = self._journal.log.cities[errand.city.slug]
        city = self._city = _City(errand, log, Apart(self._order.min_distance_m))
        for candidate in log.chosen.values():
            city.apart.add(candidate.location)
        self._work_off(city, [] if self._store is None else log.pending, fresh)
        if self._missed < MISSED:
            late, city.late = city.late, []
            self._work_off(city, late, fresh)
        return city

    def _wants_more(self, city: _City) -> bool:
        """Whether another candidate is needed even if all that are under way turn out well.

        So those that are chosen are the shortest run of candidates that suffices, whichever of them comes first.
        """
        promised = len(city.log.chosen) if self._store is None else city.log.promised
        return promised < city.errand.count

    def _work_off(self, city: _City, candidates: Iterable[Candidate], fresh: Iterator[tuple[int, Location]]) -> None:
        """Fetch candidates and, as long as more are wanted, those that the spots bring."""
        city.chosen.extend(candidates)
        while True:
            self._fetch(city)
            head = self._head(city, fresh)
            waiting: list[Future[Any]] = [*city.fetching, *([head.answer] if head else [])]
            if not waiting:
                return
            wait(waiting, timeout=1.0, return_when=FIRST_COMPLETED)  # a second, since Windows hears Ctrl-C only then
            if head is not None and head.answer.done():
                self._decide(city, head, fresh)
            for future in [future for future in city.fetching if future.done()]:
                self._take(city, future)

    def _fetch(self, city: _City) -> None:
        while city.chosen and len(city.fetching) < WINDOW:
            candidate = city.chosen.popleft()
            city.fetching[self._fetchers.do(self._obtain, candidate)] = candidate

    def _head(self, city: _City, fresh: Iterator[tuple[int, Location]]) -> _Spot | None:
        """The spot to be decided next, asked for together with those after it; none if no more are wanted now."""
        if len(city.fetching) >= WINDOW or not self._wants_more(city):
            return None
        self._ask_ahead(city, fresh, self._ahead)
        return city.spots[0] if city.spots else None

    def _ask_ahead(self, city: _City, fresh: Iterator[tuple[int, Location]], count: int) -> None:
        for number, location in islice(fresh, max(0, count - len(city.spots))):
            city.spots.append(_Spot(number, location, self._askers.do(self._ask, location)))

    def _decide(self, city: _City, spot: _Spot, fresh: Iterator[tuple[int, Location]]) -> None:
        """Choose a candidate of the spot, or none; or ask for it again."""
        slug = city.errand.city.slug
        try:
            candidates, dropped = spot.answer.result()
        except LaterError as error:
            if self._asked_again(city, spot, fresh):
                return
            self._unanswered.note("spot", f"{slug}/{spot.number}", error)
            entry = spot_entry(slug, spot.number, UNREACHABLE, {})
        else:
            draw = f"{self._order.wish.seed}/{slug}/{spot.number}"
            chosen, refused = choose(candidates, draw, lambda each: self._refusal(city, each))
            outcome = NOTHING if chosen is None else CHOSEN
            entry = spot_entry(slug, spot.number, outcome, dropped + refused, chosen)
            if not candidates and not dropped:
                entry["refused"] = {"nothing_there": 1}
        if entry["outcome"] != UNREACHABLE:
            self._unanswered.had("spot", f"{slug}/{spot.number}")
        city.spots.popleft()
        self._journal.add(entry)
        if entry["outcome"] == CHOSEN:
            self._keep(city, city.log.chosen[entry["candidate"]["key"]])

    def _keep(self, city: _City, candidate: Candidate) -> None:
        city.apart.add(candidate.location)
        if self._store is None:
            self._progress(1)
        else:
            city.chosen.append(candidate)

    def _asked_again(self, city: _City, spot: _Spot, fresh: Iterator[tuple[int, Location]]) -> bool:
        """Whether a spot that failed gets another chance: always while nothing else is heard of the provider either.

        Raises:
            LaterError: nothing was heard for so long that it must be away.
        """
        spot.failed_at = spot.failed_at or time.monotonic()
        probe: Future[Answer] | None = None
        if spot.asked >= ASKED_AT_LEAST:
            self._ask_ahead(city, fresh, len(city.spots) + 1)
            last = city.spots[-1]
            if last is spot or self._heard_at > spot.failed_at:
                return False
            if spot.asked >= ASKED_AT_MOST:
                raise self._away(spot.answer.exception())
            # Is it the spot or the provider? What was asked for before the spot failed proves nothing.
            probe = last.answer if not last.answer.done() else self._askers.do(self._ask, last.location)
        spot.asked += 1
        spot.answer = self._askers.do(self._ask, spot.location, probe)
        return True

    def _refusal(self, city: _City, candidate: Candidate) -> str:
        def is_taken(key: str) -> bool:
            return any(key in each.chosen for each in self._journal.log.cities.values())

        return refusal_of(candidate, city.errand.area, is_taken, city.apart)

    def _take(self, city: _City, future: Future[Outcome]) -> None:
        """Note what became of a candidate."""
        try:
            outcome = future.result()
        except LaterError as error:
            candidate = city.fetching.pop(future)
            self._unanswered.note("photo", candidate.key, error)
            city.late.append(candidate)
            self._missed += 1
            if self._missed >= OUTAGE:
                raise self._away(error) from error
            return
        self._missed = 0
        self._unanswered.had("photo", outcome.key)
        before = city.log.places
        self._journal.add(result_entry(city.errand.city.slug, outcome))
        del city.fetching[future]  # last: an interrupt before has stop() take it once more, and nothing is lost
        self._progress(city.log.places - before)

    def _away(self, error: BaseException | None) -> LaterError:
        from flaneur.net import Refused, Unreachable

        cause, provider = None if error is None else error.__cause__, self._order.source.TERMS.provider
        match cause:
            case Refused():
                return LaterError(f"{provider} does not answer such requests. {error}")
            case Unreachable() | PhotoError():
                return LaterError(f"{provider} cannot be reached now. {error}")
            case _:
                return LaterError(str(error))

    def _ask(self, location: Location, after: Future[Answer] | None = None) -> Answer:
        """In a thread: what the provider has near a spot; once another answer is there, if one is named."""
        wait([] if after is None else [after])
        order, client = self._order, copy.copy(self._client)
        client.dropped = Counter()  # of this spot alone
        with self._listening():
            try:
                return order.source.near(location, order.reach_m, order.wish, client), client.dropped
            except InputError as error:
                raise turned_away(error) or LaterError(str(error)) from error

    def _obtain(self, candidate: Candidate) -> Outcome:
        """In a thread: the pictures of a candidate."""
        assert self._store is not None  # noqa: S101 - nothing is fetched else
        with self._listening():
            return obtain(self._order.source, candidate, self._order.wish, self._client, self._store)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Note whether the provider is there. A call counts from its beginning: an older one proves nothing."""
        began = time.monotonic()
        yield
        self._heard_at = max(self._heard_at, began)
