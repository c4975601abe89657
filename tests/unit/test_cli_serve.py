"""What ``flaneur serve`` hands to a browser."""

import os
from pathlib import Path

from flaneur.cli.main import run

TOKEN = "a-token-of-some-length"


def test_a_browser_is_not_started_with_the_token_in_its_words(tmp_path, monkeypatch, capsys):
    (tmp_path / "token").write_text(TOKEN)
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path / "home"))
    opened = []

    def served(models, settings, told):
        told("http://127.0.0.1:1")
        page = Path(opened[0])
        assert f"http://127.0.0.1:1/#token={TOKEN}" in page.read_text()
        assert page.stat().st_mode & 0o077 == 0 or os.name == "nt"

    monkeypatch.setattr("flaneur.serve.run.serve", served)
    monkeypatch.setattr("click.launch", opened.append)
    assert run(["serve", "--port", "0", "--open", "--token-file", str(tmp_path / "token")]) == 0
    assert TOKEN not in opened[0] + capsys.readouterr().out
    assert not Path(opened[0]).exists()
