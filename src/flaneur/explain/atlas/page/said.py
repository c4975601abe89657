"""Findings of a part in; the cards that a section opens with, as HTML, out."""

from __future__ import annotations

from html import escape

from flaneur.evaluation.section import Findings


def said(findings: Findings) -> str:
    """What was found and what to beware of, side by side; nothing where there is nothing to say.

    >>> said(Findings(("It is so.",)))
    '<div class="short"><div><ul><li>It is so.</li></ul></div></div>'
    """
    cards = [("<div>", findings.good), ('<div class="beware">', findings.beware)]
    made = "".join(
        f"{card}<ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul></div>"
        for card, texts in cards
        if texts
    )
    return f'<div class="short">{made}</div>' if made else ""
