"""Made-up numbers, of the size that real ones have: one of every further section of a report, and awkward ones."""

from itertools import pairwise
from math import inf, nan

from flaneur.evaluation.measures.coverage import Coverage, CoveragePoint
from flaneur.evaluation.measures.distance import Distance
from flaneur.evaluation.measures.nearest_train import NearestTrain, Ring
from flaneur.evaluation.measures.people import People, PlayedGame
from flaneur.evaluation.measures.slices import Slice, Slices, SliceTable
from flaneur.evaluation.measures.view_count import ViewCount
from flaneur.evaluation.trials.cross import Cell, Cross, GroupDrop
from flaneur.evaluation.trials.learning_curve import CurvePoint, Fit, LearningCurve
from flaneur.evaluation.trials.left_out import LeftOut, LeftOutCity
from flaneur.evaluation.trials.random_split import CityInflation, RandomSplit
from flaneur.evaluation.trials.shortcuts import Alteration, ShortcutRow, Shortcuts
from flaneur.evaluation.trials.source_probe import ProbedCity, SourceProbe
from flaneur.metrics import Interval
from flaneur.types import City

UNDEFINED = Interval(nan, nan, nan, 0, 0)
CITIES = (
    City("amsterdam", "Amsterdam"),
    City("buenos-aires", "Buenos Aires"),
    City("cambridge", "Cambridge"),
    City("krakow", "Kraków"),
    City("nairobi", "Nairobi"),
    City("san-francisco", "San Francisco"),
    City("santiago-de-queretaro", "Santiago de Querétaro"),
    City("zurich", "Zürich"),
)


def about(value, half=0.03, n=810, groups=214):
    """An interval around a number."""
    return Interval(value, value - half, value + half, n, groups)


def share(value, half=0.03, n=810, groups=214):
    """The same, that stays a share."""
    return Interval(value, max(0.0, value - half), min(1.0, value + half), n, groups)


def distance():
    within = zip((25, 200, 750, 2500), (0.874, 0.881, 0.902, 0.941), strict=True)
    return Distance(
        Interval(6.3, 5.8, 7.1, 810, 214),
        Interval(812.4, 540.0, 1130.0, 810, 214),
        tuple((km, share(value)) for km, value in within),
        Interval(4453.0, 4301.0, 4590.0, 810, 214),
        share(0.08, 0.05, 102, 61),
        share(0.47, 0.12, 102, 61),
        from_centre=37,
    )


def coverage():
    steps = [step / 20 for step in range(1, 21)]
    points = [CoveragePoint(step, 1 - 0.6 * step**2, share(1 - 0.126 * step**2, 0.01 + 0.02 * step)) for step in steps]
    at = tuple((step, share(1 - 0.126 * step**2, 0.02)) for step in (0.5, 0.8, 0.9, 0.95))
    return Coverage(tuple(points), share(0.041, 0.012), at)


def slices():
    def table(column, title, values, without=0):
        rows = [
            Slice(value, share(0.9 - 0.04 * index, 0.05), share(0.87 - 0.05 * index, 0.06), about(-0.01 * index), 8)
            for index, value in enumerate(values)
        ]
        return SliceTable(column, title, tuple(rows), without)

    sources = ("Mapillary", "KartaView", "a university's car with a very long name of its own <2019>", "flickr")
    years = table("year", "Year", [str(year) for year in range(2013, 2022)], 41)
    return Slices(
        (years, table("season", "Season", ("spring", "summer", "autumn", "winter")), table("source", "Source", sources))
    )


def people():
    covers = "other people and other photos; 300 answers of 6 people at 300 places"
    return People(
        tuple(
            PlayedGame(f"game {number}", 6, 8, share(0.47, 0.15, 300, 6), share(0.9, 0.04), about(-0.43, 0.16), covers)
            for number in range(1, 4)
        )
    )


def nearest_train():
    edges = (0, 100, 300, 1000, 3000, inf)
    rings = [
        Ring(low, high, share(0.97 - 0.04 * index, 0.02 + 0.015 * index))
        for index, (low, high) in enumerate(pairwise(edges))
    ]
    return NearestTrain(tuple(rings), about(0.083, 0.06), 12, 61.2)


def view_count():
    return ViewCount(tuple((views, share(0.93 - 0.12 / views)) for views in range(1, 6)), 143, about(0.096))


def cross():
    groups = ("GSV-Cities", "Mapillary", "a car of 2017", "phone")
    rows = (*groups, "all others", "all")
    cells = {}
    for down, row in enumerate(rows):
        for along, group in enumerate(groups):
            value = 0.93 if row in (group, "all") else 0.5 + 0.06 * ((down + along) % 4)
            cells[row, group] = Cell(share(value, 0.05), 1 / 6, 6, 900, 5)
    cells["phone", "GSV-Cities"] = Cell(None, nan, 1, 60, 0, "phone has a single city: nothing to choose from")
    drops = tuple(
        GroupDrop(group, about(0.11 + 0.05 * index, 0.04), share(0.92, 0.03), share(0.81 - 0.05 * index, 0.05), 4, 0.7)
        for index, group in enumerate(groups[:3])
    )
    return Cross(
        "project",
        groups,
        rows,
        cells,
        about(0.16, 0.035),
        drops,
        ("phone",),
        without=18,
        small=("drone",),
        encoder_saw_them=True,
    )


def learning_curve():
    fit = Fit(0.947, 1.1, 0.52, 0.011)
    photos = tuple(
        CurvePoint(n, share(fit.at(n)), share(fit.at(n) - 0.02), 0.125) for n in (5, 10, 20, 50, 100, 200, 400)
    )
    cities = tuple(CurvePoint(n, share(1 - 0.015 * n), share(0.99 - 0.016 * n), 1 / n) for n in range(2, 9))
    return LearningCurve(photos, cities, fit, 5, (CITIES[4], CITIES[7]), even=200, encoder_saw_them=True)


def left_out():
    cities = [
        LeftOutCity(city, share(0.93 - 0.06 * index, 0.05), share(0.11 + 0.08 * index, 0.06), CITIES[index - 1].slug)
        for index, city in enumerate(CITIES)
    ]
    return LeftOut(tuple(cities), share(0.72, 0.02), share(0.39, 0.03), True, "knn")


def random_split():
    cities = [
        CityInflation(
            city, share(0.88 - 0.03 * index, 0.06), share(0.95 - 0.01 * index), about(0.07 + 0.02 * index, 0.05)
        )
        for index, city in enumerate(CITIES)
    ]
    return RandomSplit(share(0.79), share(0.93, 0.01), about(0.14, 0.03), tuple(cities), 5, 2400, 600, 0.62)


def source_probe():
    cities = [
        ProbedCity(
            city,
            share(0.99 - 0.07 * index, 0.05),
            1 / (2 + index % 2),
            ("KartaView", "Mapillary", "phone")[: 2 + index % 2],
        )
        for index, city in enumerate(CITIES[:5])
    ]
    return SourceProbe("project", tuple(cities), share(0.85), 0.43, ("Zürich",))


def shortcuts():
    def row(name, title, kind, *change, leans=False, follows=None):
        alteration = Alteration(name, title, f"{title}: so and so many pixels.", kind)
        control = about(change[1], 0.02) if len(change) > 1 else None
        return ShortcutRow(
            alteration, share(0.874 + change[0]), about(change[0]), control, leans, None, *(follows or ())
        )

    rows = (
        row("no_sky", "Without the upper third", "removal", -0.03, -0.05),
        row("no_strip", "Without the bottom strip", "removal", -0.21, -0.01, leans=True),
        row("no_centre", "Without the centre", "removal", -0.12, -0.1),
        row("grey", "Without colour", "removal", -0.08),
        row("outline", "Only the outline, as a pencil would draw it with a ruler", "removal", -0.55),
        row("tint", "A warmer colour cast", "camera", -0.01, -0.02),
        row("jpeg", "Saved again as a poor JPEG", "camera", 0.004),
        row(
            "strip",
            "Bottom strip of another city",
            "transplant",
            -0.33,
            -0.02,
            leans=True,
            follows=(about(0.41), about(0.01)),
        ),
        row("cast", "Colour cast of another city", "transplant", -0.02, -0.01, follows=(about(0.0, 0.01),)),
    )
    return Shortcuts(share(0.874), rows, "This model leans on the bottom strip.", 810, called_out=True, cameras=True)


EXAMPLES = (
    distance,
    coverage,
    slices,
    nearest_train,
    people,
    view_count,
    cross,
    learning_curve,
    left_out,
    random_split,
    source_probe,
    shortcuts,
)


def examples():
    """One of every section, by key."""
    return {found.key: found for found in (make() for make in EXAMPLES)}
