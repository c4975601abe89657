"""One writer at a time, on Linux for real and on Windows as far as a stand-in for its lock can show."""

import errno
import subprocess
import sys
import threading
from types import ModuleType

import pytest

from flaneur.cli.main import run
from flaneur.dataset.lock import LOCK, only_one
from photos import save

HOLD = """
import sys, time
from pathlib import Path
from flaneur.dataset.lock import only_one
with only_one(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_second_writer_waits_until_the_first_is_killed(tmp_path):
    with subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE) as first:
        assert first.stdout.readline() == b"held\n"
        entered = threading.Event()

        def second() -> None:
            with only_one(tmp_path):
                entered.set()

        waiting = threading.Thread(target=second)
        waiting.start()
        assert not entered.wait(0.3)
        first.kill()
        assert entered.wait(60)
        waiting.join()


def windows(monkeypatch, errors):
    """A module that behaves as Windows' does: the lock is had once the errors are used up."""
    fake, calls = ModuleType("msvcrt"), []
    fake.LK_LOCK = 1

    def locking(handle: int, mode: int, count: int) -> None:
        calls.append((mode, count))
        if errors:
            raise OSError(errors.pop(0), "")

    fake.locking = locking
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    monkeypatch.setattr(sys, "platform", "win32")
    return calls


def test_on_windows_the_wait_outlasts_the_ten_seconds_of_one_call(monkeypatch, tmp_path):
    calls = windows(monkeypatch, [errno.EDEADLK, errno.EDEADLK])
    with only_one(tmp_path):
        assert calls == [(1, 1)] * 3
    assert (tmp_path / LOCK).is_file()


def test_on_windows_another_failure_is_no_reason_to_wait(monkeypatch, tmp_path):
    windows(monkeypatch, [errno.EBADF])
    with pytest.raises(OSError, match="Errno 9"), only_one(tmp_path):
        pass


def test_a_dataset_that_cannot_be_written_is_one_line_for_every_command(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    save(tmp_path / "in/rome/a.jpg", seed=1)
    importing = ["import", "folder", str(tmp_path / "in"), "--name", "mine"]
    assert run(importing) == 0
    root = tmp_path / "datasets/mine"
    (root / LOCK).unlink()
    (root / LOCK).mkdir()  # what cannot be opened for writing, whoever runs this
    capsys.readouterr()
    for command in (importing, ["dataset", "curate", "mine"]):
        assert run(command) == 3
        told = capsys.readouterr().err.splitlines()
        assert len(told) == 1
        assert told[0].startswith(f"flaneur: {root}: cannot be written (")
