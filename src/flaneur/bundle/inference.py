"""ONNX bytes and a stream of inputs in; rows of network output out, in order, in bounded memory, on all cores.

The unit of work is a batch: one thread loads its photos and runs the network on them. ONNX Runtime and Pillow release
the interpreter's lock, so threads that each run one-threaded sessions beat one session with many threads, and decoding
of one batch overlaps with the network of another.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from flaneur.errors import IntegrityError, PhotoError

T = TypeVar("T")
Row = dict[str, NDArray[np.float32]]


class Session(Protocol):
    """What is used of ``onnxruntime.InferenceSession``; share one among threads freely."""

    def run(self, output_names: Sequence[str] | None, input_feed: dict[str, NDArray[np.float32]]) -> list[Any]:
        """The outputs asked for, in that order."""
        ...

    def get_outputs(self) -> list[Any]:
        """Descriptions with ``name`` and ``shape``."""
        ...


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_session(model: bytes, *, threads: int = 1) -> Session:
    """Ready a model for running.

    Args:
        model: the bytes of an ONNX file that was checked by :func:`flaneur.onnx_files.proto.load`: bytes, not a path,
            so that what was checked is what runs.
        threads: inside one run: 1 for throughput with :func:`run_network`, :func:`cores` for one photo at a time.

    Raises:
        IntegrityError: ONNX Runtime cannot run it.
    """
    import onnxruntime

    onnxruntime.set_default_logger_severity(4)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads leave the cores to decoding
    try:
        session: Session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise IntegrityError(
            f"ONNX Runtime cannot run the model ({first}). Export it again, or update onnxruntime."
        ) from error
    return session


def run_network(
    session: Session,
    inputs: Iterable[T],
    load: Callable[[T], NDArray[np.float32]],
    outputs: Sequence[str],
    *,
    batch: int = 4,
    threads: int | None = None,
) -> Iterator[tuple[T, Row | PhotoError]]:
    """Run a network over any number of inputs.

    Args:
        session: from :func:`open_session`, with one thread.
        inputs: drawn lazily; at most ``batch * (threads + 2)`` are in memory.
        load: one input to ``[3, H, W]``; called in the threads. A :class:`PhotoError` it raises becomes that input's
            result.
        outputs: names of the network outputs wanted.
        batch: how many inputs share one run; fewer where there are too few to occupy the threads.
        threads: how many batches are worked on at once; all cores by default.

    Yields:
        Each input, in order, with its row of every output (no batch dimension) or its error.
    """
    threads = threads or cores()
    stream = iter(inputs)
    head = list(islice(stream, batch * threads))
    size = max(1, min(batch, -(-len(head) // threads)))

    def work(items: list[T]) -> list[tuple[T, Row | PhotoError]]:
        return _run_batch(session, items, load, outputs)

    source = chain(head, stream)
    pending: deque[Future[list[tuple[T, Row | PhotoError]]]] = deque()
    with ThreadPoolExecutor(threads, thread_name_prefix="flaneur-network") as pool:
        try:
            while items := list(islice(source, size)):
                pending.append(pool.submit(work, items))
                if len(pending) > threads + 1:
                    yield from pending.popleft().result()
            while pending:
                yield from pending.popleft().result()
        finally:
            for future in pending:  # the caller stopped early, or a bug surfaced: start nothing more
                future.cancel()


def _run_batch(
    session: Session, items: list[T], load: Callable[[T], NDArray[np.float32]], outputs: Sequence[str]
) -> list[tuple[T, Row | PhotoError]]:
    loaded: list[NDArray[np.float32] | PhotoError] = []
    for item in items:
        try:
            loaded.append(load(item))
        except PhotoError as error:
            loaded.append(error)
    good = [image for image in loaded if not isinstance(image, PhotoError)]
    rows = iter(run_batch(session, np.stack(good), outputs) if good else [])
    return [
        (item, image if isinstance(image, PhotoError) else next(rows))
        for item, image in zip(items, loaded, strict=True)
    ]


def run_batch(session: Session, images: NDArray[np.float32], outputs: Sequence[str]) -> list[Row]:
    """Run a network once.

    Args:
        session: from :func:`open_session`.
        images: ``[B, 3, H, W]``.
        outputs: names of the outputs wanted.

    Returns:
        One row an image: output name to its values, without the batch dimension.
    """
    arrays = session.run(list(outputs), {"image": images})
    return [dict(zip(outputs, row, strict=True)) for row in zip(*arrays, strict=True)]
