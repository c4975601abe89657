"""Sub-clusters of cities in; their section of the page out: photos of each, where they lie, what they follow."""

from __future__ import annotations

from html import escape

from flaneur.errors import counted
from flaneur.evaluation.page.axes import reach, share_axis
from flaneur.evaluation.page.figures import behind
from flaneur.evaluation.page.forest import Mark, Row, forest
from flaneur.evaluation.page.gallery import figures
from flaneur.evaluation.page.section_parts import (
    figure,
    pointed,
    points_table,
    section,
    side_by_side,
    told,
    told_points,
)
from flaneur.evaluation.page.thumbnails import Thumbnails
from flaneur.evaluation.phrases import percent, signed
from flaneur.explain.atlas.basis import ONE_SPOT
from flaneur.explain.atlas.clusters.clusters import LEARNING, Clusters, DividedCity, SubCluster
from flaneur.explain.atlas.page.local_map import MOST_MARKS, local_map
from flaneur.explain.atlas.page.said import said

TITLE = "Sub-clusters inside cities"
_SHOWN = "Shown are the photos nearest to the middle of their part. "
_KEYS = (1, 2, 3, 0)
_FEW_SPOTS = 10


def clusters_section(found: Clusters, thumbnails: Thumbnails) -> str:
    """Each divided city with photos nearest to the middle of each part; then all cities in a table."""
    hint = (
        "Where a city’s photos fall into parts that other places would repeat (prediction strength 80 % or more). All "
        "its photos take part, also those that the model learnt from; the share whose first guess is right, also "
        "where it would not answer, is of new photos only. "
        f"{'' if thumbnails.spent else _SHOWN}{ONE_SPOT}"
    )
    divided = "".join(_city(found, one, thumbnails) for one in found.cities if one.divided)
    heads = ("city", "parts", "strength", "explains", "of one cloud", "photos")
    rows = [
        (
            one.city.name,
            str(len(one.parts)) if one.divided else "none",
            percent(one.division.strength),
            percent(one.division.explained),
            percent(one.division.one_cloud[0]),
            f"{len(one.rows):,}",
        )
        for one in found.cities
    ]
    left_out = f'<p class="note">Too few places: {escape(", ".join(found.left_out))}.</p>' if found.left_out else ""
    table = points_table("All cities: how firm the division is, or would be into two", heads, rows)
    return section(found.key, TITLE, hint, said(found.findings()), divided, table, left_out)


def _city(found: Clusters, one: DividedCity, thumbnails: Thumbnails) -> str:
    name = escape(one.city.name)
    kind = "parts that stand apart" if one.division.apart else "ends of a scale: one cloud would be cut like this too"
    shown = "".join(_part(found, one, part, thumbnails) for part in one.parts)
    return f'<h3>{name}: {kind}</h3><ol class="pairs">{shown}</ol>{side_by_side(_map(found, one), _follows(one))}'


def _part(found: Clusters, one: DividedCity, part: SubCluster, thumbnails: Thumbnails) -> str:
    photos = figures(found.answers, part.shown, thumbnails, brief=True)
    told_right = (
        f"; first guess right: {told(part.recall)} of {counted(part.recall.n, 'new photo')}" if part.recall.n else ""
    )
    words = f"{told(part.share)} of its photos{told_right}"
    shown = f'<div class="photos small">{photos}</div>' if photos else ""
    return f"<li><h4>{escape(one.city.name)} {part.letter}</h4><p>{escape(words)}</p>{shown}</li>"


def _map(found: Clusters, one: DividedCity) -> str:
    photos = found.answers.photos
    number = {row: index for index, part in enumerate(one.parts) for row in part.rows.tolist()}
    located = [row for row in one.rows.tolist() if photos[row].location is not None]
    spots = [location for row in located if (location := photos[row].location) is not None]
    keys = [_KEYS[number[row]] for row in located]
    if len(spots) < _FEW_SPOTS:
        return ""
    few = f" ({MOST_MARKS} of {len(spots):,} photos)" if len(spots) > MOST_MARKS else ""
    legend = [pointed(_KEYS[index], part.letter) for index, part in enumerate(one.parts)]
    drawn = local_map(spots, keys, f"Where the photos of {one.city.name} lie, marked by sub-cluster")
    return figure(f"Where they lie{few}", drawn, *legend)


def _follows(one: DividedCity) -> str:
    if all(fact.column == LEARNING for fact in one.follows):
        return ""
    rows = [
        Row(
            f"The same {fact.name}",
            signed(fact.more.value),
            (Mark(1, fact.more, f"The same {fact.name}: {told_points(fact.more)}, {behind(fact.more)}"),),
        )
        for fact in one.follows
    ]
    axis = share_axis("points more often than any two photos", reach(*(fact.more for fact in one.follows)), signed=True)
    label = f"What the sub-clusters of {one.city.name} follow: " + ", ".join(f"{row.name} {row.told}" for row in rows)
    return figure("Two photos in one part, given …", forest(rows, axis, label, line_at=0.0))
