"""Where nothing says which photos show one place, the split's audit and the report say so."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

from flaneur.dataset.audit import audit_split
from flaneur.dataset.split import SplitRule, split
from flaneur.evaluation import words
from flaneur.types import Location, Photo

ALONE = [Photo(f"f:{i}", f"{i:064x}", "rome", f"rome/{i}", 64, 64, "folder") for i in range(12)]
PAIRED = [replace(photo, place=f"rome/{i // 2}") for i, photo in enumerate(ALONE)]
LOCATED = [replace(photo, location=Location(41 + i / 10, 12)) for i, photo in enumerate(ALONE)]


def test_the_audit_warns_only_where_nothing_is_known():
    for photos, blind in ((ALONE, True), (PAIRED, False), (LOCATED, False)):
        warnings = audit_split(photos, split(photos, SplitRule())).warnings
        assert any("nothing says which photos" in line for line in warnings) == blind


def test_the_report_knows_it_too():
    for photos, known in ((ALONE, False), (PAIRED, True), (LOCATED, True)):
        assert words._places_known(SimpleNamespace(known=SimpleNamespace(photos=photos))) == known
