"""The tests' world: a few small toy cities, drawn once a session."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from flaneur.dataset.toy_cities import draw_toy_cities
from worlds import TOY_WORLD

collect_ignore = ["made_up_hooks.py"]  # schemathesis loads it

# A job in the background starts with Ctrl-C ignored, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def toy_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``photos.csv`` of the toy world; its photos lie beside it in city folders. Read only."""
    return draw_toy_cities(tmp_path_factory.mktemp("toy"), TOY_WORLD)


@pytest.fixture(scope="session")
def toy_folder(toy_csv: Path) -> Path:
    """The folder of city folders. Read only."""
    return toy_csv.parent
