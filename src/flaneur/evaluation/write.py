"""A report in; its files out: ``report.json`` and ``report.html``. Same input, same bytes."""

from __future__ import annotations

from pathlib import Path

from flaneur.evaluation.page.page import to_html
from flaneur.evaluation.record import to_json
from flaneur.evaluation.report import Report
from flaneur.files import write_json, write_text


def write_report(report: Report, folder: Path, *, photos: bool = True) -> tuple[Path, Path]:
    """Write ``report.json`` and ``report.html``.

    Args:
        report: from :func:`flaneur.evaluation.run.evaluate`.
        folder: made if need be; files of these names are replaced.
        photos: whether example photos go into the page; leave them out where they must not be published.

    Returns:
        The two files, JSON first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written = folder / "report.json", folder / "report.html"
    write_json(written[0], to_json(report))
    write_text(written[1], to_html(report, photos=photos))
    return written
