"""A comparison in; what it means in plain sentences out: who is better first, then what it does not show."""

from __future__ import annotations

from itertools import combinations

from flaneur.errors import counted
from flaneur.evaluation.comparison.compared import Compared
from flaneur.evaluation.comparison.guesses import Guesses
from flaneur.evaluation.comparison.pairs import SIGNIFICANT, Pair
from flaneur.evaluation.phrases import percent, signed
from flaneur.metrics import Interval

FEW_PLACES = 50  # fewer places than these and only large differences can be told from chance
_FEW_DIFFER = 10


def summary(compared: Compared) -> list[str]:
    """Who is better, pair by pair; of a single pair also in which cities."""
    first = compared.models[0].accuracy
    told = ", ".join(f"{model.name} {percent(model.accuracy.value, 1)}" for model in compared.models)
    said = [f"On the same {counted(first.n, 'photo')} of {counted(first.groups, 'place')}, right are: {told}."]
    if len(compared.pairs) == 1:
        return [*said, verdict(compared.pairs[0]), *_where(compared, compared.pairs[0])]
    said += [verdict(pair) for pair in compared.pairs if pair.better]
    return said + _untold([pair for pair in compared.pairs if not pair.better])


def verdict(pair: Pair) -> str:
    """Who of two is better, or that it cannot be told."""
    if not pair.only_first and not pair.only_second:
        return f"{pair.first} and {pair.second} are right for exactly the same photos."
    one = pair if pair.better != pair.second else pair.turned()
    more, alike = one.difference, one.macro_difference
    seen = (
        f"95 % interval {signed_span(more)}; {one.first} alone is right for {one.only_first:,}, {one.second} alone for "
        f"{one.only_second:,}; by place p {chance(one.holm_p)}"
    )
    if not pair.better:
        apart = f"{one.first} and {one.second} cannot be told apart here"
        return f"{apart}: the difference of {signed(more.value)} points may be chance ({seen})."
    unsure = "" if alike.low > 0 or alike.high < 0 else ", which may be chance"
    return (
        f"{one.first} is better than {one.second}, by {signed(more.value)} points ({seen}). With every city counting "
        f"alike it is {signed(alike.value)} ({signed(alike.low)} to {signed(alike.high)}){unsure}."
    )


def _untold(pairs: list[Pair]) -> list[str]:
    if not pairs:
        return []
    told = "; ".join(f"{pair.first} and {pair.second} ({signed_span(pair.difference)})" for pair in pairs)
    said = [f"These cannot be told apart here, their differences may be chance: {told}."]
    if any(pair.difference.low > 0 or pair.difference.high < 0 for pair in pairs):
        said.append("An interval among these that leaves out 0 is no proof: of many pairs, one may do so by luck.")
    return said


def cautions(compared: Compared) -> list[str]:
    """What the comparison does not show."""
    said = [text for one in compared.said for text in (*one.notes, *_of_training(one))]
    said += [*_same_model(compared), *_choices(compared), *_size(compared), *_tests(compared)]
    said += [f"Not compared: {note}" for note in compared.left_out]
    said.append("A difference on these photos is one for these cities, cameras and years; others were not measured.")
    return said


def signed_span(difference: Interval) -> str:
    """The ends of a difference in points, with their signs.

    >>> signed_span(Interval(0.03, -0.012, 0.07, 100, 50))
    '−1.2 to +7.0 points'
    """
    return f"{signed(difference.low)} to {signed(difference.high)} points"


def chance(p: float) -> str:
    """A p value as people read it.

    >>> chance(0.04321), chance(0.00002), chance(1.0)
    ('= 0.043', '< 0.001', '= 1')
    """
    return "< 0.001" if p < 0.001 else f"= {p:.2g}"


def _where(compared: Compared, pair: Pair) -> list[str]:
    """The cities in which either is better beyond the interval."""
    rows = list(zip(compared.cities, pair.by_city, strict=True))
    clear = {
        pair.first: [(city, number) for city, number in rows if number.low > 0],
        pair.second: [(city, number) for city, number in rows if number.high < 0],
    }
    told = [
        f"of {name} in {', '.join(f'{city.name} ({signed(abs(number.value))})' for city, number in found)}"
        for name, found in clear.items()
        if found
    ]
    if not told or len(rows) == 1:
        return []
    return [f"City by city, the interval of the difference leaves out 0 in favour {'; '.join(told)}."]


def _of_training(one: Guesses) -> list[str]:
    facts = one.origin
    said = [f"{one.name}: {facts['learnt_from']}"] if facts.get("learnt_from") else []
    if facts.get("part") == "train":
        said.append(f"{one.name} may have been trained on these very photos: its numbers flatter it.")
    elif facts.get("part") == "validation" and facts.get("same_split"):
        said.append(f"Settings of {one.name} were chosen on these very photos: its numbers flatter it.")
    elif facts.get("same_split") is False:
        said.append(
            f"{one.name} was trained on this dataset, but not by this split: it may have seen these photos, "
            "which makes the comparison unfair."
        )
    return said


def _same_model(compared: Compared) -> list[str]:
    """Two names of one model: nothing was compared."""
    return [
        f"{one.name} and {other.name} are the same model, {one.origin['model']}: this compares it with itself."
        for one, other in combinations(compared.said, 2)
        if one.same_model(other)
    ]


def _choices(compared: Compared) -> list[str]:
    choices = {model.name: model.choices for model in compared.models}
    said = []
    if len({count for count in choices.values() if count}) > 1:
        told = ", ".join(f"{name} among {counted(count, 'city')}" for name, count in choices.items() if count)
        said.append(f"They choose among different numbers of cities ({told}): fewer to choose from is easier.")
    said += [f"Which cities {name} could choose among is not known." for name, count in choices.items() if not count]
    return said


def _size(compared: Compared) -> list[str]:
    seen = compared.models[0].accuracy
    if seen.groups >= FEW_PLACES:
        return []
    return [f"Only {counted(seen.groups, 'place')}: a small difference cannot be told from chance with so few."]


def _tests(compared: Compared) -> list[str]:
    seen = compared.models[0].accuracy
    said = []
    if seen.groups < seen.n:
        said.append(
            "Photos of one place are not independent: believe the intervals and p values by place. McNemar's usual "
            "test, which counts photos, is given for comparison only."
        )
    if len(compared.pairs) > 1:
        said.append(
            f"{len(compared.pairs)} pairs are compared; p values by place are corrected for that (Holm), so that even "
            f"one false claim among them is rarer than {percent(SIGNIFICANT)}. The intervals are not."
        )
    if len(compared.cities) > 1:
        said.append(
            f"City by city, {counted(len(compared.cities), 'city')} are looked at: one in twenty would seem different "
            "by chance alone."
        )
    few = {f"{pair.first} and {pair.second}": pair.only_first + pair.only_second for pair in compared.pairs}
    told = [f"{names} in {counted(count, 'photo')}" for names, count in few.items() if 0 < count < _FEW_DIFFER]
    return [*said, f"Few photos tell them apart: {', '.join(told)}."] if told else said
