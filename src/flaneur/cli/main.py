"""Words of a command line in; one command run, an exit code out. Commands are imported only when they are called."""

from __future__ import annotations

import logging
import os
import re
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from flaneur import __version__
from flaneur.errors import FlaneurError, did_you_mean

# command -> (module:attribute, one line of help)
COMMANDS: dict[str, tuple[str, str]] = {
    "predict": ("flaneur.cli.predict:predict", "Say which city photos were taken in."),
    "serve": ("flaneur.cli.serve:serve", "Open the page and the HTTP API on this computer."),
    "play": ("flaneur.cli.play:play", "Guess cities yourself, in a class or as an experiment; a model plays too."),
    "import": ("flaneur.cli.imports:import_command", "Make a dataset of photos you have."),
    "collect": ("flaneur.cli.collect:collect_command", "Collect photos of cities from a provider."),
    "dataset": ("flaneur.cli.datasets:dataset", "Curate, split, audit and describe a dataset."),
    "train": ("flaneur.cli.train:train", "Learn the cities of a dataset."),
    "add-city": ("flaneur.cli.add_city:add_city", "Teach a model one more city from a handful of photos."),
    "reproduce": ("flaneur.cli.reproduce:reproduce", "Train what a paper trained; its numbers beside ours."),
    "zero-shot": ("flaneur.cli.zero_shot:zero_shot", "Name cities without training, by what CLIP knows of them."),
    "evaluate": ("flaneur.cli.evaluate:evaluate", "Measure a model on a dataset; write a report."),
    "compare": ("flaneur.cli.compare:compare", "Compare models on the same photos: who is better?"),
    "atlas": ("flaneur.cli.atlas:atlas", "Draw a map of a dataset as a model sees it."),
    "explain": ("flaneur.cli.explain:explain", "Show what in a photo speaks for a city."),
    "inspect": ("flaneur.cli.inspect:inspect", "Look inside a model: what its network reacts to."),
    "cities": ("flaneur.cli.cities:cities", "List the cities that a name or an expression can mean."),
    "sources": ("flaneur.cli.sources:sources", "List where photos can be collected, and what each asks for."),
    "models": ("flaneur.cli.models:models", "List the models on this computer."),
    "verify": ("flaneur.cli.models:verify", "Check that a model is whole and answers as it did."),
    "export": ("flaneur.cli.models:export", "Write a model as one .onnx file, or a web page."),
    "doctor": ("flaneur.cli.doctor:doctor", "Say what flaneur finds on this computer, and what is wrong."),
    "demo": ("flaneur.cli.demo:demo", "Show the whole way on drawn toy cities."),
}


_ASKS_FOR_HELP: Any = getattr(click.exceptions, "NoArgsIsHelpError", ())  # since click 8.2
_NO_NUMBER = re.compile(r"not a valid (integer|float)( range)?(?=\.)")  # click's words
_NUMBERS = {"integer": "not a whole number", "float": "not a number"}


class LazyGroup(click.Group):
    """A group whose help needs none of its commands imported."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """The commands, in the order a user meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        try:
            command = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name != module:
                raise
            ctx.fail(f"{cmd_name!r} is not part of this installation.")
        assert isinstance(command, click.Command)  # noqa: S101 - the table above is ours
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Suggest a near name for an unknown command, never take it."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            ctx.fail(f"no command called {args[0]!r}.{did_you_mean(args[0], COMMANDS)}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - likewise
        """The table of commands, from the registry."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.group(
    cls=LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="First steps:  flaneur predict photo.jpg   |   flaneur demo",
)
@click.option("--debug", is_flag=True, help="Show tracebacks and every log line (also: FLANEUR_DEBUG=1).")
@click.version_option(__version__, prog_name="flaneur")
def cli(debug: bool) -> None:
    """Which city is this street? Calibrated answers from photos, offline."""
    if debug:
        os.environ["FLANEUR_DEBUG"] = "1"
    level = logging.DEBUG if debugging() else logging.WARNING
    logging.basicConfig(level=level, format="flaneur: %(message)s", stream=sys.stderr)
    logging.getLogger("PIL").setLevel(logging.INFO)  # its debug lines list every tag of every photo


def debugging() -> bool:
    """Whether tracebacks were asked for."""
    return os.environ.get("FLANEUR_DEBUG", "") not in ("", "0")


def run(arguments: Sequence[str]) -> int:
    """Run a command line.

    Args:
        arguments: without the program's name.

    Returns:
        The exit code; see :mod:`flaneur.errors`. 141 where nobody reads the output any more.
    """
    try:
        with cli.make_context("flaneur", list(arguments)) as context:
            cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as ending:
        return ending.exit_code
    except BaseException as error:  # noqa: BLE001 - the last line of defence: a user never sees a bare traceback
        return _ended(error)
    return 0


def _ended(error: BaseException) -> int:
    match error:
        case click.UsageError() if isinstance(error, _ASKS_FOR_HELP):
            error.show()
            return 2
        case click.ClickException():
            return _say(_told(error), 2)
        case KeyboardInterrupt() | click.Abort() | Exception(__cause__=KeyboardInterrupt()):
            return _say("interrupted.", 130)  # a compiled module that is interrupted in its import fails because of it
        case BrokenPipeError():
            os.dup2(
                os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno()
            )  # else the interpreter's last flush complains
            return 141
        case FlaneurError():
            return _failed(error, error.exit_code, str(error))
        case Exception():
            kind = f"{type(error).__name__}: {error}".splitlines()[0]
            return _failed(error, 1, f"a bug in flaneur ({kind}). Please report it; 'flaneur --debug ...' shows where.")
        case _:
            raise error


def _told(error: click.ClickException) -> str:
    """What is wrong with the words of a command line, and where its help is."""
    words = " ".join(error.format_message().split())
    if isinstance(error, click.BadParameter) and not isinstance(error, click.MissingParameter):
        name = error.param.opts[-1] if isinstance(error.param, click.Option) else None
        name = name or (error.param.human_readable_name if error.param else "")
        wrong = _NO_NUMBER.sub(lambda kind: _NUMBERS[kind[1]], " ".join(error.message.split()))
        words = f"{name}: {wrong}" if name else wrong
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"{words} See: {context.command_path} --help" if context else words


def _failed(error: Exception, code: int, message: str) -> int:
    if debugging():
        import traceback

        traceback.print_exception(error)
    return _say(message, code)


def _say(message: str, code: int) -> int:
    click.echo(f"flaneur: {printable(message)}", err=True)
    return code


def printable(text: str) -> str:
    r"""Text as one line without control characters: file names are other people's words.

    >>> printable("a\nb\x1b[31m")
    'a b?[31m'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in " ".join(text.splitlines()))


def main() -> NoReturn:
    """The console script ``flaneur``."""
    if "_FLANEUR_COMPLETE" in os.environ:  # the shell asks for completions
        cli.main(prog_name="flaneur")
    code = run(sys.argv[1:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is done and said; Ctrl-C would only show the interpreter's end
    sys.exit(code)
