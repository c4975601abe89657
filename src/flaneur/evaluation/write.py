"""A report in; its files out: JSON and page, and figures and tables on request. Same input, same bytes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from flaneur.dataset.passing_on import writing
from flaneur.evaluation.page.page import to_html
from flaneur.evaluation.plots.all_figures import figures
from flaneur.evaluation.plots.figure import save_figure
from flaneur.evaluation.predictions import PREDICTIONS, save_predictions
from flaneur.evaluation.record import to_json
from flaneur.evaluation.report import Report
from flaneur.evaluation.tables.latex import to_latex
from flaneur.evaluation.tables.markdown import to_markdown
from flaneur.files import write_json, write_text


@contextmanager
def report_folder(folder: Path) -> Iterator[None]:
    """A folder that is there and can be written before minutes of work, and is gone again if nothing came of them.

    Args:
        folder: made if need be, with those above it.

    Raises:
        InputError: it cannot be made or written.
    """
    new = [one for one in (folder, *folder.parents) if not one.exists()]
    try:
        with writing(folder):
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        yield
    except BaseException:
        with suppress(OSError):
            for one in new:
                one.rmdir()
        raise


def write_report(report: Report, folder: Path, *, photos: bool = True) -> tuple[Path, Path]:
    """Write ``report.json``, ``report.html`` and ``predictions.parquet``.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.
        folder: made if need be; files of these names are replaced.
        photos: whether example photos go into the page; leave them out where they must not be published.

    Returns:
        JSON and page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "report.json", folder / "report.html"
    record, page = to_json(report), to_html(report, photos=photos)
    write_json(written[0], record)
    write_text(written[1], page)
    save_predictions(report, folder / PREDICTIONS)
    return written


def write_figures(report: Report, folder: Path, *, photos: bool = True) -> list[Path]:
    """Write every figure of a report as PNG and SVG below ``figures``.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.
        folder: of the report.
        photos: whether the worst mistakes are shown.

    Raises:
        UsageError: matplotlib is not installed.
    """
    made = figures(report, photos=photos)
    return [path for name, figure in made.items() for path in save_figure(figure, folder / "figures" / name)]


def write_tables(report: Report, folder: Path) -> tuple[Path, Path]:
    """Write ``report.tex``, tables for a paper, and ``report.md``, a model card.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.
        folder: of the report.
    """
    written = folder / "report.tex", folder / "report.md"
    write_text(written[0], to_latex(report))
    write_text(written[1], to_markdown(report))
    return written
