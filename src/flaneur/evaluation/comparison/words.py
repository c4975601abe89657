"""A comparison in; what it means in plain sentences out: who is better first, then what it does not show."""

from __future__ import annotations

from flaneur.errors import counted
from flaneur.evaluation.comparison.compared import Compared
from flaneur.evaluation.comparison.guesses import Guesses
from flaneur.evaluation.comparison.pairs import SIGNIFICANT, Pair
from flaneur.evaluation.phrases import percent, signed
from flaneur.metrics import Interval

FEW_PLACES = 50  # fewer places than these and only large differences can be told from chance
_FEW_DIFFER = 10


def summary(compared: Compared) -> list[str]:
    """Who is better, pair by pair, and in which cities."""
    first = compared.models[0].accuracy
    told = ", ".join(f"{model.name} {percent(model.accuracy.value, 1)}" for model in compared.models)
    said = [
        f"On the same {counted(first.n, 'photo')} of {counted(first.groups, 'place')}, right are: {told}.",
        *(verdict(pair) for pair in compared.pairs),
    ]
    return said + [text for pair in compared.pairs for text in _where(compared, pair)]


def verdict(pair: Pair) -> str:
    """Who of two is better, or that it cannot be told."""
    more = pair.difference
    alone = f"{pair.first} alone is right for {pair.only_first:,}, {pair.second} alone for {pair.only_second:,}"
    if not pair.only_first and not pair.only_second:
        return f"{pair.first} and {pair.second} are right for exactly the same photos."
    ends = f"95 % interval {signed_span(more)}; {alone}; by place p {chance(pair.holm_p)}"
    if not pair.better:
        apart = f"{pair.first} and {pair.second} cannot be told apart here"
        return f"{apart}: the difference of {signed(more.value)} points may be chance ({ends})."
    other = pair.second if pair.better == pair.first else pair.first
    by_city = pair.macro_difference
    sure = by_city.low > 0 or by_city.high < 0
    alike = f"every city counting alike {signed(by_city.value)} ({signed(by_city.low)} to {signed(by_city.high)})"
    return (
        f"{pair.better} is better than {other}: {pair.first} minus {pair.second} is {signed(more.value)} points "
        f"({ends}); {alike}{'' if sure else ', which may be chance'}."
    )


def cautions(compared: Compared) -> list[str]:
    """What the comparison does not show."""
    said = [text for one in compared.said for text in _of_training(one)]
    said += [*_choices(compared), *_size(compared), *_tests(compared)]
    said += [f"Not compared: {_lower(note)}" for note in compared.left_out]
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
    """The cities in which either is clearly better."""
    rows = list(zip(compared.cities, pair.by_city, strict=True))
    clear = {
        pair.first: [(city, number) for city, number in rows if number.low > 0],
        pair.second: [(city, number) for city, number in rows if number.high < 0],
    }
    told = [
        f"{name} in {', '.join(f'{city.name} ({signed(abs(number.value))})' for city, number in found)}"
        for name, found in clear.items()
        if found
    ]
    if not told or len(rows) < 2:
        return []
    between = f"Between {pair.first} and {pair.second}: " if len(compared.pairs) > 1 else ""
    return [f"{between}City by city, in points, better beyond the interval: {'; '.join(told)}."]


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
    few = [pair for pair in compared.pairs if 0 < pair.only_first + pair.only_second < _FEW_DIFFER]
    said += [
        f"{pair.first} and {pair.second} differ in only {counted(pair.only_first + pair.only_second, 'photo')}."
        for pair in few
    ]
    return said


def _lower(note: str) -> str:
    return note[:1].lower() + note[1:]
