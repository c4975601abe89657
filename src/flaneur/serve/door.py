"""Connections as they come, ask and go in; who may stay, and who makes room for whom, out."""

from __future__ import annotations

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

SLOW_S = 5.0
"""Seconds after which who still sends a request's body makes room, where its own address has taken all it may have."""

MOST_TOLD = 256
"""Connections at once that are turned away and stay to hear why."""


class Guest(Protocol):
    """A connection."""

    def make_room(self) -> bool:
        """End at once, since another needs the place more; ``False`` while an answer is still on its way."""


@dataclass(slots=True)
class _Neighbours:
    """The connections of one address: how many, and since when some of them ask nothing, or still send."""

    count: int = 0
    silent: OrderedDict[Guest, float] = field(default_factory=OrderedDict)
    sending: OrderedDict[Guest, float] = field(default_factory=OrderedDict)


class Door:
    """Keeps the number of open connections within limits, of all and of each address.

    Whose request is all here is never sent away. One more connection than an address may have takes the place of that
    one of the address that has asked nothing for the longest time, or else of one that has been sending a body for
    :data:`SLOW_S`; one more than all may have takes that of the longest silent of all. Where nobody gives way, it is
    turned away.

    Args:
        most: connections at once.
        most_of_one: likewise from one address; of IPv6 from one network of 64 bits, which is what one customer has.
        clock: seconds.
    """

    def __init__(self, most: int, most_of_one: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._most_of_one, self._clock = most, most_of_one, clock
        self._places: dict[Guest, str] = {}
        self._streets: dict[str, _Neighbours] = {}
        self._silent: OrderedDict[Guest, float] = OrderedDict()
        self._told: set[Guest] = set()
        self.displaced = self.turned_away = 0
        """Connections, since the start, that made room for another; and that there was no room for."""

    def __len__(self) -> int:
        """Connections now."""
        return len(self._places)

    def come_in(self, guest: Guest, address: str) -> bool:
        """Whether a new connection may stay; another may have been ended for it.

        Args:
            guest: the connection.
            address: it comes from.
        """
        street = street_of(address)
        if not self._has_room(street):
            self.turned_away += 1
            return False
        self._places[guest] = street
        self._streets.setdefault(street, _Neighbours()).count += 1
        self.is_silent(guest)
        return True

    def may_be_told(self, guest: Guest) -> bool:
        """Whether one that was turned away may stay until it has heard why."""
        if len(self._told) >= min(MOST_TOLD, self._most):
            return False
        self._told.add(guest)
        return True

    def is_silent(self, guest: Guest) -> None:
        """It has asked nothing yet, or nothing since its last answer."""
        self.is_served(guest)
        if guest in self._places:
            self._silent[guest] = self._of(guest).silent[guest] = self._clock()

    def is_sending(self, guest: Guest) -> None:
        """The head of a request is here."""
        self.is_served(guest)
        if guest in self._places:
            self._of(guest).sending[guest] = self._clock()

    def is_served(self, guest: Guest) -> None:
        """A whole request is here."""
        if guest in self._places:
            self._silent.pop(guest, None)
            self._of(guest).silent.pop(guest, None)
            self._of(guest).sending.pop(guest, None)

    def leave(self, guest: Guest) -> None:
        """It has ended."""
        self.is_served(guest)
        self._told.discard(guest)
        street = self._places.pop(guest, None)
        if street is not None:
            self._streets[street].count -= 1
            if not self._streets[street].count:
                del self._streets[street]

    def _of(self, guest: Guest) -> _Neighbours:
        return self._streets[self._places[guest]]

    def _has_room(self, street: str) -> bool:
        neighbours = self._streets.get(street, _Neighbours())
        if neighbours.count >= self._most_of_one:
            return self._displace(neighbours.silent) or self._displace(neighbours.sending, SLOW_S)
        return len(self._places) < self._most or self._displace(self._silent)

    def _displace(self, among: OrderedDict[Guest, float], least_s: float = 0.0) -> bool:
        while among:
            guest, since_s = next(iter(among.items()))
            if self._clock() - since_s < least_s:
                return False
            if guest.make_room():
                self.leave(guest)
                self.displaced += 1
                return True
            self.is_served(guest)
        return False


def street_of(address: str) -> str:
    """What counts as one address: of IPv6 the network, since whoever has one address has all of it.

    Args:
        address: as the system writes it; what is none stands for itself.

    >>> street_of("192.0.2.7"), street_of("::ffff:192.0.2.7"), street_of("2001:db8:1:2:3:4:5:6%eth0")
    ('192.0.2.7', '192.0.2.7', '2001:db8:1:2::')
    """
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv4Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.IPv6Address(int(parsed) >> 64 << 64))
