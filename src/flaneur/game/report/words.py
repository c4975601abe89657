"""What a game tells in; the same in plain sentences, and what it does not show, out."""

from __future__ import annotations

import math

from flaneur.errors import counted
from flaneur.evaluation.comparison.words import chance, signed_span
from flaneur.evaluation.phrases import percent, points, signed, span
from flaneur.game.statistics.against import Against
from flaneur.game.statistics.analysis import Analysis
from flaneur.game.statistics.crossed import Crossed
from flaneur.game.statistics.mistakes import Mistakes
from flaneur.game.statistics.photos import only_model, only_people
from flaneur.metrics import Interval

_CLEAR = 0.05
_FEW_PEOPLE, _FEW_ERRORS, _LEAST_CITIES = 10, 30, 3


def summary(found: Analysis) -> list[str]:
    """What was found, most important first."""
    said = [_accuracy(found), *([] if found.against is None else _against(found.against))]
    said += _alike(found.mistakes) + _near(found.mistakes) + [_learning(found)]
    return [sentence for sentence in (*said, _photos(found), _power(found)) if sentence]


def cautions(found: Analysis) -> list[str]:
    """What the numbers do not show."""
    test, said = found.test, list(found.warnings)
    persons = len(test.persons)
    if persons == 1:
        said.append("One person has played: nothing is said of other people.")
    elif persons < _FEW_PEOPLE:
        said.append(
            f"{people_counted(persons)} only, and of whatever kind they are: an interval over people reckons with how "
            "many they are, not with how they were chosen."
        )
    if found.settings.tells:
        said.append("Answers were told during the test rounds, so people could learn from them.")
    if not found.settings.training_rounds:
        said.append("There was no training phase: the first rounds also show how people got used to the task.")
    said += _few_mistakes(found.mistakes)
    said.append(
        "Photos are those of this dataset: how people and model fare on other cameras, seasons or cities is not shown."
    )
    return said


def covers(found: Crossed) -> str:
    """What the widest interval covers, for the line below a number.

    >>> from flaneur.game.statistics.crossed import crossed_share
    >>> import numpy as np
    >>> covers(crossed_share(np.array([True, False]), np.array([0, 0]), np.array([0, 1])))
    'other photos before this person; 2 answers at 2 places'
    """
    answers, places = counted(found.both.n, "answer"), counted(found.by_places.groups, "place")
    people = found.both.groups
    if math.isfinite(found.both.low):
        return f"other people and other photos; {answers} of {people_counted(people)} at {places}"
    who = "this person" if people == 1 else f"these {people_counted(people)}"
    return f"other photos before {who}; {answers} at {places}"


def people_counted(number: int) -> str:
    """A number of people.

    >>> people_counted(1), people_counted(1200)
    ('1 person', '1,200 people')
    """
    return "1 person" if number == 1 else f"{number:,} people"


def plain(value: float) -> str:
    """A coefficient to two places.

    >>> plain(-0.054), plain(-0.001)
    ('−0.05', '0.00')
    """
    return f"{value:.2f}".replace("-0.00", "0.00").replace("-", "−")


def told(found: Crossed) -> str:
    """A share with its widest interval.

    >>> from flaneur.game.statistics.crossed import crossed_share
    >>> import numpy as np
    >>> told(crossed_share(np.ones(40, bool), np.repeat([0, 1], 20), np.arange(40)))
    '100 % (1 to 100 %)'
    """
    interval = found.widest
    return f"{percent(interval.value)} ({span(interval)})" if math.isfinite(interval.low) else percent(interval.value)


def _accuracy(found: Analysis) -> str:
    return (
        f"People were right for {told(found.accuracy)} of their guesses; blind guessing among "
        f"{counted(len(found.test.cities), 'city')} would be right for {_exactly(found.chance)}. The interval covers "
        f"{covers(found.accuracy)}."
    )


def _exactly(share: float) -> str:
    """A share that is known, to a tenth where it is not whole.

    >>> _exactly(1 / 8), _exactly(1 / 2)
    ('12.5 %', '50 %')
    """
    return percent(share, 1).replace(".0 ", " ")


def _against(found: Against) -> list[str]:
    said = [
        f"At the same places the model was right for {percent(found.model.value)}, people for "
        f"{percent(found.people.value)}; the person alone was right {counted(found.only_people, 'time')}, the model "
        f"alone {counted(found.only_model, 'time')}. {_of_these(found)}{_of_people(found)}"
    ]
    kappa = found.agreement
    if kappa.low < kappa.high:  # else one side is always right, or always wrong, and nothing can agree
        numbers = (
            f"(kappa {plain(kappa.value)}, {plain(kappa.low)} to {plain(kappa.high)}; 0 is chance, 1 the very same "
            "places)"
        )
        alike = "right and wrong at the same places"
        if _clear(kappa):
            how = "more" if kappa.low > 0 else "less"
            said.append(f"People and model are {alike} {how} often than their accuracies alone would bring {numbers}.")
        else:
            said.append(
                f"Whether people and model are {alike} more often, or less, than their accuracies alone would bring is "
                f"not shown {numbers}."
            )
    return said


def _of_these(found: Against) -> str:
    """What these people did: it stands however few they are."""
    gap = found.difference.by_places
    if math.isnan(gap.low):
        return "Who does better at other photos cannot be told from one place."
    numbers = f"{signed_span(gap)} at other photos of this kind; p {chance(found.p_by_place)} by place"
    if _clear(gap):
        worse = "worse" if gap.value < 0 else "better"
        return f"These people do {worse} than the model by {points(gap.value)} ({numbers})."
    return f"Whether these people or the model do better cannot be told: {points(gap.value)} apart ({numbers})."


def _of_people(found: Against) -> str:
    """What that tells of other people; nothing where one has played."""
    gap = found.difference.both
    if math.isnan(gap.low):
        return ""
    if _clear(gap):
        return f" The same holds of people in general, as far as these stand for them ({signed_span(gap)})."
    return f" Of people in general {people_counted(gap.groups)} do not show who does better ({signed_span(gap)})."


def _clear(gap: Interval) -> bool:
    return gap.low > 0 or gap.high < 0


def _few_mistakes(found: Mistakes) -> list[str]:
    """Of whichever side made fewer mistakes that name a city."""
    wrong, who = min(zip(found.counts, ("People", "The model"), strict=True))
    if found.model is None or len(found.model) < _LEAST_CITIES or wrong >= _FEW_ERRORS:
        return []
    what = "cannot be told" if found.correlation is None else "is known but roughly"
    return [f"{who} made {counted(wrong, 'mistake')} only: whether both mix up the same cities {what}."]


def _alike(found: Mistakes) -> list[str]:
    seen = found.correlation
    if seen is None:
        return []
    verdict = (
        "They mix up the same cities more than chance would bring"
        if found.p < _CLEAR
        else "That they mix up the same cities is not shown"
    )
    ceiling = "" if math.isnan(found.ceiling) else f"; people agree among themselves by about {found.ceiling:.2f}"
    return [
        f"{verdict}: the correlation of what is taken for what, right answers left out, is {plain(seen.value)} "
        f"({plain(seen.low)} to {plain(seen.high)}; p {chance(found.p)} by renaming the cities){ceiling}."
    ]


def _near(found: Mistakes) -> list[str]:
    said = []
    for who, near in (("people’s", found.people_near), ("the model’s", found.model_near)):
        if near is not None:
            said.append(
                f"Where the country has another city here, {told(near.share)} of {who} wrong answers name it; "
                f"{percent(near.chance)} would be chance."
            )
    return said


def _learning(found: Analysis) -> str:
    slope = found.learning.slope
    if math.isnan(slope.value):
        return ""
    verdict = (
        "Over the test rounds people changed"
        if found.learning.p < _CLEAR
        else "No learning is shown over the test rounds"
    )
    return (
        f"{verdict}: {signed(slope.value)} points per ten rounds ({signed_span(slope)}; p {chance(found.learning.p)} "
        "by shuffling each person’s rounds)."
    )


def _photos(found: Analysis) -> str:
    if found.against is None:
        return ""
    people, model = len(only_people(found.places)), len(only_model(found.places))
    return (
        f"Of {counted(len(found.places), 'place')}, {people:,} were got by half of the people or more and not by the "
        f"model, {model:,} the other way round."
    )


def _power(found: Analysis) -> str:
    need = found.power
    if need.people is None:
        return ""
    return (
        f"To know one person’s accuracy to ± 5 points takes {need.per_person:,} guesses of theirs. To know people of "
        f"this kind as well, {need.people:,} of them with {need.rounds:.0f} rounds each."
    )
