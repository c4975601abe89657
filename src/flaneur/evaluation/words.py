"""A report in; what it means in plain sentences out: how good first, then where not to trust it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flaneur.errors import counted
from flaneur.evaluation.measures.groups import GroupNumbers
from flaneur.evaluation.measures.views import Views
from flaneur.evaluation.measures.which_city import CityNumbers
from flaneur.evaluation.phrases import FEW_PLACES, percent, span, unread
from flaneur.metrics import Interval

if TYPE_CHECKING:
    from flaneur.evaluation.report import Report  # which draws and tells itself by this module

GOOD_ECE, BAD_ECE = 0.03, 0.07
_NO_PLACES = (
    "Nothing says which of these photos show the same place. If some do, train and test share places, and every number "
    "here flatters. Import a CSV with place, or lat and lon."
)
FUSION_NAMES = {
    "mean_log_probability": "mean of log probabilities",
    "mean_logits": "mean of logits",
    "confidence": "mean weighted by how sure each view is",
    "attention": "mean weighted by learnt attention",
}
_COIN = 0.5


def fusion_rows(views: Views) -> list[tuple[str, bool, Interval]]:
    """Ways of joining views, for people: name, whether it is the model's own, accuracy.

    The two means answer alike (see :mod:`flaneur.fusion`), so they share a row.
    """
    rows = []
    for fusion, numbers in views.joined.items():
        if fusion == "mean_logits":
            continue
        both = fusion == "mean_log_probability"
        name = "mean of logits or log probabilities" if both else FUSION_NAMES[fusion]
        rows.append((name, fusion == views.own or (both and views.own == "mean_logits"), numbers.accuracy))
    return rows


def summary(report: Report) -> list[str]:
    """How good the model is."""
    which = report.which
    photos = "such photos"
    if report.origin.split_note is not None:
        photos = "photos of a part whose places are on both sides of the split, as papers have it,"
    if _is_fair(report):
        photos = "photos from places it was not trained on" if _places_known(report) else "photos of the test part"
    said = [
        f"Of 100 {photos}, it puts about {100 * which.accuracy.value:.0f} in the right one of "
        f"{counted(len(report.known.cities), 'city')} (95 % interval {span(which.accuracy)}); the right city is among "
        f"its first three for {100 * which.top_3.value:.0f}. Always saying the commonest city would be right for "
        f"{100 * which.majority:.0f}, a blind guess for {100 * which.chance:.0f}.",
        *([] if report.sure.ece.value > BAD_ECE else _calibration(report)),
        _refusal(report),
    ]
    if report.views is not None:
        only = f"; all of them in {report.views.only_city}" if report.views.only_city else ""
        said.append(
            f"Where a place was photographed several times (on average {report.views.views_mean:.1f} photos{only}), "
            f"all views together are right for {percent(report.views.fused.value)} of the places, "
            f"one photo alone for {percent(report.views.single.value)}. It joins them by the "
            f"{FUSION_NAMES[report.views.own]}."
        )
    if _cameras_cover_all(report):
        said.append(
            "Every project or source here has photos of every city, so the camera alone cannot give the city away."
        )
    if report.novelty is not None and report.novelty.auroc.low > _COIN:
        said.append(_strangeness(report.novelty.auroc))
    return said + [line for section in report.sections.values() for line in section.findings().good]


def cautions(report: Report) -> list[str]:
    """Where not to trust it."""
    said = [] if _places_known(report) else [_NO_PLACES]
    said += [report.learnt_from] if report.learnt_from else []
    said += [*_leaks(report), *_cameras(report), *_weak_cities(report)]
    if report.sure.ece.value > BAD_ECE:
        said += _calibration(report)
    if report.novelty is None:
        said.append(_no_unknown(report))
    else:
        if not report.novelty.auroc.low > _COIN:
            said.append(_strangeness(report.novelty.auroc))
        said.append(
            f"A photo from a city it does not know still gets an answer, and so a wrong one, "
            f"{percent(report.novelty.answered.value)} of the time ({span(report.novelty.answered)})."
        )
    said += [line for section in report.sections.values() for line in section.findings().beware]
    said += dict.fromkeys(report.not_measured.values())
    if report.known.failed:
        said.append(f"Not counted, since {unread(report.known.failed)}.")
    said.append("Other cameras, years and seasons than those in this dataset were not measured.")
    return said


def _no_unknown(report: Report) -> str:
    lacking = report.origin.unknown_dataset
    if lacking is None:
        return "How it behaves on cities it does not know was not measured here; add --unknown DATASET."
    return (
        f"How it behaves on cities it does not know was not measured: {lacking} has no photo, or none that can be "
        "read, of a city that it does not know."
    )


def _strangeness(auroc: Interval) -> str:
    found = "" if auroc.low > _COIN else ", which may be chance"
    return (
        "Shown a photo from a known city and one from a city it does not know, it finds the unknown one stranger "
        f"{percent(auroc.value)} of the time (a coin: {percent(_COIN)}){found}."
    )


def _places_known(report: Report) -> bool:
    photos = report.known.photos
    return any(p.location or p.sequence for p in photos) or len({(p.city, p.place) for p in photos}) < len(photos)


def _is_fair(report: Report) -> bool:
    return report.origin.same_split is True and report.origin.part == "test" and report.origin.split_note is None


def _calibration(report: Report) -> list[str]:
    """By the interval's upper end; nothing where too few places stand behind it."""
    found, known = report.sure.ece, report.known
    if found.groups < FEW_PLACES:
        return []
    ece, points = found.value, f"on average they are {100 * found.value:.1f} percentage points off"
    if found.high <= GOOD_ECE:
        return [f"Its probabilities mean what they say: {points}."]
    often = "it is right less often than it says" if known.confidence.mean() > known.correct.mean() else ""
    often = often or "it is right more often than it says"
    verdict = "roughly mean what they say" if ece <= BAD_ECE else "cannot be taken at face value"
    return [f"Its probabilities {verdict}: {points}; {often}."]


def _refusal(report: Report) -> str:
    sure = report.sure
    if sure.coverage.value == 1:
        return "It refused none of these photos."
    refused = f"It refuses {percent(1 - sure.coverage.value)} of them as too strange or too unsure"
    if not sure.coverage.value:
        return f"{refused}."
    return (
        f"{refused}. Of those it answers, {percent(sure.accuracy_answered.value)} are right; of the refused, "
        f"{percent(sure.accuracy_refused.value)} would have been."
    )


def _leaks(report: Report) -> list[str]:
    origin = report.origin
    if origin.split_note is not None:
        return [f"This split is {origin.split_note}. The numbers stand beside a paper's, not for new photos."]
    if origin.part == "train":
        return ["These are photos it may have been trained on: the numbers say nothing about new photos."]
    if origin.part == "validation" and origin.same_split:
        return ["Its settings were chosen on these very photos: the numbers flatter it. Use --split test."]
    if origin.same_split is False:
        return ["It was trained on this dataset, but not by this split: it may have seen these photos in training."]
    return []


def _cameras_cover_all(report: Report) -> bool:
    present = {photo.city for photo in report.known.photos}
    covered = all(present <= {city.slug for city in group.cities} for group in report.groups)
    return covered and len(report.groups) > 1


def _cameras(report: Report) -> list[str]:
    if len(report.groups) < 2:
        return [
            "The data name only one project or source, so it cannot be told how much the model leans on the camera "
            "instead of the city."
        ]
    if _cameras_cover_all(report):
        return []
    said = []
    alone = [group for group in report.groups if len(group.cities) == 1]
    told = report.all_groups
    if told is not None:
        said.append(
            f"Each project has its own camera, and a camera is easier to tell than a city. Choosing only among cities "
            f"of the same project it is right for {percent(told.within.value, 1)} ({span(told.within, 1)}), where a "
            f"blind guess gets {percent(told.chance)}; choosing among all cities, for {percent(told.pooled.value, 1)} "
            f"of the same {counted(told.pooled.n, 'photo')}. For {percent(told.group_told.value)} of them it picks a "
            f"city of the right project."
        )
    said.extend(_alone(group) for group in alone)
    return said


def _alone(group: GroupNumbers) -> str:
    name = group.cities[0].name
    return f"{name} is the only city of “{group.name}”: its figures may measure that camera, not {name}."


def _weak_cities(report: Report) -> list[str]:
    seen = [city for city in report.which.per_city if city.recall.n]
    said = []
    enough = [city for city in seen if city.recall.groups >= FEW_PLACES]
    if enough:
        weakest = min(enough, key=lambda city: city.recall.value)
        if weakest.recall.value < report.which.macro_recall.value:
            said.append(_weakest(report, weakest))
    few = [f"{city.city.name} ({city.recall.groups})" for city in seen if city.recall.groups < FEW_PLACES]
    if few:
        said.append(f"Too few places to judge a city by: {', '.join(few)}.")
    if len(seen) == 1:
        name = seen[0].city.name
        said.append(
            f"All photos here are of {name}, and whoever always says {name} is right for all of them: whether the "
            "model can tell cities apart is not measured."
        )
    absent = [city.city.name for city in report.which.per_city if not city.recall.n]
    if absent:
        said.append(f"No photo here is of {', '.join(absent)}; how well it knows them is not measured.")
    return said


def _weakest(report: Report, weakest: CityNumbers) -> str:
    names = {city.slug: city.name for city in report.known.cities}
    taken = [guess for truth, guess, _ in report.most_confused(1) if truth == weakest.city.slug]
    tail = f", most often taken for {names[taken[0]]}" if taken else ""
    return (
        f"Weakest city: {weakest.city.name}, recognised in {percent(weakest.recall.value)} of its photos "
        f"({span(weakest.recall)}){tail}."
    )
