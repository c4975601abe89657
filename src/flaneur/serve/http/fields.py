"""Fields of a form, as text, in; the values they stand for, or the problem that they stand for none, out."""

from __future__ import annotations

from collections.abc import Mapping

from flaneur.errors import did_you_mean
from flaneur.predict import Model
from flaneur.serve.http.problems import Problem, one_line
from flaneur.types import slugify

_FLAGS = {"true": True, "false": False}
_LONGEST_NUMBER = 6


def flag(fields: Mapping[str, str], name: str, default: bool = False) -> bool:
    """``true`` or ``false``; the default where the field is not there.

    Raises:
        Problem: 422, another word.

    >>> flag({"views": "true"}, "views"), flag({}, "views")
    (True, False)
    """
    said = fields.get(name, str(default).lower())
    if said not in _FLAGS:
        raise Problem(422, "wrong_value", f"{name} is 'true' or 'false', not {one_line(said[:40])!r}.")
    return _FLAGS[said]


def count(fields: Mapping[str, str], name: str) -> int | None:
    """A whole number from 1 on; ``None`` where the field is not there.

    Raises:
        Problem: 422, no such number.

    >>> count({"top": "3"}, "top"), count({}, "top")
    (3, None)
    """
    said = fields.get(name)
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal()) or len(said) > _LONGEST_NUMBER or int(said) < 1:
        raise Problem(422, "wrong_value", f"{name} is a whole number from 1 on, not {one_line(said[:40])!r}.")
    return int(said)


def slugs(fields: Mapping[str, str], name: str) -> list[str] | None:
    """Slugs of cities with commas between them; ``None`` where the field is not there.

    Raises:
        Problem: 422, not spelt as a slug; near ones are not taken.

    >>> slugs({"cities": "paris,rome"}, "cities"), slugs({}, "cities")
    (['paris', 'rome'], None)
    """
    said = fields.get(name)
    if said is None:
        return None
    for part in (parts := said.split(",")):
        if not part or slugify(part) != part:
            hint = f"; did you mean {slugify(part)!r}?" if slugify(part) else "."
            raise Problem(422, "wrong_value", f"{name}: {one_line(part[:40])!r} is no slug of a city{hint}")
    return parts


def slug(fields: Mapping[str, str], name: str) -> str | None:
    """One such slug.

    Raises:
        Problem: 422, none, or several.
    """
    found = slugs(fields, name)
    if found is not None and len(found) > 1:
        raise Problem(422, "wrong_value", f"{name} is one city, not {len(found)}.")
    return found[0] if found else None


def model_of(models: Mapping[str, Model], name: str | None) -> tuple[str, Model]:
    """A model by its name; the first where none is named.

    Args:
        models: of the engine.
        name: as the request says it, if it does.

    Raises:
        Problem: 404, there is no such model here; a near name is suggested.
    """
    chosen = next(iter(models)) if name is None else name
    if chosen not in models:
        hint = did_you_mean(chosen, models) or f" Known: {', '.join(models)}."
        raise Problem(404, "no_model", f"No model called {one_line(chosen[:80])!r} is served here.{one_line(hint)}")
    return chosen, models[chosen]
