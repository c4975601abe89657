"""What ``flaneur collect --dry-run`` tells somebody who has only begun."""

import pytest

from flaneur.cli.main import run


@pytest.mark.parametrize("key", ["", "MLY|1|2"])
def test_a_dry_run_says_whether_a_key_is_still_to_be_had(tmp_path, monkeypatch, capsys, key):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    monkeypatch.setenv("MAPILLARY_TOKEN", key)
    assert run(["collect", "mapillary", "--city", "Lisbon", "--count", "4", "--dry-run"]) == 0
    shown = capsys.readouterr()
    assert "lisbon-pt: 4 places" in shown.out
    lacks = "MAPILLARY_TOKEN is needed, and absent: flaneur sources mapillary says where to get it.\n"
    assert shown.err == ("" if key else lacks)
