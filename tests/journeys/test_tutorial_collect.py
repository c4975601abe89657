"""The tutorial on collecting, run as a reader would, against a server that answers as Mapillary does."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest

from flaneur.bundle.folder import bundled_base
from flaneur.cities import find
from flaneur.dataset.store import open_dataset, verify_dataset
from provider.mapillary import KEY, Mapillary
from provider.server import ProviderServer
from provider.world import World
from tutorials import FOLDER, steps, take

pytestmark = pytest.mark.skipif(
    not (bundled_base() / "card.json").is_file(), reason="this checkout has no bundled model yet"
)
TUTORIAL = (FOLDER / "five-cities-with-mapillary.md").read_text("utf-8")
CITIES = ("lisbon-pt", "porto-pt", "bologna-it", "graz-at", "bergen-no", "utrecht-nl")
# The program itself, but for its patience: a test need not wait as Mapillary asks its users to.
PROGRAM = """#!{python}
from dataclasses import replace
from flaneur.cli.main import main
from flaneur.sources import mapillary
mapillary.LIMITS = {{name: replace(one, requests=one.requests * 100) for name, one in mapillary.LIMITS.items()}}
main()
"""


@pytest.fixture
def reader(tmp_path, monkeypatch):
    """A new user's home and work folder, and a server of photos drawn for the cities."""
    centres = {slug: find(slug).centre for slug in CITIES}
    world = World(
        {slug: (centre.lat, centre.lon) for slug, centre in centres.items()},
        photos=6000, seed=4, radius_km=4.5, panoramas=0.1, size_px=192,
    )  # fmt: skip
    programs, work = tmp_path / "programs", tmp_path / "work"
    programs.mkdir()
    work.mkdir()
    (programs / "flaneur").write_text(PROGRAM.format(python=sys.executable), "utf-8")
    (programs / "flaneur").chmod(0o755)
    (work / "photo.jpg").write_bytes(world.picture(world.near(*world.centres["porto-pt"], 4500)[7]))
    with ProviderServer([Mapillary(world, crowded=200)]) as server:
        own = {"HOME": str(tmp_path), "PYTHONUTF8": "1", "COLUMNS": "200", "PATH": f"{programs}:{os.environ['PATH']}"}
        rest = {name: value for name, value in os.environ.items() if not name.startswith(("FLANEUR_", "MAPILLARY_"))}
        monkeypatch.delenv("FLANEUR_HOME", raising=False)
        monkeypatch.setenv("HOME", str(tmp_path))
        yield server, work, rest | own | server.environment("mapillary", "graph", "tiles")


@pytest.mark.skipif(os.name != "posix", reason="the tutorial's commands are those of a Unix shell")
def test_the_tutorial_does_what_it_says(reader):
    server, work, environment = reader
    cut_short = False
    for step in steps(TUTORIAL):
        if step.kind == "toml":
            (work.parent / "flaneur" / "keys.toml").write_text(step.program.replace("MLY|…", KEY), "utf-8")
            continue
        if "--count 40 --name five" in step.program and not cut_short and "--dry-run" not in step.program:
            stop_in_the_middle(step.program, server, work, environment)
            cut_short = True
        take(step, work, environment)
    five = open_dataset("five")
    assert verify_dataset(five) == []
    assert Counter(photo.city for photo in five.photos) == dict.fromkeys(CITIES[:5], 40)
    assert {city.name for city in five.cities} == {"Lisbon", "Porto", "Bologna", "Graz", "Bergen"}
    pictures = [times for address, times in server.delivered.items() if address.startswith("/picture/")]
    assert len(pictures) >= 5 * 40 + 20
    assert set(pictures) == {1}, "nothing is fetched twice, stopped or not"
    assert (work / "report" / "report.html").is_file()


def stop_in_the_middle(command, server, work, environment):
    """What the tutorial says of Ctrl-C; by the other signal that asks kindly, since test runners may ignore Ctrl-C."""
    before = sum(server.delivered.values())
    run = subprocess.Popen(shlex.split(command), cwd=work, env=environment, stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while sum(server.delivered.values()) < before + 60 and run.poll() is None and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGTERM)
    _, said = run.communicate(timeout=60)
    assert run.returncode == 130, said
    quoted = next(line[2:] for line in TUTORIAL.splitlines() if line.startswith("> flaneur: stopped"))
    assert quoted in said.splitlines()


def test_the_tutorial_names_each_step_of_the_way():
    commands = " ".join(step.program for step in steps(TUTORIAL) if step.kind == "console")
    for name in ("sources", "doctor", "collect", "dataset info", "dataset card", "dataset curate", "dataset split",
                 "train", "evaluate", "predict"):  # fmt: skip
        assert f"flaneur {name}" in commands
    assert "--dry-run" in commands
