"""The figures of each epoch in; a table, TensorBoard's files or W&B's out. Nothing leaves the machine unasked."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TextIO

from flaneur.errors import UsageError, did_you_mean, install_extra

Log = Callable[[dict[str, Any]], None]
"""Told a dictionary an epoch; see :func:`flaneur.training.networks.loop.fit`."""

LOGGERS = ("tensorboard", "wandb")
_COLUMNS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("size_px", "size", str),
    ("lr", "lr", lambda value: f"{value:.1e}"),
    ("loss", "loss", lambda value: f"{value:.3f}"),
    ("train_accuracy", "train", lambda value: f"{value:.3f}"),
    ("accuracy", "val", lambda value: f"{value:.3f}"),
    ("macro_recall", "macro", lambda value: f"{value:.3f}"),
    ("photos_per_second", "photos/s", lambda value: f"{value:.0f}"),
)


class Journal:
    """Everything that wants to hear of a training, as one :data:`Log`.

    Args:
        sinks: each is told every row.
        stream: where the table and the bar within an epoch go; nowhere if ``None``.
    """

    def __init__(self, sinks: Sequence[Log] = (), stream: TextIO | None = None) -> None:
        self.sinks = list(sinks)
        self.stream = stream
        self._bar: Any = None
        self._member: str | None = None

    def __call__(self, row: dict[str, Any]) -> None:
        """An epoch is over."""
        self.close()
        if self.stream is not None:
            self._tell(row, self.stream)
        for sink in self.sinks:
            sink(row)

    def begin(self) -> None:
        """A training begins: its table has a head of its own."""
        self._member = None

    def step(self, done: int, total: int) -> None:
        """So many of an epoch's steps are done: a bar, where a person is looking."""
        if self.stream is None or not self.stream.isatty():
            return
        if self._bar is None:
            from tqdm import tqdm

            self._bar = tqdm(total=total, unit="step", leave=False, file=self.stream)
        self._bar.update(done - self._bar.n)

    def close(self) -> None:
        """Clear the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _tell(self, row: Mapping[str, Any], stream: TextIO) -> None:
        member = str(row.get("member", ""))
        if self._member != member:
            self._member = member
            stream.write(f"network {member}\n" if member else "")
            stream.write(f"{table_head()}\n")
        stream.write(f"{table_row(row)}\n")
        stream.flush()


def table_head() -> str:
    """The names above :func:`table_row`.

    >>> table_head()
    '  epoch   size      lr    loss  train    val  macro  photos/s      left'
    """
    names = "".join(f"{name:>{_width(name)}}" for _, name, _ in _COLUMNS)
    return f"{'epoch':>7}{names}{'left':>10}"


def table_row(row: Mapping[str, Any]) -> str:
    """One epoch's figures, aligned; a figure that was not taken is left blank.

    >>> table_row({"epoch": 3, "of": 12, "size_px": 128, "lr": 6e-4, "loss": 1.25, "accuracy": 0.5, "seconds": 40})
    '   3/12    128 6.0e-04   1.250         0.500                      6 min'
    """
    cells = []
    for key, name, write in _COLUMNS:
        value = row.get(key)
        cells.append(f"{'' if value is None else write(value):>{_width(name)}}")
    left = duration((row["of"] - row["epoch"]) * row.get("seconds", 0))
    return f"{row['epoch']:>4}/{row['of']:<2}{''.join(cells)}{left:>10}"


def duration(seconds: float) -> str:
    """About how long, for people.

    >>> duration(40), duration(400), duration(8000)
    ('40 s', '7 min', '2 h 13 min')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


@contextmanager
def journal(names: Sequence[str], run: Path, settings: Mapping[str, Any], *, table: bool = True) -> Iterator[Journal]:
    """A journal with the named loggers, closed at the end.

    Args:
        names: of :data:`LOGGERS`.
        run: folder of the run; loggers write below it.
        settings: of the run, for the loggers that show them.
        table: whether a table goes to stderr.

    Raises:
        UsageError: an unknown logger, or one whose package is not installed.
    """
    made = Journal(stream=sys.stderr if table else None)
    with ExitStack() as stack:
        for name in names:
            made.sinks.append(stack.enter_context(_logger(name)(run, settings)))
        stack.callback(made.close)
        yield made


def _logger(name: str) -> Callable[[Path, Mapping[str, Any]], Any]:
    match name:
        case "tensorboard":
            return tensorboard_log
        case "wandb":
            return wandb_log
        case _:
            hint = did_you_mean(name, LOGGERS) or f" Choose among: {', '.join(LOGGERS)}."
            raise UsageError(f"--log-to knows no {name!r}.{hint}")


@contextmanager
def tensorboard_log(run: Path, settings: Mapping[str, Any]) -> Iterator[Log]:
    """Event files below ``run/tensorboard``; look at them with ``tensorboard --logdir``.

    Raises:
        UsageError: the package is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise _lacks("tensorboard") from error
    import json

    writer = SummaryWriter(run / "tensorboard")
    writer.add_text("recipe", f"```\n{json.dumps(settings, indent=2)}\n```")

    def log(row: dict[str, Any]) -> None:
        for name, value in scalars(row).items():
            writer.add_scalar(name, value, row["epoch"])
        writer.flush()

    try:
        yield log
    finally:
        writer.close()


@contextmanager
def wandb_log(run: Path, settings: Mapping[str, Any]) -> Iterator[Log]:
    """A W&B run below ``run/wandb``, offline unless ``WANDB_MODE`` says otherwise.

    Raises:
        UsageError: the package is not installed.
    """
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")  # it would call home about its own errors, offline or not
    try:
        import wandb
    except ImportError as error:
        raise _lacks("wandb") from error
    mode: Any = os.environ.get("WANDB_MODE", "offline")
    quiet = wandb.Settings(silent=True, console="off", disable_git=True, save_code=False)
    again: Any = {} if mode == "offline" else {"id": run.name, "resume": "allow"}  # offline, no run can be gone on with
    named: Any = {"project": "flaneur", "name": run.name, "dir": run, "config": dict(settings)}
    shown = wandb.init(**named, **again, mode=mode, settings=quiet)

    def log(row: dict[str, Any]) -> None:
        shown.log(scalars(row))

    try:
        yield log
    finally:
        shown.finish()


def scalars(row: Mapping[str, Any]) -> dict[str, float]:
    """A row's figures by a logger's name for each.

    >>> scalars({"epoch": 2, "of": 3, "member": "1 of 2", "loss": 0.5, "accuracy": 0.25})
    {'1-of-2/epoch': 2, '1-of-2/loss': 0.5, '1-of-2/accuracy': 0.25}
    """
    before = f"{str(row['member']).replace(' ', '-')}/" if "member" in row else ""
    return {f"{before}{name}": value for name, value in row.items() if name != "of" and isinstance(value, int | float)}


def _lacks(package: str) -> UsageError:
    return UsageError(f"--log-to {package} needs a package that lacks here: {install_extra(package)}.")


def _width(name: str) -> int:
    return max(len(name) + 2, 7 if name in ("size", "train", "val", "macro") else 8)
