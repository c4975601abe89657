"""Games, join codes and players in; seats, each with a key of its own, out. Guessing codes is slowed down."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flaneur.errors import FlaneurError, UsageError
from flaneur.game.game import Game, new_game
from flaneur.game.settings import GameSettings, code_key
from flaneur.serve.play.pictures import BlindPictures
from flaneur.serve.play.tries import AMinute

if TYPE_CHECKING:
    from flaneur.game.shapes import Participant
    from flaneur.predict import Model

MOST_GAMES, MOST_SEATS = 100, 5000
_WRONG_A_MINUTE, _WRONG_OF_A_GAME, _JOINS_A_MINUTE = 20, 300, 100


_WAIT = "Too many wrong codes. Wait a minute and try again."


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
        self._wrong = AMinute(_WRONG_A_MINUTE, clock)  # by client
        self._wrong_of_game = AMinute(_WRONG_OF_A_GAME, clock)
        self._joins = AMinute(_JOINS_A_MINUTE, clock)  # by client
        self._lock = threading.Lock()

    def make(self, dataset: str, model: Model | None, settings: GameSettings) -> Game:
        """A further game. Of more than a hundred the oldest is closed; what was answered in it stays on disk.

        Raises:
            InputError: no such dataset, or too few photos or cities in it.
            UsageError: a city that there is not.
        """
        game = new_game(dataset, model, settings)
        with self._lock:
            self._made.append(game)
            oldest = self._made.pop(0) if len(self._made) > MOST_GAMES else None
            if oldest is not None:
                self._seats = {key: seat for key, seat in self._seats.items() if seat.game is not oldest}
                self._keys = {whose: key for whose, key in self._keys.items() if key in self._seats}
        if oldest is not None:
            oldest.close()
        return game

    def invited(self, client: str, join_code: str) -> Game:
        """The game that a join code opens.

        Args:
            client: who asks; wrong codes are counted by client, and a right one opens its game all the same, since
                many may ask from one address.
            join_code: capitals, blanks and dashes do not matter.

        Raises:
            TooManyTries: too many wrong codes within a minute.
            WrongJoinCode: no game has this code.
        """
        shown = code_key(join_code)
        for game in (*self.offered, *self._made):
            if secrets.compare_digest(code_key(game.join_code).encode(), shown.encode()):
                return game
        if self._wrong.is_full(client):
            raise TooManyTries(_WAIT)
        self._wrong.count(client)
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
            TooManyTries: too many wrong codes, or newcomers from one address, within a minute.
            NotLetIn: a code that there is not, no consent, or no seat left.
        """
        folder = str(game.folder)
        if not code:
            self._check_newcomer(client)
        elif self._wrong_of_game.is_full(folder):
            raise TooManyTries(_WAIT)
        try:
            participant = game.join(code, name=name, consent=consent)
        except UsageError as error:
            self._count_wrong(client, folder)
            raise NotLetIn(str(error)) from error
        if not code:
            self._joins.count(client)
        with self._lock:
            if (folder, participant.code) not in self._keys:
                self._check_seats()
            key = self._keys.setdefault((folder, participant.code), secrets.token_urlsafe(24))
            return self._seats.setdefault(key, Seat(key, game, participant.code))

    def _check_newcomer(self, client: str) -> None:
        self._check_seats()
        if self._joins.is_full(client):
            raise TooManyTries("Very many come in from here. Wait a minute and try again.")

    def _check_seats(self) -> None:
        if len(self._seats) >= MOST_SEATS:
            raise NotLetIn("Every seat is taken. Start the server again to make room.")

    def _count_wrong(self, client: str, folder: str) -> None:
        if self._wrong.is_full(client):
            raise TooManyTries(_WAIT)
        self._wrong.count(client)
        self._wrong_of_game.count(folder)

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
