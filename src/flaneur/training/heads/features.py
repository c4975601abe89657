"""Photos of a dataset in; their embeddings out, each computed once for one encoder and kept beside the dataset.

``features/<encoder hash>/`` holds pieces: ``<name>.npy`` float32 ``[n, D]`` and ``<name>.parquet`` that says which
photo (by the SHA-256 of its stored bytes) each row is of. The table is written last, so a piece counts only when
it is whole; pieces are joined into one at the end. A kill loses at most one piece of work.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from flaneur.bundle.inference import run_network
from flaneur.dataset.ingest import check_linked
from flaneur.dataset.lock import only_one
from flaneur.dataset.passing_on import writing
from flaneur.dataset.store import Dataset
from flaneur.decode import decode
from flaneur.errors import InputError, IntegrityError, PhotoError, counted
from flaneur.files import atomic_path, read_table, sha256_file, sha256_json, write_table
from flaneur.preprocess import preprocess
from flaneur.protocols import Encoder
from flaneur.types import Photo

_log = logging.getLogger(__name__)
_PIECE = 256  # photos: a few seconds of work


@dataclass(frozen=True)
class Features:
    """Embeddings of photos.

    Args:
        photos: those that could be embedded, in the order asked for.
        embeddings: ``[N, D]``, row-aligned with ``photos``.
        failed: the others: photo and what is wrong with it.
        computed: how many were not in the cache.
    """

    photos: tuple[Photo, ...]
    embeddings: NDArray[np.float32]
    failed: tuple[tuple[Photo, PhotoError], ...] = ()
    computed: int = 0

    @property
    def ids(self) -> tuple[str, ...]:
        """Of the photos."""
        return tuple(photo.id for photo in self.photos)


def features(
    dataset: Dataset,
    encoder: Encoder,
    photos: Sequence[Photo] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Features:
    """Embeddings of a dataset's photos, from the cache where they are there.

    Args:
        dataset: whose folder holds the cache.
        encoder: what embeds; its hash names the cache.
        photos: some of the dataset's; all that curation left by default.
        progress: told how many are done of how many, cached ones included.

    Raises:
        InputError: no photo could be embedded.
    """
    wanted = list(dataset.photos if photos is None else photos)
    folder = dataset.root / "features" / encoder.hash[:16]
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
    with only_one(folder):
        cache = _Cache(folder, encoder.dim)
        missing = {photo.sha256: photo for photo in wanted if photo.sha256 not in cache.row_of}
        done = len(wanted) - len(missing)
        failed: dict[str, PhotoError] = {}
        todo = sorted(missing)
        for start in range(0, len(todo), _PIECE):
            piece = todo[start : start + _PIECE]
            paths = [dataset.image_path(missing[sha]) for sha in piece]
            linked = {path: sha for path, sha in zip(paths, piece, strict=True) if path.stem != sha}
            rows = embed_paths(paths, encoder, linked)
            good = [(sha, row) for sha, row in zip(piece, rows, strict=True) if not isinstance(row, PhotoError)]
            failed |= {sha: row for sha, row in zip(piece, rows, strict=True) if isinstance(row, PhotoError)}
            cache.add([sha for sha, _ in good], [row for _, row in good])
            if progress is not None:
                progress(done + min(start + _PIECE, len(todo)), len(wanted))
        cache.join()
        kept = tuple(photo for photo in wanted if photo.sha256 not in failed)
        embeddings = cache.rows([photo.sha256 for photo in kept])
    lost = tuple((photo, failed[photo.sha256]) for photo in wanted if photo.sha256 in failed)
    for photo, error in lost:
        _log.warning("%s: not embedded (%s)", photo.id, error)
    if wanted and not kept:
        every = counted(len(wanted), "photo")
        raise InputError(f"{dataset.name}: none of {every} could be embedded; the first: {lost[0][1]}")
    return Features(kept, embeddings, lost, len(todo) - len(failed))


def embed_paths(
    paths: Iterable[Path], encoder: Encoder, linked: Mapping[Path, str] | None = None
) -> list[NDArray[np.float32] | PhotoError]:
    """Embed a dataset's photos, on all cores. Each must still be what its hash says, by which a stored one is named.

    Args:
        paths: the files.
        encoder: what embeds.
        linked: hashes of those that are not named by theirs, since they lie outside the dataset.

    Returns:
        In order: the embedding ``[D]``, or what is wrong with the file.
    """
    spec = encoder.preprocess

    def load(path: Path) -> NDArray[np.float32]:
        if linked and path in linked:
            check_linked(path, linked[path])
        elif path.is_file() and sha256_file(path) != path.stem:
            raise PhotoError("corrupt", f"{path}: changed since it was imported. Remove that file and import again.")
        return preprocess(decode(path, at_least_px=spec.size_px).image, spec)

    stream = run_network(_EncoderSession(encoder), paths, load, ["embedding"])
    return [row if isinstance(row, PhotoError) else row["embedding"] for _, row in stream]


class _EncoderSession:
    """Any encoder in the shape that :func:`flaneur.bundle.inference.run_network` runs."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, NDArray[np.float32]]) -> list[Any]:  # noqa: ARG002
        return [self._encoder.embed(input_feed["image"])]

    def get_outputs(self) -> list[Any]:
        return []


class _Cache:
    """The pieces in one folder."""

    def __init__(self, folder: Path, dim: int) -> None:
        self.folder, self.dim = folder, dim
        self.row_of: dict[str, tuple[str, int]] = {}
        for leftover in folder.glob(".*.tmp"):  # what a kill left behind; the lock is ours
            leftover.unlink(missing_ok=True)
        for matrix in folder.glob("*.npy"):
            if not matrix.with_suffix(".parquet").is_file():
                matrix.unlink()
        for table in sorted(folder.glob("*.parquet")):
            self._note(table.stem, [row["sha256"] for row in read_table(table)])

    def _note(self, piece: str, shas: Sequence[str]) -> None:
        self.row_of |= {sha: (piece, row) for row, sha in enumerate(shas)}

    def add(self, shas: list[str], rows: Sequence[NDArray[np.float32]]) -> None:
        if shas:
            self._write(shas, np.stack(rows).astype(np.float32))

    def _write(self, shas: Sequence[str], matrix: NDArray[np.float32]) -> str:
        name = sha256_json(list(shas))[:16]
        with atomic_path(self.folder / f"{name}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, matrix)
        write_table(self.folder / f"{name}.parquet", {"sha256": "string"}, [{"sha256": sha} for sha in shas])
        self._note(name, shas)
        return name

    def join(self) -> None:
        """Pieces to one. The joined one is whole before the others go."""
        if len(list(self.folder.glob("*.parquet"))) < 2:
            return
        shas = sorted(self.row_of)
        kept = self._write(shas, self.rows(shas))
        for suffix in (".parquet", ".npy"):  # a table that outlived its matrix would name what is gone
            for path in self.folder.glob(f"*{suffix}"):
                if path.stem != kept:
                    path.unlink(missing_ok=True)

    def rows(self, shas: Sequence[str]) -> NDArray[np.float32]:
        """``[N, D]`` of those photos, read through memory maps: only what is asked for comes into memory."""
        result = np.empty((len(shas), self.dim), np.float32)
        by_piece: dict[str, list[tuple[int, int]]] = {}
        for index, sha in enumerate(shas):
            piece, row = self.row_of[sha]
            by_piece.setdefault(piece, []).append((index, row))
        for piece, pairs in by_piece.items():
            indices, rows = np.array(pairs).T
            result[indices] = self._map(piece)[rows]
        return result

    def _map(self, piece: str) -> NDArray[np.float32]:
        path = self.folder / f"{piece}.npy"
        try:
            matrix: NDArray[np.float32] = np.load(path, mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError) as error:
            raise IntegrityError(f"{path}: not readable ({error}). Remove {self.folder}; it is made again.") from error
        if matrix.ndim != 2 or matrix.shape[1] != self.dim:
            raise IntegrityError(f"{path}: not [n, {self.dim}]. Remove {self.folder}; it is made again.")
        return matrix
