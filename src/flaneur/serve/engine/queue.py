"""Work of many clients in; one piece after another, clients taking turns, out. Bounded, and what is called off leaves.

Room counts what is accepted and not finished: waiting and in work. So with a queue of q places exactly q pieces are
accepted, whatever the threads do meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Sequence
from typing import Generic, Literal, Protocol, TypeAlias, TypeVar


class Piece(Protocol):
    """What can be queued."""

    @property
    def client(self) -> str:
        """Whose turn it takes."""
        ...

    @property
    def size_bytes(self) -> int:
        """How much of the queue's room it takes."""
        ...


P = TypeVar("P", bound=Piece)
_REMEMBERED_S = 60.0  # twice the longest time after which a client is told to ask again
Why: TypeAlias = Literal["client", "queue", "closing"]


class FairQueue(Generic[P]):
    """A bounded queue in which clients take turns; safe from any thread.

    Args:
        places: pieces of all clients together.
        most_bytes: of them together.
        client_places: of one client.

    While more than half of the places are taken, a client that has its even share of them gets no further one: even
    among those that found the queue full a moment ago, so that the greedy make room for them.
    """

    def __init__(self, places: int, most_bytes: int, client_places: int) -> None:
        self._places, self._most_bytes, self._client_places = places, most_bytes, client_places
        self._changed = threading.Condition()  # reentrant
        self._waiting: OrderedDict[str, deque[P]] = OrderedDict()
        self._held: dict[int, P] = {}
        self._of: Counter[str] = Counter()
        self._turned_away: dict[str, float] = {}
        self._bytes = 0
        self._closing = self._ended = False

    def offer(self, pieces: Sequence[P], *, always: bool = False) -> Why | None:
        """Queue pieces of one client, all or none.

        Args:
            pieces: at least one.
            always: even above the limits, for the server's own.

        Returns:
            Why there is no room, or ``None``: they are accepted.
        """
        with self._changed:
            client, size_bytes = pieces[0].client, sum(piece.size_bytes for piece in pieces)
            why = self._why_not(client, len(pieces), size_bytes)
            if always and why != "closing":
                why = None
            if why is None:
                for piece in pieces:
                    self._held[id(piece)] = piece
                self._bytes += size_bytes
                self._of[client] += len(pieces)
                self._waiting.setdefault(client, deque()).extend(pieces)
                self._changed.notify(len(pieces))
            return why

    def why_not(self, client: str) -> Why | None:
        """Why one more piece of this client would find no room now, however small; ``None``: it would."""
        with self._changed:
            return self._why_not(client, 1, 0)

    def _why_not(self, client: str, count: int, size_bytes: int) -> Why | None:
        if self._closing:
            return "closing"
        mine, all_together = self._of[client] + count, len(self._held) + count
        if mine > self._client_places:
            return "client"
        if all_together > self._places or self._bytes + size_bytes > self._most_bytes:
            self._turned_away[client] = time.monotonic()
            return "queue"
        if all_together > self._places // 2 and mine > max(count, self._even_share(client)):
            return "client"
        self._turned_away.pop(client, None)
        return None

    def _even_share(self, client: str) -> int:
        """Places for each, if all that hold or lately asked for some had as many."""
        late = time.monotonic() - _REMEMBERED_S
        self._turned_away = {who: since for who, since in self._turned_away.items() if since > late}
        return -(-self._places // len(self._of.keys() | self._turned_away.keys() | {client}))

    def take(self, within_s: float | None = None) -> P | None:
        """The next piece, of the client whose turn it is; waits for one. ``None``: the queue has ended.

        Args:
            within_s: seconds to wait at most.

        Raises:
            TimeoutError: none came.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._waiting or self._ended, within_s):
                raise TimeoutError
            if self._ended:
                return None
            client, pieces = self._waiting.popitem(last=False)
            piece = pieces.popleft()
            if pieces:
                self._waiting[client] = pieces  # to the end of the round
            return piece

    def finish(self, pieces: Iterable[P]) -> list[P]:
        """Give back the room of pieces that are answered.

        Returns:
            Those that still had room.
        """
        with self._changed:
            gone = [piece for piece in pieces if self._held.pop(id(piece), None) is not None]
            for piece in gone:
                self._bytes -= piece.size_bytes
                self._of[piece.client] -= 1
                if not self._of[piece.client]:
                    del self._of[piece.client]
            if self._closing:
                self._changed.notify_all()
            return gone

    def call_off(self, pieces: Sequence[P]) -> list[P]:
        """Give back the room of pieces that nobody waits for any more; those that wait will not be taken.

        Returns:
            Those that still had room.
        """
        with self._changed:
            for client in {piece.client for piece in pieces} & self._waiting.keys():
                unwanted = {id(piece) for piece in pieces}
                kept = deque(piece for piece in self._waiting.pop(client) if id(piece) not in unwanted)
                if kept:
                    self._waiting[client] = kept
            return self.finish(pieces)

    def close(self, drain_s: float) -> list[P]:
        """Accept nothing more, wait until all is finished or the time is up, then end.

        Returns:
            What was not finished.
        """
        with self._changed:
            self._closing = True
            self._changed.wait_for(lambda: not self._held, drain_s)
            left = list(self._held.values())
            self._ended = True
            self._changed.notify_all()
        return left

    @property
    def waiting(self) -> int:
        """Pieces that wait to be taken."""
        with self._changed:
            return sum(len(pieces) for pieces in self._waiting.values())

    @property
    def crowded(self) -> bool:
        """Whether more than half of the places are taken: from there on not everybody finds one."""
        return len(self._held) > self._places // 2

    @property
    def closing(self) -> bool:
        """Whether it accepts nothing more."""
        return self._closing

    def counts(self) -> tuple[int, int, int, int]:
        """Pieces waiting, pieces in work, bytes of both, clients with pieces waiting."""
        with self._changed:
            waiting = self.waiting
            return waiting, len(self._held) - waiting, self._bytes, len(self._waiting)
