"""What a collecting run did, entry by entry, in; where it stands out, after a kill as well: an append-only file."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from flaneur.collect.pictures import Outcome, Picture, Refusal
from flaneur.errors import InputError, IntegrityError, UsageError
from flaneur.protocols import Candidate
from flaneur.types import Location

FORMAT = 1
CHOSEN, NOTHING, UNREACHABLE = "chosen", "nothing", "unreachable"
"""How a spot ends."""


@dataclass
class CityLog:
    """How far one city is.

    Args:
        area: names the area, so that another one is noticed.
        spots: how many have been decided.
        chosen: candidates by key, in the order of their spots.
        results: what became of them.
        refused: how often a candidate was refused, before anything was downloaded, for which reason.
        unreachable: spots that were gone round.
        files: how often each file is the first picture of a candidate: two that are the same file are one place.
    """

    area: str = ""
    spots: int = 0
    chosen: dict[str, Candidate] = field(default_factory=dict)
    results: dict[str, Outcome] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    unreachable: set[int] = field(default_factory=set)
    files: Counter[str] = field(default_factory=Counter)

    @property
    def pending(self) -> list[Candidate]:
        """Chosen, but not had yet."""
        return [candidate for key, candidate in self.chosen.items() if key not in self.results]

    @property
    def promised(self) -> int:
        """Places had, and those that may still come."""
        return self.places + len(self.chosen) - len(self.results)

    @property
    def places(self) -> int:
        """Places had."""
        return len(self.files)

    def forget(self, key: str) -> None:
        """As if a candidate had been chosen, but not been had."""
        outcome = self.results.pop(key, None)
        if outcome is not None and outcome.pictures:
            self.files -= Counter([outcome.pictures[0].sha256])


@dataclass
class Log:
    """Where a run stands.

    Args:
        settings: all that decides which photos are chosen.
        cities: by slug, in the order they were begun.
    """

    settings: dict[str, Any] = field(default_factory=dict)
    cities: dict[str, CityLog] = field(default_factory=dict)

    def take(self, entry: Mapping[str, Any]) -> None:
        """One more entry of the journal."""
        match entry["is"]:
            case "settings":
                self.settings = dict(entry["settings"])
            case "city":
                self.cities[entry["city"]] = CityLog(area=entry["area"])
            case "spot":
                self._spot(self.cities[entry["city"]], entry)
            case "result":
                self._result(self.cities[entry["city"]], entry)
            case other:
                raise ValueError(f"unknown entry {other!r}")

    def has_chosen(self) -> bool:
        """Whether anything was chosen yet; until then all settings may change."""
        return any(city.chosen for city in self.cities.values())

    def _spot(self, city: CityLog, entry: Mapping[str, Any]) -> None:
        number: int = entry["spot"]
        city.unreachable.discard(number)
        city.spots = max(city.spots, number + 1)
        city.refused.update(entry.get("refused", {}))
        match entry["outcome"]:
            case "chosen":
                candidate = _candidate(entry["candidate"])
                city.chosen[candidate.key] = candidate
            case "unreachable":
                city.unreachable.add(number)
            case "nothing":
                pass
            case other:
                raise ValueError(f"unknown outcome {other!r}")

    def _result(self, city: CityLog, entry: Mapping[str, Any]) -> None:
        pictures = tuple(Picture(**picture) for picture in entry["pictures"])
        refused = tuple(Refusal(**refusal) for refusal in entry["refused"])
        city.forget(entry["key"])
        city.results[entry["key"]] = Outcome(entry["key"], pictures, refused)
        if pictures:
            city.files[pictures[0].sha256] += 1


def settings_entry(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The first entry of a journal."""
    return {"is": "settings", "format": FORMAT, "settings": dict(settings)}


def city_entry(slug: str, area: str) -> dict[str, Any]:
    """A city is begun."""
    return {"is": "city", "city": slug, "area": area}


def spot_entry(
    slug: str, spot: int, outcome: str, refused: Mapping[str, int], candidate: Candidate | None = None
) -> dict[str, Any]:
    """A spot is decided."""
    entry: dict[str, Any] = {"is": "spot", "city": slug, "spot": spot, "outcome": outcome}
    if refused:
        entry["refused"] = dict(refused)
    if candidate is not None:
        entry["candidate"] = asdict(replace(candidate, facts=dict(candidate.facts)))
    return entry


def result_entry(slug: str, outcome: Outcome) -> dict[str, Any]:
    """A candidate's pictures are stored, or refused for good."""
    return {"is": "result", "city": slug} | asdict(outcome)


class Journal:
    """The file of a run, and where the run stands.

    Args:
        path: of the file. What a kill tore from its end is cut off.
        log: what is known without it.

    Raises:
        IntegrityError: it is damaged elsewhere, or a newer flaneur wrote it.
    """

    def __init__(self, path: Path, log: Log | None = None) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self.log, self._size = read_log(path, log)
        self._file: BinaryIO = path.open("r+b" if path.is_file() else "x+b", buffering=0)
        self._file.truncate(self._size)
        self._file.seek(self._size)

    def add(self, entry: dict[str, Any]) -> None:
        """Append an entry; results are on disk when this returns, since some were paid for.

        Raises:
            InputError: it cannot be written; the file is then as before.
        """
        line = json.dumps(entry, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass") + b"\n"
        try:
            written = 0
            while written < len(line):
                written += self._file.write(line[written:])
            if entry["is"] == "result":
                os.fsync(self._file.fileno())
        except BaseException as error:  # a full disk, or Ctrl-C in the middle of a line
            self._file.truncate(self._size)
            self._file.seek(self._size)
            if isinstance(error, OSError):
                raise _cannot_write(self.path, error) from error
            raise
        self._size += len(line)
        self.log.take(entry)

    def restart(self) -> None:
        """Forget everything."""
        self.log, self._size = Log(), 0
        self._file.truncate(0)
        self._file.seek(0)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def read_log(path: Path, log: Log | None = None) -> tuple[Log, int]:
    """Where a run stands.

    Args:
        path: of its journal; there need not be one.
        log: what is known without it.

    Returns:
        That, and the length of the journal's whole lines: what follows was torn by a kill.

    Raises:
        IntegrityError: the journal is damaged elsewhere, or a newer flaneur wrote it.
    """
    log, whole = log or Log(), 0
    if not path.is_file():
        return log, whole
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            if not line.endswith(b"\n"):
                break
            try:
                entry = json.loads(line)
                if entry.get("format", FORMAT) != FORMAT:
                    raise IntegrityError(f"{path}: a newer flaneur wrote this. Update flaneur.")
                log.take(entry)
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise IntegrityError(
                    f"{path}: line {number} is damaged ({error}). Restore the file, or delete it to begin anew."
                ) from error
            whole += len(line)
    return log, whole


@contextmanager
def writing(root: Path) -> Iterator[None]:
    """Say in one line what is wrong with the disk or the folder.

    Raises:
        UsageError: a file stands where the folder should be.
        InputError: the disk is full, or the folder may not be written to.
    """
    try:
        yield
    except (FileExistsError, NotADirectoryError) as error:
        raise UsageError(f"{root}: not a folder for a dataset. Choose another name.") from error
    except OSError as error:
        raise _cannot_write(root, error) from error


def _cannot_write(path: Path, error: OSError) -> InputError:
    reason = error.strerror or str(error)
    return InputError(f"{path}: cannot be written ({reason}). Mend that; the same command then goes on.")


def _candidate(facts: Mapping[str, Any]) -> Candidate:
    return Candidate(**{**facts, "location": Location(**facts["location"])})
