"""Plug-ins are found by their file names."""

import pytest

from flaneur import discover
from flaneur.errors import UsageError


def test_the_files_name_is_the_registered_name():
    assert "folder" in discover.names("flaneur.importers")
    assert callable(discover.load("flaneur.importers", "folder").find)


def test_unknown_names_stop_with_the_known_ones():
    with pytest.raises(UsageError, match=r"No importer called 'xyz'. Known: .*folder"):
        discover.load("flaneur.importers", "xyz")
