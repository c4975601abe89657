"""A budget that was given once in; the one that holds for a dataset, also when it is not repeated, out."""

from __future__ import annotations

from pathlib import Path

from flaneur.errors import IntegrityError
from flaneur.files import write_text


def budget_of(root: Path, source: str) -> Path:
    """The file that keeps a dataset's budget for a source, beside the journal."""
    return root / "collect" / f"{source}.budget"


def kept_budget(root: Path, source: str) -> float | None:
    """The budget given last, in the provider's currency; ``None`` if none ever was.

    Raises:
        IntegrityError: the file holds no amount; nothing is spent then.
    """
    path = budget_of(root, source)
    if not path.is_file():
        return None
    try:
        amount = float(path.read_text("utf-8"))
    except ValueError:
        amount = -1.0
    if not 0 <= amount < float("inf"):
        raise IntegrityError(f"{path}: holds no budget. Write the amount into it, or delete it for none.")
    return amount


def keep_budget(root: Path, source: str, amount: float) -> None:
    """Have a budget hold for later runs, too."""
    write_text(budget_of(root, source), f"{amount!r}\n")
