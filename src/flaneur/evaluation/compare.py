"""Two or more models, reports or tables in; their numbers on the same photos out, and the files that show them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import UsageError
from flaneur.evaluation.comparison.common_photos import in_common
from flaneur.evaluation.comparison.compared import Compared as Compared
from flaneur.evaluation.comparison.compared import measured
from flaneur.evaluation.comparison.contestants import Progress, Ring, System, said_by, with_photos
from flaneur.evaluation.comparison.record import to_json
from flaneur.evaluation.page.compare_page import to_html
from flaneur.evaluation.run import What
from flaneur.files import write_json, write_text


def compare(
    *systems: System,
    dataset: str | Path | Dataset | None = None,
    split: str = "test",
    progress: Progress | None = None,
    keep: str | Path | None = None,
) -> Compared:
    """Compare two or more systems on the photos that all of them answered.

    Args:
        systems: each a report from :func:`flaneur.evaluate` or its folder, a ``predictions.parquet``, a CSV, JSON-lines
            or Parquet table of another system (see :func:`~.comparison.other_systems.read_guesses`), or a model or its
            name.
        dataset: whose photos models are asked about, and that knows the truth for tables.
        split: part of it, as ``flaneur evaluate --split`` has it.
        progress: told a model's name, how many photos it has answered, of how many.
        keep: a folder for the predictions of the models that are asked here, so that they need not be asked again.

    Returns:
        Numbers with their intervals, and every two systems against each other.

    Raises:
        UsageError: fewer than two systems, or a model or table without a dataset.
        InputError: there is no such system, or no photo that all have answered.
    """
    if len(systems) < 2:
        raise UsageError("Name two models, reports or tables or more, to compare them.")
    data = open_dataset(dataset) if isinstance(dataset, str | Path) else dataset
    ring = Ring(data, What.parse(split), progress, None if keep is None else Path(keep))
    said, paths = with_photos(said_by(systems, ring), data)
    aligned, left_out = in_common(said)
    return replace(measured(aligned), left_out=left_out, paths=paths)


def write_comparison(compared: Compared, folder: Path, *, photos: bool = True) -> tuple[Path, Path]:
    """Write ``compare.json`` and ``compare.html``. Same input, same bytes.

    Args:
        compared: from :func:`compare`.
        folder: made if need be; files of these names are replaced.
        photos: whether example photos go into the page; leave them out where they must not be published.

    Returns:
        The two files, JSON first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "compare.json", folder / "compare.html"
    record, page = to_json(compared), to_html(compared, photos=photos)
    write_json(written[0], record)
    write_text(written[1], page)
    return written
