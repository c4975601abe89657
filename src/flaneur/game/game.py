"""A dataset, perhaps a model, and people in; rounds dealt, guesses kept and scored out. Safe from any thread."""

from __future__ import annotations

from contextlib import ExitStack
from functools import cached_property
from pathlib import Path

from flaneur import settings as homes
from flaneur.dataset.manifest import MANIFEST
from flaneur.dataset.store import Dataset, open_dataset
from flaneur.errors import InputError, UsageError
from flaneur.game.beginning import begun, cautions_of, city_of, dealt, drawn_code, is_same, model_facts
from flaneur.game.leaderboard import leaderboard
from flaneur.game.library import facts_of
from flaneur.game.machine import Machine
from flaneur.game.place_files import PlaceFiles
from flaneur.game.scoring import score
from flaneur.game.settings import GameSettings, code_key, of_table
from flaneur.game.shapes import AgainstRules, Feedback, Guess, Participant, Round, Score, Standing
from flaneur.game.store import FILE, DealtRound, Store
from flaneur.predict import Model, load
from flaneur.types import City

_LONGEST_NAME = 40


class Game:
    """A game or an experiment, kept in a folder of its own so that it can go on at any time.

    Args:
        folder: of the game, which has begun.
        dataset: that it is played on.
        model: that plays; ``None`` where none does.
        to_read: whether reading what was played is enough, where the folder cannot be written.

    Attributes:
        cities: the choices by name, with centres where they can be known.
        pictures: files of the places' views.
        places: phase and place, by number.
        machine: the model as a player; ``None`` where none plays.
        store: what was dealt and answered.
        join_code: six letters and digits that let somebody in; for a class.
        cautions: what is to be told before it starts, such as that the model learnt from these photos.
    """

    def __init__(self, folder: Path, dataset: Dataset, model: Model | None, *, to_read: bool = False) -> None:
        self.folder, self.dataset, self.model = folder, dataset, model
        with ExitStack() as undo:
            self.store = undo.enter_context(Store(folder, to_read=to_read))
            facts = self.store.facts()
            self.settings: GameSettings = of_table(facts["settings"], str(folder))
            self.cities: tuple[City, ...] = tuple(city_of(city) for city in facts["cities"])
            self.join_code: str = facts["join_code"]
            self.cautions = cautions_of(facts)
            self.places = self.store.places()
            self.pictures = PlaceFiles(dataset, [place for _, place in self.places])
            self.machine = None if model is None else Machine(model, self.store, self.cities, self.pictures.files)
            undo.pop_all()

    def __enter__(self) -> Game:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<flaneur game {self.settings.name}: {self.settings.rounds} rounds on {self.dataset.name}>"

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()

    def join(self, code: str = "", *, name: str = "", consent: bool = False) -> Participant:
        """Take somebody in, or back in.

        Args:
            code: of the participant; empty for somebody new where anybody may join.
            name: for the leaderboard.
            consent: whether the participant has agreed to ``settings.consent``.

        Raises:
            UsageError: a code that there is not, or no consent where it is asked for.
        """
        if code and self.store.find_participant(code) is not None:
            return self.participant(code)
        allowed = {code_key(one): one for one in self.settings.codes}
        if code and code_key(code) not in allowed:
            raise UsageError("nobody has this code. Look at it again, or ask who gave it to you.")
        if allowed and not code:
            raise UsageError("this experiment takes in those only who have a code. Say yours.")
        if self.settings.consent and not consent:
            raise UsageError("the text of consent must be agreed to first.")
        own = allowed[code_key(code)] if code else drawn_code()
        plain = "".join(letter for letter in name if letter.isprintable() or letter.isspace())
        shown = " ".join(plain.split())[:_LONGEST_NAME].rstrip()
        self.store.add_participant(own, shown, consented=bool(self.settings.consent))
        return self.participant(own)

    def participant(self, code: str) -> Participant:
        """Somebody who has joined.

        Raises:
            UsageError: no such code.
        """
        row = self.store.find_participant(code)
        if row is None:
            raise UsageError("nobody has joined under this code. Join first.")
        rounds = self._rounds(row["number"])
        return Participant(row["number"], row["code"], row["name"], all(one.guess is not None for one in rounds))

    def next_round(self, participant: Participant) -> Round | None:
        """The first round that is not answered yet; ``None`` when all are. Noted as shown.

        Raises:
            InputError: a photo is gone.
        """
        waiting = next((one for one in self._rounds(participant.number) if one.guess is None), None)
        if waiting is None:
            return None
        made = self._round(waiting)
        self.store.note_shown(participant.number, waiting.number)
        return made

    def round(self, participant: Participant, number: int) -> Round:
        """A round that was dealt, without noting it as shown.

        Raises:
            InputError: a photo is gone.
            AgainstRules: no such round.
        """
        return self._round(self._found(participant, number))

    def answer(self, participant: Participant, number: int, guess: Guess) -> Feedback | None:
        """Keep and score a guess. The same guess again changes nothing, so a page may send it twice.

        Returns:
            What is to be told; ``None`` where the round does not tell.

        Raises:
            AgainstRules: no such round, another than the next one, already answered otherwise, or a point where only
                cities count.
            UsageError: a city that was not to choose.
        """
        found = self._found(participant, number)
        rounds = self._rounds(participant.number)
        if any(one.guess is None for one in rounds[: number - 1]):
            raise AgainstRules(f"round {number} is not the next one. Answer those before it first.")
        if guess.at is not None and not self.by_map:
            raise AgainstRules("in this game a city is named; the map is no answer.")
        place = self.places[found.place][1]
        worth = score(guess, self._city(place.city), place.at, self.cities)
        self.store.keep_answer(participant.number, number, guess, worth)
        return self.feedback(participant, number)

    def feedback(self, participant: Participant, number: int) -> Feedback | None:
        """What is told of a round that is answered; ``None`` where it does not tell.

        Raises:
            AgainstRules: no such round, or it is not answered yet.
        """
        found = self._found(participant, number)
        if found.score is None:
            raise AgainstRules(f"round {number} is not answered yet.")
        if not self._tells(found):
            return None
        place = self.places[found.place][1]
        truth = self._city(place.city)
        prediction = None if self.machine is None else self.machine.ask([found.place]).get(found.place)
        return Feedback(
            truth=truth,
            at=place.at or truth.centre,
            score=found.score,
            prediction=prediction,
            model_score=self.model_score(found.place),
            model="" if self.model is None else self.model.name,
        )

    def standings(self) -> list[Standing]:
        """The leaderboard, best first; with the model's line where all play the same places."""
        same = [place for phase, place in dealt(self.places, self.settings, 0) if phase == "test"]
        places = same if self.settings.deal == "same" else []
        if self.machine is not None:
            self.machine.ask(places)  # together, which is quicker
        scores = [one for place in places if (one := self.model_score(place)) is not None]
        name = "" if self.model is None else self.model.card.name
        return leaderboard(self.store, self.settings.test_rounds, name, scores)

    def model_score(self, place: int) -> Score | None:
        """What the model's first choice at a place is worth; it chooses even where it would rather not.

        Returns:
            ``None``: no model plays, or it can read no photo of the place.
        """
        said = None if self.machine is None else self.machine.ask([place]).get(place)
        if said is None:
            return None
        what = self.places[place][1]
        return score(Guess(city=said.ranking[0].city.slug), self._city(what.city), what.at, self.cities)

    @cached_property
    def by_map(self) -> bool:
        """Whether a point on the map is an answer: all cities must be somewhere."""
        return self.settings.by_map and all(city.centre is not None for city in self.cities)

    def _rounds(self, number: int) -> list[DealtRound]:
        """A participant's rounds, dealt when they are first asked for."""
        found = self.store.rounds(number)
        if not found:
            self.store.deal(number, dealt(self.places, self.settings, number))
            found = self.store.rounds(number)
        return found

    def _found(self, participant: Participant, number: int) -> DealtRound:
        rounds = self._rounds(participant.number)
        if not 1 <= number <= len(rounds):
            raise AgainstRules(f"there is no round {number}; there are {len(rounds)}.")
        return rounds[number - 1]

    def _round(self, dealt_round: DealtRound) -> Round:
        training = self.settings.training_rounds
        before = 0 if dealt_round.phase == "training" else training
        return Round(
            number=dealt_round.number,
            phase=dealt_round.phase,
            position=dealt_round.number - before,
            of=training if dealt_round.phase == "training" else self.settings.test_rounds,
            photos=self.pictures.files(dealt_round.place),
            credits=self.pictures.credits(dealt_round.place),
            choices=self.cities,
            by_map=self.by_map,
            tells=self._tells(dealt_round),
        )

    def _tells(self, dealt_round: DealtRound) -> bool:
        return dealt_round.phase == "training" or self.settings.tells

    def _city(self, slug: str) -> City:
        return next(city for city in self.cities if city.slug == slug)


def new_game(dataset: str | Path | Dataset, model: str | Path | Model | None, settings: GameSettings) -> Game:
    """Start a game, or go on with the one of that name where dataset, model and settings are the same.

    Raises:
        InputError: too few photos or cities.
        UsageError: there is another game of that name, or a dataset, or a city that there is not. Whatever is wrong is
            told before anything is written.
    """
    data = dataset if isinstance(dataset, Dataset) else open_dataset(dataset)
    player = load(model) if isinstance(model, str | Path) else model
    folder = homes.new_folder("games", settings.name)
    found = facts_of(folder)
    if not found:
        _check_name(settings.name, data)
        facts, places = begun(data, player, settings)
        with Store(folder) as store:
            store.begin(facts, places)
    elif not is_same(found, data, player, settings):
        raise UsageError(
            f"there is a game called {settings.name!r} already, with another dataset, model or settings. Choose "
            "another name."
        )
    return Game(folder, data, player)


def _check_name(name: str, dataset: Dataset) -> None:
    """A game goes by its name wherever a dataset does, so it must not hide one."""
    if name == dataset.name or (homes.home() / "datasets" / name / MANIFEST).is_file():
        raise UsageError(f"{name!r} is a dataset's name. Give the game another, such as {name + '-game'!r}.")


def open_game(name: str | Path, model: Model | None = None, *, to_read: bool = False) -> Game:
    """A game that was started before.

    Args:
        name: or folder.
        model: the one that plays, where it is loaded already; else it is loaded from where it was.
        to_read: as of :class:`Game`.

    Raises:
        InputError: there is none, or its dataset or model is gone or another one by now.
    """
    folder = homes.resolve("games", name, FILE)
    facts = facts_of(folder)
    if not facts:
        raise InputError(f"{folder}: this game has not begun. Start it again under its name.")
    kept = facts["model"]
    if kept is None:
        model = None
    elif model is None or model_facts(model)["sha256"] != kept["sha256"]:
        model = load(kept["where"])
        if model_facts(model)["sha256"] != kept["sha256"]:
            raise InputError(f"{folder}: model {kept['name']} is another one by now than the one that played.")
    return Game(folder, open_dataset(facts["dataset"]["root"]), model, to_read=to_read)
