"""An import killed at any moment and started again ends like one left alone: nothing lost, nothing twice."""

import hashlib
import shutil
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from flaneur.dataset.ingest import JOURNAL
from flaneur.dataset.store import import_photos, link_photos, open_dataset, verify_dataset
from flaneur.importers import folder

COUNT = 240
COMMAND = "import sys; from flaneur.cli.main import run; sys.exit(run(sys.argv[1:]))"
MOMENTS = np.random.default_rng(20).integers(1, COUNT, 5).tolist()  # photos in the journal when the kill comes
AFTERWARDS = [0.0, 0.004, 0.012, 0.03]  # seconds after the last one, while the tables are being written


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(COUNT):
        file = root / f"city{number % 4}" / f"{number:03d}.jpg"
        file.parent.mkdir(exist_ok=True)
        out = BytesIO()
        Image.fromarray(rng.integers(0, 255, (18, 24, 3), np.uint8)).resize((320, 240)).save(out, "JPEG")
        file.write_bytes(out.getvalue() if number % 40 else out.getvalue()[:200])
    return root


@pytest.fixture(scope="module")
def undisturbed(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("undisturbed") / "d"
    import_photos(folder.find(photos), root, name="d", source="folder")
    return root


def snapshot(root: Path) -> dict[str, str]:
    """Every file but the manifest, which says when."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name != "dataset.toml"
    }


def kill_at(photos: Path, root: Path, lines: int, seconds: float, *flags: str) -> int:
    """Kill an import so long after its journal has so many lines; its exit code, negative if the kill hit.

    One that is over before all is there has been missed, as on a busy machine, and is tried again.
    """
    for _ in range(20):
        code = kill_once(photos, root, lines, seconds, *flags)
        if code or lines == COUNT:
            break
        shutil.rmtree(root)
    return code


def kill_once(photos: Path, root: Path, lines: int, seconds: float, *flags: str) -> int:
    arguments = ["import", "folder", str(photos), "--name", str(root), *flags]
    process = subprocess.Popen([sys.executable, "-c", COMMAND, *arguments], stdout=subprocess.DEVNULL)
    journal = root / JOURNAL
    try:
        deadline = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < deadline:
            if journal.is_file() and journal.read_bytes().count(b"\n") >= lines:
                time.sleep(seconds)
                break
    finally:
        process.kill()
    return process.wait()


@pytest.mark.parametrize(
    ("lines", "seconds"), [(lines, 0.0) for lines in MOMENTS] + [(COUNT, after) for after in AFTERWARDS]
)
def test_killed_and_started_again(photos, undisturbed, tmp_path, lines, seconds):
    root = tmp_path / "d"
    code = kill_at(photos, root, lines, seconds)
    assert code == -9 or lines == COUNT  # late kills may find the work done
    summary = import_photos(folder.find(photos), root, name="d", source="folder")
    assert summary.imported + summary.unchanged == COUNT - 6
    assert snapshot(root) == snapshot(undisturbed)
    data = open_dataset(root)
    assert data.content_hash == open_dataset(undisturbed).content_hash
    assert verify_dataset(data) == []


def test_what_was_done_is_not_done_again(photos, tmp_path):
    root = tmp_path / "d"
    assert kill_at(photos, root, COUNT // 2, 0.0) == -9
    stored = {path: path.stat().st_ino for path in (root / "images").rglob("*.jpg")}
    import_photos(folder.find(photos), root, name="d", source="folder")
    again = [path for path, inode in stored.items() if path.stat().st_ino != inode]
    assert len(again) == 0


@pytest.mark.parametrize("lines", [COUNT // 3, COUNT])
def test_killed_while_linking(photos, tmp_path, lines):
    before = snapshot(photos)
    kill_at(photos, tmp_path / "d", lines, 0.0, "--link")
    for name in ("d", "undisturbed"):
        link_photos(folder.find(photos), tmp_path / name, name="d", source="folder")
    assert snapshot(tmp_path / "d") == snapshot(tmp_path / "undisturbed")
    assert snapshot(photos) == before
