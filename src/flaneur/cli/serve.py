"""``flaneur serve``: models in; a page and an HTTP API on this computer out."""

from __future__ import annotations

import html
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flaneur.errors import InputError

if TYPE_CHECKING:
    from flaneur.serve.http.settings import ServeSettings


@click.command(epilog="Ctrl-C ends it once it has answered what it accepted; a second one at once.")
@click.argument("models", nargs=-1, metavar="[MODEL]...")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need a token.")
@click.option("--port", default=8420, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--open", "open_page", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--token-file",
    type=click.Path(path_type=Path),
    envvar="FLANEUR_TOKEN_FILE",
    help="File with the token that callers must show (also: FLANEUR_TOKEN_FILE).",
)
@click.option("--allow-origin", "origins", multiple=True, metavar="ORIGIN", help="Another page that may ask here.")
@click.option("--allow-host", "hosts", multiple=True, metavar="NAME", help="A further name of this server.")
@click.option(
    "--may-write/--read-only",
    default=None,
    help="Whether callers may change models here; by default only on this computer.",
)
def serve(models: Sequence[str], open_page: bool, **options: Any) -> None:
    """Open the page and the HTTP API on this computer, for MODELs: the bundled one by default.

    Photos stay in memory and on this computer. The first model answers where a request names none.
    """
    settings = serve_settings(options)
    from flaneur.predict import load
    from flaneur.serve.run import serve

    loaded = [load(name) for name in models or ("base",)]

    opened: list[Path] = []

    def told(address: str) -> None:
        hint = "#token=(what stands in the token file)" if settings.token else ""
        click.echo(f"Listening on {address}/{hint}  (Ctrl-C ends it)")
        if open_page and settings.token:
            opened.append(_page_to(f"{address}/#token={settings.token}"))
            click.launch(str(opened[0]))
        elif open_page:
            click.launch(f"{address}/")

    try:
        serve(loaded, settings, told=told)
    finally:
        for page in opened:
            page.unlink(missing_ok=True)


def _page_to(address: str) -> Path:
    """A page that only its owner can read and that leads to an address: other users see what a browser is started with.

    It is not below the folder for temporary files, which some browsers cannot read.
    """
    from flaneur.settings import home

    home().mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(".html", "open-", home())
    with os.fdopen(handle, "w", encoding="utf-8") as page:
        page.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(address)}">\n')
    return Path(name)


def serve_settings(options: dict[str, Any]) -> ServeSettings:
    """Where to listen and whom to answer, from flags of a command line.

    Args:
        options: ``host``, ``port``, ``token_file``, ``origins``, ``hosts`` and ``may_write``.

    Raises:
        InputError: the token file cannot be read.
        UsageError: off loopback without a token, or an origin that is none.
    """
    from flaneur.serve.http.settings import ServeSettings, is_loopback

    host, may_write = options["host"], options["may_write"]
    return ServeSettings(
        host=host,
        port=options["port"],
        token=_token(options["token_file"]),
        allow_origins=tuple(options["origins"]),
        allow_hosts=tuple(options["hosts"]),
        may_write=is_loopback(host) if may_write is None else may_write,
    )


def _token(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not text"
        raise InputError(f"--token-file {path}: cannot be read ({reason}).") from error
