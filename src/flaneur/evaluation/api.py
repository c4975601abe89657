"""Names or objects in; a report out: what ``flaneur evaluate`` does, for Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from flaneur.dataset.store import Dataset, open_dataset
from flaneur.evaluation.asked import Asked, add_asked, check_columns
from flaneur.evaluation.report import Report
from flaneur.evaluation.run import What, photos_of
from flaneur.evaluation.run import evaluate as measure
from flaneur.predict import Model, load


class AskedWords(TypedDict, total=False):
    """What is measured on request; see :class:`flaneur.evaluation.asked.Asked`."""

    full: bool
    shortcuts: bool
    cross: str
    leave_one_out: bool
    learning_curve: bool
    random_split: bool
    slices: Sequence[str]


def evaluate(
    model: str | Path | Model,
    dataset: str | Path | Dataset,
    split: str | What = "test",
    *,
    unknown: str | Path | Dataset | None = None,
    progress: Callable[[str, int, int], None] | None = None,
    **asked: Unpack[AskedWords],
) -> Report:
    """Measure a model on photos with known cities; every number comes with a 95 % interval by place.

    Args:
        model: a name, a folder or file, or what :func:`flaneur.load` returns.
        dataset: a name, a folder, or what :func:`flaneur.open_dataset` returns.
        split: ``test``, ``validation``, ``train`` or ``all``; ``NAME/PART`` for another split than ``default``.
        unknown: a further dataset, whose photos of cities that the model does not know are to be told as such.
        progress: told stage, how much is done, of how much.
        asked: what takes minutes and so is measured on request only: ``full=True`` for all of it, or any of
            ``shortcuts``, ``leave_one_out``, ``learning_curve``, ``random_split`` (true or false) and
            ``cross="COLUMN"``; ``slices=["COLUMN"]`` costs nothing. What cannot be measured on these photos is told
            in the report.

    Raises:
        InputError: no such model, dataset or split; no photo is of a city the model knows, or none can be read.
        UsageError: no such part, column or keyword.

    For a model ``base`` and a dataset ``cities``::

        report = flaneur.evaluate("base", "cities", cross="project")
        report.most_confused(min_count=3)
        report.plot_confusion_matrix().savefig("confusion.pdf")
        report.to_frame().groupby("city").correct.mean()
    """
    wanted = Asked.of(asked)
    what = What.parse(split) if isinstance(split, str) else split
    asked_model = model if isinstance(model, Model) else load(model)
    data = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    others = unknown if unknown is None or isinstance(unknown, Dataset) else open_dataset(unknown)
    photos = photos_of(data, what)
    check_columns(wanted)
    strangers = [] if others is None else others.photos
    done = 0

    def one_more(count: int) -> None:
        nonlocal done
        done += count
        if progress is not None:
            progress("photos", done, max(done, len(photos) + len(strangers)))

    report = measure(
        asked_model, data, what, unknown=others, command=_command(model, dataset, what, unknown, wanted),
        progress=one_more,
    )  # fmt: skip
    return add_asked(report, asked_model, data, wanted, progress)


def _command(
    model: str | Path | Model,
    dataset: str | Path | Dataset,
    what: What,
    unknown: str | Path | Dataset | None,
    asked: Asked,
) -> str:
    """The command that makes the same report."""
    named = model.card.name if isinstance(model, Model) else model
    data, others = (one.name if isinstance(one, Dataset) else one for one in (dataset, unknown))
    part = "all" if what.part == "all" else f"{what.split}/{what.part}"
    strangers = f" --unknown {others}" if others else ""
    return f"flaneur evaluate {named} {data} --split {part}{strangers}{asked.flags}"
