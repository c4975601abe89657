import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import flaneur


def test_all_is_sorted_and_every_name_is_there():
    assert flaneur.__all__ == sorted(flaneur.__all__)
    for name in flaneur.__all__:
        assert getattr(flaneur, name) is not None
    assert dir(flaneur) == flaneur.__all__


def test_every_public_name_has_a_home_and_no_home_is_hidden():
    homes = {name for names in flaneur._HOMES.values() for name in names}
    assert homes == set(flaneur.__all__) - {"__version__"}


def test_other_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = flaneur.nothing


def test_version_is_that_of_the_project():
    text = (Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    assert flaneur.__version__ == tomllib.loads(text)["project"]["version"]


def test_importing_flaneur_imports_nothing_heavy():
    heavy = ("numpy", "PIL", "onnxruntime", "torch", "sklearn")
    code = f"import flaneur, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
