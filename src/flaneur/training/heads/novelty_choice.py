"""Train and validation embeddings in; the best measure of novelty out, by playing that known cities are unknown."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from flaneur.errors import UsageError
from flaneur.metrics import auroc
from flaneur.training.heads.cross_validation import one_blas_thread
from flaneur.training.heads.logits import head_logits
from flaneur.training.heads.novelty import Labelled, NoveltyRule, fit_methods, novelty_scores, sample_evenly
from flaneur.training.heads.rule import Refit

_UNTESTED = "neighbours"
_BY_ENERGY = ("energy", "combined")


@dataclass(frozen=True, slots=True)
class NoveltyChoice:
    """The method chosen and the comparison behind it.

    Args:
        method: the best, or ``neighbours`` where nothing could be compared.
        auroc: by method, mean over left-out cities and over left-out projects; empty where nothing could be compared.
        worlds: by left-out cities (joined by ``+``) and method.
        note: for the card, in plain words.
    """

    method: str
    auroc: dict[str, float]
    worlds: dict[str, dict[str, float]]
    note: str


def usable_methods(rule: NoveltyRule, head: str) -> NoveltyRule:
    """The rule without the methods that say nothing with a kind of head.

    The logits of ``neighbours`` are log shares of votes, which sum to 1 for every photo: energy is the log of that sum.

    Args:
        rule: methods to compare.
        head: :attr:`flaneur.training.heads.rule.HeadRule.kind`.

    Raises:
        UsageError: none is left.

    >>> usable_methods(NoveltyRule(), "neighbours").methods
    ('max_probability', 'neighbours')
    """
    if head != "neighbours":
        return rule
    kept = tuple(method for method in rule.methods if method not in _BY_ENERGY)
    if not kept:
        raise UsageError(
            f"novelty.methods: {' and '.join(rule.methods)} cannot go with head.kind = 'neighbours', whose votes have "
            "no energy. Use max_probability or neighbours."
        )
    return replace(rule, methods=kept)


def choose_novelty(
    train: Labelled, validation: Labelled, rule: NoveltyRule, *, refit: Refit, temperature: float
) -> NoveltyChoice:
    """Compare methods by leaving cities out of training and asking which method finds them strange.

    Each city in turn, and each project's cities together where the data name projects (unknown cities mostly come by
    unknown cameras), are left out; the score is how well their photos stand apart from validation photos of the others.

    Args:
        train: photos that the head is trained on.
        validation: photos of the same cities at other places.
        rule: what to compare.
        refit: fits the model's kind of head to the photos that stay.
        temperature: of the logits.
    """
    worlds = left_out_worlds(train, rule)
    if not worlds or len(validation.cities) == 0 or len(rule.methods) == 1:
        method = rule.methods[0] if len(rule.methods) == 1 or _UNTESTED not in rule.methods else _UNTESTED
        why = "needs three or more cities with validation photos"
        note = f"{method}, as the recipe says" if len(rule.methods) == 1 else f"{method}, since comparing {why}"
        return NoveltyChoice(method, {}, {}, note)
    some = train.take(sample_evenly(train.cities, rule.photos, rule.seed))

    def play(left_out: frozenset[str]) -> dict[str, float]:
        return _play(left_out, some, validation, rule, refit=refit, temperature=temperature)

    sets = sorted({world for kind in worlds.values() for world in kind}, key=sorted)
    with one_blas_thread(), ThreadPoolExecutor(2) as pool:
        scores = dict(zip(sets, pool.map(play, sets), strict=True))
    means = {
        method: float(np.mean([np.mean([scores[world][method] for world in kind]) for kind in worlds.values()]))
        for method in rule.methods
    }
    best = max(rule.methods, key=lambda method: round(means[method], 6))
    table = {"+".join(sorted(world)): {m: round(v, 4) for m, v in scores[world].items()} for world in sets}
    kinds = " and ".join(worlds)
    note = f"{best}, the best of {len(means)} at telling {kinds} from the rest (mean AUROC {means[best]:.3f})."
    return NoveltyChoice(best, {method: round(value, 4) for method, value in means.items()}, table, note)


def left_out_worlds(train: Labelled, rule: NoveltyRule) -> dict[str, list[frozenset[str]]]:
    """Sets of cities to play unknown, by kind; two cities or more always stay.

    >>> part = Labelled(np.zeros((3, 1), np.float32), np.array(["a", "b", "c"]), np.array(["x", "x", "y"]))
    >>> {kind: [sorted(world) for world in worlds] for kind, worlds in left_out_worlds(part, NoveltyRule()).items()}
    {'left-out cities': [['a'], ['b'], ['c']]}
    """
    names = np.unique(train.cities)
    rng = np.random.default_rng(rule.seed)
    worlds: dict[str, list[frozenset[str]]] = {}
    if len(names) >= 3:
        worlds["left-out cities"] = [frozenset({str(names[i])}) for i in _some(len(names), rule.worlds, rng)]
    projects = [name for name in np.unique(train.projects) if name]
    together = [frozenset(str(c) for c in np.unique(train.cities[train.projects == project])) for project in projects]
    together = [cities for cities in dict.fromkeys(together) if len(names) - len(cities) >= 2]
    if len(together) >= 2 and any(len(cities) > 1 for cities in together):
        worlds["left-out projects"] = [together[i] for i in _some(len(together), rule.worlds, rng)]
    return worlds


def _play(
    left_out: frozenset[str],
    train: Labelled,
    validation: Labelled,
    rule: NoveltyRule,
    *,
    refit: Refit,
    temperature: float,
) -> dict[str, float]:
    """AUROC by method when the cities left out are unknown."""
    outside = list(left_out)
    known = train.take(~np.isin(train.cities, outside))
    stays = ~np.isin(validation.cities, outside)
    asked = np.concatenate([validation.embeddings, train.embeddings[np.isin(train.cities, outside)]])
    strange = np.concatenate([~stays, np.ones(len(asked) - len(stays), bool)])
    head = refit(known.embeddings, known.cities)
    logits = head_logits(head, asked)
    calm = validation.embeddings[stays]
    fitted = fit_methods(rule.methods, known, rule, head=head, temperature=temperature, known=calm)
    scores = {method: novelty_scores(params, asked, logits) for method, params in fitted.items()}
    return {method: auroc(np.asarray(values, np.float64), strange) for method, values in scores.items()}


def _some(count: int, most: int, rng: np.random.Generator) -> list[int]:
    return [int(index) for index in np.sort(rng.choice(count, min(most, count), replace=False))]
