"""A count of work in; a bar on stderr out, where a person is looking."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import click


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


@contextmanager
def stage_bars(names: Mapping[str, str]) -> Iterator[Callable[[str, int, int], None]]:
    """A bar a stage where a person is looking, a line a stage elsewhere.

    Args:
        names: stages by key, as people read them.

    Yields:
        To be called with a stage's key, how much of it is done, and of how much.
    """
    from tqdm import tqdm

    said: set[str] = set()
    bars: dict[str, Any] = {}  # none or one: that of the stage that goes on

    def show(stage: str, done: int, total: int) -> None:
        name = names.get(stage, stage)
        if stage not in bars:
            close()
            bars[stage] = tqdm(total=total, desc=name, file=sys.stderr, disable=None, leave=False)
            if not sys.stderr.isatty() and stage not in said:
                click.echo(f"{name} ...", err=True)
            said.add(stage)
        bars[stage].total = total
        bars[stage].update(done - bars[stage].n)

    def close() -> None:
        for bar in bars.values():
            bar.close()
        bars.clear()

    try:
        yield show
    finally:
        close()
