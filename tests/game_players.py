"""Simulated people for tests of the game: each knows the city with a chance of its own, hard places lower it."""

from __future__ import annotations

import numpy as np

from flaneur.game.game import Game
from flaneur.game.shapes import Guess


def play_all(game: Game, people: int, *, seed: int = 0, skill: float = 0.5, rounds: int | None = None) -> list[str]:
    """So many people join and answer; returns their codes."""
    rng = np.random.default_rng(seed)
    truth = [place.city for _, place in game.places]
    hard = rng.normal(0, 0.8, len(truth))
    slugs = [city.slug for city in game.cities]
    codes = []
    for _ in range(people):
        own = np.log(skill / (1 - skill)) + rng.normal(0, 0.5)
        player = game.join(consent=True)
        codes.append(player.code)
        places = {row.number: row.place for row in game.store.rounds(player.number)}
        while (shown := game.next_round(player)) is not None and (rounds is None or shown.number <= rounds):
            places = places or {row.number: row.place for row in game.store.rounds(player.number)}
            place = places[shown.number]
            knows = rng.random() < 1 / (1 + np.exp(-(own + hard[place])))
            wrong = [slug for slug in slugs if slug != truth[place]]
            city = truth[place] if knows else str(rng.choice(wrong))
            game.answer(player, shown.number, Guess(city=city, seconds=round(float(rng.lognormal(1.5, 0.5)), 2)))
    return codes
