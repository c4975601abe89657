"""The smallest networks learn 32 photos by heart, and their models answer as torch does. All: benchmarks/overfit.py."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

if find_spec("torch") is None:
    pytest.skip("needs the train extra", allow_module_level=True)

from benchmarks.overfit import CASES, PHOTOS, as_model, draw_photos, overfit, parity, pictures

from flaneur.training.networks.loader import LabelledPhoto

pytestmark = pytest.mark.train


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[LabelledPhoto], tuple[str, ...]]:
    """32 photos of four cities."""
    return draw_photos(tmp_path_factory.mktemp("photos"), size_px=128)


@pytest.mark.parametrize("name", ["small (000)", "cnn5 (002)", "cnn3 (003)"])
def test_32_photos_by_heart(name: str, drawn: tuple[list[LabelledPhoto], tuple[str, ...]], tmp_path: Path) -> None:
    photos, cities = drawn
    assert len(photos) == PHOTOS
    case = CASES[name].at(32)
    network, spec, run = overfit(case, photos, tmp_path / "run")
    assert run.accuracy == 1
    if name == "small (000)":
        agreed = parity(as_model(network, spec, name, cities, tmp_path / "model"), network, list(pictures(photos, 40)))
        assert agreed.same == 1
        assert agreed.apart < 1e-3 * agreed.spread
