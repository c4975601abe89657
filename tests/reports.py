"""Reports drawn at random for tests of the page: any number of cities, noise as photos, a hostile name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from answers_drawn import draw
from flaneur.evaluation.answers import Doubt
from flaneur.evaluation.by_default import further_measures
from flaneur.evaluation.measures.groups import within_groups
from flaneur.evaluation.measures.how_sure import how_sure
from flaneur.evaluation.measures.unknown import unknown_cities
from flaneur.evaluation.measures.views import views
from flaneur.evaluation.measures.which_city import which_city
from flaneur.evaluation.report import Origin, Report
from flaneur.types import City, Location

HOSTILE = "</script><img src=x onerror=alert(1)>"
_EPOCHS = [{"epoch": epoch, "loss": 1 / epoch, "nll": 1.1 / epoch, "lr": 1e-3 / epoch} for epoch in (1, 2, 3)]
_ORIGIN = Origin(
    model="drawn", model_version="1", model_created="2026-01-01", trained_on="drawn", dataset="drawn",
    content_hash="0" * 64, part="test", split="default", split_hash="1" * 64, audit=None, random_split=None,
    same_split=True, split_note=None, unknown_dataset=None, command="flaneur evaluate drawn drawn",
)  # fmt: skip


def drawn_report(folder: Path, count: int = 4, photos: int = 240) -> Report:
    """A report of so many cities, the last of them unknown to the model; six files of noise stand for all photos."""
    rng = np.random.default_rng(count)
    files = []
    for number in range(6):
        files.append(folder / f"noise-{number}.jpg")
        Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8)).resize((80, 60)).save(files[-1])
    spots = np.column_stack([rng.uniform(-40, 60, count + 1), rng.uniform(-120, 140, count + 1)]).round(2).tolist()
    names = [HOSTILE if number == 1 else f"Town {number} on the River" for number in range(count + 1)]
    cities = tuple(City(f"town-{n}", names[n], "FR", Location(*spots[n])) for n in range(count + 1))
    drawn = draw(photos, seed=1, cities=cities, skill=3.0)
    answers = replace(drawn, cities=cities[:-1], logits=drawn.logits[:, :-1], doubt=Doubt(novelty_threshold=0.9))
    known, unknown = answers.where(answers.labels >= 0), answers.where(answers.labels < 0)
    groups, together = within_groups(known, known.photos)
    sections, not_measured = further_measures(known, None)
    return Report(
        origin=_ORIGIN,
        known=known,
        unknown=unknown,
        which=which_city(known),
        sure=how_sure(known),
        views=views(known),
        groups=groups,
        all_groups=together,
        novelty=unknown_cities(known, unknown),
        paths={photo.id: files[number % len(files)] for number, photo in enumerate(drawn.photos)},
        training={"log": _EPOCHS},
        sections=sections,
        not_measured=not_measured,
    )
