"""Bulk prediction: flaneur against the papers' way (Pillow, torch eager, DataLoader), files on disk to answers.

The same 640 x 480 JPEGs for all, contestants in turn in one run. Weights do not change speed: the papers' networks have
random ones. Each contestant answers as many photos as it manages in a few seconds, and the rate counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks.measure import drawn_photos, interleaved, need, parser, ratio, repeated, report, seconds, summary
from flaneur.predict import Model, load

NEEDED = {"resnet18": 4.0, "densenet121": 6.0}


def flaneur_rate(model: Model, paths: Sequence[Path]) -> float:
    """Images a second, by the call that ``flaneur predict FOLDER`` makes."""

    def work() -> None:
        answers = list(model.predict_many((str(path), [path]) for path in paths))
        assert all(answer.prediction is not None for answer in answers)

    return len(paths) / seconds(work)


def contestants(model: Model, photos: Sequence[Path], count: int) -> dict[str, Callable[[], float]]:
    """Name to a measurement; the papers' networks get a third of the photos, as they take several times as long."""
    from benchmarks import papers_way

    few = repeated(photos, max(64, count // 3))
    nets = {name: papers_way.network(name) for name in NEEDED}
    flaneur_rate(model, photos[:32])
    for net in nets.values():
        papers_way.images_per_second(net, photos[:32])
    found = {"flaneur": lambda: flaneur_rate(model, repeated(photos, count))}
    return found | {name: lambda net=net: papers_way.images_per_second(net, few) for name, net in nets.items()}


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--count", type=int, default=720, help="photos flaneur answers in a round (720)")
    chosen = options.parse_args()
    model = load(chosen.model)
    rates = interleaved(contestants(model, drawn_photos(chosen.photos), chosen.count), chosen.repeats)
    figures: dict[str, object] = {"images_per_second": {name: summary(found) for name, found in rates.items()}}
    figures["model"] = model.name
    figures["times"] = {name: ratio(rates["flaneur"], rates[name]) for name in NEEDED}
    claims = [need(f"{name}, images/s", summary(found)["median"]) for name, found in rates.items()]
    for name, least in NEEDED.items():
        times = ratio(rates["flaneur"], rates[name])["median"]
        claims.append(need(f"flaneur's images/s over the papers' {name}", times, at_least=least))
    report("bulk prediction", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
