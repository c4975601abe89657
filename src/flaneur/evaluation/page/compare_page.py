"""A comparison in; ``compare.html`` out: one page that needs nothing else. Same input, same bytes."""

from __future__ import annotations

from flaneur.evaluation.comparison.compared import Compared


def to_html(compared: Compared, *, photos: bool = True) -> str:
    """The page as text."""
    return f"{compared.names}{photos}"
