"""What a game tells in; ``report.html`` out: one page that needs nothing else. Same input, same bytes."""

from __future__ import annotations

from html import escape

from flaneur.errors import counted
from flaneur.evaluation.page.frame import Frame, whole_page
from flaneur.evaluation.page.page import contents
from flaneur.evaluation.page.section_parts import fact, facts, section
from flaneur.game.report.against import against_section
from flaneur.game.report.mistakes import STYLE, mistakes_section
from flaneur.game.report.people import people_section
from flaneur.game.report.photos import photos_section
from flaneur.game.report.rounds import learning_section
from flaneur.game.report.words import cautions, people_counted, summary
from flaneur.game.statistics.analysis import Analysis

_FOOTER = "Every number with its interval is in report.json, every answer in answers.csv."


def to_html(found: Analysis, *, photos: bool = True, command: str = "") -> str:
    """The page as text.

    Args:
        found: from :func:`flaneur.game.statistics.analysis.analyse`.
        photos: whether small pictures go into the page.
        command: that makes it again.
    """
    test, title = found.test, found.settings.title or found.settings.name
    frame = Frame(
        title=f"{title}: people and {found.model}" if found.model else f"{title}: people",
        eyebrow="flaneur · play",
        subtitle=f"{people_counted(len(test.persons))}, {counted(len(test), 'answer')} at "
        f"{counted(len(found.places), 'place')} of {counted(len(test.cities), 'city')} · {found.dataset}",
        footer=_FOOTER,
    )
    parts = [
        _short(found),
        people_section(found),
        against_section(found),
        learning_section(found),
        mistakes_section(found),
        photos_section(found, photos=photos),
        _power(found),
        _origin(found, command),
    ]
    main = "\n".join(part for part in parts if part).replace(" %", "\u00a0%")
    return whole_page(frame, contents(main) + main, style=STYLE)


def _short(found: Analysis) -> str:
    return (
        '<section aria-labelledby="short" class="first"><div class="short">'
        f'<div><h2 id="short">In short</h2><ul>{_items(summary(found))}</ul></div>'
        f'<div class="beware"><h2 id="beware">What it does not show</h2><ul>{_items(cautions(found))}</ul></div>'
        "</div></section>"
    )


def _items(sentences: list[str]) -> str:
    return "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)


def _power(found: Analysis) -> str:
    need = found.power
    rows = [
        fact("One person", "to know how often this person is right, to ± 5 points", counted(need.per_person, "answer"))
    ]
    if need.people is None:
        rows.append(fact("People", "to know people of this kind to ± 5 points", "–", "cannot be planned from so few"))
    else:
        hint = f"with {need.rounds:.0f} rounds each, to know people of this kind to ± 5 points"
        rows.append(
            fact("People", hint, people_counted(need.people), f"they differ by {100 * need.spread:.0f} points (s.d.)")
        )
    hint = (
        "A plan for the next experiment, from what was seen so far: Wilson’s interval for one person; Student’s for "
        "the mean over people, which no number of photos makes up for. From few people it is a rough "
        "guess, from fewer than five none."
    )
    return section("power", "How many it takes", hint, facts(*rows))


def _origin(found: Analysis, command: str) -> str:
    own = found.settings
    feedback = "told" if own.tells else "not told"
    known = {
        "Dataset": found.dataset,
        "Model": found.model or "none",
        "Test rounds": f"{own.test_rounds} from part {own.split}, answers {feedback}",
        "Training rounds": f"{own.training_rounds} from part {own.training_split}, answers told"
        if own.training_rounds
        else "none",
        "Views of a place": f"up to {own.views}; the model sees the same ones",
        "Answers": "a city, or a point on the map" if own.by_map else "a city",
        "Places": "the same for all" if own.deal == "same" else "spread over participants",
        "Order": f"drawn for each participant (seed {own.seed}); every city about equally often, no photo twice",
        "Intervals": "95 %; people and places clustered both ways, Wilson’s for one person",
    }
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in known.items())
    again = (
        f'<p class="hint">To make this page again:</p><pre tabindex="0"><code>{escape(command)}</code></pre>'
        if command
        else ""
    )
    return section("origin", "Where these numbers come from", "", f"<dl>{rows}</dl>{again}").replace(
        '<p class="hint"></p>', "", 1
    )
