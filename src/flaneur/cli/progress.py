"""A count of work in; a bar on stderr out, where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def bar(label: str, total: int | None = None, unit: str = "photo") -> Iterator[Callable[[int], None]]:
    """A progress bar that vanishes when the work is done; silent where stderr is no terminal.

    Args:
        label: what is being done.
        total: units, where known.
        unit: what is counted.

    Yields:
        To be called with the number of units done since the last call.
    """
    from tqdm import tqdm

    with tqdm(
        total=total, desc=label, unit=f" {unit}s", miniters=1, file=sys.stderr, disable=None, leave=False
    ) as shown:

        def advance(count: int) -> None:
            shown.update(count)

        yield advance
