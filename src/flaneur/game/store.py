"""A game's folder in; its SQLite file out: who plays, which places they were dealt, what they answered. Crash-safe.

Every answer is on disk before the participant is told that it was taken. Nothing about a participant is kept but a
code, a name where one was given, and times.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flaneur.database import Database
from flaneur.errors import InputError
from flaneur.game.places import PlayPlace
from flaneur.game.settings import code_key
from flaneur.game.shapes import AgainstRules, Guess, Phase, Score
from flaneur.types import Location

FILE = "game.sqlite"
FORMAT = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS places (
    place INTEGER PRIMARY KEY, phase TEXT NOT NULL, name TEXT NOT NULL, city TEXT NOT NULL, lat REAL, lon REAL,
    photos TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS participants (
    number INTEGER PRIMARY KEY, code TEXT NOT NULL, code_key TEXT NOT NULL UNIQUE, name TEXT NOT NULL,
    joined_at TEXT NOT NULL, consented_at TEXT);
CREATE TABLE IF NOT EXISTS rounds (
    participant INTEGER NOT NULL REFERENCES participants, round INTEGER NOT NULL, phase TEXT NOT NULL,
    place INTEGER NOT NULL REFERENCES places, shown_at TEXT, times_shown INTEGER NOT NULL DEFAULT 0,
    city TEXT, lat REAL, lon REAL, named TEXT, correct INTEGER, distance_km REAL, points INTEGER, seconds REAL,
    answered_at TEXT, PRIMARY KEY (participant, round), UNIQUE (participant, place));
CREATE TABLE IF NOT EXISTS predictions (place INTEGER PRIMARY KEY REFERENCES places, prediction TEXT NOT NULL);
"""
_PLAYED = (
    "SELECT rounds.*, places.name AS place_name, places.city AS truth, places.photos, participants.code, "
    "participants.name AS participant_name FROM rounds JOIN places USING (place) "
    "JOIN participants ON participants.number = rounds.participant "
)


@dataclass(frozen=True, slots=True)
class DealtRound:
    """A round as it is kept.

    Args:
        number: from 1.
        phase: that it belongs to.
        place: number of the place.
        guess: ``None``: not answered yet.
        score: of the guess.
    """

    number: int
    phase: Phase
    place: int
    guess: Guess | None
    score: Score | None


class Store:
    """The file of one game. Safe from any thread; close it, or use it as a context manager.

    Args:
        folder: of the game; made if need be.
        to_read: whether reading is enough, where the file or its folder cannot be written.

    Raises:
        InputError: it cannot be opened, or a newer flaneur made it.
    """

    def __init__(self, folder: Path, *, to_read: bool = False) -> None:
        keeps = "It keeps what the participants of a game answered."
        self._database = Database(folder / FILE, durable=True, schema=_SCHEMA, keeps=keeps, to_read=to_read)
        with ExitStack() as undo:
            undo.callback(self.close)
            found = self.facts().get("format", FORMAT)
            if found != FORMAT:
                raise InputError(f"{folder}: made by a newer flaneur (format {found}). Update flaneur.")
            undo.pop_all()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def begin(self, facts: dict[str, Any], places: Sequence[tuple[Phase, PlayPlace]]) -> None:
        """Keep what a new game is: all of it, or nothing.

        Args:
            facts: JSON values by name.
            places: that can be dealt; their order numbers them from 0.
        """
        rows = [
            (number, phase, place.name, place.city, *_ends(place.at), json.dumps(place.photos))
            for number, (phase, place) in enumerate(places)
        ]
        with self._database.transaction() as write:
            write.executemany("INSERT INTO places VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            for name, value in {"format": FORMAT, **facts}.items():
                write.execute("INSERT INTO facts VALUES (?, ?)", (name, json.dumps(value, ensure_ascii=False)))

    def facts(self) -> dict[str, Any]:
        """What the game is; nothing where it has not begun."""
        return {row["name"]: json.loads(row["value"]) for row in self._rows("SELECT name, value FROM facts")}

    def places(self) -> list[tuple[Phase, PlayPlace]]:
        """Every place with the phase that it is dealt in; the position in the list is its number."""
        return [
            (row["phase"], PlayPlace(row["name"], row["city"], _at(row), tuple(json.loads(row["photos"]))))
            for row in self._rows("SELECT * FROM places ORDER BY place")
        ]

    def add_participant(self, code: str, name: str, *, consented: bool) -> int:
        """Somebody new; returns the number, from 0. Of a code that is there already, the number it has."""
        now = _now()
        with self._database.transaction() as write:
            there = write.execute("SELECT number FROM participants WHERE code_key = ?", (code_key(code),)).fetchone()
            if there is not None:
                return int(there[0])
            number = int(write.execute("SELECT count(*) FROM participants").fetchone()[0])
            consent = now if consented else None
            row = (number, code, code_key(code), name, now, consent)
            write.execute("INSERT INTO participants VALUES (?, ?, ?, ?, ?, ?)", row)
            return number

    def participants(self) -> list[dict[str, Any]]:
        """Number, code, name and times of each, in the order of joining."""
        return self._rows("SELECT number, code, name, joined_at, consented_at FROM participants ORDER BY number")

    def find_participant(self, code: str) -> dict[str, Any] | None:
        """The one with this code, however it is written."""
        found = self._rows("SELECT * FROM participants WHERE code_key = ?", (code_key(code),))
        return found[0] if found else None

    def deal(self, participant: int, places: Iterable[tuple[Phase, int]]) -> None:
        """Keep which places a participant gets, in order; what was dealt before stays as it is."""
        rows = [(participant, number, phase, place) for number, (phase, place) in enumerate(places, 1)]
        with self._database.transaction() as write:
            write.executemany(
                "INSERT OR IGNORE INTO rounds (participant, round, phase, place) VALUES (?, ?, ?, ?)", rows
            )

    def rounds(self, participant: int) -> list[DealtRound]:
        """The rounds of a participant, in order."""
        return [
            _dealt(row)
            for row in self._rows("SELECT * FROM rounds WHERE participant = ? ORDER BY round", (participant,))
        ]

    def note_shown(self, participant: int, number: int) -> None:
        """Keep that a round is shown now: when it was first, and how often."""
        with self._database.transaction() as write:
            write.execute(
                "UPDATE rounds SET shown_at = coalesce(shown_at, ?), times_shown = times_shown + 1 "
                "WHERE participant = ? AND round = ?",
                (_now(), participant, number),
            )

    def keep_answer(self, participant: int, number: int, guess: Guess, score: Score) -> None:
        """Keep an answer; the first one stands.

        Raises:
            AgainstRules: the round has another answer already.
        """
        at = _ends(guess.at)
        with self._database.transaction() as write:
            before = write.execute(
                "SELECT city, lat, lon FROM rounds WHERE participant = ? AND round = ? AND answered_at IS NOT NULL",
                (participant, number),
            ).fetchone()
            if before is None:
                write.execute(
                    "UPDATE rounds SET city = ?, lat = ?, lon = ?, named = ?, correct = ?, distance_km = ?, "
                    "points = ?, seconds = ?, answered_at = ? WHERE participant = ? AND round = ?",
                    (guess.city, *at, score.city, score.correct, score.distance_km, score.points, guess.seconds, _now(),
                     participant, number),
                )  # fmt: skip
            elif tuple(before) != (guess.city, *at):
                raise AgainstRules(f"round {number} is answered already; the first answer stands.")

    def played(self) -> list[dict[str, Any]]:
        """Every answered round with its place and participant, by participant and round."""
        return self._rows(_PLAYED + "WHERE answered_at IS NOT NULL ORDER BY participant, round")

    def prediction(self, place: int) -> dict[str, Any] | None:
        """What the model said of a place, as it was kept."""
        found = self._rows("SELECT prediction FROM predictions WHERE place = ?", (place,))
        return json.loads(found[0]["prediction"]) if found else None

    def keep_prediction(self, place: int, prediction: dict[str, Any]) -> None:
        """Keep what the model says of a place, where anything can be kept: it can be asked again."""
        if self._database.read_only:
            return
        with self._database.transaction() as write:
            write.execute("INSERT OR REPLACE INTO predictions VALUES (?, ?)", (place, json.dumps(prediction)))

    def _rows(self, sql: str, values: Sequence[Any] = ()) -> list[dict[str, Any]]:
        with self._database.read() as read:
            cursor = read.execute(sql, values)
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]


def _dealt(row: dict[str, Any]) -> DealtRound:
    if row["answered_at"] is None:
        return DealtRound(row["round"], row["phase"], row["place"], None, None)
    guess = Guess(row["city"], _at(row), row["seconds"])
    score = Score(row["named"], bool(row["correct"]), row["distance_km"], row["points"])
    return DealtRound(row["round"], row["phase"], row["place"], guess, score)


def _at(row: dict[str, Any]) -> Location | None:
    return None if row["lat"] is None else Location(row["lat"], row["lon"])


def _ends(at: Location | None) -> tuple[float | None, float | None]:
    return (None, None) if at is None else (at.lat, at.lon)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
