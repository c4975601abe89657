"""A game's work in; its result, or the problem that whoever plays is told, out."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, TypeVar

from starlette.concurrency import run_in_threadpool

from flaneur.errors import InputError, PhotoError, UsageError
from flaneur.game.place_files import PhotoGone
from flaneur.game.shapes import AgainstRules
from flaneur.serve.http.problems import Problem, one_line
from flaneur.serve.play.lobby import NotLetIn, TooManyTries, WrongJoinCode

P = ParamSpec("P")
T = TypeVar("T")


async def run(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """Do what may wait for a file or a model, in a thread.

    Raises:
        Problem: 403, 409, 422 or 429: what the work found wrong.
    """
    try:
        return await run_in_threadpool(work, *given, **named)
    except TooManyTries as error:
        raise Problem(429, "too_many_tries", str(error), retry_after_s=60) from error
    except (WrongJoinCode, NotLetIn) as error:
        code = "wrong_join_code" if isinstance(error, WrongJoinCode) else "not_let_in"
        raise Problem(403, code, one_line(str(error))) from error
    except AgainstRules as error:
        raise Problem(409, "against_rules", one_line(str(error))) from error
    except (InputError, UsageError) as error:
        raise Problem(422, "wrong_value", one_line(str(error))) from error


async def play(work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """The same for players: no path of a photo, which may name its city, is told.

    Raises:
        Problem: as :func:`run`.
    """
    try:
        return await run(_without_paths(work), *given, **named)
    except _Untold as error:
        if isinstance(error.__cause__, (PhotoGone, PhotoError)):
            raise photo_gone() from error
        message = "This game cannot go on. Ask whoever started it to look at its dataset and model."
        raise Problem(422, "game_stuck", message) from error


def photo_gone() -> Problem:
    """The problem of a round whose photo cannot be shown."""
    message = "A photo of this game cannot be read. Check the dataset with: flaneur dataset verify NAME"
    return Problem(422, "photo_gone", message)


class _Untold(Exception):  # noqa: N818 - becomes a problem
    pass


def _without_paths(work: Callable[P, T]) -> Callable[P, T]:
    def done(*given: P.args, **named: P.kwargs) -> T:
        try:
            return work(*given, **named)
        except InputError as error:
            raise _Untold from error

    return done
