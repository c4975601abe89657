"""The shape of the code: sizes, first lines, what loads what, plug-ins, public names, no private paths."""

import ast
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

import flaneur
from flaneur import discover

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "flaneur"
MODULES = sorted(SOURCE.rglob("*.py"))
HEAVY = ("torch", "torchvision", "timm", "scipy", "sklearn")
# A home folder or a work folder of one machine; addresses on the web are none, nor is the someone of a test.
_PRIVATE = re.compile(r"(?<![\w.:/])(?:/home/(?!someone\b)\w|/Users/\w|/root/|[A-Z]:\\\\?Users)")


def name_of(path):
    return path.relative_to(SOURCE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_modules_are_short_and_say_what_they_do(path):
    text = path.read_text("utf-8")
    lines = text.splitlines()
    assert len(lines) <= (40 if path.name == "__init__.py" else 300)
    docstring = ast.get_docstring(ast.parse(text))
    assert docstring, "a module's first line says what goes in and what comes out"
    assert docstring.splitlines()[0].strip()
    assert path.stem not in ("utils", "util", "helpers", "common", "misc")


@pytest.mark.parametrize(
    "module", ["flaneur", "flaneur.cli.main", "flaneur.predict", "flaneur.evaluation.report", "flaneur.dataset.store"]
)
def test_the_using_side_loads_nothing_heavy(module):
    code = f"import json, sys, {module}; print(json.dumps([name for name in {HEAVY} if name in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def test_an_answer_loads_nothing_heavy(tmp_path):
    from bundles import tiny_bundle

    tiny_bundle(tmp_path / "tiny")
    picture = tmp_path / "tiny" / "golden" / "picture-1.png"
    code = (
        "import json, sys; from flaneur.cli.main import run\n"
        f"code = run(['predict', '--json', '--model', {str(tmp_path / 'tiny')!r}, {str(picture)!r}])\n"
        f"print(json.dumps([code, [name for name in {HEAVY} if name in sys.modules]]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [0, []]


@pytest.mark.parametrize("name", discover.names("flaneur.importers"))
def test_importers_have_the_shape_of_the_protocol(name, tmp_path):
    find = discover.load("flaneur.importers", name).find
    signature = inspect.signature(find)
    assert list(signature.parameters) == ["path"]
    assert signature.parameters["path"].annotation == "Path"
    assert signature.return_annotation == "Iterator[FoundPhoto]"
    with pytest.raises(flaneur.FlaneurError, match="nowhere"):
        list(find(tmp_path / "nowhere"))


def test_public_names_are_what_is_visible():
    assert sorted(dir(flaneur)) == sorted(flaneur.__all__)
    assert all(getattr(flaneur, name) is not None for name in flaneur.__all__)


def test_no_tracked_file_names_a_folder_of_a_private_machine():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        if not path.is_file() or path == Path(__file__):
            continue
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            text = path.read_bytes().decode("latin-1")
        found += [f"{name}: {hit.group()}" for hit in _PRIVATE.finditer(text)]
    assert not found
