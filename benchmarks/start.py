"""From process start to the first answer, and to the help page; with --install the weight of the base installation.

The first run warms the file cache and is not counted. --install makes a fresh environment, which takes minutes.
"""

from __future__ import annotations

import sys
import tempfile
import venv
from pathlib import Path

from benchmarks.measure import child, drawn_photos, interleaved, need, parser, report, summary


def installed_mb(root: Path) -> float:
    """Weight of what ``pip install .`` brings into a fresh environment, pip itself not counted."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "venv"
        venv.create(folder, with_pip=True)
        before = _megabytes(folder)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        bounds = ["-c", str(root / "constraints.txt")] if (root / "constraints.txt").is_file() else []
        child([*pip, *bounds, str(root)])
        return _megabytes(folder) - before


def _megabytes(folder: Path) -> float:
    files = (path.lstat() for path in folder.rglob("*") if not path.is_dir())
    return sum(facts.st_blocks * 512 for facts in files) / 1e6


def main() -> None:
    options = parser(__doc__)
    options.set_defaults(repeats=9)
    options.add_argument("--install", action="store_true", help="also weigh a fresh base installation (minutes)")
    chosen = options.parse_args()
    photo = drawn_photos(chosen.photos)[0]
    flaneur = [sys.executable, "-m", "flaneur"]
    commands = {"help": [*flaneur, "--help"], "predict": [*flaneur, "predict", "--model", chosen.model, str(photo)]}
    for command in commands.values():
        child(command)
    memory: list[float] = []

    def predict() -> float:
        found = child(commands["predict"])
        memory.append(found["rss_mb"])
        return found["wall_s"]

    found = interleaved({"help": lambda: child(commands["help"])["wall_s"], "predict": predict}, chosen.repeats)
    figures = {f"{name}_s": summary(values) for name, values in found.items()} | {"predict_mb": summary(memory)}
    claims = [
        need("flaneur --help, s", figures["help_s"]["median"], at_most=0.3),
        need("flaneur predict photo.jpg, s", figures["predict_s"]["median"], at_most=1.0),
        need("flaneur predict photo.jpg, peak MB", figures["predict_mb"]["median"], at_most=250),
    ]
    if chosen.install:
        weight = installed_mb(Path(__file__).resolve().parent.parent)
        figures["installed_mb"] = {"median": weight}
        claims.append(need("base installation, MB", weight, at_most=400))
    report("start", figures, claims, chosen.out)


if __name__ == "__main__":
    main()
