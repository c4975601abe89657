"""The limits that a model's card names."""

import pytest

from bundles import tiny_card
from flaneur.training.heads.model_card import limits
from flaneur.training.heads.novelty_choice import NoveltyChoice
from flaneur.types import Photo


@pytest.mark.parametrize(
    ("projects", "words"),
    [
        ({"rome": "a", "oslo": "a"}, "All its photos came by one project or source"),
        ({"rome": "ab", "oslo": "ab"}, "Every project or source had photos of every city"),
        ({"rome": "a", "oslo": "b"}, "Alone in their project or source: oslo, rome. The camera may give"),
        ({"rome": "ab", "oslo": "a", "bari": "b"}, "Projects or sources cover different cities"),
    ],
)
def test_cameras_are_warned_of_as_far_as_they_tell_cities_apart(projects, words):
    photos = [
        Photo(f"{city}-{project}", "0" * 64, city, city, 64, 48, "folder", project=project)
        for city, own in projects.items()
        for project in own
    ]
    told = limits(tiny_card(), photos, photos, NoveltyChoice("neighbours", {"neighbours": 0.9}, {}, ""))
    assert sum("camera" in line for line in told) == 1
    assert words in told[-1]
