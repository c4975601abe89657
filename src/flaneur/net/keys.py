"""What a provider wants to be shown in; the user's key and where it was found out. Keys are never printed."""

from __future__ import annotations

import logging
import os
import stat
import tomllib
from pathlib import Path

from flaneur.errors import CredentialsError
from flaneur.net.redact import HIDDEN, conceal
from flaneur.protocols import Key
from flaneur.settings import home

_log = logging.getLogger(__name__)
_SERVICE = "flaneur"


class Secret:
    """A text that shows itself only when asked to; in tracebacks, logs and notebooks it is stars."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        conceal(text)
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({HIDDEN})"

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("A key is not to be stored.")


def find_key(source: str, key: Key | None) -> Secret | None:
    """The user's key for a provider.

    Args:
        source: the provider's name, for messages.
        key: what it wants; ``None``: nothing.

    Returns:
        ``None`` where none is wanted, or there is none and it goes without.

    Raises:
        CredentialsError: there is none and nothing goes without, or it cannot be a key, or others can read the file.
    """
    if key is None:
        return None
    found = find_secret(key.variable)
    if found is None and key.needed:
        raise CredentialsError(
            f"{source} needs a key: get one at {key.get_it_at} and put it into the environment as {key.variable}, into "
            f"{keys_file()} as {key.variable.lower()} = \"…\", or into the keyring: "
            f"keyring set {_SERVICE} {key.variable.lower()}."
        )  # fmt: skip
    return found


def find_secret(variable: str) -> Secret | None:
    """One secret by its variable's name; an empty one counts as none.

    Raises:
        CredentialsError: it cannot be one, or others can read the file.
    """
    for look in (_in_environment, _in_file, _in_keyring):
        text = look(variable).strip()
        if text and not (text.isascii() and text.isprintable() and " " not in text):
            raise CredentialsError(
                f"{variable} ({_WORDS[look.__name__]}) cannot be a key: it holds blanks or is not ASCII."
            )
        if text:
            return Secret(text)
    return None


def key_from(variable: str) -> str:
    """Where a secret would be taken from: ``environment``, ``keys.toml``, ``keyring``, or nothing where there is none.

    Raises:
        CredentialsError: others can read the file.
    """
    return next(
        (_WORDS[look.__name__] for look in (_in_environment, _in_file, _in_keyring) if look(variable).strip()), ""
    )


def keys_file() -> Path:
    """Where keys may lie: TOML, one ``name_of_the_variable = "key"`` a line."""
    return home() / "keys.toml"


def _in_environment(variable: str) -> str:
    return os.environ.get(variable, "")


def _in_file(variable: str) -> str:
    path = keys_file()
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise CredentialsError(f"{path}: other people on this machine can read your keys. Run: chmod 600 {path}")
    try:
        value = tomllib.loads(path.read_text("utf-8")).get(variable.lower(), "")
    except (OSError, ValueError):
        # Not the parser's own words: they may quote the line, and the line holds a key.
        problem = f'{path}: not readable as TOML. Each line is: {variable.lower()} = "…"'
    else:
        return str(value)
    raise CredentialsError(problem)


def _in_keyring(variable: str) -> str:
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError:
        return ""
    try:
        return keyring.get_password(_SERVICE, variable.lower()) or ""
    except KeyringError as error:
        _log.debug("the keyring cannot be asked (%s)", type(error).__name__)
        return ""


_WORDS = {"_in_environment": "environment", "_in_file": "keys.toml", "_in_keyring": "keyring"}
