"""A game in; its report out: page, JSON, and every answer as CSV and Parquet. Same answers, same bytes."""

from __future__ import annotations

from pathlib import Path

from flaneur.files import write_json, write_text
from flaneur.game.game import Game
from flaneur.game.report.page import to_html
from flaneur.game.report.tables import write_answers
from flaneur.game.statistics.analysis import Analysis, analyse


def write_report(game: Game, folder: Path, *, photos: bool = True, command: str = "") -> tuple[Analysis, Path]:
    """Write ``report.html``, ``report.json``, ``answers.csv`` and ``answers.parquet``.

    Args:
        game: that was played.
        folder: made if need be; files of these names are replaced.
        photos: whether small pictures go into the page; leave them out where they must not be published.
        command: that makes the report again.

    Returns:
        What was found, and the page.

    Raises:
        InputError: nobody has answered a test round yet.
    """
    found = analyse(game)
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / "report.html"
    write_json(folder / "report.json", found.to_dict())
    write_text(page, to_html(found, photos=photos, command=command))
    write_answers(game, folder)
    return found, page
