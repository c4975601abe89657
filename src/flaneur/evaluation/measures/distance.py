"""Answers in; how far off they are in kilometres, and whether country and continent are right at least, out."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from flaneur import metrics
from flaneur.cities import located
from flaneur.city_at import city_at
from flaneur.continents import continent_of
from flaneur.errors import UsageError, counted
from flaneur.evaluation.answers import Answers
from flaneur.evaluation.phrases import FEW_PLACES, listed, percent, span
from flaneur.evaluation.section import Findings
from flaneur.geo import distance_km
from flaneur.metrics import Interval, bootstrap_by_group, counts_behind
from flaneur.types import City, Location

WITHIN_KM = (25, 200, 750, 2500)
"""A city, a region, a country, a continent: the steps of Hays and Efros' Im2GPS (CVPR 2008), less the street's 1 km."""


@dataclass(frozen=True, slots=True)
class Distance:
    """From the guessed city's centre to where the photo was taken.

    Args:
        median_km: half of the photos are nearer.
        mean_km: of all photos.
        within: for 25, 200, 750 and 2500 km the share of photos that are no farther off.
        game_score: mean points of a guessing game, 0 to 5000.
        same_country: share of the wrong answers that name a city of the right country; not-a-number where there is no
            wrong answer, or no country is known.
        same_continent: the same for continents.
        country_by_chance: what ``same_country`` would be if every wrong answer were as likely as any other.
        continent_by_chance: the same for continents.
        from_centre: photos without a position, which were measured from the centre of their city.
        without: photos left out, since their city has no centre.
        cities_without: names of the cities without a centre that these photos are of.
        unplaced: photos told as a city without a centre. They count as beyond every distance and as 0 points of the
            game, and are left out of median and mean.
    """

    key: ClassVar[str] = "distance"
    median_km: Interval
    mean_km: Interval
    within: tuple[tuple[int, Interval], ...]
    game_score: Interval
    same_country: Interval
    same_continent: Interval
    from_centre: int
    without: int = 0
    country_by_chance: float = math.nan
    continent_by_chance: float = math.nan
    cities_without: tuple[str, ...] = ()
    unplaced: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {
            "median_km": self.median_km.to_dict(),
            "mean_km": self.mean_km.to_dict(),
            "within": [{"km": km, "share": share.to_dict()} for km, share in self.within],
            "game_score": self.game_score.to_dict(),
            "same_country": self.same_country.to_dict(),
            "same_continent": self.same_continent.to_dict(),
            "country_by_chance": _rounded(self.country_by_chance),
            "continent_by_chance": _rounded(self.continent_by_chance),
            "from_centre": self.from_centre,
            "without": self.without,
            "cities_without": list(self.cities_without),
            "unplaced": self.unplaced,
        }

    def findings(self) -> Findings:
        """What the numbers mean."""
        km, near = self.within[1]
        among = ""
        if self.without:
            among = f" to {counted(near.n, 'photo')} (without {listed(self.cities_without)}, whose centre is not known)"
        said = (
            f"Measured from the middle of the city that it names, {percent(near.value)} ({span(near)}) of its answers"
            f"{among} are within {km} km of the photo. A guessing game would give {self.game_score.value:,.0f} of "
            "5,000 points."
        )
        return Findings(good=(said,), beware=self._of_the_wrong())

    def _of_the_wrong(self) -> tuple[str, ...]:
        """Whether wrong answers are near misses."""
        same, chance = self.same_continent, self.continent_by_chance
        if same.groups < FEW_PLACES or not 0 < chance < 1:
            return ()
        said = (
            f"When it is wrong, it names a city on the right continent {percent(same.value)} of the time "
            f"({span(same)}); a wrong city picked at random would be on it {percent(chance)} of the time."
        )
        if same.low > chance:
            return (f"{said} Its mistakes tend to stay near.",)
        return (f"{said} A mistake can be any distance off.",)


def distance(known: Answers) -> Distance | None:
    """From the centre of the guessed city to where the photo was taken: how far off, and on what side of a border.

    A photo without a position is taken to stand at the centre of its city. So a right answer is some kilometres off
    where positions are known, and none where they are not. Centres and countries that the model does not state are
    looked up in the gazetteer, where it is installed. Photos of a city whose centre is still unknown are left out,
    whether told right or wrong; a wrong answer that names such a city counts as beyond every distance.

    Args:
        known: answers of photos whose city the model knows.

    Returns:
        ``None`` where no photo can be measured, since no city has a centre.

    >>> from flaneur.types import Photo
    >>> oslo, rome = City("oslo", "Oslo", "NO", Location(60, 11)), City("rome", "Rome", "IT", Location(42, 12))
    >>> photos = tuple(Photo(f"a:{n}", "0", "oslo", f"p{n}", 64, 48, "a") for n in range(2))
    >>> found = distance(Answers((oslo, rome), photos, np.array([[1.0, 0.0], [0.0, 1.0]]), np.zeros(2)))
    >>> round(found.mean_km.value), found.same_country.value, found.same_continent.value
    (1001, 0.0, 1.0)
    """
    cities = [_placed(city) for city in known.cities]
    centres = np.array([_position(city.centre) for city in cities]).reshape(-1, 2)
    own = np.array([_position(photo.location) for photo in known.photos]).reshape(-1, 2)
    nowhere = np.isnan(own[:, 0])
    truth = np.where(nowhere[:, None], centres[known.labels], own)
    guess = centres[known.guesses]
    counts = ~np.isnan(centres[known.labels, 0])
    placed = ~np.isnan(guess[:, 0])
    measured = counts & placed
    if not measured.any():
        return None
    km = np.full(len(truth), math.inf)
    km[measured] = distance_km(truth[measured], guess[measured])
    near = (km[counts, None] <= np.array(WITHIN_KM)).astype(np.float64)
    shares = metrics.joined(metrics.means(metrics.game_score(km[counts])[:, None]), metrics.means(near, "share"))
    score, *within = bootstrap_by_group(shares, known.places[counts])
    metric = metrics.joined(metrics.means(km[measured, None]), metrics.medians(km[measured, None]))
    mean, median = bootstrap_by_group(metric, known.places[measured])
    (same_country, same_continent), chances = _of_errors(known, cities)
    return Distance(
        median_km=median,
        mean_km=mean,
        within=tuple(zip(WITHIN_KM, within, strict=True)),
        game_score=score,
        same_country=same_country,
        same_continent=same_continent,
        from_centre=int((nowhere & counts).sum()),
        without=int((~counts).sum()),
        country_by_chance=chances[0],
        continent_by_chance=chances[1],
        cities_without=tuple(cities[label].name for label in np.unique(known.labels[~counts]).tolist()),
        unplaced=int((counts & ~placed).sum()),
    )


def _placed(city: City) -> City:
    """With country and centre, from the gazetteer where the model does not say: by its name, else by where it lies."""
    city = located(city)
    if city.country or city.centre is None:
        return city
    try:
        around = city_at(city.centre)
    except UsageError:  # no gazetteer here
        return city
    return city if around is None else replace(city, country=around.country)


def _position(location: Location | None) -> tuple[float, float]:
    return (math.nan, math.nan) if location is None else (location.lat, location.lon)


def _of_errors(known: Answers, cities: list[City]) -> tuple[tuple[Interval, ...], tuple[float, ...]]:
    """Of wrong answers, those of the right country and continent; then the same for answers wrong at random."""
    countries = np.array([city.country for city in cities], dtype=object)
    continents = np.array([continent_of(city.country) for city in cities], dtype=object)
    told = [_told(known, names) for names in (countries, continents)]
    hits, among = (np.column_stack(columns) for columns in zip(*((one[0], one[1]) for one in told), strict=True))
    found = bootstrap_by_group(metrics.shares(hits, among), known.places, behind=counts_behind(among, known.places))
    return found, tuple(one[2] for one in told)


def _told(known: Answers, names: NDArray[np.object_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_], float]:
    """Which answers, ``[N]``, name the right area; which of them are wrong and have areas; the share by chance."""
    stated = names != ""
    alike = (names[:, None] == names) & stated & ~np.eye(len(names), dtype=bool)
    others = stated.sum() - 1
    truth, guess = known.labels, known.guesses
    among = (truth != guess) & stated[truth] & stated[guess]
    chance = alike[truth[among]].sum(axis=1).mean() / others if among.any() else math.nan
    return alike[truth, guess], among, float(chance)


def _rounded(share: float) -> float | None:
    return None if math.isnan(share) else round(share, 6)
