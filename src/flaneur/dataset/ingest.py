"""Found photos in; stored files and one result a photo out. Threads decode, a journal remembers across a kill."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from flaneur import archives
from flaneur.dataset.strip import strip
from flaneur.decode import MAX_FILE_BYTES, decode
from flaneur.errors import InputError, PhotoError, counted
from flaneur.files import sha256_bytes, sha256_file
from flaneur.protocols import FoundPhoto

logger = logging.getLogger(__name__)

JOURNAL = ".import.jsonl"

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of one found photo.

    Args:
        key: of the found photo.
        path_hash: of the user's file name, so that the dataset names no folder of the user.
        size: of the user's file in bytes; 0 where it is missing.
        mtime_ns: its time of change.
        sha256: of the stored bytes, empty where it was refused.
        file: the stored file, relative to the dataset.
        width: of the photo as seen, in pixels.
        height: likewise.
        reason: why it was refused, or empty.
        detail: the same for people.
    """

    key: str
    path_hash: str
    size: int
    mtime_ns: int
    sha256: str = ""
    file: str = ""
    width: int = 0
    height: int = 0
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """One photo in a dataset's folder.

    Args:
        sha256: of the stored bytes.
        file: the stored file, relative to the dataset.
        width: of the photo as seen, in pixels.
        height: likewise.
    """

    sha256: str
    file: str
    width: int
    height: int


def store_photo(data: bytes, root: Path, name: str) -> Stored:
    """Store a photo, without its metadata, under the name of its hash; again, nothing happens.

    Args:
        data: a file that :func:`flaneur.decode.decode` reads.
        root: the dataset.
        name: what the photo is called where it is refused.

    Raises:
        PhotoError: it cannot be read; nothing is stored.
        InputError: it cannot be written.
    """
    stripped, suffix, decoded = _named(strip, data, name)
    digest = sha256_bytes(stripped)
    file = f"images/{digest[:2]}/{digest}{suffix}"
    if not (root / file).is_file():
        _store(root / file, stripped)
    return Stored(digest, file, decoded.width, decoded.height)


def link_photo(path: Path, name: str) -> Stored:
    """Look at a photo that stays where it is: whole, and how large. Its bytes are what its hash is of, metadata too.

    Args:
        path: the user's file.
        name: what the photo is called where it is refused.

    Raises:
        PhotoError: it cannot be read.
    """
    data, place = _read(path, name), str(path.absolute())
    if not _is_unicode(place):
        raise PhotoError("unreadable", f"{name}: its path is not Unicode. Rename it, or import without --link.")
    decoded = _named(decode, data, name)
    return Stored(sha256_bytes(data), place, decoded.width, decoded.height)


def check_linked(path: Path, sha256: str) -> None:
    """Whether a photo outside the dataset is still there, and still what it was.

    Raises:
        PhotoError: it is not.
    """
    if not path.is_file():
        hint = "Put it back, or import again from where it is now."
        raise PhotoError("not_found", f"{path}: the linked photo is not there any more. {hint}")
    if sha256_file(path) != sha256:
        raise PhotoError("corrupt", f"{path}: the linked photo has changed since it was imported. Import again.")


def ingest(
    found: Iterable[tuple[FoundPhoto, Ingested | None]], root: Path, *, link: bool = False
) -> Iterator[tuple[FoundPhoto, Ingested]]:
    """Store each photo's bytes, without metadata, under the name of their hash; or leave it where it is.

    Args:
        found: the photos, in order, each with its result from before, if any; a photo whose file has the same name,
            size and time is not opened again.
        root: the dataset.
        link: whether photos stay where they are.

    Yields:
        Each photo with its result, in order; by then the journal has it.
    """

    def work(item: tuple[FoundPhoto, Ingested | None]) -> tuple[FoundPhoto, Ingested, bool]:
        photo, before = item
        now = _stat(photo)
        if before is not None and _unchanged(before, now, root, link):
            return photo, before, False
        return photo, _take_in(photo, now, root, link), True

    with (root / JOURNAL).open("a", encoding="utf-8") as lines:
        for photo, result, is_new in in_threads(work, found):
            if is_new:
                lines.write(json.dumps(asdict(result)) + "\n")
                lines.flush()
            yield photo, result


def in_threads(work: Callable[[T], R], items: Iterable[T], ahead: int = 64) -> Iterator[R]:
    """``map`` over as many threads as there are cores, in order, with at most ``ahead`` results waiting."""
    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(cores()) as pool:
        try:
            for item in items:
                waiting.append(pool.submit(work, item))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def cores() -> int:
    """How many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on macOS and Windows
        return os.cpu_count() or 1


def _take_in(photo: FoundPhoto, now: Ingested, root: Path, link: bool) -> Ingested:
    facts = asdict(now)
    if not now.size:
        code, detail = ("empty", "the file is empty") if photo.path.is_file() else ("not_found", "no such file")
        return Ingested(**facts | {"reason": code, "detail": f"{photo.key}: {detail}"})
    try:
        stored = link_photo(photo.path, photo.key) if link else store_photo(_bytes(photo), root, photo.key)
    except PhotoError as error:
        return Ingested(**facts | {"reason": error.code, "detail": str(error)})
    return Ingested(**facts | asdict(stored))


def _bytes(photo: FoundPhoto) -> bytes:
    if photo.member:
        return archives.read(photo.path, photo.member, MAX_FILE_BYTES)
    return _read(photo.path, photo.key)


def _named(look: Callable[[bytes], R], data: bytes, name: str) -> R:
    try:
        return look(data)
    except PhotoError as error:
        raise PhotoError(error.code, str(error).replace("this photo", name, 1)) from error


def _is_unicode(text: str) -> bool:
    try:
        return bool(text.encode())
    except UnicodeEncodeError:
        return False


def _read(path: Path, name: str) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise PhotoError("too_large", f"{name}: above {MAX_FILE_BYTES // 1_000_000} MB.")
        return path.read_bytes()
    except OSError as error:
        raise PhotoError("unreadable", f"{name}: cannot be opened ({error.strerror or error}).") from error


def _store(path: Path, data: bytes) -> None:
    """Whole or not at all if killed. For a power cut there is :func:`settle`: one sync a file is ten times slower."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        reason = error.strerror or str(error)
        raise InputError(f"{path}: cannot be written ({reason}). Mend that; the same command then goes on.") from error


def _stat(photo: FoundPhoto) -> Ingested:
    name = os.fsencode(photo.path.absolute()) + (f"\0{photo.member}".encode() if photo.member else b"")
    path_hash = sha256_bytes(name)[:16]
    try:
        stat = photo.path.stat()
    except OSError:
        return Ingested(photo.key, path_hash, 0, 0)
    return Ingested(photo.key, path_hash, stat.st_size, stat.st_mtime_ns)


def _unchanged(before: Ingested, now: Ingested, root: Path, link: bool) -> bool:
    if (before.path_hash, before.size, before.mtime_ns) != (now.path_hash, now.size, now.mtime_ns) or not now.size:
        return False
    return bool(before.reason) or (Path(before.file).is_absolute() == link and (root / before.file).is_file())


def read_journal(root: Path) -> Iterator[Ingested]:
    """What an interrupted import had done, as far as its stored files are whole; the journal is cut back to that."""
    journal = root / JOURNAL
    if not journal.is_file():
        return
    whole, number = 0, 0
    with journal.open("rb") as lines:
        for line in lines:
            try:
                result = Ingested(**json.loads(line))
            except (ValueError, TypeError):  # torn by the kill
                break
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            if result.reason or _is_whole(root / result.file, result.sha256):
                number += 1
                yield result
            elif not Path(result.file).is_absolute():  # a linked photo is not ours
                (root / result.file).unlink(missing_ok=True)
    os.truncate(journal, whole)
    logger.info("%s of an interrupted import taken over.", counted(number, "photo"))


def _is_whole(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_file(path) == sha256
