"""A seat's game, round, feedback or result in; JSON values out. The one place that decides what a player may know when.

Nothing of a round but its pictures and choices is told before its answer. Credits, which may name a town, come after
it, too. Where a game does not tell (the test phase of an experiment), a player learns nothing but how far it has gone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from flaneur.game.scoring import MOST_POINTS
from flaneur.game.shapes import AgainstRules
from flaneur.metrics.interval import wilson
from flaneur.metrics.paired import mcnemar
from flaneur.serve.play.lobby import Seat
from flaneur.serve.play.pictures import BlindPictures
from flaneur.types import City, Location

if TYPE_CHECKING:
    from flaneur.game.game import Game
    from flaneur.game.shapes import Caution, Feedback, Participant, Round, Score

Told = dict[str, Any]


def about(game: Game) -> Told:
    """What anybody invited may know of a game."""
    settings = game.settings
    return {
        "title": settings.title or settings.name,
        "dataset": game.dataset.name,
        "model": None if game.model is None else game.model.card.name,
        "cities": [_city(city) for city in game.cities],
        "test_rounds": settings.test_rounds,
        "training_rounds": settings.training_rounds,
        "tells": settings.tells,
        "views": settings.views,
        "by_map": game.by_map,
        "leaderboard": settings.leaderboard,
        "consent": settings.consent,
        "needs_code": bool(settings.codes),
        "most_points": MOST_POINTS,
        "warnings": [_caution(one) for one in game.cautions],
    }


def seat_told(seat: Seat) -> Told:
    """A seat as its page keeps it."""
    participant = seat.participant
    return {
        "seat": seat.key,
        "code": participant.code,
        "name": participant.name,
        "answered": sum(one.guess is not None for one in seat.game.store.rounds(participant.number)),
        "finished": participant.finished,
        "game": about(seat.game),
    }


def round_told(seat: Seat, dealt: Round, pictures: BlindPictures) -> Told:
    """A round to look at. Nothing here hangs on the city."""
    return {
        "number": dealt.number,
        "phase": dealt.phase,
        "position": dealt.position,
        "of": dealt.of,
        "pictures": pictures.names(seat.key, dealt.number, dealt.photos),
        "choices": [_city(city) for city in dealt.choices],
        "by_map": dealt.by_map,
        "tells": dealt.tells,
    }


def feedback_told(game: Game, dealt: Round, feedback: Feedback | None) -> Told | None:
    """What is told of a round that is answered; ``None`` where the round does not tell.

    The training of an experiment tells the city, but nothing of the model: people would learn its ways, and whether
    they make its mistakes could not be asked any more.
    """
    if feedback is None:
        return None
    return {
        "number": dealt.number,
        "truth": _city(feedback.truth),
        "at": _location(feedback.at),
        **_score(feedback.score),
        "model": _model(feedback) if game.settings.tells else None,
        "credits": _credits([dealt]),
    }


def result_told(seat: Seat, pictures: BlindPictures) -> Told:
    """How it went: everything after the last round of a game that tells, nothing but thanks after one that does not."""
    game, participant = seat.game, seat.participant
    told: Told = {
        "finished": participant.finished,
        "code": participant.code,
        "thanks": "",
        "credits": [],
        "score": None,
    }
    if not participant.finished:
        return told
    rounds = [game.round(participant, number) for number in range(1, game.settings.rounds + 1)]
    told |= {"thanks": game.settings.thanks, "credits": _credits(rounds)}
    if not game.settings.tells:
        return told
    answered = []
    for dealt in rounds[game.settings.training_rounds :]:
        if (one := feedback_told(game, dealt, game.feedback(participant, dealt.number))) is not None:
            answered.append(one | {"pictures": pictures.names(seat.key, dealt.number, dealt.photos)})
    return told | {"score": _compared(answered)}


def standings_told(game: Game, mine: Participant | None = None) -> list[Told]:
    """The leaderboard.

    Args:
        game: that has one.
        mine: the participant who asks; ``None``: somebody who watches.

    Raises:
        AgainstRules: the game has none, or a player could read off it how the last answer was.
    """
    if not game.settings.leaderboard:
        raise AgainstRules("This game has no leaderboard.")
    if not (game.settings.tells or (mine is not None and mine.finished)):
        raise AgainstRules("The leaderboard is shown after the last round.")
    return [
        {
            "rank": one.rank,
            "name": one.name,
            "number": None if one.number is None else one.number + 1,
            "points": one.points,
            "correct": one.correct,
            "answered": one.answered,
            "of": one.of,
            "is_model": one.is_model,
            "is_me": mine is not None and one.number == mine.number,
        }
        for one in game.standings()
    ]


def _compared(rounds: list[Told]) -> Told:
    """A player's rounds beside the model's: shares with Wilson intervals, and the exact test of McNemar."""
    both = [one for one in rounds if one["model"] is not None]
    played = [one["model"] for one in both]
    told: Told = {"rounds": rounds, "player": _sum(rounds), "model": None, "paired": None}
    if not both:
        return told
    test = mcnemar(_correct(both), _correct(played))
    paired = {"only_player": test.only_first, "only_model": test.only_second, "p": round(test.p, 4)}
    return told | {"model": _sum(played), "paired": paired}


def _correct(scores: list[Told]) -> NDArray[np.bool_]:
    return np.array([one["correct"] for one in scores], np.bool_)


def _sum(scores: list[Told]) -> Told:
    hits = int(_correct(scores).sum())
    low, high = wilson(hits, len(scores))
    points = sum(one["points"] for one in scores)
    return {"correct": hits, "of": len(scores), "low": round(low, 4), "high": round(high, 4), "points": points}


def _model(feedback: Feedback) -> Told | None:
    prediction, scored = feedback.prediction, feedback.model_score
    if prediction is None or scored is None:
        return None
    ranking = [
        {"city": one.city.slug, "name": one.city.name, "probability": round(one.probability, 6)}
        for one in prediction.ranking
    ]
    return {"name": feedback.model, **_score(scored), "abstained": prediction.abstained, "ranking": ranking}


def _credits(rounds: list[Round]) -> list[str]:
    return [one for one in dict.fromkeys(credit for dealt in rounds for credit in dealt.credits) if one]


def _score(score: Score) -> Told:
    return {
        "city": score.city, "correct": score.correct, "points": score.points, "distance_km": score.distance_km,
    }  # fmt: skip


def _caution(caution: Caution) -> Told:
    return {"code": caution.code, "message": caution.sentence, "values": dict(caution.values)}


def _city(city: City) -> Told:
    at = city.centre
    return {"city": city.slug, "name": city.name, "lat": at and at.lat, "lon": at and at.lon}


def _location(at: Location | None) -> Told | None:
    return None if at is None else {"lat": at.lat, "lon": at.lon}
