import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from flaneur import __version__
from flaneur.cli import main
from flaneur.errors import BudgetError, CredentialsError, InputError, IntegrityError, UsageError


def test_help_lists_every_command_and_imports_none(capsys):
    before = set(sys.modules)
    assert main.run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} " in text for name in main.COMMANDS)
    assert not {name for name in set(sys.modules) - before if name.startswith("flaneur.cli.")}


@pytest.mark.parametrize("name", list(main.COMMANDS))
def test_every_command_helps(name, capsys):
    assert main.run([name, "--help"]) == 0
    assert "Usage: flaneur" in capsys.readouterr().out


def test_version(capsys):
    assert main.run(["--version"]) == 0
    assert capsys.readouterr().out == f"flaneur, version {__version__}\n"


def test_unknown_commands_are_suggested(capsys):
    assert main.run(["pedict"]) == 2
    assert "no command called 'pedict'. Did you mean 'predict'?" in capsys.readouterr().err
    assert main.run(["predict", "--tpo", "3", "x.jpg"]) == 2
    assert "--top" in capsys.readouterr().err


def test_a_command_that_is_not_installed_breaks_nothing_else(monkeypatch, capsys):
    monkeypatch.setitem(main.COMMANDS, "fly", ("flaneur.cli.nowhere:fly", "Not there."))
    assert main.run(["--help"]) == 0
    assert main.run(["fly"]) == 2
    assert "'fly' is not part of this installation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ("collect mapillary --count abc", "--count: 'abc' is not a whole number. See: flaneur collect --help"),
        ("collect mapillary --count 0", "--count: 0 is not in the range x>=1. See: flaneur collect --help"),
        ("collect mapillary --radius far", "--radius: 'far' is not a number. See: flaneur collect --help"),
        ("dataset split mine --gap-m far", "--gap-m: 'far' is not a number. See: flaneur dataset split --help"),
        ("dataset split mine --by no", "--by: 'no' is not one of 'place', 'photo'. See: flaneur dataset split --help"),
        ("dataset split mine --by", "Option '--by' requires an argument."),
        ("import folder", "Missing argument 'PATH'. See: flaneur import --help"),
        ("pedict", "no command called 'pedict'. Did you mean 'predict'? See: flaneur --help"),
    ],
)
def test_wrong_words_are_one_line_that_names_the_help(arguments, told, capsys):
    assert main.run(arguments.split()) == 2
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", f"flaneur: {told}\n")


@pytest.mark.parametrize("arguments", [[], ["dataset"]])
def test_without_words_a_group_shows_its_help(arguments, capsys):
    assert main.run(arguments) in (0, 2)  # 0 before click 8.2
    shown = capsys.readouterr()
    assert "Commands:" in shown.out + shown.err


@pytest.fixture
def failing(monkeypatch):
    def fail_with(error):
        @click.command()
        def command():
            raise error

        monkeypatch.setattr(main.LazyGroup, "get_command", lambda *_: command)
        return main.run(["predict"])

    monkeypatch.delenv("FLANEUR_DEBUG", raising=False)
    return fail_with


@pytest.mark.parametrize(
    ("kind", "code"),
    [(UsageError, 2), (InputError, 3), (CredentialsError, 4), (BudgetError, 5), (IntegrityError, 6)],
)
def test_errors_are_one_line_and_their_exit_code(failing, capsys, kind, code):
    assert failing(kind("what, where\nand mend\x1b[31m")) == code
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err == "flaneur: what, where and mend?[31m\n"


def test_a_bug_is_one_line_and_asks_for_a_report(failing, capsys):
    assert failing(ZeroDivisionError("division\nby zero")) == 1
    text = capsys.readouterr().err
    assert text.startswith("flaneur: a bug in flaneur (ZeroDivisionError: division).")
    assert text.count("\n") == 1


def test_debug_shows_the_traceback(failing, capsys, monkeypatch):
    monkeypatch.setenv("FLANEUR_DEBUG", "1")
    assert failing(ZeroDivisionError("x")) == 1
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interrupt_is_130(failing, capsys, error):
    assert failing(error) == 130
    assert capsys.readouterr().err.startswith("flaneur: interrupted.")


def test_an_interrupt_of_a_compiled_modules_import_is_130(failing, capsys):
    error = ImportError("initialization failed")  # what pybind11 makes of it
    error.__cause__ = KeyboardInterrupt()
    assert failing(error) == 130
    assert capsys.readouterr().err == "flaneur: interrupted.\n"


def test_a_reader_that_went_away_is_quiet():
    code = "import sys; from flaneur.cli.main import main; sys.argv = ['flaneur', '--help']; main()"
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-c", code], stdout=write, stderr=subprocess.PIPE, check=False)
    os.close(write)
    assert done.returncode == 141
    assert done.stderr == b""


def test_help_is_quick_and_python_dash_m_works():
    took = []
    for _ in range(3):
        start = os.times()
        done = subprocess.run([sys.executable, "-m", "flaneur", "--help"], capture_output=True, text=True, check=True)
        end = os.times()
        took.append(end.children_user + end.children_system - start.children_user - start.children_system)
    assert "Which city is this street?" in done.stdout
    assert min(took) < 1.0  # of a core; 0.3 s on an idle machine: benchmarks/ measures it


@pytest.mark.parametrize(
    "arguments", [["predict", "--model", "nope", "x.jpg"], ["dataset", "info", "nope"], ["evaluate", "base", "nope"]]
)
def test_what_is_not_there_exits_as_the_page_on_errors_says(arguments, monkeypatch, tmp_path):
    monkeypatch.setenv("FLANEUR_HOME", str(tmp_path))
    page = (Path(__file__).parents[2] / "docs/reference/errors.md").read_text("utf-8")
    (row,) = (line for line in page.splitlines() if "no such file, dataset, split or model" in line)
    assert main.run(arguments) == int(row.split("|")[1])


def test_an_interrupt_when_all_is_done_changes_nothing():
    command = (
        "import atexit, sys\n"
        "atexit.register(lambda: (print('done', flush=True), sys.stdin.read()))\n"
        "sys.argv = ['flaneur', '--version']\n"
        "from flaneur.cli.main import main; main()"
    )
    pipe = subprocess.PIPE
    process = subprocess.Popen([sys.executable, "-c", command], stdin=pipe, stdout=pipe, stderr=pipe)
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"flaneur")
    assert process.stdout.readline() == b"done\n"
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (0, b"")
