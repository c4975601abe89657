"""Games, join codes and players in; seats, each with a key of its own, out. Guessing codes is slowed down."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flaneur.errors import FlaneurError, UsageError
from flaneur.game.settings import GameSettings, code_key
from flaneur.serve.play.pictures import BlindPictures

if TYPE_CHECKING:
    from flaneur.game.game import Game
    from flaneur.game.shapes import Participant
    from flaneur.predict import Model

MOST_GAMES, MOST_SEATS = 100, 5000
_WRONG_A_MINUTE, _CLIENTS = 20, 1000


class NoSeat(FlaneurError):  # noqa: N818 - it is an answer: come in again
    """A key that no seat has: the server was started again, or the key is made up."""


class TooManyTries(FlaneurError):  # noqa: N818 - it is an answer: wait
    """So many wrong codes that somebody may be guessing."""


class WrongJoinCode(UsageError):  # noqa: N818 - as the others
    """A join code of no game."""


class NotLetIn(UsageError):  # noqa: N818 - as the others
    """Somebody without the code or the consent that a game asks for."""


@dataclass(frozen=True, slots=True)
class Seat:
    """Somebody in a game.

    Args:
        key: secret to the page; shows that it may play on.
        game: that is played.
        code: of the participant.
    """

    key: str = field(repr=False)
    game: Game
    code: str = field(repr=False)

    @property
    def participant(self) -> Participant:
        """Who sits there, as of now."""
        return self.game.participant(self.code)


class Lobby:
    """Everybody who plays at this server. Safe from any thread.

    Args:
        offered: games that are open from the start; whoever made them closes them.
        clock: seconds that only grow.
    """

    def __init__(self, offered: Sequence[Game] = (), clock: Callable[[], float] = time.monotonic) -> None:
        self.offered = tuple(offered)
        self.pictures = BlindPictures()
        self._made: list[Game] = []
        self._seats: dict[str, Seat] = {}
        self._keys: dict[tuple[str, str], str] = {}
        self._tries = _Tries(clock)
        self._lock = threading.Lock()

    def make(self, dataset: str, model: Model | None, settings: GameSettings) -> Game:
        """A further game. Of more than a hundred the oldest is closed; what was answered in it stays on disk.

        Raises:
            InputError: no such dataset, or too few photos or cities in it.
            UsageError: a city that there is not.
        """
        from flaneur.game.game import new_game

        game = new_game(dataset, model, settings)
        with self._lock:
            self._made.append(game)
            oldest = self._made.pop(0) if len(self._made) > MOST_GAMES else None
            if oldest is not None:
                self._seats = {key: seat for key, seat in self._seats.items() if seat.game is not oldest}
        if oldest is not None:
            oldest.close()
        return game

    def invited(self, client: str, join_code: str) -> Game:
        """The game that a join code opens.

        Args:
            client: who asks; wrong codes are counted by client.
            join_code: capitals, blanks and dashes do not matter.

        Raises:
            TooManyTries: too many wrong codes within a minute.
            WrongJoinCode: no game has this code.
        """
        self._tries.check(client)
        shown = code_key(join_code)
        for game in (*self.offered, *self._made):
            if secrets.compare_digest(code_key(game.join_code).encode(), shown.encode()):
                return game
        self._tries.count(client)
        raise WrongJoinCode("No game here has this join code. Look at it again.")

    def sit(self, client: str, game: Game, code: str, name: str, consent: bool) -> Seat:
        """Take somebody in, or back in: whoever has sat there before gets the same seat.

        Args:
            client: who asks.
            game: from :meth:`invited`.
            code: of the participant, or empty.
            name: for the leaderboard.
            consent: whether the participant has agreed.

        Raises:
            TooManyTries: too many wrong codes within a minute.
            NotLetIn: a code that there is not, no consent, or no seat left.
        """
        self._tries.check(client)
        if len(self._seats) >= MOST_SEATS:
            raise NotLetIn("Every seat is taken. Start the server again to make room.")
        try:
            participant = game.join(code, name=name, consent=consent)
        except UsageError as error:
            self._tries.count(client)
            raise NotLetIn(str(error)) from error
        with self._lock:
            key = self._keys.setdefault((str(game.folder), participant.code), secrets.token_urlsafe(24))
            return self._seats.setdefault(key, Seat(key, game, participant.code))

    def seat(self, key: str) -> Seat:
        """The seat with a key.

        Raises:
            NoSeat: there is none.
        """
        found = self._seats.get(key)
        if found is None:
            raise NoSeat("This page has lost its seat. Come in again with the join code and your own code.")
        return found

    def close(self) -> None:
        """Close the games that were made here."""
        while self._made:
            self._made.pop().close()


class _Tries:
    """Moments of wrong codes, by client, as far back as a minute."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, client: str) -> None:
        with self._lock:
            self._wrong.setdefault(client, deque(maxlen=_WRONG_A_MINUTE)).append(self._clock())
            self._wrong.move_to_end(client)
            while len(self._wrong) > _CLIENTS:
                self._wrong.popitem(last=False)

    def check(self, client: str) -> None:
        wrong = self._wrong.get(client)
        if wrong is not None and len(wrong) == _WRONG_A_MINUTE and self._clock() - wrong[0] < 60:
            raise TooManyTries("Too many wrong codes. Wait a minute and try again.")
